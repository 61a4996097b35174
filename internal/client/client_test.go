package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// recorder is a server that remembers what it was asked, since what is asserted here is what is sent, and how often.
type recorder struct {
	*httptest.Server
	mu       sync.Mutex
	requests []recorded
}

type recorded struct {
	method, path, query, body string
	header                    http.Header
}

// record starts a server that answers request number n, counted from 0, with answer.
func record(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, n int)) *recorder {
	t.Helper()
	rec := &recorder{}
	rec.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rec.mu.Lock()
		n := len(rec.requests)
		rec.requests = append(rec.requests, recorded{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header})
		rec.mu.Unlock()
		answer(w, r, n)
	}))
	t.Cleanup(rec.Close)
	return rec
}

func (r *recorder) seen() []recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]recorded(nil), r.requests...)
}

func (r *recorder) client(t *testing.T, change func(*Config)) *Client {
	t.Helper()
	config := Config{Endpoint: r.URL, Token: "secret-token", MaxRetries: -1, RequestTimeout: 10 * time.Second}
	if change != nil {
		change(&config)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := newClient(config, transport, testPacing())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write200(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

func writeProblem(w http.ResponseWriter, status int, kind string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(api.Problem{
		Type: problemPrefix + kind, Title: "A title", Status: status, Detail: "a detail of " + kind, RequestID: "r-1", BrokerID: "b-1",
	})
}

func TestWhatEveryRequestCarries(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.Method == http.MethodGet {
			write200(w, api.Policy{Title: "neutral"})
			return
		}
		write200(w, api.Connection{UID: "u-1"})
	})
	c := rec.client(t, func(config *Config) {
		config.Account, config.ChangeReference, config.UserAgent = "676", "CHG-1", "test/1"
	})
	if _, err := c.Policy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteConnection(t.Context(), "records-prod", "u-1"); err != nil {
		t.Fatal(err)
	}
	read, deleted := rec.seen()[0], rec.seen()[1]
	for name, want := range map[string]string{"Authorization": "Bearer secret-token", "Hscn-Account": "676", "User-Agent": "test/1"} {
		if got := read.header.Get(name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	if got := read.header.Get("Hscn-Change-Reference") + read.header.Get("Idempotency-Key"); got != "" {
		t.Errorf("a read carries what belongs to a write: %q", got)
	}
	if got := deleted.header.Get("Hscn-Change-Reference"); got != "CHG-1" {
		t.Errorf("the change reference is %q", got)
	}
	if read.path != "/v1/policy" || deleted.path != "/v1/connections/records-prod" || deleted.query != "uid=u-1" {
		t.Errorf("the paths are %s and %s?%s", read.path, deleted.path, deleted.query)
	}
}

func TestOneKeyForAllAttemptsOfAnOperationAndAnotherForTheNext(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		if n < 2 {
			writeProblem(w, 503, "unavailable")
			return
		}
		write200(w, api.Connection{UID: "u-1"})
	})
	c := rec.client(t, nil)
	for range 2 {
		if _, err := c.CreateConnection(t.Context(), "records-prod", api.ConnectionSpec{OdsCode: "A1B2C"}); err != nil {
			t.Fatal(err)
		}
	}
	requests := rec.seen()
	if len(requests) != 4 {
		t.Fatalf("%d requests", len(requests))
	}
	key := func(i int) string { return requests[i].header.Get("Idempotency-Key") }
	if len(key(0)) < 16 || key(0) != key(1) || key(1) != key(2) || key(3) == key(2) {
		t.Errorf("the keys are %q, %q, %q and %q", key(0), key(1), key(2), key(3))
	}
	if requests[0].body == "" || requests[0].body != requests[2].body {
		t.Errorf("the bodies are %q and %q", requests[0].body, requests[2].body)
	}
	if got := requests[0].header.Get("If-None-Match"); got != "*" {
		t.Errorf("If-None-Match is %q", got)
	}
}

func TestAnUpdateCarriesItsRevisionAndOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) { write200(w, api.Connection{UID: "u-1"}) })
	order := "PO-1"
	patch, err := MergePatch(api.ConnectionSpec{OdsCode: "A1B2C", PurchaseOrder: &order}, api.ConnectionSpec{OdsCode: "D3E4F"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rec.client(t, nil).UpdateConnection(t.Context(), "records-prod", "r-7", patch); err != nil {
		t.Fatal(err)
	}
	got := rec.seen()[0]
	if got.header.Get("If-Match") != `"r-7"` || got.header.Get("Content-Type") != "application/merge-patch+json" {
		t.Errorf("If-Match is %s, Content-Type %s", got.header.Get("If-Match"), got.header.Get("Content-Type"))
	}
	if got.body != `{"ods_code":"D3E4F","purchase_order":null}` {
		t.Errorf("the body is %s", got.body)
	}
}

func TestTheLastProblemIsKept(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) { writeProblem(w, 503, "unavailable") })
	_, err := rec.client(t, func(c *Config) { c.MaxRetries = 2 }).Policy(t.Context())
	problem, ok := AsProblem(err)
	if !ok || problem.Detail != "a detail of unavailable" || problem.RequestID != "r-1" {
		t.Fatalf("the error is %v", err)
	}
	if len(rec.seen()) != 3 {
		t.Errorf("it was sent %d times", len(rec.seen()))
	}
	if !IsUnavailable(err) || IsRefused(err) {
		t.Error("it is not told for what it is")
	}
}

func TestTheLastProblemIsKeptWhenTheDeadlineComesInAWait(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) { writeProblem(w, 503, "unavailable") })
	config := Config{Endpoint: rec.URL, MaxRetries: 3, RequestTimeout: time.Minute}
	forever := pacing{base: time.Hour, ceiling: time.Hour, random: func() float64 { return 0.9 }, now: time.Now}
	c, err := newClient(config, http.DefaultTransport, forever)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = c.Policy(ctx)
	if problem, ok := AsProblem(err); !ok || problem.Detail != "a detail of unavailable" {
		t.Errorf("the error is %v", err)
	}
}

func TestNothingElseIsAskedAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 403, 404, 409, 412, 422, 428} {
		rec := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) { writeProblem(w, status, "some-kind") })
		_, err := rec.client(t, nil).CreateConnection(t.Context(), "records-prod", api.ConnectionSpec{})
		if problem, ok := AsProblem(err); !ok || problem.Kind() != "some-kind" || len(rec.seen()) != 1 {
			t.Errorf("status %d: %v after %d requests", status, err, len(rec.seen()))
		}
	}
}

func TestABodyThatBreaksOffIsAskedForAgain(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		if n == 0 {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"title":`)
			return
		}
		write200(w, api.Policy{Title: "neutral"})
	})
	policy, err := rec.client(t, nil).Policy(t.Context())
	if err != nil || policy.Title != "neutral" || len(rec.seen()) != 2 {
		t.Errorf("%q, %v after %d requests", policy.Title, err, len(rec.seen()))
	}
}

func TestAnOrderOutlivesTheCallersContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	rec := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		cancel() // Ctrl-C, while the broker writes the order
		write200(w, api.Connection{UID: "u-1"})
	})
	got, err := rec.client(t, nil).CreateConnection(ctx, "records-prod", api.ConnectionSpec{})
	if err != nil || got.UID != "u-1" {
		t.Errorf("%q, %v", got.UID, err)
	}
	_, err = rec.client(t, nil).Policy(ctx)
	var unreachable *Unreachable
	if !errors.As(err, &unreachable) || unreachable.Reason != Interrupted {
		t.Errorf("a read goes on: %v", err)
	}
}

func TestAnOrderKeepsTheCallersDeadline(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	rec := record(t, func(_ http.ResponseWriter, r *http.Request, _ int) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	c := rec.client(t, nil)
	c.questionTimeout = 100 * time.Millisecond
	_, err := c.CreateConnection(ctx, "records-prod", api.ConnectionSpec{})
	var unreachable *Unreachable
	if !errors.As(err, &unreachable) || unreachable.Reason != TimedOut || IsAnswered(err) {
		t.Errorf("the error is %v", err)
	}
}

func TestListingsAreReadToTheirEnd(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		p := api.ConnectionPage{Items: []api.Connection{{Name: fmt.Sprintf("connections/c%d", n)}}}
		if n < 2 {
			next := fmt.Sprintf("page %d", n+1)
			p.NextPageToken = &next
		}
		write200(w, p)
	})
	connections, err := rec.client(t, nil).Connections(t.Context())
	if err != nil || len(connections) != 3 || connections[2].Name != "connections/c2" {
		t.Fatalf("%v, %v", connections, err)
	}
	if got := rec.seen()[1].query; got != "page_size=1000&page_token=page+1" {
		t.Errorf("the second page is asked for by %q", got)
	}
}

func TestAListingThatNeverEndsIsAnError(t *testing.T) {
	t.Parallel()
	same := "same"
	rec := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		write200(w, api.ServicePage{NextPageToken: &same})
	})
	if _, err := rec.client(t, nil).Services(t.Context(), api.ListServicesParams{}); err == nil || len(rec.seen()) != 2 {
		t.Errorf("%v after %d requests", err, len(rec.seen()))
	}
}

func TestNoSecretIsLogged(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) { write200(w, api.Connection{UID: "u-1"}) })
	var mu sync.Mutex
	var lines []string
	c := rec.client(t, func(config *Config) {
		config.Logger = func(_ context.Context, message string, fields map[string]any) {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, fmt.Sprint(message, fields))
		}
	})
	order := "a-purchase-order"
	if _, err := c.CreateConnection(t.Context(), "records-prod", api.ConnectionSpec{PurchaseOrder: &order}); err != nil {
		t.Fatal(err)
	}
	log := strings.Join(lines, "\n")
	if !strings.Contains(log, "/v1/connections/records-prod") || !strings.Contains(log, "200") {
		t.Errorf("the log says nothing of the request: %s", log)
	}
	if strings.Contains(log, "secret-token") || strings.Contains(log, order) {
		t.Errorf("the log holds what it must not: %s", log)
	}
}

func TestADocumentIsSentAsItIsAndLogged(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		if n == 0 {
			writeProblem(w, 503, "unavailable")
			return
		}
		write200(w, api.DocumentReceipt{Sha256: "5ca1ab1e"})
	})
	var log strings.Builder
	c := rec.client(t, func(config *Config) {
		config.Logger = func(_ context.Context, message string, fields map[string]any) { fmt.Fprintln(&log, message, fields) }
	})
	const content = "%PDF-1.7 words %%EOF"
	if _, err := c.UploadDocument(t.Context(), "5ca1ab1e", []byte(content)); err != nil {
		t.Fatal(err)
	}
	for _, request := range rec.seen() {
		if request.method != http.MethodPut || request.path != "/v1/documents/5ca1ab1e" || request.body != content || request.header.Get("Content-Type") != "application/pdf" {
			t.Errorf("%s %s sends %q as %s", request.method, request.path, request.body, request.header.Get("Content-Type"))
		}
		// The sum is what makes it the same upload.
		if key := request.header.Get("Idempotency-Key"); key != "" {
			t.Errorf("it has the key %s", key)
		}
	}
	if len(rec.seen()) != 2 || !strings.Contains(log.String(), "/v1/documents/5ca1ab1e") || strings.Contains(log.String(), "words") {
		t.Errorf("%d requests, and the log says\n%s", len(rec.seen()), &log)
	}
}

func TestQuestionsAboutOrganisationsAndPreconditions(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.Method == http.MethodPost {
			write200(w, api.EstateVerdict{Met: true})
			return
		}
		write200(w, api.OrganisationList{Now: noon, Items: []api.OrganisationFacts{{OdsCode: "X26"}}})
	})
	c := rec.client(t, nil)
	title := "Meadow & Harbour"
	list, err := c.Organisations(t.Context(), api.ListOrganisationsParams{Title: &title})
	if err != nil || len(list.Items) != 1 || list.Items[0].OdsCode != "X26" || rec.seen()[0].query != "title=Meadow+%26+Harbour" {
		t.Errorf("%v, asked with %s: %v", list, rec.seen()[0].query, err)
	}
	verdict, err := c.Preconditions(t.Context(), api.IntendedEstate{Connections: map[string]api.IntendedConnection{"records-prod": {}}})
	if err != nil || !verdict.Met || rec.seen()[1].path != "/v1/preconditions" || !strings.Contains(rec.seen()[1].body, `"records-prod"`) {
		t.Errorf("%v, asked with %s: %v", verdict, rec.seen()[1].body, err)
	}
}
