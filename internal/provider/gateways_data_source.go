package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

var _ datasource.DataSourceWithConfigure = (*gatewaysDataSource)(nil)

type gatewaysDataSource struct{ source }

func newGatewaysDataSource() datasource.DataSource { return &gatewaysDataSource{} }

func (d *gatewaysDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_gateways"
}

func (d *gatewaysDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The edge gateways and routers of the account's cloud services: what an edge attachment attaches.",
		Attributes: map[string]schema.Attribute{
			"service": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "Only gateways of this service; left out, those of every service.",
				Attributes: map[string]schema.Attribute{
					"type": schema.StringAttribute{Required: true, MarkdownDescription: "The type of service."},
					"id":   schema.StringAttribute{Required: true, MarkdownDescription: "The service's id as the CSP writes it."},
				},
			},
			"gateways": listed("The gateways, by id.", map[string]schema.Attribute{
				"id":    text("The gateway's id as the CSP's cloud writes it."),
				"title": text("What people call it; null where nothing is recorded."),
				"service": object("The service that it belongs to.", map[string]schema.Attribute{
					"type": text("The type of service."),
					"id":   text("The service's id as the CSP writes it."),
				}),
				"zone":               text("The zone of the CSP's cloud that it is in."),
				"networks":           texts("The networks other than HSCN that it carries, such as `internet` or `psn`."),
				"internal_networks":  texts("The ids of the networks behind it; null where none is recorded."),
				"edge_attachment_id": text("The id of the edge attachment that holds it; null where there is none."),
			}),
		},
	}
}

func (d *gatewaysDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var service types.Object
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("service"), &service)...)
	c := d.session.caller(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	var params api.ListGatewaysParams
	if wanted, ok := plain(service, "service", nil).(map[string]any); ok {
		kind, _ := wanted["type"].(string)
		id, _ := wanted["id"].(string)
		params.ServiceType, params.ServiceID = &kind, &id
	}
	gateways, err := c.Gateways(ctx, params)
	if err != nil {
		resp.Diagnostics.Append(d.operation("gateways").failed(ctx, err)...)
		return
	}
	list, err := documents(gateways, gatewayMembers)
	if err != nil {
		resp.Diagnostics.Append(providerFault("reading gateways", err))
		return
	}
	resp.Diagnostics.Append(fill(ctx, "gateways", map[string]any{"gateways": list, "service": plain(service, "service", nil)}, &resp.State)...)
}

// gatewayMembers are the attributes of a gateway. An edge attachment is referred to by its id, as everywhere in Terraform.
func gatewayMembers(gateway api.Gateway) (map[string]any, error) {
	members, err := document(gateway)
	if err != nil {
		return nil, err
	}
	members["edge_attachment_id"] = members["edge_attachment"]
	return members, nil
}
