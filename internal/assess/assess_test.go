package assess_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	contract "github.com/hscn-connect/terraform-provider-hscn/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/assess"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// ptr is for members that may be left out.
func ptr[T any](value T) *T { return &value }

func TestDeclared(t *testing.T) {
	t.Parallel()
	declared, err := assess.Declared(api.ConnectionSpec{
		OdsCode: "a1b2c", Service: api.ServiceReference{Type: "t", ID: "i"},
		Agreement: api.Agreement{Basis: api.AgreementBasisFlowDown},
		Profile:   api.Profile{SharedWith: map[string]api.SharedOrganisation{"X26": {BoundByTerms: ptr(true)}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := declared.Text("ods_code"); got != rules.Known("a1b2c") {
		t.Errorf("ods_code: %+v", got)
	}
	if got := declared.Text("agreement", "basis"); got != rules.Known("flow_down") {
		t.Errorf("agreement.basis: %+v", got)
	}
	if got := declared.Flag("profile", "shared_with", "X26", "bound_by_terms"); got != rules.Known(true) {
		t.Errorf("bound_by_terms: %+v", got)
	}
	if !declared.Text("access").IsNull() || !declared.Text("profile", "reviewed_on").IsNull() {
		t.Error("what is left out is not null")
	}

	if fromPatch, err := assess.Declared(map[string]any{"ods_code": "A1B2C"}); err != nil || fromPatch.Text("ods_code") != rules.Known("A1B2C") {
		t.Errorf("of a map: %v, %v", fromPatch, err)
	}
	for _, spec := range []any{nil, "text", []string{"a"}, (*api.ConnectionSpec)(nil), make(chan int)} {
		if _, err := assess.Declared(spec); err == nil {
			t.Errorf("%T is taken for an object", spec)
		}
	}
}

func TestFinding(t *testing.T) {
	t.Parallel()
	full := assess.Finding(rules.Finding{
		Rule: "service.already-connected", Title: "T", Severity: rules.Warning, Path: []string{"service", "id"}, Detail: "D", Remedy: "R",
		Owner: rules.OwnerCSP, Source: rules.Source{Kind: rules.SourcePolicy, Reference: "a document"}, Retryable: true,
		Waiver: &rules.Waiver{Until: hscn.Date{Year: 2027, Month: 3, Day: 31}, Reason: "a merger", Reference: "CHG-1"},
		Awaits: hscn.StatePendingEvidence,
	})
	switch {
	case full.Rule != "service.already-connected", full.Title != "T", full.Severity != api.Warning, full.Detail != "D",
		full.Remedy != "R", full.Owner != "csp", full.Source == nil, full.Pointer == nil, full.Retryable == nil, full.Waiver == nil:
		t.Fatalf("something is missing: %+v", full)
	case *full.Source != "CSP policy: a document", *full.Pointer != "/service/id", !*full.Retryable,
		*full.Waiver != "until 31 March 2027 (CHG-1): a merger":
		t.Errorf("%s, %s, %v, %s", *full.Source, *full.Pointer, *full.Retryable, *full.Waiver)
	}
	bare := assess.Finding(rules.Finding{Rule: "connection.has-children", Severity: rules.Error})
	if bare.Pointer != nil || bare.Retryable != nil || bare.Waiver != nil || bare.Severity != api.Error {
		t.Errorf("what it does not have is there: %+v", bare)
	}
}

// TestAttributesCoverTheContract holds the engine's table of changes to the contract: every property of a spec, and
// every map, has its row, and every row its property.
func TestAttributesCoverTheContract(t *testing.T) {
	t.Parallel()
	document, err := openapi3.NewLoader().LoadFromData(contract.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]rules.Kind{
		"ConnectionSpec": rules.KindConnection, "EdgeAttachmentSpec": rules.KindEdgeAttachment, "AgreementEvidenceSpec": rules.KindAgreementEvidence,
	}
	for component, kind := range kinds {
		declared := leaves("", document.Components.Schemas[component].Value)
		var listed []string
		for _, attribute := range rules.Attributes(kind) {
			listed = append(listed, attribute.Path)
		}
		slices.Sort(declared)
		slices.Sort(listed)
		if !slices.Equal(declared, listed) {
			t.Errorf("%s has\n  %s\nand the table\n  %s", component, strings.Join(declared, " "), strings.Join(listed, " "))
		}
	}
}

// leaves are the paths of an object's properties that are not objects themselves, and of its maps.
func leaves(path string, schema *openapi3.Schema) []string {
	switch {
	case len(schema.Properties) > 0:
		var below []string
		for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
			below = append(below, leaves(strings.TrimPrefix(path+"."+name, "."), schema.Properties[name].Value)...)
		}
		return below
	case schema.AdditionalProperties.Schema != nil:
		return append(leaves(path+".*", schema.AdditionalProperties.Schema.Value), path)
	default:
		return []string{path}
	}
}

// memberError is the member that an error is about, or its text.
func memberError(err error) string {
	if wrong := (*assess.MemberError)(nil); errors.As(err, &wrong) && errors.Unwrap(err) != nil {
		return wrong.Member
	}
	if err != nil {
		return "not a MemberError: " + err.Error()
	}
	return ""
}
