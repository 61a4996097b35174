package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/credentials"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/httpapi"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/httpapi/contracttest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// desk stands in for internal/broker/orders where a test needs an answer that the real one does not give on demand. What
// it does not answer is a nil pointer, and so a panic.
type desk struct {
	httpapi.Desk
	services func(caller request.Caller, params api.ListServicesParams) (api.ServicePage, error)
	delete   func(write request.Write, name, uid string) (api.Connection, error)
	load     func(write request.Write, inventory api.Inventory, dryRun bool) (api.InventoryReport, error)
	approve  func(write request.Write, id int64, note string) (api.Order, error)
	// connection is every connection, and settle what waits for it.
	connection func() api.Connection
	settle     func(ctx context.Context, uid string) (bool, error)
}

func (d *desk) Services(_ context.Context, caller request.Caller, params api.ListServicesParams) (api.ServicePage, error) {
	return d.services(caller, params)
}

func (d *desk) DeleteConnection(_ context.Context, write request.Write, name, uid string) (api.Connection, error) {
	return d.delete(write, name, uid)
}

func (d *desk) Accounts(context.Context, api.ListAccountsParams) (api.AccountPage, error) {
	return api.AccountPage{Items: []api.Account{}}, nil
}

func (d *desk) LoadInventory(_ context.Context, write request.Write, inventory api.Inventory, dryRun bool) (api.InventoryReport, error) {
	return d.load(write, inventory, dryRun)
}

func (d *desk) ApproveOrder(_ context.Context, write request.Write, id int64, note string) (api.Order, error) {
	return d.approve(write, id, note)
}

func (d *desk) Connection(context.Context, request.Caller, string) (api.Connection, error) {
	return d.connection(), nil
}

func (d *desk) CreateConnection(
	_ context.Context, _ request.Write, _ string, _ api.ConnectionSpec, _ bool,
) (api.Connection, error) {
	made := d.connection()
	made.Findings = []api.Finding{finding()}
	return made, nil
}

func (d *desk) Object(context.Context, request.Caller, string) (api.StoredObject, error) {
	connection := d.connection()
	return api.StoredObject{Kind: "connection", Connection: &connection}, nil
}

func (d *desk) Settle(ctx context.Context, uid string) (bool, error) { return d.settle(ctx, uid) }

type bundle struct {
	desk   *desk
	stop   context.CancelFunc // the broker begins to stop
	close  func() error       // the database
	url    string
	tokens map[string]string // secrets by the roles and accounts that they have
	log    *syncBuffer
}

// syncBuffer is a log that can be read while it is written.
type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(data)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func setup(t *testing.T) *bundle {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "broker.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{
		close: sync.OnceValue(db.Close), log: &syncBuffer{}, tokens: map[string]string{},
		desk: &desk{services: func(request.Caller, api.ListServicesParams) (api.ServicePage, error) {
			return api.ServicePage{Items: []api.Service{}}, nil
		}},
	}
	keeper := credentials.New(db, time.Now)
	for name, spec := range map[string]api.TokenSpec{
		"customer": {Roles: []api.Role{api.RoleCustomer}, Accounts: []string{"676"}},
		"several":  {Roles: []api.Role{api.RoleCustomer}, Accounts: []string{"676", "90"}},
		"recorder": {Roles: []api.Role{api.RoleRecorder}},
		"approver": {Roles: []api.Role{api.RoleApprover}},
		"both":     {Roles: []api.Role{api.RoleCustomer, api.RoleAuditor}, Accounts: []string{"676"}},
	} {
		spec.Subject, spec.Kind = name, api.Person
		made, err := keeper.Bootstrap(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		b.tokens[name] = made.Secret
	}
	stopping, stop := context.WithCancel(t.Context())
	b.stop = stop
	handler, err := httpapi.New(httpapi.Config{
		DB: db, Desk: b.desk, Keeper: keeper, Logger: slog.New(slog.NewJSONHandler(b.log, nil)), Stopping: stopping,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(contracttest.Middleware(t)(handler))
	b.url = server.URL
	t.Cleanup(func() {
		server.Close()
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// answer is what came back.
type answer struct {
	status  int
	header  http.Header
	body    string
	problem api.Problem
}

// ask sends a request as the named token, or without one. Headers are pairs of name and value.
func (b *bundle) ask(t *testing.T, token, method, path, body string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+b.tokens[token])
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
		if headers[i] == "Content-Type" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: response.StatusCode, header: response.Header, body: string(data)}
	if response.StatusCode >= http.StatusBadRequest && len(data) > 0 {
		if err := json.Unmarshal(data, &a.problem); err != nil {
			t.Fatalf("%s %s: %s is no problem document: %v", method, path, data, err)
		}
	}
	return a
}

// refused asserts the answer's type and detail.
func (a answer) refused(t *testing.T, status int, kind problem.Type, detail string) {
	t.Helper()
	if a.status != status || a.problem.Type != problem.Prefix+string(kind) || a.problem.Detail != detail {
		t.Errorf("answered %d %s %q, want %d %s %q", a.status, a.problem.Type, a.problem.Detail, status, kind, detail)
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const path = "/v1/services"

	missing := b.ask(t, "", "GET", path, "")
	missing.refused(t, 401, problem.Unauthenticated, `The request has no credential: send a token of this broker's as "Authorization: Bearer ...".`)
	if got := missing.header.Get("WWW-Authenticate"); got != `Bearer realm="hscn-broker"` {
		t.Errorf("challenge is %q", got)
	}
	wrong := b.ask(t, "", "GET", path, "", "Authorization", "Bearer hscn_wrong")
	wrong.refused(t, 401, problem.Unauthenticated, "The credential is not accepted: the token is not one of this broker's.")
	if got := wrong.header.Get("WWW-Authenticate"); got != `Bearer realm="hscn-broker", error="invalid_token"` {
		t.Errorf("challenge is %q", got)
	}
	for name, value := range map[string]string{"another scheme": "Basic dXNlcjpwdw==", "no secret": "Bearer ", "no scheme": "hscn_x"} {
		odd := b.ask(t, "", "GET", path, "", "Authorization", value)
		if odd.status != 401 || odd.header.Get("WWW-Authenticate") != `Bearer realm="hscn-broker", error="invalid_request"` {
			t.Errorf("%s: %d, %q", name, odd.status, odd.header.Get("WWW-Authenticate"))
		}
	}
	if got := b.ask(t, "customer", "GET", path, "", "Authorization", "Bearer hscn_other"); got.status != 401 {
		t.Errorf("two credentials: %d", got.status)
	}
	if got := b.ask(t, "", "GET", path, "", "Authorization", "bearer  "+b.tokens["customer"]); got.status != 200 {
		t.Errorf("a scheme in lower case: %d", got.status)
	}
	// Without a credential nobody learns what there is.
	for _, path := range []string{"/v1/nothing", "/v1/operator/orders", "/v1", "/v1/"} {
		if got := b.ask(t, "", "PATCH", path, ""); got.status != 401 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var seen request.Caller
	b.desk.services = func(caller request.Caller, _ api.ListServicesParams) (api.ServicePage, error) {
		seen = caller
		return api.ServicePage{Items: []api.Service{}}, nil
	}
	for name, c := range map[string]struct{ token, header, want string }{
		"the only one":       {"customer", "", "676"},
		"the only one named": {"customer", "676", "676"},
		"one of several":     {"several", "90", "90"},
	} {
		seen = request.Caller{}
		headers := []string{}
		if c.header != "" {
			headers = []string{"Hscn-Account", c.header}
		}
		got := b.ask(t, c.token, "GET", "/v1/services", "", headers...)
		if got.status != 200 || seen.Account != c.want || got.header.Get("Hscn-Account") != c.want {
			t.Errorf("%s: %d for account %q, header %q", name, got.status, seen.Account, got.header.Get("Hscn-Account"))
		}
		if seen.Subject != c.token || seen.Kind != request.Person || seen.TokenID == "" {
			t.Errorf("%s: caller is %+v", name, seen)
		}
	}

	b.ask(t, "several", "GET", "/v1/services", "").refused(t, 403, problem.Forbidden,
		"The token of several may act in the accounts 676, 90: say in the header Hscn-Account which one is meant.")
	b.ask(t, "customer", "GET", "/v1/services", "", "Hscn-Account", "90").refused(t, 403, problem.Forbidden,
		`The token of customer may not act in account "90", only in 676.`)
	// An account that does not exist is refused in the same words.
	b.ask(t, "customer", "GET", "/v1/services", "", "Hscn-Account", "none").refused(t, 403, problem.Forbidden,
		`The token of customer may not act in account "none", only in 676.`)
}

func TestRoles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.desk.load = func(request.Write, api.Inventory, bool) (api.InventoryReport, error) {
		return api.InventoryReport{Changes: []api.InventoryChange{}}, nil
	}
	const path, body, key = "/v1/operator/inventory", `{"version":1}`, "0123456789abcdef"
	load := func(token string) answer { return b.ask(t, token, "POST", path, body, "Idempotency-Key", key) }

	if got := load("recorder"); got.status != 200 {
		t.Errorf("a recorder: %d %s", got.status, got.body)
	}
	load("approver").refused(t, 403, problem.Forbidden,
		`The token of approver does not have the role "recorder", which this needs. An administrator makes tokens.`)
	if got := b.ask(t, "approver", "GET", "/v1/operator/accounts", ""); got.status != 200 {
		t.Errorf("an approver who reads what is recorded: %d %s", got.status, got.body)
	}
	b.ask(t, "both", "GET", "/v1/operator/accounts", "").refused(t, 403, problem.Forbidden,
		`The token of both does not have the role "recorder", which this needs. An administrator makes tokens.`)
	load("both").refused(t, 403, problem.Forbidden,
		`The token of both does not have the role "recorder", which this needs. An administrator makes tokens.`)
	load("customer").refused(t, 404, problem.NoSuchOperation, "There is no POST /v1/operator/inventory.")
	b.ask(t, "recorder", "GET", "/v1/services", "").refused(t, 403, problem.Forbidden,
		`The token of recorder does not have the role "customer", which this needs. An administrator makes tokens.`)
	if got := b.ask(t, "both", "GET", "/v1/services", ""); got.status != 200 {
		t.Errorf("a customer who is an auditor too: %d", got.status)
	}
	if got := b.ask(t, "both", "GET", "/v1/operator/audit-verification", ""); got.status != 200 {
		t.Errorf("an auditor who is a customer too: %d %s", got.status, got.body)
	}
}

func TestPathsAndMethods(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{
		"/v1", "/v1/", "/v1/nothing", "/v1/services/", "/v1//services", "/v1/./services", "/v1/x/../services",
		"/v2/services", "/", "/healthz/", "/v1/connections/a/edge-attachments/b/c", "/services",
	} {
		got := b.ask(t, "customer", "GET", path, "")
		got.refused(t, 404, problem.NoSuchOperation, "There is no GET "+path+".")
	}
	// What a customer may not know of has no methods either.
	b.ask(t, "customer", "PUT", "/v1/operator/orders", "").refused(t, 404, problem.NoSuchOperation, "There is no PUT /v1/operator/orders.")

	got := b.ask(t, "customer", "POST", "/v1/connections/records", "{}")
	got.refused(t, 405, problem.NoSuchOperation,
		"POST is not among the methods of /v1/connections/records: those are DELETE, GET, HEAD, PATCH, PUT.")
	if got.header.Get("Allow") != "DELETE, GET, HEAD, PATCH, PUT" {
		t.Errorf("Allow is %q", got.header.Get("Allow"))
	}
	if got := b.ask(t, "recorder", "GET", "/v1/operator/inventory", ""); got.status != 405 || got.header.Get("Allow") != "POST" {
		t.Errorf("%d, Allow %q", got.status, got.header.Get("Allow"))
	}
	if got := b.ask(t, "", "POST", "/healthz", ""); got.status != 405 {
		t.Errorf("POST /healthz: %d", got.status)
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	get, head := b.ask(t, "customer", "GET", "/v1/services", ""), b.ask(t, "customer", "HEAD", "/v1/services", "")
	if head.status != 200 || head.body != "" {
		t.Errorf("%d with the body %q", head.status, head.body)
	}
	for _, name := range []string{"Content-Type", "Hscn-Broker-Id", "Hscn-Account", "Cache-Control"} {
		if head.header.Get(name) != get.header.Get(name) || head.header.Get(name) == "" {
			t.Errorf("%s is %q, for GET %q", name, head.header.Get(name), get.header.Get(name))
		}
	}
	if got := b.ask(t, "", "HEAD", "/v1/services", ""); got.status != 401 || got.body != "" {
		t.Errorf("without credential: %d %q", got.status, got.body)
	}
	if got := b.ask(t, "", "HEAD", "/healthz", ""); got.status != 200 || got.body != "" {
		t.Errorf("HEAD /healthz: %d %q", got.status, got.body)
	}
}

func TestAccessLogHasNoSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ask(t, "customer", "GET", "/v1/services?id=private-id", "")
	b.ask(t, "", "GET", "/v1/services", "", "Authorization", "Bearer hscn_tried")
	b.ask(t, "customer", "PUT", "/v1/connections/records", `{"ods_code":"private-body"}`, "Idempotency-Key", "private-key-0123456789")
	log := b.log.String()
	for _, secret := range []string{b.tokens["customer"], "hscn_tried", "private-id", "private-body", "private-key"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
	lines := strings.Split(strings.TrimSpace(log), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines:\n%s", len(lines), log)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"method": "GET", "path": "/v1/services", "operation": "listServices", "status": 200.0, "account": "676",
	} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	if line["token_id"] == "" || line["request_id"] == "" {
		t.Errorf("line is %v", line)
	}
}

func TestProbes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		if got := b.ask(t, "", "GET", path, ""); got.status != 200 || got.body != "{\"status\":\"ok\"}\n" {
			t.Errorf("%s: %d %q", path, got.status, got.body)
		}
	}
	if err := b.close(); err != nil {
		t.Fatal(err)
	}
	if got := b.ask(t, "", "GET", "/healthz", ""); got.status != 200 {
		t.Errorf("alive without its database: %d", got.status)
	}
	b.ask(t, "", "GET", "/readyz", "").refused(t, 503, problem.Unavailable, "The broker's database does not answer.")
}
