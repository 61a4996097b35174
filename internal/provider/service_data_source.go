package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

var _ datasource.DataSourceWithConfigure = (*serviceDataSource)(nil)

type serviceDataSource struct{ source }

func newServiceDataSource() datasource.DataSource { return &serviceDataSource{} }

func (d *serviceDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service"
}

func (d *serviceDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := serviceAttributes()
	attributes["type"] = schema.StringAttribute{Required: true, MarkdownDescription: "The type of service, one of those that the policy lists."}
	attributes["id"] = schema.StringAttribute{Required: true, MarkdownDescription: "The service's id as the CSP writes it."}
	resp.Schema = schema.Schema{
		MarkdownDescription: "A cloud service that the account consumes: what a connection joins to HSCN.",
		Attributes:          attributes,
	}
}

// serviceAttributes are those of a service, all computed.
func serviceAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"type":          text("The type of service."),
		"id":            text("The service's id as the CSP writes it."),
		"title":         text("What people call it; null where nothing is recorded."),
		"zone":          text("The zone of the CSP's cloud that it is in."),
		"region":        text("The region of that zone."),
		"data_centres":  texts("The data centres of that zone."),
		"hscn_offered":  flag("Whether HSCN is offered in that zone."),
		"connection_id": text("The id of the account's connection that holds the service; null where there is none."),
	}
}

func (d *serviceDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var kind, id types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("type"), &kind)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("id"), &id)...)
	c := d.session.caller(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	services, err := c.Services(ctx, api.ListServicesParams{Type: kind.ValueStringPointer(), ID: id.ValueStringPointer()})
	if err != nil {
		resp.Diagnostics.Append(d.operation("service").failed(ctx, err)...)
		return
	}
	if len(services) == 0 {
		resp.Diagnostics.AddAttributeError(path.Root("id"), "No such cloud service", fmt.Sprintf(
			"The account has no service %q of the type %q. The data source hscn_services lists what it has. "+
				"If the service is new, ask your cloud service provider to record it.", id.ValueString(), kind.ValueString()))
		return
	}
	members, err := serviceMembers(services[0])
	if err != nil {
		resp.Diagnostics.Append(providerFault("reading service", err))
		return
	}
	resp.Diagnostics.Append(fill(ctx, "service", members, &resp.State)...)
}

// serviceMembers are the attributes of a service. A connection is referred to by its id, as everywhere in Terraform.
func serviceMembers(service api.Service) (map[string]any, error) {
	members, err := document(service)
	if err != nil {
		return nil, err
	}
	members["connection_id"] = members["connection"]
	return members, nil
}
