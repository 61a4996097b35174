package orders

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/gateway"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// recordOutcome makes what came of the errand the object's, and ends the job. Where the object has moved on meanwhile,
// what was made, or taken away, is no longer what it needs: the next job sees to that.
func (d *Desk) recordOutcome(ctx context.Context, job *store.ReceivedJob, e *errand, outcome gateway.Outcome) error {
	return d.aboutErrand(ctx, e, outcome.GatewayID != "", func(ctx context.Context, tx *store.Tx, f *dossier) error {
		now, s := d.now(), f.standing()
		kept := s.Fulfilment
		if kept == nil || kept.Work != e.work || kept.Answer == store.FulfilmentConfirmed || kept.Answer == store.FulfilmentFailed {
			return tx.FinishJob(ctx, job) // another job about the same work was faster
		}
		task, err := d.taskOf(ctx, tx.Reader, f, now)
		if err != nil {
			return err
		}
		wanted := s.State == hscn.StateProvisioning && sumOf(task) == kept.TaskSHA256
		if e.revoking {
			wanted = d.revocable(s)
		}
		answered := *kept
		answered.Until, answered.Answer = time.Time{}, answerOf[outcome.Status]
		s.Fulfilment = &answered
		switch {
		case !wanted:
			err = errors.Join(f.save(ctx, tx), d.enqueue(ctx, tx, jobFulfil, s, now))
		case outcome.Status == gateway.StatusWorking:
			answered.Until = now.Add(outcome.AskAgain)
			err = errors.Join(f.save(ctx, tx), d.enqueue(ctx, tx, jobFulfil, s, answered.Until))
		case e.revoking:
			err = d.recordRevoked(ctx, tx, now, f, e, outcome)
		default:
			err = d.recordProvided(ctx, tx, now, f, e, outcome)
		}
		if err != nil {
			return err
		}
		return tx.FinishJob(ctx, job)
	})
}

// answerOf is what is kept of an outcome.
var answerOf = map[gateway.Status]store.FulfilmentAnswer{
	gateway.StatusConfirmed: store.FulfilmentConfirmed,
	gateway.StatusWorking:   store.FulfilmentWorking,
	gateway.StatusFailed:    store.FulfilmentFailed,
}

// byDriver is the subject of what a driver confirms, or says that it failed.
func (d *Desk) byDriver() request.Write {
	return request.Write{Caller: request.Caller{Subject: "driver " + d.driver.Name(), Kind: request.Machine}}
}

// recordProvided makes the object active that the driver has confirmed, or failed.
func (d *Desk) recordProvided(
	ctx context.Context, tx *store.Tx, now time.Time, f *dossier, e *errand, outcome gateway.Outcome,
) error {
	w, s := d.byDriver(), f.standing()
	what := decided{action: "order.done", before: s.State, details: map[string]any{"work": e.task.Key}}
	if outcome.Status == gateway.StatusConfirmed && outcome.GatewayID != "" {
		err := tx.Try(ctx, func(ctx context.Context) error { return d.attachBuilt(ctx, tx, now, f, outcome.GatewayID) })
		var forbidden *problem.Problem
		switch {
		case errors.As(err, &forbidden):
			d.logger.ErrorContext(ctx, "a driver built a gateway that cannot be attached", slog.String("object_uid", s.UID), slog.Any("error", err))
			outcome = gateway.Failed(fmt.Sprintf("The gateway %q that was built cannot be attached.", outcome.GatewayID))
		case err != nil:
			return err
		default:
			what.details["gateway_id"] = outcome.GatewayID
		}
	}
	if outcome.Status == gateway.StatusFailed {
		p, err := d.policyInForce(ctx, tx.Reader, now)
		if err != nil {
			return err
		}
		s.Fulfilment.Answer = store.FulfilmentFailed
		what.action, what.details["reason_sha256"] = "order.fail", sumOf(outcome.Reason)
		s.enter(hscn.StateFailed, reasonFailed(p, outcome.Reason), now)
		f.order.Note = outcome.Reason
		return d.conclude(ctx, tx, w, now, f, what)
	}
	var err error
	if what.also, err = d.activate(ctx, tx, now, f); err != nil {
		return err
	}
	closeOrder(&f.order, now, w.Caller.Subject, "")
	return d.conclude(ctx, tx, w, now, f, what)
}

// recordRevoked ends what the driver has taken away. What a person confirmed beside the driver a person takes away too.
func (d *Desk) recordRevoked(
	ctx context.Context, tx *store.Tx, now time.Time, f *dossier, e *errand, outcome gateway.Outcome,
) error {
	w, s := d.byDriver(), f.standing()
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return err
	}
	what := decided{action: string(s.kind) + ".revoke", before: s.State, details: map[string]any{"work": e.task.Key}}
	removal := s.State == hscn.StateCeasing && f.order.Open && f.order.Kind == store.OrderRemove
	switch {
	case outcome.Status == gateway.StatusFailed && removal:
		what.action, what.details["reason_sha256"] = "order.fail", sumOf(outcome.Reason)
		s.enter(hscn.StateCeasing, reasonRemovalFailed(p, outcome.Reason), now)
		f.order.Note = outcome.Reason
	case outcome.Status == gateway.StatusFailed:
		// No order is open in which a person could see it.
		what.action, what.details["reason_sha256"] = string(s.kind)+".revoke_failed", sumOf(outcome.Reason)
		d.logger.ErrorContext(ctx, "what a driver made cannot be taken away; it is tried again",
			slog.String("object", s.fullName), slog.String("object_uid", s.UID), slog.String("reason", outcome.Reason))
		if err := d.enqueue(ctx, tx, jobFulfil, s, now.Add(lastRetry)); err != nil {
			return err
		}
	case removal && s.Fulfilment.ByHand:
		s.enter(hscn.StateCeasing, reasonCeasing(p), now)
	case removal:
		what.action = "order.done"
		s.enter(hscn.StateCeased, reasonCeased, now)
		closeOrder(&f.order, now, w.Caller.Subject, "")
	}
	return d.conclude(ctx, tx, w, now, f, what)
}

// RetryOrder has the driver try again what it has failed: to fulfil an order, or to remove what was given up. It is new work
// for the driver. Refusals are problem.ObjectGone and StateForbids.
func (d *Desk) RetryOrder(ctx context.Context, w request.Write, id int64, note string) (api.Order, error) {
	return d.decide(ctx, w, id, false, func(ctx context.Context, tx *store.Tx, now time.Time, f *dossier) (decided, error) {
		s := f.standing()
		what := decided{action: "order.retry", before: s.State, details: map[string]any{"note_sha256": sumOf(note)}}
		task, err := d.taskOf(ctx, tx.Reader, f, now)
		if err != nil {
			return what, err
		}
		provides := f.order.Open && f.order.Kind == store.OrderProvide && s.State == hscn.StateFailed
		removes := f.order.Open && f.order.Kind == store.OrderRemove && s.Fulfilment.Left() && s.Fulfilment.Answer == store.FulfilmentFailed
		switch {
		case !provides && !removes:
			return what, stateForbids(f, "retry")
		case provides && !d.drives(task), removes && !d.revocable(s):
			return what, problem.New(problem.StateForbids, "Order %d about %s cannot be tried again: it is fulfilled by hand. %s",
				id, s.fullName, fitting(f.order, s.State))
		case provides:
			s.enter(hscn.StateProvisioning, reasonProvisioning(nil, now), now)
			err = d.enqueueFor(ctx, tx, s, nil, now)
		default:
			s.enter(hscn.StateCeasing, reasonRevoking, now)
			err = d.enqueueRevoke(ctx, tx, s, now)
		}
		f.order.Note = note
		return what, err
	})
}
