package client

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestAnswersOfAnybodyElseAreToldForWhatTheyAre(t *testing.T) {
	t.Parallel()
	page := "<!DOCTYPE html><html><head><title>404 Not Found</title><style>p { color: red }</style></head>\n<body><h1>nginx</h1></body></html>"
	tests := map[string]struct {
		status      int
		contentType string
		body        string
		excerpt     string
	}{
		"a proxy's 404":               {404, "text/html; charset=utf-8", page, "404 Not Found nginx"},
		"a page with status 200":      {200, "text/html", "<p>Welcome</p>", "Welcome"},
		"JSON of another server":      {404, "application/json", `{"error":"not found"}`, `{"error":"not found"}`},
		"a problem of another API":    {404, "application/problem+json", `{"type":"about:blank","status":404}`, `{"type":"about:blank","status":404}`},
		"a problem that names nobody": {404, "application/problem+json", `{"type":"urn:hscn:problem:object-gone","status":404}`, `{"type":"urn:hscn:problem:object-gone","status":404}`},
		"a problem of another status": {
			404, "application/problem+json", `{"type":"urn:hscn:problem:internal","status":500,"broker_id":"b"}`,
			`{"type":"urn:hscn:problem:internal","status":500,"broker_id":"b"}`,
		},
		"JSON that breaks off": {200, "application/json", `{"title":`, `{"title":`},
		"nearly JSON":          {200, "text/x-json", `{"title":"neutral"}`, `{"title":"neutral"}`},
		"nothing":              {404, "", "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
				w.Header()["Content-Type"] = []string{test.contentType}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			_, err := rec.client(t, nil).Connection(t.Context(), "records-prod")
			var foreign *NotOurFormat
			if !errors.As(err, &foreign) {
				t.Fatalf("the error is %v", err)
			}
			if foreign.Status != test.status || foreign.ContentType != test.contentType || foreign.Excerpt != test.excerpt ||
				!strings.HasSuffix(foreign.URL, "/v1/connections/records-prod") {
				t.Errorf("it says %+v", foreign)
			}
			if IsObjectGone(err) || !IsUnavailable(err) || IsRefused(err) {
				t.Error("it is taken for a broker's word")
			}
		})
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		http.Redirect(w, r, "https://login.example/", http.StatusFound)
	})
	_, err := rec.client(t, nil).Policy(t.Context())
	var foreign *NotOurFormat
	if !errors.As(err, &foreign) || foreign.Location != "https://login.example/" || len(rec.seen()) != 1 {
		t.Errorf("%v after %d requests", err, len(rec.seen()))
	}
}

func TestWhyNoAnswerCame(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	hangsUp := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(hangsUp.Close)
	private := httptest.NewUnstartedServer(http.NotFoundHandler())
	private.Config.ErrorLog = log.New(io.Discard, "", 0) // the refused handshake is what is tested
	private.StartTLS()
	t.Cleanup(private.Close)
	tests := map[string]struct {
		endpoint string
		reason   Reason
		attempts int
		sent     bool
	}{
		"nothing listens":           {closed.URL, Refused, 2, false},
		"a certificate of nobody's": {private.URL, NotTrusted, 1, false},
		"it hangs up":               {hangsUp.URL, Broken, 2, true},
		"no TLS there":              {strings.Replace(plain.URL, "http:", "https:", 1), NotTrusted, 1, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := newClient(Config{Endpoint: test.endpoint, MaxRetries: 1}, &http.Transport{}, testPacing())
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Policy(t.Context())
			var unreachable *Unreachable
			if !errors.As(err, &unreachable) {
				t.Fatalf("the error is %v", err)
			}
			if unreachable.Reason != test.reason || unreachable.Attempts != test.attempts || unreachable.Sent != test.sent || !strings.Contains(test.endpoint, unreachable.Host) {
				t.Errorf("it says %+v", unreachable)
			}
		})
	}
}

// What the broker said before the answers stopped coming is told, and is not taken for an answer.
func TestTheLastProblemIsKeptWhereTheLastAttemptHasNoAnswer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		last   func(r *http.Request)
		reason Reason
	}{
		"it hangs up":       {func(*http.Request) { panic(http.ErrAbortHandler) }, Broken},
		"the deadline ends": {func(r *http.Request) { <-r.Context().Done() }, TimedOut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := record(t, func(w http.ResponseWriter, r *http.Request, n int) {
				if n > 0 {
					test.last(r)
				}
				writeProblem(w, 503, "unavailable")
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := rec.client(t, func(c *Config) { c.MaxRetries = 1 }).Policy(ctx)
			var unreachable *Unreachable
			if !errors.As(err, &unreachable) || unreachable.Reason != test.reason || unreachable.Attempts != 2 || !unreachable.Sent {
				t.Fatalf("the error is %v", err)
			}
			if p := unreachable.Problem; p == nil || p.Kind() != "unavailable" || p.Detail != "a detail of unavailable" {
				t.Errorf("the problem is %+v", unreachable.Problem)
			}
			if _, ok := AsProblem(err); ok || IsAnswered(err) {
				t.Error("it is taken for the answer")
			}
		})
	}
}

// A credential that was withdrawn between two attempts says nothing of the first.
func TestARefusalAfterALostAnswerLeavesItOpen(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 403, 409, 412, 422} {
		rec := record(t, func(w http.ResponseWriter, _ *http.Request, n int) {
			if n == 0 {
				panic(http.ErrAbortHandler)
			}
			writeProblem(w, status, "some-kind")
		})
		_, err := rec.client(t, nil).DeleteConnection(t.Context(), "records-prod", "u-1")
		if p, ok := AsProblem(err); !ok || !p.Lost || len(rec.seen()) != 2 {
			t.Fatalf("status %d: %v after %d requests", status, err, len(rec.seen()))
		}
		if got, want := IsAnswered(err), !IsRefused(err); got != want {
			t.Errorf("status %d: it is answered: %t", status, got)
		}
	}
	rec := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) { writeProblem(w, 401, "unauthenticated") })
	if _, err := rec.client(t, nil).DeleteConnection(t.Context(), "records-prod", "u-1"); !IsAnswered(err) {
		t.Errorf("%v: no answer was lost before it", err)
	}
}

// An address that drops what comes never accepts a connection: nothing was sent.
func TestNothingIsSentBeforeThereIsAConnection(t *testing.T) {
	t.Parallel()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	c, err := newClient(Config{Endpoint: "http://broker.example", MaxRetries: 1, RequestTimeout: 20 * time.Millisecond}, transport, testPacing())
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.DeleteConnection(t.Context(), "records-prod", "u-1")
	var unreachable *Unreachable
	if !errors.As(err, &unreachable) || unreachable.Reason != TimedOut || unreachable.Attempts != 2 || unreachable.Sent {
		t.Errorf("the error is %+v", unreachable)
	}
}

// Some proxies answer without a length, so that the end of the connection is the end of the answer.
func TestAnAnswerOfNoStatedLengthIsHeldToItsJSON(t *testing.T) {
	t.Parallel()
	answers := []string{`{"title":`, `{"title":"neutral"}`}
	served := 0
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		body := answers[served]
		served++
		go func() {
			defer func() { _ = theirs.Close() }()
			if _, err := http.ReadRequest(bufio.NewReader(theirs)); err != nil {
				return
			}
			_, _ = io.WriteString(theirs, "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"+body)
		}()
		return ours, nil
	}}
	c, err := newClient(Config{Endpoint: "http://broker.example", MaxRetries: 1}, transport, testPacing())
	if err != nil {
		t.Fatal(err)
	}
	if policy, err := c.Policy(t.Context()); err != nil || policy.Title != "neutral" || served != 2 {
		t.Errorf("%q, %v after %d connections", policy.Title, err, served)
	}
}
