package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
)

const inventory = `version: 1
accounts:
  - id: "676"
    title: Acme Health
    organisations: [A1B2C]
services:
  - {type: cloud_project, id: acme-one, account: "676", zone: main}
gateways:
  - id: gw-1
    service: {type: cloud_project, id: acme-one}
organisations:
  - ods_code: A1B2C
    directory: {looked_up_at: 2026-11-01T10:00:00Z, found: true, active: true, record_class: RC1, country: ENGLAND}
    flow_down:
      looked_up_at: 2026-11-01T10:00:00Z
      documents: [{kind: master_services_agreement, version: "11.0"}]
    dspt: {looked_up_at: 2026-11-01T10:00:00Z, found: true, status: 25/26 Standards Met}
pools:
  - {name: main-pool, zone: main, cidr: 192.0.2.0/28}
`

func TestLoad(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := write(t, "inventory.yaml", inventory)

	checked := b.run(t, "load", file, "--check").ok(t)
	for _, words := range []string{"ACTION   KIND", "created  account       676", "5 would change, 0 would stay as they are. Nothing was changed."} {
		if !strings.Contains(checked, words) {
			t.Errorf("load --check does not say %q:\n%s", words, checked)
		}
	}
	if out := b.run(t, "load", file).ok(t); !strings.Contains(out, "5 changed, 0 as they were.") {
		t.Errorf("load says\n%s", out)
	}
	if out := b.run(t, "load", file).ok(t); out != "0 changed, 5 as they were.\n" {
		t.Errorf("load again says\n%s", out)
	}
	var report api.InventoryReport
	invoke(t, b.env, "version: 2", "load", "-").says(t, exitError, "error: standard input: line 1")
	if err := json.Unmarshal([]byte(invoke(t, b.env, inventory, "load", "-", "-o", "json").ok(t)), &report); err != nil || report.Unchanged != 5 {
		t.Errorf("%v: %+v", err, report)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cases := map[string]struct {
		old, replacement string
		words            []string
	}{
		"broken YAML": {
			"version: 1", "version: 1: 2", []string{"inventory.yaml: the file is not YAML: mapping values are not allowed in this context"},
		},
		"an unknown field": {
			"title: Acme Health", "titel: Acme Health",
			[]string{
				"inventory.yaml has 2 mistakes:",
				`inventory.yaml: line 4, column 5: accounts[0].titel "Acme Health" is not known here; did you mean "title"?`,
				"inventory.yaml: line 3, column 5: accounts[0].title is missing",
			},
		},
		"a number where text belongs": {
			`- id: "676"`, `- id: 676`,
			[]string{`inventory.yaml: line 3, column 5: accounts[0].id "676" must be text, and YAML reads it as a number: write it in quotes, "676"`},
		},
		"what only the broker can tell": {
			`account: "676"`, `account: "677"`, []string{"inventory.yaml: line 7, column", `services[0].account "677"`},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := write(t, "inventory.yaml", strings.Replace(inventory, c.old, c.replacement, 1))
			b.run(t, "load", file).says(t, exitError, c.words...)
		})
	}
	b.run(t, "load", filepath.Join(t.TempDir(), "none.yaml")).says(t, exitError, "read the inventory", "none.yaml")
	b.run(t, "load").says(t, exitUsage, "accepts 1 arg(s), received 0", `See "hscn-broker load --help".`)
}

func TestOrders(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.run(t, "load", write(t, "inventory.yaml", inventory)).ok(t)
	acme := b.Customer("676")
	made := brokertest.Into[api.Connection](acme.Create("/v1/connections/records", brokertest.Connection("acme-one", "A1B2C")).Must(202))
	b.Work()

	listed := b.run(t, "orders", "list").ok(t)
	if !regexp.MustCompile(`(?m)^ID +KIND +DUE +WAITS FOR +STATE +ACCOUNT +OBJECT$`).MatchString(listed) ||
		!regexp.MustCompile(`(?m)^1 +provide +2026-11-03 .* +fulfilment +awaiting_fulfilment +676 +connections/records$`).MatchString(listed) ||
		!strings.HasSuffix(listed, "\nWhat to do about one: hscn-broker orders show ID\n") {
		t.Errorf("orders list:\n%s", listed)
	}
	shown := b.run(t, "orders", "show", "1").ok(t)
	for _, words := range []string{"Object          connections/records", made.UID, "What to do now:\n  1. "} {
		if !strings.Contains(shown, words) {
			t.Errorf("orders show does not say %q:\n%s", words, shown)
		}
	}
	if strings.Contains(shown, "Closed") {
		t.Errorf("an open order is shown as closed:\n%s", shown)
	}

	failed := b.run(t, "orders", "fail", "1", "--reason", "A cable is missing.", "--change-reference", "CHG-9").ok(t)
	if !strings.HasPrefix(failed, "Order 1: connections/records is now failed.\n") || !strings.Contains(failed, "What to do now:") {
		t.Errorf("orders fail:\n%s", failed)
	}
	if out := b.run(t, "orders", "done", "1", "--note", "Port 7.").ok(t); out != "Order 1: connections/records is now active.\n" {
		t.Errorf("orders done:\n%s", out)
	}
	if out := b.run(t, "orders", "list").ok(t); out != "There is nothing to do.\n" {
		t.Errorf("orders list:\n%s", out)
	}
	if out := b.run(t, "orders", "list", "--all").ok(t); !strings.Contains(out, "connections/records") {
		t.Errorf("orders list --all:\n%s", out)
	}
	var order api.Order
	if err := json.Unmarshal([]byte(b.run(t, "orders", "show", "1", "-o", "json").ok(t)), &order); err != nil || order.State != "active" || order.Open {
		t.Errorf("%v: %+v", err, order)
	}

	b.run(t, "orders", "refuse", "1", "--reason", "Too late.").says(t, exitError, "error: ")
	b.run(t, "orders", "show", "99").says(t, exitError, "error: ", "99")
	b.run(t, "orders", "show", "first").says(t, exitUsage, `an order has a number, as "hscn-broker orders list" shows it, not "first"`)
	b.run(t, "orders", "refuse", "1").says(t, exitUsage, `required flag(s) "reason" not set`)
	b.run(t, "orders", "list", "-o", "xml").says(t, exitUsage, `--output is table or json, not "xml"`)
	b.run(t, "orders", "lst").says(t, exitUsage, `unknown command "lst" for "hscn-broker orders"`)

	audit := b.run(t, "audit", "list").ok(t)
	if !regexp.MustCompile(`(?m)^\d+ +2026-11-02 09:30 GMT +Olga Operator +order\.\S+ +676 +connections/records +CHG-9$`).MatchString(audit) {
		t.Errorf("audit list:\n%s", audit)
	}
	if out := b.run(t, "audit", "list", "--object", made.UID).ok(t); strings.Contains(out, "token.create") || !strings.Contains(out, "connections/records") {
		t.Errorf("audit list --object:\n%s", out)
	}
	if out := b.run(t, "audit", "verify").ok(t); !regexp.MustCompile(`^The audit is intact\. Entries: \d+\. Hash of the newest: [0-9a-f]{64}\n$`).MatchString(out) {
		t.Errorf("audit verify: %s", out)
	}
}

// Somebody who can write to the database's file is found out.
func TestAuditVerifyFindsTampering(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.run(t, "load", write(t, "inventory.yaml", inventory)).ok(t)
	b.run(t, "audit", "verify").ok(t)

	db, err := sql.Open("sqlite", b.Config.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"DROP TRIGGER audit_entries_no_update", "UPDATE audit_entries SET action = 'nothing' WHERE sequence = 2",
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b.run(t, "audit", "verify").says(t, exitError, "error: the audit does not hold from entry 2 on: ", "; what stands before it holds; compare with a backup")
	b.run(t, "audit", "verify", "-o", "json").says(t, exitError, "the audit does not hold")
}

func TestTokens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.run(t, "tokens", "create", "--subject", "ci", "--kind", "machine", "--role", "customer", "--account", "676", "--account", "90", "--expires-in", "1000000h")
	secret := strings.TrimSpace(made.ok(t))
	if !strings.HasPrefix(secret, "hscn_") || strings.Contains(made.stderr, secret) || !strings.Contains(made.stderr, "stands for ci (machine), roles customer.") {
		t.Errorf("tokens create: %q, %q", made.stdout, made.stderr)
	}
	id := strings.Fields(made.stderr)[1]

	file := filepath.Join(t.TempDir(), "secret")
	written := b.run(t, "tokens", "create", "--subject", "Ana", "--kind", "person", "--role", "approver", "--role", "recorder", "--secret-file", file)
	if out := written.ok(t); out != "" {
		t.Errorf("the secret is in a file and on standard output: %q", out)
	}
	data, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(data), "hscn_") {
		t.Errorf("the file holds %q: %v", data, err)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode: %v, %v", info, err)
	}
	b.run(t, "tokens", "create", "--subject", "Ana", "--kind", "person", "--role", "approver", "--secret-file", file).says(t, exitError, "write the secret", "exists")

	listed := b.run(t, "tokens", "list").ok(t)
	if !regexp.MustCompile(`(?m)^`+id+` +ci +machine +customer +676,90 +2026-11-02 09:30 GMT +2\d{3}-.* +-$`).MatchString(listed) ||
		!regexp.MustCompile(`(?m) Ana +person +approver,recorder +- +`).MatchString(listed) {
		t.Errorf("tokens list:\n%s", listed)
	}
	if out := b.run(t, "tokens", "revoke", id).ok(t); out != "Token "+id+" of ci is revoked since 2026-11-02 09:30 GMT.\n" {
		t.Errorf("tokens revoke: %s", out)
	}
	b.run(t, "tokens", "revoke", "nobody").says(t, exitError, `error: There is no token "nobody".`)

	create := []string{"tokens", "create", "--subject", "ci"}
	with := func(args ...string) []string { return append(append([]string{}, create...), args...) }
	b.run(t, create...).says(t, exitUsage, `required flag(s) "kind", "role" not set`)
	b.run(t, with("--kind", "robot", "--role", "customer")...).says(t, exitUsage, `--kind is person or machine, not "robot"`)
	b.run(t, with("--kind", "machine", "--role", "king")...).says(t, exitUsage, `not "king"`)
	b.run(t, with("--kind", "machine", "--role", "customer", "--expires-at", "tomorrow")...).says(t, exitUsage, "--expires-at is a time with zone")
	b.run(t, with("--kind", "machine", "--role", "approver")...).says(t, exitError,
		"error: Such a token cannot be made.\n  - /roles/0 is for a person: a machine approves nothing")
	gone := filepath.Join(t.TempDir(), "secret")
	b.run(t, with("--kind", "machine", "--role", "approver", "--secret-file", gone)...).says(t, exitError, "Such a token cannot be made")
	if _, err := os.Stat(gone); err == nil {
		t.Error("a token that was not made left its file")
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	source := invoke(t, nil, "", "policy", "show", "ukcloud-2021").ok(t)
	if !strings.HasPrefix(source, "# The policy \"ukcloud-2021\"") {
		t.Errorf("policy show: %.80s", source)
	}
	invoke(t, nil, "", "policy", "show", "none").says(t, exitUsage, `there is no sample "none": they are neutral and ukcloud-2021`)

	file := write(t, "ours.yaml", strings.Replace(source, "rules: {}", "rules: {dspt.not-met: warning}", 1))
	if out := invoke(t, nil, "", "policy", "check", file).ok(t); !strings.Contains(out, `the policy "ukcloud-2021" is good. Service types: 3. Zones: 12. Rules: `) ||
		!strings.Contains(out, "with another severity than the catalogue's: 1.") {
		t.Errorf("policy check: %s", out)
	}
	broken := write(t, "ours.yaml", strings.Replace(source, "'11.0'", "11.0", 1))
	invoke(t, nil, "", "policy", "check", broken).says(t, exitError,
		`agreements.flow_down_documents[0].minimum_version "11.0" must be text, and YAML reads it as a number: write it in quotes, "11.0"`)
}

func TestVersionAndHelp(t *testing.T) {
	t.Parallel()
	if out := invoke(t, nil, "", "version").ok(t); out != fmt.Sprintf("hscn-broker %s\n", version) {
		t.Errorf("version: %q", out)
	}
	for _, args := range [][]string{{}, {"--help"}, {"orders"}, {"help", "load"}} {
		if out := invoke(t, nil, "", args...).ok(t); !strings.Contains(out, "Usage:") {
			t.Errorf("%q prints\n%s", args, out)
		}
	}
	invoke(t, nil, "", "order").says(t, exitUsage, `unknown command "order" for "hscn-broker"`)
	invoke(t, nil, "", "serve", "--adress", "x").says(t, exitUsage, "unknown flag: --adress")
}
