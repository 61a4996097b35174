package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

const (
	connectionAddress = "hscn_connection.records"
	connectionName    = "connections/records-prod"
)

// noChanges is a step that fails where the plan would change anything.
func noChanges(config string) resource.TestStep {
	return resource.TestStep{Config: config, PlanOnly: true}
}

// refused is a step that fails unless Terraform says all of the texts, in that order, however it breaks lines.
func refused(config string, texts ...string) resource.TestStep {
	return resource.TestStep{Config: config, ExpectError: saying(texts...)}
}

// saying matches texts in that order, however Terraform breaks their lines.
func saying(texts ...string) *regexp.Regexp {
	patterns := make([]string, len(texts))
	for i, text := range texts {
		words := strings.Fields(text)
		for j, word := range words {
			words[j] = regexp.QuoteMeta(word)
		}
		patterns[i] = strings.Join(words, `\s+`)
	}
	return regexp.MustCompile(`(?s)` + strings.Join(patterns, `.*`))
}

func has(address, attribute string, value knownvalue.Check) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(address, tfjsonpath.New(attribute), value)
}

func is(value string) knownvalue.Check { return knownvalue.StringExact(value) }

// planned checks what a plan does with a resource before it is applied.
func planned(address string, action plancheck.ResourceActionType, more ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: append([]plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}, more...)}
}

func TestAccConnection(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		config := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good)
		changed := site.Provider() + site.Connection("records", "records-prod", 1, acctest.GoodToo, `purchase_order = "PO-2"`)
		acctest.Terraform(t,
			resource.TestStep{
				Config: config,
				ConfigPlanChecks: planned(connectionAddress, plancheck.ResourceActionCreate,
					plancheck.ExpectKnownValue(connectionAddress, tfjsonpath.New("id"), is(connectionName)),
					plancheck.ExpectKnownValue(connectionAddress, tfjsonpath.New("commitment_months"), knownvalue.NotNull()),
					plancheck.ExpectUnknownValue(connectionAddress, tfjsonpath.New("state")),
				),
				ConfigStateChecks: []statecheck.StateCheck{
					has(connectionAddress, "id", is(connectionName)),
					has(connectionAddress, "uid", knownvalue.NotNull()),
					has(connectionAddress, "access", is("shared_link")),
					has(connectionAddress, "purpose", is("production")),
					has(connectionAddress, "wait_for", is("accepted")),
					has(connectionAddress, "deletion_protection", knownvalue.Bool(false)),
					has(connectionAddress, "monthly_charge_gbp", knownvalue.Null()),
					has(connectionAddress, "enabled_at", knownvalue.Null()),
				},
			},
			noChanges(config),
			resource.TestStep{
				PreConfig: func() { site.Fulfil(connectionName) },
				Config:    config,
				ConfigStateChecks: []statecheck.StateCheck{
					has(connectionAddress, "state", is("active")),
					has(connectionAddress, "enabled_at", knownvalue.NotNull()),
				},
			},
			resource.TestStep{
				Config: changed,
				ConfigPlanChecks: planned(connectionAddress, plancheck.ResourceActionUpdate,
					plancheck.ExpectKnownValue(connectionAddress, tfjsonpath.New("id"), is(connectionName)),
					plancheck.ExpectKnownValue(connectionAddress, tfjsonpath.New("uid"), knownvalue.NotNull()),
				),
				ConfigStateChecks: []statecheck.StateCheck{
					has(connectionAddress, "ods_code", is(acctest.GoodToo)),
					has(connectionAddress, "purchase_order", is("PO-2")),
				},
			},
			noChanges(changed),
			// Only Terraform's own: the plan shows nothing else, and the broker is not asked.
			resource.TestStep{
				Config: site.Provider() + site.Connection("records", "records-prod", 1, acctest.GoodToo, `purchase_order = "PO-2"`, `timeouts = { create = "1h" }`),
				ConfigPlanChecks: planned(connectionAddress, plancheck.ResourceActionUpdate,
					plancheck.ExpectKnownValue(connectionAddress, tfjsonpath.New("state"), knownvalue.NotNull())),
			},
		)
	})
}

func TestAccConnectionIsImported(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		// What is declared in every way that an import has to find again.
		more := []string{
			`access = "shared_link"`, `circuits = {}`, `purchase_order = "PO-1"`, `activate_at = "2026-12-01T09:00:00Z"`,
			`accepted_setup_charge_gbp = "0.00"`,
		}
		config := site.Provider() + strings.Replace(site.Connection("records", "records-prod", 1, acctest.Good, more...),
			"reviewed_on", `shared_with = { `+acctest.GoodToo+` = { basis = "flow_down", bound_by_terms = true } }
    outside_england = { data_locations = ["IE", "GB"], policy_attested = true }
    reviewed_on`, 1)
		acctest.Terraform(t,
			resource.TestStep{Config: config},
			resource.TestStep{
				ResourceName: connectionAddress, ImportState: true, ImportStateId: connectionName, ImportStateVerify: true,
			},
			resource.TestStep{
				ResourceName: connectionAddress, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: connectionName,
				Config: config,
				ImportPlanChecks: resource.ImportPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(connectionAddress, plancheck.ResourceActionNoop),
				}},
			},
			resource.TestStep{
				ResourceName: connectionAddress, ImportState: true, ImportStateId: "connections/no-such",
				ExpectError: saying("Error importing connection", "There is no connections/no-such for the account 676"),
			},
			resource.TestStep{
				ResourceName: connectionAddress, ImportState: true, ImportStateId: "records-prod",
				ExpectError: saying("Error importing connection", `connection id "records-prod" does not have the form connections/<name>`),
			},
		)
	})
}

func TestAccConnectionDisappears(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		config := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good)
		acctest.Terraform(t,
			resource.TestStep{Config: config},
			resource.TestStep{
				PreConfig: func() { site.Remove(connectionName) },
				Config:    config, ConfigPlanChecks: planned(connectionAddress, plancheck.ResourceActionCreate),
			},
			// Destroying what is gone already is no error.
			resource.TestStep{
				PreConfig: func() { site.Remove(connectionName) },
				Config:    config, Destroy: true,
			},
		)
	})
}

func TestAccConnectionIsRefusedAtPlan(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		config := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Bad)
		acctest.Terraform(t,
			// All that is wrong with it is said at once, and how to destroy none the less.
			refused(config, "The DSPT assessment is out of date", `ods_code  = "`+acctest.Bad+`"`, "HSCN_PLAN_CHECKS=off, or with -refresh=false",
				"Rule: dspt.stale", "No terms that carry the HSCN Connection Agreement", `agreement = { basis = "flow_down" }`,
				"Rule: agreement.flow-down-terms"),
			// Off is off, but the broker says the same on the same attributes.
			refused(strings.Replace(config, "token ", "plan_checks = \"off\"\n  token ", 1),
				`ods_code = "`+acctest.Bad+`"`, "Rule: dspt.stale", `agreement = { basis = "flow_down" }`, "Rule: agreement.flow-down-terms"),
			// The operator puts it right.
			resource.TestStep{
				PreConfig: func() {
					site.Load(api.Inventory{Organisations: []api.InventoryOrganisation{site.Organisation(acctest.Bad, "Lapsed Trust", true)}})
				},
				Config: config,
			},
			noChanges(config),
		)
	})
}

func TestAccConnectionForAnOrganisationThatIsNotTheAccounts(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		config := func(code string) string {
			return site.Provider() + site.Connection("records", "records-prod", 1, code)
		}
		acctest.Terraform(t,
			refused(config(acctest.Foreign), "The account may not act for this organisation", `ods_code = "`+acctest.Foreign+`"`,
				"Your cloud service provider can put this right.", "Rule: organisation.not-bound"),
			// The code is one that nobody has ever heard of: it is asked for by name before it is refused.
			refused(config("ZZZ99"), "ZZZ99", "Rule: organisation.not-bound"),
			refused(strings.Replace(config(acctest.Good), site.Service(1).ID, site.Service(1).ID+"99", 1), "No such cloud service", "hscn_services", "Rule: service.unknown"),
		)
	})
}

func TestAccConnectionIsRefusedAtApply(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		site.Put("connections/older", acctest.Spec(site, 1))
		config := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good, `timeouts = { create = "3s" }`)
		acctest.Terraform(t,
			refused(config, "The service is connected already", "connections/older", "apply again", "Rule: service.already-connected"),
			resource.TestStep{PreConfig: func() { site.Remove("connections/older") }, Config: config},
		)
	})
}

func TestAccConnectionIsRefusedByTheOperatorAndOrderedAgain(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		config := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good) +
			acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`)
		var first, second string
		acctest.Terraform(t,
			resource.TestStep{Config: config, Check: attributeInto(connectionAddress, "uid", &first)},
			resource.TestStep{
				PreConfig: func() { site.Refuse(connectionName, "The forms came back unsigned.") },
				Config:    config,
				ConfigPlanChecks: planned(connectionAddress, plancheck.ResourceActionReplace,
					plancheck.ExpectResourceAction("hscn_edge_attachment.web", plancheck.ResourceActionReplace),
					plancheck.ExpectUnknownValue(connectionAddress, tfjsonpath.New("state_reason")),
				),
				Check: attributeInto(connectionAddress, "uid", &second),
			},
			noChanges(config),
		)
		if first == second || second == "" {
			t.Errorf("the order has the uid %q, as before", second)
		}
	})
}

func TestAccConnectionNameIsTaken(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	site.Put(connectionName, acctest.Spec(site, 2))
	config := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good)
	acctest.Terraform(t,
		refused(config, "The name is taken", `name = "records-prod"`, connectionName+" exists already: customer-676 made it on 2 November 2026",
			"import {", "to = hscn_connection.records_prod", `id = "connections/records-prod"`, "HSCN_PLAN_CHECKS=off", "Rule: name.taken"),
		// What was not checked the broker says, and what may have led to it in an apply.
		refused(strings.Replace(config, "token ", "plan_checks = \"off\"\n  token ", 1), "The name is taken", connectionName+" exists already: customer-676 made it",
			"import {", "create_before_destroy", "Rule: name.taken"),
	)
}

func TestAccConnectionOfTheSameNameByAnotherIsNotAdopted(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	config := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good)
	acctest.Terraform(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				site.Remove(connectionName)
				site.Put(connectionName, acctest.Spec(site, 2))
			},
			Config: config, ExpectError: saying("The name is taken", "import {"),
		},
	)
}

// What another resource makes is only known in the apply; what comes of it is what was planned.
func TestAccConnectionOfValuesThatAreMadeInTheSameApply(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	config := strings.NewReplacer(
		`"records-prod"`, "terraform_data.made.output.name", `"`+acctest.Good+`"`, "terraform_data.made.output.code",
		`"sponsor@trust.example"`, "terraform_data.made.output.email",
	).Replace(site.Connection("records", "records-prod", 1, acctest.Good, "circuits = terraform_data.made.output.circuits",
		"activate_at = terraform_data.made.output.at")) + acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`)
	config = site.Provider() + fmt.Sprintf(`
resource "terraform_data" "made" {
  input = { name = "records-prod", code = " %s", email = "Sponsor@Trust.example", circuits = {}, at = "2026-12-01T10:00:00+01:00" }
}
`, strings.ToLower(acctest.Good)) + config
	acctest.Terraform(t,
		resource.TestStep{
			Config: config,
			ConfigPlanChecks: planned(connectionAddress, plancheck.ResourceActionCreate,
				plancheck.ExpectUnknownValue(connectionAddress, tfjsonpath.New("id"))),
			ConfigStateChecks: []statecheck.StateCheck{
				has(connectionAddress, "id", is(connectionName)),
				has(connectionAddress, "ods_code", is(" "+strings.ToLower(acctest.Good))),
				has(edgeAddress, "id", is(edgeName)),
			},
		},
		noChanges(config),
	)
}

func TestAccConnectionChangedElsewhereIsPutBack(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	config := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good, `purchase_order = "PO-1"`)
	acctest.Terraform(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig:          func() { site.Patch(connectionName, api.MergePatch{"purchase_order": "PO-9"}) },
			RefreshState:       true,
			ExpectNonEmptyPlan: true,
		},
		resource.TestStep{
			Config: config, ConfigPlanChecks: planned(connectionAddress, plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{has(connectionAddress, "purchase_order", is("PO-1"))},
		},
		noChanges(config),
	)
}

func TestAccSpellingsMakeNoDifference(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	written := func(code, email, other, at, country string) string {
		config := site.Connection("records", "records-prod", 1, code, `activate_at = "`+at+`"`)
		config = strings.Replace(config, "sponsor@trust.example", email, 1)
		return site.Provider() + strings.Replace(config, "reviewed_on", `shared_with = { "`+other+`" = { basis = "flow_down" } }
    outside_england = { data_locations = ["`+country+`", "FR"] }
    reviewed_on`, 1)
	}
	first := written(" a1b2c", "Sponsor@Trust.example", "b2c3d", "2026-12-01T10:00:00+01:00", "ie")
	second := written("A1B2C ", "sponsor@trust.EXAMPLE", "B2C3D", "2026-12-01T09:00:00.000Z", "IE")
	sharedWith := func(key string) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(connectionAddress, tfjsonpath.New("profile").AtMapKey("shared_with").AtMapKey(key), knownvalue.NotNull())
	}
	kept := []statecheck.StateCheck{
		has(connectionAddress, "ods_code", is(" a1b2c")),
		has(connectionAddress, "activate_at", is("2026-12-01T10:00:00+01:00")),
		statecheck.ExpectKnownValue(connectionAddress, tfjsonpath.New("profile").AtMapKey("business_sponsor").AtMapKey("email"), is("Sponsor@Trust.example")),
		sharedWith("b2c3d"),
	}
	acctest.Terraform(t,
		resource.TestStep{Config: first, ConfigStateChecks: kept},
		noChanges(first),
		noChanges(second),
		// A change beside it takes no other spelling with it.
		resource.TestStep{
			Config: strings.Replace(second, "  activate_at", "  purchase_order = \"PO-1\"\n  activate_at", 1),
			ConfigPlanChecks: planned(connectionAddress, plancheck.ResourceActionUpdate,
				plancheck.ExpectKnownValue(connectionAddress, tfjsonpath.New("ods_code"), is(" a1b2c"))),
			ConfigStateChecks: append(kept, has(connectionAddress, "purchase_order", is("PO-1"))),
		},
		resource.TestStep{
			ResourceName: connectionAddress, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: connectionName,
			Config: strings.Replace(first, "  activate_at", "  purchase_order = \"PO-1\"\n  activate_at", 1),
			ImportPlanChecks: resource.ImportPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(connectionAddress, plancheck.ResourceActionNoop),
			}},
		},
	)
}

func TestAccMalformedValues(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	good := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good)
	replaced := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the configuration has no %s", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	tests := map[string]struct {
		config string
		says   []string
	}{
		"name":    {replaced(`"records-prod"`, `"Records_Prod"`), []string{"Malformed name", `name      = "Records_Prod"`, `starts with 'R'`, "Rule: name.format"}},
		"code":    {replaced(`"A1B2C"`, `"A1-B2C"`), []string{"Malformed ODS code", `ods_code  = "A1-B2C"`, "character 3", "Rule: organisation.code-format"}},
		"e-mail":  {replaced(`"lead@trust.example"`, `"Lee Lead <lead@trust.example>"`), []string{"Malformed e-mail address", "leave out the display name"}},
		"date":    {replaced(`"2026-10-01"`, `"1.10.2026"`), []string{"Malformed date", "1.10.2026"}},
		"time":    {replaced(`agreement =`, "activate_at = \"2027-01-12 10:00\"\n  agreement ="), []string{"Malformed time", "2027-01-12T10:00:00Z"}},
		"sum":     {replaced(`agreement =`, "accepted_setup_charge_gbp = \"1,250\"\n  agreement ="), []string{"Malformed sum", "1250.00"}},
		"access":  {replaced(`agreement =`, "access = \"dedicated\"\n  agreement ="), []string{"Invalid Attribute Value Match", "shared_link"}},
		"circuit": {replaced(`agreement =`, "access = \"dedicated_circuit\"\n  agreement ="), []string{"organisation's own agreement", "Rule: agreement.dedicated-needs-own"}},
		"circuit's name": {
			replaced(`agreement =`, "circuits = { A = {} }\n  agreement ="), []string{"Malformed name", "starts with 'A'"},
		},
		"no time": {replaced(`agreement =`, "timeouts = { create = \"0s\" }\n  agreement ="), []string{"Malformed length of time", `"0s" is not a length of time`}},
		"organisation twice": {
			replaced(`reviewed_on`, "shared_with = { x26 = {}, X26 = {} }\n    reviewed_on"),
			[]string{"The same organisation twice", `"X26" and "x26" are two spellings of one organisation`},
		},
		"evidence": {replaced(`basis = "flow_down"`, `basis = "flow_down", evidence_id = "agreement-evidence/ca"`), []string{"No such agreement evidence", "too short", "Rule: agreement.evidence-unknown"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.Terraform(t, refused(test.config, append([]string{"Error:"}, test.says...)...))
		})
	}
}
