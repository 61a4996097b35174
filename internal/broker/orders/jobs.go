package orders

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// The kinds of jobs.
const (
	// jobAdvance takes an object from provisioning to fulfilment, by the driver or by hand, when its time has come.
	jobAdvance = "advance"
	// jobFulfil has the driver do what an object needs, or take away what it no longer does.
	jobFulfil = "fulfil"
	// jobJudge judges an order again that waits for a fact.
	jobJudge = "judge"
)

const (
	// jobTimeout ends a job that hangs, a driver's call aside, well within the lease in which no other runner takes it.
	jobTimeout = 30 * time.Second
	// A job that fails is tried again after a second, then after ever longer, so that it holds nobody up for long.
	firstRetry, lastRetry = time.Second, time.Hour
	// purgeEvery is how often idempotency keys and documents are forgotten that are past their time.
	purgeEvery = time.Hour
)

// enqueue leaves a job about the object, to be done not before at, and wakes whoever does it when it is committed.
func (d *Desk) enqueue(ctx context.Context, tx *store.Tx, kind string, s standing, at time.Time) error {
	lane := store.LaneBroker
	if kind == jobFulfil {
		lane = store.LaneDriver
	}
	if err := tx.Enqueue(ctx, store.Job{Lane: lane, Kind: kind, ObjectUID: s.UID}, at); err != nil {
		return err
	}
	tx.AfterCommit(func() {
		select {
		case d.wakes[lane] <- struct{}{}:
		default:
		}
	})
	return nil
}

// enqueueFor leaves the job that takes the object out of its state, where the broker can do so by itself: not before
// activateAt.
func (d *Desk) enqueueFor(ctx context.Context, tx *store.Tx, s standing, activateAt *time.Time, now time.Time) error {
	if s.State != hscn.StateProvisioning {
		return nil
	}
	at := now
	if activateAt != nil && activateAt.After(now) {
		at = *activateAt
	}
	return d.enqueue(ctx, tx, jobAdvance, s, at)
}

// isWaiting says whether assurance of an order in that state is not complete.
func isWaiting(state hscn.State) bool { return slices.Contains(waiting, state) }

// RunJobs does the broker's jobs until ctx ends, and then returns nil when those at hand are done; calls of the driver are
// cut off, and made again by whoever does the jobs next. A job that fails is logged and tried again later; it holds up no
// other, and neither does a slow driver.
func (d *Desk) RunJobs(ctx context.Context) error {
	var running, calls sync.WaitGroup
	running.Go(func() {
		d.runLane(ctx, store.LaneDriver, func() error {
			_, err := d.driveDue(ctx, &calls)
			return err
		})
	})
	var purged time.Time
	d.runLane(ctx, store.LaneBroker, func() error {
		if now := d.now(); now.Sub(purged) >= purgeEvery {
			purged = now
			d.purge(ctx, now)
		}
		_, err := d.workDue(ctx)
		return err
	})
	running.Wait()
	calls.Wait()
	return nil
}

// runLane has the jobs of a lane done that are due, again whenever there may be more, until ctx ends.
func (d *Desk) runLane(ctx context.Context, lane store.Lane, due func() error) {
	poll := time.NewTicker(d.pollEvery)
	defer poll.Stop()
	for {
		if err := due(); err != nil && ctx.Err() == nil {
			d.logger.ErrorContext(ctx, "jobs cannot be read; trying again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-d.wakes[lane]:
		case <-poll.C:
		}
	}
}

// RunDueJobs does every job that is due now, also those that the jobs leave, and returns how many those were. The error is
// one of reading jobs: what goes wrong in a job is logged.
func (d *Desk) RunDueJobs(ctx context.Context) (int, error) {
	for n := 0; ; {
		worked, err := d.workDue(ctx)
		n += worked
		if err != nil {
			return n, err
		}
		var calls sync.WaitGroup
		driven, err := d.driveDue(ctx, &calls)
		calls.Wait()
		n += driven
		if err != nil || driven == 0 {
			return n, err
		}
	}
}

// workDue does the jobs within the database that are due, one after the other.
func (d *Desk) workDue(ctx context.Context) (int, error) {
	for n := 0; ; n++ {
		job, err := d.nextJob(ctx, store.LaneBroker)
		if err != nil || job == nil {
			return n, err
		}
		d.do(ctx, job)
	}
}

// driveDue begins the jobs that are due and call the driver, as many at once as may be. They are done when calls are.
func (d *Desk) driveDue(ctx context.Context, calls *sync.WaitGroup) (int, error) {
	for n := 0; ; n++ {
		select {
		case d.calls <- struct{}{}: // a job that nobody does yet stays for another broker
		case <-ctx.Done():
			return n, ctx.Err()
		}
		job, err := d.nextJob(ctx, store.LaneDriver)
		if err != nil || job == nil {
			<-d.calls
			return n, err
		}
		calls.Go(func() {
			defer func() { <-d.calls }()
			d.do(ctx, job)
		})
	}
}

// nextJob takes a job of the lane that is due, nil where there is none.
func (d *Desk) nextJob(ctx context.Context, lane store.Lane) (*store.ReceivedJob, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	job, err := d.db.ReceiveJob(ctx, lane, d.now())
	if err != nil {
		return nil, fmt.Errorf("receive a job: %w", err)
	}
	return job, nil
}

// do does one job to its end, even where ctx ends meanwhile, and puts it off where it fails. Only a driver's call ends with
// ctx: the driver may take its time.
func (d *Desk) do(ctx context.Context, job *store.ReceivedJob) {
	calls := ctx
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), jobTimeout+callTimeout)
	defer cancel()
	err := d.perform(ctx, calls, job)
	if err == nil {
		return
	}
	again := d.now().Add(retryAfter(job.Attempts))
	d.logger.ErrorContext(ctx, "a job failed; it is tried again",
		slog.String("job", job.Kind), slog.String("object_uid", job.ObjectUID), slog.Int("attempts", job.Attempts+1),
		slog.Time("again_at", again), slog.Any("error", err))
	if err := d.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.RetryJob(ctx, job, again) }); err != nil {
		// Its lease ends by itself, and then it is received again.
		d.logger.ErrorContext(ctx, "a job that failed cannot be put off", slog.String("job", job.Kind), slog.Any("error", err))
	}
}

// retryAfter doubles from firstRetry to lastRetry.
func retryAfter(attempts int) time.Duration {
	wait := firstRetry
	for range attempts {
		if wait *= 2; wait >= lastRetry {
			return lastRetry
		}
	}
	return wait
}

// perform does the job's work and ends the job in one transaction, of a driver's in that which records what came of it. A
// job whose object has moved on meanwhile, or that was done before, has nothing left to do.
func (d *Desk) perform(ctx, calls context.Context, job *store.ReceivedJob) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("job %s panicked: %v\n%s", job.Kind, cause, debug.Stack())
		}
	}()
	if job.Kind == jobFulfil {
		return d.fulfil(ctx, calls, job)
	}
	// The object's account never changes, and has to be locked before anything else is read.
	account, err := read(ctx, d, func(ctx context.Context, r *store.Reader) (string, error) { return accountOf(ctx, r, job.ObjectUID) })
	if err != nil {
		return err
	}
	return d.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := lockAccount(ctx, tx, account); err != nil {
			return err
		}
		now := d.now()
		switch job.Kind {
		case jobAdvance:
			err = d.advance(ctx, tx, now, job.ObjectUID)
		case jobJudge:
			err = d.judgeWaiting(ctx, tx, now, job.ObjectUID)
		default:
			err = fmt.Errorf("this broker knows no job %q", job.Kind)
		}
		if err != nil {
			return err
		}
		return tx.FinishJob(ctx, job)
	})
}

// accountOf returns whose the object of that uid is.
func accountOf(ctx context.Context, r *store.Reader, uid string) (string, error) {
	connection, err := r.ConnectionByUID(ctx, uid)
	if err == nil {
		return connection.Account, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	edge, err := r.EdgeAttachmentByUID(ctx, uid)
	if err != nil {
		return "", fmt.Errorf("object %s: %w", uid, err)
	}
	return edge.Account, nil
}

// dossierOf opens the open order about the object; nil where there is none any more.
func dossierOf(ctx context.Context, tx *store.Tx, uid string) (*dossier, error) {
	order, err := tx.OpenOrderOf(ctx, uid)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return openDossier(ctx, tx.Reader, order)
}

// advance asks the driver to fulfil what is assured, or the operator where no driver does.
func (d *Desk) advance(ctx context.Context, tx *store.Tx, now time.Time, uid string) error {
	f, err := dossierOf(ctx, tx, uid)
	if err == nil && f != nil && f.order.Kind == store.OrderChange {
		return d.advanceChange(ctx, tx, now, f)
	}
	if err != nil || f == nil || f.standing().State != hscn.StateProvisioning {
		return err
	}
	s := f.standing()
	if putOff(f, now) {
		// It was put off since: the job for the later time is this one's successor.
		return d.enqueue(ctx, tx, jobAdvance, s, *f.connection.Spec.ActivateAt)
	}
	task, err := d.taskOf(ctx, tx.Reader, f, now)
	if err != nil {
		return err
	}
	if d.drives(task) {
		return d.enqueue(ctx, tx, jobFulfil, s, now)
	}
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return err
	}
	s.enter(hscn.StateAwaitingFulfilment, reasonAwaitingFulfilment(p, s.EnablementDueAt), now)
	return d.conclude(ctx, tx, broker(), now, f, decided{
		action: string(s.kind) + ".advance", before: hscn.StateProvisioning,
	})
}

// purge forgets idempotency keys that are past their time, and documents that nothing needs: such as evidence was never
// validated of as long as a key could still repeat what was done with them.
func (d *Desk) purge(ctx context.Context, now time.Time) {
	err := d.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		keys, err := tx.PurgeIdempotencyKeys(ctx, now.Add(-store.KeptFor))
		if err != nil {
			return err
		}
		documents, err := tx.PurgeDocuments(ctx, now.Add(-documentKeptFor), now.Add(-store.KeptFor))
		if err == nil && keys+documents > 0 {
			d.logger.DebugContext(ctx, "forgot what is past its time", slog.Int64("idempotency_keys", keys), slog.Int64("documents", documents))
		}
		return err
	})
	if err != nil && ctx.Err() == nil {
		d.logger.ErrorContext(ctx, "what is past its time cannot be forgotten", slog.Any("error", err))
	}
}
