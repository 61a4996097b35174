package provider_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// effect is what a plan does with an instance.
type effect string

const (
	creates  effect = "create"
	updates  effect = "update"
	replaces effect = "replace"
	keeps    effect = "keep"
	destroys effect = "destroy"
	// skipped: Terraform does not plan what refers to something that cannot be planned.
	skipped effect = "skip"
)

// remark is one finding that a plan told.
type remark struct {
	rule     string
	severity api.Severity
	detail   string
}

// node is an instance while it is planned.
type node struct {
	*instance
	// next is the step that comes next.
	next step
	// prior is the state after its refresh, null where there is nothing.
	prior   tftypes.Value
	private []byte
	// planned is what Terraform would apply; nil before there is a plan. id is the planned one, nil where it is unknown.
	planned *outcome
	id      any
	effect  effect
	remarks []remark
	// malformed says that the configuration is not valid by itself, for what no rule says. stray are errors of a plan that
	// name no rule, which no estate may get.
	malformed bool
	stray     []string
}

// step is one of those that Terraform takes with an instance.
type step uint8

const (
	refresh step = iota
	plan
	planAgain
	done
)

// refused says that Terraform stops here.
func (n *node) refused() bool {
	return slices.ContainsFunc(n.remarks, func(r remark) bool { return r.severity == api.Error }) || n.malformed || len(n.stray) > 0
}

// said returns what the plan said of a rule.
func (n *node) said(rule string) []remark {
	return slices.DeleteFunc(slices.Clone(n.remarks), func(r remark) bool { return r.rule != rule })
}

// planning is one terraform plan.
type planning struct {
	*stage
	r     *resident
	nodes []*node
}

// plan plans the resident's configuration as Terraform does: everything is validated first; then each instance is
// refreshed and planned, what refers to another after it, and otherwise in the order of the schedule.
func (s *stage) plan(r *resident) *planning {
	s.t.Helper()
	s.configure(r)
	p := &planning{stage: s, r: r}
	for i := range r.Instances {
		n := &node{instance: &r.Instances[i], effect: skipped}
		if _, held := r.states[n.State]; n.State != "" && !held {
			n.State = "" // its order was refused when the stage was set
		}
		if n.Config == nil {
			if n.effect = destroys; n.State == "" {
				continue
			}
		}
		p.nodes = append(p.nodes, n)
	}
	for _, n := range p.nodes {
		if n.Config != nil {
			p.validate(n)
		}
	}
	for _, label := range r.Schedule {
		if n := p.find(label); n != nil {
			p.advance(n)
		}
	}
	for _, n := range p.nodes {
		p.finish(n)
	}
	return p
}

func (p *planning) find(label string) *node {
	at := slices.IndexFunc(p.nodes, func(n *node) bool { return n.Label == label })
	if at < 0 {
		return nil
	}
	return p.nodes[at]
}

func (p *planning) finish(n *node) {
	for n.next != done {
		p.advance(n)
	}
}

// advance takes the next step with an instance.
func (p *planning) advance(n *node) {
	switch n.next {
	case refresh:
		n.next = done
		if p.mayPlan(n) {
			n.next = plan
			p.refresh(n)
		}
	case plan:
		n.next = done
		if n.refused() {
			return
		}
		p.first(n)
		if n.effect == replaces && !n.Tainted && !n.refused() {
			n.next = planAgain
		}
	case planAgain:
		n.next = done
		p.second(n)
	case done:
	}
}

// mayPlan says that Terraform comes to plan an instance: it is valid, and so is what it refers to, which is planned before.
func (p *planning) mayPlan(n *node) bool {
	may := !n.refused()
	for _, other := range p.referred(n) {
		p.finish(other)
		may = may && !other.refused() && other.effect != skipped
	}
	return may
}

// referred are the instances that an instance refers to.
func (p *planning) referred(n *node) []*node {
	return slices.DeleteFunc([]*node{p.find(n.Connection), p.find(n.Evidence)}, func(other *node) bool { return other == nil })
}

// configured is the configuration as far as it is known at plan.
func (p *planning) configured(n *node) obj {
	config := deepCopy(n.Config)
	if n.Connection != "" {
		config["connection_id"] = p.idOf(n.Connection)
	}
	if n.Evidence != "" {
		inside(config, "agreement")["evidence_id"] = p.idOf(n.Evidence)
	}
	for _, path := range n.Unknown {
		at, segments := config, strings.Split(path, ".")
		for _, segment := range segments[:len(segments)-1] {
			at, _ = at[segment].(obj)
		}
		if at != nil {
			at[segments[len(segments)-1]] = unknown
		}
	}
	return config
}

// idOf is the planned id of an instance, where it is planned and known.
func (p *planning) idOf(label string) any {
	if other := p.find(label); other != nil && other.planned != nil && other.id != nil {
		return other.id
	}
	return unknown
}

func (p *planning) validate(n *node) {
	p.t.Helper()
	typ := p.terraform.resource(resourceType(n.Kind)).ValueType()
	resp, err := p.terraform.server.ValidateResourceConfig(p.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: resourceType(n.Kind), Config: p.terraform.dynamic(typ, p.terraform.value(typ, p.configured(n))),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	n.hears(resp.Diagnostics)
	n.malformed, n.stray = len(n.stray) > 0, nil
}

// refresh reads the instance's object from the state file, and asks the broker for it unless the run does not refresh.
func (p *planning) refresh(n *node) {
	p.t.Helper()
	resource := resourceType(n.Kind)
	s := p.terraform.resource(resource)
	n.prior = tftypes.NewValue(s.ValueType(), nil)
	if n.State == "" {
		return
	}
	kept := p.r.states[n.State]
	upgraded, err := p.terraform.server.UpgradeResourceState(p.t.Context(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: resource, Version: s.Version, RawState: kept.raw,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	n.hears(upgraded.Diagnostics)
	found := p.terraform.stored(outcome{resource: resource}, upgraded.UpgradedState, kept.private, nil)
	if !p.r.NoRefresh {
		var diags []*tfprotov6.Diagnostic
		found, diags = p.terraform.read(found)
		n.hears(diags)
	}
	n.prior, n.private = found.state, found.private
}

// first is the only planning call, or the first of a replacement's two.
func (p *planning) first(n *node) {
	p.t.Helper()
	there := !n.prior.IsNull()
	switch {
	case n.Config == nil:
		if there { // what is gone needs no destroy
			n.hears(p.destroy(n))
		}
		return
	case n.Tainted && there:
		n.effect = replaces
		p.call(n, tftypes.NewValue(n.prior.Type(), nil), nil)
		return
	case !there:
		n.effect = creates
		p.call(n, n.prior, nil)
		return
	}
	p.call(n, n.prior, n.private)
	switch {
	case n.refused():
		n.effect = p.meant(n)
	case len(n.planned.replace) > 0:
		n.effect = replaces
	case n.planned.state.Equal(n.prior):
		n.effect = keeps
	default:
		n.effect = updates
	}
}

// second plans the create half of a replacement.
func (p *planning) second(n *node) {
	p.t.Helper()
	p.call(n, tftypes.NewValue(n.prior.Type(), nil), n.planned.private)
}

func (p *planning) call(n *node, prior tftypes.Value, private []byte) {
	p.t.Helper()
	made := p.terraform.plan(resourceType(n.Kind), p.configured(n), prior, private)
	n.hears(made.diags)
	n.planned, n.id = &made, nil
	if id := made.members["id"]; id.IsKnown() && !id.IsNull() {
		n.id = made.text(p.t, "id")
	}
}

// destroy plans that the object is given up.
func (p *planning) destroy(n *node) []*tfprotov6.Diagnostic {
	p.t.Helper()
	typ := n.prior.Type()
	nothing := p.terraform.dynamic(typ, tftypes.NewValue(typ, nil))
	resp, err := p.terraform.server.PlanResourceChange(p.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: resourceType(n.Kind), Config: nothing, PriorState: p.terraform.dynamic(typ, n.prior), PriorPrivate: n.private, ProposedNewState: nothing,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.Diagnostics
}

// meant is what the plan would do with an object in state if it were not refused: the provider does not say.
func (p *planning) meant(n *node) effect {
	p.t.Helper()
	before, _ := native(p.t, n.prior).(map[string]any)
	if before["state"] == "refused" || n.State != p.r.target(n.instance) {
		return replaces
	}
	// What is not known yet may be another, and Terraform has no way back from a replacement.
	if slices.Contains(n.Unknown, "name") || n.Connection != "" && p.idOf(n.Connection) == unknown {
		return replaces
	}
	for _, attribute := range rules.Attributes(n.Kind) {
		if attribute.Change == rules.Immutable && slices.Contains(n.Unknown, attribute.Path) {
			return replaces
		}
	}
	after := rules.Declared(p.r.spec(n.instance))
	changes := rules.Changes(n.Kind, rules.Declared(before), after)
	if slices.ContainsFunc(changes, func(c rules.AttributeChange) bool { return c.Change == rules.Immutable }) {
		return replaces
	}
	return updates
}

// hears takes down what the provider said.
func (n *node) hears(diags []*tfprotov6.Diagnostic) {
	for _, d := range diags {
		_, rule, named := strings.Cut(d.Detail, "\nRule: ")
		severity := api.Warning
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			severity = api.Error
		}
		switch {
		case named:
			n.remarks = append(n.remarks, remark{rule: rule, severity: severity, detail: d.Detail})
		case severity == api.Error || d.Summary == "Preconditions were not checked":
			n.stray = append(n.stray, fmt.Sprintf("%s: %s", d.Summary, d.Detail))
		}
	}
}

// rawState is a state as a state file has it.
func (p *protocol) rawState(state tftypes.Value) *tfprotov6.RawState {
	p.t.Helper()
	data, err := json.Marshal(native(p.t, state))
	if err != nil {
		p.t.Fatal(err)
	}
	return &tfprotov6.RawState{JSON: data}
}
