package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// agreementEvidenceModel is a signed copy in configuration, plan and state. Of its document plan and state have the sum
// alone: the arguments that say where the document is are write-only.
type agreementEvidenceModel struct {
	Name              types.String `tfsdk:"name"`
	ODSCode           types.String `tfsdk:"ods_code"`
	DocumentPath      types.String `tfsdk:"document_path"`
	DocumentWO        types.String `tfsdk:"document_wo"`
	DocumentWOVersion types.Int64  `tfsdk:"document_wo_version"`
	DocumentSHA256    types.String `tfsdk:"document_sha256"`
	SignedOn          types.String `tfsdk:"signed_on"`
	CountersignedOn   types.String `tfsdk:"countersigned_on"`

	ID                    types.String `tfsdk:"id"`
	UID                   types.String `tfsdk:"uid"`
	State                 types.String `tfsdk:"state"`
	StateReason           types.String `tfsdk:"state_reason"`
	PendingChange         types.String `tfsdk:"pending_change"`
	RegisterUpdatePending types.Bool   `tfsdk:"register_update_pending"`
}

// own leaves out what evidence does not have: nothing is waited for, since only a person takes it further.
func (m *agreementEvidenceModel) own() own {
	return own{name: m.Name, id: m.ID, uid: m.UID, state: m.State, stateReason: m.StateReason, pendingChange: m.PendingChange}
}

func (m *agreementEvidenceModel) plannedID() types.String {
	if m.Name.IsUnknown() {
		return types.StringUnknown()
	}
	return types.StringValue(hscn.AgreementEvidenceName(m.Name.ValueString()))
}

func (m *agreementEvidenceModel) setID(id types.String) { m.ID = id }

// declared are the attributes that the owner declares to the broker.
func (m *agreementEvidenceModel) declared() map[string]attr.Value {
	return map[string]attr.Value{
		"ods_code": m.ODSCode, "document_sha256": m.DocumentSHA256, "signed_on": m.SignedOn, "countersigned_on": m.CountersignedOn,
	}
}

// values are the declared attributes and the name.
func (m *agreementEvidenceModel) values() map[string]attr.Value {
	values := m.declared()
	values["name"] = m.Name
	return values
}

func (m *agreementEvidenceModel) standing() rules.Standing {
	return rules.Standing{State: hscn.State(m.State.ValueString())}
}

func (m *agreementEvidenceModel) spec() (any, error) { return m.toAPI() }

// toAPI makes the spec that is sent, in the one spelling of everything.
func (m *agreementEvidenceModel) toAPI() (api.AgreementEvidenceSpec, error) {
	return specOf[api.AgreementEvidenceSpec](m.declared(), spellingsOf(rules.KindAgreementEvidence))
}

// fromAPI takes over evidence as the broker has it, as connectionModel.fromAPI does. A version that waits to be validated
// is shown as if it were, so that it is no difference.
func (m *agreementEvidenceModel) fromAPI(ctx context.Context, e api.AgreementEvidence) diag.Diagnostics {
	declared, err := client.ApplyMergePatch(agreementEvidenceSpec(e), e.PendingChange)
	if err != nil {
		return diag.Diagnostics{providerFault("reading agreement evidence", err)}
	}
	name, err := hscn.ParseAgreementEvidenceName(e.Name)
	if err != nil {
		return diag.Diagnostics{providerFault("reading agreement evidence", err)}
	}
	return intoModel(ctx, m, e, declared, rules.KindAgreementEvidence, map[string]any{
		"id": e.Name, "name": name, "document_wo_version": plain(m.DocumentWOVersion, "", nil),
	})
}

// agreementEvidenceSpec is what the owner declared of evidence.
func agreementEvidenceSpec(e api.AgreementEvidence) api.AgreementEvidenceSpec {
	return api.AgreementEvidenceSpec{OdsCode: e.OdsCode, DocumentSha256: e.DocumentSha256, SignedOn: e.SignedOn, CountersignedOn: e.CountersignedOn}
}

// forgetComputed makes unknown what the apply will tell. What becomes of the sum its own plan modifier says.
func (m *agreementEvidenceModel) forgetComputed() {
	m.UID, m.State, m.StateReason = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	m.PendingChange, m.RegisterUpdatePending = types.StringUnknown(), types.BoolUnknown()
}

// keepStable takes from state what no change in place moves.
func (m *agreementEvidenceModel) keepStable(state *agreementEvidenceModel) {
	m.ID, m.UID = state.ID, state.UID
}

// keepComputed takes from state everything that the broker tells.
func (m *agreementEvidenceModel) keepComputed(state *agreementEvidenceModel) {
	kept := *state
	kept.DocumentWOVersion = m.DocumentWOVersion
	*m = kept
}
