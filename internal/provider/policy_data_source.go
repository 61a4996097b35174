package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var _ datasource.DataSourceWithConfigure = (*policyDataSource)(nil)

type policyDataSource struct{ source }

func newPolicyDataSource() datasource.DataSource { return &policyDataSource{} }

func (d *policyDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_policy"
}

func (d *policyDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	contact := func(description string) schema.SingleNestedAttribute {
		return object(description, map[string]schema.Attribute{
			"title": text("Who it is."),
			"email": text("The e-mail address; null where there is none."),
			"phone": text("The telephone number; null where there is none."),
			"url":   text("A page on the web; null where there is none."),
		})
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "What the CSP decides: whom it connects and on which terms, which services and zones there are, how long things take, " +
			"and what each rule does to an order that does not keep it.",
		Attributes: map[string]schema.Attribute{
			"title":         text("The policy's name."),
			"version":       text("Its version, which the broker gives: another text is another version."),
			"rules_version": text("The version of the rules that it speaks of."),
			"valid_from":    text("Since when it is in force."),
			"sample":        flag("Whether it is only for trying things out."),
			"csp": object("The cloud service provider.", map[string]schema.Attribute{
				"title":          text("Its name."),
				"ods_code":       text("Its ODS code; null where the policy does not say."),
				"upstream_cn_sp": text("The consumer network service provider (CN-SP) that it is connected by; null where the policy does not say."),
				"contact":        contact("Whom to ask there."),
			}),
			"nhs_contact": contact("Whom to ask at the NHS."),
			"service_types": objects("The types of cloud services that can be connected, by name.", map[string]schema.Attribute{
				"title":      text("What people call it."),
				"id_pattern": text("A regular expression (RE2) that the whole of an id matches."),
				"id_example": text("An id."),
			}),
			"zones": objects("The zones of the CSP's cloud, by name.", map[string]schema.Attribute{
				"region":              text("The region that the zone is in."),
				"domain":              text("The security domain, such as `assured`; null where there is none."),
				"hscn_offered":        flag("Whether HSCN is offered there."),
				"architecture":        text("`one_edge_per_network`: a gateway carries HSCN alone. `shared_edge`: it may carry other networks beside it."),
				"one_network_from":    text("From which day on a gateway must carry HSCN alone; null where no day is set."),
				"data_centres":        texts("The data centres."),
				"external_network_id": text("The network that leads to HSCN; null where there is none."),
			}),
			"organisations": object("Which organisations are connected.", map[string]schema.Attribute{
				"successor_grace_days": number("For how many days after an organisation's end its orders are let through while a successor exists."),
				"binding_requests":     flag("Whether an order may ask to be allowed to act for an organisation."),
				"nhs_roles":            texts("The primary roles of NHS bodies in the directory, such as `RO197`."),
				"adequate_countries":   texts("The countries beside the UK and the EEA where data may be, as codes of two letters (ISO 3166-1)."),
			}),
			"agreements": object("What an organisation's use of HSCN may rest on.", map[string]schema.Attribute{
				"flow_down_documents": listed("The terms of the CSP that carry the HSCN Connection Agreement's; one of them is enough.", map[string]schema.Attribute{
					"kind":            text("The kind of document."),
					"title":           text("What people call it."),
					"minimum_version": text("The first version that carries the agreement's terms."),
				}),
				"evidence": object("What is asked of a signed copy (`hscn_agreement_evidence`).", map[string]schema.Attribute{
					"maximum_bytes":             number("How large its document may be, in bytes."),
					"countersigned_within_days": number("For how many days after its signature a copy without the NHS's counter-signature is not remarked on."),
				}),
			}),
			"dspt": object("Which outcomes of the Data Security and Protection Toolkit (DSPT) are enough.", map[string]schema.Attribute{
				"accepted":  texts("Outcomes that are enough."),
				"tolerated": texts("Outcomes that only warn."),
				"edition_deadlines": schema.MapAttribute{
					Computed: true, ElementType: types.StringType,
					MarkdownDescription: "The day on which an edition of the toolkit is due, by edition such as `25/26`, where it is not the NHS's own.",
				},
			}),
			"fact_ages_days": object("For how many days a look-up counts.", map[string]schema.Attribute{
				"directory": number("In the directory of organisations (ODS)."),
				"register":  number("In the register of HSCN Connection Agreements."),
				"flow_down": number("In the CSP's own contracts."),
				"dspt":      number("In the DSPT register."),
			}),
			"working_hours": object("The hours of a working day, in Europe/London.", map[string]schema.Attribute{
				"start": text("When they begin, such as `09:00`."),
				"end":   text("When they end, such as `17:30`."),
			}),
			"second_person": flag("Whether an approval must be another person's than the record that it rests on."),
			"connections": object("What holds for connections.", map[string]schema.Attribute{
				"lead_time_working_days": number("Within how many working days one is enabled, once nothing is left to prove."),
				"commitment_months":      number("For how many months one is taken at the least."),
				"profile_review_months":  number("After how many months its profile is to be reviewed."),
				"approval":               flag("Whether a person approves every one."),
			}),
			"edge_attachments": object("What holds for edge attachments.", map[string]schema.Attribute{
				"lead_time_working_days": number("Within how many working days one is enabled, once nothing is left to prove."),
				"address_rest_days":      number("For how many days a released address is kept from others."),
				"unknown_gateways_wait":  flag("Whether an order for a gateway that nobody knows yet waits, rather than being refused."),
			}),
			"dns_resolvers":         texts("The HSCN name servers to use."),
			"retired_dns_resolvers": texts("Name servers that answer no longer."),
			"hscn_ranges":           texts("The ranges of HSCN addresses that the CSP publishes, such as `198.51.100.0/24`."),
			"rules": schema.MapAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "What each rule does to an order that does not keep it, by the rule's id: `error`, `warning` or `off`.",
			},
		},
	}
}

func (d *policyDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	if d.session.caller(&resp.Diagnostics) == nil {
		return
	}
	policy, err := d.session.facts.Policy(ctx)
	if err != nil {
		resp.Diagnostics.Append(d.operation("policy").failed(ctx, err)...)
		return
	}
	members, err := document(policy)
	if err != nil {
		resp.Diagnostics.Append(providerFault("reading policy", err))
		return
	}
	resp.Diagnostics.Append(fill(ctx, "policy", members, &resp.State)...)
}
