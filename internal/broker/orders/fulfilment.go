package orders

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/gateway"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

const (
	// callTimeout ends a driver's call that hangs. With jobTimeout it is within the lease in which no other runner takes
	// the job.
	callTimeout = 20 * time.Second
	// callsAtOnce is how many calls of the driver are under way at the most.
	callsAtOnce = 8
)

// errand is one piece of work that the driver is asked for.
type errand struct {
	task     gateway.Task
	account  string
	work     int
	revoking bool
}

// drives says whether the driver, and not a person, provides what the task says.
func (d *Desk) drives(task gateway.Task) bool { return d.driver != nil && d.driver.Fulfils(task) }

// revocable says whether the driver has to take away what it made for the object.
func (d *Desk) revocable(s standing) bool {
	return s.leftOver() && d.driver != nil && s.Fulfilment.Driver == d.driver.Name()
}

// leftOver says whether a driver, be it another broker's or one that is away, has to take away what it made for the object:
// the object is given up or turned down, or it was stopped on its way before it was ever active, so that it begins anew
// when it goes on.
func (s standing) leftOver() bool {
	if !s.Fulfilment.Left() {
		return false
	}
	switch s.State {
	case hscn.StateProvisioning, hscn.StateAwaitingFulfilment, hscn.StateFailed, hscn.StateActive:
		return false
	default:
		return !s.State.Holds() || s.EnabledAt == nil
	}
}

// confirmedByHand notes beside a driver's work that a person has confirmed it, or that it is removed. What the driver is
// still at may be made after the person has looked, so that it has to be revoked all the same.
func (s standing) confirmedByHand(removed bool) {
	if s.Fulfilment == nil {
		return
	}
	noted := *s.Fulfilment
	noted.ByHand = true
	if ended := noted.Answer == store.FulfilmentConfirmed || noted.Answer == store.FulfilmentFailed; removed && ended {
		noted.Revoking, noted.Answer = true, store.FulfilmentConfirmed
	}
	s.Fulfilment = &noted
}

// enqueueRevoke leaves the job that takes away what the driver made for an object that has just left its states for good.
func (d *Desk) enqueueRevoke(ctx context.Context, tx *store.Tx, s standing, now time.Time) error {
	if !s.leftOver() {
		return nil
	}
	return d.enqueue(ctx, tx, jobFulfil, s, now)
}

// taskOf is what a driver is told of a dossier's object, without the work's key.
func (d *Desk) taskOf(ctx context.Context, r *store.Reader, f *dossier, now time.Time) (gateway.Task, error) {
	view, err := d.renderer(ctx, r, now)
	if err != nil {
		return gateway.Task{}, err
	}
	zone, err := view.zone(ctx, f.connection.Zone, f.connection.PolicyVersion)
	if err != nil {
		return gateway.Task{}, err
	}
	s := f.standing()
	task := gateway.Task{
		Kind: gateway.KindConnection, Name: s.fullName, UID: s.UID, Account: s.Account, ConnectionUID: f.connection.UID,
		Zone: f.connection.Zone, ExternalNetworkID: *orDefault(zone.ExternalNetworkID, ""),
		Service: gateway.Service{Type: f.connection.ServiceType, ID: f.connection.ServiceID}, Access: string(f.connection.Access),
	}
	if f.edge != nil {
		task.Kind = gateway.KindEdgeAttachment
		task.GatewayID = cmp.Or(f.edge.GatewayID, *orDefault(f.edge.Spec.GatewayID, ""))
		task.VDCID, task.IncludedAddress = *orDefault(f.edge.Spec.VdcID, ""), f.edge.IncludedAddress
		task.RulesByCustomer = *orDefault(f.edge.Spec.Fulfilment, api.FulfilmentCsp) == api.FulfilmentCustomer
	}
	return task, nil
}

// dossierAbout opens the object of that uid, with its open order where it has one.
func dossierAbout(ctx context.Context, tx *store.Tx, uid string) (*dossier, error) {
	order, err := tx.OpenOrderOf(ctx, uid)
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		if err != nil {
			return nil, err
		}
		return openDossier(ctx, tx.Reader, order)
	}
	kind := store.ObjectConnection
	if _, err := tx.ConnectionByUID(ctx, uid); errors.Is(err, store.ErrNotFound) {
		kind = store.ObjectEdgeAttachment
	} else if err != nil {
		return nil, err
	}
	return openDossier(ctx, tx.Reader, store.Order{ObjectKind: kind, ObjectUID: uid})
}

// fulfil has the driver do what the object needs now, and records what came of it. The driver is called between two
// transactions: the first keeps what it is asked for, so that whoever goes on after a crash asks for the same work under
// the same key. calls ends when the broker stops; ctx does not.
func (d *Desk) fulfil(ctx, calls context.Context, job *store.ReceivedJob) error {
	e, err := d.beginErrand(ctx, job)
	if err != nil || e == nil {
		return err
	}
	outcome, err := d.call(calls, e)
	if err == nil {
		if err = outcome.Check(e.task, !e.revoking); err != nil {
			// Asking again would not mend it, and somebody has to see it.
			d.logger.ErrorContext(ctx, "a driver's answer is none", slog.String("driver", d.driver.Name()),
				slog.String("object_uid", e.task.UID), slog.Any("error", err))
			outcome = gateway.Failed("What drives the gateways gave an answer that makes no sense; its operator has the details.")
		}
		return d.recordOutcome(ctx, job, e, outcome)
	}
	if calls.Err() == nil {
		return errors.Join(err, d.endCall(ctx, e, nil))
	}
	d.logger.InfoContext(ctx, "a driver's call was cut off; it is asked again", slog.String("object_uid", e.task.UID), slog.Any("error", err))
	return d.endCall(ctx, e, func(ctx context.Context, tx *store.Tx) error { return tx.RetryJob(ctx, job, d.now()) })
}

// call asks the driver.
func (d *Desk) call(ctx context.Context, e *errand) (outcome gateway.Outcome, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("driver %s panicked: %v\n%s", d.driver.Name(), cause, debug.Stack())
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	ask := d.driver.Provide
	if e.revoking {
		ask = d.driver.Revoke
	}
	if outcome, err = ask(ctx, e.task); err != nil {
		return outcome, fmt.Errorf("driver %s: %w", d.driver.Name(), err)
	}
	return outcome, nil
}

// beginErrand finds out what the object needs from the driver now, and keeps that it is asked for. Where it needs nothing,
// the job is ended and there is no errand.
func (d *Desk) beginErrand(ctx context.Context, job *store.ReceivedJob) (*errand, error) {
	account, err := read(ctx, d, func(ctx context.Context, r *store.Reader) (string, error) { return accountOf(ctx, r, job.ObjectUID) })
	if err != nil {
		return nil, err
	}
	var e *errand
	err = d.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		e = nil // the transaction may be repeated
		if _, err := lockAccount(ctx, tx, account); err != nil {
			return err
		}
		f, err := dossierAbout(ctx, tx, job.ObjectUID)
		if err != nil {
			return err
		}
		now, s := d.now(), f.standing()
		task, err := d.taskOf(ctx, tx.Reader, f, now)
		if err != nil {
			return err
		}
		revoking := d.revocable(s)
		switch {
		case revoking:
		case s.leftOver():
			// Only the driver that made it can take it away: the job waits until a broker has that one again, or until a person
			// has confirmed that it is removed.
			return errors.Join(d.enqueue(ctx, tx, jobFulfil, s, now.Add(lastRetry)), tx.FinishJob(ctx, job))
		case s.State != hscn.StateProvisioning:
			return tx.FinishJob(ctx, job)
		case !d.drives(task) || putOff(f, now):
			// It was put off since, or this broker has another driver than the one before.
			return errors.Join(d.enqueue(ctx, tx, jobAdvance, s, now), tx.FinishJob(ctx, job))
		}
		kept, sum := s.Fulfilment, sumOf(task)
		begun := store.Fulfilment{Driver: d.driver.Name(), Work: 1, Revoking: revoking, TaskSHA256: sum, Until: now.Add(callTimeout)}
		if kept != nil {
			begun.Work, begun.ByHand = kept.Work, kept.ByHand
			open := kept.Answer == store.FulfilmentOpen
			same := kept.Driver == begun.Driver && kept.Revoking == revoking && kept.TaskSHA256 == sum &&
				(open || kept.Answer == store.FulfilmentWorking)
			if (open || same) && kept.Until.After(now) {
				// One call at a time: whoever made this one sees to what the object needs next, unless they have died.
				return errors.Join(d.enqueue(ctx, tx, jobFulfil, s, kept.Until), tx.FinishJob(ctx, job))
			}
			if !same {
				begun.Work++
			}
		}
		task.Key = d.workKey(s.UID, begun.Work)
		s.Fulfilment = &begun
		e = &errand{task: task, account: account, work: begun.Work, revoking: revoking}
		return f.save(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// workKey is the key of a piece of work on an object. A database that was put back from a copy counts the work as it was
// counted before, and the broker has another id since: so none of it has the key of other work that was asked for meanwhile.
func (d *Desk) workKey(uid string, work int) string {
	sum := sha256.Sum256([]byte(d.db.BrokerID()))
	return fmt.Sprintf("%s-%d-%s", uid, work, hex.EncodeToString(sum[:4]))
}

// putOff says whether the time at which the object's owner wants it has not come.
func putOff(f *dossier, now time.Time) bool {
	at := f.connection.Spec.ActivateAt
	return f.edge == nil && at != nil && at.After(now)
}

// endCall keeps that the errand's call is no longer under way, of which nothing else is known, and does what comes with it.
func (d *Desk) endCall(ctx context.Context, e *errand, also func(ctx context.Context, tx *store.Tx) error) error {
	return d.aboutErrand(ctx, e, false, func(ctx context.Context, tx *store.Tx, f *dossier) error {
		if kept := f.standing().Fulfilment; kept != nil && kept.Work == e.work {
			ended := *kept
			ended.Until = time.Time{}
			f.standing().Fulfilment = &ended
			if err := f.save(ctx, tx); err != nil {
				return err
			}
		}
		if also == nil {
			return nil
		}
		return also(ctx, tx)
	})
}

// aboutErrand runs f over the errand's object in one transaction.
func (d *Desk) aboutErrand(
	ctx context.Context, e *errand, recordsFact bool, do func(ctx context.Context, tx *store.Tx, f *dossier) error,
) error {
	return d.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		if recordsFact {
			if err := tx.LockFacts(ctx); err != nil {
				return err
			}
		}
		if _, err := lockAccount(ctx, tx, e.account); err != nil {
			return err
		}
		f, err := dossierAbout(ctx, tx, e.task.UID)
		if err != nil {
			return err
		}
		return do(ctx, tx, f)
	})
}
