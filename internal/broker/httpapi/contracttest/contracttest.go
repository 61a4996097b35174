// Package contracttest holds a broker's answers against the API's contract, as the broker holds requests against it. It
// is for tests, of this broker or of another one that implements the contract: wrap the handler, and every answer that
// goes out while the test runs is checked.
package contracttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/schema"
)

// basePath is where the contract's paths begin.
const basePath = "/v1"

// Checker checks answers, and counts which of the contract's operations it has seen.
type Checker struct {
	tb     testing.TB
	router routers.Router

	mu   sync.Mutex
	seen map[string]int // successes by operationId
}

// New makes a checker that reports to the test. The server has to stop before the test ends.
func New(tb testing.TB) *Checker {
	tb.Helper()
	document, err := schema.Document()
	if err != nil {
		tb.Fatal(err)
	}
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		tb.Fatal(err)
	}
	return &Checker{tb: tb, router: router, seen: make(map[string]int)}
}

// Middleware is New(tb).Wrap, for the Middleware of a broker's configuration.
func Middleware(tb testing.TB) func(http.Handler) http.Handler {
	tb.Helper()
	return New(tb).Wrap
}

// Seen returns how often each operation of the contract was answered with success, by its operationId.
func (c *Checker) Seen() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := make(map[string]int, len(c.seen))
	for operation, times := range c.seen {
		seen[operation] = times
	}
	return seen
}

// Wrap returns the handler with every answer below /v1 checked. An answer that does not match the contract is an error
// of the test, and goes out as it is.
func (c *Checker) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != basePath && !strings.HasPrefix(r.URL.Path, basePath+"/") {
			next.ServeHTTP(w, r)
			return
		}
		asked := *r // the handler may change its request
		asked.Body = http.NoBody
		recorded := &recorder{header: make(http.Header)}
		next.ServeHTTP(recorded, r)
		for _, offence := range c.check(&asked, recorded) {
			c.tb.Errorf("%s %s was answered with %d, against the contract: %s\n%s",
				asked.Method, asked.URL, recorded.status, offence, excerpt(recorded.body.Bytes()))
		}
		recorded.send(w)
	})
}

// check returns what is wrong with an answer.
func (c *Checker) check(r *http.Request, answer *recorder) []string {
	offences := checkHeaders(answer)
	if answer.status >= http.StatusBadRequest {
		offences = append(offences, checkProblem(answer)...)
	}
	asked := *r
	if asked.Method == http.MethodHead {
		asked.Method = http.MethodGet
	}
	route, params, err := c.router.FindRoute(&asked)
	if err != nil {
		if answer.status < http.StatusBadRequest {
			offences = append(offences, "the contract has no such operation, and the answer is no refusal")
		}
		return offences
	}
	err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: &asked, PathParams: params, Route: route},
		Status:                 answer.status, Header: answer.header, Body: io.NopCloser(bytes.NewReader(answer.body.Bytes())),
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, MultiError: true, SchemaValidationOptions: schema.Options(),
		},
	})
	if err != nil {
		offences = append(offences, err.Error())
	}
	if answer.status < http.StatusMultipleChoices {
		c.mu.Lock()
		c.seen[route.Operation.OperationID]++
		c.mu.Unlock()
	}
	return offences
}

func checkHeaders(answer *recorder) []string {
	var offences []string
	if answer.header.Get("Cache-Control") != "no-store" {
		offences = append(offences, "Cache-Control is not no-store")
	}
	for _, name := range []string{"Hscn-Broker-Id", "Hscn-Request-Id"} {
		if answer.header.Get(name) == "" {
			offences = append(offences, name+" is missing")
		}
	}
	switch answer.status {
	case http.StatusUnauthorized:
		if answer.header.Get("Www-Authenticate") == "" {
			offences = append(offences, "a 401 without WWW-Authenticate")
		}
	case http.StatusMethodNotAllowed:
		if answer.header.Get("Allow") == "" {
			offences = append(offences, "a 405 without Allow")
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if answer.header.Get("Retry-After") == "" {
			offences = append(offences, "a refusal that passes, without Retry-After")
		}
	}
	return offences
}

// checkProblem holds a problem document against what the contract's own text says of problem documents.
func checkProblem(answer *recorder) []string {
	var document api.Problem
	if err := json.Unmarshal(answer.body.Bytes(), &document); err != nil {
		return []string{"a refusal that is no problem document: " + err.Error()}
	}
	var offences []string
	offend := func(format string, args ...any) { offences = append(offences, fmt.Sprintf(format, args...)) }

	name, known := strings.CutPrefix(document.Type, problem.Prefix)
	p := problem.New(problem.Type(name), "")
	switch {
	case !known || p.Status() == 0:
		offend("type %q is not one of the contract's", document.Type)
	case p.Status() != answer.status && answer.status != http.StatusMethodNotAllowed:
		offend("type %q belongs to status %d", document.Type, p.Status())
	case document.Title != p.Title():
		offend("title %q is not that of the type, %q", document.Title, p.Title())
	}
	if document.Status != answer.status {
		offend("status is %d in the document", document.Status)
	}
	if document.RequestID != answer.header.Get("Hscn-Request-Id") {
		offend("request_id %q is not the header's", document.RequestID)
	}
	if document.BrokerID != answer.header.Get("Hscn-Broker-Id") {
		offend("broker_id %q is not the header's", document.BrokerID)
	}
	account := ""
	if document.Account != nil {
		account = *document.Account
	}
	if account != answer.header.Get("Hscn-Account") {
		offend("account %q is not the header's", account)
	}
	if document.Detail == "" {
		offend("detail is empty")
	}
	refusing := func(f api.Finding) bool { return f.Severity == api.Error }
	if p.Type == problem.PreconditionsFailed && !slices.ContainsFunc(document.Findings, refusing) {
		offend("no finding refuses")
	}
	return offences
}

// recorder keeps an answer until it has been checked.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *recorder) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *recorder) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements http.ResponseWriter.
func (a *recorder) Write(data []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(data)
}

func (a *recorder) send(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	a.WriteHeader(http.StatusOK)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()) // a client that has gone reads nothing
}

// excerpt is as much of a body as tells what it is.
func excerpt(body []byte) string {
	const enough = 2000
	if len(body) > enough {
		return string(body[:enough]) + "..."
	}
	return string(body)
}
