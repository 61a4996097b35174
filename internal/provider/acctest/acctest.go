// Package acctest is what the provider's acceptance tests stand on: a broker in the test's own process with an account,
// services, gateways and organisations; Terraform or OpenTofu; and what the operator does meanwhile. The provider is
// tested against the broker itself, never against a mock of it.
package acctest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/policy"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider"
)

// Account is whose token the provider has; OtherAccount has a service and a gateway of its own.
const (
	Account      = "676"
	OtherAccount = "90"
)

// Organisations of the inventory.
const (
	// Good is an organisation of which all is well, and GoodToo another.
	Good, GoodToo = "A1B2C", "B2C3D"
	// Bad has neither an agreement nor a DSPT that counts: both were looked up.
	Bad = "L4P5E"
	// Unchecked is one that nobody has looked up.
	Unchecked = "N0N3X"
	// Foreign is one that the account may not act for.
	Foreign = "F0R3N"
)

// ukCloud is the sample policy whose services and zones have other names than the neutral one's.
const ukCloud = "ukcloud-2021"

// Services is how many services the account has, each with a gateway of the same number, counted from 1. The gateway of
// the last one carries the internet besides.
const Services = 24

// Policies are the sample policies, which the tests run under.
func Policies() []string { return policy.Samples() }

// Site is a broker with an account to test with.
type Site struct {
	*brokertest.Broker
	// PolicyName is the policy's that it runs under.
	PolicyName string
	// Recorder and Approver are two operators, where policy wants a second person.
	Recorder, Approver brokertest.Client
	// Token is the customer's.
	Token string

	t *testing.T
}

// Start starts a broker under a sample policy and records the inventory.
func Start(t *testing.T, policyName string, options ...func(*broker.Config)) *Site {
	t.Helper()
	options = append([]func(*broker.Config){func(c *broker.Config) { c.Policy = brokertest.Policy(t, policyName) }}, options...)
	s := &Site{Broker: brokertest.Start(t, options...), PolicyName: policyName, t: t}
	s.Recorder, s.Approver = s.Operator("recorder"), s.Operator("approver")
	s.Token = s.Customer(Account).Token
	s.Load(s.inventory())
	return s
}

// Load records an inventory.
func (s *Site) Load(inventory api.Inventory) {
	s.t.Helper()
	inventory.Version = 1
	s.Recorder.Do(http.MethodPost, "/v1/operator/inventory", inventory).Must(http.StatusOK)
}

// Service is the account's service number n.
func (s *Site) Service(n int) api.ServiceReference {
	if s.PolicyName == ukCloud {
		return api.ServiceReference{Type: "vmware_cloud_director_org", ID: fmt.Sprintf("%s-%d", Account, n)}
	}
	return api.ServiceReference{Type: "cloud_project", ID: fmt.Sprintf("project-%d", n)}
}

// Gateway is the id of the gateway of service number n.
func (s *Site) Gateway(n int) string { return fmt.Sprintf("urn:vcloud:gateway:%04d", n) }

// OtherGateway is a gateway of the other account's.
const OtherGateway = "urn:vcloud:gateway:other"

func (s *Site) zone() string {
	if s.PolicyName == ukCloud {
		return "1"
	}
	return "main"
}

func (s *Site) inventory() api.Inventory {
	other := api.ServiceReference{Type: s.Service(1).Type, ID: strings.Replace(s.Service(1).ID, "1", "901", 1)}
	if s.PolicyName == ukCloud {
		other.ID = OtherAccount + "-1"
	}
	inventory := api.Inventory{
		Accounts: []api.InventoryAccount{
			{ID: Account, Title: "Meadow Health", Organisations: []string{Good, GoodToo, Bad, Unchecked}},
			{ID: OtherAccount, Title: "Harbour Care", Organisations: []string{Foreign}},
		},
		Services: []api.InventoryService{{Type: other.Type, ID: other.ID, Account: OtherAccount, Zone: s.zone()}},
		Gateways: []api.InventoryGateway{{ID: OtherGateway, Service: other}},
		Organisations: []api.InventoryOrganisation{
			s.Organisation(Good, "Meadow Trust", true), s.Organisation(GoodToo, "Orchard Trust", true),
			s.Organisation(Bad, "Lapsed Trust", false), s.Organisation(Foreign, "Harbour Trust", true),
		},
		Pools: []api.InventoryPool{{Name: "hscn-pool", Zone: s.zone(), Cidr: "198.51.100.0/24"}},
	}
	for n := 1; n <= Services; n++ {
		service := s.Service(n)
		inventory.Services = append(inventory.Services, api.InventoryService{Type: service.Type, ID: service.ID, Account: Account, Zone: s.zone()})
		inventory.Gateways = append(inventory.Gateways, api.InventoryGateway{ID: s.Gateway(n), Service: service, Networks: []string{}})
	}
	inventory.Gateways[len(inventory.Gateways)-1].Networks = []string{"internet"}
	return inventory
}

// Organisation is what was looked up of one: of a good one everything that an order needs, of another an agreement that
// is not there and a DSPT that has lapsed.
func (s *Site) Organisation(code, title string, good bool) api.InventoryOrganisation {
	at := s.Clock.Now()
	yes, class, country, role := true, "RC1", "ENGLAND", "RO197"
	status := "25/26 Standards Met"
	documents := []api.FlowDownDocument{{Kind: "master_services_agreement", Version: "11.2"}}
	if !good {
		status, documents = "23/24 Standards Met", []api.FlowDownDocument{}
	}
	return api.InventoryOrganisation{
		OdsCode: code,
		Directory: &api.DirectoryRecord{
			LookedUpAt: at, Found: true, Title: &title, Active: &yes, RecordClass: &class, Country: &country, PrimaryRole: &role,
		},
		Register: &api.RegisterRecord{LookedUpAt: at, Found: false},
		FlowDown: &api.FlowDownRecord{LookedUpAt: at, Documents: documents},
		Dspt:     &api.DSPTRecord{LookedUpAt: at, Found: true, Status: &status},
	}
}

// Provider is the provider's block, with more lines in it.
func (s *Site) Provider(more ...string) string {
	return fmt.Sprintf("provider \"hscn\" {\n  endpoint = %q\n  token    = %q\n%s\n}\n", s.URL(), s.Token, strings.Join(more, "\n"))
}

// Connection is a connection of service number n for an organisation, with more lines in it.
func (s *Site) Connection(label, name string, n int, organisation string, more ...string) string {
	service := s.Service(n)
	return fmt.Sprintf(`
resource "hscn_connection" %q {
  name      = %q
  ods_code  = %q
  service   = { type = %q, id = %q }
  agreement = { basis = "flow_down" }
  %s
  %s
}
`, label, name, organisation, service.Type, service.ID, Profile(), strings.Join(more, "\n  "))
}

// Profile is a profile that no rule has anything to say of, with more lines in it.
func Profile(more ...string) string {
	return fmt.Sprintf(`profile = {
    business_sponsor           = { name = "Sam Sponsor", email = "sponsor@trust.example" }
    security_lead              = { name = "Lee Lead", email = "lead@trust.example", phone = "+44 20 7946 0000" }
    handles_patient_data       = true
    encryption                 = { in_application = true, standard = "AES-256", attested_on = "2026-11-02" }
    risk_assessment            = { reference = "RA-17", completed_on = "2026-10-01" }
    monitoring_acknowledged_on = "2026-11-02"
    reviewed_on                = "2026-11-02"
    %s
  }`, strings.Join(more, "\n    "))
}

// Edge is an edge attachment of a connection's label to a gateway, which is an expression, with more lines in it.
func Edge(label, name, connection, gateway string, more ...string) string {
	return fmt.Sprintf(`
resource "hscn_edge_attachment" %q {
  name          = %q
  connection_id = hscn_connection.%s.id
  gateway_id    = %s
  %s
}
`, label, name, connection, gateway, strings.Join(more, "\n  "))
}

// orderOf is the open order of an object.
func (s *Site) orderOf(name string) api.Order {
	s.t.Helper()
	s.Work()
	page := brokertest.Into[api.OrderPage](s.Recorder.Do(http.MethodGet, "/v1/operator/orders?page_size=1000", nil).Must(http.StatusOK))
	for _, order := range page.Items {
		if order.Object == name {
			return order
		}
	}
	s.t.Fatalf("no order of %s is open: %v", name, page.Items)
	return api.Order{}
}

// Fulfil does what the operator does until an object is active: approves, where policy wants it, and confirms.
func (s *Site) Fulfil(name string) {
	s.t.Helper()
	s.fulfil(name, api.OrderConfirmation{})
}

// Build is Fulfil of an edge attachment whose gateway the operator builds: the one of that id.
func (s *Site) Build(name, gateway string) {
	s.t.Helper()
	s.fulfil(name, api.OrderConfirmation{GatewayID: &gateway})
}

func (s *Site) fulfil(name string, confirmation api.OrderConfirmation) {
	s.t.Helper()
	order := s.orderOf(name)
	if given(order.WaitsFor) == "approval" {
		s.Approver.Do(http.MethodPost, fmt.Sprintf("/v1/operator/orders/%d/approve", order.ID), api.OrderNote{}).Must(http.StatusOK)
		order = s.orderOf(name)
	}
	s.Recorder.Do(http.MethodPost, fmt.Sprintf("/v1/operator/orders/%d/done", order.ID), confirmation).Must(http.StatusOK)
	s.Work()
}

// Refuse refuses the order of an object.
func (s *Site) Refuse(name, reason string) {
	s.t.Helper()
	order := s.orderOf(name)
	s.Approver.Do(http.MethodPost, fmt.Sprintf("/v1/operator/orders/%d/refuse", order.ID), api.OrderReason{Reason: reason}).Must(http.StatusOK)
	s.Work()
}

// Spec is a connection of service number n that somebody orders past Terraform.
func Spec(s *Site, n int) api.ConnectionSpec {
	spec := brokertest.Connection("", Good)
	spec.Service = s.Service(n)
	return spec
}

// Get reads an object of the account.
func Get[T any](s *Site, name string) T {
	s.t.Helper()
	return brokertest.Into[T](s.asCustomer().Do(http.MethodGet, "/v1/"+name, nil).Must(http.StatusOK))
}

// Put orders an object behind Terraform's back.
func (s *Site) Put(name string, spec any) {
	s.t.Helper()
	s.asCustomer().Create("/v1/"+name, spec).Must(http.StatusAccepted)
}

// Remove gives an object up behind Terraform's back.
func (s *Site) Remove(name string) {
	s.t.Helper()
	object := Get[struct{ UID string }](s, name)
	s.asCustomer().Do(http.MethodDelete, "/v1/"+name+"?uid="+object.UID, nil).Must(http.StatusAccepted)
}

// Patch changes an object behind Terraform's back.
func (s *Site) Patch(name string, patch api.MergePatch) {
	s.t.Helper()
	object := Get[struct{ Etag string }](s, name)
	s.asCustomer().Do(http.MethodPatch, "/v1/"+name, patch, "If-Match", `"`+object.Etag+`"`).Must(http.StatusOK)
}

func (s *Site) asCustomer() brokertest.Client {
	c := s.Approver
	c.Token = s.Token
	return c
}

func given(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// Factories serve the provider in the test's own process.
func Factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"hscn": func() (tfprotov6.ProviderServer, error) { return provider.Server("test")(), nil },
	}
}

// Terraform runs steps with a real Terraform or OpenTofu.
func Terraform(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	CLI(t)
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: Factories(), Steps: steps})
}

// CLI is the path of Terraform or OpenTofu. It skips the test where that is not wanted or not there.
func CLI(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("a short run needs neither Terraform nor OpenTofu")
	}
	path := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if path == "" {
		t.Skip("there is neither terraform nor tofu in PATH: make test builds one where there is none")
	}
	return path
}

// WriteOnly skips a test of write-only arguments where the CLI has none: Terraform and OpenTofu have them from 1.11 on.
func WriteOnly(t *testing.T) {
	t.Helper()
	since(t, 11, "write-only arguments")
}

// Identity skips a test of resource identity where the CLI has none: Terraform and OpenTofu have it from 1.12 on.
func Identity(t *testing.T) {
	t.Helper()
	since(t, 12, "resource identity")
}

// since skips a test of what the CLI has from a minor version of 1 on.
func since(t *testing.T, first int, what string) {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), CLI(t), "version", "-json").Output() //nolint:gosec // the CLI that whoever runs the tests chose
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(answer.Version, "%d.%d", &major, &minor); err != nil {
		t.Fatalf("%q is no version: %v", answer.Version, err)
	}
	if major == 1 && minor < first {
		t.Skipf("the CLI is %s, and %s begins with 1.%d", answer.Version, what, first)
	}
}

// Main prepares the environment of a package's tests: what a developer has set for everyday use must not reach them.
// Call it from TestMain.
func Main(m *testing.M) int {
	defer removeBuilds()
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		ours := name == "HSCN_TERRAFORM" || name == "HSCN_REQUIRE_POSTGRES" || strings.HasPrefix(name, "HSCN_ESTATES") ||
			strings.HasPrefix(name, "HSCN_KILLS")
		if strings.HasPrefix(name, "HSCN_") && !ours || name == "TF_CLI_CONFIG_FILE" {
			if err := os.Unsetenv(name); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
	}
	if os.Getenv("TF_ACC_TERRAFORM_PATH") == "" {
		for _, name := range []string{"terraform", "tofu"} {
			if path, err := exec.LookPath(name); err == nil {
				if err := os.Setenv("TF_ACC_TERRAFORM_PATH", path); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return 1
				}
				break
			}
		}
	}
	return m.Run()
}
