package provider_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// importBlock adopts an object by its full name.
func importBlock(address, id string) string {
	return fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", address, id)
}

// byIdentity adopts an object by its identity, whose members are given.
func byIdentity(address string, members ...string) string {
	return fmt.Sprintf("import {\n  to       = %s\n  identity = { %s }\n}\n", address, strings.Join(members, ", "))
}

// declarations are a configuration with every attribute that an owner can declare, and one with those alone that must be.
func declarations(t *testing.T, site *acctest.Site) map[string]string {
	t.Helper()
	found, signed := api.RegisterRecord{LookedUpAt: site.Clock.Now(), Found: true}, api.Date("2024-03-01")
	found.SignedOn = &signed
	own := site.Organisation(acctest.GoodToo, "Orchard Trust", true)
	own.Register = &found
	site.Load(api.Inventory{Organisations: []api.InventoryOrganisation{own}})
	copied := acctest.NewDocument(t, "estate")
	gateway := `"` + site.Gateway(1) + `"`
	built := strings.Replace(acctest.Edge("built", "built", "records", `"urn:vcloud:vdc:0001"`), "gateway_id", "vdc_id", 1)
	evidence := acctest.Evidence("signed", "ca-2026", acctest.Good, fromFile(copied, copied.SHA256)...)
	whole := strings.NewReplacer(`{ basis = "flow_down" }`,
		`{ basis = "connection_agreement", evidence_id = hscn_agreement_evidence.signed.id, reference = "CA-17" }`).
		Replace(site.Connection("records", "records-prod", 1, acctest.GoodToo,
			`access = "dedicated_circuit"`, `purpose = "readiness_test"`, `purchase_order = "PO-1"`, `activate_at = "2026-12-01T10:00:00+01:00"`,
			`accepted_setup_charge_gbp = "0.00"`, `deletion_protection = true`, `wait_for = "accepted"`,
			`circuits = {
    north = { reference = "C-1", cn_sp = "Northern Networks", data_centre = "Farnborough", bandwidth_mbps = 100 }
    south = {}
  }`))
	whole = strings.Replace(whole, "reviewed_on", `shared_with = {
      a1b2c = { basis = "connection_agreement", bound_by_terms = true }
      X26   = {}
    }
    outside_england = { data_locations = ["IE", "GB"], policy_attested = true, nhs_clarification = "None asked for." }
    reviewed_on`, 1)
	edge := acctest.Edge("web", "web", "records", gateway, `networks = {
    frontend = { id = "net-1", cidr = "192.168.10.0/24", dns_servers = ["155.231.231.1", "155.231.231.2"] }
    backend  = { cidr = "192.168.20.0/24" }
  }`, `bridging_controls = "A firewall."`, `fulfilment = "customer"`, `deletion_protection = true`)
	return map[string]string{
		"least": evidence + strings.Replace(site.Connection("records", "records-prod", 1, acctest.Good), "handles_patient_data       = true", "", 1) +
			acctest.Edge("web", "web", "records", gateway) + built,
		"whole": acctest.Evidence("signed", "ca-2026", acctest.GoodToo, fromFile(copied, copied.SHA256, `countersigned_on = "2026-10-20"`)...) + whole + edge + built,
	}
}

// adopted are the import blocks of such a configuration.
var adopted = importBlock("hscn_agreement_evidence.signed", evidenceName) + importBlock(connectionAddress, connectionName) +
	importBlock(edgeAddress, edgeName) + importBlock("hscn_edge_attachment.built", connectionName+"/edge-attachments/built")

// What Terraform writes out of what an import finds is a configuration that it accepts and that changes nothing.
func TestAccGeneratedConfigurations(t *testing.T) {
	t.Parallel()
	acctest.WriteOnly(t)
	for _, policy := range acctest.Policies() {
		for _, which := range []string{"least", "whole"} {
			t.Run(policy+" "+which, func(t *testing.T) {
				t.Parallel()
				site := acctest.Start(t, policy)
				config := declarations(t, site)[which]
				first := workspace(t)
				first.Configure(site.Provider(), config)
				first.With(unchecked).Run("apply", "-auto-approve")

				w := workspace(t)
				w.Configure(site.Provider(), adopted)
				reads(t, w.Run("plan", "-generate-config-out=generated.tf"), "4 to import, 0 to add, 0 to change, 0 to destroy")
				reads(t, w.Run("plan"), "4 to import, 0 to add, 0 to change, 0 to destroy")
				reads(t, w.Run("apply", "-auto-approve"), "4 imported, 0 added, 0 changed, 0 destroyed")
				reads(t, w.Run("plan"), "No changes")
				// The same block may stay: it adopts nothing twice.
				w.Configure(site.Provider())
				reads(t, w.Run("plan"), "No changes")
			})
		}
	}
}

// A configuration that made something finds it again, by command, by block and by identity, however it is spelled there.
func TestAccImportsChangeNothing(t *testing.T) {
	t.Parallel()
	acctest.WriteOnly(t)
	site := acctest.Start(t, "neutral")
	for _, config := range declarations(t, site) {
		first := workspace(t)
		first.Configure(site.Provider(), config)
		first.With(unchecked).Run("apply", "-auto-approve")

		blocks := workspace(t)
		blocks.Configure(site.Provider(), config, adopted)
		reads(t, blocks.Run("plan"), "4 to import, 0 to add, 0 to change, 0 to destroy")
		reads(t, blocks.Run("apply", "-auto-approve"), "4 imported, 0 added, 0 changed, 0 destroyed")
		reads(t, blocks.Run("plan"), "No changes")

		commands := workspace(t)
		commands.Configure(site.Provider(), config)
		commands.Run("import", "hscn_agreement_evidence.signed", evidenceName)
		commands.Run("import", connectionAddress, connectionName)
		commands.Run("import", edgeAddress, edgeName)
		commands.Run("import", "hscn_edge_attachment.built", connectionName+"/edge-attachments/built")
		reads(t, commands.Run("plan"), "No changes")

		first.Run("destroy", "-auto-approve")
	}
}

// What only Terraform knows an import does not find: the first apply writes it into state, and asks the broker for nothing.
func TestAccAnImportDoesNotFindWhatIsTerraformsOwn(t *testing.T) {
	t.Parallel()
	requests := &orders{}
	site := acctest.Start(t, "neutral", requests.option)
	site.Put(connectionName, acctest.Spec(site, 1))
	site.Fulfil(connectionName)
	w := workspace(t)
	w.Configure(site.Provider(), importBlock(connectionAddress, connectionName))
	w.Run("plan", "-generate-config-out=generated.tf")
	const wait = "wait_for = "
	generated := w.File("generated.tf")
	own := strings.NewReplacer(wait+`"accepted"`, wait+`"active"`, "timeouts = null", `timeouts = { create = "1h" }`).Replace(generated)
	if strings.Count(own, wait+`"active"`) != 1 || strings.Count(own, `"1h"`) != 1 {
		t.Fatalf("the generated configuration is\n%s", generated)
	}
	w = workspace(t)
	w.Configure(site.Provider(), importBlock(connectionAddress, connectionName), own)
	requests.since()
	reads(t, w.Run("plan"), "will be updated in-place", "1 to import, 0 to add, 1 to change, 0 to destroy")
	reads(t, w.Run("apply", "-auto-approve"), "1 imported, 0 added, 1 changed, 0 destroyed")
	reads(t, w.Run("plan"), "No changes")
	if got := requests.since(); len(got) > 0 {
		t.Errorf("it asked for %v", got)
	}
}

func TestAccImportByIdentity(t *testing.T) {
	t.Parallel()
	acctest.Identity(t)
	site := acctest.Start(t, "neutral")
	config := declarations(t, site)["least"]
	first := workspace(t)
	first.Configure(site.Provider(), config)
	first.With(unchecked).Run("apply", "-auto-approve")

	w := workspace(t)
	account, id := `account = "676"`, func(id string) string { return fmt.Sprintf("id = %q", id) }
	w.Configure(site.Provider(), config,
		byIdentity("hscn_agreement_evidence.signed", account, id(evidenceName)),
		byIdentity(connectionAddress, account, id(connectionName)),
		byIdentity(edgeAddress, id(edgeName)),
		byIdentity("hscn_edge_attachment.built", id(connectionName+"/edge-attachments/built")),
	)
	reads(t, w.Run("plan"), "4 to import, 0 to add, 0 to change, 0 to destroy")
	reads(t, w.Run("apply", "-auto-approve"), "4 imported, 0 added, 0 changed, 0 destroyed")
	reads(t, w.Run("plan"), "No changes")
	if state := w.State(); strings.Count(state, `"account": "676"`) != 4 {
		t.Errorf("the state has not every identity:\n%s", state)
	}

	// An identity of another account's is not taken for the provider's own.
	for _, existing := range []string{connectionName, "connections/no-such"} {
		other := workspace(t)
		other.Configure(site.Provider(), config, byIdentity(connectionAddress, `account = "90"`, id(existing)))
		reads(t, other.Fail("plan"), "Error importing connection", "The identity says account 90, and the provider asks for the account 676", "HSCN_ACCOUNT")
	}
	malformed := workspace(t)
	malformed.Configure(site.Provider(), config, byIdentity(connectionAddress, id("records-prod")))
	reads(t, malformed.Fail("plan"), "Error importing connection", `connection id "records-prod" does not have the form connections/<name>`)
}

// Whoever has many adopts what there is of them, and orders the rest, as the example shows.
func TestAccImportForEach(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "ukcloud-2021")
	text, err := os.ReadFile("../../examples/importing-what-exists/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(text), "provider \"hscn\" {}\n")
	if !found {
		t.Fatal("the example has another provider block")
	}
	example = strings.NewReplacer("urn:vcloud:gateway:0f0e0d0c-0b0a-4908-8706-050403020100", site.Gateway(2),
		"urn:vcloud:gateway:1f1e1d1c-1b1a-4918-9716-151413121110", site.Gateway(3),
		"sam@supplier.example", "sponsor@trust.example", "lee@supplier.example", "lead@trust.example").Replace(example)
	site.Put("connections/meadow-prod", acctest.Spec(site, 2))
	// Neither what was refused nor what is another team's is adopted.
	site.Put("connections/orchard-prod", acctest.Spec(site, 3))
	site.Refuse("connections/orchard-prod", "The forms came back unsigned.")
	site.Put("connections/of-another-team", acctest.Spec(site, 4))

	w := workspace(t)
	w.Configure(site.Provider(), example)
	reads(t, w.With(unchecked).Run("plan"), "1 to import, 3 to add, 0 to change, 0 to destroy")
	reads(t, w.With(unchecked).Run("apply", "-auto-approve"), "1 imported, 3 added, 0 changed, 0 destroyed")
	reads(t, w.Run("plan"), "No changes")
}

// The blocks that the other example writes are those of which Terraform makes a configuration.
func TestAccImportBlocksForEveryConnection(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	text, err := os.ReadFile("../../examples/importing-what-exists/blocks.tf")
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 3; n++ {
		site.Put(fmt.Sprintf("connections/site-%02d", n), acctest.Spec(site, n))
	}
	site.Refuse("connections/site-03", "The forms came back unsigned.")
	w := workspace(t)
	w.Configure(site.Provider(), "data \"hscn_connections\" \"all\" {}", string(text))
	w.Run("apply", "-auto-approve")
	output, err := w.Command(t.Context(), "output", "-raw", "import_blocks").Output()
	if err != nil {
		t.Fatal(err)
	}
	w = workspace(t)
	w.Configure(site.Provider(), string(output))
	w.Run("plan", "-generate-config-out=generated.tf")
	reads(t, w.Run("apply", "-auto-approve"), "2 imported, 0 added, 0 changed, 0 destroyed")
	reads(t, w.Run("plan"), "No changes")
}
