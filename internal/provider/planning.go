package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// step is what a plan does with one resource.
type step uint8

const (
	// creates: there is nothing yet, or only what is given up at the same time.
	creates step = iota + 1
	// replaces: the first of the two planning calls of a replacement; the second creates.
	replaces
	// keeps: nothing that the broker knows of changes.
	keeps
	// resumes: nothing changes, and the apply goes on waiting for what was ordered.
	resumes
	// changes: in place.
	changes
)

// planning is what one planning call knows of a resource. Values are by attribute: what is declared to the broker, and
// the names that make up the id.
type planning struct {
	kind          rules.Kind
	name          types.String
	id            types.String // planned; unknown where a part of it is
	waitFor       types.String
	planned       map[string]attr.Value
	prior         map[string]attr.Value // nil where there is nothing in state
	priorState    types.String
	priorReason   types.String
	nameParts     []string // attributes that make up the id, which are in planned and prior too
	priorReplaces string   // the id that the first call of a replacement left in private state
}

// decide says what the plan does, and on which attributes it replaces.
func (p planning) decide() (step, path.Paths) {
	if p.prior == nil {
		return creates, nil
	}
	var replaced path.Paths
	for _, name := range p.nameParts {
		if !p.planned[name].Equal(p.prior[name]) {
			replaced.Append(path.Root(name))
		}
	}
	// The framework's own RequiresReplace is not seen in ModifyPlan, hence the table.
	for _, attribute := range rules.Attributes(p.kind) {
		if attribute.Change != rules.Immutable {
			continue
		}
		root, _, _ := strings.Cut(attribute.Path, ".")
		if !p.planned[root].Equal(p.prior[root]) {
			replaced.Append(path.Root(root))
		}
	}
	// What was refused is only found by its uid: its name is free, and it is ordered anew.
	if hscn.State(p.priorState.ValueString()) == hscn.StateRefused {
		replaced.Append(path.Root("state"))
	}
	switch {
	case len(replaced) > 0:
		return replaces, replaced
	case p.changed():
		return changes, nil
	case p.waits():
		return resumes, nil
	default:
		return keeps, nil
	}
}

// changed says that something declared differs. Spellings do not: the plan modifiers kept state's.
func (p planning) changed() bool {
	for name, value := range p.planned {
		if !value.Equal(p.prior[name]) {
			return true
		}
	}
	return false
}

// waits says that an apply would go on waiting: only where it was asked for, and only in states that pass by themselves.
func (p planning) waits() bool {
	state := hscn.State(p.priorState.ValueString())
	return p.waitFor.ValueString() == string(hscn.WaitForActive) && (state == hscn.StateProvisioning || !state.Known())
}

// replacementHalf says that this call plans the create half of a replacement under the same name. What hangs on the
// object must be replaced with it, so its id is unknown in the plan.
func (p planning) replacementHalf() bool {
	return p.prior == nil && p.priorReplaces != "" && p.priorReplaces == p.id.ValueString()
}

// order is what the rules judge.
func (p planning) order(s step) rules.Order {
	order := rules.Order{Kind: p.kind, Operation: rules.Create, Name: textOf(p.name), FullName: p.id.ValueString(), Declared: p.declared(p.planned)}
	if s == changes {
		order.Operation, order.Prior = rules.Update, p.declared(p.prior)
	}
	return order
}

// declared are the values that are declared to the broker, without the names.
func (p planning) declared(values map[string]attr.Value) rules.Declared {
	declared := declaredOf(values)
	for _, name := range p.nameParts {
		delete(declared, name)
	}
	return declared
}

// judge is what every planning call does once it is decided: findings of new and changed resources, and the reason of a
// refusal beside what replaces the refused order.
func (p planning) judge(ctx context.Context, s *session, decided step) diag.Diagnostics {
	var diags diag.Diagnostics
	if decided == replaces && hscn.State(p.priorState.ValueString()) == hscn.StateRefused {
		detail := p.id.ValueString() + " was refused; this plan orders it again."
		if reason := p.priorReason.ValueString(); reason != "" {
			detail = p.id.ValueString() + " was refused: " + sentence(reason) + " This plan orders it again."
		}
		diags.AddAttributeWarning(path.Root("state"), "The order was refused", detail+
			" Put right first what it was refused for; to give it up instead, take it out of the configuration.")
	}
	switch decided {
	case creates, replaces, changes:
		diags.Append(s.check(ctx, p.order(decided), p.planned)...)
	case keeps, resumes:
		// What does not change is not judged: a fact that lapsed is for the broker's operator to act on.
	}
	return diags
}
