package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/ledger"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// What timeouts are where the configuration says nothing.
const (
	createTimeout = 20 * time.Minute
	updateTimeout = 20 * time.Minute
	deleteTimeout = 10 * time.Minute
)

// own is what every resource's model has. One without waits has neither waitFor nor timeouts.
type own struct {
	name, id, state, stateReason, pendingChange, waitFor types.String
	timeouts                                             timeouts.Value
	// parent is the id of what it hangs on; null where it hangs on nothing.
	parent types.String
	// assigned are the attributes that the broker assigns and that rules compare beside what is declared.
	assigned map[string]attr.Value
}

// model is what a resource's model M can do, where A is the contract's object.
type model[A, M any] interface {
	*M
	// own returns the attributes that every resource has.
	own() own
	// plannedID is the full name, or unknown where a part of it is; setID puts it into the model.
	plannedID() types.String
	setID(types.String)
	// values are the declared attributes and those that make up the id.
	values() map[string]attr.Value
	// standing is how far the object is, as state has it.
	standing() rules.Standing
	// spec makes what is sent to the broker, in the one spelling of everything.
	spec() (any, error)
	// fromAPI takes over an object as the broker has it. What only Terraform knows stays; so do spellings.
	fromAPI(ctx context.Context, object A) diag.Diagnostics
	// forgetComputed makes unknown what the apply will tell, keepStable takes from state what no change in place moves, and
	// keepComputed everything that the broker tells.
	forgetComputed()
	keepStable(state *M)
	keepComputed(state *M)
}

// lifecycle is what all resources do in the same way: plan, order, read, change, give up, adopt. A resource embeds one
// and adds its schema, its offline checks and how its requests are made.
type lifecycle[A, M any, P model[A, M]] struct {
	session *session

	kind[A]
	rulesKind rules.Kind
	// nameParts are the attributes that make up the id.
	nameParts []string
	parseID   func(id string) error

	// planNew puts into the plan of a new object what is known of it before it is ordered; may be nil.
	planNew func(ctx context.Context, s *session, plan P) diag.Diagnostics
	create  func(ctx context.Context, s *session, c *client.Client, plan P) (A, error)
	update  func(ctx context.Context, c *client.Client, state P, etag string, patch api.MergePatch) (A, error)
	remove  func(ctx context.Context, c *client.Client, state P) error
	// progress is the order by whose state that of an object is judged while it is waited for; nil where none is.
	progress func(ctx context.Context, c *client.Client, now order) (order, error)
}

func (l *lifecycle[A, M, P]) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	l.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

func (l *lifecycle[A, M, P]) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if l.session == nil {
		l.session.caller(&resp.Diagnostics)
		return
	}
	p := planning{kind: l.rulesKind, resourceType: l.resourceType, nameParts: l.nameParts}
	var plan, state P
	if !req.Plan.Raw.IsNull() {
		plan = P(new(M))
		resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...)
	}
	if !req.State.Raw.IsNull() {
		state = P(new(M))
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	var diags diag.Diagnostics
	p.priorReplaces, diags = loadKey[string](ctx, req.Private, privateReplaces)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}

	if state != nil {
		own := state.own()
		p.prior, p.priorID, p.priorState, p.priorReason, p.priorPending = state.values(), own.id, own.state, own.stateReason, own.pendingChange
		p.assigned, p.standing = own.assigned, state.standing()
	}
	if plan != nil {
		plan.setID(plan.plannedID())
		own := plan.own()
		p.planned, p.name, p.id, p.parent, p.waitFor = plan.values(), own.name, own.id, own.parent, own.waitFor
		if state == nil {
			p.assigned = own.assigned
		} else {
			// Any such call may turn out to be the first of a replacement: -replace and replace_triggered_by are not told.
			resp.Diagnostics.Append(saveKey(ctx, resp.Private, privateReplaces, p.priorID.ValueString())...)
		}
	}
	decided, replace := p.decide()
	// The ledger knows of the call before anything is judged, so that concurrent calls see each other.
	meaning := l.session.ledger.Planned(p.call(decided))
	resp.Diagnostics.Append(p.judge(ctx, l.session, decided)...)

	switch decided {
	case creates:
		if l.planNew != nil {
			if diags := l.planNew(ctx, l.session, plan); !resp.Diagnostics.HasError() {
				resp.Diagnostics.Append(diags...) // else the same was told by judge
			}
		}
		if meaning == ledger.Recreates {
			plan.setID(types.StringUnknown()) // what hangs on it is replaced with it
		}
	case replaces:
		plan.forgetComputed()
		resp.RequiresReplace = replace
	case changes, resumes:
		plan.forgetComputed()
		plan.keepStable((*M)(state))
	case keeps:
		plan.keepComputed((*M)(state))
	case destroys:
		return
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

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
	op.resourceType, op.id, op.orders = l.resourceType, plan.plannedID().ValueString(), true
	made, err := l.create(ctx, l.session, c, plan)
	if err != nil {
		resp.Diagnostics.Append(op.failed(ctx, err)...)
		return
	}
	l.made(made)
	// The order stands: it is in state before anything is waited for.
	if diags := l.store(ctx, made, plan, &resp.State, resp.Private); diags.HasError() {
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.AddError("Error "+op.doing, "The order stands, but it could not be put into state. This block adopts it:\n\n"+op.importBlock())
		return
	}
	resp.Diagnostics.Append(l.session.warnings(ctx, l.order(made), op.values)...)
	seen, waited, diags := l.wait(ctx, c, made, plan)
	resp.Diagnostics.Append(diags...)
	switch last := l.order(seen); {
	case !waited:
	case last.state == hscn.StateRefused:
		l.session.ledger.Freed(l.rulesKind, last.name)
		resp.Diagnostics.Append(l.refusedInWait(last, "Nothing is kept in state, and its name is free."))
		resp.State.RemoveResource(ctx)
	default:
		resp.Diagnostics.Append(l.store(ctx, seen, plan, &resp.State, resp.Private)...)
	}
}

func (l *lifecycle[A, M, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	if !l.session.asks() {
		return // the warning of Configure says that nothing is read
	}
	state := P(new(M))
	resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	known, diags := loadKey[identity](ctx, req.Private, privateIdentity)
	resp.Diagnostics.Append(diags...)
	c := l.session.caller(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	id := state.own().id.ValueString()
	found, diags := l.find(ctx, l.session, c, id, known)
	resp.Diagnostics.Append(diags...)
	switch {
	case resp.Diagnostics.HasError():
	case found.gone:
		l.session.ledger.Gone(l.rulesKind, id)
		resp.State.RemoveResource(ctx)
		resp.Diagnostics.Append(l.leaves(ctx, state)...)
	default:
		l.session.ledger.InState(l.rulesKind, id)
		resp.Diagnostics.Append(l.store(ctx, found.object, state, &resp.State, resp.Private)...)
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
		return
	}
	c := l.session.caller(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	op := l.operation("updating", plan.values())
	now, err := l.change(ctx, c, state, plan, known)
	if err != nil {
		resp.Diagnostics.Append(op.failed(ctx, err)...)
		return
	}
	l.made(now)
	resp.Diagnostics.Append(l.store(ctx, now, plan, &resp.State, resp.Private)...)
	resp.Diagnostics.Append(l.session.warnings(ctx, l.order(now), op.values)...)
	if seen, waited, diags := l.wait(ctx, c, now, plan); waited {
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.Append(l.store(ctx, seen, plan, &resp.State, resp.Private)...)
		if last := l.order(seen); last.state == hscn.StateRefused {
			l.session.ledger.Freed(l.rulesKind, last.name)
			resp.Diagnostics.Append(l.refusedInWait(last, "Put right what it was refused for; the next plan orders it again."))
		}
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

	id := state.own().id.ValueString()
	switch err := l.remove(ctx, c, state); {
	case client.IsObjectGone(err):
		// Somebody was faster, or it was refused: the same to whoever wants it gone, if the right broker says so.
		resp.Diagnostics.Append(l.goneFor(err, "deleting", id, known)...)
	case err != nil:
		resp.Diagnostics.Append(l.operation("deleting", state.values()).failed(ctx, err)...)
	default:
		l.session.ledger.Freed(l.rulesKind, id)
		l.session.seen.Delete(id)
	}
}

func (l *lifecycle[A, M, P]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if err := l.parseID(req.ID); err != nil {
		resp.Diagnostics.AddError("Error importing "+l.noun, fmt.Sprintf("The %s.", err))
		return
	}
	resource.ImportStatePassthroughID(ctx, path.Root("id"), req, resp)
}

// operation is a request about an object whose values are known.
func (l *lifecycle[A, M, P]) operation(doing string, values map[string]attr.Value) operation {
	return operation{doing: doing + " " + l.noun, endpoint: l.session.endpoint, values: values}
}

// store puts an object into state and its identity into private state.
func (l *lifecycle[A, M, P]) store(ctx context.Context, object A, atHand P, state *tfsdk.State, private keeper) diag.Diagnostics {
	filled := *atHand
	diags := P(&filled).fromAPI(ctx, object)
	if diags.HasError() {
		return diags
	}
	diags.Append(state.Set(ctx, &filled)...)
	diags.Append(l.order(object).save(ctx, private)...)
	if seen, err := l.known(object); err == nil {
		l.session.see(seen)
	} else {
		diags.Append(providerFault("reading "+l.noun, err))
	}
	return diags
}

// made tells the ledger what the broker has accepted. Where it makes no sense of it, storing it says so.
func (l *lifecycle[A, M, P]) made(accepted A) {
	if now, err := l.known(accepted); err == nil {
		l.session.ledger.Made(l.rulesKind, now.name, now.declared)
	}
}

// leaves judges the name of an object that a read found gone: another of this plan may have asked for it already.
func (l *lifecycle[A, M, P]) leaves(ctx context.Context, state P) diag.Diagnostics {
	if !l.session.judges() || !l.session.ledger.Asked(l.rulesKind) {
		return nil
	}
	own := state.own()
	gone := planning{kind: l.rulesKind, resourceType: l.resourceType, nameParts: l.nameParts, prior: state.values(), priorID: own.id}
	return l.session.check(ctx, gone.givenUp())
}

// refusedInWait says that an order was refused while the apply waited for it, and what comes of it.
func (l *lifecycle[A, M, P]) refusedInWait(last order, next string) diag.Diagnostic {
	return diag.NewErrorDiagnostic("The "+l.noun+" was refused", fmt.Sprintf("%s was refused: %s\n\n%s", last.name, sentence(last.reason), next))
}

// change sends what differs between state and plan. Where nothing does, as when only the wait goes on, it reads the
// object instead.
func (l *lifecycle[A, M, P]) change(ctx context.Context, c *client.Client, state, plan P, known identity) (A, error) {
	var none A
	from, err := state.spec()
	if err != nil {
		return none, err
	}
	to, err := plan.spec()
	if err != nil {
		return none, err
	}
	patch, err := client.MergePatch(from, to)
	if err != nil {
		return none, err
	}
	if len(patch) == 0 {
		return l.get(ctx, c, state.own().id.ValueString())
	}
	return l.update(ctx, c, state, known.Etag, patch)
}

// wait waits for an order where the configuration says so. It returns the object as it was last seen.
func (l *lifecycle[A, M, P]) wait(ctx context.Context, c *client.Client, object A, plan P) (A, bool, diag.Diagnostics) {
	if plan.own().waitFor.ValueString() != string(hscn.WaitForActive) {
		return object, false, nil
	}
	w := wait{look: func(ctx context.Context) (order, order, error) {
		seen, err := l.get(ctx, c, l.order(object).name)
		if client.IsObjectGone(err) {
			// Its name is free: what became of it is only found by its uid.
			seen, err = l.byUID(ctx, c, l.order(object).UID)
		}
		if err != nil {
			return order{}, order{}, err
		}
		object = seen
		now := l.order(seen)
		progress, err := l.progress(ctx, c, now)
		return now, progress, err
	}}
	diags := w.untilActive(ctx, l.order(object))
	return object, true, diags
}
