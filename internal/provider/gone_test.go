package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// databaseCopy copies the database of a broker that nobody asks anything meanwhile.
func databaseCopy(t *testing.T, site *acctest.Site) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-wal"} { // what was written last may still be in the log beside the file
		content, err := os.ReadFile(site.Config.DatabaseURL + suffix)
		if suffix != "" && os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// putBack starts a broker on a copy of a database as an operator does who puts one back: under an id of its own.
func putBack(t *testing.T, database string) *brokertest.Broker {
	t.Helper()
	if _, err := store.Restore(t.Context(), database, store.RestoreOptions{By: "olive", Now: brokertest.Epoch}); err != nil {
		t.Fatal(err)
	}
	return brokertest.Start(t, func(c *broker.Config) { c.DatabaseURL = database })
}

// madeWithEdge is a connection with an edge attachment that a run made; another run has begun.
func madeWithEdge(t *testing.T, p *protocol) []outcome {
	t.Helper()
	state := ordered(t, p, connection(nil))
	plan := p.plan("hscn_edge_attachment", edge(nil), none, nil)
	p.noErrors(plan.diags)
	hanging, diags := p.apply(plan, none)
	p.noErrors(diags)
	p.newRun()
	return []outcome{state, hanging}
}

// saysGone answers like a broker that has no such object, with more members in the problem.
func saysGone(w http.ResponseWriter, kind string, more obj) bool {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusNotFound)
	document := obj{"type": "urn:hscn:problem:" + kind, "title": "Gone", "status": http.StatusNotFound, "detail": "It is not there.", "request_id": "r-1"}
	for name, value := range more {
		document[name] = value
	}
	_ = json.NewEncoder(w).Encode(document)
	return true
}

// Whoever answers what: state stays as it is, and the error says what differs.
func TestProtocolOnlyTheBrokersOwnWordRemovesFromState(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	both := site.As(api.TokenSpec{Subject: "both", Accounts: []string{acctest.Account, acctest.OtherAccount}})
	other := site.Customer(acctest.OtherAccount)
	before := databaseCopy(t, site)
	states := madeWithEdge(t, speakTo(t, site.URL(), obj{"token": site.Token}))
	another, back := acctest.Start(t, "neutral"), putBack(t, before)
	own := site.Started().BrokerID

	instead := func(answer func(w http.ResponseWriter) bool) string {
		return proxy(t, site, func(w http.ResponseWriter, _ *http.Request) bool { return answer(w) })
	}
	const otherAccount = "It belongs to the account 676, and this was asked for the account 90. Check account (HSCN_ACCOUNT) and token (HSCN_TOKEN)."
	tests := map[string]struct {
		endpoint string
		config   obj
		says     []string
	}{
		"a proxy's 404": {instead(func(w http.ResponseWriter) bool {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("<html><title>404 Not Found</title></html>"))
			return true
		}), nil, []string{"status 404 and text/html", `It begins: "404 Not Found"`, "Check endpoint (HSCN_ENDPOINT)"}},
		"a 404 of nothing": {instead(func(w http.ResponseWriter) bool {
			w.WriteHeader(http.StatusNotFound)
			return true
		}), nil, []string{"status 404 and no content type", "Check endpoint"}},
		"a 404 of the shape": {instead(func(w http.ResponseWriter) bool {
			return saysGone(w, "object-gone", obj{"account": "676"})
		}), nil, []string{"status 404 and application/problem+json, which is not how a broker answers"}},
		"no such operation": {instead(func(w http.ResponseWriter) bool {
			return saysGone(w, "no-such-operation", obj{"account": "676", "broker_id": own})
		}), nil, []string{"does not know this operation", "Check endpoint"}},
		"for no account": {instead(func(w http.ResponseWriter) bool {
			return saysGone(w, "object-gone", obj{"broker_id": own})
		}), nil, []string{"It belongs to the account 676, and the answer does not say for which account it is", "it is kept in state"}},
		"a failure": {instead(func(w http.ResponseWriter) bool {
			problem(w, http.StatusInternalServerError, "internal")
			return true
		}), nil, []string{"The broker failed", "Request: r-1"}},
		"an overload": {instead(func(w http.ResponseWriter) bool {
			problem(w, http.StatusServiceUnavailable, "unavailable")
			return true
		}), nil, []string{"apply again in a few minutes", "Request: r-1"}},
		"a wrong token":           {site.URL(), obj{"token": "wrong"}, []string{"does not accept the token", "Check token (HSCN_TOKEN)"}},
		"a token for other work":  {site.URL(), obj{"token": other.Token, "account": "676"}, []string{"The token is good, but not for this. Check account (HSCN_ACCOUNT)"}},
		"another account's token": {site.URL(), obj{"token": other.Token}, []string{"is not to be found, but it is kept in state", otherAccount}},
		"another account":         {site.URL(), obj{"token": both.Token, "account": "90"}, []string{"is not to be found, but it is kept in state", otherAccount}},
		"another broker": {another.URL(), obj{"token": another.Token}, []string{
			"Another broker than the one that made it says so: this one is " + another.Started().BrokerID + ", it was made by " + own, "Check endpoint (HSCN_ENDPOINT)",
		}},
		"a database of before": {back.URL(), obj{"token": site.Token}, []string{
			"Another broker than the one that made it says so: this one is " + back.Started().BrokerID + ", it was made by " + own,
			"put its broker back from a copy", "terraform state rm",
		}},
	}
	nouns := map[string]string{"hscn_connection": "connection", "hscn_edge_attachment": "edge attachment"}
	ours := speakTo(t, site.URL(), obj{"token": site.Token})
	change := ours.plan("hscn_connection", connection(obj{"purchase_order": "PO-1"}), states[0].state, states[0].private)
	ours.noErrors(change.diags)
	for name, test := range tests {
		config := obj{"token": site.Token}
		for key, value := range test.config {
			config[key] = value
		}
		p := speakTo(t, test.endpoint, config)
		for _, state := range states {
			read, diags := p.read(state)
			says(t, diags, append([]string{"ERROR: Error reading " + nouns[state.resource]}, test.says...)...)
			if len(diags) != 1 || !read.state.Equal(state.state) || string(read.private) != string(state.private) || read.identified(t) != state.identified(t) {
				t.Errorf("%s: what a read keeps differs, or it says\n%s", name, show(diags))
			}
			kept, diags := destroy(p, state)
			says(t, diags, append([]string{"ERROR: Error deleting " + nouns[state.resource]}, test.says...)...)
			if len(diags) != 1 || !kept.state.Equal(state.state) {
				t.Errorf("%s: what a destroy keeps differs, or it says\n%s", name, show(diags))
			}
		}
		kept, diags := p.apply(change, states[0].state)
		says(t, diags, append([]string{"ERROR: Error updating connection"}, test.says...)...)
		if len(diags) != 1 || !kept.state.Equal(states[0].state) {
			t.Errorf("%s: what a change keeps differs, or it says\n%s", name, show(diags))
		}
	}

	// Nothing has happened to what is in state, and its own broker's word counts.
	p := speakTo(t, site.URL(), obj{"token": both.Token, "account": "676"})
	for _, state := range states {
		if read, diags := p.read(state); len(diags) > 0 || !read.state.Equal(state.state) {
			t.Errorf("%s is another: %s", state.text(t, "id"), show(diags))
		}
	}
	site.Remove(edgeName)
	site.Remove(connectionName)
	for _, state := range states {
		if read, diags := p.read(state); len(diags) > 0 || !read.state.IsNull() {
			t.Errorf("%s is still in state: %s", state.text(t, "id"), show(diags))
		}
		if destroyed, diags := destroy(p, state); len(diags) > 0 || !destroyed.state.IsNull() {
			t.Errorf("%s is not destroyed: %s", state.text(t, "id"), show(diags))
		}
	}
}

// A database that was put back with the objects in it is the same broker under another id: they are known by their uid.
func TestProtocolADatabaseThatWasPutBackWithTheObjects(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	states := madeWithEdge(t, speakTo(t, site.URL(), obj{"token": site.Token}))
	back := putBack(t, databaseCopy(t, site))
	p := speakTo(t, back.URL(), obj{"token": site.Token})
	var told []*tfprotov6.Diagnostic
	for i, state := range states {
		read, diags := p.read(state)
		told = append(told, diags...)
		if !read.state.Equal(state.state) || string(read.private) == string(state.private) {
			t.Errorf("%s: state is the same %t, its private part %t", state.text(t, "id"), read.state.Equal(state.state), string(read.private) == string(state.private))
		}
		states[i] = read
	}
	if len(told) != 1 {
		t.Errorf("it says\n%s", show(told))
	}
	says(t, ofSeverity(told, isWarning), "The broker has a new identity", fmt.Sprintf("%s was made by the broker %s and is now found, with the same uid, at the broker %s",
		connectionName, site.Started().BrokerID, back.Started().BrokerID))

	// What was read knows the new id, so that the next run has nothing to say, and what goes there is gone.
	p.newRun()
	for _, state := range states {
		if _, diags := p.read(state); len(diags) > 0 {
			t.Errorf("the next run says\n%s", show(diags))
		}
	}
	for _, state := range []outcome{states[1], states[0]} {
		if destroyed, diags := destroy(p, state); len(diags) > 0 || !destroyed.state.IsNull() {
			t.Errorf("%s is not destroyed: %s", state.text(t, "id"), show(diags))
		}
		if read, diags := p.read(state); len(diags) > 0 || !read.state.IsNull() {
			t.Errorf("%s is still in state: %s", state.text(t, "id"), show(diags))
		}
	}
}

// What was given up or refused before the database was put back is that, by its uid.
func TestProtocolWhatEndedBeforeTheDatabaseWasPutBack(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		end  func(site *acctest.Site)
		is   string
	}{
		{"given up", func(site *acctest.Site) { site.Remove(connectionName) }, "(gone)"},
		{"refused", func(site *acctest.Site) { site.Refuse(connectionName, "The forms came back unsigned.") }, "refused"},
	} {
		site := acctest.Start(t, "neutral")
		state := made(t, speakTo(t, site.URL(), obj{"token": site.Token}), connection(nil))
		test.end(site)
		back := putBack(t, databaseCopy(t, site))
		read, diags := speakTo(t, back.URL(), obj{"token": site.Token}).read(state)
		got := "(gone)"
		if !read.state.IsNull() {
			got = read.text(t, "state")
		}
		if len(diags) != 1 || got != test.is {
			t.Errorf("%s: it is %s: %s", test.name, got, show(diags))
		}
		says(t, ofSeverity(diags, isWarning), "The broker has a new identity")
	}
}

// What lives under the name of what is gone is named by its uid, at plan and in the apply, and is never touched.
func TestProtocolAnotherObjectUnderTheNameIsNotTakenForTheOldOne(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	states := madeWithEdge(t, p)
	site.Remove(edgeName)
	site.Remove(connectionName)
	site.Put(connectionName, acctest.Spec(site, 1))
	site.Put(edgeName, brokertest.Edge(site.Gateway(1)))
	uids := map[string]string{
		"hscn_connection":      acctest.Get[api.Connection](site, connectionName).UID,
		"hscn_edge_attachment": acctest.Get[api.EdgeAttachment](site, edgeName).UID,
	}
	unjudged := speakTo(t, site.URL(), obj{"token": site.Token, "plan_checks": "off"})
	for _, state := range states {
		id := state.text(t, "id")
		read, diags := p.read(state)
		if len(diags) > 0 || !read.state.IsNull() {
			t.Errorf("%s: the old one is still in state: %s", id, show(diags))
		}
		taken := []string{"The name is taken", id + " exists already: customer-676 made it", "(uid " + uids[state.resource] + ")", "import {", fmt.Sprintf("id = %q", id)}
		plan := p.plan(state.resource, state.config, none, nil)
		says(t, ofSeverity(plan.diags, isError), append(taken, "Rule: name.taken")...)
		_, diags = unjudged.apply(unjudged.plan(state.resource, state.config, none, nil), none)
		says(t, ofSeverity(diags, isError), append(taken, "Rule: name.taken")...)

		// Nor is it given up instead of the old one.
		destroyed, diags := destroy(p, state)
		p.noErrors(diags)
		if !destroyed.state.IsNull() {
			t.Errorf("%s: the old one stays in state", id)
		}
	}
	if acctest.Get[api.Connection](site, connectionName).UID != uids["hscn_connection"] || acctest.Get[api.EdgeAttachment](site, edgeName).UID != uids["hscn_edge_attachment"] {
		t.Error("the new ones are not there any longer")
	}
}

// Where nothing is known of who made it, as of what is tainted in a plan without a refresh, nobody's word counts.
func TestProtocolNobodysWordCountsWhereNothingIsKnown(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	state := made(t, p, connection(nil))
	site.Remove(connectionName)
	state.private = nil
	kept, diags := destroy(p, state)
	says(t, ofSeverity(diags, isError), "it is kept in state. Which broker and account made it is not known here", "Plan again with a refresh")
	if !kept.state.Equal(state.state) {
		t.Errorf("it leaves %s", kept.state)
	}
}
