package provider

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

var _ datasource.DataSourceWithConfigure = (*connectionDataSource)(nil)

type connectionDataSource struct{ source }

func newConnectionDataSource() datasource.DataSource { return &connectionDataSource{} }

func (d *connectionDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_connection"
}

func (d *connectionDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := connectionAttributes()
	attributes["name"] = schema.StringAttribute{
		Optional: true, Computed: true,
		Validators:          []validator.String{stringvalidator.ExactlyOneOf(path.MatchRoot("id"), path.MatchRoot("name"))},
		MarkdownDescription: "The connection's name. Give it or `id`.",
	}
	attributes["id"] = schema.StringAttribute{
		Optional: true, Computed: true,
		Validators:          []validator.String{idValidator(func(id string) error { _, err := hscn.ParseConnectionName(id); return err })},
		MarkdownDescription: "The connection's id, `connections/<name>`. Give it or `name`.",
	}
	attributes["wait_for"] = schema.StringAttribute{
		Optional: true, Validators: []validator.String{oneOf(hscn.WaitFors())},
		MarkdownDescription: "How far the connection must be before it is read. `accepted` (the default): it is read as it is. " +
			"`active`: it is confirmed to work, or a person has to act first, which ends the wait with a warning that says who. " +
			"A wait that runs out is a warning too: `state` is what it is then. A data source is read at plan where that is possible, so that the plan waits.",
	}
	attributes["timeouts"] = waitTimeoutAttribute(ctx)
	resp.Schema = schema.Schema{
		MarkdownDescription: "A connection that exists, such as one that another configuration made. " +
			"To use one that this configuration makes, refer to its resource instead. It can wait until the connection is active.",
		Attributes: attributes,
	}
}

func (d *connectionDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var (
		name, id, waitFor types.String
		limits            timeouts.Value
	)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("name"), &name)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("id"), &id)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("wait_for"), &waitFor)...)
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("timeouts"), &limits)...)
	timeout, diags := limits.Read(ctx, readTimeout)
	resp.Diagnostics.Append(diags...)
	c := d.session.caller(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	full := id.ValueString()
	if id.IsNull() {
		if err := hscn.ValidateName(name.ValueString()); err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("name"), "Malformed name", fmt.Sprintf("The %s.", err))
			return
		}
		full = hscn.ConnectionName(name.ValueString())
	}
	connection, err := connections.get(ctx, c, full)
	if client.IsObjectGone(err) {
		resp.Diagnostics.AddError("No such connection", fmt.Sprintf("There is no %s for this account, or no longer. "+
			"If this plan is about to make it, refer to the resource instead: hscn_connection.<name>.id and the like are known in time, "+
			"whereas a data source is read before anything is made.%s", full, referenceOf(err)))
		return
	}
	if err != nil {
		resp.Diagnostics.Append(d.operation("connection").failed(ctx, err)...)
		return
	}
	if waitFor.ValueString() == string(hscn.WaitForActive) {
		var diags diag.Diagnostics
		connection, diags = connections.untilActive(ctx, d.session, c, connection, patience{
			timeout: "timeouts.read", length: timeout, next: "The next read waits again.",
		})
		if last := connections.order(connection); isOver(last.state) {
			resp.Diagnostics.AddError("The connection came to an end", strings.TrimSpace(fmt.Sprintf("%s was waited for, and is %s since %s. %s",
				last.name, last.state, moment(last.stateSince), sentence(last.reason))))
			return
		}
		resp.Diagnostics.Append(diags...)
	}
	members, err := connectionMembers(connection)
	if err != nil {
		resp.Diagnostics.Append(providerFault("reading connection", err))
		return
	}
	resp.Diagnostics.Append(fill(ctx, "connection", members, &resp.State)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("wait_for"), waitFor)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("timeouts"), limits)...)
}

// waitTimeoutAttribute bounds the wait of a data source.
func waitTimeoutAttribute(ctx context.Context) schema.Attribute {
	attribute := timeouts.AttributesWithOpts(ctx, timeouts.Opts{
		ReadDescription: fmt.Sprintf("How long reading it may take, the wait of `wait_for` included (%s where it is left out), as a length of time such as `45m`.",
			lengthOfTime(readTimeout)),
	})
	nested, ok := attribute.(schema.SingleNestedAttribute)
	if !ok {
		return attribute
	}
	nested.MarkdownDescription = "How long the provider may take over it."
	if text, ok := nested.Attributes["read"].(schema.StringAttribute); ok {
		text.Validators = append(text.Validators, durationValidator{}) // as of a resource's
		nested.Attributes["read"] = text
	}
	return nested
}

// connectionMembers are the attributes of a connection that data sources show.
func connectionMembers(c api.Connection) (map[string]any, error) {
	declared, err := client.ApplyMergePatch(connectionSpec(c), c.PendingChange)
	if err != nil {
		return nil, err
	}
	name, err := hscn.ParseConnectionName(c.Name)
	if err != nil {
		return nil, err
	}
	return membersOf(c, declared, rules.KindConnection, map[string]any{"id": c.Name, "name": name})
}

// connectionAttributes are those of a connection, all computed. They are those of the resource, without what is only
// Terraform's, and who made and changed it.
func connectionAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{
		"name":     text("The connection's name."),
		"id":       text("The connection's id, `connections/<name>`."),
		"uid":      text("The id that the broker gave."),
		"ods_code": text("The ODS code of the organisation that it is for."),
		"service": object("The cloud service that it joins to HSCN.", map[string]schema.Attribute{
			"type": text("The type of service."),
			"id":   text("The service's id as the CSP writes it."),
		}),
		"access":  text("`shared_link` or `dedicated_circuit`."),
		"purpose": text("`production`, `proof_of_concept` or `readiness_test`."),
		"agreement": object("What its use of HSCN rests on.", map[string]schema.Attribute{
			"basis":       text("`connection_agreement` or `flow_down`."),
			"evidence_id": text("The id of the signed copy that it rests on; null where there is none."),
			"reference":   text("A reference of the agreement's; null where there is none."),
		}),
		"profile": profileData(),
		"circuits": objects("The dedicated circuits, by name.", map[string]schema.Attribute{
			"reference":      text("The supplier's reference of the circuit; null where there is none."),
			"cn_sp":          text("The consumer network service provider (CN-SP) that supplies it; null where there is none."),
			"data_centre":    text("The data centre in which it ends; null where there is none."),
			"bandwidth_mbps": number("Its bandwidth in megabits a second; null where there is none."),
		}),
		"accepted_setup_charge_gbp": text("The one-off charge that was accepted; null where there is none."),
		"activate_at":               text("When it is to go live at the earliest; null where there is no such time."),
		"deletion_protection":       flag("Whether it is protected from being given up by mistake: as soon as it has been active, the broker refuses to delete it."),
		"data_centres":              texts("The CSP's data centres of its zone."),
		"commitment_months":         number("For how many months it is taken at the least."),
		"created_at":                text("When it was ordered."),
		"created_by":                text("Who ordered it."),
		"updated_at":                text("When what its owner declares last changed."),
		"updated_by":                text("Who changed it."),
	}
	maps.Copy(attributes, map[string]schema.Attribute{
		"purchase_order":         text("The purchase order number; null where there is none."),
		"state":                  text("Where the order stands; only `active` means that it is confirmed to work."),
		"state_reason":           text("Why it is in that state, and who can move it on; null where there is nothing to say."),
		"pending_change":         text("A change that waits for a person, as a JSON merge patch; null where none does. The attributes show it as if it were made."),
		"region":                 text("The region that the service is in."),
		"zone":                   text("The zone of the CSP's cloud that the service is in."),
		"external_network_id":    text("The network of the CSP's cloud that leads to HSCN; null where there is none."),
		"monthly_charge_gbp":     text("What it costs a month, in pounds and pence excluding VAT; null where no price is published."),
		"setup_charge_gbp":       text("What setting it up costs once, in pounds and pence excluding VAT; null where no price is published."),
		"commitment_ends_on":     text("The last day of the commitment; null before it was enabled."),
		"enablement_due_at":      text("When it is to be enabled at the latest; null while something is left to prove."),
		"enabled_at":             text("When it was enabled; null before that."),
		"agreement_validated_on": text("The day on which the CSP last saw that the agreement holds; null before that."),
		"revalidate_on":          text("The day on which the CSP looks again; null where no day is set."),
	})
	return attributes
}

// profileData is a profile, all computed.
func profileData() schema.SingleNestedAttribute {
	return object("What the consumer tells and keeps up to date.", map[string]schema.Attribute{
		"business_sponsor": object("Who answers for the connection in the organisation.", map[string]schema.Attribute{
			"name":  text("The person's name."),
			"email": text("The person's e-mail address."),
		}),
		"security_lead": object("Whom to reach when something happens on the network.", map[string]schema.Attribute{
			"name":  text("The person's name."),
			"email": text("The person's e-mail address."),
			"phone": text("The person's telephone number; null where there is none."),
		}),
		"shared_with": objects("Other organisations that route through the connection, by ODS code.", map[string]schema.Attribute{
			"basis":          text("What its use of HSCN rests on; null where that is not said."),
			"bound_by_terms": flag("Whether it is attested to be bound by identical terms; null where that is not said."),
		}),
		"handles_patient_data": flag("Whether patient data goes over the connection; null where that is not said."),
		"encryption": object("How patient data is encrypted; null where that is not said.", map[string]schema.Attribute{
			"in_application": flag("Whether the application encrypts what it sends."),
			"standard":       text("By which standard; null where that is not said."),
			"attested_on":    text("The day on which that was attested; null where there is none."),
		}),
		"risk_assessment": object("The organisation's own risk assessment; null where there is none.", map[string]schema.Attribute{
			"reference":    text("Where it is to be found."),
			"completed_on": text("The day on which it was completed; null where there is none."),
		}),
		"monitoring_acknowledged_on": text("The day on which it was acknowledged that traffic on HSCN is monitored; null where there is none."),
		"reviewed_on":                text("The day on which the profile was last reviewed; null where there is none."),
		"outside_england": object("What is asked of those outside England; null where nothing is said.", map[string]schema.Attribute{
			"data_locations":    texts("The countries in which data is held; null where nothing is said."),
			"policy_attested":   flag("Whether the policy for access from outside England is attested; null where nothing is said."),
			"nhs_clarification": text("What the NHS said about it; null where nothing is said."),
		}),
	})
}
