package broker_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

// log keeps what a broker writes.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const (
	anySum   = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	pdfType  = "application/pdf"
	maxBytes = 4096
)

func withMaximum(c *broker.Config) { c.Policy.Agreements.Evidence.MaximumBytes = maxBytes }

func TestUploadIsRefused(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t, withMaximum)
	b.Load(b.Operator("operator"))
	acme := b.Customer(brokertest.Acme)
	large := append(brokertest.PDF("large"), make([]byte, maxBytes)...)
	cases := map[string]struct {
		path  string
		body  any
		want  problem.Type
		words []string
	}{
		"too large": {
			body: brokertest.Raw{Type: pdfType, Reader: bytes.NewReader(large)}, want: problem.TooLarge, words: []string{"4096", "maximum_bytes"},
		},
		"too large, of unknown size": {
			body: brokertest.Raw{Type: pdfType, Reader: io.MultiReader(bytes.NewReader(large))}, want: problem.TooLarge,
			words: []string{"more than the 4096 bytes"},
		},
		"no PDF": {
			body: brokertest.Raw{Type: pdfType, Reader: strings.NewReader("a letter")}, want: problem.RequestInvalid, words: []string{"is not a PDF"},
		},
		"another sum": {
			body: brokertest.Raw{Type: pdfType, Reader: bytes.NewReader(brokertest.PDF("x"))}, want: problem.RequestInvalid,
			words: []string{"sha256 is not the sum of the document that arrived"},
		},
		"empty": {
			body: brokertest.Raw{Type: pdfType, Reader: strings.NewReader("")}, want: problem.RequestInvalid, words: []string{"the body is missing"},
		},
		"empty, of unknown size": {
			body: brokertest.Raw{Type: pdfType, Reader: io.MultiReader(strings.NewReader(""))}, want: problem.RequestInvalid, words: []string{"is empty"},
		},
		"as JSON":  {body: map[string]any{"pdf": "x"}, want: problem.RequestInvalid, words: []string{"Content-Type must be application/pdf"}},
		"no sum":   {path: "/v1/documents/signed", body: brokertest.Raw{Type: pdfType, Reader: strings.NewReader("x")}, want: problem.RequestInvalid},
		"too much": {path: "/v1/documents/" + anySum + "?dry_run=true", body: brokertest.Raw{Type: pdfType, Reader: strings.NewReader("x")}, want: problem.RequestInvalid},
	}
	for name, c := range cases {
		path := c.path
		if path == "" {
			path = "/v1/documents/" + anySum
		}
		answer := acme.Do(http.MethodPut, path, c.body).Refused(c.want)
		for _, words := range c.words {
			if !strings.Contains(answer.Problem.Detail, words) {
				t.Errorf("%s: %q does not say %q", name, answer.Problem.Detail, words)
			}
		}
	}
}

// A signed copy goes from the customer to the operator and back, and its words stand nowhere but in the document.
func TestEvidenceOverHTTP(t *testing.T) {
	t.Parallel()
	written := &log{}
	b := brokertest.Start(t, func(c *broker.Config) {
		c.Logger = slog.New(slog.NewTextHandler(written, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	b.Load(b.Operator("operator"))
	acme, alice := b.Customer(brokertest.Acme), b.Operator("alice")
	var seen strings.Builder
	show := func(a brokertest.Answer) brokertest.Answer {
		seen.Write(a.Body)
		return a
	}

	const secret = "a signature of Jean Bright"
	content := brokertest.PDF(secret)
	document := acme.Upload(content)
	acme.Upload(content)
	show(acme.Do(http.MethodPut, "/v1/documents/"+anySum, brokertest.Raw{Type: pdfType, Reader: bytes.NewReader(content)}).Refused(problem.RequestInvalid))
	show(acme.Do(http.MethodPut, "/v1/documents/"+anySum, brokertest.Raw{Type: pdfType, Reader: strings.NewReader(secret)}).Refused(problem.RequestInvalid))

	e := brokertest.Into[api.AgreementEvidence](show(acme.Create("/v1/agreement-evidence/ca-2026",
		api.AgreementEvidenceSpec{OdsCode: "a1b2c", DocumentSha256: document, SignedOn: "2026-10-02"}).Must(202)))
	show(acme.Create("/v1/agreement-evidence/ca-2026",
		api.AgreementEvidenceSpec{OdsCode: "a1b2c", DocumentSha256: document, SignedOn: "2026-10-02"}).Refused(problem.NameTaken))
	name := e.Name
	spec := brokertest.Connection("acme-one", "A1B2C")
	spec.Agreement = api.Agreement{Basis: api.AgreementBasisConnectionAgreement, EvidenceID: &name}
	c := brokertest.Into[api.Connection](show(acme.Create("/v1/connections/records", spec).Must(202)))
	if c.State != "pending_evidence" {
		t.Fatalf("the connection is %s: %s", c.State, *c.StateReason)
	}

	versions := "/v1/operator/agreement-evidence/" + e.UID + "/versions/1"
	recorder := b.As(api.TokenSpec{Subject: "rita", Roles: []api.Role{api.RoleRecorder}})
	recorder.Do(http.MethodGet, versions+"/document", nil).Refused(problem.Forbidden)
	read := alice.Do(http.MethodGet, versions+"/document", nil).Must(200)
	if !bytes.Equal(read.Body, content) {
		t.Errorf("the document is %q", read.Body)
	}
	for header, want := range map[string]string{
		"Content-Type": pdfType, "Content-Disposition": `attachment; filename="ca-2026-version-1.pdf"`, "Cache-Control": "no-store",
		"X-Content-Type-Options": "nosniff",
	} {
		if got := read.Header.Get(header); got != want {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	show(alice.Do(http.MethodGet, "/v1/operator/agreement-evidence?decided=true", nil).Must(200))
	show(alice.Do(http.MethodGet, "/v1/operator/orders", nil).Must(200))
	show(alice.Do(http.MethodPost, versions+"/validate", api.EvidenceValidation{Saw: "Two signatures."}).Must(200))
	show(alice.Do(http.MethodPost, versions+"/refuse", api.OrderReason{Reason: "x"}).Refused(problem.StateForbids))
	b.Work()
	if now := brokertest.Into[api.Connection](acme.Do(http.MethodGet, "/v1/connections/records", nil).Must(200)); now.State != "awaiting_fulfilment" {
		t.Errorf("the connection is %s", now.State)
	}
	e = brokertest.Into[api.AgreementEvidence](show(acme.Do(http.MethodGet, "/v1/agreement-evidence/ca-2026", nil).Must(200)))
	e = brokertest.Into[api.AgreementEvidence](show(acme.Do(http.MethodPatch, "/v1/agreement-evidence/ca-2026",
		map[string]any{"countersigned_on": "2026-10-20"}, "If-Match", `"`+e.Etag+`"`).Must(200)))
	if e.State != "validated" || e.PendingChange == nil || e.DocumentVersion != 1 {
		t.Errorf("after the change: %+v", e)
	}
	facts := brokertest.Into[api.ComplianceFacts](show(acme.Do(http.MethodGet, "/v1/compliance-facts", nil).Must(200)))
	if len(facts.AgreementEvidence) != 1 || !facts.AgreementEvidence[0].Validated || facts.AgreementEvidence[0].CountersignedOn != nil {
		t.Errorf("facts: %+v", facts.AgreementEvidence)
	}
	record := brokertest.Into[api.EvidenceRecord](show(alice.Do(http.MethodGet, "/v1/operator/agreement-evidence/"+e.UID, nil).Must(200)))
	if record.RegisterLetter == nil || !slices.Equal(record.Connections, []string{"connections/records"}) {
		t.Errorf("record: %+v", record)
	}
	show(acme.Do(http.MethodGet, "/v1/objects/"+e.UID, nil).Must(200))
	show(acme.Do(http.MethodDelete, "/v1/agreement-evidence/ca-2026?uid="+e.UID, nil).Must(202))

	// What was done is in the audit; what the document says, and what the person saw, is not.
	trail := brokertest.Into[api.AuditEntryPage](show(alice.Do(http.MethodGet, "/v1/operator/audit-entries?object_uid="+e.UID, nil).Must(200)))
	var actions []string
	for _, entry := range trail.Items {
		actions = append(actions, strings.TrimPrefix(entry.Action, "agreement_evidence.")+" "+entry.Subject)
		if details, err := json.Marshal(entry.Details); err != nil || strings.Contains(string(details), "Two signatures") {
			t.Errorf("%s: %s, %v", entry.Action, details, err)
		}
	}
	if got, want := strings.Join(actions, ", "), "create customer-676, read alice, validate alice, update customer-676, delete customer-676"; got != want {
		t.Errorf("the audit says %s, want %s", got, want)
	}
	if strings.Contains(seen.String(), "Jean Bright") {
		t.Errorf("an answer has the document's words:\n%s", seen.String())
	}
	if text := written.String(); strings.Contains(text, "Jean Bright") || !strings.Contains(text, "operation=uploadDocument") {
		t.Errorf("the log has the document's words, or not even the request:\n%s", text)
	}
}

// copyEverything calls every operation about signed copies once.
func copyEverything(t *testing.T, operator, acme brokertest.Client) {
	t.Helper()
	const evidence = "/v1/agreement-evidence/every"
	spec := api.AgreementEvidenceSpec{OdsCode: "A1B2C", DocumentSha256: acme.Upload(brokertest.PDF("one")), SignedOn: "2026-10-02"}
	made := brokertest.Into[api.AgreementEvidence](acme.Create(evidence, spec).Must(202))
	record := "/v1/operator/agreement-evidence/" + made.UID
	operator.Do("GET", record+"/versions/1/document", nil).Must(200)
	operator.Do("POST", record+"/versions/1/validate", api.EvidenceValidation{Saw: "Both signatures."}).Must(200)

	acme.Do("PATCH", evidence, map[string]any{"countersigned_on": "2026-10-09"}, "If-Match", `"`+made.Etag+`"`).Must(200)
	operator.Do("POST", record+"/versions/2/refuse", api.OrderReason{Reason: "There is no counter-signature."}).Must(200)
	if now := brokertest.Into[api.AgreementEvidence](acme.Do("GET", evidence, nil).Must(200)); now.State != "validated" || now.PendingChange != nil {
		t.Errorf("after version 2 was refused the evidence is %s with %v", now.State, now.PendingChange)
	}
	acme.Do("GET", "/v1/agreement-evidence", nil).Must(200)
	operator.Do("GET", "/v1/operator/agreement-evidence?decided=true", nil).Must(200)
	if shown := brokertest.Into[api.EvidenceRecord](operator.Do("GET", record, nil).Must(200)); len(shown.Versions) != 2 {
		t.Errorf("the evidence has %d versions", len(shown.Versions))
	}
	acme.Do("DELETE", evidence+"?uid="+made.UID, nil).Must(202)
}
