package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

var _ datasource.DataSourceWithConfigure = (*organisationDataSource)(nil)

type organisationDataSource struct{ source }

func newOrganisationDataSource() datasource.DataSource { return &organisationDataSource{} }

func (d *organisationDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_organisation"
}

func (d *organisationDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := organisationArguments()
	for name, attribute := range map[string]schema.Attribute{
		"found": flag("Whether the directory has the organisation; null where nobody has looked yet: ask your cloud service provider (CSP) to look it up."),
		"active": flag("Whether it is active in the directory; null where nothing is known. " +
			"An organisation that is closed may be active until its legal end."),
		"record_class":    text("What the directory calls it: `RC1` an organisation, `RC2` a site; null where nothing is known."),
		"primary_role":    text("Which type of organisation it is, as the directory's role such as `RO197` of an NHS trust; null where nothing is known."),
		"country":         text("The country of its seat, as the directory spells it; null where nothing is known."),
		"parent":          text("The ODS code of the organisation that it belongs to; null where there is none."),
		"successors":      texts("The ODS codes of the organisations that took over from it; null where nothing is known."),
		"operational_end": text("The last day of its operation; null where there is none."),
		"legal_end":       text("The last day of its legal existence; null where there is none."),
		"sites": schema.ListAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "The ODS codes of its sites, in the directory's order; null where nothing is known.",
		},
		"dspt": object("What the register of the Data Security and Protection Toolkit (DSPT) showed; null where nobody has looked yet.", map[string]schema.Attribute{
			"found":        flag("Whether the organisation has a row there."),
			"status":       text("The register's own words, such as `25/26 Standards Met`; null where there is no row."),
			"published_on": text("The day on which that was published; null where it is not known."),
			"looked_up_at": text("When it was looked up."),
			"looked_up_by": text("Who looked it up; null where that is not recorded."),
		}),
		"looked_up_at": text("When the organisation was looked up in the directory; null where nobody has."),
		"looked_up_by": text("Who looked it up; null where that is not recorded."),
	} {
		attributes[name] = attribute
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What is known of an organisation: its entry in the NHS's directory of organisations (ODS) and its DSPT status, with when each was looked up. " +
			"A fact that nobody has looked up yet is null, which is neither good nor bad.",
		Attributes: attributes,
	}
}

func (d *organisationDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	found, diags := d.organisation(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	members, err := organisationMembers(found.OrganisationFacts)
	if err != nil {
		resp.Diagnostics.Append(providerFault("reading organisation", err))
		return
	}
	resp.Diagnostics.Append(fill(ctx, "organisation", members, &resp.State)...)
}

// organisationMembers are the attributes of an organisation: its directory entry's own and what else is known.
func organisationMembers(o api.OrganisationFacts) (map[string]any, error) {
	all, err := document(o)
	if err != nil {
		return nil, err
	}
	members, ok := all["directory"].(map[string]any)
	if !ok {
		members = make(map[string]any)
	}
	members["ods_code"], members["bound"], members["dspt"] = all["ods_code"], all["bound"], all["dspt"]
	return members, nil
}
