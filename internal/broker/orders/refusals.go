package orders

import (
	"context"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// RefuseOrder turns down an order that is not fulfilled, for a reason that the customer reads. Refusing a connection
// refuses what hangs on it; refusing a change leaves what is active as it is. Refusals are problem.ObjectGone and StateForbids.
func (d *Desk) RefuseOrder(ctx context.Context, w request.Write, id int64, reason string) (api.Order, error) {
	return d.decide(ctx, w, id, false, func(ctx context.Context, tx *store.Tx, now time.Time, f *dossier) (decided, error) {
		s := f.standing()
		what := decided{action: "order.refuse", before: s.State, details: map[string]any{"reason_sha256": sumOf(reason)}}
		changes := f.order.Open && f.order.Kind == store.OrderChange
		if !changes && (!f.order.Open || f.order.Kind != store.OrderProvide || !refusable(s)) {
			return what, stateForbids(f, "refuse")
		}
		p, err := d.policyInForce(ctx, tx.Reader, now)
		if err != nil {
			return what, err
		}
		if changes {
			f.refuseChange(w, now, reasonRefusedByPerson(p, reason), reason)
			return what, nil
		}
		what.also, err = d.refuse(ctx, tx, w, p, now, f, reasonRefusedByPerson(p, reason), reason)
		return what, err
	})
}

// refusable says whether an order about the object can still be turned down: until it was first active.
func refusable(s standing) bool { return s.State.Holds() && s.EnabledAt == nil }

// refuse moves the order's object to refused, and with a connection what hangs on it; it returns what the audit says of
// that. Names and slots are free with it, and addresses are released. The order and its object are left to the caller to
// write.
func (d *Desk) refuse(
	ctx context.Context, tx *store.Tx, w request.Write, p *policy, now time.Time, f *dossier, reason, note string,
) ([]entry, error) {
	s := f.standing()
	s.Former = nil // what was refused does not come back with a lift
	s.enter(hscn.StateRefused, reason, now)
	closeOrder(&f.order, now, w.Caller.Subject, note)
	if err := d.enqueueRevoke(ctx, tx, s, now); err != nil {
		return nil, err
	}
	if f.edge != nil {
		return nil, tx.ReleaseAddress(ctx, f.edge.UID, now, p.document.EdgeAttachments.AddressRestDays)
	}
	hanging, err := f.hanging(ctx, tx)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, lost := range hanging {
		what := decided{action: "edge_attachment.refuse", before: lost.edge.State}
		if _, err := d.refuse(ctx, tx, w, p, now, lost, reasonRefusedWith(f.connection.FullName(), reason), note); err != nil {
			return nil, err
		}
		if err := lost.save(ctx, tx); err != nil {
			return nil, err
		}
		entries = append(entries, lost.entry(what))
	}
	return entries, nil
}

// refuseForFacts refuses an order for a reason that nobody gave but what was looked up.
func (d *Desk) refuseForFacts(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, f *dossier, reason string,
) ([]entry, error) {
	inForce, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return nil, err
	}
	return d.refuse(ctx, tx, w, inForce, now, f, reason, "")
}
