package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// connectionModel is a connection in configuration, plan and state.
type connectionModel struct {
	Name                   types.String   `tfsdk:"name"`
	ODSCode                types.String   `tfsdk:"ods_code"`
	Service                types.Object   `tfsdk:"service"`
	Access                 types.String   `tfsdk:"access"`
	Purpose                types.String   `tfsdk:"purpose"`
	Agreement              types.Object   `tfsdk:"agreement"`
	Profile                types.Object   `tfsdk:"profile"`
	Circuits               types.Map      `tfsdk:"circuits"`
	PurchaseOrder          types.String   `tfsdk:"purchase_order"`
	ActivateAt             types.String   `tfsdk:"activate_at"`
	AcceptedSetupChargeGBP types.String   `tfsdk:"accepted_setup_charge_gbp"`
	DeletionProtection     types.Bool     `tfsdk:"deletion_protection"`
	WaitFor                types.String   `tfsdk:"wait_for"`
	Timeouts               timeouts.Value `tfsdk:"timeouts"`

	ID                   types.String `tfsdk:"id"`
	UID                  types.String `tfsdk:"uid"`
	State                types.String `tfsdk:"state"`
	StateReason          types.String `tfsdk:"state_reason"`
	Region               types.String `tfsdk:"region"`
	Zone                 types.String `tfsdk:"zone"`
	DataCentres          types.Set    `tfsdk:"data_centres"`
	ExternalNetworkID    types.String `tfsdk:"external_network_id"`
	MonthlyChargeGBP     types.String `tfsdk:"monthly_charge_gbp"`
	SetupChargeGBP       types.String `tfsdk:"setup_charge_gbp"`
	PendingChange        types.String `tfsdk:"pending_change"`
	CommitmentMonths     types.Int64  `tfsdk:"commitment_months"`
	CommitmentEndsOn     types.String `tfsdk:"commitment_ends_on"`
	EnablementDueAt      types.String `tfsdk:"enablement_due_at"`
	EnabledAt            types.String `tfsdk:"enabled_at"`
	AgreementValidatedOn types.String `tfsdk:"agreement_validated_on"`
	RevalidateOn         types.String `tfsdk:"revalidate_on"`
}

func (m *connectionModel) own() own {
	return own{
		name: m.Name, id: m.ID, uid: m.UID, state: m.State, stateReason: m.StateReason, pendingChange: m.PendingChange,
		waitFor: m.WaitFor, timeouts: m.Timeouts,
	}
}

func (m *connectionModel) plannedID() types.String {
	if m.Name.IsUnknown() {
		return types.StringUnknown()
	}
	return types.StringValue(hscn.ConnectionName(m.Name.ValueString()))
}

func (m *connectionModel) setID(id types.String) { m.ID = id }

// declared are the attributes that the owner declares to the broker.
func (m *connectionModel) declared() map[string]attr.Value {
	return map[string]attr.Value{
		"ods_code": m.ODSCode, "service": m.Service, "access": m.Access, "purpose": m.Purpose, "agreement": m.Agreement,
		"profile": m.Profile, "circuits": m.Circuits, "purchase_order": m.PurchaseOrder, "activate_at": m.ActivateAt,
		"accepted_setup_charge_gbp": m.AcceptedSetupChargeGBP, "deletion_protection": m.DeletionProtection,
	}
}

// values are the declared attributes and the name.
func (m *connectionModel) values() map[string]attr.Value {
	values := m.declared()
	values["name"] = m.Name
	return values
}

// standing is how far the connection is. What state has was read from the broker.
func (m *connectionModel) standing() rules.Standing {
	standing := rules.Standing{State: hscn.State(m.State.ValueString()), MonthlyChargeGBP: m.MonthlyChargeGBP.ValueString()}
	if at, err := time.Parse(time.RFC3339, m.EnabledAt.ValueString()); err == nil {
		standing.EnabledAt = at
	}
	if day, err := hscn.ParseDate(m.CommitmentEndsOn.ValueString()); err == nil {
		standing.CommitmentEndsOn = day
	}
	return standing
}

func (m *connectionModel) spec() (any, error) { return m.toAPI() }

// toAPI makes the spec that is sent, in the one spelling of everything.
func (m *connectionModel) toAPI() (api.ConnectionSpec, error) {
	return specOf[api.ConnectionSpec](m.declared(), spellingsOf(rules.KindConnection))
}

// fromAPI takes over a connection as the broker has it. What only Terraform knows stays; so do spellings. A change that
// waits for a person is shown as if it were made, so that it is no difference.
func (m *connectionModel) fromAPI(ctx context.Context, c api.Connection) diag.Diagnostics {
	declared, err := client.ApplyMergePatch(connectionSpec(c), c.PendingChange)
	if err != nil {
		return diag.Diagnostics{providerFault("reading connection", err)}
	}
	name, err := hscn.ParseConnectionName(c.Name)
	if err != nil {
		return diag.Diagnostics{providerFault("reading connection", err)}
	}
	return intoModel(ctx, m, c, declared, rules.KindConnection, map[string]any{
		"id": c.Name, "name": name, "wait_for": orDefault(m.WaitFor, string(hscn.WaitForAccepted)),
	})
}

// connectionSpec is what the owner declared of a connection.
func connectionSpec(c api.Connection) api.ConnectionSpec {
	return api.ConnectionSpec{
		OdsCode: c.OdsCode, Service: c.Service, Access: &c.Access, Purpose: &c.Purpose, Agreement: c.Agreement, Profile: c.Profile,
		Circuits: c.Circuits, PurchaseOrder: c.PurchaseOrder, ActivateAt: c.ActivateAt, AcceptedSetupChargeGbp: c.AcceptedSetupChargeGbp,
		DeletionProtection: &c.DeletionProtection,
	}
}

// forgetComputed makes unknown what the apply will tell.
func (m *connectionModel) forgetComputed() {
	m.UID, m.State, m.StateReason = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	m.Region, m.Zone, m.ExternalNetworkID = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	m.DataCentres = types.SetUnknown(types.StringType)
	m.MonthlyChargeGBP, m.SetupChargeGBP, m.PendingChange = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	m.CommitmentMonths = types.Int64Unknown()
	m.CommitmentEndsOn, m.EnablementDueAt, m.EnabledAt = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	m.AgreementValidatedOn, m.RevalidateOn = types.StringUnknown(), types.StringUnknown()
}

// keepStable takes from state what no change in place moves.
func (m *connectionModel) keepStable(state *connectionModel) {
	m.ID, m.UID = state.ID, state.UID
	m.Region, m.Zone = state.Region, state.Zone
	m.CommitmentMonths = state.CommitmentMonths
	// These come once, and then they stay; what depends on them need not wait for an apply that changes something else.
	m.ExternalNetworkID = settled(m.ExternalNetworkID, state.ExternalNetworkID)
	m.DataCentres = settled(m.DataCentres, state.DataCentres)
	m.EnabledAt = settled(m.EnabledAt, state.EnabledAt)
	m.CommitmentEndsOn = settled(m.CommitmentEndsOn, state.CommitmentEndsOn)
}

// keepComputed takes from state everything that the broker tells.
func (m *connectionModel) keepComputed(state *connectionModel) {
	kept := *state
	kept.WaitFor, kept.Timeouts = m.WaitFor, m.Timeouts
	*m = kept
}
