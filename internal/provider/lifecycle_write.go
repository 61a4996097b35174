package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func (l *lifecycle[A, M, P]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan := P(new(M))
	resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...)
	c := l.session.caller(&resp.Diagnostics)
	timeout, diags := plan.own().timeouts.Create(ctx, createTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	op := l.operation("creating", plan.values())
	op.resourceType, op.id = l.resourceType, plan.plannedID().ValueString()
	op.unanswered = op.maybeOrdered()
	made, err := askAgain(ctx, l.session.pace, op.doing, func(ctx context.Context) (A, error) {
		return l.create(ctx, l.session, c, plan)
	})
	if err != nil {
		resp.Diagnostics.Append(op.failed(ctx, err)...)
		return
	}
	l.made(made)
	// The order stands: it is in state before anything is waited for.
	stored := l.storePlanned(ctx, made, plan, &resp.State, resp.Identity, resp.Private)
	resp.Diagnostics.Append(stored...)
	if stored.HasError() {
		resp.Diagnostics.AddError("Error "+op.doing, "The order stands, but it could not be put into state. This block adopts it:\n\n"+op.importBlock())
		return
	}
	resp.Diagnostics.Append(l.session.warnings(ctx, l.order(made), op.values)...)
	seen, waited, diags := l.wait(ctx, c, made, plan, "timeouts.create", timeout)
	resp.Diagnostics.Append(diags...)
	switch last := l.order(seen); {
	case last.state == hscn.StateRefused: // with a wait or without one: an answer that was lost is given again as the order is by then
		l.session.ledger.Freed(l.rulesKind, last.name)
		resp.Diagnostics.Append(l.refusedInWait(last, "Nothing is kept in state, and its name is free."))
		resp.State.RemoveResource(ctx)
	case waited:
		// State has the order already. An error would have Terraform replace it.
		resp.Diagnostics.Append(asWarnings(l.storePlanned(ctx, seen, plan, &resp.State, resp.Identity, resp.Private))...)
	}
}

func (l *lifecycle[A, M, P]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	plan, state := P(new(M)), P(new(M))
	resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	known, diags := loadKey[identity](ctx, req.Private, privateIdentity)
	resp.Diagnostics.Append(diags...)
	timeout, diags := plan.own().timeouts.Update(ctx, updateTimeout)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if !plan.own().state.IsUnknown() {
		// Only what is Terraform's own changes, such as wait_for: the broker is not asked.
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		resp.Diagnostics.Append(known.tell(ctx, state.own().id.ValueString(), resp.Identity)...)
		return
	}
	c := l.session.caller(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	op := l.operation("updating", plan.values())
	now, diags := l.change(ctx, c, op, state, plan, known)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	l.made(now)
	resp.Diagnostics.Append(l.storePlanned(ctx, now, plan, &resp.State, resp.Identity, resp.Private)...)
	resp.Diagnostics.Append(l.session.warnings(ctx, l.order(now), op.values)...)
	seen, waited, diags := l.wait(ctx, c, now, plan, "timeouts.update", timeout)
	if waited {
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.Append(l.storePlanned(ctx, seen, plan, &resp.State, resp.Identity, resp.Private)...)
	}
	switch last := l.order(seen); {
	case last.state == hscn.StateRefused:
		l.session.ledger.Freed(l.rulesKind, last.name)
		resp.Diagnostics.Append(l.refusedInWait(last, "Put right what it was refused for; the next plan orders it again."))
	case last.pending:
		resp.Diagnostics.Append(l.notMadeYet(last))
	}
}

func (l *lifecycle[A, M, P]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	state := P(new(M))
	resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	known, diags := loadKey[identity](ctx, req.Private, privateIdentity)
	resp.Diagnostics.Append(diags...)
	timeout, diags := state.own().timeouts.Delete(ctx, deleteTimeout)
	resp.Diagnostics.Append(diags...)
	c := l.session.caller(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	id, op := state.own().id.ValueString(), l.operation("deleting", state.values())
	op.resourceType, op.id = l.resourceType, id
	_, err := askAgain(ctx, l.session.pace, op.doing, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, l.remove(ctx, c, state)
	})
	if client.MayBeDone(err) {
		var gone bool
		if gone, op.unanswered = l.givenUp(ctx, c, id, known); gone {
			err = nil
		}
	}
	switch {
	case client.IsObjectGone(err):
		// Somebody was faster, or it was refused: the same to whoever wants it gone, if the right broker says so.
		resp.Diagnostics.Append(l.goneFor(err, "deleting", id, known)...)
	case err != nil:
		resp.Diagnostics.Append(op.failed(ctx, err)...)
	default:
		l.session.ledger.Freed(l.rulesKind, id)
		l.session.seen.Delete(id)
	}
}

// givenUp says whether an object is gone whose removal was not answered, or else what is known of it.
func (l *lifecycle[A, M, P]) givenUp(ctx context.Context, c *client.Client, id string, known identity) (gone bool, otherwise string) {
	ctx, cancel := c.Afterwards(ctx)
	defer cancel()
	found, diags := l.find(ctx, l.session, c, id, known)
	if diags.HasError() {
		return false, "Whether it was given up is not known: the broker was asked afterwards, and that told nothing either. " +
			"Plan again: what is gone is not in the new plan."
	}
	if found.gone {
		return true, ""
	}
	now := l.order(found.object)
	return now.state == hscn.StateRefused, fmt.Sprintf("The broker was asked afterwards: %s is %s since %s, so that it was not given up. Apply again.",
		id, now.state, moment(now.stateSince))
}

// change sends what differs between state and plan. Where nothing does, only the wait goes on.
func (l *lifecycle[A, M, P]) change(
	ctx context.Context, c *client.Client, op operation, state, plan P, known identity,
) (A, diag.Diagnostics) {
	var none A
	patch, err := l.patch(state, plan)
	if err != nil {
		return none, diag.Diagnostics{providerFault(op.doing, err)}
	}
	if len(patch) == 0 {
		return l.resumed(ctx, c, op, state, plan, known)
	}
	now, err := askAgain(ctx, l.session.pace, op.doing, func(ctx context.Context) (A, error) {
		return l.update(ctx, c, state, known.Etag, patch)
	})
	if err != nil {
		return l.notChanged(ctx, c, op, state, plan, known, err)
	}
	return now, nil
}

// patch is what turns what state declares into what is planned.
func (l *lifecycle[A, M, P]) patch(state, plan P) (api.MergePatch, error) {
	from, err := state.spec()
	if err != nil {
		return nil, err
	}
	to, err := plan.spec()
	if err != nil {
		return nil, err
	}
	return client.MergePatch(from, to)
}

// made tells the ledger what the broker has accepted. Where it makes no sense of it, storing it says so.
func (l *lifecycle[A, M, P]) made(accepted A) {
	if now, err := l.known(accepted); err == nil {
		l.session.ledger.Made(l.rulesKind, now.name, now.declared)
	}
}

// notMadeYet says that what was asked for is not what there is: the attributes show it as if it were, so that no plan will.
func (l *lifecycle[A, M, P]) notMadeYet(last order) diag.Diagnostic {
	return diag.NewWarningDiagnostic("The change of the "+l.noun+" is not made yet", fmt.Sprintf(
		"%s goes on as it was. %s\n\nNothing waits for that. pending_change has what is asked for; if it is refused, the next plan says so.",
		last.name, sentence(last.reason)))
}

// refusedInWait says that an order was refused while the apply waited for it, and what comes of it.
func (l *lifecycle[A, M, P]) refusedInWait(last order, next string) diag.Diagnostic {
	return diag.NewErrorDiagnostic("The "+l.noun+" was refused", fmt.Sprintf("%s was refused: %s\n\n%s", last.name, sentence(last.reason), next))
}
