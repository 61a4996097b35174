package provider

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/ledger"
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
	// destroys: it is given up.
	destroys
)

// planning is what one planning call knows of a resource. Values are by attribute: what is declared to the broker, and
// the names that make up the id.
type planning struct {
	kind      rules.Kind
	nameParts []string // attributes that make up the id, which are in planned and prior too
	// resourceType is what a configuration calls the kind.
	resourceType string

	name    types.String
	id      types.String // planned; null where it is destroyed, unknown where a part of it is
	parent  types.String // the id of what it hangs on; null where it hangs on nothing
	waitFor types.String
	// ownChange says that something of Terraform's own differs, such as wait_for, so that there is an update in any case.
	ownChange bool
	planned   map[string]attr.Value // nil where it is destroyed

	priorID, priorUID, priorState, priorReason, priorPending types.String
	prior                                                    map[string]attr.Value // nil where there is nothing in state
	priorReplaces                                            string                // the id that the first call of a replacement left in private state
	tainted                                                  bool                  // it is the only call of a replacement, which has no prior

	// assigned are the attributes that the broker assigns and that rules compare beside what is declared, with the values
	// of state.
	assigned map[string]attr.Value
	standing rules.Standing
	// parentState asks for the state of what it hangs on. Only of what waits for that it is called.
	parentState func() hscn.State
}

// decide says what the plan does, and on which attributes it replaces.
func (p planning) decide() (step, path.Paths) {
	switch {
	case p.planned == nil:
		return destroys, nil
	case p.prior == nil:
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
	if p.refused() {
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
// What waits for its connection waits as that does, and goes on where that is active by now. How its connection is may be
// another thing in the apply, and a value that was planned as known must stay so: where the apply comes in any case, it is
// for the wait to see.
func (p planning) waits() bool {
	state := hscn.State(p.priorState.ValueString())
	switch {
	case !p.waitFor.IsUnknown() && p.waitFor.ValueString() != string(hscn.WaitForActive) || !passes(state):
		return false
	case state != hscn.StatePendingConnection || p.ownChange:
		return true
	}
	parent := p.parentState()
	return parent != "" && (parent == hscn.StateActive || passes(parent))
}

// refused says that what is in state was turned down.
func (p planning) refused() bool { return hscn.State(p.priorState.ValueString()) == hscn.StateRefused }

// lastChangeRefused says that what stands carries the reason for which a change of it was refused: it waits for nobody,
// and nothing of it waits.
func (p planning) lastChangeRefused() bool {
	state := p.priorState.ValueString()
	settled := state == string(hscn.StateActive) || state == string(hscn.EvidenceValidated)
	return settled && p.priorPending.IsNull() && p.priorReason.ValueString() != ""
}

// call is what the ledger is told of the call.
func (p planning) call(decided step) ledger.Call {
	call := ledger.Call{Kind: p.kind, State: p.priorID.ValueString(), Planned: textOf(p.id), Prior: p.priorReplaces}
	switch decided {
	case creates:
		call.Declared = p.order(decided).Declared
	case replaces:
		call.Declared, call.Asks = p.order(decided).Declared, true
	case changes:
		order := p.order(decided)
		call.Declared = order.Declared
		call.Asks = slices.ContainsFunc(rules.Changes(p.kind, order.Prior, order.Declared),
			func(change rules.AttributeChange) bool { return change.Widens })
	case keeps, resumes, destroys:
		// What the broker has stands for what stays as it is.
	}
	return call
}

// order is what the rules judge of what is planned.
func (p planning) order(decided step) rules.Order {
	order := rules.Order{
		Kind: p.kind, Operation: rules.Create, Name: textOf(p.name), FullName: p.id.ValueString(), Declared: p.declared(p.planned),
	}
	for name, value := range p.assigned {
		// What is ordered anew is assigned anew.
		order.Declared[name] = rules.Unknown
		if decided != creates && decided != replaces {
			order.Declared[name] = plain(value, name, nil)
		}
	}
	switch decided {
	case changes:
		order.Operation, order.Prior, order.Standing = rules.Update, p.declared(p.prior), p.standing
	case keeps, resumes:
		order.Operation, order.Standing = rules.Keep, p.standing
	case creates, replaces, destroys:
	}
	return order
}

// removal is what the rules judge of an object that is given up, by its full name.
func (p planning) removal(id string) rules.Order {
	return rules.Order{Kind: p.kind, Operation: rules.Delete, Name: rules.Known(id[strings.LastIndexByte(id, '/')+1:]), FullName: id}
}

// declared are the values that are declared to the broker, without the names.
func (p planning) declared(values map[string]attr.Value) rules.Declared {
	declared := declaredOf(values)
	for _, name := range p.nameParts {
		delete(declared, name)
	}
	return declared
}

// judge is what every planning call does once it is decided and the ledger knows of it: findings of what is planned and
// of what is given up for it, those that stand of what stays as it is, and the reason of a refusal beside what replaces
// the refused order.
func (p planning) judge(ctx context.Context, s *session, decided step) diag.Diagnostics {
	var diags diag.Diagnostics
	if decided == replaces && p.refused() {
		detail := p.id.ValueString() + " was refused; this plan orders it again."
		if reason := p.priorReason.ValueString(); reason != "" {
			detail = p.id.ValueString() + " was refused: " + sentence(reason) + " This plan orders it again."
		}
		diags.AddAttributeWarning(path.Root("state"), "The order was refused", detail+
			" Put right first what it was refused for; to give it up instead, take it out of the configuration.")
	}
	if decided == changes && p.lastChangeRefused() {
		diags.AddAttributeWarning(path.Root("state_reason"), "The last change was refused", sentence(p.priorReason.ValueString())+
			" What of it stands in this plan is asked for again: put right first what it was refused for, or set it back in the configuration.")
	}
	if !s.judges() {
		return diags
	}
	planned := subject{Order: p.order(decided), parent: p.parent.ValueString(), values: p.planned, resourceType: p.resourceType, named: true}
	switch decided {
	case creates:
		diags.Append(s.check(ctx, planned)...)
		// Of -replace and replace_triggered_by the first call was not told. Terraform drops warnings of the second.
		if replaced, ok := p.replaced(s); ok {
			diags.Append(s.check(ctx, replaced).Errors()...)
		}
	case changes:
		diags.Append(s.check(ctx, planned)...)
	case replaces:
		planned.renews = p.refused()
		diags.Append(s.check(ctx, planned)...)
		diags.Append(s.check(ctx, p.givenUp())...)
	case destroys:
		diags.Append(s.check(ctx, p.givenUp())...)
	case keeps, resumes:
		diags.Append(s.standing(ctx, planned)...)
		diags.Append(s.check(ctx, planned)...)
	}
	return diags
}

// givenUp is what is given up, be it destroyed or replaced, as the rules see it. Its name is only looked at where what is
// planned has another.
func (p planning) givenUp() subject {
	removal := p.removal(p.priorID.ValueString())
	removal.Prior, removal.Standing = p.declared(p.prior), p.standing
	return subject{
		Order: removal, uid: p.priorUID.ValueString(), values: p.prior, resourceType: p.resourceType, named: !p.id.Equal(p.priorID),
	}
}

// replaced is what the create half of a replacement gives up, and whether it is one. There is no state to take it from: of
// its name the rules see what the broker has. Where it is tainted, only a run that has read it knows that it still stands,
// which an apply has not.
func (p planning) replaced(s *session) (subject, bool) {
	id := p.priorReplaces
	if p.tainted {
		id = p.id.ValueString()
		if _, seen := s.seenAs(id); !seen {
			return subject{}, false
		}
	}
	return subject{Order: p.removal(id), tainted: p.tainted, values: p.planned, resourceType: p.resourceType}, id != ""
}
