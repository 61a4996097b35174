package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// recorded is an object as the state has it: its attributes, and "tainted" where it is.
func recorded(t *testing.T, w *acctest.Workspace, resource, label string) (attributes map[string]any, status string) {
	t.Helper()
	var state struct {
		Resources []struct {
			Type, Name string
			Instances  []struct {
				Status     string
				Attributes map[string]any
			}
		}
	}
	if err := json.Unmarshal([]byte(w.State()), &state); err != nil {
		t.Fatal(err)
	}
	for _, r := range state.Resources {
		if r.Type == resource && r.Name == label && len(r.Instances) == 1 {
			return r.Instances[0].Attributes, r.Instances[0].Status
		}
	}
	return nil, ""
}

// inState fails the test unless the state has an object in that state of its order, and sound.
func inState(t *testing.T, w *acctest.Workspace, resource, label, want string) {
	t.Helper()
	if attributes, status := recorded(t, w, resource, label); attributes["state"] != want || status != "" {
		t.Errorf("%s.%s is %v and %q in state, want %s", resource, label, attributes["state"], status, want)
	}
}

// held is a site whose driver holds everything until it is told otherwise.
func held(t *testing.T, options ...func(*broker.Config)) (*acctest.Site, *brokertest.Driver) {
	t.Helper()
	driver := &brokertest.Driver{}
	driver.Hold(brokertest.Everything)
	site := acctest.Start(t, "neutral", append(options, func(c *broker.Config) { c.Driver = driver })...)
	return site, driver
}

// later has the driver asked again.
func later(site *acctest.Site) {
	site.Work()
	site.Clock.Advance(brokertest.AskAgain)
	site.Work()
}

// An apply that waits ends when the driver confirms, and asks the broker once for it.
func TestAccAWaitEndsWithTheConfirmation(t *testing.T) {
	t.Parallel()
	requests, connection, edge := &counted{}, gateFor(http.MethodGet, connectionName), gateFor(http.MethodGet, edgeName)
	site, driver := held(t, requests.option, connection.option, edge.option)
	w := workspace(t)
	web := acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`, `wait_for = "active"`)
	w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good, `wait_for = "active"`), web)
	apply := start(t, w, "apply", "-auto-approve")
	apply.until(connection.came)
	later(site)
	driver.Confirm(brokertest.Everything)
	later(site)
	apply.until(edge.came)
	later(site)
	if output := apply.succeeds(); !strings.Contains(output, "2 added") || strings.Contains(output, "not active yet") {
		t.Errorf("the apply says\n%s", output)
	}
	var looks []string
	for _, request := range requests.since() {
		if request == "GET "+connectionName || request == "GET "+edgeName {
			looks = append(looks, request)
		}
	}
	if len(looks) != 2 {
		t.Errorf("it read %v", looks)
	}
	inState(t, w, "hscn_connection", "records", "active")
	inState(t, w, "hscn_edge_attachment", "web", "active")
	reads(t, w.Run("plan"), "No changes")
}

// An edge waits as long as its connection goes on by itself, although nobody waits for the connection.
func TestAccAnEdgeWaitsForItsConnection(t *testing.T) {
	t.Parallel()
	edge := gateFor(http.MethodGet, edgeName)
	site, driver := held(t, edge.option)
	w := workspace(t)
	web := acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`, `wait_for = "active"`)
	w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good), web)
	apply := start(t, w, "apply", "-auto-approve")
	apply.until(edge.came)
	driver.Confirm(brokertest.Everything)
	later(site)
	later(site)
	reads(t, apply.succeeds(), "2 added")
	inState(t, w, "hscn_connection", "records", "provisioning")
	inState(t, w, "hscn_edge_attachment", "web", "active")
	reads(t, w.Run("apply", "-auto-approve"), "0 added, 0 changed, 0 destroyed")
	inState(t, w, "hscn_connection", "records", "active")
}

// A wait that runs out is no failure: the order stands in state, and the next apply goes on waiting.
func TestAccAWaitThatRunsOutIsResumed(t *testing.T) {
	t.Parallel()
	waits := gateFor(http.MethodGet, connectionName)
	site, driver := held(t, waits.option)
	w := workspace(t)
	w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good, `wait_for = "active"`, `timeouts = { create = "5s" }`))
	apply := start(t, w, "apply", "-auto-approve")
	apply.until(waits.came)
	reads(t, apply.succeeds(), "Warning: The connection is not active yet: the wait ran out", "with hscn_connection.records",
		"connections/records-prod is provisioning since 2 November 2026 at 09:30 UTC and waits for the confirmation that it works.",
		"It was waited for until timeouts.create (5s) ran out. The order stands. The next apply goes on waiting, for as long as timeouts.update allows.",
		"1 added")
	inState(t, w, "hscn_connection", "records", "provisioning")
	before, _ := recorded(t, w, "hscn_connection", "records")

	reads(t, w.Run("plan"), "will be updated in-place", `state = "provisioning" -> (known after apply)`, "0 to add, 1 to change, 0 to destroy")
	for len(waits.came) > 0 {
		<-waits.came
	}
	apply = start(t, w, "apply", "-auto-approve")
	apply.until(waits.came)
	driver.Confirm(brokertest.Everything)
	later(site)
	reads(t, apply.succeeds(), "0 added, 1 changed, 0 destroyed")
	inState(t, w, "hscn_connection", "records", "active")
	if after, _ := recorded(t, w, "hscn_connection", "records"); after["uid"] != before["uid"] {
		t.Error("it was bought again")
	}
	reads(t, w.Run("plan"), "No changes")
}

// A wait ends at once where only a person can go on, and says who; that is no reason for a difference.
func TestAccAWaitEndsWhereAPersonHasToAct(t *testing.T) {
	t.Parallel()
	t.Run("the driver fails", func(t *testing.T) {
		t.Parallel()
		waits := gateFor(http.MethodGet, connectionName)
		site, driver := held(t, waits.option)
		w := workspace(t)
		w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good, `wait_for = "active"`))
		apply := start(t, w, "apply", "-auto-approve")
		apply.until(waits.came)
		driver.Fail(brokertest.Everything, "The zone's HSCN network has no free port.")
		later(site)
		reads(t, apply.succeeds(), "Warning: The connection is not active yet: a person has to act", "connections/records-prod is failed since",
			"and waits for the operator.", "no free port", "1 added")
		inState(t, w, "hscn_connection", "records", "failed")
		reads(t, w.Run("plan"), "No changes")
	})
	t.Run("nobody but the operator fulfils", func(t *testing.T) {
		t.Parallel()
		site := acctest.Start(t, "neutral", func(c *broker.Config) { c.JobsByHand = false })
		w := workspace(t)
		w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good, `wait_for = "active"`))
		reads(t, w.Run("apply", "-auto-approve"), "Warning: The connection is not active yet: a person has to act",
			"connections/records-prod is awaiting_fulfilment since", "and waits for the operator.", "1 added")
		reads(t, w.Run("plan"), "No changes")
		site.Fulfil(connectionName)
		reads(t, w.Run("plan"), "No changes")
	})
}

// What is refused while Create waits leaves nothing: no state, and the name is free.
func TestAccARefusalInAWait(t *testing.T) {
	t.Parallel()
	waits := shut(http.MethodGet, connectionName)
	site := acctest.Start(t, "neutral", waits.option)
	w := workspace(t)
	w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good, `wait_for = "active"`, `timeouts = { create = "1m" }`))
	apply := start(t, w, "apply", "-auto-approve")
	apply.until(waits.came)
	site.Refuse(connectionName, "The forms came back unsigned.")
	waits.open()
	output, err := apply.ends()
	if err == nil {
		t.Errorf("the apply succeeds:\n%s", output)
	}
	reads(t, output, "Error: The connection was refused", "The forms came back unsigned.", "Nothing is kept in state, and its name is free.")
	if attributes, _ := recorded(t, w, "hscn_connection", "records"); attributes != nil {
		t.Errorf("the state has %v", attributes)
	}
	w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good))
	reads(t, w.Run("apply", "-auto-approve"), "1 added")
}

// A postcondition fails a run whose connection is not active, and leaves the connection sound.
func TestAccAPostconditionOnTheStateDoesNotTaint(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral", func(c *broker.Config) { c.JobsByHand = false })
	w := workspace(t)
	w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good, `wait_for = "active"`, `lifecycle {
    postcondition {
      condition     = self.state == "active"
      error_message = "The connection is ${self.state}."
    }
  }`))
	reads(t, w.Fail("apply", "-auto-approve"), "Warning: The connection is not active yet: a person has to act", "Resource postcondition failed",
		"The connection is awaiting_fulfilment.")
	inState(t, w, "hscn_connection", "records", "awaiting_fulfilment")
	reads(t, w.Fail("plan"), "Resource postcondition failed")
	site.Fulfil(connectionName)
	reads(t, w.Run("apply", "-auto-approve"), "0 added, 0 changed, 0 destroyed")
}

// Giving up is bounded too, and a destroy that ran out of time is simply run again.
func TestAccADestroyThatRunsOutOfTime(t *testing.T) {
	t.Parallel()
	deletes := shut(http.MethodDelete, connectionName)
	site := acctest.Start(t, "neutral", deletes.option)
	w := workspace(t)
	w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good, `timeouts = { delete = "2s" }`))
	w.Run("apply", "-auto-approve")
	destroy := start(t, w, "destroy", "-auto-approve")
	destroy.until(deletes.came)
	output, err := destroy.ends()
	if err == nil {
		t.Errorf("the destroy succeeds:\n%s", output)
	}
	reads(t, output, "Error: Error deleting connection")
	inState(t, w, "hscn_connection", "records", "provisioning")
	deletes.open()
	reads(t, w.Run("destroy", "-auto-approve"), "1 destroyed")
}

// Ctrl-C ends waits and no orders: what was ordered is in state, sound, and the next apply goes on from there.
func TestAccCtrlC(t *testing.T) {
	t.Parallel()
	const second = "connections/archive-prod"
	waits, orders := gateFor(http.MethodGet, connectionName), shut(http.MethodPut, second)
	site, driver := held(t, waits.option, orders.option)
	w := workspace(t)
	w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good, `wait_for = "active"`),
		site.Connection("archive", "archive-prod", 2, acctest.Good, `wait_for = "active"`))
	apply := start(t, w, "apply", "-auto-approve")
	apply.until(waits.came)
	apply.until(orders.came)
	apply.interrupt()
	// The wait is given up, so that the provider has heard of it. The order is not.
	apply.until(waits.gone)
	orders.open()
	output, _ := apply.ends() // how an interrupted apply ends is the CLI's
	reads(t, output, "The connection is not active yet: the wait was interrupted", "The run was interrupted while it waited. The order stands.")
	if len(orders.gone) > 0 {
		t.Error("the order was given up")
	}
	inState(t, w, "hscn_connection", "records", "provisioning")
	inState(t, w, "hscn_connection", "archive", "provisioning")

	for len(waits.came) > 0 {
		<-waits.came
	}
	apply = start(t, w, "apply", "-auto-approve")
	apply.until(waits.came)
	driver.Confirm(brokertest.Everything)
	later(site)
	reads(t, apply.succeeds(), "0 added, 2 changed, 0 destroyed")
	inState(t, w, "hscn_connection", "records", "active")
	inState(t, w, "hscn_connection", "archive", "active")
	reads(t, w.Run("plan"), "No changes")
	if all := acctest.Get[api.ConnectionPage](site, "connections").Items; len(all) != 2 {
		t.Errorf("there are %d connections", len(all))
	}
}

// Another configuration waits for a connection that it does not make.
func TestAccADataSourceWaits(t *testing.T) {
	t.Parallel()
	waits := gateFor(http.MethodGet, connectionName)
	site, driver := held(t, waits.option)
	site.Put(connectionName, acctest.Spec(site, 1))
	w := workspace(t)
	configure := func(timeout string) {
		w.Configure(site.Provider(), fmt.Sprintf(`
data "hscn_connection" "records" {
  name     = "records-prod"
  wait_for = "active"
  timeouts = { read = %q }
}
output "state" {
  value = data.hscn_connection.records.state
}
`, timeout))
	}
	configure("2s")
	reads(t, w.Run("apply", "-auto-approve"), "Warning: The connection is not active yet: the wait ran out", "timeouts.read (2s)", `state = "provisioning"`)
	for len(waits.came) > 0 {
		<-waits.came
	}
	configure("5m")
	apply := start(t, w, "apply", "-auto-approve")
	apply.until(waits.came)
	driver.Confirm(brokertest.Everything)
	later(site)
	reads(t, apply.succeeds(), `state = "active"`)
}
