package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// look reads the very object of a name, or as it is within that time where the broker holds back its answer.
func (k kind[T]) look(ctx context.Context, c *client.Client, name, uid string, within time.Duration) (T, error) {
	read := func() (T, error) { return k.await(ctx, c, name, within) }
	if k.await == nil {
		read = func() (T, error) { return k.get(ctx, c, name) } // a kind that nothing is waited for has changes that send nothing too
	}
	seen, err := read()
	if client.IsObjectGone(err) || err == nil && k.order(seen).UID != uid {
		// Its name is free, or another's by now: what became of it is only found by its uid.
		return k.byUID(ctx, c, uid)
	}
	return seen, err
}

// untilActive waits for an object, and returns it as it was last seen: in the revision that is waited for, since an apply
// must not put into state what it did not order.
func (k kind[T]) untilActive(ctx context.Context, s *session, c *client.Client, object T, p patience) (T, diag.Diagnostics) {
	first := k.order(object)
	latest := first
	isOther := func() bool { return p.revision != "" && latest.Etag != p.revision && !isOver(latest.state) }
	op := operation{doing: "waiting for " + k.noun, endpoint: s.endpoint}
	w := wait{
		patience: p, noun: k.noun, within: c.LongestAwait(), now: time.Now, pause: sleep,
		look: func(ctx context.Context, within time.Duration) (order, error) {
			seen, err := k.look(ctx, c, first.name, first.UID, within)
			if err != nil {
				return order{}, err
			}
			if latest = k.order(seen); !isOther() {
				object = seen
			}
			return latest, nil
		},
		progress: func(ctx context.Context, now order) (order, error) { return k.progressOf(ctx, c, now) },
		explain: func(ctx context.Context, err error) string {
			var details []string
			for _, d := range op.failed(ctx, err) {
				details = append(details, d.Detail())
			}
			return strings.Join(details, "\n\n")
		},
	}
	diags := w.untilActive(ctx, first)
	if isOther() {
		diags.Append(k.changedInWait(latest))
	}
	diags.Append(s.sameBroker(latest, first.identity)...)
	return object, diags
}

// changedInWait says that somebody changed what an apply waited for.
func (k kind[T]) changedInWait(latest order) diag.Diagnostic {
	return diag.NewWarningDiagnostic("The "+k.noun+" was changed while it was waited for", fmt.Sprintf(
		"%s was changed by %s on %s, after this apply had ordered it. State has it as it was before that. "+
			"The next plan shows what it is now and what would change.", latest.name, latest.updatedBy, moment(latest.updatedAt)))
}

// progressOf is the order by whose state that of an object is judged while it is waited for: that of what it hangs on
// while it waits for that, and its own otherwise.
func (k kind[T]) progressOf(ctx context.Context, c *client.Client, now order) (order, error) {
	if k.parent == nil || now.state != hscn.StatePendingConnection {
		return now, nil
	}
	parent, err := k.parent(ctx, c, now.name)
	if client.IsObjectGone(err) {
		return now, nil // what hangs on it is ended with it: the next look sees that
	}
	return parent, err
}

// nextApplyWaits is what takes up the wait of an apply again.
const nextApplyWaits = "The next apply goes on waiting, for as long as timeouts.update allows."

// wait waits for an order where the configuration says so. It returns the object as it was last seen.
func (l *lifecycle[A, M, P]) wait(ctx context.Context, c *client.Client, object A, plan P, timeout string, length time.Duration) (A, bool, diag.Diagnostics) {
	if plan.own().waitFor.ValueString() != string(hscn.WaitForActive) {
		return object, false, nil
	}
	seen, diags := l.untilActive(ctx, l.session, c, object, patience{
		timeout: timeout, length: length, next: nextApplyWaits, revision: l.order(object).Etag,
	})
	return seen, true, diags
}

// resumed reads an order of which only the wait goes on. One that somebody changed since the plan was made is not what was
// planned.
func (l *lifecycle[A, M, P]) resumed(ctx context.Context, c *client.Client, op operation, state, plan P, known identity) (A, diag.Diagnostics) {
	now, err := l.look(ctx, c, state.own().id.ValueString(), known.UID, 0)
	if err != nil {
		return now, op.failed(ctx, err)
	}
	if last := l.order(now); last.Etag != known.Etag && !isOver(last.state) {
		_, r := l.race(ctx, c, state, plan, known)
		return now, diag.Diagnostics{diag.NewErrorDiagnostic("Error "+op.doing, r.since(nil)+" Nothing was changed now."+r.shows()+planAgain)}
	}
	return now, nil
}

// connectionState is the state of a connection as this run knows it, at the cost of one listing for all where nothing of
// the run has read it. It is empty where the broker has none of that name, or did not answer.
func (s *session) connectionState(ctx context.Context, id string) hscn.State {
	if o, ok := s.seenAs(id); ok {
		return o.state
	}
	if !s.asks() || s.facts == nil {
		return ""
	}
	held, err := s.listing(ctx, rules.KindConnection)
	if err != nil {
		return ""
	}
	return held[id].state
}
