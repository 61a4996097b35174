// Package brokertest starts a broker in the process of a test: a database of its own, a clock that the test sets, a free
// loopback port, and every answer held against the contract.
package brokertest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/httpapi/contracttest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/policy"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

// Epoch is what the clock of a new broker shows: a Monday morning.
var Epoch = time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)

// Clock is a clock that a test sets. It may be used by several goroutines.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Broker is a broker that runs until its test ends.
type Broker struct {
	*broker.Broker
	// Clock is the broker's.
	Clock *Clock
	// Checker has seen every answer.
	Checker *contracttest.Checker
	// Config is what the broker was started with, to start another on the same database.
	Config broker.Config

	tb   testing.TB
	keys int
}

// Start starts a broker under the policy "neutral", whose jobs are done by Work, and stops it when the test ends. The
// options change what it is started with.
func Start(tb testing.TB, options ...func(*broker.Config)) *Broker {
	tb.Helper()
	b := &Broker{Clock: &Clock{now: Epoch}, Checker: contracttest.New(tb), tb: tb}
	b.Config = broker.Config{
		DatabaseURL: filepath.Join(tb.TempDir(), "broker.db"), Address: "127.0.0.1:0", Policy: Policy(tb, policy.Neutral),
		Clock: b.Clock.Now, Middleware: b.Checker.Wrap, JobsByHand: true,
		// What goes wrong inside stands in the test's own output.
		Logger: slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	for _, option := range options {
		option(&b.Config)
	}
	var err error
	if b.Broker, err = broker.Start(tb.Context(), b.Config); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := b.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return b
}

// Policy is the sample of that name.
func Policy(tb testing.TB, name string) api.Policy {
	tb.Helper()
	p, err := policy.Load(name)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// Work does every job that is due.
func (b *Broker) Work() {
	b.tb.Helper()
	if _, err := b.Desk().RunDueJobs(b.tb.Context()); err != nil {
		b.tb.Fatal(err)
	}
}

// Client asks the broker as one subject.
type Client struct {
	b     *Broker
	Token string
}

// As makes a token and a client with it. A token without roles is a customer's.
func (b *Broker) As(spec api.TokenSpec) Client {
	b.tb.Helper()
	if spec.Kind == "" {
		spec.Kind = api.Person
	}
	if spec.Roles == nil {
		spec.Roles = []api.Role{api.RoleCustomer}
	}
	token, err := b.BootstrapToken(b.tb.Context(), spec)
	if err != nil {
		b.tb.Fatal(err)
	}
	return Client{b: b, Token: token}
}

// Customer is a customer with one account.
func (b *Broker) Customer(account string) Client {
	b.tb.Helper()
	return b.As(api.TokenSpec{Subject: "customer-" + account, Accounts: []string{account}})
}

// Operator is a person with every role of the CSP's.
func (b *Broker) Operator(name string) Client {
	b.tb.Helper()
	return b.As(api.TokenSpec{
		Subject: name, Roles: []api.Role{api.RoleRecorder, api.RoleApprover, api.RoleAdministrator, api.RoleAuditor},
	})
}

// Key makes an idempotency key that no other request of the test has.
func (b *Broker) Key() string {
	b.keys++
	return fmt.Sprintf("key-%016d", b.keys)
}

// Answer is what came back.
type Answer struct {
	tb      testing.TB
	Status  int
	Header  http.Header
	Body    []byte
	Problem api.Problem
}

// Raw is a body that is sent as it is, under a type of its own. Of a reader that does not know how much it holds the
// request does not say either.
type Raw struct {
	Type string
	io.Reader
}

// PDF is a document for signed copies; the words tell one from another.
func PDF(words string) []byte { return []byte("%PDF-1.7\n% " + words + "\nstartxref\n0\n%%EOF\n") }

// Upload sends a document to the account, and returns its sum.
func (c Client) Upload(content []byte) string {
	c.b.tb.Helper()
	digest := sha256.Sum256(content)
	sum := hex.EncodeToString(digest[:])
	c.Do(http.MethodPut, "/v1/documents/"+sum, Raw{"application/pdf", bytes.NewReader(content)}).Must(http.StatusOK)
	return sum
}

// Do sends a request. Headers are pairs of name and value; a write has an idempotency key of its own where they name
// none, and a body that is neither nil nor Raw is sent as JSON, a merge patch for PATCH.
func (c Client) Do(method, path string, body any, headers ...string) Answer {
	c.b.tb.Helper()
	return c.do(c.b.tb.Context(), method, path, body, headers...)
}

func (c Client) do(ctx context.Context, method, path string, body any, headers ...string) Answer {
	tb := c.b.tb
	tb.Helper()
	var content io.Reader
	raw, isRaw := body.(Raw)
	switch {
	case isRaw:
		content = raw.Reader
	case body != nil:
		data, err := json.Marshal(body)
		if err != nil {
			tb.Fatal(err)
		}
		content = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.b.URL()+path, content)
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.Token)
	switch {
	case isRaw:
		r.Header.Set("Content-Type", raw.Type)
	case method == http.MethodPatch:
		r.Header.Set("Content-Type", "application/merge-patch+json")
	case body != nil:
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if method != http.MethodGet && r.Header.Get("Idempotency-Key") == "" {
		r.Header.Set("Idempotency-Key", c.b.Key())
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	a := Answer{tb: tb, Status: response.StatusCode, Header: response.Header}
	if a.Body, err = io.ReadAll(response.Body); err != nil {
		tb.Fatal(err)
	}
	if a.Status >= http.StatusBadRequest {
		if err := json.Unmarshal(a.Body, &a.Problem); err != nil {
			tb.Fatalf("%s %s: %s is no problem document: %v", method, path, a.Body, err)
		}
	}
	return a
}

// Create is a PUT with If-None-Match.
func (c Client) Create(path string, body any, headers ...string) Answer {
	c.b.tb.Helper()
	return c.Do(http.MethodPut, path, body, append([]string{"If-None-Match", "*"}, headers...)...)
}

// Must fails the test unless the answer has the status.
func (a Answer) Must(status int) Answer {
	a.tb.Helper()
	if a.Status != status {
		a.tb.Fatalf("answered %d, want %d: %s", a.Status, status, a.Body)
	}
	return a
}

// Refused fails the test unless the answer is a problem of that type.
func (a Answer) Refused(kind problem.Type) Answer {
	a.tb.Helper()
	if a.Problem.Type != problem.Prefix+string(kind) {
		a.tb.Fatalf("answered %d %s, want a problem %s", a.Status, a.Body, kind)
	}
	return a
}

// Rules are the rules of a problem's findings, in their order.
func (a Answer) Rules() string {
	rules := make([]string, len(a.Problem.Findings))
	for i, finding := range a.Problem.Findings {
		rules[i] = finding.Rule
	}
	return strings.Join(rules, " ")
}

// Into decodes the answer's body into a new T.
func Into[T any](a Answer) T {
	a.tb.Helper()
	var value T
	if err := json.Unmarshal(a.Body, &value); err != nil {
		a.tb.Fatalf("%s: %v", a.Body, err)
	}
	return value
}
