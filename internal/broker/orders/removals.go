package orders

import (
	"context"
	"errors"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// DeleteConnection gives up the live connection of that name and uid. Its name and its place on the service are free at
// once; what was built is removed by an order in the operator's queue. Refusals are problem.ObjectGone and StateForbids.
func (d *Desk) DeleteConnection(ctx context.Context, w request.Write, name, uid string) (api.Connection, error) {
	var row store.Connection
	return remove(ctx, d, w, uid, d.connectionNow,
		func(ctx context.Context, tx *store.Tx, account store.Account) (_ *changeable[api.ConnectionSpec], err error) {
			row, err = liveConnection(ctx, tx.Reader, account.ID, name)
			return d.changeableConnection(account, &row), err
		},
		func(ctx context.Context, r *store.Reader) (api.Connection, error) {
			return d.connectionShown(ctx, r, row, nil)
		})
}

// DeleteEdgeAttachment gives up the live edge attachment of that name and uid. Its name and its gateway are free at once,
// and its address rests; what was built is removed by an order in the operator's queue. Refusals are problem.ObjectGone
// and StateForbids.
func (d *Desk) DeleteEdgeAttachment(
	ctx context.Context, w request.Write, connection, name, uid string,
) (api.EdgeAttachment, error) {
	var row store.EdgeAttachment
	return remove(ctx, d, w, uid, d.edgeNow,
		func(ctx context.Context, tx *store.Tx, account store.Account) (*changeable[api.EdgeAttachmentSpec], error) {
			parent, found, err := liveEdge(ctx, tx.Reader, account.ID, connection, name)
			row = found
			return d.changeableEdge(account, parent, &row), err
		},
		func(ctx context.Context, r *store.Reader) (api.EdgeAttachment, error) {
			return d.edgeShown(ctx, r, row, nil)
		})
}

// remove gives up the object of that uid, once for the idempotency key. find opens whatever has the name now, and show is
// how it answers.
func remove[Spec, Shown any](
	ctx context.Context, d *Desk, w request.Write, uid string,
	render func(ctx context.Context, r *store.Reader, uid string) (Shown, error),
	find func(ctx context.Context, tx *store.Tx, account store.Account) (*changeable[Spec], error),
	show func(ctx context.Context, r *store.Reader) (Shown, error),
) (Shown, error) {
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
		if c.UID != uid {
			return none, anotherObject(c.fullName)
		}
		if err := c.remove(ctx, d, tx, w, now); err != nil {
			return none, err
		}
		shown, err := show(ctx, tx.Reader)
		return store.Outcome[Shown]{Answer: shown, ObjectUID: c.UID}, err
	})
}

// remove gives the object up, where the rules let it, and writes it.
func (c *changeable[Spec]) remove(ctx context.Context, d *Desk, tx *store.Tx, w request.Write, now time.Time) error {
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return err
	}
	wanted, err := c.asked()
	if err != nil {
		return err
	}
	var children []string
	if c.children != nil {
		if children, err = c.children(ctx, tx.Reader); err != nil {
			return err
		}
	}
	if err := deletable(p, now, c.standing, wanted, children); err != nil {
		return err
	}
	before := c.State
	removal, err := d.giveUp(ctx, tx, w, p, now, c.standing)
	if err != nil {
		return err
	}
	if err := c.save(ctx, tx); err != nil {
		return err
	}
	details := removalDetails(before, c.State, removal)
	if c.release != nil {
		if err := c.release(ctx, tx, p, now, details); err != nil {
			return err
		}
	}
	return record(ctx, tx, w, now, entry{
		action: string(c.kind) + ".delete", account: c.Account, object: c.fullName, uid: c.UID, details: details,
	})
}

// deletable asks the rules whether an object may be given up on which these hang, and is nil where it may. Its spec is the
// one that was asked for last, a change that waits for somebody included: protection is nobody's to approve.
func deletable(p *policy, now time.Time, s standing, wanted any, children []string) error {
	prior, err := declared(s.fullName, wanted)
	if err != nil {
		return err
	}
	return judge(p, rules.Facts{Now: now, Broker: &rules.BrokerFacts{Children: children}}, rules.Order{
		Kind: rules.Kind(s.kind), Operation: rules.Delete, Name: rules.Known(s.Name), FullName: s.fullName, Prior: prior,
		Standing: rules.Standing{State: s.State, EnabledAt: instantOf(s.EnabledAt)},
	}).forbidden(s.fullName)
}

func anotherObject(fullName string) error {
	return gone("%s is another object now than the one that was to be deleted.", fullName)
}

// giveUp takes an object out of its states for good, closes what was ordered for it, and orders the removal of what may
// have been built. It returns the number of that order, 0 without one. The row is left to its caller to write.
func (d *Desk) giveUp(
	ctx context.Context, tx *store.Tx, w request.Write, p *policy, now time.Time, s standing,
) (int64, error) {
	built := s.mayBeBuilt()
	s.Former = nil
	item, err := tx.OpenOrderOf(ctx, s.UID)
	switch {
	case err == nil:
		s.giveUpChange(&item, w, now)
		closeOrder(&item, now, w.Caller.Subject, "")
		if err := tx.UpdateOrder(ctx, &item); err != nil {
			return 0, err
		}
	case !errors.Is(err, store.ErrNotFound):
		return 0, err
	}
	if !built {
		s.enter(hscn.StateCeased, reasonNeverBuilt, now)
		return 0, nil
	}
	s.enter(hscn.StateCeasing, reasonCeasing(p), now)
	if d.revocable(s) {
		s.StateReason = reasonRevoking
	}
	removal := store.Order{
		Kind: store.OrderRemove, ObjectKind: s.kind, ObjectUID: s.UID, Object: s.fullName, Account: s.Account, Open: true,
		CreatedAt: now, CreatedBy: w.Caller.Subject, ChangeReference: w.ChangeReference, PolicyVersion: p.version,
	}
	if err := tx.InsertOrder(ctx, &removal); err != nil {
		return 0, err
	}
	return removal.ID, d.enqueueRevoke(ctx, tx, s, now)
}

// closeOrder takes the order out of the queue.
func closeOrder(item *store.Order, now time.Time, by, note string) {
	at := now
	item.Open, item.ClosedAt, item.ClosedBy, item.Note = false, &at, by, note
}

func removalDetails(before, after hscn.State, removal int64) map[string]any {
	details := map[string]any{"state_before": string(before), "state": string(after)}
	if removal != 0 {
		details["order"] = removal
	}
	return details
}
