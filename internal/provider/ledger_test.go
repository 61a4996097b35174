package provider_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

const gatewayOne, gatewayTwo = "urn:vcloud:gateway:0001", "urn:vcloud:gateway:0002"

// madeEdge is an edge attachment of the connection records-prod that a run planned and applied; another run has begun.
func madeEdge(t *testing.T, p *protocol, config obj) outcome {
	t.Helper()
	plan := p.plan("hscn_edge_attachment", config, none, nil)
	p.noErrors(plan.diags)
	state, diags := p.apply(plan, none)
	p.noErrors(diags)
	p.newRun()
	return state
}

// quiet fails the test where anything is said.
func quiet(t *testing.T, what string, plan outcome) {
	t.Helper()
	if len(plan.diags) > 0 {
		t.Errorf("%s: it says\n%s", what, show(plan.diags))
	}
}

// rulesOf are the rules of the diagnostics of a severity, sorted.
func rulesOf(plan outcome, severity tfprotov6.DiagnosticSeverity) string {
	var rules []string
	for _, d := range plan.diags {
		if _, rule, found := strings.Cut(d.Detail, "Rule: "); found && d.Severity == severity {
			rules = append(rules, rule)
		}
	}
	slices.Sort(rules)
	return strings.Join(rules, " ")
}

func TestProtocolANameThatTwoResourcesGive(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	quiet(t, "the first", p.plan("hscn_connection", connection(nil), none, nil))
	again := p.plan("hscn_connection", connection(obj{"service": obj{"type": "cloud_project", "id": "project-2"}}), none, nil)
	if got := rulesOf(again, isError); got != "name.duplicate" {
		t.Errorf("it says\n%s", show(again.diags))
	}
	says(t, again.diags, `ERROR at AttributeName("name")`, connectionName, "HSCN_PLAN_CHECKS=off", "-refresh=false")
}

// The key of a for_each was renamed: one resource gives the name up and another makes it, in whatever order they are shown.
func TestProtocolANameThatMoves(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	state := made(t, p, connection(nil))

	p.inState("hscn_connection", connectionName)
	quiet(t, "destroyed first", p.destroyed(state))
	second := p.plan("hscn_connection", connection(nil), none, nil)
	if got := rulesOf(second, isError); got != "name.moved" {
		t.Errorf("created last it says\n%s", show(second.diags))
	}
	says(t, second.diags, "moved block", "HSCN_PLAN_CHECKS=off")

	p.newRun()
	p.inState("hscn_connection", connectionName)
	quiet(t, "created first", p.plan("hscn_connection", connection(nil), none, nil))
	second = p.destroyed(state)
	if got := rulesOf(second, isError); got != "name.moved" {
		t.Errorf("destroyed last it says\n%s", show(second.diags))
	}

	// Nothing was seen of the one that has it when the other is planned: it is taken besides.
	p.newRun()
	first := p.plan("hscn_connection", connection(nil), none, nil)
	if got := rulesOf(first, isError); !strings.Contains(got, "name.taken") {
		t.Errorf("created before anything was seen it says\n%s", show(first.diags))
	}
	says(t, first.diags, "moved block", "import {")
	if got := rulesOf(p.destroyed(state), isError); got != "name.moved" {
		t.Errorf("destroyed after that it says %s", got)
	}
}

func TestProtocolANameThatIsTaken(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	site.Put(connectionName, acctest.Spec(site, 2))
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	plan := p.plan("hscn_connection", connection(nil), none, nil)
	if got := rulesOf(plan, isError); got != "name.taken" {
		t.Errorf("it says\n%s", show(plan.diags))
	}
	says(t, plan.diags, `ERROR at AttributeName("name"): The name is taken: `+connectionName+" exists already: customer-676 made it on 2 November 2026 at 09:30 GMT (uid ",
		"import {\n    to = hscn_connection.records_prod\n    id = \"connections/records-prod\"\n  }", "HSCN_PLAN_CHECKS=off")

	// With another name it is the service's own connection.
	p.newRun()
	quiet(t, "another name and service", p.plan("hscn_connection", connection(obj{"name": "records-test"}), none, nil))
}

// What a read finds gone may live again under the same name, by somebody else's order.
func TestProtocolANameThatIsTakenAgain(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	config := connection(nil)
	state := made(t, p, config)
	site.Remove(connectionName)
	site.Put(connectionName, acctest.Spec(site, 1))

	p.inState("hscn_connection", connectionName)
	gone, diags := p.read(state)
	if len(diags) > 0 || !gone.state.IsNull() {
		t.Fatalf("it is not gone: %s", show(diags))
	}
	plan := p.plan("hscn_connection", config, none, nil)
	if got := rulesOf(plan, isError); got != "name.taken" {
		t.Errorf("it says\n%s", show(plan.diags))
	}

	// Another resource asked for the name before anybody knew that it is gone: no call follows that of the read.
	p.newRun()
	p.inState("hscn_connection", connectionName)
	quiet(t, "before it is known to be gone", p.plan("hscn_connection", config, none, nil))
	_, diags = p.read(state)
	says(t, ofSeverity(diags, isError), "The name is taken", "import {")
}

func TestProtocolARefusedOrderWhoseNameAnotherHas(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	config := connection(nil)
	state := made(t, p, config)
	site.Refuse(connectionName, "The forms came back unsigned.")
	site.Put(connectionName, acctest.Spec(site, 2))
	state, diags := p.read(state)
	p.noErrors(diags)
	plan := p.plan("hscn_connection", config, state.state, state.private)
	says(t, ofSeverity(plan.diags, isWarning), "The order was refused", "The forms came back unsigned.")
	if got := rulesOf(plan, isError); got != "name.taken" {
		t.Errorf("it says\n%s", show(plan.diags))
	}
}

func TestProtocolTwoNewEdgesOnOneGateway(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	quiet(t, "the connection", p.plan("hscn_connection", connection(nil), none, nil))
	quiet(t, "the first edge", p.plan("hscn_edge_attachment", edge(nil), none, nil))
	plan := p.plan("hscn_edge_attachment", edge(obj{"name": "app"}), none, nil)
	if got := rulesOf(plan, isError); got != "edge.already-attached" {
		t.Errorf("it says\n%s", show(plan.diags))
	}
	says(t, plan.diags, `ERROR at AttributeName("gateway_id")`, gatewayOne, edgeName+" (which this plan makes)", "HSCN_PLAN_CHECKS=off")
	quiet(t, "another gateway", p.plan("hscn_edge_attachment", edge(obj{"name": "data", "gateway_id": unknown}), none, nil))
}

// The edge that stays is shown last, so it is there that the plan is refused; the text names the one that is new.
func TestProtocolAnUnchangedResourceTellsOfWhatThePlanAdds(t *testing.T) {
	t.Parallel()
	requests := &counted{}
	site := acctest.Start(t, "neutral", requests.option)
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	made(t, p, connection(nil))
	state := madeEdge(t, p, edge(nil))

	requests.since()
	quiet(t, "unchanged, and nothing else", p.plan("hscn_edge_attachment", edge(nil), state.state, state.private))
	if got := requests.since(); got != nil {
		t.Errorf("an unchanged edge asks %v", got)
	}

	p.newRun()
	first := p.plan("hscn_edge_attachment", edge(obj{"name": "app"}), none, nil)
	says(t, ofSeverity(first.diags, isWarning), "Rule: edge.already-attached", edgeName+" (which this plan does not show). Unless that is given up first, the order is refused.")
	p.noErrors(first.diags)
	second := p.plan("hscn_edge_attachment", edge(nil), state.state, state.private)
	if got := rulesOf(second, isError); got != "edge.already-attached" {
		t.Errorf("it says\n%s", show(second.diags))
	}
	says(t, second.diags, "connections/records-prod/edge-attachments/app (which this plan makes)")

	// Where the plan gives it up, the apply may have to wait for that, and no more.
	p.newRun()
	p.inState("hscn_edge_attachment", edgeName)
	quiet(t, "the destroy", p.destroyed(state))
	first = p.plan("hscn_edge_attachment", edge(obj{"name": "app"}), none, nil)
	p.noErrors(first.diags)
	says(t, ofSeverity(first.diags, isWarning), "Rule: edge.already-attached", edgeName+" (which this plan gives up)")
}

// A service is connected once; what another account has is the broker's to refuse.
func TestProtocolAServiceThatIsConnectedTwice(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	quiet(t, "the first", p.plan("hscn_connection", connection(nil), none, nil))
	plan := p.plan("hscn_connection", connection(obj{"name": "records-test"}), none, nil)
	if got := rulesOf(plan, isError); got != "service.already-connected" {
		t.Errorf("it says\n%s", show(plan.diags))
	}
	says(t, plan.diags, connectionName+" (which this plan makes)")
}

// What is replaced in one planning call, or in two, has an id that is only known later, so that what hangs on it is
// replaced with it; where nothing is checked, too.
func TestProtocolTheIdOfWhatIsReplaced(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	for _, checks := range []string{"enforce", "off"} {
		p := speakTo(t, site.URL(), obj{"token": site.Token, "plan_checks": checks})
		config := connection(obj{"name": "records-" + checks, "service": obj{"type": "cloud_project", "id": map[string]string{"enforce": "project-1", "off": "project-2"}[checks]}})
		state := made(t, p, config)
		id := state.text(t, "id")

		p.inState("hscn_connection", id)
		if got := p.plan("hscn_connection", config, none, nil).text(t, "id"); got != "(unknown)" {
			t.Errorf("%s: of a tainted one it is %s", checks, got)
		}

		p.newRun()
		p.inState("hscn_connection", id)
		first := p.plan("hscn_connection", config, state.state, state.private)
		if got := p.plan("hscn_connection", config, none, first.private).text(t, "id"); got != "(unknown)" {
			t.Errorf("%s: of the second call of a replacement it is %s", checks, got)
		}

		// Another one's name is known.
		p.newRun()
		p.inState("hscn_connection", id)
		first = p.plan("hscn_connection", config, state.state, state.private)
		renamed := maps.Clone(config)
		renamed["name"] = "archive-" + checks
		if got := p.plan("hscn_connection", renamed, none, first.private).text(t, "id"); got != "connections/archive-"+checks {
			t.Errorf("%s: of one under another name it is %s", checks, got)
		}
	}
}

// The connection under an edge is the one that this run plans, else the one that it read, else the one that the broker
// lists: its service is whose gateways there are.
func TestProtocolTheGatewayOfAnotherService(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	wrong := func(what string) {
		t.Helper()
		plan := p.plan("hscn_edge_attachment", edge(obj{"gateway_id": gatewayTwo}), none, nil)
		if got := rulesOf(plan, isError); got != "edge.gateway-unknown" {
			t.Errorf("%s: it says\n%s", what, show(plan.diags))
		}
		says(t, plan.diags, `ERROR at AttributeName("gateway_id")`, "project-1", gatewayTwo)
	}
	quiet(t, "the connection", p.plan("hscn_connection", connection(nil), none, nil))
	wrong("a connection of this plan")

	p.newRun()
	state := made(t, p, connection(nil))
	if _, diags := p.read(state); len(diags) > 0 {
		t.Fatal(show(diags))
	}
	wrong("a connection that was read")
	p.newRun()
	wrong("a connection that was listed")
}

func TestProtocolAGatewayThatTheListLacksIsAskedForOnceMore(t *testing.T) {
	t.Parallel()
	requests := &counted{}
	site := acctest.Start(t, "neutral", requests.option)
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	quiet(t, "the connection", p.plan("hscn_connection", connection(nil), none, nil))
	quiet(t, "a gateway of the list", p.plan("hscn_edge_attachment", edge(nil), none, nil))

	// It is recorded while the plan runs.
	service := site.Service(1)
	site.Load(api.Inventory{Gateways: []api.InventoryGateway{{ID: "urn:vcloud:gateway:new", Service: service, Networks: []string{}}}})
	requests.since()
	quiet(t, "a new gateway", p.plan("hscn_edge_attachment", edge(obj{"name": "app", "gateway_id": "urn:vcloud:gateway:new"}), none, nil))
	if got := requests.since(); !slices.Equal(got, []string{"GET gateways"}) {
		t.Errorf("it asked %v", got)
	}
	for range 2 {
		p.plan("hscn_edge_attachment", edge(obj{"name": "data", "gateway_id": "urn:vcloud:gateway:none"}), none, nil)
	}
	if got := requests.since(); !slices.Equal(got, []string{"GET gateways"}) {
		t.Errorf("for one that is not there it asked %v", got)
	}
}

// A connection that the Authority restricted gets nothing more, be it of this plan's own or only listed; it says so where
// it stays as it is.
func TestProtocolAnEdgeOfARestrictedConnection(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	config := connection(nil)
	state := made(t, p, config)
	site.Fulfil(connectionName)
	site.Approver.Do(http.MethodPost, "/v1/operator/connections/"+state.text(t, "uid")+"/restrict",
		api.AuthorityDecision{AuthorityReference: "HA-7", Reason: "An incident is looked into."}).Must(http.StatusOK)

	plan := p.plan("hscn_edge_attachment", edge(nil), none, nil)
	if got := rulesOf(plan, isError); got != "connection.suspended" {
		t.Errorf("of a connection that was listed it says\n%s", show(plan.diags))
	}
	p.newRun()
	state, diags := p.read(state)
	p.noErrors(diags)
	plan = p.plan("hscn_connection", config, state.state, state.private)
	p.noErrors(plan.diags)
	if got := rulesOf(plan, isWarning); got != "connection.suspended" {
		t.Errorf("unchanged it says\n%s", show(plan.diags))
	}
	plan = p.plan("hscn_edge_attachment", edge(nil), none, nil)
	if got := rulesOf(plan, isError); got != "connection.suspended" {
		t.Errorf("of a connection that was read it says\n%s", show(plan.diags))
	}
	quiet(t, "the destroy", p.destroyed(state))
}

// A connection rests on evidence that the same plan makes as it does on what the broker has.
func TestProtocolEvidenceThatThisPlanMakes(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	resting := connection(obj{"agreement": obj{"basis": "connection_agreement", "evidence_id": "agreement-evidence/ca-2026"}})
	plan := p.plan("hscn_connection", resting, none, nil)
	if got := rulesOf(plan, isError); got != "agreement.evidence-unknown" {
		t.Errorf("without evidence it says\n%s", show(plan.diags))
	}

	p.newRun()
	evidence := obj{"name": "ca-2026", "ods_code": acctest.Good, "signed_on": "2026-10-02", "document_sha256": strings.Repeat("ab", 32)}
	p.noErrors(p.plan("hscn_agreement_evidence", evidence, none, nil).diags)
	plan = p.plan("hscn_connection", resting, none, nil)
	if got := rulesOf(plan, isError); got != "" {
		t.Errorf("with evidence it says\n%s", show(plan.diags))
	}
	plan = p.plan("hscn_connection", connection(obj{
		"name": "orchard", "ods_code": acctest.GoodToo, "agreement": resting["agreement"], "service": obj{"type": "cloud_project", "id": "project-2"},
	}), none, nil)
	if got := rulesOf(plan, isError); got == "" {
		t.Error("another organisation rests on it")
	}

	// It is like every other as to its name.
	if got := rulesOf(p.plan("hscn_agreement_evidence", evidence, none, nil), isError); got != "name.duplicate" {
		t.Errorf("a second one under its name says %s", got)
	}
}

// The commitment of what is given up is told, and stands in nobody's way.
func TestProtocolWhatIsGivenUpBeforeItsCommitmentEnds(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "ukcloud-2021")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	service := site.Service(1)
	config := connection(obj{"service": obj{"type": service.Type, "id": service.ID}})
	state := made(t, p, config)
	quiet(t, "what never was enabled", p.destroyed(state))

	site.Fulfil(connectionName)
	p.newRun()
	state, diags := p.read(state)
	p.noErrors(diags)
	plan := p.destroyed(state)
	p.noErrors(plan.diags)
	if got := rulesOf(plan, isWarning); got != "connection.commitment" {
		t.Errorf("a destroy says\n%s", show(plan.diags))
	}

	other := site.Service(2)
	p.newRun()
	plan = p.plan("hscn_connection", connection(obj{"service": obj{"type": other.Type, "id": other.ID}}), state.state, state.private)
	if len(plan.replace) == 0 || !strings.Contains(rulesOf(plan, isWarning), "connection.commitment") {
		t.Errorf("a replacement says\n%s", show(plan.diags))
	}
}

// What the broker finds of an object that stays as it is comes with every read, and is told once in a run.
func TestProtocolWhatStandsOfAnUnchangedResource(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	found := proxy(t, site, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.HasSuffix(r.URL.Path, connectionName) {
			return false
		}
		pointer := "/profile/reviewed_on"
		now := acctest.Get[api.Connection](site, connectionName)
		now.Findings = []api.Finding{{
			Rule: "profile.review-due", Severity: api.Error, Title: "The profile is due for review", Detail: "It was reviewed long ago.",
			Remedy: "Review it.", Owner: "customer", Pointer: &pointer,
		}}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(now)
		return true
	})
	config := connection(nil)
	state := made(t, speakTo(t, site.URL(), obj{"token": site.Token}), config)
	for checks, want := range map[string]int{"enforce": 1, "warn": 1, "off": 0} {
		p := speakTo(t, found, obj{"token": site.Token, "plan_checks": checks})
		read, diags := p.read(state)
		p.noErrors(diags)
		plan := p.plan("hscn_connection", config, read.state, read.private)
		if len(plan.diags) != want || rulesOf(plan, isError) != "" {
			t.Errorf("%s: it says\n%s", checks, show(plan.diags))
		}
		if want > 0 {
			says(t, plan.diags, `WARNING at AttributeName("profile"): The profile is due for review: profile.reviewed_on: It was reviewed long ago.`,
				"Rule: profile.review-due")
		}
		if again := p.plan("hscn_connection", config, read.state, read.private); strings.Contains(show(again.diags), "profile.review-due") {
			t.Errorf("%s: it says so again\n%s", checks, show(again.diags))
		}
	}
}
