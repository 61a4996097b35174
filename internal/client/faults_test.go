package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

// How long an attempt may take: where the network stalls, and where it does not and only the machine may be slow.
const (
	impatient = 150 * time.Millisecond
	patient   = 10 * time.Second
)

// network stands between client and broker, and can be made to misbehave.
type network struct {
	t        *testing.T
	upstream string

	mu      sync.Mutex
	address string // of the proxy that new connections go through
}

func newNetwork(t *testing.T, brokerURL string) *network {
	t.Helper()
	_, upstream, _ := strings.Cut(brokerURL, "://")
	n := &network{t: t, upstream: upstream}
	n.befall()
	return n
}

// toxic is what happens to the bytes of one direction. "upstream" is towards the broker, "downstream" from it.
type toxic struct {
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Attributes map[string]any `json:"attributes"`
}

// befall lets the toxics happen to the connections that are made from now on, and to no others. Those that were made
// before keep theirs.
func (n *network) befall(all ...toxic) *toxiproxy.Proxy {
	n.t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, n.t.Name(), "127.0.0.1:0", n.upstream)
	for _, one := range all {
		add(n.t, proxy, one)
	}
	if err := proxy.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(proxy.Stop)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.address = proxy.Listen
	return proxy
}

func add(t *testing.T, proxy *toxiproxy.Proxy, one toxic) {
	t.Helper()
	text, err := json.Marshal(one)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := proxy.Toxics.AddToxicJson(bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
}

// transport makes a connection for each request, and does not say so: the other side keeps it open.
func (n *network) transport() http.RoundTripper {
	return &http.Transport{MaxIdleConnsPerHost: -1, DialContext: func(ctx context.Context, protocol, _ string) (net.Conn, error) {
		n.mu.Lock()
		address := n.address
		n.mu.Unlock()
		return (&net.Dialer{}).DialContext(ctx, protocol, address)
	}}
}

// attempts counts a client's requests, and calls then before each that is a repetition.
type attempts struct {
	mu   sync.Mutex
	n    int
	then func()
}

func (a *attempts) log(_ context.Context, message string, fields map[string]any) {
	if message != "request" {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n++
	if fields["attempt"] != 1 && a.then != nil {
		a.then()
	}
}

// reset begins to count anew, and returns what was counted.
func (a *attempts) reset(then func()) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.n
	a.n, a.then = 0, then
	return n
}

// faults are what a network does, and why a client that never sees it end has no answer. Without a reason the answer
// comes all the same.
var faults = map[string]struct {
	toxics []toxic
	reason client.Reason
}{
	"answers come too late":          {[]toxic{{"latency", "downstream", map[string]any{"latency": 400}}}, client.TimedOut},
	"requests come too late":         {[]toxic{{"latency", "upstream", map[string]any{"latency": 400}}}, client.TimedOut},
	"answers come in their own time": {[]toxic{{"latency", "downstream", map[string]any{"latency": 10, "jitter": 10}}}, ""},

	"the connection is reset at once":           {[]toxic{{"reset_peer", "upstream", map[string]any{"timeout": 0}}}, client.Broken},
	"the connection is reset while it works":    {[]toxic{{"reset_peer", "upstream", map[string]any{"timeout": 10}}}, client.Broken},
	"the connection is reset before the answer": {[]toxic{{"reset_peer", "downstream", map[string]any{"timeout": 0}}}, client.Broken},
	"the connection is reset late":              {[]toxic{{"reset_peer", "downstream", map[string]any{"timeout": 20}}}, client.Broken},

	"requests go nowhere": {[]toxic{{"timeout", "upstream", map[string]any{"timeout": 0}}}, client.TimedOut},
	"answers go nowhere":  {[]toxic{{"timeout", "downstream", map[string]any{"timeout": 0}}}, client.TimedOut},

	"no byte of the answer":           {[]toxic{{"limit_data", "downstream", map[string]any{"bytes": 0}}}, client.Broken},
	"half a status line":              {[]toxic{{"limit_data", "downstream", map[string]any{"bytes": 7}}}, client.Broken},
	"half of the answer's headers":    {[]toxic{{"limit_data", "downstream", map[string]any{"bytes": 120}}}, client.Broken},
	"a few bytes of the answer":       {[]toxic{{"limit_data", "downstream", map[string]any{"bytes": 400}}}, client.Broken},
	"most of the answer":              {[]toxic{{"limit_data", "downstream", map[string]any{"bytes": 900}}}, client.Broken},
	"no byte of the request":          {[]toxic{{"limit_data", "upstream", map[string]any{"bytes": 0}}}, client.Broken},
	"half of the request's headers":   {[]toxic{{"limit_data", "upstream", map[string]any{"bytes": 100}}}, client.Broken},
	"slices":                          {[]toxic{{"slicer", "downstream", map[string]any{"average_size": 50, "size_variation": 10, "delay": 10}}}, ""},
	"slices, and not all of them":     {[]toxic{{"slicer", "downstream", map[string]any{"average_size": 50, "size_variation": 10, "delay": 10}}, {"limit_data", "downstream", map[string]any{"bytes": 700}}}, client.Broken},
	"a line that is too thin":         {[]toxic{{"bandwidth", "downstream", map[string]any{"rate": 1}}}, client.TimedOut},
	"a line that is thin":             {[]toxic{{"bandwidth", "downstream", map[string]any{"rate": 500}}}, ""},
	"a connection that closes slowly": {[]toxic{{"slow_close", "downstream", map[string]any{"delay": 50}}}, ""},
}

// TestEveryFaultLeavesOneOrder sends each kind of request through each fault: once so that the fault ends before the
// second attempt, and once so that it outlasts them all and the caller asks anew with another key. What counts is what the
// broker wrote down.
func TestEveryFaultLeavesOneOrder(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t)
	operator := b.Operator("operator")
	inventory := brokertest.Inventory(b.Clock.Now())
	for i := range 2 * len(faults) {
		inventory.Services = append(inventory.Services, api.InventoryService{
			Type: "cloud_project", ID: fmt.Sprintf("many-%d", i), Account: brokertest.Acme, Zone: "main",
		})
	}
	operator.Do("POST", "/v1/operator/inventory", inventory).Must(200)
	token := b.Customer(brokertest.Acme).Token

	service := 0
	for what, fault := range faults {
		for _, ends := range []bool{true, false} {
			spec := brokertest.Connection(fmt.Sprintf("many-%d", service), "A1B2C")
			name := fmt.Sprintf("records-%d", service)
			service++
			t.Run(fmt.Sprintf("%s/ends=%t", what, ends), func(t *testing.T) {
				t.Parallel()
				s := &story{t: t, network: newNetwork(t, b.URL()), name: name, toxics: fault.toxics, reason: fault.reason, ends: ends}
				config := client.Config{Endpoint: b.URL(), Token: token, RequestTimeout: patient, Logger: s.attempts.log}
				s.calm = paced(t, config, s.network)
				config.MaxRetries = 1
				if ends {
					config.MaxRetries = 20 // on a slow machine impatience alone costs some
				}
				if fault.reason == client.TimedOut {
					config.RequestTimeout = impatient
				}
				s.client = paced(t, config, s.network)
				s.tell(spec)
				s.judge(b.Records(operator))
			})
		}
	}
}

func paced(t *testing.T, config client.Config, n *network) *client.Client {
	t.Helper()
	c, err := client.NewPaced(config, n.transport())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// story is the life of one connection behind a network with a fault.
type story struct {
	t       *testing.T
	network *network
	// client meets the fault, and calm asks when it has passed.
	client, calm *client.Client
	attempts     attempts
	name         string
	toxics       []toxic
	reason       client.Reason
	ends         bool
}

// tell orders the connection, reads it, changes it and gives it up.
func (s *story) tell(spec api.ConnectionSpec) {
	ctx := s.t.Context()
	made := act(s, "create", "name-taken", func(c *client.Client) (api.Connection, error) { return c.CreateConnection(ctx, s.name, spec) })
	read := act(s, "read", "", func(c *client.Client) (api.Connection, error) { return c.Connection(ctx, s.name) })
	if read.UID != made.UID || read.Etag != made.Etag {
		s.t.Errorf("%s was made and %s is there", made.UID, read.UID)
	}
	updated := act(s, "update", "etag-mismatch", func(c *client.Client) (api.Connection, error) {
		return c.UpdateConnection(ctx, s.name, made.Etag, api.MergePatch{"purchase_order": "PO-1"})
	})
	if updated.UID != made.UID || updated.Etag == made.Etag || updated.PurchaseOrder == nil || *updated.PurchaseOrder != "PO-1" {
		s.t.Errorf("the update is answered by %+v", updated)
	}
	act(s, "delete", "object-gone", func(c *client.Client) (api.Connection, error) { return c.DeleteConnection(ctx, s.name, made.UID) })
	if _, err := s.calm.Connection(ctx, s.name); !client.IsObjectGone(err) {
		s.t.Errorf("after its removal: %v", err)
	}
}

// judge holds what the broker wrote down against what was asked of it.
func (s *story) judge(records brokertest.Records) {
	object := "connections/" + s.name
	for _, action := range []string{"connection.create", "connection.update", "connection.delete"} {
		if n := records.Done(action, object); n != 1 {
			s.t.Errorf("the audit has %d times %s", n, action)
		}
	}
	if n := records.OrdersOf("provide", object); n != 1 {
		s.t.Errorf("it was ordered %d times", n)
	}
}

// act does one operation through the fault, and returns the connection as it is afterwards. Where the fault outlasts the
// attempts it is repeated without the fault, under a key of its own: refused is what the broker then says if it was done
// the first time.
func act(s *story, what, refused string, do func(*client.Client) (api.Connection, error)) api.Connection {
	s.t.Helper()
	var then func()
	if s.ends {
		then = func() { s.network.befall() }
	}
	s.attempts.reset(then)
	s.network.befall(s.toxics...)
	got, err := do(s.client)
	s.network.befall()
	n := s.attempts.reset(nil)

	if s.ends || s.reason == "" {
		if err != nil || got.UID == "" {
			s.t.Fatalf("%s: %v after %d attempts, %q", what, err, n, got.UID)
		}
		if s.reason != "" && n < 2 {
			s.t.Errorf("%s: the fault did not show", what)
		}
		return got
	}
	var unreachable *client.Unreachable
	if !errors.As(err, &unreachable) || unreachable.Reason != s.reason || !unreachable.Sent || unreachable.Attempts != 2 || client.IsAnswered(err) {
		s.t.Errorf("%s: the error is %v (%+v)", what, err, unreachable)
	}
	if got.UID != "" || got.State != "" {
		s.t.Errorf("%s: half an answer is handed on: %+v", what, got)
	}

	again, err := do(s.calm)
	problem, isProblem := client.AsProblem(err)
	switch {
	case err == nil:
		return again
	case !isProblem || problem.Kind() != refused:
		s.t.Fatalf("%s, repeated: %v", what, err)
	case what == "delete":
		return again
	}
	seen, err := s.calm.Connection(s.t.Context(), s.name)
	if err != nil {
		s.t.Fatalf("%s, looked at: %v", what, err)
	}
	return seen
}

// Where nothing listens nothing was sent, so that whoever ordered need not ask what became of it.
func TestWhereNothingListensNothingWasSent(t *testing.T) {
	t.Parallel()
	broker := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(broker.Close)
	n := newNetwork(t, broker.URL)
	n.befall().Stop()
	c := paced(t, client.Config{Endpoint: broker.URL, RequestTimeout: patient, MaxRetries: 1}, n)
	_, err := c.DeleteConnection(t.Context(), "records", "u-1")
	var unreachable *client.Unreachable
	if !errors.As(err, &unreachable) || unreachable.Reason != client.Refused || unreachable.Sent || unreachable.Attempts != 2 {
		t.Errorf("the error is %+v", unreachable)
	}
}

// gone is a toxic of the connections that there are when it is added: their other end is no more, and nobody says so.
// Connections that are made later are well.
type gone struct {
	Dead bool `json:"dead"`
}

func init() {
	toxics.Register("gone", new(gone))
	zerolog.SetGlobalLevel(zerolog.Disabled) // some toxics log past the logger of their server
}

// NewState implements toxics.StatefulToxic.
func (g *gone) NewState() any { return g.Dead }

// Pipe implements toxics.Toxic.
func (g *gone) Pipe(stub *toxics.ToxicStub) {
	if dead, _ := stub.State.(bool); !dead {
		new(toxics.NoopToxic).Pipe(stub)
		return
	}
	for {
		select {
		case <-stub.Interrupt:
			return
		case chunk := <-stub.Input:
			if chunk == nil {
				stub.Close()
				return
			}
		}
	}
}

// A connection that is kept and whose other end is gone costs one attempt, not all: also with HTTP/2, where every request
// to a host goes down one connection.
func TestAConnectionWhoseOtherEndIsGoneIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2=%t", http2), func(t *testing.T) {
			t.Parallel()
			protocols := make(chan string, 10)
			broker := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				protocols <- r.Proto
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, `{"title":"neutral"}`)
			}))
			broker.EnableHTTP2 = http2
			broker.StartTLS()
			t.Cleanup(broker.Close)
			authority := filepath.Join(t.TempDir(), "authority.pem")
			if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: broker.Certificate().Raw}), 0o600); err != nil {
				t.Fatal(err)
			}
			proxy := newNetwork(t, broker.URL).befall()
			var count attempts
			c, err := client.NewPaced(client.Config{
				Endpoint: "https://" + proxy.Listen, CACertificateFile: authority, RequestTimeout: 2 * time.Second, MaxRetries: 2, Logger: count.log,
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Policy(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got, want := <-protocols, map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"}[http2]; got != want {
				t.Fatalf("it speaks %s, not %s", got, want)
			}

			add(t, proxy, toxic{"gone", "upstream", map[string]any{"dead": true}})
			wrapper, ok := proxy.Toxics.GetToxic("gone_upstream").Toxic.(*gone)
			if !ok {
				t.Fatal("the toxic is another one")
			}
			wrapper.Dead = false // for connections to come
			count.reset(nil)
			policy, err := c.Policy(t.Context())
			if got := count.reset(nil); err != nil || policy.Title != "neutral" || got < 2 {
				t.Errorf("%q, %v after %d attempts", policy.Title, err, got)
			}
		})
	}
}
