package contracttest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/httpapi/contracttest"
)

// reports takes what a checker says instead of failing.
type reports struct {
	testing.TB
	lines []string
}

func (r *reports) Errorf(format string, args ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}

func TestChecker(t *testing.T) {
	t.Parallel()
	const (
		gone = `{"type":"urn:hscn:problem:object-gone","title":"There is no such object","status":404,"detail":"no",` +
			`"request_id":"r","broker_id":"b"}`
		page = `{"items":[]}`
	)
	cases := map[string]struct {
		method, path string
		status       int
		contentType  string
		body         string
		drop         string // a header
		want         string // part of what is reported; empty where all is well
	}{
		"a page":                   {"GET", "/v1/connections", 200, "application/json", page, "", ""},
		"a problem":                {"GET", "/v1/connections/x", 404, "application/problem+json", gone, "", ""},
		"outside the contract":     {"GET", "/healthz", 200, "text/plain", "ok", "Hscn-Broker-Id", ""},
		"a page without items":     {"GET", "/v1/connections", 200, "application/json", `{}`, "", `property "items" is missing`},
		"a status of its own":      {"GET", "/v1/connections", 201, "application/json", page, "", "Content-Type"},
		"HTML":                     {"GET", "/v1/connections", 200, "text/html", "<p>", "", "Content-Type"},
		"a problem in plain JSON":  {"GET", "/v1/connections/x", 404, "application/json", gone, "", "Content-Type"},
		"a problem without a type": {"GET", "/v1/connections/x", 404, "application/problem+json", strings.Replace(gone, "object-gone", "oops", 1), "", "is not one of the contract's"},
		"a type under another status": {
			"GET", "/v1/connections/x", 409, "application/problem+json", strings.Replace(gone, "404", "409", 1), "", "belongs to status 404",
		},
		"a problem with another's id": {
			"GET", "/v1/connections/x", 404, "application/problem+json", strings.Replace(gone, `"r"`, `"q"`, 1), "", "request_id",
		},
		"no broker id":   {"GET", "/v1/connections", 200, "application/json", page, "Hscn-Broker-Id", "Hscn-Broker-Id is missing"},
		"cached":         {"GET", "/v1/connections", 200, "application/json", page, "Cache-Control", "no-store"},
		"an unknown one": {"GET", "/v1/nothing", 200, "application/json", page, "", "no such operation"},
		"text":           {"GET", "/v1/nothing", 404, "text/plain", "404", "", "no problem document"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reported := &reports{TB: t}
			checker := contracttest.New(reported)
			handler := checker.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for name, value := range map[string]string{
					"Cache-Control": "no-store", "Hscn-Broker-Id": "b", "Hscn-Request-Id": "r", "Content-Type": c.contentType,
				} {
					if name != c.drop {
						w.Header().Set(name, value)
					}
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil))
			if answer.Code != c.status || answer.Body.String() != c.body {
				t.Errorf("the answer was changed on its way: %d %s", answer.Code, answer.Body)
			}
			all := strings.Join(reported.lines, "\n")
			if c.want == "" && all != "" || !strings.Contains(all, c.want) {
				t.Errorf("reported %q, want %q", all, c.want)
			}
			if name == "a page" && checker.Seen()["listConnections"] != 1 {
				t.Errorf("seen %v", checker.Seen())
			}
		})
	}
}
