package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

var (
	_ resource.ResourceWithConfigure      = (*connectionResource)(nil)
	_ resource.ResourceWithValidateConfig = (*connectionResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*connectionResource)(nil)
	_ resource.ResourceWithImportState    = (*connectionResource)(nil)
	_ resource.ResourceWithIdentity       = (*connectionResource)(nil)
)

type connectionResource struct {
	lifecycle[api.Connection, connectionModel, *connectionModel]
}

func newConnectionResource() resource.Resource {
	r := &connectionResource{}
	r.kind, r.rulesKind, r.nameParts = connections, rules.KindConnection, []string{"name"}
	r.parseID = func(id string) error { _, err := hscn.ParseConnectionName(id); return err }
	r.planNew = func(ctx context.Context, s *session, plan *connectionModel) diag.Diagnostics {
		var diags diag.Diagnostics
		plan.CommitmentMonths, diags = s.plannedCommitment(ctx)
		return diags
	}
	r.create = func(ctx context.Context, _ *session, c *client.Client, plan *connectionModel) (api.Connection, error) {
		spec, err := plan.toAPI()
		if err != nil {
			return api.Connection{}, err
		}
		return c.CreateConnection(ctx, plan.Name.ValueString(), spec)
	}
	r.update = func(ctx context.Context, c *client.Client, state *connectionModel, etag string, patch api.MergePatch) (api.Connection, error) {
		return c.UpdateConnection(ctx, state.Name.ValueString(), etag, patch)
	}
	r.remove = func(ctx context.Context, c *client.Client, state *connectionModel) error {
		_, err := c.DeleteConnection(ctx, state.Name.ValueString(), state.UID.ValueString())
		return err
	}
	return r
}

func (r *connectionResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_connection"
}

func (r *connectionResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = connectionSchema(ctx)
}

func (r *connectionResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config connectionModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	order := rules.Order{Kind: rules.KindConnection, Operation: rules.Create, Name: textOf(config.Name), Declared: declaredOf(config.declared())}
	resp.Diagnostics.Append(validateOffline(ctx, order, config.values())...)
}
