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
	readTimeout   = 20 * time.Minute // of a data source
)

// own is what every resource's model has. One without waits has neither waitFor nor timeouts.
type own struct {
	name, id, uid, state, stateReason, pendingChange, waitFor types.String
	timeouts                                                  timeouts.Value
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
}

// IdentitySchema is the same for every resource: the account, and the full name in it.
func (l *lifecycle[A, M, P]) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identitySchema(l.noun)
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
		p.prior, p.priorID, p.priorUID = state.values(), own.id, own.uid
		p.priorState, p.priorReason, p.priorPending = own.state, own.stateReason, own.pendingChange
		p.assigned, p.standing = own.assigned, state.standing()
		p.parentState = func() hscn.State { return l.session.connectionState(ctx, own.parent.ValueString()) }
	}
	if plan != nil {
		plan.setID(plan.plannedID())
		own := plan.own()
		p.planned, p.name, p.id, p.parent, p.waitFor = plan.values(), own.name, own.id, own.parent, own.waitFor
		if state == nil {
			p.assigned = own.assigned
		} else {
			before := state.own()
			p.ownChange = !own.waitFor.Equal(before.waitFor) || !own.timeouts.Equal(before.timeouts)
			// Any such call may turn out to be the first of a replacement: -replace and replace_triggered_by are not told.
			resp.Diagnostics.Append(saveKey(ctx, resp.Private, privateReplaces, p.priorID.ValueString())...)
		}
	}
	decided, replace := p.decide()
	// The ledger knows of the call before anything is judged, so that concurrent calls see each other.
	meaning := l.session.ledger.Planned(p.call(decided))
	p.tainted = meaning == ledger.Recreates && p.priorReplaces == ""
	if seen, ok := l.session.seenAs(p.id.ValueString()); ok && p.tainted {
		// Of what is tainted Terraform hands on no private state, and who gives it up has to know whose word counts.
		resp.Diagnostics.Append(seen.save(ctx, resp.Private)...)
	}
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

func (l *lifecycle[A, M, P]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := req.ID
	if id == "" {
		var asked resourceIdentity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &asked)...)
		id = asked.ID.ValueString()
	}
	if err := l.parseID(id); err != nil {
		resp.Diagnostics.AddError("Error importing "+l.noun, fmt.Sprintf("The %s.", err))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), id)...)
}

// operation is a request about an object whose values are known.
func (l *lifecycle[A, M, P]) operation(doing string, values map[string]attr.Value) operation {
	return operation{doing: doing + " " + l.noun, endpoint: l.session.endpoint, values: values}
}
