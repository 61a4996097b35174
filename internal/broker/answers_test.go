package broker_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

// loser loses answers: the broker does what it is asked, and the connection breaks before it says so.
type loser struct {
	mu     sync.Mutex
	method string
	left   int
	then   func()
	lost   []string
}

// lose loses the next answers to a method. then is called after the work was done, before the first of them is lost.
func (l *loser) lose(method string, answers int, then func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.method, l.left, l.then, l.lost = method, answers, then, nil
}

// seen returns the bodies that were lost.
func (l *loser) seen() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.lost...)
}

// takes says whether this answer is to be lost, and what is called then.
func (l *loser) takes(method string) (then func(), taken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.method != method || l.left == 0 {
		return nil, false
	}
	l.left--
	then, l.then = l.then, nil
	return then, true
}

// wrap is the broker's middleware.
func (l *loser) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		then, taken := l.takes(r.Method)
		if !taken {
			next.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		l.mu.Lock()
		l.lost = append(l.lost, answer.Body.String())
		l.mu.Unlock()
		if then != nil {
			then()
		}
		panic(http.ErrAbortHandler)
	})
}

// losing makes a broker's answers get lost.
func losing(l *loser) func(*broker.Config) {
	return func(c *broker.Config) {
		check := c.Middleware
		c.Middleware = func(next http.Handler) http.Handler { return l.wrap(check(next)) }
	}
}

// caller is the provider's client.
func caller(t *testing.T, b *brokertest.Broker, token string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{Endpoint: b.URL(), Token: token, MaxRetries: -1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wantDone fails the test unless the broker wrote down each action as often as that.
func wantDone(t *testing.T, b *brokertest.Broker, operator brokertest.Client, object string, want map[string]int) {
	t.Helper()
	records := b.Records(operator)
	for action, times := range want {
		got := records.Done(action, object)
		if kind, ok := strings.CutPrefix(action, "order "); ok {
			got = records.OrdersOf(kind, object)
		}
		if got != times {
			t.Errorf("%s: %d times %s, want %d", object, got, action, times)
		}
	}
}

// The answer to an order is lost twice after the order was taken. The client asks again, under the same key, and is told
// of the one order as it stands by then.
func TestALostAnswerToACreate(t *testing.T) {
	t.Parallel()
	onEveryDatabase(t, func(t *testing.T, on func(*broker.Config)) {
		var l loser
		b := brokertest.Start(t, on, losing(&l))
		operator, acme := b.Operator("operator"), b.Customer(brokertest.Acme)
		b.Load(operator)
		c := caller(t, b, acme.Token)

		l.lose(http.MethodPut, 2, func() { fulfil(t, b, operator) })
		made, err := c.CreateConnection(t.Context(), "records", brokertest.Connection("acme-one", "A1B2C"))
		if err != nil || made.State != "active" || len(l.seen()) != 2 {
			t.Fatalf("%+v, %v after %d answers that were lost", made, err, len(l.seen()))
		}
		for _, lost := range l.seen() {
			if !strings.Contains(lost, made.UID) {
				t.Errorf("%s was made, and an attempt was told %s", made.UID, lost)
			}
		}
		wantDone(t, b, operator, "connections/records", map[string]int{"connection.create": 1, "order provide": 1})

		l.lose(http.MethodPut, 2, nil)
		edge, err := c.CreateEdgeAttachment(t.Context(), "records", "web", made.UID, brokertest.Edge("gw-1"))
		if err != nil || len(l.seen()) != 2 {
			t.Fatalf("%v after %d answers that were lost", err, len(l.seen()))
		}
		wantDone(t, b, operator, "connections/records/edge-attachments/web", map[string]int{"edge_attachment.create": 1, "order provide": 1})
		seen := brokertest.Into[api.EdgeAttachment](acme.Do("GET", "/v1/connections/records/edge-attachments/web", nil).Must(200))
		if seen.UID != edge.UID || seen.IncludedAddress != edge.IncludedAddress {
			t.Errorf("%s has %s, and its caller knows %s with %s", seen.UID, seen.IncludedAddress, edge.UID, edge.IncludedAddress)
		}
	})
}

// What somebody else changed meanwhile is not undone by the repetition. Its answer is that of the first attempt: a caller
// that is shown another's values would take them for what came of its own, and the next read shows them in any case.
func TestALostAnswerToAnUpdate(t *testing.T) {
	t.Parallel()
	onEveryDatabase(t, func(t *testing.T, on func(*broker.Config)) {
		var l loser
		b := brokertest.Start(t, on, losing(&l))
		operator, acme := b.Operator("operator"), b.Customer(brokertest.Acme)
		b.Load(operator)
		c := caller(t, b, acme.Token)
		const path = "/v1/connections/records"
		made := brokertest.Into[api.Connection](acme.Create(path, brokertest.Connection("acme-one", "A1B2C")).Must(202))
		edge := brokertest.Into[api.EdgeAttachment](acme.Create(path+"/edge-attachments/web", brokertest.Edge("gw-1")).Must(202))

		l.lose(http.MethodPatch, 1, func() {
			now := brokertest.Into[api.Connection](acme.Do("GET", path, nil).Must(200))
			acme.Do("PATCH", path, map[string]any{"purchase_order": "PO-2"}, "If-Match", `"`+now.Etag+`"`).Must(200)
		})
		updated, err := c.UpdateConnection(t.Context(), "records", made.Etag, api.MergePatch{"purchase_order": "PO-1"})
		if err != nil || len(l.seen()) != 1 || !strings.Contains(l.seen()[0], "PO-1") {
			t.Fatalf("%v after %q was lost", err, l.seen())
		}
		now := brokertest.Into[api.Connection](acme.Do("GET", path, nil).Must(200))
		if *updated.PurchaseOrder != "PO-1" || *now.PurchaseOrder != "PO-2" || updated.Etag == now.Etag || updated.Etag == made.Etag {
			t.Errorf("the answer has %q at %s, and %q is there at %s", *updated.PurchaseOrder, updated.Etag, *now.PurchaseOrder, now.Etag)
		}
		wantDone(t, b, operator, "connections/records", map[string]int{"connection.update": 2, "order provide": 1})

		l.lose(http.MethodPatch, 2, nil)
		if _, err := c.UpdateEdgeAttachment(t.Context(), "records", "web", edge.Etag, api.MergePatch{"bridging_controls": "none"}); err != nil {
			t.Fatal(err)
		}
		wantDone(t, b, operator, "connections/records/edge-attachments/web", map[string]int{"edge_attachment.update": 1})
	})
}

// A removal whose answer was lost is repeated after its name was given to another object, which it never touches: neither
// under its own key nor under a new one.
func TestALostAnswerToADelete(t *testing.T) {
	t.Parallel()
	onEveryDatabase(t, func(t *testing.T, on func(*broker.Config)) {
		var l loser
		b := brokertest.Start(t, on, losing(&l))
		operator, acme := b.Operator("operator"), b.Customer(brokertest.Acme)
		b.Load(operator)
		c := caller(t, b, acme.Token)
		const path = "/v1/connections/records"
		spec := brokertest.Connection("acme-one", "A1B2C")
		first := brokertest.Into[api.Connection](acme.Create(path, spec).Must(202))
		fulfil(t, b, operator)
		edge := brokertest.Into[api.EdgeAttachment](acme.Create(path+"/edge-attachments/web", brokertest.Edge("gw-1")).Must(202))

		var newEdge api.EdgeAttachment
		l.lose(http.MethodDelete, 2, func() {
			newEdge = brokertest.Into[api.EdgeAttachment](acme.Create(path+"/edge-attachments/web", brokertest.Edge("gw-1")).Must(202))
		})
		if gone, err := c.DeleteEdgeAttachment(t.Context(), "records", "web", edge.UID); err != nil || gone.UID != edge.UID {
			t.Fatalf("%s was given up: %v", gone.UID, err)
		}
		acme.Do("DELETE", path+"/edge-attachments/web?uid="+edge.UID, nil).Must(404).Refused(problem.ObjectGone)
		acme.Do("DELETE", path+"/edge-attachments/web?uid="+newEdge.UID, nil).Must(202)
		wantDone(t, b, operator, "connections/records/edge-attachments/web", map[string]int{"edge_attachment.create": 2, "edge_attachment.delete": 2})

		var second api.Connection
		l.lose(http.MethodDelete, 2, func() { second = brokertest.Into[api.Connection](acme.Create(path, spec).Must(202)) })
		gone, err := c.DeleteConnection(t.Context(), "records", first.UID)
		if err != nil || gone.UID != first.UID || gone.State != "ceasing" || second.UID == first.UID {
			t.Fatalf("%s is %s, and %s was made since: %v", gone.UID, gone.State, second.UID, err)
		}
		acme.Do("DELETE", path+"?uid="+first.UID, nil).Must(404).Refused(problem.ObjectGone)
		if now := brokertest.Into[api.Connection](acme.Do("GET", path, nil).Must(200)); now.UID != second.UID {
			t.Errorf("%s is there, not %s", now.UID, second.UID)
		}
		wantDone(t, b, operator, "connections/records", map[string]int{
			"connection.create": 2, "connection.delete": 1, "order provide": 2, "order remove": 1,
		})
	})
}

// The broker stops between the two attempts, and starts again on its database.
func TestALostAnswerAndARestart(t *testing.T) {
	t.Parallel()
	onEveryDatabase(t, func(t *testing.T, on func(*broker.Config)) {
		var l loser
		b := brokertest.Start(t, on, losing(&l))
		b.Load(b.Operator("operator"))
		token := b.Customer(brokertest.Acme).Token
		const path = "/v1/connections/records"
		repeat := func(method, query string, body any, key string, headers ...string) brokertest.Answer {
			t.Helper()
			headers = append(headers, "Idempotency-Key", key)
			l.lose(method, 1, nil)
			unanswered(t, b, token, method, path+query, body, headers...)
			if len(l.seen()) != 1 {
				t.Fatalf("%d answers were lost", len(l.seen()))
			}
			b = restarted(t, b, on, losing(&l))
			customer := b.Customer(brokertest.Acme)
			customer.Token = token
			return customer.Do(method, path+query, body, headers...)
		}

		made := brokertest.Into[api.Connection](repeat("PUT", "", brokertest.Connection("acme-one", "A1B2C"), "restart-key-create", "If-None-Match", "*").Must(202))
		if made.CreateKeySha256 == "" || !strings.Contains(l.seen()[0], made.UID) {
			t.Errorf("%s was made before, and %s now", l.seen()[0], made.UID)
		}
		updated := brokertest.Into[api.Connection](repeat("PATCH", "", map[string]any{"purchase_order": "PO-1"}, "restart-key-update", "If-Match", `"`+made.Etag+`"`).Must(200))
		if updated.UID != made.UID || updated.Etag == made.Etag {
			t.Errorf("updated: %+v", updated)
		}
		if gone := brokertest.Into[api.Connection](repeat("DELETE", "?uid="+made.UID, nil, "restart-key-delete").Must(202)); gone.UID != made.UID {
			t.Errorf("%s was given up", gone.UID)
		}
		wantDone(t, b, b.Operator("operator"), "connections/records", map[string]int{
			"connection.create": 1, "connection.update": 1, "connection.delete": 1, "order provide": 1,
		})
	})
}

// unanswered sends a request whose answer gets lost.
func unanswered(t *testing.T, b *brokertest.Broker, token, method, path string, body any, headers ...string) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if body == nil {
		text = nil
	}
	r, err := http.NewRequestWithContext(t.Context(), method, b.URL()+path, strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	// net/http repeats by itself what broke on a connection that was used before; the test is to see each attempt.
	r.Close = true
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		r.Header.Set("Content-Type", "application/merge-patch+json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := (&http.Client{Transport: &http.Transport{}}).Do(r)
	if err == nil {
		response.Body.Close()
		t.Fatalf("%s %s was answered with %d", method, path, response.StatusCode)
	}
}

// Requests with one key that arrive together are one order: each is told of it, or to come back.
func TestOneKeyManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	onEveryDatabase(t, func(t *testing.T, on func(*broker.Config)) {
		b := brokertest.Start(t, on)
		operator, acme := b.Operator("operator"), b.Customer(brokertest.Acme)
		b.Load(operator)
		spec := brokertest.Connection("acme-one", "A1B2C")
		answers := make([]brokertest.Answer, 8)
		var running sync.WaitGroup
		for i := range answers {
			running.Go(func() { answers[i] = acme.Create("/v1/connections/records", spec, withKey(keyOne)...) })
		}
		running.Wait()
		made := brokertest.Into[api.Connection](acme.Create("/v1/connections/records", spec, withKey(keyOne)...).Must(202))
		for _, answer := range answers {
			if answer.Status == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") != "" {
				continue
			}
			if got := brokertest.Into[api.Connection](answer.Must(202)); got.UID != made.UID {
				t.Errorf("%s was made, and %s", got.UID, made.UID)
			}
		}
		wantDone(t, b, operator, "connections/records", map[string]int{"connection.create": 1, "order provide": 1})
	})
}
