package provider

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

var (
	_ datasource.DataSourceWithConfigure      = (*preconditionsDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*preconditionsDataSource)(nil)
)

type preconditionsDataSource struct{ source }

func newPreconditionsDataSource() datasource.DataSource { return &preconditionsDataSource{} }

func (d *preconditionsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_preconditions"
}

func (d *preconditionsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := preconditionsInputs()
	maps.Copy(attributes, preconditionsResults())
	resp.Schema = schema.Schema{
		MarkdownDescription: "What the CSP would say to an intended connection with its edge attachments, as of now: every finding, and when it could be enabled. " +
			"Nothing is ordered. What exists already under a given name is judged as a change of it. It answers for the whole of it in one go, whereas a plan " +
			"shows nothing of what depends on a refused resource. An unmet precondition is an answer here, not an error: see `met`.\n\n" +
			"The arguments are those of `hscn_connection` and `hscn_edge_attachment`. Those of the connection stand at the top, since Terraform keeps the name " +
			"`connection` for itself. Terraform puts the reading off to the apply where one of them is not known before.",
		Attributes: attributes,
	}
}

// preconditionsInputs are the arguments: the connection's own, and its edge attachments by name.
func preconditionsInputs() map[string]schema.Attribute {
	inputs := asInputs(connectionInputs())
	inputs["name"] = schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "The connection's name, such as `records-prod`. A connection that exists under it is judged as changed to what is given here.",
	}
	inputs["edge_attachments"] = schema.MapNestedAttribute{
		Optional: true, NestedObject: schema.NestedAttributeObject{Attributes: asInputs(edgeAttachmentInputs())},
		MarkdownDescription: "The edge attachments that are to hang on the connection, by name.",
	}
	return inputs
}

// preconditionsResults are what the broker says.
func preconditionsResults() map[string]schema.Attribute {
	// What is said of the connection and of each edge attachment alike.
	verdict := func(noun string) map[string]schema.Attribute {
		return map[string]schema.Attribute{
			"operation":              text("What an apply would do with " + noun + ": `create`, `update`, or `none` where it is so already."),
			"state":                  text("The state that the order of " + noun + " would begin in, such as `pending_evidence`; null where it would be refused."),
			"state_reason":           text("What it would wait for in that state; null where there is nothing to say."),
			"lead_time_working_days": number("Within how many working days the CSP enables it, once nothing is left to prove; null where that cannot be said."),
			"earliest_enablement_on": text("The first working day on which it could be enabled if it were ordered now and nothing had to be waited for; null where that cannot be said."),
		}
	}
	results := verdict("the connection")
	maps.Copy(results, map[string]schema.Attribute{
		"met":            flag("Whether nothing refuses the connection or any of its edge attachments. Warnings do not count."),
		"now":            text("The broker's time, by which everything was judged."),
		"policy_version": text("The version of the CSP's policy that it was judged by."),
		"findings": listed("What the rules say: of the connection first, then of its edge attachments by name.", map[string]schema.Attribute{
			"object":    text("The id of what it is about, such as `connections/records-prod`."),
			"rule":      text("The rule's id, such as `dspt.stale`: see the guide \"Preconditions\"."),
			"severity":  text("`error`: an order would be refused. `warning`: it would not."),
			"title":     text("What is wrong, in a few words without values."),
			"detail":    text("What is wrong with the values at hand."),
			"pointer":   text("The member that it is about, as a JSON pointer such as `/agreement/basis`; null where it is about the whole."),
			"remedy":    text("What to do about it."),
			"owner":     text("Who can: `customer`, `csp` or `nhs`."),
			"source":    text("Where the rule comes from; null where that is not said."),
			"retryable": flag("Whether another change of the same apply may lift it."),
			"waiver":    text("The exception of the operator's that made a warning of it; null where there is none."),
		}),
		"commitment_months": number("For how many months the connection is taken at the least; null where that cannot be said."),
		"committed_until":   text("The last day of that commitment, if the connection is enabled as early as it can be; null where that cannot be said."),
		"lapses": listed("What ends before the commitment does, such as an agreement or the year's DSPT.", map[string]schema.Attribute{
			"object": text("The id of what it matters to."),
			"rule":   text("The rule that will speak of it."),
			"what":   text("What ends, as the beginning of a sentence."),
			"on":     text("The last day on which it counts."),
		}),
		"edges": objects("What would become of each edge attachment, by name.", edgeVerdict(verdict("the edge attachment"))),
	})
	return results
}

func edgeVerdict(attributes map[string]schema.Attribute) map[string]schema.Attribute {
	attributes["met"] = flag("Whether nothing refuses it.")
	return attributes
}

// ValidateConfig leaves what rules say to the findings. What makes no order at all is told at once.
func (d *preconditionsDataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var edges types.Map
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("edge_attachments"), &edges)...)
	for name, element := range edges.Elements() {
		edge, ok := element.(types.Object)
		if !ok || edge.IsNull() || edge.IsUnknown() {
			continue
		}
		gateway, _ := edge.Attributes()["gateway_id"].(types.String)
		vdc, _ := edge.Attributes()["vdc_id"].(types.String)
		oneGateway(&resp.Diagnostics, path.Root("edge_attachments").AtMapKey(name), gateway, vdc)
	}
}

func (d *preconditionsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config types.Object
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	c := d.session.caller(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	intended := intendedConnection{inputs: make(map[string]attr.Value)}
	for name := range preconditionsInputs() {
		intended.inputs[name] = config.Attributes()[name]
	}
	estate, err := intended.toAPI()
	if err != nil {
		resp.Diagnostics.Append(providerFault("reading preconditions", err))
		return
	}
	verdict, err := c.Preconditions(ctx, estate)
	if err != nil {
		resp.Diagnostics.Append(d.operation("preconditions").failed(ctx, err)...)
		return
	}
	result, diags := intended.result(ctx, verdict, config.AttributeTypes(ctx))
	resp.Diagnostics.Append(diags...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, result)...)
	}
}

// intendedConnection is a connection with its edge attachments, as configured.
type intendedConnection struct{ inputs map[string]attr.Value }

func (i intendedConnection) name() string {
	name, _ := i.inputs["name"].(types.String)
	return name.ValueString()
}

// toAPI makes what is sent, in the one spelling of everything.
func (i intendedConnection) toAPI() (api.IntendedEstate, error) {
	declared := maps.Clone(i.inputs)
	delete(declared, "name")
	delete(declared, "edge_attachments")
	spec, err := specOf[api.ConnectionSpec](declared, spellingsOf(rules.KindConnection))
	if err != nil {
		return api.IntendedEstate{}, err
	}
	intended := api.IntendedConnection{Spec: spec}
	edges, _ := i.inputs["edge_attachments"].(types.Map)
	for name, element := range edges.Elements() {
		edge, ok := element.(types.Object)
		if !ok {
			continue
		}
		spec, err := specOf[api.EdgeAttachmentSpec](edge.Attributes(), spellingsOf(rules.KindEdgeAttachment))
		if err != nil {
			return api.IntendedEstate{}, err
		}
		if intended.EdgeAttachments == nil {
			intended.EdgeAttachments = make(map[string]api.EdgeAttachmentSpec)
		}
		intended.EdgeAttachments[name] = spec
	}
	return api.IntendedEstate{Connections: map[string]api.IntendedConnection{i.name(): intended}}, nil
}

// result is what was given, and what the broker said of it.
func (i intendedConnection) result(ctx context.Context, verdict api.EstateVerdict, attributes map[string]attr.Type) (types.Object, diag.Diagnostics) {
	fault := func(err error) (types.Object, diag.Diagnostics) {
		return types.ObjectNull(attributes), diag.Diagnostics{providerFault("reading preconditions", err)}
	}
	members, err := i.members(verdict)
	if err != nil {
		return fault(err)
	}
	values := maps.Clone(i.inputs)
	for name, t := range attributes {
		if _, given := i.inputs[name]; given {
			continue
		}
		if values[name], err = native(ctx, t, members[name], nil, name, nil); err != nil {
			return fault(err)
		}
	}
	return types.ObjectValue(attributes, values)
}

// members are the results as JSON values.
func (i intendedConnection) members(verdict api.EstateVerdict) (map[string]any, error) {
	connection := hscn.ConnectionName(i.name())
	names := make(map[string]string) // of the edge attachments, by full name
	edges, _ := i.inputs["edge_attachments"].(types.Map)
	for name := range edges.Elements() {
		names[hscn.EdgeAttachmentName(i.name(), name)] = name
	}
	members, verdicts := make(map[string]any), make(map[string]any)
	findings, lapses := []any{}, []any{}
	objects := slices.Clone(verdict.Objects)
	slices.SortStableFunc(objects, func(a, b api.ObjectVerdict) int {
		switch {
		case a.Name == connection:
			return -1
		case b.Name == connection:
			return 1
		default:
			return strings.Compare(a.Name, b.Name)
		}
	})
	for _, object := range objects {
		said, err := document(object)
		if err != nil {
			return nil, err
		}
		findings = append(findings, about(object.Name, said["findings"])...)
		lapses = append(lapses, about(object.Name, said["lapses"])...)
		if object.Name == connection {
			members = said
		} else if name, ok := names[object.Name]; ok {
			verdicts[name] = said
		}
	}
	members["met"], members["now"], members["policy_version"] = verdict.Met, verdict.Now.Format(time.RFC3339), verdict.PolicyVersion
	members["findings"], members["lapses"], members["edges"] = findings, lapses, verdicts
	return members, nil
}

// about says of each member of a list which object it is about.
func about(object string, list any) []any {
	all, _ := list.([]any)
	for _, element := range all {
		if members, ok := element.(map[string]any); ok {
			members["object"] = object
			if retryable, ok := members["retryable"]; !ok || retryable == nil {
				members["retryable"] = false
			}
		}
	}
	return all
}
