package provider_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// losesFirst loses the answer to the first order; before it is asked for again, something happens.
func losesFirst(happens func()) handover {
	var lost atomic.Bool
	return func(w http.ResponseWriter, r *http.Request, broker http.Handler) {
		if lost.Swap(true) {
			broker.ServeHTTP(w, r)
			return
		}
		broker.ServeHTTP(httptest.NewRecorder(), r)
		happens()
		panic(http.ErrAbortHandler)
	}
}

// asPlanned fails the test unless every value that was planned as known is in state: Terraform marks what is otherwise as
// tainted, so that the next apply replaces it.
func asPlanned(t *testing.T, plan, state outcome) {
	t.Helper()
	for name, want := range plan.members {
		if want.IsFullyKnown() && !want.Equal(state.members[name]) {
			t.Errorf("%s was planned as %s and is %s", name, want, state.members[name])
		}
	}
}

// Somebody changes an order before its answer, which was lost, is given again: the broker answers with what it is by then.
func TestProtocolAnOrderThatWasChangedBeforeItsAnswer(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	between, endpoint := lineTo(t, site)
	p := speakTo(t, endpoint, obj{"token": site.Token})
	config := connection(nil)
	plan := p.plan("hscn_connection", config, none, nil)
	p.noErrors(plan.diags)
	between.becomes(map[string]handover{http.MethodPut: losesFirst(func() { site.Patch(connectionName, api.MergePatch{"purchase_order": "PO-9"}) })})
	state, diags := p.apply(plan, none)
	p.noErrors(diags)
	asPlanned(t, plan, state)
	says(t, ofSeverity(diags, isWarning), "The connection is not as planned", connectionName+" was ordered", "last changed by customer-676 on 2 November 2026",
		`purchase_order: planned none, is "PO-9"`)

	// Nothing is changed by it before it was read.
	p.newRun()
	config["purchase_order"] = "PO-1"
	_, diags = p.apply(p.plan("hscn_connection", config, state.state, state.private), state.state)
	says(t, ofSeverity(diags, isError), connectionName+" was changed after this plan was made", `planned from none, wanted "PO-1", is now "PO-9"`)
	state, diags = p.read(state)
	if len(diags) > 0 || state.text(t, "purchase_order") != "PO-9" {
		t.Errorf("it has %s: %s", state.text(t, "purchase_order"), show(diags))
	}
}

// A run asks for policy once. What it orders later is ordered by the policy of that moment.
func TestProtocolAnOrderUnderAPolicyThatIsNewerThanItsPlan(t *testing.T) {
	t.Parallel()
	policy := brokertest.Policy(t, "neutral")
	policy.Connections.CommitmentMonths = 1
	site := acctest.Start(t, "neutral", func(c *broker.Config) { c.Policy = policy })
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	plan := p.plan("hscn_connection", connection(nil), none, nil)
	p.noErrors(plan.diags)
	policy.Connections.CommitmentMonths = 12
	if _, _, err := site.Desk().StorePolicy(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	state, diags := p.apply(plan, none)
	p.noErrors(diags)
	asPlanned(t, plan, state)
	says(t, ofSeverity(diags, isWarning), "The connection is not as planned", "commitment_months: planned 1, is 12")
}

// It was refused before its answer, which was lost, is given again: nothing is kept of it, whether or not anybody waits.
func TestProtocolAnOrderThatWasRefusedBeforeItsAnswer(t *testing.T) {
	t.Parallel()
	for _, waitFor := range []string{"accepted", "active"} {
		site := acctest.Start(t, "neutral")
		between, endpoint := lineTo(t, site)
		p := speakTo(t, endpoint, obj{"token": site.Token})
		plan := p.plan("hscn_connection", connection(obj{"wait_for": waitFor}), none, nil)
		p.noErrors(plan.diags)
		between.becomes(map[string]handover{http.MethodPut: losesFirst(func() { site.Refuse(connectionName, "The forms came back unsigned.") })})
		state, diags := p.apply(plan, none)
		says(t, ofSeverity(diags, isError), "The connection was refused", "The forms came back unsigned.", "its name is free")
		if !state.state.IsNull() {
			t.Errorf("with wait_for = %s it leaves %s", waitFor, state.state)
		}
	}
}

// What a broker finds of an order that it has taken is a warning, whatever it calls it: after an error Terraform would
// replace what was ordered.
func TestProtocolAFindingOfAnOrderThatStandsIsAWarning(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, rewriting(t, site, `"severity":"warning"`, `"severity":"error"`), obj{"token": site.Token, "plan_checks": "off"})
	plan := p.plan("hscn_connection", connection(obj{"ods_code": acctest.Unchecked}), none, nil)
	state, diags := p.apply(plan, none)
	p.noErrors(diags)
	asPlanned(t, plan, state)
	says(t, ofSeverity(diags, isWarning), "Rule: organisation.not-checked")
}

// How a connection is may be another thing in the apply than in the plan. The plan of what waits for it holds all the same.
func TestAccWaitingForAConnectionThatGoesOnBetweenPlanAndApply(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	w := workspace(t)
	configure := func(more ...string) {
		w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good), acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`, more...))
	}
	configure()
	w.Run("apply", "-auto-approve")
	site.Work()
	configure(`wait_for = "active"`, `timeouts = { update = "2s" }`)
	w.Run("plan", "-out=plan")
	site.Fulfil(connectionName)
	reads(t, w.Run("apply", "plan"), "1 changed", "The edge attachment is not active yet")
	site.Fulfil(edgeName)
	reads(t, w.Run("plan"), "No changes")
}

// A provisioner that fails taints what was ordered. Refused after that, it is given up and ordered anew like any other.
func TestAccWhatIsTaintedIsRefused(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	w := workspace(t)
	w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good))
	w.Run("apply", "-auto-approve")
	before := acctest.Get[api.Connection](site, connectionName).UID
	w.Run("taint", connectionAddress)
	site.Refuse(connectionName, "The forms came back unsigned.")
	reads(t, w.Run("apply", "-auto-approve"), "1 added, 0 changed, 1 destroyed")
	if after := acctest.Get[api.Connection](site, connectionName).UID; after == before {
		t.Error("it is the same")
	}
}
