package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

func TestAccOrganisationAndAgreement(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		config := site.Provider() + fmt.Sprintf(`
data "hscn_organisation" "good" {
  ods_code = %[1]q
}

data "hscn_organisation" "by_title" {
  title = "meadow tr"
}

data "hscn_organisation" "unchecked" {
  ods_code = %[2]q
}

data "hscn_agreement" "good" {
  title = "Meadow Trust"
}

data "hscn_agreement" "bad" {
  ods_code = %[3]q
}

data "hscn_agreement" "unchecked" {
  ods_code = %[2]q
}
`, " a1b2c ", acctest.Unchecked, acctest.Bad)
		data := func(address string, path tfjsonpath.Path, value knownvalue.Check) statecheck.StateCheck {
			return statecheck.ExpectKnownValue("data."+address, path, value)
		}
		at := tfjsonpath.New[string]
		basis := func(name, member string) tfjsonpath.Path { return at("bases").AtMapKey(name).AtMapKey(member) }
		documents := at("flow_down").AtMapKey("documents")
		acctest.Terraform(t,
			resource.TestStep{
				Config: config,
				ConfigStateChecks: []statecheck.StateCheck{
					data("hscn_organisation.good", at("ods_code"), is(acctest.Good)),
					data("hscn_organisation.good", at("title"), is("Meadow Trust")),
					data("hscn_organisation.good", at("bound"), knownvalue.Bool(true)),
					data("hscn_organisation.good", at("found"), knownvalue.Bool(true)),
					data("hscn_organisation.good", at("active"), knownvalue.Bool(true)),
					data("hscn_organisation.good", at("record_class"), is("RC1")),
					data("hscn_organisation.good", at("primary_role"), is("RO197")),
					data("hscn_organisation.good", at("country"), is("ENGLAND")),
					data("hscn_organisation.good", at("looked_up_at"), knownvalue.NotNull()),
					data("hscn_organisation.good", at("dspt").AtMapKey("status"), is("25/26 Standards Met")),
					data("hscn_organisation.by_title", at("ods_code"), is(acctest.Good)),
					data("hscn_organisation.unchecked", at("found"), knownvalue.Null()),
					data("hscn_organisation.unchecked", at("looked_up_at"), knownvalue.Null()),
					data("hscn_organisation.unchecked", at("dspt"), knownvalue.Null()),
					data("hscn_agreement.good", at("ods_code"), is(acctest.Good)),
					data("hscn_agreement.good", at("register").AtMapKey("found"), knownvalue.Bool(false)),
					data("hscn_agreement.good", documents.AtSliceIndex(0).AtMapKey("version"), is("11.2")),
					data("hscn_agreement.good", basis("flow_down", "holds"), knownvalue.Bool(true)),
					data("hscn_agreement.good", basis("flow_down", "reason"), knownvalue.Null()),
					data("hscn_agreement.good", basis("connection_agreement", "holds"), knownvalue.Bool(false)),
					data("hscn_agreement.good", basis("connection_agreement", "reason"), knownvalue.StringRegexp(saying("has no agreement in the register"))),
					data("hscn_agreement.bad", basis("flow_down", "holds"), knownvalue.Bool(false)),
					data("hscn_agreement.bad", documents, knownvalue.ListSizeExact(0)),
					data("hscn_agreement.unchecked", basis("flow_down", "holds"), knownvalue.Null()),
					data("hscn_agreement.unchecked", basis("flow_down", "reason"), knownvalue.NotNull()),
					data("hscn_agreement.unchecked", at("register"), knownvalue.Null()),
				},
			},
			noChanges(config),
		)
	})
}

func TestAccOrganisationsThatAreNotFound(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	tests := map[string]struct {
		arguments string
		says      []string
	}{
		"several":        {`title = "trust"`, []string{"Several organisations have that title", acctest.Good, "Meadow Trust", "Orchard Trust", "Give the ods_code"}},
		"none":           {`title = "no such thing"`, []string{"No such organisation", "no such thing", "odsdatasearchandexport"}},
		"malformed code": {`ods_code = "A1-B2"`, []string{"Malformed ODS code", "A1-B2"}},
		"short title":    {`title = "me"`, []string{"Invalid Attribute Value Length"}},
		"neither":        {``, []string{"one (and only one) of [ods_code,title] is required"}},
		"both":           {"ods_code = \"A1B2C\"\n  title = \"Meadow\"", []string{"Invalid Attribute Combination"}},
	}
	for name, test := range tests {
		for _, kind := range []string{"hscn_organisation", "hscn_agreement"} {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				acctest.Terraform(t, refused(site.Provider()+fmt.Sprintf("data %q \"it\" {\n  %s\n}\n", kind, test.arguments), test.says...))
			})
		}
	}
}
