package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// intended is the data source for a connection of service number 1 with an edge, whose gateway is an expression.
func intended(site *acctest.Site, organisation, gateway string, more ...string) string {
	service := site.Service(1)
	return fmt.Sprintf(`
data "hscn_preconditions" "records" {
  name      = "records-prod"
  ods_code  = %q
  service   = { type = %q, id = %q }
  agreement = { basis = "flow_down" }
  %s
  edge_attachments = {
    web = { gateway_id = %s, networks = { frontend = { cidr = "192.168.10.0/24" } } }
  }
  %s
}
`, organisation, service.Type, service.ID, acctest.Profile(), gateway, strings.Join(more, "\n  "))
}

// nothingOrdered fails the test where the account has a connection.
func nothingOrdered(t *testing.T, site *acctest.Site) {
	t.Helper()
	page := brokertest.Into[api.ConnectionPage](site.Customer(acctest.Account).Do("GET", "/v1/connections", nil).Must(200))
	if len(page.Items) > 0 {
		t.Errorf("there is %s", page.Items[0].Name)
	}
}

func preconditions(path tfjsonpath.Path, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue("data.hscn_preconditions.records", path, value)
}

func TestAccPreconditions(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		at := tfjsonpath.New[string]
		gateway := `"` + site.Gateway(1) + `"`
		good := site.Provider() + intended(site, acctest.Good, gateway)
		web := acctest.Edge("web", "web", "records", gateway, `networks = { frontend = { cidr = "192.168.10.0/24" } }`)
		ordered := site.Connection("records", "records-prod", 1, acctest.Good) + web
		edge := func(name string) tfjsonpath.Path { return at("edges").AtMapKey("web").AtMapKey(name) }
		acctest.Terraform(t,
			resource.TestStep{
				Config: good,
				ConfigStateChecks: []statecheck.StateCheck{
					preconditions(at("met"), knownvalue.Bool(true)),
					preconditions(at("findings"), knownvalue.ListSizeExact(0)),
					preconditions(at("operation"), is("create")),
					preconditions(at("state"), knownvalue.NotNull()),
					preconditions(at("now"), is("2026-11-02T09:30:00Z")),
					preconditions(at("earliest_enablement_on"), is("2026-11-03")),
					preconditions(at("commitment_months"), knownvalue.NotNull()),
					preconditions(at("lead_time_working_days"), knownvalue.Int64Exact(1)),
					preconditions(edge("operation"), is("create")),
					preconditions(edge("met"), knownvalue.Bool(true)),
					preconditions(edge("state"), is("pending_connection")),
				},
			},
			noChanges(good),
			// Every finding of the whole, in one go: the edge's too, which a plan would not show.
			resource.TestStep{
				PreConfig: func() { nothingOrdered(t, site) },
				Config:    site.Provider() + intended(site, acctest.Bad, `"`+acctest.OtherGateway+`"`),
				ConfigStateChecks: []statecheck.StateCheck{
					preconditions(at("met"), knownvalue.Bool(false)),
					preconditions(at("state"), knownvalue.Null()),
					preconditions(at("findings"), knownvalue.ListPartial(map[int]knownvalue.Check{0: knownvalue.ObjectPartial(map[string]knownvalue.Check{
						"object": is(connectionName), "rule": is("agreement.flow-down-terms"), "severity": is("error"),
						"pointer": is("/agreement/basis"), "owner": is("customer"), "remedy": knownvalue.NotNull(), "retryable": knownvalue.Bool(false),
					})})),
					// A gateway that nobody knows is a finding under every policy; under some it is no refusal.
					preconditions(edge("met"), knownvalue.Bool(brokertest.Policy(t, site.PolicyName).EdgeAttachments.UnknownGatewaysWait)),
				},
			},
			// What exists is judged as what it is, and as changed to what is intended.
			resource.TestStep{
				Config: site.Provider() + ordered,
			},
			resource.TestStep{
				Config: good + ordered,
				ConfigStateChecks: []statecheck.StateCheck{
					preconditions(at("met"), knownvalue.Bool(true)),
					preconditions(at("operation"), is("none")),
					preconditions(edge("operation"), is("none")),
				},
			},
			resource.TestStep{
				Config: site.Provider() + ordered + intended(site, acctest.Good, gateway, `purchase_order = "PO-1"`),
				ConfigStateChecks: []statecheck.StateCheck{
					preconditions(at("met"), knownvalue.Bool(true)),
					preconditions(at("operation"), is("update")),
				},
			},
			// Protection is no precondition, and yet a part of what exists.
			resource.TestStep{
				Config: site.Provider() + ordered + intended(site, acctest.Good, gateway, protection),
				ConfigStateChecks: []statecheck.StateCheck{
					preconditions(at("met"), knownvalue.Bool(true)),
					preconditions(at("findings"), knownvalue.ListSizeExact(0)),
					preconditions(at("operation"), is("update")),
				},
			},
			resource.TestStep{
				PreConfig: func() { site.Patch(connectionName, api.MergePatch{"deletion_protection": true}) },
				Config: site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good, protection) + web +
					intended(site, acctest.Good, gateway, protection),
				ConfigStateChecks: []statecheck.StateCheck{preconditions(at("operation"), is("none"))},
			},
		)
	})
}

// An argument that is only known later puts the reading off to the apply.
func TestAccPreconditionsOfTheUnknown(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	acctest.Terraform(t, resource.TestStep{
		Config: site.Provider() + fmt.Sprintf("resource \"terraform_data\" \"gateway\" {\n  input = %q\n}\n", site.Gateway(1)) +
			intended(site, acctest.Good, "terraform_data.gateway.output"),
		ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectUnknownValue("data.hscn_preconditions.records", tfjsonpath.New("met")),
		}},
		ConfigStateChecks: []statecheck.StateCheck{preconditions(tfjsonpath.New("met"), knownvalue.Bool(true))},
	})
}

func TestAccPreconditionsThatFailAPlan(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	postcondition := `lifecycle {
    postcondition {
      condition     = self.met
      error_message = join("\n", [for f in self.findings : "${f.object}: ${f.detail} ${f.remedy} Rule: ${f.rule}" if f.severity == "error"])
    }
  }`
	gateway := `"` + site.Gateway(1) + `"`
	acctest.Terraform(t,
		refused(site.Provider()+intended(site, acctest.Bad, gateway, postcondition),
			"Resource postcondition failed", connectionName+": ", "Rule: agreement.flow-down-terms", "Rule: dspt.stale"),
		refused(site.Provider()+intended(site, acctest.Good, gateway, `edge_attachments = {}`), "Attribute redefined"),
		refused(site.Provider()+strings.Replace(intended(site, acctest.Good, gateway), "gateway_id = "+gateway, "vdc_id = null", 1), "No gateway given", "vdc_id"),
		refused(site.Provider()+strings.Replace(intended(site, acctest.Good, gateway), "gateway_id = "+gateway, "vdc_id = \"v\", gateway_id = "+gateway, 1), "Two gateways given"),
		refused(site.Provider()+intended(site, acctest.Good, gateway, `activate_at = "tomorrow"`), "Malformed time"),
		resource.TestStep{Config: site.Provider() + intended(site, acctest.Good, gateway, postcondition)},
	)
	nothingOrdered(t, site)
}

// A check warns in every plan, and stops nothing, not even where the broker is out of reach.
func TestPreconditionsInACheck(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	check := func(organisation string) string {
		return "check \"records\" {\n" + intended(site, organisation, `"`+site.Gateway(1)+`"`) + `
  assert {
    condition     = data.hscn_preconditions.records.met
    error_message = join("\n", [for f in data.hscn_preconditions.records.findings : "${f.detail} Rule: ${f.rule}" if f.severity == "error"])
  }
}
`
	}
	w := acctest.NewWorkspace(t, acctest.Provider(t))
	w.Configure(site.Provider(), check(acctest.Good))
	if said := w.Run("plan"); strings.Contains(said, "assertion failed") {
		t.Error(said)
	}
	w.Configure(site.Provider(), check(acctest.Bad))
	if said := w.Run("plan"); !strings.Contains(said, "Check block assertion failed") || !strings.Contains(said, "Rule: dspt.stale") {
		t.Error(said)
	}
	w.Configure("provider \"hscn\" {\n  endpoint = \"http://127.0.0.1:9\"\n  token = \"t\"\n  max_retries = 0\n}\n", check(acctest.Bad))
	if said := w.Run("plan"); !strings.Contains(said, "Error reading preconditions") {
		t.Error(said)
	}
	nothingOrdered(t, site)
}
