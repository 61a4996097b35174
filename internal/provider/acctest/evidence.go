package acctest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

// Document is a PDF in a file.
type Document struct {
	Path    string
	Content []byte
	// SHA256 is its sum in lower-case hex.
	SHA256 string
}

// NewDocument writes a PDF with words in it that no other has.
func NewDocument(t *testing.T, words string) Document {
	t.Helper()
	content := []byte("%PDF-1.7\n% " + words + "\n%%EOF\n")
	digest := sha256.Sum256(content)
	d := Document{Path: filepath.Join(t.TempDir(), "ca-signed.pdf"), Content: content, SHA256: hex.EncodeToString(digest[:])}
	if err := os.WriteFile(d.Path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// evidence is what the operator sees of the account's evidence of that full name.
func (s *Site) evidence(name string) api.EvidenceRecord {
	s.t.Helper()
	page := brokertest.Into[api.EvidenceRecordPage](s.Approver.Do(http.MethodGet, "/v1/operator/agreement-evidence?page_size=1000", nil).Must(http.StatusOK))
	for _, record := range page.Items {
		if record.Evidence.Name == name && record.Evidence.Account == Account {
			return record
		}
	}
	s.t.Fatalf("there is no %s: %v", name, page.Items)
	return api.EvidenceRecord{}
}

// decideEvidence decides about the newest version of evidence.
func (s *Site) decideEvidence(name, decision string, body any) {
	s.t.Helper()
	record := s.evidence(name)
	newest := record.Versions[len(record.Versions)-1]
	// Whoever approves what rests on it may have to be another person.
	s.Recorder.Do(http.MethodPost, fmt.Sprintf("/v1/operator/agreement-evidence/%s/versions/%d/%s", record.Evidence.UID, newest.Number, decision), body).
		Must(http.StatusOK)
	s.Work()
}

// ValidateEvidence does what a person at the CSP does who finds the newest version of evidence in order.
func (s *Site) ValidateEvidence(name string) {
	s.t.Helper()
	s.decideEvidence(name, "validate", api.EvidenceValidation{Saw: "The signature of the organisation, on the agreement of 2017."})
}

// RefuseEvidence refuses the newest version of evidence.
func (s *Site) RefuseEvidence(name, reason string) {
	s.t.Helper()
	s.decideEvidence(name, "refuse", api.OrderReason{Reason: reason})
}

// Upload sends a document as somebody does past Terraform.
func (s *Site) Upload(d Document) {
	s.t.Helper()
	c, err := client.New(client.Config{Endpoint: s.URL(), Token: s.Token})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := c.UploadDocument(s.t.Context(), d.SHA256, d.Content); err != nil {
		s.t.Fatal(err)
	}
}

// Evidence is agreement evidence of an organisation, with more lines in it: those that say which document it is.
func Evidence(label, name, organisation string, more ...string) string {
	text := fmt.Sprintf("resource \"hscn_agreement_evidence\" %q {\n  name      = %q\n  ods_code  = %q\n  signed_on = \"2026-10-02\"\n", label, name, organisation)
	for _, line := range more {
		text += "  " + line + "\n"
	}
	return text + "}\n"
}
