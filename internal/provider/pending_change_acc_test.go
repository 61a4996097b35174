package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// pending is what state has while a change waits: what was asked for, as if it were so, and that it is not so yet.
func pending(address, change, attribute string, value knownvalue.Check) []statecheck.StateCheck {
	return []statecheck.StateCheck{
		has(address, "state", is("active")), has(address, "pending_change", is(change)), has(address, attribute, value),
		has(address, "state_reason", knownvalue.StringRegexp(saying("is asked for and not made yet"))),
	}
}

// settled is what state has when nothing waits.
func settled(address, attribute string, value knownvalue.Check) []statecheck.StateCheck {
	return []statecheck.StateCheck{
		has(address, "state", is("active")), has(address, "pending_change", knownvalue.Null()), has(address, "state_reason", knownvalue.Null()),
		has(address, attribute, value),
	}
}

// Where people approve, another organisation waits for them and is no difference meanwhile. Approved it is so; refused it
// is asked for again.
func TestAccChangeThatIsApprovedOrRefused(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "ukcloud-2021")
	config := func(code string, more ...string) string {
		return site.Provider() + site.Connection("records", "records-prod", 1, code, more...)
	}
	const toGoodToo, toGood = `{"ods_code":"` + acctest.GoodToo + `"}`, `{"ods_code":"` + acctest.Good + `"}`
	update := planned(connectionAddress, plancheck.ResourceActionUpdate)
	acctest.Terraform(t,
		resource.TestStep{Config: config(acctest.Good)},
		resource.TestStep{
			PreConfig: func() { site.Fulfil(connectionName) },
			Config:    config(acctest.GoodToo), ConfigPlanChecks: update,
			ConfigStateChecks: pending(connectionAddress, toGoodToo, "ods_code", is(acctest.GoodToo)),
		},
		noChanges(config(acctest.GoodToo)),
		resource.TestStep{
			PreConfig: func() { site.Approve(connectionName) },
			Config:    config(acctest.GoodToo), ConfigPlanChecks: planned(connectionAddress, plancheck.ResourceActionNoop),
			ConfigStateChecks: settled(connectionAddress, "ods_code", is(acctest.GoodToo)),
		},
		// What needs nobody takes effect beside what waits.
		resource.TestStep{
			Config: config(acctest.Good, `purchase_order = "PO-2"`), ConfigPlanChecks: update,
			ConfigStateChecks: append(pending(connectionAddress, toGood, "ods_code", is(acctest.Good)), has(connectionAddress, "purchase_order", is("PO-2"))),
		},
		resource.TestStep{
			PreConfig: func() { site.Refuse(connectionName, "The trust has not said so.") },
			Config:    config(acctest.Good, `purchase_order = "PO-2"`), ConfigPlanChecks: update,
			ConfigStateChecks: pending(connectionAddress, toGood, "ods_code", is(acctest.Good)),
		},
		// What waits is taken back by configuring what is so.
		resource.TestStep{
			Config: config(acctest.GoodToo, `purchase_order = "PO-2"`), ConfigPlanChecks: update,
			ConfigStateChecks: settled(connectionAddress, "ods_code", is(acctest.GoodToo)),
		},
		noChanges(config(acctest.GoodToo, `purchase_order = "PO-2"`)),
	)
}

// The way in changes in place: the network has to follow it, whoever has to approve it before.
func TestAccAccessChangesInPlace(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		site.LoadOwnAgreement(acctest.Good, "Meadow Trust")
		config := func(sponsor string, more ...string) string {
			return site.Provider() + strings.NewReplacer(`"flow_down"`, `"connection_agreement"`, "Sam Sponsor", sponsor).
				Replace(site.Connection("records", "records-prod", 1, acctest.Good, more...))
		}
		dedicated := []string{`access = "dedicated_circuit"`, `circuits = { line = { cn_sp = "Example Net" } }`}
		const change = `{"access":"dedicated_circuit","circuits":{"line":{"cn_sp":"Example Net"}}}`
		acctest.Terraform(t,
			resource.TestStep{Config: config("Sam Sponsor")},
			resource.TestStep{
				PreConfig: func() { site.Fulfil(connectionName) },
				Config:    config("Sam Sponsor", dedicated...), ConfigPlanChecks: planned(connectionAddress, plancheck.ResourceActionUpdate),
				ConfigStateChecks: pending(connectionAddress, change, "access", is("dedicated_circuit")),
			},
			// A contact never waits.
			resource.TestStep{
				Config: config("Sue Sponsor", dedicated...), ConfigPlanChecks: planned(connectionAddress, plancheck.ResourceActionUpdate),
				ConfigStateChecks: pending(connectionAddress, change, "access", is("dedicated_circuit")),
			},
			resource.TestStep{
				PreConfig: func() {
					if now := acctest.Get[api.Connection](site, connectionName); now.Profile.BusinessSponsor.Name != "Sue Sponsor" || now.Access != api.SharedLink {
						t.Errorf("the broker has %+v", now)
					}
					site.Fulfil(connectionName)
				},
				Config: config("Sue Sponsor", dedicated...), ConfigPlanChecks: planned(connectionAddress, plancheck.ResourceActionNoop),
				ConfigStateChecks: settled(connectionAddress, "access", is("dedicated_circuit")),
			},
		)
	})
}

func TestAccEdgeAttachmentIsFulfilledByAnother(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		config := func(more ...string) string {
			return site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good) +
				acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`, more...)
		}
		update := planned(edgeAddress, plancheck.ResourceActionUpdate)
		acctest.Terraform(t,
			resource.TestStep{Config: config()},
			resource.TestStep{
				PreConfig: func() { site.Fulfil(connectionName); site.Fulfil(edgeName) },
				Config:    config(`fulfilment = "customer"`), ConfigPlanChecks: update,
				ConfigStateChecks: pending(edgeAddress, `{"fulfilment":"customer"}`, "fulfilment", is("customer")),
			},
			noChanges(config(`fulfilment = "customer"`)),
			resource.TestStep{
				PreConfig: func() { site.Fulfil(edgeName) },
				Config:    config(`fulfilment = "customer"`), ConfigPlanChecks: planned(edgeAddress, plancheck.ResourceActionNoop),
				ConfigStateChecks: settled(edgeAddress, "fulfilment", is("customer")),
			},
			// Back asks for less, and the provider has to take the gateway over all the same.
			resource.TestStep{
				Config: config(), ConfigPlanChecks: update,
				ConfigStateChecks: pending(edgeAddress, `{"fulfilment":"csp"}`, "fulfilment", is("csp")),
			},
			resource.TestStep{
				PreConfig: func() { site.Refuse(edgeName, "Nobody has the time.") },
				Config:    config(`fulfilment = "customer"`),
				ConfigStateChecks: []statecheck.StateCheck{
					has(edgeAddress, "fulfilment", is("customer")), has(edgeAddress, "pending_change", knownvalue.Null()),
					has(edgeAddress, "state_reason", knownvalue.StringRegexp(saying("A change of fulfilment is not made. Refused by", "Nobody has the time."))),
				},
			},
		)
	})
}

// The next plan says why a change was refused, and nothing that is decided between plan and apply is a lost race but that
// very thing.
func TestAccDecisionsBetweenPlanAndApply(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "ukcloud-2021")
	w := workspace(t)
	configure := func(code, order string) {
		w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, code, `purchase_order = "`+order+`"`))
	}
	configure(acctest.Good, "PO-1")
	w.Run("apply", "-auto-approve")
	site.Fulfil(connectionName)
	configure(acctest.GoodToo, "PO-1")
	reads(t, w.Run("apply", "-auto-approve"), "0 added, 1 changed, 0 destroyed")

	configure(acctest.GoodToo, "PO-2")
	w.Run("plan", "-out=planned")
	site.Approve(connectionName)
	reads(t, w.Run("apply", "planned"), "0 added, 1 changed, 0 destroyed")
	reads(t, w.Run("plan"), "No changes.")

	configure(acctest.Good, "PO-2")
	w.Run("apply", "-auto-approve")
	configure(acctest.Good, "PO-3")
	w.Run("plan", "-out=stale")
	site.Refuse(connectionName, "The trust has not said so.")
	reads(t, w.Fail("apply", "stale"), connectionName+" was changed after this plan was made", "A change of ods_code is not made.")
	reads(t, w.Run("plan"), "The last change was refused", "A change of ods_code is not made.", "The trust has not said so.", "1 to change")
	reads(t, w.Run("apply", "-auto-approve"), "0 added, 1 changed, 0 destroyed")
	if now := acctest.Get[api.Connection](site, connectionName); *now.PurchaseOrder != "PO-3" || now.OdsCode != acctest.GoodToo || now.PendingChange == nil {
		t.Errorf("the broker has %+v", now)
	}
}
