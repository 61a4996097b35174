package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
)

// loaded is a broker with the inventory.
func loaded(t *testing.T) bundle {
	t.Helper()
	b := setup(t)
	b.run(t, "load", write(t, "inventory.yaml", inventory)).ok(t)
	return b
}

// lookedUp is the time of the look-ups of a test, which the broker's clock shows.
const lookedUp = "2026-11-02T09:30:00Z"

func wantWords(t *testing.T, out string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(out, w) {
			t.Errorf("it does not say %q:\n%s", w, out)
		}
	}
}

func TestAccountsCommands(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if out := b.run(t, "accounts", "list").ok(t); !strings.HasPrefix(out, "There are no accounts. Record them with") {
		t.Errorf("accounts list: %s", out)
	}
	b.run(t, "load", write(t, "inventory.yaml", inventory)).ok(t)
	if out := b.run(t, "accounts", "bind", "676", "d3e4f", "--reference", "LA-17").ok(t); out != "Account 676 (Acme Health) may act for A1B2C, D3E4F.\n" {
		t.Errorf("accounts bind: %s", out)
	}
	if out := b.run(t, "accounts", "list").ok(t); !regexp.MustCompile(`(?m)^676 +customer +A1B2C,D3E4F +Acme Health$`).MatchString(out) {
		t.Errorf("accounts list:\n%s", out)
	}
	if out := b.run(t, "load", write(t, "inventory.yaml", inventory)).ok(t); strings.Contains(out, "account  ") {
		t.Errorf("load changes what an account may act for:\n%s", out)
	}
	b.run(t, "accounts", "unbind", "676", "D3E4F").ok(t)
	if out := b.run(t, "accounts", "unbind", "676", "A1B2C").ok(t); out != "Account 676 (Acme Health) may now act for no organisation.\n" {
		t.Errorf("accounts unbind: %s", out)
	}
	b.run(t, "accounts", "unbind", "676", "A1B2C").says(t, exitError, `error: Account "676" may not act for A1B2C anyway.`)
	b.run(t, "accounts", "bind", "677", "A1B2C").says(t, exitError, `error: There is no account "677".`)
	b.run(t, "accounts", "bind", "676", "A1").says(t, exitError, `"A1" has 2 characters: a code has 3 to 12`)
	b.run(t, "accounts", "bind", "676").says(t, exitUsage, "accepts 2 arg(s), received 1")
}

func TestOrganisationsCommands(t *testing.T) {
	t.Parallel()
	b := loaded(t)
	b.run(t, "organisations", "show", "D3E4F").says(t, exitError, "error: Nothing was ever recorded of the organisation D3E4F")
	out := b.run(t, "organisations", "record", "d3e4f", "--title", "Dale Surgery", "--inactive", "--record-class", "RC1", "--role", "RO76",
		"--country", "ENGLAND", "--legal-end", "2026-09-30", "--operational-end", "2026-10-31", "--parent", "qm7", "--site", "x1x,x2x",
		"--successor", "a1b2c", "--looked-up-at", lookedUp, "--looked-up-by", "Carol Clerk").ok(t)
	if out != "Recorded of D3E4F: what the directory said. Orders that wait are judged again.\n" {
		t.Errorf("organisations record: %s", out)
	}
	b.run(t, "agreements", "record-register", "D3E4F", "--not-found", "--looked-up-at", lookedUp).ok(t)
	b.run(t, "agreements", "record-flow-down", "D3E4F", "--document", "kind=master_services_agreement, version=11.2, signed_on=2025-04-01",
		"--looked-up-at", lookedUp).ok(t)
	shown := b.run(t, "organisations", "show", "d3e4f").ok(t)
	for _, line := range []string{
		`Organisation +D3E4F`, `Accounts that may act for it +-`, `Looked up +2026-11-02 09:30 GMT by Carol Clerk, recorded by Olga Operator`,
		`Found +yes`, `Title +Dale Surgery`, `Active +no`, `Record class +RC1`, `Primary role +RO76`, `Country +ENGLAND`, `Legal end +2026-09-30`,
		`Operational end +2026-10-31`, `Parent +QM7`, `Sites +X1X, X2X`, `Successors +A1B2C`, `Found +no`,
		`Document +master_services_agreement 11\.2, signed on 2025-04-01`, `Looked up +2026-11-02 09:30 GMT by Olga Operator`,
		`Not checked: nobody has looked yet\.`,
	} {
		if !regexp.MustCompile(`(?m)^` + line + `$`).MatchString(shown) {
			t.Errorf("organisations show has no line %q:\n%s", line, shown)
		}
	}
	var record api.OrganisationRecord
	if err := json.Unmarshal([]byte(b.run(t, "organisations", "show", "A1B2C", "-o", "json").ok(t)), &record); err != nil || record.Dspt == nil || record.Accounts[0] != "676" {
		t.Errorf("%v: %+v", err, record)
	}

	b.run(t, "organisations", "record", "ZZZZZ", "--not-found", "--looked-up-at", lookedUp).ok(t)
	b.run(t, "organisations", "record", "ZZZZZ", "--not-found", "--title", "Dale").says(t, exitUsage, "[not-found title] were all set")
	b.run(t, "organisations", "record", "A1B2C", "--looked-up-at", "2026-11-01T09:30:00Z").says(t, exitError,
		"2026-11-01T09:30:00Z", "a later one, of 2026-11-01T10:00:00Z, is recorded already")
	b.run(t, "organisations", "record", "A1B2C", "--looked-up-at", "2027-11-01T09:30:00Z").says(t, exitError, "error: looked_up_at is", "lies in the future")
	b.run(t, "organisations", "record", "A1B2C", "--looked-up-at", "today").says(t, exitUsage, `--looked-up-at is a time with zone, such as 2027-03-31T17:00:00Z, not "today"`)
	b.run(t, "organisations", "record", "A1B2C", "--parent", "x", "--looked-up-at", lookedUp).says(t, exitError, `error: parent "x" has 1 character`)
}

func TestAgreementsCommands(t *testing.T) {
	t.Parallel()
	b := loaded(t)
	out := b.run(t, "agreements", "record-register", "a1b2c", "--kind", "igsoc", "--reference", "CA-2041", "--signed-on", "2016-10-02",
		"--ended-on", "2026-09-30", "--withdrawn-on", "2026-10-01", "--looked-up-at", lookedUp).ok(t)
	if out != "Recorded of A1B2C: what the register of agreements showed. Orders that wait are judged again.\n" {
		t.Errorf("agreements record-register: %s", out)
	}
	shown := b.run(t, "organisations", "show", "A1B2C").ok(t)
	for _, line := range []string{`Kind +igsoc`, `Reference +CA-2041`, `Signed on +2016-10-02`, `Ended on +2026-09-30`, `Withdrawn on +2026-10-01`} {
		if !regexp.MustCompile(`(?m)^` + line + `$`).MatchString(shown) {
			t.Errorf("organisations show has no line %q:\n%s", line, shown)
		}
	}
	b.run(t, "agreements", "record-register", "A1B2C", "--kind", "handshake").says(t, exitUsage, `--kind is connection_agreement or igsoc, not "handshake"`)
	b.run(t, "agreements", "record-register", "A1B2C", "--signed-on", "2 October", "--looked-up-at", lookedUp).says(t, exitError, "/signed_on")

	b.run(t, "agreements", "record-flow-down", "A1B2C", "--no-documents", "--looked-up-at", lookedUp).ok(t)
	flowDown := func(args ...string) result {
		return b.run(t, append([]string{"agreements", "record-flow-down", "A1B2C", "--looked-up-at", lookedUp}, args...)...)
	}
	flowDown().says(t, exitUsage, "at least one of the flags in the group [document no-documents] is required")
	flowDown("--document", "kind=x,version=1", "--no-documents").says(t, exitUsage, "[document no-documents] were all set")
	flowDown("--document", "kind=master_services_agreement").says(t, exitUsage, "--document needs kind and version")
	flowDown("--document", "kind=master_services_agreement,versoin=11").says(t, exitUsage, `not "versoin"`)
	flowDown("--document", "kind=napkin,version=11").says(t, exitError, `documents.0.kind "napkin" is no kind of document`, `which has "master_services_agreement"`)
}

// Without a time a look-up was made now.
func TestLookUpsAreMadeNow(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t, func(c *broker.Config) { c.Clock = time.Now })
	env := map[string]string{envEndpoint: b.URL(), envToken: b.Operator("Olga Operator").Token}
	before := time.Now().Add(-time.Second)
	invoke(t, env, "", "dspt", "record", "A1B2C", "--status", "25/26 Standards Met", "--published-on", "2026-06-20").ok(t)
	var record api.OrganisationRecord
	if err := json.Unmarshal([]byte(invoke(t, env, "", "organisations", "show", "A1B2C", "-o", "json").ok(t)), &record); err != nil {
		t.Fatal(err)
	}
	if at := record.Dspt.LookedUpAt; at.Before(before) || at.After(time.Now().Add(time.Second)) {
		t.Errorf("looked up at %s", at)
	}
	invoke(t, env, "", "dspt", "record", "A1B2C").says(t, exitUsage, "[status not-found] is required")
	invoke(t, env, "", "dspt", "record", "A1B2C", "--status", "25/26 Met").says(t, exitError, `status "25/26 Met" has no outcome that the toolkit gives`)
	invoke(t, env, "", "dspt", "record", "A1B2C", "--not-found").ok(t)
}

func TestDSPTImportCommand(t *testing.T) {
	t.Parallel()
	b := loaded(t)
	const lines = "Code,Organisation Name,Status,Date Of Publication\r\na1b2c,Meadow,25/26 Standards Exceeded,20/06/2026\r\nR0A,Trust,Not Published,\r\n"
	named := filepath.Join(t.TempDir(), "DSPT search results 02_11_2026 09_15_00.csv")
	if err := os.WriteFile(named, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	dry := b.run(t, "dspt", "import", named, "--dry-run").ok(t)
	wantWords(t, dry, "CODE   BEFORE               NOW\nA1B2C  25/26 Standards Met  25/26 Standards Exceeded, published on 2026-06-20\n",
		"Exported   2026-11-02 09:15 GMT", "Rows       2", "Added      1", "Changed    1", "Gone       0", "As before  0", "Nothing was changed.")
	wantWords(t, b.run(t, "dspt", "import", named).ok(t), "A1B2C  25/26 Standards Met", "All of it is recorded. Orders that wait are judged again.")

	// A file of another name was made now, by the broker's clock, unless it is said when.
	other := write(t, "dspt.csv", lines)
	wantWords(t, b.run(t, "dspt", "import", other).ok(t), "Exported   2026-11-02 09:30 GMT", "As before  2")
	var report api.DSPTImportReport
	out := invoke(t, b.env, lines, "dspt", "import", "-", "-o", "json").ok(t)
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.Unchanged != 2 || !report.ExportedAt.Equal(brokertest.Epoch) {
		t.Errorf("%v: %s", err, out)
	}
	b.run(t, "dspt", "import", named).says(t, exitError, "2026-11-02T09:15:00Z", "a newer one, of 2026-11-02T09:30:00Z, is recorded already")
	wantWords(t, b.run(t, "dspt", "import", named, "--exported-at", lookedUp).ok(t), "Exported   2026-11-02 09:30 GMT")

	b.run(t, "dspt", "import", other, "--exported-at", "yesterday").says(t, exitUsage, `--exported-at is a time with zone`)
	b.run(t, "dspt", "import", other, "--exported-at", "2027-01-01T00:00:00Z").says(t, exitError, "exported_at", "lies in the future")
	b.run(t, "dspt", "import", filepath.Join(t.TempDir(), "none.csv")).says(t, exitError, "read the export", "none.csv")
	b.run(t, "dspt", "import", write(t, "dspt.csv", "\n")).says(t, exitError, "error: read the export: ", "dspt.csv is empty")
	broken := write(t, "dspt.csv", strings.Replace(lines, "25/26 Standards Exceeded", "Exceeded", 1)+"?,Trust,Not Published,\r\n")
	b.run(t, "dspt", "import", broken).says(t, exitError, "error: The export cannot be read, and nothing of it was recorded",
		"\n  - line 2, Status \"Exceeded\" has no outcome that the toolkit gives", "\n  - line 4, Code \"?\" has '?' as character 1")
}

func TestWaiversCommands(t *testing.T) {
	t.Parallel()
	b := loaded(t)
	if out := b.run(t, "waivers", "list").ok(t); out != "There are no waivers.\n" {
		t.Errorf("waivers list: %s", out)
	}
	grant := func(args ...string) result {
		return b.run(t, append([]string{
			"waivers", "grant", "--account", "676", "--reason", "It is being renewed.", "--reference", "CHG-17",
		}, args...)...)
	}
	granted := grant("--rule", "dspt.stale", "--until", "2026-12-31", "--connection", "records-prod").ok(t)
	if !regexp.MustCompile(`^Waiver \S+: dspt\.stale warns, and refuses nothing, for connections/records-prod of account 676 until 2026-12-31\. `).MatchString(granted) {
		t.Errorf("waivers grant: %s", granted)
	}
	uid := strings.TrimSuffix(strings.Fields(granted)[1], ":")
	grant("--rule", "dspt.not-checked", "--until", "2026-11-02", "--connection", "connections/records").ok(t)
	listed := b.run(t, "waivers", "list").ok(t)
	if !regexp.MustCompile(`(?m)^` + uid + ` +dspt\.stale +676 +connections/records-prod +2026-12-31 +CHG-17 +2026-11-02 09:30 GMT +Olga Operator +- +It is being renewed\.$`).MatchString(listed) {
		t.Errorf("waivers list:\n%s", listed)
	}
	grant("--rule", "dspt.stale", "--until", "2026-12-31", "--connection", "records-prod").
		says(t, exitError, "Olga Operator granted the waiver "+uid, "counts until 2026-12-31 (CHG-17)", "nothing to grant")
	if out := b.run(t, "waivers", "end", uid, "--reason", "It is renewed.").ok(t); !strings.HasPrefix(out, "Waiver "+uid+" of dspt.stale for connections/records-prod of account 676 is ended.") {
		t.Errorf("waivers end: %s", out)
	}
	if out := b.run(t, "waivers", "list").ok(t); strings.Contains(out, uid) {
		t.Errorf("waivers list has what was ended:\n%s", out)
	}
	if out := b.run(t, "waivers", "list", "--all").ok(t); !regexp.MustCompile(`(?m)^` + uid + ` .* 2026-11-02 09:30 GMT +It is being renewed\.$`).MatchString(out) {
		t.Errorf("waivers list --all:\n%s", out)
	}
	b.run(t, "waivers", "end", uid, "--reason", "Again.").says(t, exitError, "was ended at 2026-11-02T09:30:00Z by Olga Operator")
	b.run(t, "waivers", "end", uid).says(t, exitUsage, `required flag(s) "reason" not set`)
	grant("--rule", "name.format", "--until", "2026-12-31").says(t, exitError, `error: rule "name.format"`, "nobody waives")
	grant("--rule", "dspt.stael", "--until", "2026-11-01").says(t, exitError, "/rule", `"dspt.stael" is no rule`, "/until", "2026-11-01 is past")
	grant("--rule", "dspt.stale").says(t, exitUsage, `required flag(s) "until" not set`)
}

func TestHelpOfRecords(t *testing.T) {
	t.Parallel()
	for _, command := range []string{
		"accounts bind", "accounts unbind", "organisations show", "organisations record", "agreements record-register",
		"agreements record-flow-down", "dspt import", "dspt record", "waivers grant", "waivers end",
	} {
		args := append(strings.Fields(command), "--help")
		if out := invoke(t, nil, "", args...).ok(t); !strings.Contains(out, "Examples:\n  hscn-broker "+command) {
			t.Errorf("%q has no example:\n%s", command, out)
		}
	}
}
