package orders

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// decide runs a decision of the operator's about an order, in one transaction for its idempotency key.
func (d *Desk) decide(
	ctx context.Context, w request.Write, id int64,
	decision func(ctx context.Context, tx *store.Tx, now time.Time, f *dossier) (decided, error),
) (api.Order, error) {
	now := d.now()
	// An order's account never changes, and has to be locked before anything else is read.
	found, err := read(ctx, d, func(ctx context.Context, r *store.Reader) (store.Order, error) { return r.OrderByID(ctx, id) })
	if err != nil {
		return api.Order{}, orGone(err, orderNumber(id))
	}
	never := func(context.Context, *store.Reader, string) (api.Order, error) {
		return api.Order{}, errors.New("a decision is answered as it was")
	}
	return once(ctx, d, w, now, never,
		func(ctx context.Context, tx *store.Tx) (store.Outcome[api.Order], error) {
			none := store.Outcome[api.Order]{}
			if _, err := lockAccount(ctx, tx, found.Account); err != nil {
				return none, err
			}
			order, err := tx.OrderByID(ctx, id)
			if err != nil {
				return none, err
			}
			f, err := openDossier(ctx, tx.Reader, order)
			if err != nil {
				return none, err
			}
			what, err := decision(ctx, tx, now, f)
			if err != nil {
				return none, err
			}
			if err := d.conclude(ctx, tx, w, now, f, what); err != nil {
				return none, err
			}
			shown, err := d.orderShown(ctx, tx.Reader, f)
			return store.Outcome[api.Order]{Answer: shown}, err
		})
}

// stateForbids says in which state the order is, and what does go.
func stateForbids(f *dossier, what string) error {
	if !f.order.Open {
		return problem.New(problem.StateForbids, "Order %d about %s is closed since %s: there is nothing to %s.",
			f.order.ID, f.order.Object, f.order.ClosedAt.UTC().Format(time.RFC3339), what)
	}
	state := f.standing().State
	return problem.New(problem.StateForbids, "Order %d about %s cannot be %s: it is %s. %s",
		f.order.ID, f.order.Object, past[what], state, fitting(f.order, state))
}

// past are the decisions as one speaks of an order.
var past = map[string]string{"approve": "approved", "refuse": "refused", "confirm": "confirmed", "fail": "failed"}

// fitting says which command fits an order in that state.
func fitting(order store.Order, state hscn.State) string {
	switch state {
	case hscn.StatePendingVerification, hscn.StatePendingEvidence:
		return "It goes on when the inventory says more (" + commandLoad + "); until then it can be refused: " + commandRefuse(order.ID) + "."
	case hscn.StatePendingApproval:
		return "What fits is " + commandApprove(order.ID) + " or " + commandRefuse(order.ID) + "."
	case hscn.StatePendingConnection:
		return "It goes on when its connection is active; until then it can be refused: " + commandRefuse(order.ID) + "."
	case hscn.StateProvisioning:
		return "It goes on by itself; until then it can be refused: " + commandRefuse(order.ID) + "."
	case hscn.StateAwaitingFulfilment:
		return "What fits is " + commandDone(order.ID) + ", " + commandFail(order.ID) + " or " + commandRefuse(order.ID) + "."
	case hscn.StateFailed:
		return "What fits is " + commandDone(order.ID) + " or " + commandRefuse(order.ID) + "."
	case hscn.StateCeasing:
		return "What fits is " + commandDone(order.ID) + ", when it is removed."
	default:
		return "The broker has no command that takes it further."
	}
}

// The commands of the operator's that steps and refusals name.

const commandLoad = "hscn-broker load FILE"

func commandApprove(id int64) string { return fmt.Sprintf("hscn-broker orders approve %d", id) }
func commandDone(id int64) string    { return fmt.Sprintf("hscn-broker orders done %d", id) }
func commandRefuse(id int64) string {
	return fmt.Sprintf("hscn-broker orders refuse %d --reason \"...\"", id)
}

func commandFail(id int64) string {
	return fmt.Sprintf("hscn-broker orders fail %d --reason \"...\"", id)
}

// ApproveOrder approves an order that waits for a person's approval. Refusals are problem.Forbidden for a machine,
// ObjectGone, StateForbids, and PreconditionsFailed where what the order rests on has turned bad since.
func (d *Desk) ApproveOrder(ctx context.Context, w request.Write, id int64, note string) (api.Order, error) {
	if w.Caller.Kind != request.Person {
		return api.Order{}, problem.New(problem.Forbidden, "An approval is a person's, and this credential stands for a machine.")
	}
	return d.decide(ctx, w, id, func(ctx context.Context, tx *store.Tx, now time.Time, f *dossier) (decided, error) {
		s := f.standing()
		what := decided{action: "order.approve", before: s.State, details: map[string]any{}}
		if !f.order.Open || f.order.Kind != store.OrderProvide || s.State != hscn.StatePendingApproval || f.edge != nil {
			return what, stateForbids(f, "approve")
		}
		judgedBy, err := d.policyOfVersion(ctx, tx.Reader, f.order.PolicyVersion)
		if err != nil {
			return what, err
		}
		judged, found, err := d.judgeAgain(ctx, tx, judgedBy, now, f.connection)
		if err != nil {
			return what, err
		}
		if refusing := judged.refusing(); len(refusing) > 0 {
			p := problem.New(problem.PreconditionsFailed, "Order %d about %s cannot be approved: %s.", id, s.fullName, unmet(refusing))
			p.Findings = judged.shown()
			return what, p
		}
		if _, awaited := judged.awaits(); len(awaited) > 0 {
			p := problem.New(problem.StateForbids, "Order %d about %s cannot be approved: what it rests on has to be looked up again first. "+
				"Record it with %s; the order is judged again then.", id, s.fullName, commandLoad)
			p.Findings = judged.shown()
			return what, p
		}
		rests := agreementLookup(judgedBy, f.connection.Spec, found.organisation)
		if err := d.secondPerson(ctx, tx, w, now, f, rests); err != nil {
			return what, err
		}
		s.pass(hscn.StatePendingApproval)
		if err := d.settleConnection(judgedBy, now, &f.connection, &f.order, judged, found); err != nil {
			return what, err
		}
		f.order.Note = note
		what.details["evidence"] = evidenceTimes(found.organisation)
		what.details["note_sha256"] = sumOf(note)
		return what, d.enqueueFor(ctx, tx, s, f.connection.Spec.ActivateAt, now)
	})
}

// secondPerson refuses an approval by whoever recorded what the order rests on, where policy wants two.
func (d *Desk) secondPerson(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, f *dossier, rests lookup,
) error {
	inForce, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil || !inForce.document.SecondPerson {
		return err
	}
	recorders := append(slices.Clone(f.order.Recorders), rests.by)
	if !slices.Contains(recorders, w.Caller.Subject) {
		return nil
	}
	return problem.New(problem.StateForbids, "Order %d about %s has to be approved by another person: %s recorded the look-up of "+
		"the agreement that it rests on.", f.order.ID, f.order.Object, w.Caller.Subject)
}

// judgeAgain puts a connection that stands to the rules for a new order, as it was judged when it was ordered.
func (d *Desk) judgeAgain(
	ctx context.Context, tx *store.Tx, p *policy, now time.Time, row store.Connection,
) (verdict, evidence, error) {
	account, err := tx.AccountByID(ctx, row.Account)
	if err != nil {
		return verdict{}, evidence{}, err
	}
	return d.judgeConnection(ctx, tx.Reader, p, now, connectionOrder{
		operation: rules.Create, account: account, name: row.Name, uid: row.UID, spec: row.Spec,
	})
}

// ConfirmOrder confirms that the network does what was ordered, or that what was given up is removed. Nothing else makes
// an object active. Refusals are problem.ObjectGone and StateForbids.
func (d *Desk) ConfirmOrder(ctx context.Context, w request.Write, id int64, note string) (api.Order, error) {
	return d.decide(ctx, w, id, func(ctx context.Context, tx *store.Tx, now time.Time, f *dossier) (decided, error) {
		s := f.standing()
		what := decided{action: "order.done", before: s.State, details: map[string]any{"note_sha256": sumOf(note)}}
		state := s.State
		switch {
		case f.order.Open && f.order.Kind == store.OrderRemove && state == hscn.StateCeasing:
			s.enter(hscn.StateCeased, reasonCeased, now)
		case !f.order.Open || f.order.Kind != store.OrderProvide ||
			state != hscn.StateAwaitingFulfilment && state != hscn.StateFailed:
			return what, stateForbids(f, "confirm")
		case f.edge != nil && f.connection.State != hscn.StateActive:
			return what, problem.New(problem.StateForbids, "Order %d about %s cannot be confirmed: %s is %s, and an edge attachment is "+
				"never active before its connection.", id, s.fullName, f.connection.FullName(), f.connection.State)
		default:
			var err error
			if what.also, err = d.activate(ctx, tx, now, f); err != nil {
				return what, err
			}
		}
		closeOrder(&f.order, now, w.Caller.Subject, note)
		return what, nil
	})
}

// activate makes the order's object active, and has what waits for it go on; it returns what the audit says of that. The
// order and its object are left to the caller to write.
func (d *Desk) activate(ctx context.Context, tx *store.Tx, now time.Time, f *dossier) ([]entry, error) {
	s := f.standing()
	enabled := now
	s.EnabledAt = &enabled
	s.enter(hscn.StateActive, "", now)
	if f.edge != nil {
		return nil, nil
	}
	if months := int(f.connection.CommitmentMonths); months > 0 {
		f.connection.CommitmentEndsOn = hscn.DateIn(now).AddMonths(months).String()
	}
	hanging, err := f.hanging(ctx, tx)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, woken := range hanging {
		if woken.edge.State != hscn.StatePendingConnection {
			continue
		}
		p, err := d.policyOfVersion(ctx, tx.Reader, woken.edge.PolicyVersion)
		if err != nil {
			return nil, err
		}
		if err := d.assureEdge(p, now, woken.edge, &woken.order); err != nil {
			return nil, err
		}
		if err := d.enqueueFor(ctx, tx, woken.standing(), nil, now); err != nil {
			return nil, err
		}
		if err := woken.save(ctx, tx); err != nil {
			return nil, err
		}
		entries = append(entries, woken.entry(decided{action: "edge_attachment.advance", before: hscn.StatePendingConnection}))
	}
	return entries, nil
}

// FailOrder records that fulfilment failed; ConfirmOrder confirms it later all the same. Refusals are problem.ObjectGone
// and StateForbids.
func (d *Desk) FailOrder(ctx context.Context, w request.Write, id int64, reason string) (api.Order, error) {
	return d.decide(ctx, w, id, func(ctx context.Context, tx *store.Tx, now time.Time, f *dossier) (decided, error) {
		s := f.standing()
		what := decided{action: "order.fail", before: s.State, details: map[string]any{"reason_sha256": sumOf(reason)}}
		p, err := d.policyInForce(ctx, tx.Reader, now)
		if err != nil {
			return what, err
		}
		switch {
		case !f.order.Open:
			return what, stateForbids(f, "fail")
		case f.order.Kind == store.OrderRemove && s.State == hscn.StateCeasing:
			// What was given up stays given up: only the reason says that its removal has to be tried again.
			s.enter(hscn.StateCeasing, reasonRemovalFailed(p, reason), now)
		case f.order.Kind == store.OrderProvide && s.State == hscn.StateAwaitingFulfilment:
			s.enter(hscn.StateFailed, reasonFailed(p, reason), now)
		default:
			return what, stateForbids(f, "fail")
		}
		f.order.Note = reason
		return what, nil
	})
}

// RefuseOrder turns down an order that is not fulfilled, for a reason that the customer reads. Refusing a connection
// refuses what hangs on it. Refusals are problem.ObjectGone and StateForbids.
func (d *Desk) RefuseOrder(ctx context.Context, w request.Write, id int64, reason string) (api.Order, error) {
	return d.decide(ctx, w, id, func(ctx context.Context, tx *store.Tx, now time.Time, f *dossier) (decided, error) {
		s := f.standing()
		what := decided{action: "order.refuse", before: s.State, details: map[string]any{"reason_sha256": sumOf(reason)}}
		if !f.order.Open || f.order.Kind != store.OrderProvide || !refusable(s) {
			return what, stateForbids(f, "refuse")
		}
		p, err := d.policyInForce(ctx, tx.Reader, now)
		if err != nil {
			return what, err
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
	s.enter(hscn.StateRefused, reason, now)
	closeOrder(&f.order, now, w.Caller.Subject, note)
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
