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

func TestAccDataSources(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		service := site.Service(3)
		config := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good, `purchase_order = "PO-1"`) +
			acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`) + fmt.Sprintf(`
data "hscn_policy" "now" {}

data "hscn_service" "third" {
  type = %[1]q
  id   = %[2]q
}

data "hscn_services" "all" {
  depends_on = [hscn_edge_attachment.web]
}

data "hscn_gateways" "first" {
  service    = hscn_connection.records.service
  depends_on = [hscn_edge_attachment.web]
}

data "hscn_connection" "by_id" {
  id = hscn_connection.records.id
  depends_on = [hscn_connection.records]
}

data "hscn_connection" "by_name" {
  name       = "records-prod"
  depends_on = [hscn_connection.records]
}

data "hscn_connections" "all" {
  depends_on = [hscn_connection.records]
}
`, service.Type, service.ID)
		data := func(address string, path tfjsonpath.Path, value knownvalue.Check) statecheck.StateCheck {
			return statecheck.ExpectKnownValue("data."+address, path, value)
		}
		at := tfjsonpath.New[string]
		acctest.Terraform(t,
			resource.TestStep{
				Config: config,
				ConfigStateChecks: []statecheck.StateCheck{
					data("hscn_policy.now", at("title"), is(site.PolicyName)),
					data("hscn_policy.now", at("sample"), knownvalue.Bool(true)),
					data("hscn_policy.now", at("rules").AtMapKey("dspt.stale"), is("error")),
					data("hscn_policy.now", at("connections").AtMapKey("lead_time_working_days"), knownvalue.Int64Exact(1)),
					data("hscn_policy.now", at("service_types").AtMapKey(service.Type).AtMapKey("id_example"), knownvalue.NotNull()),
					data("hscn_service.third", at("hscn_offered"), knownvalue.Bool(true)),
					data("hscn_service.third", at("connection_id"), knownvalue.Null()),
					data("hscn_services.all", at("services"), knownvalue.ListSizeExact(acctest.Services)),
					data("hscn_gateways.first", at("gateways"), knownvalue.ListSizeExact(1)),
					data("hscn_gateways.first", at("gateways").AtSliceIndex(0).AtMapKey("id"), is(site.Gateway(1))),
					data("hscn_gateways.first", at("gateways").AtSliceIndex(0).AtMapKey("edge_attachment_id"), is(edgeName)),
					data("hscn_connection.by_id", at("name"), is("records-prod")),
					data("hscn_connection.by_id", at("purchase_order"), is("PO-1")),
					data("hscn_connection.by_id", at("profile").AtMapKey("security_lead").AtMapKey("email"), is("lead@trust.example")),
					data("hscn_connection.by_name", at("id"), is(connectionName)),
					data("hscn_connection.by_name", at("created_by"), is("customer-"+acctest.Account)),
					data("hscn_connections.all", at("connections"), knownvalue.ListSizeExact(1)),
					data("hscn_connections.all", at("connections").AtSliceIndex(0).AtMapKey("id"), is(connectionName)),
				},
			},
			noChanges(config),
		)
	})
}

func TestAccDataSourcesThatFindNothing(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	tests := map[string]struct {
		config string
		says   []string
	}{
		// Through a local the data source is read at plan, before the object exists.
		"connection that this plan makes": {
			site.Connection("records", "records-prod", 1, acctest.Good) +
				"locals {\n  id = \"connections/records-prod\"\n}\ndata \"hscn_connection\" \"records\" {\n  id = local.id\n}\n",
			[]string{"No such connection", "refer to the resource instead"},
		},
		"malformed id":      {"data \"hscn_connection\" \"records\" {\n  id = \"records-prod\"\n}\n", []string{"Malformed id", "connections/<name>"}},
		"malformed name":    {"data \"hscn_connection\" \"records\" {\n  name = \"Records\"\n}\n", []string{"Malformed name"}},
		"neither":           {"data \"hscn_connection\" \"records\" {}\n", []string{"one (and only one) of [id,name] is required"}},
		"no such service":   {"data \"hscn_service\" \"s\" {\n  type = \"cloud_project\"\n  id = \"none\"\n}\n", []string{"No such cloud service", "hscn_services"}},
		"another's service": {"data \"hscn_service\" \"s\" {\n  type = \"cloud_project\"\n  id = \"project-901\"\n}\n", []string{"No such cloud service"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acctest.Terraform(t, refused(site.Provider()+test.config, test.says...))
		})
	}
}
