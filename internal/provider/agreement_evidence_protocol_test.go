package provider_test

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

const evidenceResource = "hscn_agreement_evidence"

// evidence is agreement evidence that no rule has anything to say of.
func evidence(changes obj) obj {
	e := obj{"name": "ca-2026", "ods_code": acctest.Good, "signed_on": "2026-10-02"}
	maps.Copy(e, changes)
	return e
}

// Whether a sum is given, left out or only known later, and what else says which document is meant.
func TestProtocolTheSumOfEvidence(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	d, other := acctest.NewDocument(t, "first"), acctest.NewDocument(t, "other")
	content := base64.StdEncoding.EncodeToString(d.Content)

	plan := p.plan(evidenceResource, evidence(obj{"document_wo": content, "document_wo_version": 1}), none, nil)
	p.noErrors(plan.diags)
	if got := plan.text(t, "document_sha256"); got != "(unknown)" {
		t.Errorf("the sum of what is yet to be sent is planned as %s", got)
	}
	state, diags := p.apply(plan, none)
	p.noErrors(diags)
	if got := state.text(t, "document_sha256"); got != d.SHA256 {
		t.Errorf("the sum is %s", got)
	}

	tests := map[string]struct {
		config obj
		sum    string
	}{
		"everything as it was":            {obj{"document_wo": content, "document_wo_version": 1}, d.SHA256},
		"nothing left":                    {obj{}, d.SHA256},
		"a path instead":                  {obj{"document_path": other.Path}, d.SHA256},
		"another content, not announced":  {obj{"document_wo": "JVBERi0=", "document_wo_version": 1}, d.SHA256},
		"another version":                 {obj{"document_wo": content, "document_wo_version": 2}, "(unknown)"},
		"another version of what is gone": {obj{"document_wo_version": 2}, d.SHA256},
		"no version any longer":           {obj{"document_wo": content}, "(unknown)"},
		"a version that is coming":        {obj{"document_wo": content, "document_wo_version": unknown}, "(unknown)"},
		"content that is coming":          {obj{"document_wo": unknown, "document_wo_version": 2}, "(unknown)"},
		"the sum":                         {obj{"document_sha256": d.SHA256}, d.SHA256},
		"another sum":                     {obj{"document_sha256": other.SHA256}, other.SHA256},
		"a sum that is coming":            {obj{"document_sha256": unknown}, "(unknown)"},
		"the sum, and another version":    {obj{"document_wo": content, "document_wo_version": 2, "document_sha256": d.SHA256}, d.SHA256},
	}
	for name, test := range tests {
		p.newRun()
		again := p.plan(evidenceResource, evidence(test.config), state.state, state.private)
		p.noErrors(again.diags)
		if got := again.text(t, "document_sha256"); got != test.sum || len(again.replace) > 0 {
			t.Errorf("%s: the sum is planned as %s, and %v is replaced", name, got, again.replace)
		}
		// What the broker is asked about is not known before it answers, and nothing else.
		asks := test.sum != d.SHA256
		if got := again.text(t, "state"); (got == "(unknown)") != asks {
			t.Errorf("%s: the state is planned as %s", name, got)
		}
		for _, name := range []string{"document_path", "document_wo"} {
			if !again.members[name].IsNull() {
				t.Errorf("%s is in the plan", name)
			}
		}
	}
}

// Whatever evidence needs may be unknown while it is planned: that is no finding, and does not break the plan.
func TestProtocolUnknownEvidence(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	d := acctest.NewDocument(t, "first")
	for name, changes := range map[string]obj{
		"name": {"name": unknown}, "code": {"ods_code": unknown}, "signature": {"signed_on": unknown}, "countersignature": {"countersigned_on": unknown},
		"sum": {"document_path": nil, "document_sha256": unknown}, "path": {"document_path": unknown}, "content": {"document_path": nil, "document_wo": unknown},
		"version": {"document_path": nil, "document_wo": "JVBERi0=", "document_wo_version": unknown}, "nothing": {"countersigned_on": nil},
	} {
		p.newRun()
		config := evidence(obj{"document_path": d.Path})
		maps.Copy(config, changes)
		p.noErrors(p.validateEvidence(config))
		plan := p.plan(evidenceResource, config, none, nil)
		if len(plan.diags) > 0 {
			t.Errorf("%s: %s", name, show(plan.diags))
		}
		if got := plan.text(t, "id"); (got == "(unknown)") != (name == "name") {
			t.Errorf("%s: the id is planned as %s", name, got)
		}
	}
	// What is missing is not: it is an error, and says how to destroy none the less. Where checks are off the apply says it.
	p.newRun()
	says(t, ofSeverity(p.plan(evidenceResource, evidence(nil), none, nil).diags, isError), "No document given", "HSCN_PLAN_CHECKS=off")
	lenient := speakTo(t, site.URL(), obj{"token": site.Token, "plan_checks": "off"})
	plan := lenient.plan(evidenceResource, evidence(nil), none, nil)
	p.noErrors(plan.diags)
	made, diags := lenient.apply(plan, none)
	says(t, ofSeverity(diags, isError), "No document given")
	if !made.state.IsNull() {
		t.Error("something is in state")
	}
}

// validateEvidence is validate of evidence by a CLI that has write-only arguments.
func (p *protocol) validateEvidence(config obj) []*tfprotov6.Diagnostic {
	p.t.Helper()
	typ := p.resource(evidenceResource).ValueType()
	resp, err := p.server.ValidateResourceConfig(p.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: evidenceResource, Config: p.dynamic(typ, p.value(typ, config)),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.Diagnostics
}

func TestProtocolValidateEvidence(t *testing.T) {
	t.Parallel()
	p, diags := speak(t, nil)
	p.noErrors(diags)
	// The content of a document is not repeated beside what is wrong with it, so that the error is about the whole.
	malformed := p.validateEvidence(evidence(obj{"document_wo": "%PDF-1.7 not base64"}))
	says(t, ofSeverity(malformed, isError), "Malformed document", "filebase64")
	for _, d := range malformed {
		if d.Attribute != nil && len(d.Attribute.Steps()) > 0 {
			t.Errorf("the error is at %s", d.Attribute)
		}
	}
	says(t, ofSeverity(p.validateEvidence(evidence(obj{"ods_code": "A1-B2"})), isError), "Malformed ODS code", "Rule: organisation.code-format")
	says(t, ofSeverity(p.validateEvidence(evidence(obj{"name": "CA"})), isError), "Malformed name", "Rule: name.format")
	// A CLI without write-only arguments says so, and has another way.
	says(t, ofSeverity(p.validate(evidenceResource, evidence(obj{"document_path": "ca.pdf"})), isError), "Write-only attributes are only supported in Terraform 1.11")
	p.noErrors(p.validate(evidenceResource, evidence(obj{"document_sha256": acctest.NewDocument(t, "x").SHA256})))
}

// An import knows nothing of where the document came from, and the plan after it changes nothing.
func TestProtocolImportOfEvidence(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	d := acctest.NewDocument(t, "first")
	site.Upload(d)
	site.Put(evidenceName, obj{"ods_code": acctest.Good, "document_sha256": d.SHA256, "signed_on": "2026-10-02"})
	imported, diags := p.imports(evidenceResource, evidenceName, nil)
	p.noErrors(diags)
	state, diags := p.read(imported)
	p.noErrors(diags)
	for _, config := range []obj{{}, {"document_path": d.Path}, {"document_sha256": d.SHA256}, {"document_wo": "JVBERi0="}} {
		p.newRun()
		plan := p.plan(evidenceResource, evidence(config), state.state, state.private)
		p.noErrors(plan.diags)
		if diffs, err := plan.state.Diff(state.state); err != nil || len(diffs) > 0 {
			t.Errorf("%v: the plan after the import changes %v, %v", config, diffs, err)
		}
	}
	if diffs, err := state.state.Diff(tftypes.NewValue(state.state.Type(), nil)); err != nil || len(diffs) == 0 {
		t.Errorf("nothing was imported: %v", err)
	}
}

// A new version that was refused shows again in the next plan, with the reason; one that waits is no refusal.
func TestProtocolARefusedVersionSaysWhy(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	content := func(name string, version int) obj {
		return evidence(obj{
			"document_wo": base64.StdEncoding.EncodeToString(acctest.NewDocument(t, name).Content), "document_wo_version": version,
		})
	}
	state, diags := p.apply(p.plan(evidenceResource, content("first", 1), none, nil), none)
	p.noErrors(diags)
	site.ValidateEvidence(evidenceName)
	const title = "The last change was refused"
	change := func(name string, version int) outcome {
		p.newRun()
		state, diags = p.read(state)
		p.noErrors(diags)
		plan := p.plan(evidenceResource, content(name, version), state.state, state.private)
		p.noErrors(plan.diags)
		return plan
	}
	plan := change("second", 2)
	state, diags = p.apply(plan, state.state)
	p.noErrors(diags)
	if again := change("third", 3); strings.Contains(show(again.diags), title) {
		t.Errorf("a version that waits is said to be refused:\n%s", show(again.diags))
	}
	site.RefuseEvidence(evidenceName, "The last page is missing.")
	says(t, change("fourth", 4).diags, "WARNING", title, "The last page is missing.", "put right first")
}
