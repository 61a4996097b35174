package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
)

var _ datasource.DataSourceWithConfigure = (*connectionsDataSource)(nil)

type connectionsDataSource struct{ source }

func newConnectionsDataSource() datasource.DataSource { return &connectionsDataSource{} }

func (d *connectionsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_connections"
}

func (d *connectionsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The account's connections, whoever made them, and those that were refused in the last 90 days.",
		Attributes: map[string]schema.Attribute{
			"connections": listed("The connections, by name.", connectionAttributes()),
		},
	}
}

func (d *connectionsDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	c := d.session.caller(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	all, err := c.Connections(ctx)
	if err != nil {
		resp.Diagnostics.Append(d.operation("connections").failed(ctx, err)...)
		return
	}
	list, err := documents(all, connectionMembers)
	if err != nil {
		resp.Diagnostics.Append(providerFault("reading connections", err))
		return
	}
	resp.Diagnostics.Append(fill(ctx, "connections", map[string]any{"connections": list}, &resp.State)...)
}
