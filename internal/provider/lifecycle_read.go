package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
)

func (l *lifecycle[A, M, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	state := P(new(M))
	resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	known, diags := knownOf(ctx, req.Private, req.Identity)
	resp.Diagnostics.Append(diags...)
	id := state.own().id.ValueString()
	// Every read says which object it is, also one that finds nothing, and of state that was written without an identity.
	resp.Diagnostics.Append(known.tell(ctx, id, resp.Identity)...)
	if known.UID != "" && !l.session.asks() {
		return // the warning of Configure says that nothing is read
	}
	c := l.session.caller(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
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
		filled := *state
		resp.Diagnostics.Append(P(&filled).fromAPI(ctx, found.object)...)
		if !resp.Diagnostics.HasError() {
			resp.Diagnostics.Append(l.store(ctx, found.object, l.order(found.object).identity, &filled, &resp.State, resp.Identity, resp.Private)...)
		}
	}
}

// store puts an object into state as a model has it, and which one it is into its identity and into private state. Nothing
// is put there of an object that the rules make no sense of.
func (l *lifecycle[A, M, P]) store(
	ctx context.Context, object A, which identity, filled *M, state *tfsdk.State, told *tfsdk.ResourceIdentity, private keeper,
) diag.Diagnostics {
	seen, err := l.known(object)
	if err != nil {
		return diag.Diagnostics{providerFault("reading "+l.noun, err)}
	}
	l.session.see(seen)
	diags := state.Set(ctx, filled)
	diags.Append(which.tell(ctx, seen.name, told)...)
	diags.Append(which.save(ctx, private)...)
	return diags
}

// leaves judges the name of an object that a read found gone: another of this plan may have asked for it already.
func (l *lifecycle[A, M, P]) leaves(ctx context.Context, state P) diag.Diagnostics {
	if !l.session.judges() || !l.session.ledger.Asked(l.rulesKind) {
		return nil
	}
	own := state.own()
	gone := planning{kind: l.rulesKind, resourceType: l.resourceType, nameParts: l.nameParts, prior: state.values(), priorID: own.id, priorUID: own.uid}
	return l.session.check(ctx, gone.givenUp())
}
