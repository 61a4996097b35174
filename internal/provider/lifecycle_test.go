package provider_test

import (
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
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// made is a connection that a run planned and applied; another run has begun.
func made(t *testing.T, p *protocol, config obj) outcome {
	t.Helper()
	state := ordered(t, p, config)
	p.newRun()
	return state
}

// ordered is a connection that this run planned and applied.
func ordered(t *testing.T, p *protocol, config obj) outcome {
	t.Helper()
	plan := p.plan("hscn_connection", config, none, nil)
	p.noErrors(plan.diags)
	state, diags := p.apply(plan, none)
	p.noErrors(diags)
	return state
}

// proxy stands in front of a broker and answers instead of it where answer says so.
func proxy(t *testing.T, site *acctest.Site, answer func(w http.ResponseWriter, r *http.Request) bool) string {
	t.Helper()
	target, err := url.Parse(site.URL())
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answer(w, r) {
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// unavailable answers, instead of a broker, that what is asked for at a path cannot be had.
func unavailable(suffix string) func(w http.ResponseWriter, r *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, suffix) {
			return false
		}
		problem(w, http.StatusServiceUnavailable, "unavailable")
		return true
	}
}

// destroy gives a resource up.
func destroy(p *protocol, state outcome) (outcome, []*tfprotov6.Diagnostic) {
	p.t.Helper()
	plan := state
	plan.state = p.value(p.resource(state.resource).ValueType(), nil)
	return p.apply(plan, state.state)
}

func TestProtocolADecisionBetweenPlanAndApplyIsNoRace(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	state := made(t, p, connection(nil))
	plan := p.plan("hscn_connection", connection(obj{"purchase_order": "PO-1"}), state.state, state.private)
	site.Fulfil(connectionName)
	changed, diags := p.apply(plan, state.state)
	p.noErrors(diags)
	if got := changed.text(t, "state"); got != "active" {
		t.Errorf("it is %s", got)
	}
}

func TestProtocolOnlyWhatDiffersIsSent(t *testing.T) {
	t.Parallel()
	var bodies []string
	requests := &counted{}
	site := acctest.Start(t, "neutral", requests.option)
	endpoint := proxy(t, site, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPatch {
			body := make([]byte, r.ContentLength)
			_, _ = r.Body.Read(body)
			r.Body = http.NoBody
			bodies = append(bodies, string(body))
			r.Body = readCloser{strings.NewReader(string(body))}
		}
		return false
	})
	p := speakTo(t, endpoint, obj{"token": site.Token})
	config := connection(obj{"purchase_order": "PO-1", "profile.shared_with": obj{"b2c3d": obj{"basis": "flow_down"}}})
	state := made(t, p, config)

	config = connection(obj{"profile.shared_with": obj{"B2C3D": obj{"basis": "flow_down", "bound_by_terms": true}}})
	plan := p.plan("hscn_connection", config, state.state, state.private)
	p.noErrors(plan.diags)
	state, diags := p.apply(plan, state.state)
	p.noErrors(diags)
	if want := []string{`{"profile":{"shared_with":{"B2C3D":{"bound_by_terms":true}}},"purchase_order":null}`}; !slices.Equal(bodies, want) {
		t.Errorf("it sent %s", bodies)
	}

	requests.since()
	waiting := connection(obj{"profile.shared_with": obj{"B2C3D": obj{"basis": "flow_down", "bound_by_terms": true}}, "timeouts": obj{"create": "1h"}})
	plan = p.plan("hscn_connection", waiting, state.state, state.private)
	state, diags = p.apply(plan, state.state)
	p.noErrors(diags)
	if got := requests.since(); len(got) > 0 || state.text(t, "state") == "(unknown)" {
		t.Errorf("a change of timeouts asks %v", got)
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func TestProtocolAnEdgeNamesTheConnectionThatThisRunMade(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	var query atomic.Value
	endpoint := proxy(t, site, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "edge-attachments") {
			query.Store(r.URL.RawQuery)
		}
		return false
	})
	p := speakTo(t, endpoint, obj{"token": site.Token})
	state := ordered(t, p, connection(nil))
	plan := p.plan("hscn_edge_attachment", edge(nil), none, nil)
	_, diags := p.apply(plan, none)
	p.noErrors(diags)
	if got := query.Load(); got != "parent_uid="+state.text(t, "uid") {
		t.Errorf("the query is %v", got)
	}
	// Another run does not know it, and does not ask for it.
	p = speakTo(t, endpoint, obj{"token": site.Token})
	_, diags = p.apply(p.plan("hscn_edge_attachment", edge(obj{"name": "web-2", "gateway_id": "urn:vcloud:gateway:0001", "timeouts": obj{"create": "2s"}}), none, nil), none)
	says(t, ofSeverity(diags, isError), "Rule: edge.already-attached")
	if got := query.Load(); got != "" {
		t.Errorf("the query is %v", got)
	}
}

func TestProtocolAWaitEndsWhereAPersonHasToAct(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "ukcloud-2021")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	service := site.Service(1)
	config := connection(obj{"service": obj{"type": service.Type, "id": service.ID}, "wait_for": "active"})
	state, diags := p.apply(p.plan("hscn_connection", config, none, nil), none)
	p.noErrors(diags)
	says(t, ofSeverity(diags, isWarning), "The connection is not active yet: a person has to act", "connections/records-prod is pending_approval since 2 November 2026",
		"a person who may approve")
	if got := state.text(t, "state"); got != "pending_approval" {
		t.Errorf("it is %s", got)
	}
	// Such a state is no reason for a difference.
	if plan := p.plan("hscn_connection", config, state.state, state.private); !plan.state.Equal(state.state) {
		t.Errorf("the next plan changes something: %s", plan.state)
	}
	// An edge waits as its connection does.
	_, diags = p.apply(p.plan("hscn_edge_attachment", edge(obj{"wait_for": "active"}), none, nil), none)
	p.noErrors(diags)
	says(t, diags, "edge-attachments/web is pending_connection", "It waits for connections/records-prod, which is pending_approval")
}

func TestProtocolAWaitThatRunsOutIsResumed(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	config := connection(obj{"wait_for": "active", "timeouts": obj{"create": "2s", "update": "1m"}})
	state, diags := p.apply(p.plan("hscn_connection", config, none, nil), none)
	p.noErrors(diags)
	says(t, ofSeverity(diags, isWarning), "The connection is not active yet: the wait ran out", "is provisioning since",
		"It was waited for until timeouts.create (2s) ran out.", "The next apply goes on waiting, for as long as timeouts.update allows.")

	plan := p.plan("hscn_connection", config, state.state, state.private)
	if got := plan.text(t, "state") + plan.text(t, "enabled_at") + plan.text(t, "uid"); got != "(unknown)(unknown)"+state.text(t, "uid") || plan.replace != nil {
		t.Errorf("the next plan has %s", got)
	}
	site.Fulfil(connectionName)
	state, diags = p.apply(plan, state.state)
	if len(diags) > 0 || state.text(t, "state") != "active" {
		t.Errorf("it is %s: %s", state.text(t, "state"), show(diags))
	}
}

func TestProtocolARefusalWhileItWaitsLeavesNothing(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	// The operator refuses between the order and the first look at it.
	var ordered atomic.Bool
	endpoint := proxy(t, site, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut {
			ordered.Store(true)
		} else if ordered.CompareAndSwap(true, false) {
			site.Refuse(connectionName, "The forms came back unsigned.")
		}
		return false
	})
	p := speakTo(t, endpoint, obj{"token": site.Token})
	state, diags := p.apply(p.plan("hscn_connection", connection(obj{"wait_for": "active"}), none, nil), none)
	says(t, ofSeverity(diags, isError), "The connection was refused", "The forms came back unsigned.", "its name is free")
	if !state.state.IsNull() {
		t.Error("there is a state, which would be tainted")
	}
}

func TestProtocolARefusalWhileAChangeWaitsIsAnError(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	var changed atomic.Bool
	endpoint := proxy(t, site, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPatch {
			changed.Store(true)
		} else if changed.CompareAndSwap(true, false) {
			site.Refuse(connectionName, "The forms came back unsigned.")
		}
		return false
	})
	p := speakTo(t, endpoint, obj{"token": site.Token})
	state := made(t, p, connection(nil))
	state, diags := p.apply(p.plan("hscn_connection", connection(obj{"wait_for": "active", "purchase_order": "PO-1"}), state.state, state.private), state.state)
	says(t, ofSeverity(diags, isError), "The connection was refused", "The forms came back unsigned.", "the next plan orders it again")
	if got := state.text(t, "state"); got != "refused" {
		t.Errorf("it is %s", got)
	}
}

func TestProtocolARefusedOrderIsGivenUpWhereAnotherHasItsName(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	state := made(t, p, connection(nil))
	site.Refuse(connectionName, "The forms came back unsigned.")
	site.Put(connectionName, acctest.Spec(site, 2))
	state, diags := p.read(state)
	p.noErrors(diags)
	if got := state.text(t, "state"); got != "refused" {
		t.Errorf("it is %s", got)
	}
	gone, diags := destroy(p, state)
	if len(diags) > 0 || !gone.state.IsNull() {
		t.Errorf("it says %s", show(diags))
	}
	// The other one is untouched.
	if got := acctest.Get[api.Connection](site, connectionName); got.State == "ceasing" {
		t.Errorf("the other one is %s", got.State)
	}
}

func TestProtocolARefusedOrderIsReplacedWithTheReason(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	config := connection(nil)
	state := made(t, p, config)
	site.Refuse(connectionName, "The forms came back unsigned.")
	state, diags := p.read(state)
	p.noErrors(diags)
	if got := state.text(t, "state") + ": " + state.text(t, "state_reason"); !strings.HasPrefix(got, "refused: ") || !strings.Contains(got, "unsigned") {
		t.Errorf("it is %s", got)
	}
	first := p.plan("hscn_connection", config, state.state, state.private)
	says(t, ofSeverity(first.diags, isWarning), "The order was refused", "The forms came back unsigned.")
	if !slices.Equal(first.replace, []string{`AttributeName("state")`}) || first.text(t, "state") != "(unknown)" {
		t.Errorf("it replaces on %v", first.replace)
	}
	// The second planning call of a replacement knows the first by its private data, and keeps the id from what hangs on it.
	second := p.plan("hscn_connection", config, none, first.private)
	if got := second.text(t, "id"); got != "(unknown)" {
		t.Errorf("the id is %s", got)
	}
	// Destroying what was refused is no error.
	gone, diags := destroy(p, state)
	if len(diags) > 0 || !gone.state.IsNull() {
		t.Errorf("it says %s", show(diags))
	}
}

func TestProtocolWarningsOfAWriteAreNotToldTwice(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	config := connection(obj{"ods_code": acctest.Unchecked})
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	plan := p.plan("hscn_connection", config, none, nil)
	says(t, plan.diags, "Rule: organisation.not-checked")
	_, diags := p.apply(plan, none)
	if strings.Contains(show(diags), "Rule: organisation.not-checked") {
		t.Errorf("the apply says again\n%s", show(diags))
	}
	// Where the plan was not checked, the broker's warnings are all that there is.
	p = speakTo(t, site.URL(), obj{"token": site.Token, "plan_checks": "off"})
	service := obj{"type": "cloud_project", "id": "project-2"}
	config = connection(obj{"name": "second", "service": service, "ods_code": acctest.Unchecked})
	_, diags = p.apply(p.plan("hscn_connection", config, none, nil), none)
	p.noErrors(diags)
	says(t, ofSeverity(diags, isWarning), `at AttributeName("ods_code")`, "Rule: organisation.not-checked")
}

func TestProtocolACommitmentIsPolicys(t *testing.T) {
	t.Parallel()
	months := func(n int) func(*broker.Config) {
		return func(c *broker.Config) { c.Policy.Connections.CommitmentMonths = n }
	}
	site := acctest.Start(t, "neutral", months(7))
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	plan := p.plan("hscn_connection", connection(nil), none, nil)
	state, diags := p.apply(plan, none)
	p.noErrors(diags)
	if got := state.members["commitment_months"]; !got.Equal(plan.members["commitment_months"]) || !strings.Contains(got.String(), "7") {
		t.Errorf("it is %s", got)
	}
}
