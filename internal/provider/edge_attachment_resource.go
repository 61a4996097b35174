package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

var (
	_ resource.ResourceWithConfigure      = (*edgeAttachmentResource)(nil)
	_ resource.ResourceWithValidateConfig = (*edgeAttachmentResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*edgeAttachmentResource)(nil)
	_ resource.ResourceWithImportState    = (*edgeAttachmentResource)(nil)
	_ resource.ResourceWithIdentity       = (*edgeAttachmentResource)(nil)
)

type edgeAttachmentResource struct {
	lifecycle[api.EdgeAttachment, edgeAttachmentModel, *edgeAttachmentModel]
}

func newEdgeAttachmentResource() resource.Resource {
	r := &edgeAttachmentResource{}
	r.kind, r.rulesKind, r.nameParts = edgeAttachments, rules.KindEdgeAttachment, []string{"connection_id", "name"}
	r.parseID = func(id string) error { _, _, err := hscn.ParseEdgeAttachmentName(id); return err }
	r.create = func(ctx context.Context, s *session, c *client.Client, plan *edgeAttachmentModel) (api.EdgeAttachment, error) {
		connection, name, err := plan.names()
		if err != nil {
			return api.EdgeAttachment{}, err
		}
		spec, err := plan.toAPI()
		if err != nil {
			return api.EdgeAttachment{}, err
		}
		return c.CreateEdgeAttachment(ctx, connection, name, s.connectionUID(hscn.ConnectionName(connection)), spec)
	}
	r.update = func(ctx context.Context, c *client.Client, state *edgeAttachmentModel, etag string, patch api.MergePatch) (api.EdgeAttachment, error) {
		connection, name, err := state.names()
		if err != nil {
			return api.EdgeAttachment{}, err
		}
		return c.UpdateEdgeAttachment(ctx, connection, name, etag, patch)
	}
	r.remove = func(ctx context.Context, c *client.Client, state *edgeAttachmentModel) error {
		connection, name, err := state.names()
		if err != nil {
			return err
		}
		_, err = c.DeleteEdgeAttachment(ctx, connection, name, state.UID.ValueString())
		return err
	}
	return r
}

func (r *edgeAttachmentResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_edge_attachment"
}

func (r *edgeAttachmentResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = edgeAttachmentSchema(ctx)
}

func (r *edgeAttachmentResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config edgeAttachmentModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	oneGateway(&resp.Diagnostics, path.Empty(), config.GatewayID, config.VDCID)
	order := rules.Order{Kind: rules.KindEdgeAttachment, Operation: rules.Create, Name: textOf(config.Name), Declared: declaredOf(config.declared())}
	resp.Diagnostics.Append(validateOffline(ctx, order, config.values())...)
}

// oneGateway demands a gateway that is there or one that the CSP builds, and not both. Either may only be known later.
func oneGateway(diags *diag.Diagnostics, at path.Path, gateway, vdc types.String) {
	given := func(value types.String) bool { return !value.IsNull() && !value.IsUnknown() }
	switch {
	case gateway.IsNull() && vdc.IsNull():
		diags.AddAttributeError(at.AtName("gateway_id"), "No gateway given",
			"Say in gateway_id which edge gateway or router is attached: the data source hscn_gateways lists those of the account's services. "+
				"Or say in vdc_id in which virtual data centre your cloud service provider is to build one.")
	case given(gateway) && given(vdc):
		diags.AddAttributeError(at.AtName("vdc_id"), "Two gateways given", fmt.Sprintf(
			"gateway_id is %q and vdc_id is %q: an edge attachment is to a gateway that is there, or to one that your cloud service provider builds. "+
				"Leave out the one that is not meant.", gateway.ValueString(), vdc.ValueString()))
	}
}
