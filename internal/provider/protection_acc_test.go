package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

const protection = "deletion_protection = true"

// protects fails the test unless Terraform refuses to give an object up, says how to do it all the same, and does not send
// anybody the way that leads past the plan's checks.
func protects(t *testing.T, output, name string) {
	t.Helper()
	reads(t, output, "Error: Protected from deletion", name+" has deletion_protection = true", "set deletion_protection = false and apply that by itself",
		"HSCN_PLAN_CHECKS=off and -refresh=false do not lift it", "Rule: connection.protected")
	if strings.Contains(output, "To destroy none the less what the state has") {
		t.Errorf("it says that the plan's checks are in the way:\n%s", output)
	}
}

// protectedEstate is a connection with an edge attachment, a spare connection, and what can trigger a replacement. What is
// empty is as the first apply has it.
type protectedEstate struct {
	site *acctest.Site
	// connection and edge are more lines of either, and more is more of the configuration.
	connection, edge []string
	more             string
	// service is the number of the connection's, hangs the label of what the edge attachment hangs on.
	service                        int
	name, edgeName, gateway, hangs string
	// without is the label of what is taken out; the edge attachment goes with its connection.
	without string
}

func (e protectedEstate) config() []string {
	or := func(text, fallback string) string {
		if text == "" {
			return fallback
		}
		return text
	}
	config := []string{
		e.site.Provider(), "resource \"terraform_data\" \"trigger\" {\n  input = \"one\"\n}\n", e.more,
		e.site.Connection("spare", "spare", 3, acctest.Good),
	}
	if e.without != "records" {
		config = append(config, e.site.Connection("records", or(e.name, "records-prod"), max(e.service, 1), acctest.Good, e.connection...))
	}
	if e.without == "" {
		config = append(config, acctest.Edge("web", or(e.edgeName, "web"), or(e.hangs, "records"), or(e.gateway, `"`+e.site.Gateway(1)+`"`), e.edge...))
	}
	return config
}

// Whatever gives a protected object up is refused in the plan, and nothing is lost meanwhile.
func TestAccProtectionInThePlan(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	w := workspace(t)
	site.Load(api.Inventory{Gateways: []api.InventoryGateway{{ID: site.Gateway(2), Service: site.Service(1), Networks: []string{}}}})
	both := protectedEstate{site: site, connection: []string{protection}, edge: []string{protection}}
	w.Configure(both.config()...)
	w.Run("apply", "-auto-approve")
	reads(t, w.Run("plan", "-destroy"), "to destroy") // what was never active has nothing to lose
	site.Fulfil("connections/spare")
	site.Fulfil(connectionName)
	site.Fulfil(edgeName)
	before, edgeBefore := acctest.Get[api.Connection](site, connectionName), acctest.Get[api.EdgeAttachment](site, edgeName)

	changed := func(change func(*protectedEstate)) protectedEstate {
		e := both
		change(&e)
		return e
	}
	trigger := "lifecycle {\n    replace_triggered_by = [terraform_data.trigger]\n  }"
	tests := []struct {
		name        string
		estate      protectedEstate
		environment map[string]string
		command     []string
		refused     string
	}{
		{name: "destroy", estate: both, command: []string{"destroy", "-auto-approve"}, refused: edgeName},
		{name: "destroy of the connection", estate: both, command: []string{"plan", "-destroy", "-target=" + connectionAddress}, refused: edgeName},
		{name: "destroy without a refresh", estate: both, command: []string{"destroy", "-auto-approve", "-refresh=false"}, refused: edgeName},
		{
			name: "destroy, with checks that warn", estate: both, command: []string{"plan", "-destroy"},
			environment: map[string]string{"HSCN_PLAN_CHECKS": "warn"}, refused: edgeName,
		},
		{name: "both blocks are gone", estate: changed(func(e *protectedEstate) { e.without = "records" }), refused: connectionName},
		{name: "the edge's block is gone", estate: changed(func(e *protectedEstate) { e.without = "web" }), refused: edgeName},
		{
			name: "a removed block", refused: edgeName,
			estate: changed(func(e *protectedEstate) {
				e.without, e.more = "web", "removed {\n  from = hscn_edge_attachment.web\n  lifecycle {\n    destroy = true\n  }\n}\n"
			}),
		},
		{name: "another service", estate: changed(func(e *protectedEstate) { e.service = 2 }), refused: connectionName},
		{name: "another name", estate: changed(func(e *protectedEstate) { e.name = "records-new" }), refused: connectionName},
		{
			name: "another service, and the protection taken off at the same time", refused: connectionName,
			estate: changed(func(e *protectedEstate) { e.service, e.connection = 2, nil }),
		},
		{
			name: "another service, and protection that is not known yet", refused: connectionName,
			estate: changed(func(e *protectedEstate) {
				e.service, e.more = 2, "resource \"terraform_data\" \"later\" {\n  input = \"off\"\n}\n"
				e.connection = []string{`deletion_protection = terraform_data.later.output == "on"`}
			}),
		},
		{name: "another gateway", estate: changed(func(e *protectedEstate) { e.gateway = `"` + site.Gateway(2) + `"` }), refused: edgeName},
		{name: "another name of the edge", estate: changed(func(e *protectedEstate) { e.edgeName = "app" }), refused: edgeName},
		{name: "another connection", estate: changed(func(e *protectedEstate) { e.hangs, e.gateway = "spare", `"`+site.Gateway(3)+`"` }), refused: edgeName},
		{name: "-replace", estate: both, command: []string{"plan", "-replace=" + connectionAddress}, refused: connectionName},
		{name: "-replace of the edge", estate: both, command: []string{"plan", "-replace=" + edgeAddress}, refused: edgeName},
		{
			name: "-replace without a refresh", estate: both, refused: connectionName,
			command: []string{"plan", "-refresh=false", "-replace=" + connectionAddress},
		},
		{
			name: "replace_triggered_by", refused: connectionName, command: []string{"plan", "-replace=terraform_data.trigger"},
			estate: changed(func(e *protectedEstate) { e.connection = []string{protection, trigger} }),
		},
		{
			name: "replace_triggered_by of the edge", refused: edgeName, command: []string{"plan", "-replace=terraform_data.trigger"},
			estate: changed(func(e *protectedEstate) { e.edge = []string{protection, trigger} }),
		},
	}
	for _, test := range tests {
		t.Log(test.name)
		w.Configure(test.estate.config()...)
		command := test.command
		if command == nil {
			command = []string{"plan"}
		}
		protects(t, w.With(test.environment).Fail(command[0], command[1:]...), test.refused)
	}

	// The edge attachment alone: it goes with its connection, which the plan would replace.
	alone := changed(func(e *protectedEstate) { e.connection = nil })
	w.Configure(alone.config()...)
	reads(t, w.Run("apply", "-auto-approve"), "0 added, 1 changed, 0 destroyed")
	alone.service = 2
	w.Configure(alone.config()...)
	protects(t, w.Fail("plan"), edgeName)
	alone.service = 1
	w.Configure(alone.config()...)
	protects(t, w.Fail("plan", "-replace="+connectionAddress), edgeName)

	// What does not give them up is nobody's business, and what is known later is no obstacle.
	alone.edge, alone.more = []string{`deletion_protection = terraform_data.later.output == "on"`}, "resource \"terraform_data\" \"later\" {\n  input = \"off\"\n}\n"
	w.Configure(alone.config()...)
	reads(t, w.Run("apply", "-auto-approve"), "1 added, 1 changed, 0 destroyed")
	after, edgeAfter := acctest.Get[api.Connection](site, connectionName), acctest.Get[api.EdgeAttachment](site, edgeName)
	if after.UID != before.UID || edgeAfter.UID != edgeBefore.UID || after.State != "active" || edgeAfter.State != "active" || edgeAfter.DeletionProtection {
		t.Errorf("they are %+v and %+v", after, edgeAfter)
	}
	w.Run("destroy", "-auto-approve")
}

// The broker holds it against every client: also where nothing was checked in the plan, and says the same.
func TestAccProtectionInTheApply(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	w := workspace(t)
	w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good, protection))
	w.Run("apply", "-auto-approve")
	site.Fulfil(connectionName)

	output := w.With(unchecked).Fail("destroy", "-auto-approve")
	reads(t, output, "Error: Protected from deletion", connectionName+" has deletion_protection = true", "set deletion_protection = false and apply that by itself",
		"Rule: connection.protected")
	protects(t, w.Fail("plan", "-destroy"), connectionName)

	// It was protected after the plan was made.
	site.Patch(connectionName, api.MergePatch{"deletion_protection": false})
	w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good))
	w.Run("plan", "-destroy", "-out=plan")
	site.Patch(connectionName, api.MergePatch{"deletion_protection": true})
	reads(t, w.Fail("apply", "plan"), "Error: Protected from deletion", "Rule: connection.protected")

	// Terraform's state does not know of it, and the broker does.
	w.Run("refresh")
	site.Patch(connectionName, api.MergePatch{"deletion_protection": false})
	w.Run("plan", "-destroy", "-refresh=false")
	w.Run("refresh")
	site.Patch(connectionName, api.MergePatch{"deletion_protection": true})
	protects(t, w.Fail("plan", "-destroy", "-refresh=false"), connectionName)

	w.Run("apply", "-auto-approve")
	reads(t, w.Run("destroy", "-auto-approve"), "Resources: 1 destroyed.")
}

// Terraform plans the replacement of a tainted object as a create. A plan that has read the object says it all the same; one
// that has not leaves it to the apply, and what is protected stays.
func TestAccProtectionOfWhatIsTainted(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	w := workspace(t)
	untaint := func(output, resourceType, label string) {
		t.Helper()
		reads(t, output, "Error: Protected from deletion", fmt.Sprintf("terraform untaint %s.%s", resourceType, label), "Rule: connection.protected")
	}
	w.Configure(site.Provider(), site.Connection("records_prod", "records-prod", 1, acctest.Good, protection),
		acctest.Edge("web", "web", "records_prod", `"`+site.Gateway(1)+`"`, protection))
	w.Run("apply", "-auto-approve")
	site.Fulfil(connectionName)
	site.Fulfil(edgeName)

	w.Run("taint", edgeAddress)
	untaint(w.Fail("plan"), "hscn_edge_attachment", "web")
	w.Run("plan", "-refresh=false", "-out=plan")
	untaint(w.Fail("apply", "plan"), "hscn_edge_attachment", "web")
	w.Run("untaint", edgeAddress)
	reads(t, w.Run("plan"), "No changes")

	w.Run("taint", "hscn_connection.records_prod")
	output := w.Fail("plan")
	untaint(output, "hscn_connection", "records_prod")
	protects(t, output, connectionName)
	w.With(unchecked).Run("plan", "-out=plan")
	untaint(w.Fail("apply", "plan"), "hscn_edge_attachment", "web")
	w.Run("untaint", "hscn_connection.records_prod")
	reads(t, w.Run("plan"), "No changes")
	if state := acctest.Get[api.EdgeAttachment](site, edgeName).State; state != "active" {
		t.Errorf("the edge attachment is %s", state)
	}
}
