package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
)

const becauseOfHA5 = "--authority-reference=HA-5"

func TestConnections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.run(t, "load", write(t, "inventory.yaml", inventory)).ok(t)
	acme := b.Customer("676")
	made := brokertest.Into[api.Connection](acme.Create("/v1/connections/records", brokertest.Connection("acme-one", "A1B2C")).Must(202))
	b.Work()

	b.run(t, "connections", "restrict", made.UID, becauseOfHA5, "--reason", "A breach.").
		says(t, exitError, "cannot be restricted: it is awaiting_fulfilment")
	b.run(t, "orders", "done", "1").ok(t)
	listed := b.run(t, "connections", "list").ok(t)
	if !regexp.MustCompile(`(?m)^ACCOUNT +NAME +STATE +SINCE +ORGANISATION +SERVICE +UID$`).MatchString(listed) ||
		!regexp.MustCompile(`(?m)^676 +connections/records +active +2026-11-02 .* +A1B2C +acme-one +`+made.UID+`$`).MatchString(listed) {
		t.Errorf("connections list:\n%s", listed)
	}
	if out := b.run(t, "connections", "list", "--account", "90").ok(t); out != "There is no such connection.\n" {
		t.Errorf("connections list of another account:\n%s", out)
	}

	nothing := b.run(t, "connections", "show", made.UID).ok(t)
	if !regexp.MustCompile(`(?m)^State +active$`).MatchString(nothing) || !strings.Contains(nothing, "\n\nNo edge attachment hangs on it: no gateway carries it.\n") {
		t.Errorf("connections show:\n%s", nothing)
	}
	web := brokertest.Edge("gw-1")
	web.Networks = map[string]api.Network{"front": {Cidr: "10.9.0.0/24"}, "app": {Cidr: "10.8.0.0/24"}}
	acme.Create("/v1/connections/records/edge-attachments/web", web).Must(202)
	b.Work()
	b.run(t, "orders", "done", "2").ok(t)
	vdc := "vdc-1"
	acme.Create("/v1/connections/records/edge-attachments/api", api.EdgeAttachmentSpec{VdcID: &vdc}).Must(202)
	b.Work()
	const (
		api1 = `(?m)^api +%s +none yet, in VDC vdc-1 +192\.0\.2\.\d+ +- *%s$`
		web1 = `(?m)^web +%s +gw-1 +192\.0\.2\.\d+ +app 10\.8\.0\.0/24, front 10\.9\.0\.0/24 *%s$`
	)
	lists := func(out, edge, state, todo string) {
		t.Helper()
		if !regexp.MustCompile(fmt.Sprintf(edge, state, regexp.QuoteMeta(todo))).MatchString(out) {
			t.Errorf("there is no line for %q, %q:\n%s", state, todo, out)
		}
	}
	const dropAll = "set its rules for HSCN to drop-all, in and out"
	const onItsWay = "nobody has confirmed it: build nothing more, and where it is joined to HSCN already, " + dropAll

	restricted := b.run(t, "connections", "restrict", "676/records", becauseOfHA5, "--reason", "A breach is looked into.", "--change-reference", "CHG-7").ok(t)
	if !strings.HasPrefix(restricted, "connections/records of account 676 is now restricted.\n") || !strings.Contains(restricted, "(reference HA-5): A breach is looked into.") ||
		!strings.Contains(restricted, "\nWhat to do now, since the network does not follow by itself:\nEDGE ATTACHMENT ") {
		t.Errorf("connections restrict:\n%s", restricted)
	}
	lists(restricted, web1, "restricted", dropAll)
	lists(restricted, api1, "pending_connection", onItsWay)
	shown := b.run(t, "connections", "show", "676/records").ok(t)
	lists(shown, web1, "restricted", "")
	if !strings.Contains(shown, "\nReason        Restricted by the HSCN Authority (reference HA-5): A breach is looked into.") || !strings.Contains(shown, "connection.suspended") {
		t.Errorf("connections show:\n%s", shown)
	}
	var record api.ConnectionRecord
	if err := json.Unmarshal([]byte(b.run(t, "connections", "show", made.UID, "-o", "json").ok(t)), &record); err != nil || record.Connection.UID != made.UID || len(record.EdgeAttachments) != 2 {
		t.Errorf("%v: %+v", err, record)
	}
	acme.Do("DELETE", "/v1/connections/records/edge-attachments/api?uid="+record.EdgeAttachments[0].UID, nil).Must(202)
	b.run(t, "connections", "restrict", "676/records", becauseOfHA5, "--reason", "Again.").
		says(t, exitError, "cannot be restricted: it is restricted", "hscn-broker connections lift "+made.UID)
	lifted := b.run(t, "connections", "lift", "676/connections/records", becauseOfHA5, "--reason", "It is closed.").ok(t)
	if !strings.HasPrefix(lifted, "connections/records of account 676 is now active.\n") {
		t.Errorf("connections lift:\n%s", lifted)
	}
	lists(lifted, web1, "active", "give it back the rules for HSCN that it had")
	lists(lifted, api1, "ceasing", "leave it at drop-all: its removal is in the queue")
	var terminated api.Connection
	if err := json.Unmarshal([]byte(b.run(t, "connections", "terminate", made.UID, becauseOfHA5, "--reason", "It was one.", "-o", "json").ok(t)), &terminated); err != nil || terminated.State != "terminated" {
		t.Errorf("%v: %+v", err, terminated)
	}
	var records []api.Connection
	if err := json.Unmarshal([]byte(b.run(t, "connections", "list", "--name", "records", "-o", "json").ok(t)), &records); err != nil || len(records) != 1 {
		t.Errorf("%v: %+v", err, records)
	}
	if audit := b.run(t, "audit", "list").ok(t); !regexp.MustCompile(`(?m) Olga Operator +connection\.restrict +676 +connections/records +CHG-7$`).MatchString(audit) {
		t.Errorf("audit list:\n%s", audit)
	}

	b.run(t, "connections", "lift", "676/nothing", becauseOfHA5, "--reason", "x").says(t, exitError, "the account 676 has no connection connections/nothing")
	b.run(t, "connections", "lift", "records", becauseOfHA5, "--reason", "x").says(t, exitUsage, `"records" is neither a uid nor ACCOUNT/NAME`)
	b.run(t, "connections", "restrict", made.UID).says(t, exitUsage, `required flag(s) "authority-reference", "reason" not set`)
}

func TestOrdersAuthority(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.run(t, "load", write(t, "inventory.yaml", strings.Replace(inventory, "country: ENGLAND", "country: WALES, primary_role: RO142", 1))).ok(t)
	spec := brokertest.Connection("acme-one", "A1B2C")
	attested, clarification := true, "NHSE-77"
	spec.Profile.OutsideEngland = &api.OutsideEngland{PolicyAttested: &attested, NhsClarification: &clarification}
	acme := b.Customer("676")
	acme.Create("/v1/connections/records", spec).Must(202)

	shown := b.run(t, "orders", "show", "1").ok(t)
	for _, words := range []string{"State           awaiting_authority", "Waits for       authority", "hscn-broker orders authority 1 --granted"} {
		if !strings.Contains(shown, words) {
			t.Errorf("orders show does not say %q:\n%s", words, shown)
		}
	}
	b.run(t, "orders", "authority", "1", becauseOfHA5).says(t, exitUsage, "granted refused")
	b.run(t, "orders", "authority", "1", "--granted", "--refused", becauseOfHA5).says(t, exitUsage, "granted refused")
	b.run(t, "orders", "authority", "1", "--refused", becauseOfHA5).says(t, exitUsage, "--refused needs --reason")
	b.run(t, "orders", "authority", "1", "--granted").says(t, exitUsage, `required flag(s) "authority-reference" not set`)
	if out := b.run(t, "orders", "authority", "1", "--granted", becauseOfHA5).ok(t); !strings.HasPrefix(out, "Order 1: connections/records is now provisioning.\n") {
		t.Errorf("orders authority:\n%s", out)
	}
	acme.Do("DELETE", "/v1/connections/records?uid="+brokertest.Into[api.Connection](acme.Do("GET", "/v1/connections/records", nil).Must(200)).UID, nil).Must(202)
	acme.Create("/v1/connections/records", spec).Must(202)
	if out := b.run(t, "orders", "authority", "2", "--refused", becauseOfHA5, "--reason", "Not from there.").ok(t); out != "Order 2: connections/records is now refused.\n" {
		t.Errorf("orders authority:\n%s", out)
	}
}

func TestOrdersDoneWithAGateway(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.run(t, "load", write(t, "inventory.yaml", inventory)).ok(t)
	acme := b.Customer("676")
	acme.Create("/v1/connections/records", brokertest.Connection("acme-one", "A1B2C")).Must(202)
	b.Work()
	b.run(t, "orders", "done", "1").ok(t)
	vdc := "vdc-1"
	acme.Create("/v1/connections/records/edge-attachments/web", api.EdgeAttachmentSpec{VdcID: &vdc}).Must(202)
	b.Work()
	if shown := b.run(t, "orders", "show", "2").ok(t); !strings.Contains(shown, "hscn-broker orders done 2 --gateway-id ID") {
		t.Errorf("orders show:\n%s", shown)
	}
	b.run(t, "orders", "done", "2").says(t, exitError, "gateway_id is missing: say which gateway was built in the VDC vdc-1")
	if out := b.run(t, "orders", "done", "2", "--gateway-id", "gw-built").ok(t); out != "Order 2: connections/records/edge-attachments/web is now active.\n" {
		t.Errorf("orders done:\n%s", out)
	}
	edge := brokertest.Into[api.EdgeAttachment](acme.Do("GET", "/v1/connections/records/edge-attachments/web", nil).Must(200))
	if edge.AttachedGatewayID == nil || *edge.AttachedGatewayID != "gw-built" {
		t.Errorf("it is attached to %v", edge.AttachedGatewayID)
	}
}

func TestOrdersOfAChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.run(t, "load", write(t, "inventory.yaml", inventory)).ok(t)
	acme := b.Customer("676")
	acme.Create("/v1/connections/records", brokertest.Connection("acme-one", "A1B2C")).Must(202)
	b.Work()
	b.run(t, "orders", "done", "1").ok(t)
	acme.Create("/v1/connections/records/edge-attachments/web", brokertest.Edge("gw-1")).Must(202)
	b.Work()
	b.run(t, "orders", "done", "2").ok(t)
	edge := brokertest.Into[api.EdgeAttachment](acme.Do("GET", "/v1/connections/records/edge-attachments/web", nil).Must(200))
	acme.Do("PATCH", "/v1/connections/records/edge-attachments/web", api.MergePatch{"fulfilment": "customer"}, "If-Match", `"`+edge.Etag+`"`).Must(200)
	b.Work()
	shown := b.run(t, "orders", "show", "3").ok(t)
	for _, words := range []string{
		"Kind            change", "State           awaiting_fulfilment", "ATTRIBUTE   ASKED FOR\nfulfilment  customer\n",
		"  1. See what changes: fulfilment is csp and is to be customer.", "hscn-broker orders done 3",
	} {
		if !strings.Contains(shown, words) {
			t.Errorf("orders show does not say %q:\n%s", words, shown)
		}
	}
	if out := b.run(t, "orders", "fail", "3", "--reason", "No time.").ok(t); !strings.HasPrefix(out, "Order 3: connections/records/edge-attachments/web: the change is now failed.\n") {
		t.Errorf("orders fail:\n%s", out)
	}
	if out := b.run(t, "orders", "done", "3").ok(t); out != "Order 3: connections/records/edge-attachments/web: the change is now active.\n" {
		t.Errorf("orders done:\n%s", out)
	}
}

func TestChangeRows(t *testing.T) {
	t.Parallel()
	got := changeRows("", map[string]any{
		"circuits": map[string]any{"line": map[string]any{"bandwidth_mbps": 1e6, "cn_sp": nil}, "new": map[string]any{}}, "access": "shared_link",
		"profile": map[string]any{"outside_england": map[string]any{"data_locations": []any{"GB", "IE"}}}, "purchase_order": nil,
	})
	want := "[[access shared_link] [circuits.line.bandwidth_mbps 1000000] [circuits.line.cn_sp (left out)] [circuits.new {}] " +
		"[profile.outside_england.data_locations GB, IE] [purchase_order (left out)]]"
	if fmt.Sprint(got) != want {
		t.Errorf("the rows are\n%v\nwant\n%s", got, want)
	}
}
