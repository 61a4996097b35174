package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hscn-connect/terraform-provider-hscn/internal/provider"
)

// protocol drives the provider as Terraform does, without Terraform: the way to see warnings, and exact plans.
type protocol struct {
	t      *testing.T
	server tfprotov6.ProviderServer
	schema *tfprotov6.GetProviderSchemaResponse
	config obj
}

// unknown marks a value that is only known later.
var unknown any = struct{ unknown bool }{true}

// obj is a configuration; what it leaves out is null.
type obj = map[string]any

// speak starts a provider that is configured as given. Nothing is taken from the environment but what the test set.
func speak(t *testing.T, config obj) (*protocol, []*tfprotov6.Diagnostic) {
	t.Helper()
	p := &protocol{t: t, server: provider.Server("test")()}
	var err error
	if p.schema, err = p.server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		t.Fatal(err)
	}
	p.noErrors(p.schema.Diagnostics)
	p.config = obj{"max_retries": 0}
	maps.Copy(p.config, config)
	return p, p.configure()
}

func (p *protocol) configure() []*tfprotov6.Diagnostic {
	p.t.Helper()
	typ := p.schema.Provider.ValueType()
	resp, err := p.server.ConfigureProvider(p.t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.11.4", Config: p.dynamic(typ, p.value(typ, p.config)),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.Diagnostics
}

// newRun begins another run: a plan, and the planning within an apply, have a Configure of their own.
func (p *protocol) newRun() {
	p.t.Helper()
	p.noErrors(p.configure())
}

// speakTo starts a provider that asks a broker at that address.
func speakTo(t *testing.T, endpoint string, more obj) *protocol {
	t.Helper()
	config := obj{"endpoint": endpoint, "token": "a-token"}
	maps.Copy(config, more)
	p, diags := speak(t, config)
	p.noErrors(diags)
	return p
}

// value makes a value of Terraform's of native ones.
func (p *protocol) value(typ tftypes.Type, v any) tftypes.Value {
	p.t.Helper()
	if v == unknown {
		return tftypes.NewValue(typ, tftypes.UnknownValue)
	}
	switch typ := typ.(type) {
	case tftypes.Object:
		if v == nil {
			return tftypes.NewValue(typ, nil)
		}
		given := p.members(v)
		members := make(map[string]tftypes.Value, len(typ.AttributeTypes))
		for name, member := range typ.AttributeTypes {
			members[name] = p.value(member, given[name])
		}
		for name := range given {
			if _, ok := typ.AttributeTypes[name]; !ok {
				p.t.Fatalf("there is no attribute %s", name)
			}
		}
		return tftypes.NewValue(typ, members)
	case tftypes.Map:
		if v == nil {
			return tftypes.NewValue(typ, nil)
		}
		members := make(map[string]tftypes.Value)
		for key, member := range p.members(v) {
			members[key] = p.value(typ.ElementType, member)
		}
		return tftypes.NewValue(typ, members)
	case tftypes.Set:
		if v == nil {
			return tftypes.NewValue(typ, nil)
		}
		var elements []tftypes.Value
		list, ok := v.([]any)
		if !ok {
			p.t.Fatalf("%v is no list", v)
		}
		for _, element := range list {
			elements = append(elements, p.value(typ.ElementType, element))
		}
		return tftypes.NewValue(typ, elements)
	default:
		return tftypes.NewValue(typ, v)
	}
}

func (p *protocol) members(v any) obj {
	p.t.Helper()
	members, ok := v.(obj)
	if !ok {
		p.t.Fatalf("%v has no members", v)
	}
	return members
}

func (p *protocol) dynamic(typ tftypes.Type, v tftypes.Value) *tfprotov6.DynamicValue {
	p.t.Helper()
	d, err := tfprotov6.NewDynamicValue(typ, v)
	if err != nil {
		p.t.Fatal(err)
	}
	return &d
}

func (p *protocol) resource(name string) *tfprotov6.Schema {
	p.t.Helper()
	s, ok := p.schema.ResourceSchemas[name]
	if !ok {
		p.t.Fatalf("there is no resource %s", name)
	}
	return s
}

// validate is what terraform validate says of a resource.
func (p *protocol) validate(resource string, config obj) []*tfprotov6.Diagnostic {
	p.t.Helper()
	typ := p.resource(resource).ValueType()
	resp, err := p.server.ValidateResourceConfig(p.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: resource, Config: p.dynamic(typ, p.value(typ, config)),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.Diagnostics
}

// outcome is what planning, applying or reading one resource gave.
type outcome struct {
	state    tftypes.Value
	members  map[string]tftypes.Value
	replace  []string
	private  []byte
	identity *tfprotov6.ResourceIdentityData // nil as with a CLI that has none
	diags    []*tfprotov6.Diagnostic
	resource string
	config   obj
}

// plan plans a resource. Prior is null for a create.
func (p *protocol) plan(resource string, config obj, prior tftypes.Value, private []byte) outcome {
	p.t.Helper()
	s := p.resource(resource)
	typ := s.ValueType()
	if prior.Type() == nil {
		prior = tftypes.NewValue(typ, nil)
	}
	configured := p.value(typ, config)
	resp, err := p.server.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: resource, Config: p.dynamic(typ, configured), PriorState: p.dynamic(typ, prior), PriorPrivate: private,
		ProposedNewState: p.dynamic(typ, p.proposed(s, configured, prior)),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	result := outcome{diags: resp.Diagnostics, private: resp.PlannedPrivate, resource: resource, config: config}
	for _, path := range resp.RequiresReplace {
		result.replace = append(result.replace, path.String())
	}
	if resp.PlannedState != nil {
		if result.state, err = resp.PlannedState.Unmarshal(typ); err != nil {
			p.t.Fatal(err)
		}
		if err := result.state.As(&result.members); err != nil {
			p.t.Fatal(err)
		}
	}
	return result
}

// proposed is what Terraform proposes: the configuration, with what is computed and not configured as it was.
func (p *protocol) proposed(s *tfprotov6.Schema, config, prior tftypes.Value) tftypes.Value {
	p.t.Helper()
	if prior.IsNull() {
		return config
	}
	var configured, before map[string]tftypes.Value
	if err := config.As(&configured); err != nil {
		p.t.Fatal(err)
	}
	if err := prior.As(&before); err != nil {
		p.t.Fatal(err)
	}
	for _, attribute := range s.Block.Attributes {
		if attribute.Computed && configured[attribute.Name].IsNull() {
			configured[attribute.Name] = before[attribute.Name]
		}
	}
	return tftypes.NewValue(config.Type(), configured)
}

// apply applies a plan and returns the new state.
func (p *protocol) apply(plan outcome, prior tftypes.Value) (outcome, []*tfprotov6.Diagnostic) {
	p.t.Helper()
	typ := p.resource(plan.resource).ValueType()
	if prior.Type() == nil {
		prior = tftypes.NewValue(typ, nil)
	}
	resp, err := p.server.ApplyResourceChange(p.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: plan.resource, Config: p.dynamic(typ, p.value(typ, plan.config)), PriorState: p.dynamic(typ, prior),
		PlannedState: p.dynamic(typ, plan.state), PlannedPrivate: plan.private, PlannedIdentity: plan.identity,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return p.stored(plan, resp.NewState, resp.Private, resp.NewIdentity), resp.Diagnostics
}

// destroyed plans that a resource is given up.
func (p *protocol) destroyed(state outcome) outcome {
	p.t.Helper()
	typ := p.resource(state.resource).ValueType()
	nothing := p.dynamic(typ, tftypes.NewValue(typ, nil))
	resp, err := p.server.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: state.resource, Config: nothing, ProposedNewState: nothing, PriorState: p.dynamic(typ, state.state), PriorPrivate: state.private,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return outcome{resource: state.resource, diags: resp.Diagnostics, private: resp.PlannedPrivate, state: tftypes.NewValue(typ, nil)}
}

// inState says that Terraform's state has a resource, as it does before anything else, in apply too.
func (p *protocol) inState(resource, id string) {
	p.t.Helper()
	resp, err := p.server.UpgradeResourceState(p.t.Context(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: resource, RawState: &tfprotov6.RawState{JSON: fmt.Appendf(nil, `{"id": %q}`, id)},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.noErrors(resp.Diagnostics)
}

// read refreshes a state.
func (p *protocol) read(state outcome) (outcome, []*tfprotov6.Diagnostic) {
	p.t.Helper()
	typ := p.resource(state.resource).ValueType()
	resp, err := p.server.ReadResource(p.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: state.resource, CurrentState: p.dynamic(typ, state.state), Private: state.private, CurrentIdentity: state.identity,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return p.stored(state, resp.NewState, resp.Private, resp.NewIdentity), resp.Diagnostics
}

func (p *protocol) stored(of outcome, state *tfprotov6.DynamicValue, private []byte, identity *tfprotov6.ResourceIdentityData) outcome {
	p.t.Helper()
	result := outcome{resource: of.resource, config: of.config, private: private, identity: identity}
	var err error
	if result.state, err = state.Unmarshal(p.resource(of.resource).ValueType()); err != nil {
		p.t.Fatal(err)
	}
	if !result.state.IsNull() {
		if err := result.state.As(&result.members); err != nil {
			p.t.Fatal(err)
		}
	}
	return result
}

// text is a string attribute, or "(unknown)" or "(null)".
func (s outcome) text(t *testing.T, name string) string {
	t.Helper()
	v, ok := s.members[name]
	switch {
	case !ok:
		t.Fatalf("there is no attribute %s", name)
	case !v.IsKnown():
		return "(unknown)"
	case v.IsNull():
		return "(null)"
	}
	var text string
	if err := v.As(&text); err != nil {
		return v.String()
	}
	return text
}

func (p *protocol) noErrors(diags []*tfprotov6.Diagnostic) {
	p.t.Helper()
	if errors := ofSeverity(diags, tfprotov6.DiagnosticSeverityError); len(errors) > 0 {
		p.t.Fatal(show(errors))
	}
}

func ofSeverity(diags []*tfprotov6.Diagnostic, severity tfprotov6.DiagnosticSeverity) []*tfprotov6.Diagnostic {
	return slices.DeleteFunc(slices.Clone(diags), func(d *tfprotov6.Diagnostic) bool { return d.Severity != severity })
}

// show writes diagnostics one below the other, as "ERROR at path: summary: detail".
func show(diags []*tfprotov6.Diagnostic) string {
	var lines []string
	for _, d := range diags {
		at := ""
		if d.Attribute != nil {
			at = " at " + d.Attribute.String()
		}
		lines = append(lines, fmt.Sprintf("%s%s: %s: %s", d.Severity, at, d.Summary, d.Detail))
	}
	return strings.Join(lines, "\n")
}

// says fails the test unless the diagnostics contain every text.
func says(t *testing.T, diags []*tfprotov6.Diagnostic, texts ...string) {
	t.Helper()
	all := show(diags)
	for _, text := range texts {
		if !strings.Contains(all, text) {
			t.Errorf("nothing says %q:\n%s", text, all)
		}
	}
}

func TestTheSchemasAreValid(t *testing.T) {
	t.Parallel()
	p, diags := speak(t, nil)
	p.noErrors(diags)
	for name, s := range p.schema.ResourceSchemas {
		described(t, name, s.Block)
	}
	for name, s := range p.schema.DataSourceSchemas {
		described(t, name, s.Block)
	}
	described(t, "provider", p.schema.Provider.Block)
	if got := slices.Sorted(maps.Keys(p.schema.ResourceSchemas)); !slices.Equal(got, []string{"hscn_agreement_evidence", "hscn_connection", "hscn_edge_attachment"}) {
		t.Errorf("the resources are %v", got)
	}
}

// described fails the test where an attribute has no whole sentence for the operator.
func described(t *testing.T, name string, block *tfprotov6.SchemaBlock) {
	t.Helper()
	if block.Description == "" && name != "provider" {
		t.Errorf("%s is not described", name)
	}
	var each func(at string, attributes []*tfprotov6.SchemaAttribute)
	each = func(at string, attributes []*tfprotov6.SchemaAttribute) {
		for _, attribute := range attributes {
			path := at + "." + attribute.Name
			if !strings.HasSuffix(attribute.Description, ".") {
				t.Errorf("%s is described as %q", path, attribute.Description)
			}
			if attribute.NestedType != nil {
				each(path, attribute.NestedType.Attributes)
			}
		}
	}
	each(name, block.Attributes)
}
