package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

const (
	edgeAddress = "hscn_edge_attachment.web"
	edgeName    = "connections/records-prod/edge-attachments/web"
)

// attributeInto keeps an attribute for a later comparison.
func attributeInto(address, attribute string, value *string) resource.TestCheckFunc {
	return func(s *terraform.State) error {
		found, ok := s.RootModule().Resources[address]
		if !ok {
			return fmt.Errorf("there is no %s", address)
		}
		*value = found.Primary.Attributes[attribute]
		return nil
	}
}

func TestAccEdgeAttachment(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		connection := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good)
		config := connection + acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`)
		changed := connection + acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`, `fulfilment = "customer"`,
			`networks = { frontend = { id = "net-1", cidr = "192.168.10.0/24", dns_servers = ["155.231.231.2", "155.231.231.1"] } }`)
		acctest.Terraform(t,
			resource.TestStep{
				Config: config,
				ConfigPlanChecks: planned(edgeAddress, plancheck.ResourceActionCreate,
					plancheck.ExpectKnownValue(edgeAddress, tfjsonpath.New("id"), is(edgeName)),
					plancheck.ExpectUnknownValue(edgeAddress, tfjsonpath.New("included_address"))),
				ConfigStateChecks: []statecheck.StateCheck{
					has(edgeAddress, "id", is(edgeName)),
					has(edgeAddress, "state", is("pending_connection")),
					has(edgeAddress, "included_address", knownvalue.StringRegexp(saying("198.51.100."))),
					has(edgeAddress, "fulfilment", is("csp")),
				},
			},
			noChanges(config),
			resource.TestStep{
				PreConfig: func() {
					site.Fulfil(connectionName)
					site.Fulfil(edgeName)
				},
				Config:            config,
				ConfigStateChecks: []statecheck.StateCheck{has(edgeAddress, "state", is("active")), has(connectionAddress, "state", is("active"))},
			},
			resource.TestStep{
				Config: changed,
				ConfigPlanChecks: planned(edgeAddress, plancheck.ResourceActionUpdate,
					plancheck.ExpectKnownValue(edgeAddress, tfjsonpath.New("included_address"), knownvalue.NotNull())),
				ConfigStateChecks: []statecheck.StateCheck{has(edgeAddress, "fulfilment", is("customer"))},
			},
			noChanges(changed),
			resource.TestStep{
				ResourceName: edgeAddress, ImportState: true, ImportStateId: edgeName, ImportStateVerify: true,
			},
			resource.TestStep{
				ResourceName: edgeAddress, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: edgeName,
				Config: changed,
				ImportPlanChecks: resource.ImportPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(edgeAddress, plancheck.ResourceActionNoop),
				}},
			},
		)
	})
}

// terraform_data stands for a resource of the cloud's own provider, whose id is only known once it is made.
func TestAccGatewayThatIsMadeInTheSameApply(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		config := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good) +
			fmt.Sprintf("resource \"terraform_data\" \"gateway\" {\n  input = %q\n}\n", site.Gateway(1)) +
			acctest.Edge("web", "web", "records", "terraform_data.gateway.output")
		acctest.Terraform(t,
			resource.TestStep{
				Config: config,
				ConfigPlanChecks: planned(edgeAddress, plancheck.ResourceActionCreate,
					plancheck.ExpectUnknownValue(edgeAddress, tfjsonpath.New("gateway_id")),
					plancheck.ExpectKnownValue(edgeAddress, tfjsonpath.New("id"), is(edgeName))),
				ConfigStateChecks: []statecheck.StateCheck{has(edgeAddress, "gateway_id", is(site.Gateway(1)))},
			},
			noChanges(config),
		)
	})
}

func TestAccEdgeThatTheCSPBuilds(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		config := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good) +
			strings.Replace(acctest.Edge("web", "web", "records", `"urn:vcloud:vdc:0001"`), "gateway_id", "vdc_id", 1)
		acctest.Terraform(t,
			resource.TestStep{
				Config: config,
				ConfigStateChecks: []statecheck.StateCheck{
					has(edgeAddress, "gateway_id", knownvalue.Null()), has(edgeAddress, "attached_gateway_id", knownvalue.Null()),
					has(edgeAddress, "included_address", knownvalue.NotNull()),
				},
			},
			noChanges(config),
			resource.TestStep{
				PreConfig: func() {
					site.Fulfil(connectionName)
					site.Build(edgeName, site.Gateway(1))
				},
				Config: config,
				ConfigStateChecks: []statecheck.StateCheck{
					has(edgeAddress, "state", is("active")), has(edgeAddress, "attached_gateway_id", is(site.Gateway(1))),
					has(edgeAddress, "gateway_id", knownvalue.Null()),
				},
			},
			noChanges(config),
			resource.TestStep{ResourceName: edgeAddress, ImportState: true, ImportStateId: edgeName, ImportStateVerify: true},
		)
	})
}

func TestAccEdgeAttachmentDisappears(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	config := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good) +
		acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`)
	acctest.Terraform(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() { site.Remove(edgeName) },
			Config:    config, ConfigPlanChecks: planned(edgeAddress, plancheck.ResourceActionCreate),
		},
	)
}

func TestAccEdgeAttachmentIsRefused(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	connection := site.Provider() + site.Connection("records", "records-prod", 1, acctest.Good)
	acctest.Terraform(t,
		// A gateway of another account looks like one that is not there.
		refused(connection+acctest.Edge("web", "web", "records", `"`+acctest.OtherGateway+`"`),
			"No such gateway", `gateway_id    = "urn:vcloud:gateway:other"`, "hscn_gateways", "Rule: edge.gateway-unknown"),
		refused(connection+acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`)+acctest.Edge("twin", "twin", "records", `"`+site.Gateway(1)+`"`),
			"The gateway is attached already", "Rule: edge.already-attached"),
		refused(connection+"resource \"hscn_edge_attachment\" \"web\" {\n  name = \"web\"\n  connection_id = hscn_connection.records.id\n}\n",
			"No gateway given", "hscn_gateways", "vdc_id"),
		refused(connection+"resource \"hscn_edge_attachment\" \"web\" {\n  name = \"web\"\n  connection_id = \"records-prod\"\n  gateway_id = \"g\"\n}\n",
			"Malformed id", "connections/<name>"),
		refused(connection+acctest.Edge("web", "w", "records", `"`+site.Gateway(1)+`"`), "Malformed name", "too short", "Rule: name.format"),
		refused(connection+acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`, `networks = { front = { cidr = "192.168.10.0" } }`),
			"Malformed network", "192.168.10.0/24"),
		refused(connection+acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`, `vdc_id = "vdc"`), "Two gateways given", `vdc_id is "vdc"`, "Leave out the one that is not meant"),
		resource.TestStep{Config: connection},
	)
}

func TestAccForEachOverTwentyConnectionsWithTheirEdges(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		service := site.Service(1)
		config := site.Provider() + fmt.Sprintf(`
locals {
  sites = { for n in range(1, 21) : format("site-%%02d", n) => n }
}

resource "hscn_connection" "all" {
  for_each  = local.sites
  name      = each.key
  ods_code  = %q
  service   = { type = %q, id = "%s${each.value}" }
  agreement = { basis = "flow_down" }
  %s
}

resource "hscn_edge_attachment" "all" {
  for_each      = local.sites
  name          = "web"
  connection_id = hscn_connection.all[each.key].id
  gateway_id    = format("urn:vcloud:gateway:%%04d", each.value)
}

output "addresses" {
  value = length(distinct(values(hscn_edge_attachment.all)[*].included_address))
}
`, acctest.Good, service.Type, service.ID[:len(service.ID)-1], acctest.Profile())
		acctest.Terraform(t,
			resource.TestStep{
				Config:            config,
				ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("addresses", knownvalue.Int64Exact(20))},
			},
			noChanges(config),
			// All of them are given up in one apply, edges first.
			resource.TestStep{Config: site.Provider()},
		)
	})
}
