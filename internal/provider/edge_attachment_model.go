package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// edgeAttachmentModel is an edge attachment in configuration, plan and state.
type edgeAttachmentModel struct {
	Name               types.String   `tfsdk:"name"`
	ConnectionID       types.String   `tfsdk:"connection_id"`
	GatewayID          types.String   `tfsdk:"gateway_id"`
	VDCID              types.String   `tfsdk:"vdc_id"`
	Networks           types.Map      `tfsdk:"networks"`
	BridgingControls   types.String   `tfsdk:"bridging_controls"`
	Fulfilment         types.String   `tfsdk:"fulfilment"`
	DeletionProtection types.Bool     `tfsdk:"deletion_protection"`
	WaitFor            types.String   `tfsdk:"wait_for"`
	Timeouts           timeouts.Value `tfsdk:"timeouts"`

	ID                  types.String `tfsdk:"id"`
	UID                 types.String `tfsdk:"uid"`
	State               types.String `tfsdk:"state"`
	StateReason         types.String `tfsdk:"state_reason"`
	PendingChange       types.String `tfsdk:"pending_change"`
	IncludedAddress     types.String `tfsdk:"included_address"`
	TranslatedAddresses types.Set    `tfsdk:"translated_addresses"`
	DNSResolvers        types.Set    `tfsdk:"dns_resolvers"`
	AttachedGatewayID   types.String `tfsdk:"attached_gateway_id"`
	FulfilmentState     types.String `tfsdk:"fulfilment_state"`
}

func (m *edgeAttachmentModel) own() own {
	return own{
		name: m.Name, id: m.ID, uid: m.UID, state: m.State, stateReason: m.StateReason, pendingChange: m.PendingChange,
		waitFor: m.WaitFor, timeouts: m.Timeouts,
		parent: m.ConnectionID, assigned: map[string]attr.Value{"included_address": m.IncludedAddress},
	}
}

// names are those of the connection and of the edge attachment itself.
func (m *edgeAttachmentModel) names() (connection, name string, err error) {
	connection, err = hscn.ParseConnectionName(m.ConnectionID.ValueString())
	return connection, m.Name.ValueString(), err
}

func (m *edgeAttachmentModel) plannedID() types.String {
	connection, name, err := m.names()
	if err != nil || m.Name.IsUnknown() {
		return types.StringUnknown() // a malformed connection_id is for its validator to tell
	}
	return types.StringValue(hscn.EdgeAttachmentName(connection, name))
}

func (m *edgeAttachmentModel) setID(id types.String) { m.ID = id }

// declared are the attributes that the owner declares to the broker.
func (m *edgeAttachmentModel) declared() map[string]attr.Value {
	return map[string]attr.Value{
		"gateway_id": m.GatewayID, "vdc_id": m.VDCID, "networks": m.Networks, "bridging_controls": m.BridgingControls,
		"fulfilment": m.Fulfilment, "deletion_protection": m.DeletionProtection,
	}
}

// values are the declared attributes and the names.
func (m *edgeAttachmentModel) values() map[string]attr.Value {
	values := m.declared()
	values["name"], values["connection_id"] = m.Name, m.ConnectionID
	return values
}

func (m *edgeAttachmentModel) standing() rules.Standing {
	return rules.Standing{State: hscn.State(m.State.ValueString())}
}

func (m *edgeAttachmentModel) spec() (any, error) { return m.toAPI() }

// toAPI makes the spec that is sent, in the one spelling of everything.
func (m *edgeAttachmentModel) toAPI() (api.EdgeAttachmentSpec, error) {
	return specOf[api.EdgeAttachmentSpec](m.declared(), spellingsOf(rules.KindEdgeAttachment))
}

// fromAPI takes over an edge attachment as the broker has it, as connectionModel.fromAPI does.
func (m *edgeAttachmentModel) fromAPI(ctx context.Context, e api.EdgeAttachment) diag.Diagnostics {
	declared, err := client.ApplyMergePatch(edgeAttachmentSpec(e), e.PendingChange)
	if err != nil {
		return diag.Diagnostics{providerFault("reading edge attachment", err)}
	}
	connection, name, err := hscn.ParseEdgeAttachmentName(e.Name)
	if err != nil {
		return diag.Diagnostics{providerFault("reading edge attachment", err)}
	}
	return intoModel(ctx, m, e, declared, rules.KindEdgeAttachment, map[string]any{
		"id": e.Name, "name": name, "connection_id": hscn.ConnectionName(connection),
		"wait_for": orDefault(m.WaitFor, string(hscn.WaitForAccepted)),
	})
}

// edgeAttachmentSpec is what the owner declared of an edge attachment.
func edgeAttachmentSpec(e api.EdgeAttachment) api.EdgeAttachmentSpec {
	return api.EdgeAttachmentSpec{
		GatewayID: e.GatewayID, VdcID: e.VdcID, Networks: e.Networks, BridgingControls: e.BridgingControls,
		Fulfilment: &e.Fulfilment, DeletionProtection: &e.DeletionProtection,
	}
}

// forgetComputed makes unknown what the apply will tell.
func (m *edgeAttachmentModel) forgetComputed() {
	m.UID, m.State, m.StateReason = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	m.PendingChange, m.IncludedAddress = types.StringUnknown(), types.StringUnknown()
	m.TranslatedAddresses, m.DNSResolvers = types.SetUnknown(types.StringType), types.SetUnknown(types.StringType)
	m.AttachedGatewayID, m.FulfilmentState = types.StringUnknown(), types.StringUnknown()
}

// keepStable takes from state what no change in place moves. The address is what others refer to.
func (m *edgeAttachmentModel) keepStable(state *edgeAttachmentModel) {
	m.ID, m.UID, m.IncludedAddress = state.ID, state.UID, state.IncludedAddress
	m.AttachedGatewayID = settled(m.AttachedGatewayID, state.AttachedGatewayID)
	m.DNSResolvers = settled(m.DNSResolvers, state.DNSResolvers)
}

// keepComputed takes from state everything that the broker tells.
func (m *edgeAttachmentModel) keepComputed(state *edgeAttachmentModel) {
	kept := *state
	kept.WaitFor, kept.Timeouts = m.WaitFor, m.Timeouts
	*m = kept
}
