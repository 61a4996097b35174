package provider_test

import (
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// State has an object whose name another has by now, as after a state was put back to before an apply that replaced it.
// Terraform passes over an import block for an address that its state has, so that what the error says has to come first.
func TestAccWhatTookTheNameOfWhatIsInState(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	w := workspace(t)
	config := site.Provider() + site.Connection("records_prod", "records-prod", 1, acctest.Good)
	block := "import {\n  to = hscn_connection.records_prod\n  id = \"connections/records-prod\"\n}\n"
	w.Configure(config)
	w.Run("apply", "-auto-approve")
	declared := acctest.Get[api.Connection](site, connectionName)
	site.Remove(connectionName)
	site.Put(connectionName, api.ConnectionSpec{
		OdsCode: declared.OdsCode, Service: declared.Service, Agreement: declared.Agreement, Profile: declared.Profile,
	})
	another := acctest.Get[api.Connection](site, connectionName)

	said := []string{
		"The name is taken", another.UID, "Your state has another object of that name, which is gone",
		"terraform apply -refresh-only Then this block adopts it", "to = hscn_connection.records_prod", "Rule: name.taken",
	}
	reads(t, w.Fail("plan"), said...)
	w.Configure(config, block)
	reads(t, w.Fail("plan"), said...)

	w.Run("apply", "-refresh-only", "-auto-approve")
	w.Configure(config)
	if output := w.Fail("plan"); strings.Contains(output, "-refresh-only") {
		t.Errorf("the state has nothing of that name any more, and the plan says\n%s", output)
	}
	w.Configure(config, block)
	reads(t, w.Run("apply", "-auto-approve"), "1 imported, 0 added, 0 changed, 0 destroyed")
	reads(t, w.Run("plan"), "No changes")
	if !strings.Contains(w.State(), another.UID) {
		t.Errorf("state has not %s:\n%s", another.UID, w.State())
	}
}
