package provider_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

const (
	evidenceAddress = "hscn_agreement_evidence.signed"
	evidenceName    = "agreement-evidence/ca-2026"
)

// fromFile are the lines of evidence whose document is in a file, of the sum given.
func fromFile(d acctest.Document, sum string, more ...string) []string {
	return append([]string{fmt.Sprintf("document_path = %q", d.Path), fmt.Sprintf("document_sha256 = %q", sum)}, more...)
}

// resting is a connection of its own agreement that rests on the evidence.
func resting(site *acctest.Site) string {
	return strings.Replace(site.Connection("records", "records-prod", 1, acctest.Good), `{ basis = "flow_down" }`,
		`{ basis = "connection_agreement", evidence_id = hscn_agreement_evidence.signed.id }`, 1)
}

func TestAccAgreementEvidence(t *testing.T) {
	t.Parallel()
	acctest.WriteOnly(t)
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		first, second := acctest.NewDocument(t, "first"), acctest.NewDocument(t, "second")
		evidence := func(d acctest.Document, more ...string) string {
			return site.Provider() + acctest.Evidence("signed", "ca-2026", acctest.Good, fromFile(d, d.SHA256, more...)...) + resting(site)
		}
		gone := first
		gone.Path = filepath.Join(t.TempDir(), "gone.pdf")
		acctest.Terraform(t,
			resource.TestStep{
				Config: evidence(first),
				ConfigPlanChecks: planned(evidenceAddress, plancheck.ResourceActionCreate,
					plancheck.ExpectKnownValue(evidenceAddress, tfjsonpath.New("id"), is(evidenceName)),
					plancheck.ExpectUnknownValue(evidenceAddress, tfjsonpath.New("state"))),
				ConfigStateChecks: []statecheck.StateCheck{
					has(evidenceAddress, "state", is("received")),
					has(evidenceAddress, "document_sha256", is(first.SHA256)),
					has(evidenceAddress, "document_path", knownvalue.Null()),
					has(evidenceAddress, "pending_change", knownvalue.Null()),
					has(evidenceAddress, "register_update_pending", knownvalue.Bool(false)),
					// Nobody has seen the copy yet, and the order stands.
					has(connectionAddress, "state", is("pending_evidence")),
				},
			},
			noChanges(evidence(first)),
			resource.TestStep{
				PreConfig: func() {
					site.ValidateEvidence(evidenceName)
					site.Fulfil(connectionName)
				},
				Config: evidence(first), ConfigPlanChecks: planned(evidenceAddress, plancheck.ResourceActionNoop),
				ConfigStateChecks: []statecheck.StateCheck{
					has(evidenceAddress, "state", is("validated")),
					has(evidenceAddress, "register_update_pending", knownvalue.Bool(true)),
					has(connectionAddress, "state", is("active")),
					has(connectionAddress, "agreement_validated_on", is("2026-11-02")),
				},
			},
			// Another path alone is no change, nor is a file that is no longer there, nor another spelling of the sum.
			noChanges(evidence(gone)),
			noChanges(strings.Replace(evidence(gone), gone.SHA256, strings.ToUpper(gone.SHA256), 1)),
			// A new version waits, and the one before holds.
			resource.TestStep{
				Config: evidence(second, `countersigned_on = "2026-10-20"`),
				ConfigPlanChecks: planned(evidenceAddress, plancheck.ResourceActionUpdate,
					plancheck.ExpectKnownValue(evidenceAddress, tfjsonpath.New("document_sha256"), is(second.SHA256))),
				ConfigStateChecks: []statecheck.StateCheck{
					has(evidenceAddress, "state", is("validated")),
					has(evidenceAddress, "document_sha256", is(second.SHA256)),
					has(evidenceAddress, "countersigned_on", is("2026-10-20")),
					has(evidenceAddress, "pending_change", knownvalue.StringRegexp(saying(second.SHA256))),
				},
			},
			noChanges(evidence(second, `countersigned_on = "2026-10-20"`)),
			// Refused, it is discarded, and shows as what it is: not what the configuration says.
			resource.TestStep{
				PreConfig: func() { site.RefuseEvidence(evidenceName, "The last page is missing.") },
				Config:    evidence(second, `countersigned_on = "2026-10-20"`), PlanOnly: true, ExpectNonEmptyPlan: true,
			},
			resource.TestStep{
				Config:            evidence(first),
				ConfigStateChecks: []statecheck.StateCheck{has(evidenceAddress, "document_sha256", is(first.SHA256)), has(evidenceAddress, "pending_change", knownvalue.Null())},
			},
			resource.TestStep{
				ResourceName: evidenceAddress, ImportState: true, ImportStateId: evidenceName, ImportStateVerify: true,
			},
			resource.TestStep{
				ResourceName: evidenceAddress, ImportState: true, ImportStateKind: resource.ImportBlockWithID, ImportStateId: evidenceName,
				Config: evidence(first),
				ImportPlanChecks: resource.ImportPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(evidenceAddress, plancheck.ResourceActionNoop),
				}},
			},
			// Evidence may always go: the connection keeps the version that it rests on.
			resource.TestStep{
				Config:            site.Provider() + strings.Replace(resting(site), "hscn_agreement_evidence.signed.id", `"`+evidenceName+`"`, 1),
				ConfigStateChecks: []statecheck.StateCheck{has(connectionAddress, "state", is("active"))},
			},
		)
	})
}

func TestAccAgreementEvidenceWithoutASum(t *testing.T) {
	t.Parallel()
	acctest.WriteOnly(t)
	site := acctest.Start(t, "neutral")
	first, second := acctest.NewDocument(t, "first"), acctest.NewDocument(t, "second")
	evidence := func(d acctest.Document, more ...string) string {
		return site.Provider() + acctest.Evidence("signed", "ca-2026", acctest.Good, append(more, fmt.Sprintf("document_path = %q", d.Path))...)
	}
	acctest.Terraform(t,
		resource.TestStep{
			Config: evidence(first),
			ConfigPlanChecks: planned(evidenceAddress, plancheck.ResourceActionCreate,
				plancheck.ExpectUnknownValue(evidenceAddress, tfjsonpath.New("document_sha256"))),
			ConfigStateChecks: []statecheck.StateCheck{has(evidenceAddress, "document_sha256", is(first.SHA256))},
		},
		// The file is read when the evidence is sent, and never again.
		noChanges(evidence(second)),
		resource.TestStep{
			Config: evidence(second, `countersigned_on = "2026-10-20"`),
			ConfigPlanChecks: planned(evidenceAddress, plancheck.ResourceActionUpdate,
				plancheck.ExpectKnownValue(evidenceAddress, tfjsonpath.New("document_sha256"), is(first.SHA256))),
			ConfigStateChecks: []statecheck.StateCheck{has(evidenceAddress, "document_sha256", is(first.SHA256))},
		},
		// Nothing that names the document need stay.
		noChanges(site.Provider()+acctest.Evidence("signed", "ca-2026", acctest.Good, `countersigned_on = "2026-10-20"`)),
		// Another name is other evidence, and needs its document.
		resource.TestStep{
			Config:            strings.Replace(evidence(second), "ca-2026", "ca-2027", 1),
			ConfigPlanChecks:  planned(evidenceAddress, plancheck.ResourceActionDestroyBeforeCreate),
			ConfigStateChecks: []statecheck.StateCheck{has(evidenceAddress, "document_sha256", is(second.SHA256))},
		},
	)
}

func TestAccAgreementEvidenceWriteOnly(t *testing.T) {
	t.Parallel()
	acctest.WriteOnly(t)
	site := acctest.Start(t, "neutral")
	first, second := acctest.NewDocument(t, "first"), acctest.NewDocument(t, "second")
	evidence := func(d acctest.Document, lines ...string) string {
		return site.Provider() + fmt.Sprintf("variable \"copy\" {\n  ephemeral = true\n  default = %q\n}\n", base64.StdEncoding.EncodeToString(d.Content)) +
			acctest.Evidence("signed", "ca-2026", acctest.Good, append(lines, "document_wo = var.copy")...)
	}
	acctest.Terraform(t,
		resource.TestStep{
			Config: evidence(first, "document_wo_version = 1"),
			ConfigStateChecks: []statecheck.StateCheck{
				has(evidenceAddress, "document_sha256", is(first.SHA256)),
				has(evidenceAddress, "document_wo", knownvalue.Null()),
				has(evidenceAddress, "document_wo_version", knownvalue.Int64Exact(1)),
			},
		},
		// What Terraform cannot see is no change until it is announced.
		noChanges(evidence(second, "document_wo_version = 1")),
		resource.TestStep{
			Config: evidence(second, "document_wo_version = 2"),
			ConfigPlanChecks: planned(evidenceAddress, plancheck.ResourceActionUpdate,
				plancheck.ExpectUnknownValue(evidenceAddress, tfjsonpath.New("document_sha256"))),
			ConfigStateChecks: []statecheck.StateCheck{
				has(evidenceAddress, "document_sha256", is(second.SHA256)),
				has(evidenceAddress, "document_wo_version", knownvalue.Int64Exact(2)),
			},
		},
		noChanges(evidence(second, "document_wo_version = 2")),
		// The same document announced once more is the same version.
		resource.TestStep{
			Config:            evidence(second, "document_wo_version = 3"),
			ConfigStateChecks: []statecheck.StateCheck{has(evidenceAddress, "document_sha256", is(second.SHA256)), has(evidenceAddress, "document_wo_version", knownvalue.Int64Exact(3))},
		},
		// Where the sum is given it decides.
		noChanges(evidence(first, "document_wo_version = 3", fmt.Sprintf("document_sha256 = %q", second.SHA256))),
		refused(evidence(second, "document_wo_version = 3", fmt.Sprintf("document_sha256 = %q", first.SHA256)),
			"The document is another one", second.SHA256, first.SHA256, "Nothing was sent"),
	)
}

func TestAccAgreementEvidenceThatWasUploadedApart(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	d := acctest.NewDocument(t, "apart")
	config := site.Provider() + acctest.Evidence("signed", "ca-2026", acctest.Good, fmt.Sprintf("document_sha256 = %q", d.SHA256))
	acctest.Terraform(t,
		refused(config, "document_sha256", "no document", "PUT /v1/documents/"+d.SHA256),
		resource.TestStep{
			PreConfig: func() { site.Upload(d) },
			Config:    config, ConfigStateChecks: []statecheck.StateCheck{has(evidenceAddress, "state", is("received"))},
		},
		noChanges(config),
	)
}

func TestAccAgreementEvidenceIsRefused(t *testing.T) {
	t.Parallel()
	acctest.WriteOnly(t)
	site := acctest.Start(t, "neutral")
	first, second := acctest.NewDocument(t, "first"), acctest.NewDocument(t, "second")
	evidence := func(d acctest.Document) string {
		return site.Provider() + acctest.Evidence("signed", "ca-2026", acctest.Good, fromFile(d, d.SHA256)...)
	}
	acctest.Terraform(t,
		resource.TestStep{Config: evidence(first) + resting(site)},
		resource.TestStep{
			PreConfig:    func() { site.RefuseEvidence(evidenceName, "It is another organisation's.") },
			RefreshState: true, ExpectNonEmptyPlan: true,
		},
		resource.TestStep{
			Config:           evidence(second),
			ConfigPlanChecks: planned(evidenceAddress, plancheck.ResourceActionDestroyBeforeCreate),
			ConfigStateChecks: []statecheck.StateCheck{
				has(evidenceAddress, "state", is("received")), has(evidenceAddress, "document_sha256", is(second.SHA256)),
			},
		},
	)
}

func TestAccAgreementEvidenceDisappears(t *testing.T) {
	t.Parallel()
	acctest.WriteOnly(t)
	site := acctest.Start(t, "neutral")
	d := acctest.NewDocument(t, "first")
	config := site.Provider() + acctest.Evidence("signed", "ca-2026", acctest.Good, fromFile(d, d.SHA256)...)
	acctest.Terraform(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() { site.Remove(evidenceName) },
			Config:    config, ConfigPlanChecks: planned(evidenceAddress, plancheck.ResourceActionCreate),
		},
	)
}

func TestAccAgreementEvidenceThatCannotBeSent(t *testing.T) {
	t.Parallel()
	acctest.WriteOnly(t)
	requests := &counted{}
	site := acctest.Start(t, "neutral", requests.option)
	d, other := acctest.NewDocument(t, "first"), acctest.NewDocument(t, "other")
	word := filepath.Join(t.TempDir(), "signed.docx")
	if err := os.WriteFile(word, []byte("PK\x03\x04"), 0o600); err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(t.TempDir(), "large.pdf")
	if err := os.WriteFile(large, append(d.Content, make([]byte, 10<<20)...), 0o600); err != nil {
		t.Fatal(err)
	}
	path := func(path string) string { return fmt.Sprintf("document_path = %q", path) }
	tests := map[string]struct {
		lines []string
		says  []string
	}{
		"another document":   {fromFile(d, other.SHA256), []string{"The document is another one", d.SHA256, other.SHA256, "Nothing was sent"}},
		"no such file":       {[]string{path(d.Path + "x")}, []string{"The document cannot be read", "does not exist", "${path.module}"}},
		"no PDF":             {[]string{path(word)}, []string{"The document is no PDF", "signed.docx"}},
		"too large":          {[]string{path(large)}, []string{"The document is too large", "and your cloud service provider takes 10485760"}},
		"none":               {nil, []string{"No document given", "document_path", "document_wo", "document_sha256 alone", "HSCN_PLAN_CHECKS=off"}},
		"two":                {[]string{path(d.Path), `document_wo = "JVBERi0="`}, []string{"Invalid Attribute Combination", "document_wo"}},
		"a malformed sum":    {[]string{`document_sha256 = "abc"`}, []string{"Malformed SHA-256 sum", `"abc"`, "64 characters"}},
		"a malformed date":   {fromFile(d, d.SHA256, `countersigned_on = "20 October"`), []string{"Malformed date"}},
		"the wrong order":    {fromFile(d, d.SHA256, `countersigned_on = "2026-10-01"`), []string{"Countersigned before it was signed", "2026-10-02"}},
		"an old agreement":   {fromFile(d, d.SHA256), []string{"Rule: agreement.predates"}},
		"no such evidence":   {nil, []string{"Rule: agreement.evidence-unknown"}},
		"a malformed number": {fromFile(d, d.SHA256, `document_wo_version = -1`), []string{"must be at least 0"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := site.Provider() + acctest.Evidence("signed", "ca-2026", acctest.Good, test.lines...)
			switch name {
			case "an old agreement":
				config = strings.Replace(config, "2026-10-02", "2017-03-31", 1)
			case "no such evidence":
				config = site.Provider() + strings.Replace(resting(site), "hscn_agreement_evidence.signed.id", `"agreement-evidence/none"`, 1)
			}
			acctest.Terraform(t, refused(config, append([]string{"Error:"}, test.says...)...))
		})
	}
	t.Cleanup(func() {
		for _, request := range requests.since() {
			if strings.HasPrefix(request, "PUT") {
				t.Errorf("it sent %s", request)
			}
		}
	})
}

// The document is sent to the broker and stands nowhere else: not in plans, state, logs or errors.
func TestTheDocumentIsNowhere(t *testing.T) {
	t.Parallel()
	acctest.WriteOnly(t)
	site := acctest.Start(t, "neutral")
	const words = "SIGNED-BY-SAM-SPONSOR-WITH-GREEN-INK"
	d := acctest.NewDocument(t, words)
	broken := acctest.NewDocument(t, words+" and broken")
	if err := os.WriteFile(broken.Path, []byte("PK "+words), 0o600); err != nil {
		t.Fatal(err)
	}
	encoded := base64.StdEncoding.EncodeToString(d.Content)
	log := filepath.Join(t.TempDir(), "terraform.log")
	w := acctest.NewWorkspace(t, acctest.Provider(t)).With(map[string]string{"TF_LOG": "TRACE", "TF_LOG_PATH": log})
	plan := filepath.Join(t.TempDir(), "plan")
	var said []string

	config := site.Provider() +
		acctest.Evidence("path", "ca-path", acctest.Good, fmt.Sprintf("document_path = %q", d.Path)) +
		acctest.Evidence("content", "ca-content", acctest.Good, fmt.Sprintf("document_wo = filebase64(%q)", d.Path), "document_wo_version = 1")
	w.Configure(config)
	said = append(said, w.Run("plan", "-out="+plan), w.Run("show", "-json", plan), w.Run("apply", plan), w.Run("show", "-json"), w.State())
	w.Configure(strings.Replace(config, "document_wo_version = 1", "document_wo_version = 2", 1))
	said = append(said, w.Run("plan", "-out="+plan), w.Run("show", "-json", plan), w.Run("apply", plan), w.Run("show", "-json"))
	// Terraform prints the values beside an argument that an error is about.
	for _, lines := range [][]string{
		{fmt.Sprintf("document_path = %q", broken.Path)},
		{fmt.Sprintf("document_wo = filebase64(%q)", broken.Path)},
		{fmt.Sprintf("document_wo = file(%q)", broken.Path)},
		{fmt.Sprintf("document_wo = filebase64(%q)", d.Path), fmt.Sprintf("document_sha256 = %q", broken.SHA256)},
	} {
		w.Configure(config + acctest.Evidence("broken", "ca-broken", acctest.Good, lines...))
		said = append(said, w.Fail("apply", "-auto-approve"))
	}
	w.Configure(config)
	said = append(said, w.Run("destroy", "-auto-approve"))

	logged, err := os.ReadFile(log)
	if err != nil || !strings.Contains(string(logged), "/v1/documents/"+d.SHA256) {
		t.Fatalf("the log has %d bytes and nothing of the request: %v", len(logged), err)
	}
	said = append(said, string(logged))
	for i, text := range said {
		for _, secret := range []string{words, encoded[12:48]} {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("output number %d has %s: %s", i, secret, text[max(0, at-200):min(len(text), at+200)])
			}
		}
	}
}
