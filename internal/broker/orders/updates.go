package orders

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// changeable is an object that stands, and what its kind does differently when it is changed or given up. How an update, a
// change and a removal go is the same for every kind: here, in changes.go, in change_orders.go and in removals.go.
type changeable[Spec any] struct {
	standing
	// schema is the name of the spec's schema in the contract.
	schema string
	// spec is what is confirmed, in the object's row; confirm makes another spec that, with the columns that repeat it.
	spec    *Spec
	confirm func(Spec)
	// canonical returns a spec in the one spelling that the broker keeps, or a problem.RequestInvalid.
	canonical func(Spec) (Spec, error)
	// judge puts a spec to the rules, as what an operation makes of a prior one.
	judge func(ctx context.Context, r *store.Reader, p *policy, now time.Time, operation rules.Operation, spec, prior Spec) (ruling, error)
	// rest notes what the object rests on after these changes were confirmed; nil where it rests on nothing.
	rest func(ctx context.Context, r *store.Reader, p *policy, changes []rules.AttributeChange, ruled ruling) error
	// resettle puts the order of an object that is not active yet where it stands after an update, and leaves the jobs that
	// come of it. Neither row is written.
	resettle func(ctx context.Context, tx *store.Tx, p *policy, now time.Time, item *store.Order, update amended[Spec]) error
	// save writes the object's row.
	save func(ctx context.Context, tx *store.Tx) error
	// children are the full names of what hangs on it and lives; nil where nothing ever does.
	children func(ctx context.Context, r *store.Reader) ([]string, error)
	// release frees what the object had besides its name and its place, once it is given up, and says so to the audit; nil
	// where it had nothing.
	release func(ctx context.Context, tx *store.Tx, p *policy, now time.Time, details map[string]any) error

	// approval says whether policy wants a person's approval of what asks for more, and leadTime how many working days
	// there are for it.
	approval func(api.Policy) bool
	leadTime func(api.Policy) int
}

// ruling is what was judged of a spec.
type ruling struct {
	judged verdict
	// found is what a connection's order rests on; zero for every other kind.
	found evidence
	// rests is the look-up that an agreement rests on by the verdict; zero where there is none.
	rests lookup
	// blocked says why it cannot be done, whatever the rules let through; nil where it can.
	blocked error
	// details are what the audit says of it besides the findings.
	details map[string]any
}

// err is the problem that refuses an order about the object, or nil.
func (r ruling) err(fullName string) error {
	if err := r.judged.err(fullName, nil); err != nil {
		return err
	}
	return r.blocked
}

// amended is an update of an object: what it changes, and what came of it.
type amended[Spec any] struct {
	ruling
	// asked is the spec that was asked for before, and wanted the one that is asked for now.
	asked, wanted Spec
	// changes are what differs between them, and widens says that it asks for more.
	changes []rules.AttributeChange
	widens  bool
	// order is the number of the order of a change that is open, or was closed by it; 0 where there is none.
	order int64
}

// update changes an object by a merge patch of its spec, as it was asked for last. ifMatch is the revision that the patch
// was planned from, without quotes. find opens the object, and show is how it answers.
func update[Spec, Shown any](
	ctx context.Context, d *Desk, w request.Write, patch api.MergePatch, ifMatch string,
	render func(ctx context.Context, r *store.Reader, uid string) (Shown, error),
	find func(ctx context.Context, tx *store.Tx, account store.Account) (*changeable[Spec], error),
	show func(ctx context.Context, r *store.Reader, findings []api.Finding) (Shown, error),
) (Shown, error) {
	if ifMatch == "" {
		var none Shown
		return none, problem.New(problem.PreconditionRequired, "An update needs the header If-Match with the object's etag.")
	}
	now := d.now()
	return once(ctx, d, w, now, render, func(ctx context.Context, tx *store.Tx) (store.Outcome[Shown], error) {
		none := store.Outcome[Shown]{}
		account, err := lockAccount(ctx, tx, w.Caller.Account)
		if err != nil {
			return none, err
		}
		c, err := find(ctx, tx, account)
		if err != nil {
			return none, err
		}
		if ifMatch != etagOf(c.UID, c.Revision) {
			return none, etagMismatch(c.existing())
		}
		asked, err := c.asked()
		if err != nil {
			return none, err
		}
		wanted, err := patched(c.schema, asked, patch)
		if err != nil {
			return none, err
		}
		if wanted, err = c.canonical(wanted); err != nil {
			return none, err
		}
		var findings []api.Finding
		// Another spelling of what was asked for changes nothing.
		if !sameJSON(asked, wanted) {
			before := c.State
			made, err := c.change(ctx, d, tx, w, now, wanted)
			if err != nil {
				return none, err
			}
			findings = made.judged.shown()
			if err := record(ctx, tx, w, now, c.updated(string(before), made)); err != nil {
				return none, err
			}
		}
		shown, err := show(ctx, tx.Reader, findings)
		return store.Outcome[Shown]{Answer: shown}, err
	})
}

// etagMismatch says who changed the object since the revision that an update was planned from.
func etagMismatch(now *api.ExistingObject) error {
	p := problem.New(problem.EtagMismatch, "%s was changed by %s at %s, after the state that this update was planned from.",
		now.Name, *now.UpdatedBy, now.UpdatedAt.Format(time.RFC3339))
	p.Existing = now
	return p
}

// updated is what the audit says of an update.
func (c *changeable[Spec]) updated(before string, made amended[Spec]) entry {
	details := map[string]any{
		"state_before": before, "state": string(c.State), "spec_sha256": sumOf(*c.spec), "revision": c.Revision,
		"policy_version": made.judged.policy.versionText(), "findings": ruleIDs(made.judged.shown(), findingRule),
	}
	if c.PendingChange != nil {
		details["pending_change_sha256"] = sumOf(c.PendingChange)
	}
	if made.order != 0 {
		details["order"] = made.order
	}
	maps.Copy(details, made.details)
	return entry{action: string(c.kind) + ".update", account: c.Account, object: c.fullName, uid: c.UID, details: details}
}

// asked is the spec that its owner asked for last: what is confirmed, with the change of it that is pending.
func (c *changeable[Spec]) asked() (Spec, error) { return asAsked(c.schema, *c.spec, c.PendingChange) }

// change has another spec, a canonical one, be asked for. Where the rules refuse it, their verdict is in the result beside
// the error. What is asked for is judged as a whole. That it asks for less than before is never refused because of what
// was asked for before; whether that can still be had is for the job to judge that looks at what waits.
func (c *changeable[Spec]) change(
	ctx context.Context, d *Desk, tx *store.Tx, w request.Write, now time.Time, wanted Spec,
) (amended[Spec], error) {
	made := amended[Spec]{wanted: wanted}
	var err error
	if made.asked, err = c.asked(); err != nil {
		return made, err
	}
	kind := rules.Kind(c.kind)
	beyond, err := changesOf(kind, *c.spec, wanted)
	if err != nil {
		return made, err
	}
	if err := immutable(c.noun(), beyond); err != nil {
		return made, err
	}
	if made.changes, err = changesOf(kind, made.asked, wanted); err != nil {
		return made, err
	}
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return made, err
	}
	prior := made.asked
	if !widens(beyond) {
		prior = *c.spec
	}
	made.widens = widens(made.changes)
	if made.ruling, err = c.judge(ctx, tx.Reader, p, now, rules.Update, wanted, prior); err != nil {
		return made, err
	}
	if err := made.err(c.fullName); err != nil {
		return made, err
	}
	item, err := tx.OpenOrderOf(ctx, c.UID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return made, err
	}
	c.Revision++
	c.UpdatedAt, c.UpdatedBy = now, w.Caller.Subject
	item.PolicyVersion = p.version
	if item.Kind == store.OrderProvide {
		c.confirm(wanted)
		c.PolicyVersion = p.version
		err = c.resettle(ctx, tx, p, now, &item, made)
	} else {
		err = c.amend(ctx, d, tx, w, p, now, &item, made)
	}
	if err != nil {
		return made, err
	}
	made.order = item.ID
	switch {
	case item.ID != 0:
		err = tx.UpdateOrder(ctx, &item)
	case item.Open:
		if err = tx.InsertOrder(ctx, &item); err == nil {
			made.order = item.ID
		}
	}
	if err != nil {
		return made, err
	}
	return made, c.save(ctx, tx)
}
