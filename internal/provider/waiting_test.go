package provider_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// rewriting stands in front of a broker and has it say one thing for another, as a broker of another make may.
func rewriting(t *testing.T, site *acctest.Site, said, says string) string {
	t.Helper()
	target, err := url.Parse(site.URL())
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(target)
	forward.ModifyResponse = func(resp *http.Response) error {
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		body = bytes.ReplaceAll(body, []byte(said), []byte(says))
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		resp.Header.Del("Content-Length")
		return nil
	}
	server := httptest.NewServer(forward)
	t.Cleanup(server.Close)
	return server.URL
}

// A state that the provider does not know means wait, in the apply and in the next plan.
func TestProtocolAnUnknownStateMeansWait(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, rewriting(t, site, `"state":"provisioning"`, `"state":"rehearsing"`), obj{"token": site.Token})
	config := connection(obj{"wait_for": "active", "timeouts": obj{"create": "2s"}})
	state, diags := p.apply(p.plan("hscn_connection", config, none, nil), none)
	p.noErrors(diags)
	says(t, ofSeverity(diags, isWarning), "The connection is not active yet: the wait ran out",
		"connections/records-prod is rehearsing since 2 November 2026 at 09:30 UTC, a state that this version of the provider does not know.")

	p.newRun()
	state, diags = p.read(state)
	p.noErrors(diags)
	if got := state.text(t, "state"); got != "rehearsing" {
		t.Errorf("it is %s", got)
	}
	plan := p.plan("hscn_connection", config, state.state, state.private)
	if got := plan.text(t, "state"); got != "(unknown)" || plan.replace != nil {
		t.Errorf("the next plan has %s and replaces on %v", got, plan.replace)
	}
	site.Fulfil(connectionName)
	state, diags = p.apply(plan, state.state)
	if len(diags) > 0 || state.text(t, "state") != "active" {
		t.Errorf("it is %s: %s", state.text(t, "state"), show(diags))
	}
}

// whileWaiting has something happen before the first read after an order, which is that of the wait.
func whileWaiting(t *testing.T, site *acctest.Site, happens func(w http.ResponseWriter, r *http.Request) bool) string {
	t.Helper()
	var ordered atomic.Bool
	return proxy(t, site, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			ordered.Store(true)
			return false
		}
		return ordered.CompareAndSwap(true, false) && happens(w, r)
	})
}

// A wait is for the very object that was ordered, whatever has its name meanwhile.
func TestProtocolAWaitForWhatWasGivenUp(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	endpoint := whileWaiting(t, site, func(http.ResponseWriter, *http.Request) bool {
		site.Remove(connectionName)
		site.Put(connectionName, acctest.Spec(site, 2))
		return false
	})
	// The other one goes on by itself, so that the broker holds back its answer for as long as it may.
	p := speakTo(t, endpoint, obj{"token": site.Token, "request_timeout": "3s"})
	state, diags := p.apply(p.plan("hscn_connection", connection(obj{"wait_for": "active"}), none, nil), none)
	p.noErrors(diags)
	says(t, ofSeverity(diags, isWarning), "The connection is not active yet: it was given up", "connections/records-prod is ceas",
		"Somebody gave it up while it was waited for.")
	if other := acctest.Get[api.Connection](site, connectionName); state.text(t, "uid") == other.UID {
		t.Error("the other one was taken for it")
	}
}

// What somebody changes meanwhile was not ordered by this apply: state does not have it before a plan has shown it.
func TestProtocolAChangeDuringAWait(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	endpoint := whileWaiting(t, site, func(http.ResponseWriter, *http.Request) bool {
		site.Patch(connectionName, api.MergePatch{"purchase_order": "PO-9"})
		site.Fulfil(connectionName)
		return false
	})
	p := speakTo(t, endpoint, obj{"token": site.Token})
	config := connection(obj{"wait_for": "active", "purchase_order": "PO-1"})
	state, diags := p.apply(p.plan("hscn_connection", config, none, nil), none)
	p.noErrors(diags)
	says(t, ofSeverity(diags, isWarning), "The connection was changed while it was waited for", "was changed by customer-676 on 2 November 2026")
	if got := state.text(t, "purchase_order"); got != "PO-1" {
		t.Errorf("the purchase order is %s", got)
	}
	p.newRun()
	state, diags = p.read(state)
	p.noErrors(diags)
	if got := state.text(t, "purchase_order") + " " + state.text(t, "state"); got != "PO-9 active" {
		t.Errorf("the next refresh sees %s", got)
	}
}

// A plan that only goes on waiting is as stale as any other where somebody changed the object.
func TestProtocolAChangeBeforeAWaitGoesOn(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	config := connection(obj{"wait_for": "active", "timeouts": obj{"create": "2s"}})
	state, diags := p.apply(p.plan("hscn_connection", config, none, nil), none)
	p.noErrors(diags)
	plan := p.plan("hscn_connection", config, state.state, state.private)
	site.Patch(connectionName, api.MergePatch{"purchase_order": "PO-9"})
	_, diags = p.apply(plan, state.state)
	says(t, ofSeverity(diags, isError), "Error updating connection", "was changed after this plan was made, by customer-676",
		`purchase_order: planned from none, wanted none, is now "PO-9"`, "Plan again")

	// Refused meanwhile, it is found by its uid.
	state, diags = p.read(state)
	p.noErrors(diags)
	config["purchase_order"] = "PO-9"
	plan = p.plan("hscn_connection", config, state.state, state.private)
	site.Refuse(connectionName, "The forms came back unsigned.")
	site.Put(connectionName, acctest.Spec(site, 2))
	state, diags = p.apply(plan, state.state)
	says(t, ofSeverity(diags, isError), "The connection was refused", "The forms came back unsigned.", "the next plan orders it again")
	if got := state.text(t, "state"); got != "refused" {
		t.Errorf("it is %s", got)
	}
}

func TestProtocolAWaitEndsWithTheCredential(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	endpoint := whileWaiting(t, site, func(w http.ResponseWriter, _ *http.Request) bool {
		problem(w, http.StatusUnauthorized, "unauthenticated")
		return true
	})
	p := speakTo(t, endpoint, obj{"token": site.Token})
	state, diags := p.apply(p.plan("hscn_connection", connection(obj{"wait_for": "active"}), none, nil), none)
	p.noErrors(diags)
	says(t, ofSeverity(diags, isWarning), "The connection is not active yet: it cannot be read any more",
		"connections/records-prod is provisioning since", "This is how it was last seen.", "does not accept the token")
	if got := state.text(t, "state"); got != "provisioning" {
		t.Errorf("it is %s", got)
	}
}

func TestProtocolAWaitGoesOnAfterAnOutage(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	endpoint := whileWaiting(t, site, func(w http.ResponseWriter, _ *http.Request) bool {
		problem(w, http.StatusServiceUnavailable, "unavailable")
		site.Fulfil(connectionName)
		return true
	})
	p := speakTo(t, endpoint, obj{"token": site.Token})
	state, diags := p.apply(p.plan("hscn_connection", connection(obj{"wait_for": "active"}), none, nil), none)
	if len(diags) > 0 || state.text(t, "state") != "active" {
		t.Errorf("it is %s: %s", state.text(t, "state"), show(diags))
	}
}

// Where something takes the preference out of requests, the provider looks again by itself.
func TestProtocolAWaitWithoutThePreference(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	var looks atomic.Int32
	endpoint := proxy(t, site, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Prefer") != "" && looks.Add(1) == 2 {
			site.Fulfil(connectionName)
		}
		r.Header.Del("Prefer")
		return false
	})
	p := speakTo(t, endpoint, obj{"token": site.Token})
	state, diags := p.apply(p.plan("hscn_connection", connection(obj{"wait_for": "active"}), none, nil), none)
	if len(diags) > 0 || state.text(t, "state") != "active" || looks.Load() != 2 {
		t.Errorf("it is %s after %d looks: %s", state.text(t, "state"), looks.Load(), show(diags))
	}
}

// What hangs on a connection is planned to be waited for as its connection is, at the cost of one listing for all of them.
func TestProtocolEdgesAreResumedAsTheirConnection(t *testing.T) {
	t.Parallel()
	requests := &counted{}
	site := acctest.Start(t, "neutral", requests.option)
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	parent := ordered(t, p, connection(nil))
	config := edge(obj{"wait_for": "active", "timeouts": obj{"create": "2s"}})
	state, diags := p.apply(p.plan("hscn_edge_attachment", config, none, nil), none)
	p.noErrors(diags)
	says(t, ofSeverity(diags, isWarning), "The edge attachment is not active yet: the wait ran out", edgeName+" is pending_connection since",
		"It waits for connections/records-prod, which is provisioning since 2 November 2026 at 09:30 UTC and waits for the confirmation that it works.")

	// As in a plan without a refresh, nothing of the run has read the connection.
	p.newRun()
	requests.since()
	plan := p.plan("hscn_edge_attachment", config, state.state, state.private)
	if got := plan.text(t, "state") + plan.text(t, "included_address"); got != "(unknown)"+state.text(t, "included_address") {
		t.Errorf("the next plan has %s", got)
	}
	if got := requests.since(); slices.Contains(got, "GET "+connectionName) || !slices.Contains(got, "GET connections") {
		t.Errorf("it asks %v", got)
	}
	p.plan("hscn_edge_attachment", config, state.state, state.private)
	if got := requests.since(); len(got) > 0 {
		t.Errorf("another plan of the run asks %v", got)
	}
	// Where the refresh has read the connection, nothing is asked for it.
	p.newRun()
	_, diags = p.read(parent)
	p.noErrors(diags)
	requests.since()
	plan = p.plan("hscn_edge_attachment", config, state.state, state.private)
	if got := requests.since(); slices.Contains(got, "GET connections") || plan.text(t, "state") != "(unknown)" {
		t.Errorf("the plan has %s and asks %v", plan.text(t, "state"), got)
	}

	// A connection that waits for a person is no reason for a difference.
	site.Work()
	p.newRun()
	if plan := p.plan("hscn_edge_attachment", config, state.state, state.private); !plan.state.Equal(state.state) {
		t.Errorf("behind a connection that waits for a person it plans %s", plan.state)
	}
}

// readData reads a data source.
func (p *protocol) readData(name string, config obj) (outcome, []*tfprotov6.Diagnostic) {
	p.t.Helper()
	typ := p.schema.DataSourceSchemas[name].ValueType()
	resp, err := p.server.ReadDataSource(p.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: p.dynamic(typ, p.value(typ, config))})
	if err != nil {
		p.t.Fatal(err)
	}
	result := outcome{resource: name, config: config}
	if resp.State != nil {
		if result.state, err = resp.State.Unmarshal(typ); err != nil {
			p.t.Fatal(err)
		}
		if !result.state.IsNull() {
			if err := result.state.As(&result.members); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	return result, resp.Diagnostics
}

func TestProtocolADataSourceWaits(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	site.Put(connectionName, acctest.Spec(site, 1))
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	read := func(name string, config obj, state string, texts ...string) {
		t.Helper()
		got, diags := p.readData("hscn_connection", config)
		p.noErrors(diags)
		if len(diags) != min(len(texts), 1) || got.text(t, "state") != state {
			t.Errorf("%s: it is %s: %s", name, got.text(t, "state"), show(diags))
		}
		says(t, diags, texts...)
	}
	active := obj{"name": "records-prod", "wait_for": "active", "timeouts": obj{"read": "2s"}}
	read("nobody waits", obj{"name": "records-prod", "wait_for": "accepted"}, "provisioning")
	read("it runs out", active, "provisioning", "The connection is not active yet: the wait ran out",
		"It was waited for until timeouts.read (2s) ran out. The order stands. The next read waits again.")
	site.Work()
	read("a person has to act", active, "awaiting_fulfilment", "The connection is not active yet: a person has to act", "waits for the operator")
	site.Fulfil(connectionName)
	read("it is active", active, "active")

	// What comes to an end while it is waited for is not there any more.
	site.Put("connections/other", acctest.Spec(site, 2))
	var looked atomic.Bool
	endpoint := proxy(t, site, func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.Header.Get("Prefer"), "wait=") && looked.CompareAndSwap(false, true) {
			site.Refuse("connections/other", "The forms came back unsigned.")
		}
		return false
	})
	p = speakTo(t, endpoint, obj{"token": site.Token})
	_, diags := p.readData("hscn_connection", obj{"id": "connections/other", "wait_for": "active"})
	says(t, ofSeverity(diags, isError), "The connection came to an end", "connections/other was waited for, and is refused since", "The forms came back unsigned.")
}
