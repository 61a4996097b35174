package provider_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// workspace is one with the provider as it is shipped.
func workspace(t *testing.T) *acctest.Workspace {
	t.Helper()
	return acctest.NewWorkspace(t, acctest.Provider(t))
}

// reads fails the test unless an output has every text.
func reads(t *testing.T, output string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(output, text) {
			t.Errorf("nothing says %q:\n%s", text, output)
		}
	}
}

var unchecked = map[string]string{"HSCN_PLAN_CHECKS": "off"}

// A key of for_each that is renamed gives the object up and buys it again, unless a moved block says that it is the same.
func TestAccARenamedKey(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	w := workspace(t)
	configure := func(key string, more ...string) {
		edges := fmt.Sprintf(`
resource "hscn_edge_attachment" "each" {
  for_each      = { %s = "web" }
  name          = each.value
  connection_id = hscn_connection.records.id
  gateway_id    = %q
}
`, key, site.Gateway(1))
		w.Configure(append([]string{site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good), edges}, more...)...)
	}
	configure("front")
	w.Run("apply", "-auto-approve")
	before := acctest.Get[api.EdgeAttachment](site, edgeName)

	configure("first")
	for _, output := range []string{w.Fail("plan"), w.Fail("plan", "-refresh=false")} {
		reads(t, output, edgeName, "moved block", "HSCN_PLAN_CHECKS=off")
		if !strings.Contains(output, "Rule: name.moved") && !strings.Contains(output, "Rule: name.taken") {
			t.Errorf("the plan says\n%s", output)
		}
	}
	configure("first", "moved {\n  from = hscn_edge_attachment.each[\"front\"]\n  to   = hscn_edge_attachment.each[\"first\"]\n}\n")
	reads(t, w.Run("apply", "-auto-approve"), "0 added, 0 changed, 0 destroyed")
	if after := acctest.Get[api.EdgeAttachment](site, edgeName); after.UID != before.UID {
		t.Error("it was bought again")
	}
}

// A target hides what the plan does elsewhere, so that it is never the reason of an error.
func TestAccATargetHidesWhatElseIsPlanned(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	w := workspace(t)
	one, two := `"`+site.Gateway(1)+`"`, `"`+site.Gateway(2)+`"`
	records := site.Connection("records", "records-prod", 1, acctest.Good)
	site.Load(api.Inventory{Gateways: []api.InventoryGateway{{ID: site.Gateway(2), Service: site.Service(1), Networks: []string{}}}})

	// Two new ones are in each other's way, each by itself is not.
	w.Configure(site.Provider(), records, acctest.Edge("web", "web", "records", one), acctest.Edge("app", "app", "records", one))
	reads(t, w.Fail("plan"), "The gateway is attached already", "Rule: edge.already-attached")
	reads(t, w.Run("plan", "-target=hscn_edge_attachment.app"), "2 to add")
	w.Run("apply", "-auto-approve", "-target=hscn_edge_attachment.web")

	// The one that exists goes to another gateway in the same configuration. With a target nobody sees that: what is
	// certain is that it has the gateway now.
	w.Configure(site.Provider(), records, acctest.Edge("web", "web", "records", two), acctest.Edge("app", "app", "records", one))
	output := w.Run("plan", "-target=hscn_edge_attachment.app")
	reads(t, output, "1 to add", "Warning: The gateway is attached already", edgeName+" (which this plan does not show). Unless that is given up first, the order is refused.")
	output = w.Run("plan")
	reads(t, output, "2 to add", "1 to destroy")
	if strings.Contains(output, "Error:") {
		t.Errorf("the whole plan says\n%s", output)
	}
	w.Configure(site.Provider(), records, acctest.Edge("web", "web", "records", one), acctest.Edge("app", "app", "records", one))
	reads(t, w.Fail("plan"), "Rule: edge.already-attached")
}

// Two aliases of the provider are two processes: what the other has planned is not seen, what it has made is not its own.
func TestAccTwoAliases(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	w := workspace(t)
	second := strings.Replace(site.Provider(), "provider \"hscn\" {", "provider \"hscn\" {\n  alias = \"second\"", 1)
	records := site.Connection("records", "records-prod", 1, acctest.Good)
	const brief = `timeouts = { create = "3s" }` // for one of them, nobody gives the gateway up
	web := acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`, brief)
	app := acctest.Edge("app", "app", "records", `"`+site.Gateway(1)+`"`, brief, "provider = hscn.second")

	w.Configure(site.Provider(), second, records, web, app)
	reads(t, w.Run("plan"), "3 to add")
	// One of the two is refused by the broker, which has the last word.
	reads(t, w.Fail("apply", "-auto-approve"), "The gateway is attached already", "apply again", "Rule: edge.already-attached")

	w.Configure(site.Provider(), second, records, web)
	w.Run("apply", "-auto-approve")
	w.Configure(site.Provider(), second, records, web, app)
	reads(t, w.Run("plan"), "1 to add", "Warning: The gateway is attached already", edgeName+" (which this plan does not show). Unless that is given up first, the order is refused.")

	// The same name under both is one object.
	again := strings.NewReplacer("hscn_edge_attachment\" \"app\"", "hscn_edge_attachment\" \"again\"", "\"app\"", "\"web\"").Replace(app)
	w.Configure(site.Provider(), second, records, web, again)
	reads(t, w.Fail("plan"), "The name is taken", edgeName+" exists already: customer-676 made it", "Rule: name.taken")
}

// An apply that was refused halfway leaves a configuration that no plan accepts, and it can be cleaned up all the same.
func TestAccADestroyAfterAnApplyThatWasPartlyRefused(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	w := workspace(t)
	for _, way := range []struct {
		name        string
		environment map[string]string
		arguments   []string
	}{
		{"HSCN_PLAN_CHECKS=off", unchecked, []string{"-auto-approve"}},
		{"-refresh=false", nil, []string{"-auto-approve", "-refresh=false"}},
	} {
		w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good), site.Connection("lapsed", "lapsed", 2, acctest.Bad))
		reads(t, w.With(unchecked).Fail("apply", "-auto-approve"), "Rule: dspt.stale", "hscn_connection.lapsed")
		reads(t, w.Run("show"), "hscn_connection.records")
		reads(t, w.Fail("destroy", "-auto-approve"), "To destroy none the less what the state has, run terraform destroy with HSCN_PLAN_CHECKS=off, or with -refresh=false.",
			"Rule: dspt.stale")
		reads(t, w.With(way.environment).Run("destroy", way.arguments...), "Destroy complete! Resources: 1 destroyed.")
		if state := acctest.Get[api.ConnectionPage](site, "connections").Items; len(state) > 0 {
			t.Errorf("%s: there still is %v", way.name, state)
		}
	}
}

// A plan is applied on another day, and under another policy, as it was made: nothing in it depends on the day.
func TestAccAPlanIsAppliedOnAnotherDay(t *testing.T) {
	t.Parallel()
	policy := brokertest.Policy(t, "neutral")
	policy.Connections.CommitmentMonths = 1
	site := acctest.Start(t, "neutral", func(c *broker.Config) { c.Policy = policy })
	store := func() {
		t.Helper()
		if _, _, err := site.Desk().StorePolicy(t.Context(), policy); err != nil {
			t.Fatal(err)
		}
	}
	w := workspace(t)
	records := site.Connection("records", "records-prod", 1, acctest.Good)
	web := acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`)
	status := "26/27 Standards Met"
	ending := "2026-11-20"

	// The terms end before a connection that is ordered now could be given up: the plan says when.
	organisation := site.Organisation(acctest.Good, "Meadow Trust", true)
	organisation.Dspt.Status = &status
	organisation.FlowDown.Documents[0].EndedOn = &ending
	site.Load(api.Inventory{Organisations: []api.InventoryOrganisation{organisation}})
	w.Configure(site.Provider(), records, web)
	reads(t, w.Run("plan", "-out=plan"), "2 to add", "20 November 2026", "Rule: agreement.ends-early")

	site.Clock.Advance(15 * time.Hour) // past midnight
	policy.Connections.LeadTimeWorkingDays = 90
	policy.Rules["profile.risk-assessment"] = api.Error
	store()
	reads(t, w.Run("apply", "plan"), "2 added")
	reads(t, w.Run("plan"), "No changes")

	// What was planned as the length of the commitment is what is bought, or nothing is.
	w.Configure(site.Provider(), records, web, site.Connection("more", "more", 2, acctest.Good))
	w.Run("plan", "-out=plan")
	policy.Connections.CommitmentMonths += 11
	store()
	reads(t, w.Fail("apply", "plan"), "inconsistent final plan", "commitment_months")
	if all := acctest.Get[api.ConnectionPage](site, "connections").Items; len(all) != 1 {
		t.Errorf("there are %d connections", len(all))
	}
	reads(t, w.Run("apply", "-auto-approve"), "1 added")
}

// How a plan was checked is no part of it.
func TestAccASavedPlanUnderOtherChecks(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	w := workspace(t)
	one := site.Connection("one", "one-prod", 1, acctest.Good)
	two := site.Connection("two", "two-prod", 2, acctest.Good)
	w.Configure(site.Provider(), one)
	w.Run("plan", "-out=plan")
	reads(t, w.With(unchecked).Run("apply", "plan"), "1 added")

	w.Configure(site.Provider(), one, two)
	w.With(unchecked).Run("plan", "-out=plan")
	reads(t, w.With(map[string]string{"HSCN_PLAN_CHECKS": "enforce"}).Run("apply", "plan"), "1 added")
	reads(t, w.With(map[string]string{"HSCN_PLAN_CHECKS": "warn"}).Run("plan"), "No changes")

	// Replaced with what hangs on it, in a plan that was not checked and an apply that is.
	w.Configure(site.Provider(), one, two, acctest.Edge("web", "web", "one", `"`+site.Gateway(1)+`"`))
	w.Run("apply", "-auto-approve")
	w.Run("taint", "hscn_connection.one")
	w.With(unchecked).Run("plan", "-out=plan")
	reads(t, w.Run("apply", "plan"), "2 added, 0 changed, 2 destroyed")
}
