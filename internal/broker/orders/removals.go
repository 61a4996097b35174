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
	now := d.now()
	return once(ctx, d, w, now, d.connectionNow,
		func(ctx context.Context, tx *store.Tx) (store.Outcome[api.Connection], error) {
			row, err := d.deleteConnection(ctx, tx, w, now, name, uid)
			if err != nil {
				return store.Outcome[api.Connection]{}, err
			}
			shown, err := d.connectionShown(ctx, tx.Reader, row, nil)
			return store.Outcome[api.Connection]{Answer: shown, ObjectUID: row.UID}, err
		})
}

func (d *Desk) deleteConnection(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, name, uid string,
) (store.Connection, error) {
	account, err := lockAccount(ctx, tx, w.Caller.Account)
	if err != nil {
		return store.Connection{}, err
	}
	row, err := liveConnection(ctx, tx.Reader, account.ID, name)
	if err != nil {
		return row, err
	}
	if row.UID != uid {
		return row, anotherObject(row.FullName())
	}
	edges, err := tx.EdgeAttachmentsOf(ctx, row.UID)
	if err != nil {
		return row, err
	}
	children := make([]string, len(edges))
	for i, edge := range edges {
		children[i] = edge.FullName()
	}
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return row, err
	}
	s := connectionStanding(&row)
	wanted, err := wantedConnection(row)
	if err != nil {
		return row, err
	}
	if err := deletable(p, now, s, wanted, children); err != nil {
		return row, err
	}
	before := row.State
	removal, err := d.giveUp(ctx, tx, w, p, now, s)
	if err != nil {
		return row, err
	}
	if err := tx.UpdateConnection(ctx, &row); err != nil {
		return row, err
	}
	return row, record(ctx, tx, w, now, entry{
		action: "connection.delete", account: account.ID, object: row.FullName(), uid: row.UID,
		details: removalDetails(before, row.State, removal),
	})
}

// DeleteEdgeAttachment gives up the live edge attachment of that name and uid. Its name and its gateway are free at once,
// and its address rests; what was built is removed by an order in the operator's queue. Refusals are problem.ObjectGone
// and StateForbids.
func (d *Desk) DeleteEdgeAttachment(
	ctx context.Context, w request.Write, connection, name, uid string,
) (api.EdgeAttachment, error) {
	now := d.now()
	return once(ctx, d, w, now, d.edgeNow,
		func(ctx context.Context, tx *store.Tx) (store.Outcome[api.EdgeAttachment], error) {
			row, err := d.deleteEdge(ctx, tx, w, now, connection, name, uid)
			if err != nil {
				return store.Outcome[api.EdgeAttachment]{}, err
			}
			shown, err := d.edgeShown(ctx, tx.Reader, row, nil)
			return store.Outcome[api.EdgeAttachment]{Answer: shown, ObjectUID: row.UID}, err
		})
}

func (d *Desk) deleteEdge(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, connection, name, uid string,
) (store.EdgeAttachment, error) {
	account, err := lockAccount(ctx, tx, w.Caller.Account)
	if err != nil {
		return store.EdgeAttachment{}, err
	}
	_, row, err := liveEdge(ctx, tx.Reader, account.ID, connection, name)
	if err != nil {
		return row, err
	}
	if row.UID != uid {
		return row, anotherObject(row.FullName())
	}
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return row, err
	}
	s := edgeStanding(&row)
	wanted, err := wantedEdge(row)
	if err != nil {
		return row, err
	}
	if err := deletable(p, now, s, wanted, nil); err != nil {
		return row, err
	}
	before := row.State
	removal, err := d.giveUp(ctx, tx, w, p, now, s)
	if err != nil {
		return row, err
	}
	if err := tx.UpdateEdgeAttachment(ctx, &row); err != nil {
		return row, err
	}
	if err := tx.ReleaseAddress(ctx, row.UID, now, p.document.EdgeAttachments.AddressRestDays); err != nil {
		return row, err
	}
	details := removalDetails(before, row.State, removal)
	details["released_address"] = row.IncludedAddress
	return row, record(ctx, tx, w, now, entry{
		action: "edge_attachment.delete", account: account.ID, object: row.FullName(), uid: row.UID, details: details,
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
