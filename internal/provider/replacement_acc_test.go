package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// orders are the requests that order something, with their queries, in the order in which they came.
type orders struct {
	mu       sync.Mutex
	requests []string
}

func (o *orders) option(config *broker.Config) {
	inner := config.Middleware
	config.Middleware = func(next http.Handler) http.Handler {
		if inner != nil {
			next = inner(next)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet && strings.HasPrefix(r.URL.Path, "/v1/connections") {
				o.mu.Lock()
				o.requests = append(o.requests, strings.TrimSuffix(r.Method+" "+strings.TrimPrefix(r.URL.Path, "/v1/")+"?"+r.URL.RawQuery, "?"))
				o.mu.Unlock()
			}
			next.ServeHTTP(w, r)
		})
	}
}

// since returns what was ordered since the last call.
func (o *orders) since() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	requests := o.requests
	o.requests = nil
	return requests
}

// plannedActions are the actions of a saved plan by address, those that do nothing aside.
func plannedActions(t *testing.T, w *acctest.Workspace, plan string) map[string]string {
	t.Helper()
	var shown struct {
		Changes []struct {
			Address string
			Change  struct{ Actions []string }
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(w.Run("show", "-json", plan)), &shown); err != nil {
		t.Fatal(err)
	}
	actions := make(map[string]string)
	for _, c := range shown.Changes {
		if what := strings.Join(c.Change.Actions, " "); what != "no-op" && strings.HasPrefix(c.Address, "hscn_") {
			actions[c.Address] = what
		}
	}
	return actions
}

// replacing is an estate that is replaced in one way or another.
type replacing struct {
	// service and gateway are numbers, trigger is what replaces by replace_triggered_by, of whichever resource.
	service, gateway  int
	connection, hangs string
}

func (r replacing) config(site *acctest.Site) string {
	triggered := func(label string) string {
		return "lifecycle {\n    replace_triggered_by = [terraform_data." + label + "]\n  }"
	}
	return site.Provider() +
		fmt.Sprintf("resource \"terraform_data\" \"connection\" {\n  input = %q\n}\nresource \"terraform_data\" \"edge\" {\n  input = %q\n}\n", r.connection, r.hangs) +
		site.Connection("records", "records-prod", r.service, acctest.Good, triggered("connection")) +
		acctest.Edge("web", "web", "records", `"`+site.Gateway(r.gateway)+`"`, triggered("edge"))
}

// Whatever replaces an object, the plan shows it replaced with all that hangs on it, one apply does it from the leaves to
// the root and back, and the address that was given out stays what it was.
func TestAccReplacements(t *testing.T) {
	t.Parallel()
	for _, policy := range acctest.Policies() {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			replacements(t, policy)
		})
	}
}

func replacements(t *testing.T, policy string) {
	t.Helper()
	requests := &orders{}
	site := acctest.Start(t, policy, requests.option)
	site.Load(api.Inventory{Gateways: []api.InventoryGateway{{ID: site.Gateway(30), Service: site.Service(2), Networks: []string{}}}})
	w := workspace(t)
	now := replacing{service: 1, gateway: 1, connection: "first", hangs: "first"}
	w.Configure(now.config(site))
	w.Run("apply", "-auto-approve")
	const replaced = "delete create"
	whole, edgeAlone := map[string]string{connectionAddress: replaced, edgeAddress: replaced}, map[string]string{edgeAddress: replaced}

	for _, test := range []struct {
		name string
		// change is what differs in the configuration, taint what is tainted first, and option is the plan's.
		change        func(r *replacing)
		taint, option string
		want          map[string]string
	}{
		{name: "an immutable attribute of the connection", change: func(r *replacing) { r.service, r.gateway = 2, 2 }, want: whole},
		{name: "replace_triggered_by of the connection", change: func(r *replacing) { r.connection = "second" }, want: whole},
		{name: "-replace of the connection", option: "-replace=" + connectionAddress, want: whole},
		{name: "a tainted connection", taint: connectionAddress, want: whole},
		{name: "a tainted connection, without a refresh", taint: connectionAddress, option: "-refresh=false", want: whole},
		{name: "an immutable attribute of the edge", change: func(r *replacing) { r.gateway = 30 }, want: edgeAlone},
		{name: "replace_triggered_by of the edge", change: func(r *replacing) { r.hangs = "second" }, want: edgeAlone},
		{name: "-replace of the edge", option: "-replace=" + edgeAddress, want: edgeAlone},
		{name: "a tainted edge", taint: edgeAddress, want: edgeAlone},
		{name: "both, by -replace of one and a taint of the other", taint: edgeAddress, option: "-replace=" + connectionAddress, want: whole},
	} {
		connection, edge := acctest.Get[api.Connection](site, connectionName), acctest.Get[api.EdgeAttachment](site, edgeName)
		if test.change != nil {
			test.change(&now)
			w.Configure(now.config(site))
		}
		if test.taint != "" {
			w.Run("taint", test.taint)
		}
		requests.since()
		options := []string{"-out=plan"}
		if test.option != "" {
			options = append(options, test.option)
		}
		w.Run("plan", options...)
		if got := plannedActions(t, w, "plan"); fmt.Sprint(got) != fmt.Sprint(test.want) {
			t.Errorf("%s: the plan is %v", test.name, got)
		}
		w.Run("apply", "plan")

		after, hanging := acctest.Get[api.Connection](site, connectionName), acctest.Get[api.EdgeAttachment](site, edgeName)
		want := []string{"DELETE " + edgeName + "?uid=" + edge.UID, "PUT " + edgeName}
		if len(test.want) == len(whole) {
			// The edge is ordered of the connection that this apply made, not of any that has the name by then.
			want = []string{
				"DELETE " + edgeName + "?uid=" + edge.UID, "DELETE " + connectionName + "?uid=" + connection.UID,
				"PUT " + connectionName, "PUT " + edgeName + "?parent_uid=" + after.UID,
			}
		}
		if got := requests.since(); !slices.Equal(got, want) {
			t.Errorf("%s: the broker was asked\n%s\nwant\n%s", test.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if hanging.UID == edge.UID || (after.UID == connection.UID) == (len(test.want) == len(whole)) || hanging.ConnectionUID != after.UID {
			t.Errorf("%s: the connection was %s and is %s, the edge was %s and is %s", test.name, connection.UID, after.UID, edge.UID, hanging.UID)
		}
		if hanging.IncludedAddress != edge.IncludedAddress || edge.IncludedAddress == "" {
			t.Errorf("%s: the address was %q and is %q", test.name, edge.IncludedAddress, hanging.IncludedAddress)
		}
		reads(t, w.Run("plan"), "No changes")
	}
}

// What depends on a connection can have it made before it is given up, which no provider is told: the name is taken, and
// the error says by what.
func TestAccCreateBeforeDestroyImposedByADependent(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	config := func(n int, lifecycle string) []string {
		return []string{
			site.Provider(), site.Connection("records", "records-prod", n, acctest.Good), acctest.Edge("web", "web", "records", `"`+site.Gateway(n)+`"`),
			"resource \"terraform_data\" \"dependent\" {\n  input = hscn_connection.records.uid\n" + lifecycle + "}\n",
		}
	}
	const imposed = "  lifecycle {\n    create_before_destroy = true\n  }\n"
	w := workspace(t)
	w.Configure(config(1, imposed)...)
	w.Run("apply", "-auto-approve")
	before, edge := acctest.Get[api.Connection](site, connectionName), acctest.Get[api.EdgeAttachment](site, edgeName)

	w.Configure(config(2, imposed)...)
	reads(t, w.Run("plan"), "hscn_connection.records must be replaced")
	said := w.Fail("apply", "-auto-approve")
	reads(t, said, "The name is taken", connectionName+" exists already: customer-676 made it", "(uid "+before.UID+")",
		"If an apply was to replace it, create_before_destroy is set on this resource or on one that depends on it",
		"so that it needs another name, and a service or gateway that the old one does not have. Take create_before_destroy away where it is set.",
		"Rule: name.taken")
	if now := acctest.Get[api.Connection](site, connectionName); now.UID != before.UID {
		t.Errorf("the connection was replaced")
	}

	// Terraform keeps the old one as deposed, which a provider cannot tell from another resource. Adopted again, it is
	// replaced as it was to be, and the address comes back by its name.
	w.Configure(config(2, "")...)
	reads(t, w.Fail("plan"), "The name moves to another resource", "If the plan shows a deposed object of this very resource", "terraform state rm", "Rule: name.moved")
	w.Run("state", "rm", connectionAddress)
	w.Configure(append(config(2, ""), importBlock(connectionAddress, connectionName))...)
	reads(t, w.Run("apply", "-auto-approve"), "1 imported, 2 added, 1 changed, 1 destroyed")
	reads(t, w.Run("plan"), "No changes")
	if now := acctest.Get[api.EdgeAttachment](site, edgeName); now.IncludedAddress != edge.IncludedAddress {
		t.Errorf("the address was %s and is %s", edge.IncludedAddress, now.IncludedAddress)
	}
}

// What was made past Terraform and hangs on a connection keeps it: deletes never cascade.
func TestAccAConnectionWithChildrenThatTerraformDoesNotKnow(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	w := workspace(t)
	w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good, `timeouts = { delete = "3s" }`))
	w.Run("apply", "-auto-approve")
	site.Put(edgeName, obj{"gateway_id": site.Gateway(1)})
	for _, command := range [][]string{{"destroy", "-auto-approve"}, {"apply", "-auto-approve", "-replace=" + connectionAddress}} {
		reads(t, w.Fail(command[0], command[1:]...), edgeName, "Rule: connection.has-children")
		reads(t, w.Run("show"), connectionName)
	}
	if now := acctest.Get[api.EdgeAttachment](site, edgeName); now.State == "ceasing" {
		t.Errorf("the edge is %s", now.State)
	}

	// Adopted, it goes in the same apply, before what it hangs on.
	w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good), acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`),
		importBlock(edgeAddress, edgeName))
	reads(t, w.Run("apply", "-auto-approve"), "1 imported, 0 added")
	reads(t, w.Run("destroy", "-auto-approve"), "2 destroyed")
}

// Terraform replaces a tainted object in one planning call, which looks like that of a new one: what is in state tells them
// apart, also where nothing is refreshed and nothing is checked.
func TestAccTaintedConnectionIsReplacedWithWhatHangsOnIt(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	resources := site.Connection("records", "records-prod", 1, acctest.Good) + acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`)
	config, unchecked := site.Provider()+resources, site.Provider(`plan_checks = "off"`)+resources
	replaced := planned(connectionAddress, plancheck.ResourceActionReplace,
		plancheck.ExpectUnknownValue(connectionAddress, tfjsonpath.New("id")),
		plancheck.ExpectResourceAction(edgeAddress, plancheck.ResourceActionReplace))
	acctest.Terraform(t,
		resource.TestStep{Config: config},
		resource.TestStep{Taint: []string{connectionAddress}, Config: config, ConfigPlanChecks: replaced},
		noChanges(config),
		resource.TestStep{Taint: []string{connectionAddress}, Config: unchecked, ConfigPlanChecks: replaced},
		resource.TestStep{Taint: []string{connectionAddress, edgeAddress}, Config: config, ConfigPlanChecks: replaced},
		noChanges(config),
	)
}
