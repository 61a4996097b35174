package client

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
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
