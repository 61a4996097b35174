package orders

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// decide runs a decision of the operator's about an order, in one transaction for its idempotency key. One that records a
// fact keeps the facts of all accounts still.
func (d *Desk) decide(
	ctx context.Context, w request.Write, id int64, recordsFact bool,
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
			if recordsFact {
				if err := tx.LockFacts(ctx); err != nil {
					return none, err
				}
			}
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
			if f.copied != nil {
				return none, decidedElsewhere(order, f.copied)
			}
			var before hscn.State
			if f.order.Change != nil {
				before = f.order.Change.State
			}
			what, err := decision(ctx, tx, now, f)
			if err != nil {
				return none, err
			}
			what.changeBefore = before
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
	if f.order.Kind == store.OrderChange && !f.changes() {
		return problem.New(problem.StateForbids, "Order %d about %s cannot be %s: %s is %s, and nothing of a change goes on until that is "+
			"lifted. Until then it can be refused: %s.", f.order.ID, f.order.Object, past[what], f.order.Object, f.standing().State, commandRefuse(f.order.ID))
	}
	state := f.progress().State
	return problem.New(problem.StateForbids, "Order %d about %s cannot be %s: it is %s. %s",
		f.order.ID, f.order.Object, past[what], state, fitting(f.order, state))
}

// waitsAs says that the order waits in that state for what is decided now: what was ordered, and is on its way, or a change
// of what is active.
func (f *dossier) waitsAs(state hscn.State) bool {
	return f.progress().State == state && (f.changes() || f.order.Open && f.order.Kind == store.OrderProvide)
}

// past are the decisions as one speaks of an order.
var past = map[string]string{
	"approve": "approved", "refuse": "refused", "confirm": "confirmed", "fail": "failed", "answer": "answered",
	"retry": "tried again",
}

// fitting says which command fits an order in that state.
func fitting(order store.Order, state hscn.State) string {
	switch state {
	case hscn.StatePendingVerification, hscn.StatePendingEvidence:
		return "It goes on by itself when what it waits for is recorded, which its steps say how to do (" + commandShow(order.ID) +
			"); until then it can be refused: " + commandRefuse(order.ID) + "."
	case hscn.StatePendingApproval:
		return "What fits is " + commandApprove(order.ID) + " or " + commandRefuse(order.ID) + "."
	case hscn.StateAwaitingAuthority:
		return "What fits is the Authority's answer, " + commandGranted(order.ID) + " or " + commandNotGranted(order.ID) + "."
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

// ApproveOrder approves an order that waits for a person's approval. Refusals are problem.Forbidden for a machine,
// ObjectGone, StateForbids, and PreconditionsFailed where what the order rests on has turned bad since.
func (d *Desk) ApproveOrder(ctx context.Context, w request.Write, id int64, note string) (api.Order, error) {
	if w.Caller.Kind != request.Person {
		return api.Order{}, problem.New(problem.Forbidden, "An approval is a person's, and this credential stands for a machine.")
	}
	return d.decide(ctx, w, id, false, func(ctx context.Context, tx *store.Tx, now time.Time, f *dossier) (decided, error) {
		s := f.standing()
		what := decided{action: "order.approve", before: s.State, details: map[string]any{}}
		if !f.waitsAs(hscn.StatePendingApproval) {
			return what, stateForbids(f, "approve")
		}
		judgedBy, err := d.policyOfVersion(ctx, tx.Reader, f.order.PolicyVersion)
		if err != nil {
			return what, err
		}
		heard, err := d.hear(ctx, tx, w, judgedBy, now, f)
		if err != nil {
			return what, err
		}
		if refusing := heard.judged.refusing(); len(refusing) > 0 {
			p := problem.New(problem.PreconditionsFailed, "Order %d about %s cannot be approved: %s.", id, s.fullName, unmet(refusing))
			p.Findings = heard.judged.shown()
			return what, p
		}
		if heard.blocked != nil {
			return what, heard.blocked
		}
		if f.progress().next(heard.judged.awaiting(), true) != hscn.StatePendingApproval {
			p := problem.New(problem.StateForbids, "Order %d about %s cannot be approved: what it rests on has to be looked up again first. "+
				"Record it, for example with %s; the order is judged again then.", id, s.fullName, commandLoad)
			p.Findings = heard.judged.shown()
			return what, p
		}
		if err := d.secondPerson(ctx, tx, w, now, f, heard.rests); err != nil {
			return what, err
		}
		f.progress().pass(hscn.StatePendingApproval)
		f.order.Note = note
		maps.Copy(what.details, heard.details)
		what.details["note_sha256"] = sumOf(note)
		return what, heard.proceed()
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
	return problem.New(problem.StateForbids, "Order %d about %s has to be approved by another person: %s looked up the agreement "+
		"that it rests on, or validated the copy of it.", f.order.ID, f.order.Object, w.Caller.Subject)
}

// ConfirmOrder confirms that the network does what was ordered, or that what was given up is removed. Nothing else makes
// an object active. gatewayID is the gateway that the CSP built, where the order named a VDC, and empty otherwise: the
// inventory has it from then on. Refusals are problem.ObjectGone, RequestInvalid and StateForbids.
func (d *Desk) ConfirmOrder(ctx context.Context, w request.Write, id int64, note, gatewayID string) (api.Order, error) {
	return d.decide(ctx, w, id, gatewayID != "", func(ctx context.Context, tx *store.Tx, now time.Time, f *dossier) (decided, error) {
		s := f.standing()
		what := decided{action: "order.done", before: s.State, details: map[string]any{"note_sha256": sumOf(note)}}
		state := s.State
		provides := f.order.Open && f.order.Kind == store.OrderProvide &&
			(state == hscn.StateAwaitingFulfilment || state == hscn.StateFailed)
		removes := f.order.Open && f.order.Kind == store.OrderRemove && state == hscn.StateCeasing
		changes := f.changes() && (f.waitsAs(hscn.StateAwaitingFulfilment) || f.waitsAs(hscn.StateFailed))
		if provides || removes || changes {
			if err := gatewayFits(f, provides, gatewayID); err != nil {
				return what, err
			}
		}
		switch {
		case removes:
			s.enter(hscn.StateCeased, reasonCeased, now)
		case changes:
			s.confirmedByHand(false)
			return what, d.confirmChange(ctx, tx, w, now, f, note)
		case !provides:
			return what, stateForbids(f, "confirm")
		case f.edge != nil && f.connection.State != hscn.StateActive:
			return what, problem.New(problem.StateForbids, "Order %d about %s cannot be confirmed: %s is %s, and an edge attachment is "+
				"never active before its connection.", id, s.fullName, f.connection.FullName(), f.connection.State)
		default:
			if gatewayID != "" {
				if err := d.attachBuilt(ctx, tx, now, f, gatewayID); err != nil {
					return what, err
				}
				what.details["gateway_id"] = gatewayID
			}
			var err error
			if what.also, err = d.activate(ctx, tx, now, f); err != nil {
				return what, err
			}
		}
		s.confirmedByHand(removes)
		closeOrder(&f.order, now, w.Caller.Subject, note)
		return what, nil
	})
}

// gatewayFits refuses a confirmation that lacks the gateway that the CSP built, or names one where it built none.
func gatewayFits(f *dossier, provides bool, gatewayID string) error {
	builds := provides && f.edge != nil && f.edge.Spec.VdcID != nil
	switch {
	case builds && gatewayID == "":
		return invalid(api.InvalidMember{
			Pointer: pointerTo("gateway_id"), Detail: "is missing: say which gateway was built in the VDC " + *f.edge.Spec.VdcID,
		})
	case !builds && gatewayID != "":
		return invalid(api.InvalidMember{
			Pointer: pointerTo("gateway_id"), Detail: "is given, and this order does not ask for a gateway to be built: leave it out",
		})
	default:
		return nil
	}
}

// attachBuilt makes a gateway that the CSP built the edge attachment's, and records it in the inventory where that does
// not have it yet: what waits for it is judged again.
func (d *Desk) attachBuilt(ctx context.Context, tx *store.Tx, now time.Time, f *dossier, gatewayID string) error {
	service := store.ServiceKey{Type: f.connection.ServiceType, ID: f.connection.ServiceID}
	forbids := func(format string, args ...any) error {
		return problem.New(problem.StateForbids, "Order %d about %s cannot be confirmed with the gateway %q: %s.",
			f.order.ID, f.edge.FullName(), gatewayID, fmt.Sprintf(format, args...))
	}
	known, err := tx.GatewayByID(ctx, gatewayID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		_, err := tx.UpsertGateway(ctx, store.Gateway{ID: gatewayID, ServiceType: service.Type, ServiceID: service.ID}, now)
		if err != nil {
			return err
		}
		if err := d.judgeAllWaiting(ctx, tx, now); err != nil {
			return err
		}
	case err != nil:
		return err
	case known.Service() != service:
		return forbids("the inventory has it under the service %s (%s)", known.ServiceID, known.ServiceType)
	case known.Retired:
		return forbids("the inventory has it as retired")
	}
	switch holder, err := tx.EdgeAttachmentOfGateway(ctx, gatewayID); {
	case err == nil:
		return forbids("%s is attached to it", holder.FullName())
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	f.edge.GatewayID = gatewayID
	return nil
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
	return d.decide(ctx, w, id, false, func(ctx context.Context, tx *store.Tx, now time.Time, f *dossier) (decided, error) {
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
		case f.changes() && f.waitsAs(hscn.StateAwaitingFulfilment):
			f.moveChange(hscn.StateFailed, reasonFailed(p, reason), now)
		case f.waitsAs(hscn.StateAwaitingFulfilment):
			s.enter(hscn.StateFailed, reasonFailed(p, reason), now)
		default:
			return what, stateForbids(f, "fail")
		}
		f.order.Note = reason
		return what, nil
	})
}
