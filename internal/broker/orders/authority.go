package orders

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/page"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// stopped says that the HSCN Authority keeps a connection in that state from carrying anything (HSCN Mandatory
// Supplemental Terms, clause 1.2).
func stopped(state hscn.State) bool {
	return state == hscn.StateRestricted || state == hscn.StateTerminated
}

// ConnectionRecords returns a page of the connections of all accounts: those that live, and those that were refused
// lately.
func (d *Desk) ConnectionRecords(ctx context.Context, params api.ListConnectionRecordsParams) (api.ConnectionPage, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.ConnectionPage, error) {
		answer := api.ConnectionPage{Items: []api.Connection{}}
		size := page.Size(params.PageSize)
		after, err := pageAfter[store.NameKey](params.PageToken)
		if err != nil {
			return answer, err
		}
		now := d.now()
		rows, err := r.Connections(ctx, store.ConnectionFilter{
			Account: *orDefault(params.Account, ""), Name: *orDefault(params.Name, ""),
			RefusedSince: now.Add(-refusedFor), After: after, Limit: size + 1,
		})
		if err != nil {
			return answer, err
		}
		view, err := d.renderer(ctx, r, now)
		if err != nil {
			return answer, err
		}
		if rows, answer.NextPageToken, err = page.Cut(rows, size, func(c store.Connection) any {
			return store.NameKey{Account: c.Account, Name: c.Name, UID: c.UID}
		}); err != nil {
			return answer, err
		}
		for _, row := range rows {
			shown, err := view.connectionRemarked(ctx, row)
			if err != nil {
				return answer, err
			}
			answer.Items = append(answer.Items, shown)
		}
		return answer, nil
	})
}

// ConnectionRecord returns the connection of that uid in whatever state, with the edge attachments whose gateways carry it
// or are to: those that live, and those whose removal nobody has confirmed; or a problem.ObjectGone.
func (d *Desk) ConnectionRecord(ctx context.Context, uid string) (api.ConnectionRecord, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.ConnectionRecord, error) {
		shown := api.ConnectionRecord{EdgeAttachments: []api.EdgeAttachment{}}
		row, err := r.ConnectionByUID(ctx, uid)
		if err != nil {
			return shown, orGone(err, noConnection(uid))
		}
		view, err := d.renderer(ctx, r, d.now())
		if err != nil {
			return shown, err
		}
		if shown.Connection, err = view.connectionRemarked(ctx, row); err != nil {
			return shown, err
		}
		edges, err := r.EdgeAttachmentsStanding(ctx, uid)
		if err != nil {
			return shown, err
		}
		for _, edge := range edges {
			e, err := view.edgeRemarked(ctx, edge, row)
			if err != nil {
				return shown, err
			}
			shown.EdgeAttachments = append(shown.EdgeAttachments, e)
		}
		return shown, nil
	})
}

// noConnection says which connection is meant, as commands name it.
func noConnection(uid string) string { return "connection with the uid " + uid }

// RestrictConnection stops an active connection for a while, and with it what hangs on it. Refusals are
// problem.ObjectGone and StateForbids.
func (d *Desk) RestrictConnection(
	ctx context.Context, w request.Write, uid string, decision api.AuthorityDecision,
) (api.Connection, error) {
	return d.byAuthority(ctx, w, uid, "restrict", decision, d.restrict)
}

// TerminateConnection ends an active or restricted connection for good, and with it what hangs on it; what is left is for
// its owner to destroy. Refusals are problem.ObjectGone and StateForbids.
func (d *Desk) TerminateConnection(
	ctx context.Context, w request.Write, uid string, decision api.AuthorityDecision,
) (api.Connection, error) {
	return d.byAuthority(ctx, w, uid, "terminate", decision, d.terminate)
}

// LiftRestriction ends a restriction: connection and edge attachments are again what they were. Refusals are
// problem.ObjectGone and StateForbids.
func (d *Desk) LiftRestriction(
	ctx context.Context, w request.Write, uid string, decision api.AuthorityDecision,
) (api.Connection, error) {
	return d.byAuthority(ctx, w, uid, "lift", decision, d.lift)
}

// authorityAct does to a connection what the HSCN Authority decided, and returns what the audit says of what hangs on it.
// The connection is left to its caller to write.
type authorityAct func(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, f *dossier, decision api.AuthorityDecision,
) ([]entry, error)

// byAuthority runs a decision of the HSCN Authority's in one transaction for its idempotency key.
func (d *Desk) byAuthority(
	ctx context.Context, w request.Write, uid, verb string, decision api.AuthorityDecision, act authorityAct,
) (api.Connection, error) {
	now := d.now()
	// A connection's account never changes, and has to be locked before anything else is read.
	found, err := read(ctx, d, func(ctx context.Context, r *store.Reader) (store.Connection, error) {
		return r.ConnectionByUID(ctx, uid)
	})
	if err != nil {
		return api.Connection{}, orGone(err, noConnection(uid))
	}
	return once(ctx, d, w, now, d.connectionNow,
		func(ctx context.Context, tx *store.Tx) (store.Outcome[api.Connection], error) {
			none := store.Outcome[api.Connection]{}
			if _, err := lockAccount(ctx, tx, found.Account); err != nil {
				return none, err
			}
			row, err := tx.ConnectionByUID(ctx, uid)
			if err != nil {
				return none, err
			}
			f := &dossier{connection: row}
			if f.order, err = tx.OpenOrderOf(ctx, uid); err != nil && !errors.Is(err, store.ErrNotFound) {
				return none, err
			}
			what := decided{action: "connection." + verb, before: row.State, details: map[string]any{
				"authority_reference": decision.AuthorityReference, "reason_sha256": sumOf(decision.Reason),
			}}
			if what.also, err = act(ctx, tx, w, now, f, decision); err != nil {
				return none, err
			}
			if err := d.conclude(ctx, tx, w, now, f, what); err != nil {
				return none, err
			}
			shown, err := d.connectionShown(ctx, tx.Reader, f.connection, nil)
			return store.Outcome[api.Connection]{Answer: shown}, err
		})
}

// cannot says why a connection's state does not allow what the HSCN Authority decided, and what does fit.
func cannot(be string, row store.Connection) error {
	fits := "There is nothing left to stop."
	switch {
	case row.State == hscn.StateActive:
		fits = "What fits is " + commandConnection("restrict", row) + " or " + commandConnection("terminate", row) + "."
	case row.State == hscn.StateRestricted:
		fits = "What fits is " + commandConnection("lift", row) + " or " + commandConnection("terminate", row) + "."
	case row.State == hscn.StateTerminated:
		fits = "What is terminated stays so until its owner destroys it."
	case row.State.Holds():
		fits = "It does not carry anything yet: its order can be refused (hscn-broker orders list, orders refuse)."
	}
	return problem.New(problem.StateForbids, "%s of account %s cannot be %s: it is %s. %s", row.FullName(), row.Account, be, row.State, fits)
}

// leave notes what an object was, unless it was stopped before: then that stays what comes back.
func (s standing) leave() {
	if s.Former == nil {
		s.Former = &store.Former{State: s.State, Reason: s.StateReason}
	}
}

// comeBack puts an object back to what it was.
func (s standing) comeBack(now time.Time) {
	s.enter(s.Former.State, s.Former.Reason, now)
	s.Former = nil
}

// restrict has what is active be restricted, and what is on its way to be active wait for the connection.
func (d *Desk) restrict(
	ctx context.Context, tx *store.Tx, _ request.Write, now time.Time, f *dossier, decision api.AuthorityDecision,
) ([]entry, error) {
	s := connectionStanding(&f.connection)
	if s.State != hscn.StateActive {
		return nil, cannot("restricted", f.connection)
	}
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return nil, err
	}
	s.leave()
	s.enter(hscn.StateRestricted, reasonRestricted(p, decision), now)
	f.holdChange()
	return f.changeHanging(ctx, tx, "edge_attachment.restrict", func(edge *dossier) (bool, error) {
		e := edge.standing()
		switch e.State {
		case hscn.StateActive:
			e.leave()
			e.enter(hscn.StateRestricted, reasonStoppedWith(s.fullName, s.StateReason), now)
			edge.holdChange()
		case hscn.StateProvisioning, hscn.StateAwaitingFulfilment, hscn.StateFailed:
			e.leave()
			e.enter(hscn.StatePendingConnection, reasonPendingLift(s.fullName), now)
			edge.order.DueAt = nil
		default:
			return false, nil
		}
		return true, nil
	})
}

// terminate has the connection and what hangs on it be terminated, whatever it was.
func (d *Desk) terminate(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, f *dossier, decision api.AuthorityDecision,
) ([]entry, error) {
	s := connectionStanding(&f.connection)
	if s.State != hscn.StateActive && s.State != hscn.StateRestricted {
		return nil, cannot("terminated", f.connection)
	}
	s.leave()
	s.enter(hscn.StateTerminated, reasonTerminated(decision), now)
	const note = "Its connection was terminated."
	f.endOrder(w, now, note)
	return f.changeHanging(ctx, tx, "edge_attachment.terminate", func(edge *dossier) (bool, error) {
		e := edge.standing()
		e.leave()
		e.enter(hscn.StateTerminated, reasonStoppedWith(s.fullName, s.StateReason), now)
		edge.endOrder(w, now, note)
		return true, nil
	})
}

// lift puts back what the restriction changed. What has begun to wait for the connection since goes on as it does when a
// connection becomes active.
func (d *Desk) lift(
	ctx context.Context, tx *store.Tx, _ request.Write, now time.Time, f *dossier, _ api.AuthorityDecision,
) ([]entry, error) {
	s := connectionStanding(&f.connection)
	if s.State != hscn.StateRestricted {
		return nil, cannot("lifted from its restriction", f.connection)
	}
	s.comeBack(now)
	if err := d.resumeChange(ctx, tx, now, f); err != nil {
		return nil, err
	}
	return f.changeHanging(ctx, tx, "edge_attachment.lift", func(edge *dossier) (bool, error) {
		e := edge.standing()
		switch {
		case e.Former != nil:
			e.comeBack(now)
			if edge.order.Open {
				edge.order.DueAt = e.EnablementDueAt
			}
			if err := d.resumeChange(ctx, tx, now, edge); err != nil {
				return false, err
			}
		case e.State == hscn.StatePendingConnection:
			p, err := d.policyOfVersion(ctx, tx.Reader, edge.edge.PolicyVersion)
			if err != nil {
				return false, err
			}
			if err := d.assureEdge(p, now, edge.edge, &edge.order); err != nil {
				return false, err
			}
		case isWaiting(e.State):
			return false, d.enqueue(ctx, tx, jobJudge, e, now)
		default:
			return false, nil
		}
		return true, d.enqueueFor(ctx, tx, e, nil, now)
	})
}

// changeHanging does the same to every live edge attachment of the connection, writes those that change says it changed,
// and returns what the audit says of them.
func (f *dossier) changeHanging(
	ctx context.Context, tx *store.Tx, action string, change func(edge *dossier) (bool, error),
) ([]entry, error) {
	hanging, err := f.hanging(ctx, tx)
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, edge := range hanging {
		before := edge.edge.State
		changed, err := change(edge)
		if err != nil {
			return nil, err
		}
		if !changed {
			continue
		}
		if err := edge.save(ctx, tx); err != nil {
			return nil, err
		}
		entries = append(entries, edge.entry(decided{action: action, before: before}))
	}
	return entries, nil
}

// RecordAuthorityAnswer records what the HSCN Authority answered about an order that waits for it: granted, the order goes
// on by what is known now; not granted, it is refused, and the customer reads the reason. Refusals are problem.ObjectGone,
// RequestInvalid and StateForbids.
func (d *Desk) RecordAuthorityAnswer(ctx context.Context, w request.Write, id int64, answer api.AuthorityAnswer) (api.Order, error) {
	reason := strings.TrimSpace(*orDefault(answer.Reason, ""))
	if !answer.Granted && reason == "" {
		return api.Order{}, invalid(api.InvalidMember{
			Pointer: pointerTo("reason"), Detail: "is missing: the customer reads why the HSCN Authority did not grant it",
		})
	}
	return d.decide(ctx, w, id, false, func(ctx context.Context, tx *store.Tx, now time.Time, f *dossier) (decided, error) {
		s := f.standing()
		what := decided{action: "order.authority_answer", before: s.State, details: map[string]any{
			"granted": answer.Granted, "authority_reference": answer.AuthorityReference, "reason_sha256": sumOf(reason),
		}}
		if !f.waitsAs(hscn.StateAwaitingAuthority) {
			return what, stateForbids(f, "answer")
		}
		if !answer.Granted {
			p, err := d.policyInForce(ctx, tx.Reader, now)
			if err != nil {
				return what, err
			}
			why := reasonNotGranted(answer.AuthorityReference, reason)
			if f.order.Kind == store.OrderChange {
				f.refuseChange(w, now, why, reason)
				return what, nil
			}
			what.also, err = d.refuse(ctx, tx, w, p, now, f, why, reason)
			return what, err
		}
		f.progress().pass(hscn.StateAwaitingAuthority)
		// A change that takes effect with the answer is closed with this note; a refusal by what is known now takes it away.
		f.order.Note = strings.TrimSpace("Granted by the HSCN Authority, reference " + answer.AuthorityReference + ". " + reason)
		return what, d.rejudged(ctx, tx, w, now, f, &what)
	})
}
