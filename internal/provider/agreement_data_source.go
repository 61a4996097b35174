package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/assess"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

var _ datasource.DataSourceWithConfigure = (*agreementDataSource)(nil)

type agreementDataSource struct{ source }

func newAgreementDataSource() datasource.DataSource { return &agreementDataSource{} }

func (d *agreementDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_agreement"
}

func (d *agreementDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := organisationArguments()
	attributes["bases"] = objects("How each `basis` of a connection's `agreement` stands today by the CSP's policy, by name: `connection_agreement` and `flow_down`. "+
		"Signed copies (`hscn_agreement_evidence`) do not count here.", map[string]schema.Attribute{
		"holds":  flag("Whether a connection can rest on it; null where nobody has looked, or too long ago: an order waits until somebody has."),
		"reason": text("Why not, or why nobody knows; null where it holds."),
	})
	attributes["register"] = object("What the NHS's register of HSCN Connection Agreements showed; null where nobody has looked yet.", map[string]schema.Attribute{
		"found":        flag("Whether the organisation has an entry there."),
		"kind":         text("`connection_agreement`, or `igsoc` for the statement of compliance of N3, which no longer counts; null where that is not recorded."),
		"reference":    text("The entry's reference; null where it has none."),
		"signed_on":    text("The day on which the agreement was signed; null where it is not known."),
		"ended_on":     text("The last day on which it holds; null where there is none."),
		"withdrawn_on": text("The first day on which it no longer holds, since it was withdrawn; null where there is none."),
		"looked_up_at": text("When it was looked up."),
		"looked_up_by": text("Who looked it up; null where that is not recorded."),
	})
	attributes["flow_down"] = object("The terms between the CSP and the organisation; null where nobody has looked yet.", map[string]schema.Attribute{
		"documents": listed("The documents that are signed. Which of them carry the HSCN Connection Agreement's terms is in `hscn_policy`, `agreements.flow_down_documents`.", map[string]schema.Attribute{
			"kind":      text("The kind of document."),
			"version":   text("Its version, such as `11.2`."),
			"signed_on": text("The day on which it was signed; null where it is not known."),
			"ended_on":  text("The last day on which it holds; null where there is none."),
		}),
		"looked_up_at": text("When it was looked up."),
		"looked_up_by": text("Who looked it up; null where that is not recorded."),
	})
	resp.Schema = schema.Schema{
		MarkdownDescription: "What is known of an organisation's agreement to the terms of HSCN, by which route, and when it was looked up: its own HSCN Connection Agreement in the " +
			"NHS's register, and terms of the cloud service provider (CSP) that carry it. What nobody has looked up yet is null, which is neither good nor bad.",
		Attributes: attributes,
	}
}

func (d *agreementDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	found, diags := d.organisation(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	policy, err := d.session.facts.Policy(ctx)
	if err != nil {
		resp.Diagnostics.Append(d.operation("agreement").failed(ctx, err)...)
		return
	}
	members, err := agreementMembers(policy, found)
	if err != nil {
		resp.Diagnostics.Append(providerFault("reading agreement", err))
		return
	}
	resp.Diagnostics.Append(fill(ctx, "agreement", members, &resp.State)...)
}

// agreementMembers are the attributes of an organisation's agreement.
func agreementMembers(policy api.Policy, found foundOrganisation) (map[string]any, error) {
	members, err := document(found.OrganisationFacts)
	if err != nil {
		return nil, err
	}
	if title := titleOf(found.OrganisationFacts); title != "" {
		members["title"] = title
	}
	p, err := assess.Policy(policy)
	if err != nil {
		return nil, err
	}
	facts, err := assess.Facts(api.ComplianceFacts{Now: found.now, Organisations: []api.OrganisationFacts{found.OrganisationFacts}}, nil)
	if err != nil {
		return nil, err
	}
	bases := make(map[string]any)
	for _, basis := range hscn.AgreementBases() {
		bases[string(basis)] = standingOf(p, facts, found.OdsCode, basis)
	}
	members["bases"] = bases
	return members, nil
}

// failing are the rules that refuse a connection for its agreement, and unknowing the one that waits for a look-up.
var (
	failing   = []string{"agreement.missing", "agreement.flow-down-terms", "agreement.predates", "agreement.ended"}
	unknowing = "agreement.not-checked"
)

// standingOf says how a basis stands: what the rules would say of a connection that rests on it. The rules decide, so that
// this and an order never disagree; how severe policy takes them is of no account.
func standingOf(policy rules.Policy, facts rules.Facts, code string, basis hscn.AgreementBasis) map[string]any {
	policy.Severities = nil
	order := rules.Order{
		Kind: rules.KindConnection, Operation: rules.Create,
		Declared: rules.Declared{"ods_code": code, "agreement": map[string]any{"basis": string(basis)}},
	}
	standing := map[string]any{"holds": true}
	for _, finding := range rules.Evaluate(policy, facts, order, rules.AtPlan) {
		switch {
		case finding.Rule == unknowing:
			return map[string]any{"reason": finding.Detail}
		case slices.Contains(failing, finding.Rule):
			return map[string]any{"holds": false, "reason": finding.Detail}
		}
	}
	return standing
}
