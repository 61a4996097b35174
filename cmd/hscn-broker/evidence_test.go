package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
)

// handIn hands in a signed copy of Acme's, in which these words are.
func (b bundle) handIn(t *testing.T, name, words string) api.AgreementEvidence {
	t.Helper()
	acme := b.Customer(brokertest.Acme)
	spec := api.AgreementEvidenceSpec{OdsCode: "A1B2C", DocumentSha256: acme.Upload(brokertest.PDF(words)), SignedOn: "2026-10-02"}
	return brokertest.Into[api.AgreementEvidence](acme.Create("/v1/agreement-evidence/"+name, spec).Must(202))
}

func TestEvidence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Load(b.Operator("loader"))
	const secret = "a signature of Jean Bright"
	if out := b.run(t, "evidence", "list").ok(t); out != "There is nothing to look at.\n" {
		t.Errorf("evidence list:\n%s", out)
	}
	e := b.handIn(t, "ca-2026", secret)
	printed := ""
	run := func(args ...string) string {
		t.Helper()
		out := b.run(t, append([]string{"evidence"}, args...)...).ok(t)
		printed += out
		return out
	}
	says := func(out string, words ...string) {
		t.Helper()
		for _, w := range words {
			if !strings.Contains(out, w) {
				t.Errorf("does not say %q:\n%s", w, out)
			}
		}
	}

	listed := run("list")
	if !regexp.MustCompile(`(?m)^` + e.UID + ` +2026-11-02 09:30 GMT +received +676 +agreement-evidence/ca-2026 +A1B2C +Meadow Trust$`).MatchString(listed) {
		t.Errorf("evidence list:\n%s", listed)
	}
	says(run("show", "676/ca-2026"), e.UID, "A1B2C Meadow Trust", "received", e.DocumentSha256)
	b.run(t, "evidence", "letter", e.UID).says(t, exitError, "nobody has validated it: it is received")

	file := filepath.Join(t.TempDir(), "copy.pdf")
	says(run("document", "676/agreement-evidence/ca-2026", "--out", file), "Version 1 of agreement-evidence/ca-2026 is in "+file)
	if content, err := os.ReadFile(file); err != nil || string(content) != string(brokertest.PDF(secret)) {
		t.Errorf("the file holds %q, %v", content, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others can read the file: %v, %v", info.Mode(), err)
	}
	b.run(t, "evidence", "document", e.UID, "--out", file).says(t, exitError, "write the document", "exists")
	missing := filepath.Join(t.TempDir(), "none.pdf")
	b.run(t, "evidence", "document", e.UID, "--version", "7", "--out", missing).says(t, exitError, "There is no version 7")
	if _, err := os.Stat(missing); err == nil {
		t.Error("a document that is not there left a file")
	}
	b.run(t, "evidence", "document", e.UID).says(t, exitUsage, "out")

	b.run(t, "evidence", "validate", e.UID).says(t, exitUsage, "saw")
	says(run("validate", "676/ca-2026", "--saw", "Two signatures.", "--change-reference", "CHG-7"),
		"Version 1 of agreement-evidence/ca-2026 is validated; the evidence is validated.", "hscn-broker evidence letter "+e.UID)
	says(run("letter", "676/ca-2026"), "Please enter this agreement in the register", "2 October 2026")
	says(run("show", e.UID), "what was seen: Two signatures.", "by Olga Operator", "the register does not show the agreement")
	b.run(t, "evidence", "refuse", e.UID, "--reason", "x").says(t, exitError, "no version of agreement-evidence/ca-2026 waits")
	if out := run("list"); out != "There is nothing to look at.\n" {
		t.Errorf("evidence list:\n%s", out)
	}
	says(run("list", "--all", "--account", "676"), "agreement-evidence/ca-2026")

	// A name that was refused and used again means the one that lives.
	first := b.handIn(t, "second", "one")
	says(run("refuse", first.UID, "--reason", "The second page is missing."), "Version 1 of agreement-evidence/second is refused; the evidence is refused.")
	says(run("show", "676/second"), first.UID, "why it was refused: The second page is missing.")
	second := b.handIn(t, "second", "two")
	says(run("show", "676/second"), second.UID)

	var records []api.EvidenceRecord
	if err := json.Unmarshal([]byte(run("list", "-o", "json")), &records); err != nil || len(records) != 1 {
		t.Errorf("%v: %+v", err, records)
	}
	b.run(t, "evidence", "show", "676/nothing").says(t, exitError, "the account 676 has no signed copy agreement-evidence/nothing")
	b.run(t, "evidence", "show", "Nothing").says(t, exitUsage, "neither a uid nor ACCOUNT/NAME")
	b.run(t, "evidence", "show", "00000000-0000-4000-8000-000000000000").says(t, exitError, "There is no agreement evidence")
	if strings.Contains(printed, "Jean Bright") {
		t.Errorf("the document's words were printed:\n%s", printed)
	}
}
