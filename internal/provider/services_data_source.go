package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

var _ datasource.DataSourceWithConfigure = (*servicesDataSource)(nil)

type servicesDataSource struct{ source }

func newServicesDataSource() datasource.DataSource { return &servicesDataSource{} }

func (d *servicesDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_services"
}

func (d *servicesDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The cloud services that the account consumes.",
		Attributes: map[string]schema.Attribute{
			"type":     schema.StringAttribute{Optional: true, MarkdownDescription: "Only services of this type; left out, those of every type."},
			"services": listed("The services, by type and id.", serviceAttributes()),
		},
	}
}

func (d *servicesDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var kind types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("type"), &kind)...)
	c := d.session.caller(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	services, err := c.Services(ctx, api.ListServicesParams{Type: kind.ValueStringPointer()})
	if err != nil {
		resp.Diagnostics.Append(d.operation("services").failed(ctx, err)...)
		return
	}
	list, err := documents(services, serviceMembers)
	if err != nil {
		resp.Diagnostics.Append(providerFault("reading services", err))
		return
	}
	members := map[string]any{"services": list}
	if !kind.IsNull() {
		members["type"] = kind.ValueString()
	}
	resp.Diagnostics.Append(fill(ctx, "services", members, &resp.State)...)
}
