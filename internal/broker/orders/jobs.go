package orders

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// The kinds of jobs.
const (
	// jobAdvance takes an object from provisioning to fulfilment, when its time has come.
	jobAdvance = "advance"
	// jobJudge judges an order again that waits for a fact.
	jobJudge = "judge"
)

const (
	// jobTimeout ends a job that hangs, well within the lease in which no other runner takes it.
	jobTimeout = 30 * time.Second
	// A job that fails is tried again after a second, then after ever longer, so that it holds nobody up for long.
	firstRetry, lastRetry = time.Second, time.Hour
	// purgeEvery is how often idempotency keys and documents are forgotten that are past their time.
	purgeEvery = time.Hour
)

// enqueue leaves a job about the object, to be done not before at, and wakes whoever does it when it is committed.
func (d *Desk) enqueue(ctx context.Context, tx *store.Tx, kind string, s standing, at time.Time) error {
	if err := tx.Enqueue(ctx, store.Job{Kind: kind, ObjectUID: s.UID}, at); err != nil {
		return err
	}
	tx.AfterCommit(d.wake)
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

// judgeAllWaiting leaves a job for each order whose assurance is not complete. Whoever records a fact calls it.
func (d *Desk) judgeAllWaiting(ctx context.Context, tx *store.Tx, now time.Time) error {
	return d.judgeWaitingOf(ctx, tx, "", now)
}

// judgeWaitingOf is judgeAllWaiting for a fact that is one account's alone; empty stands for all accounts.
func (d *Desk) judgeWaitingOf(ctx context.Context, tx *store.Tx, account string, now time.Time) error {
	connections, err := tx.ConnectionsInState(ctx, waiting)
	if err != nil {
		return err
	}
	edges, err := tx.EdgeAttachmentsInState(ctx, waiting)
	if err != nil {
		return err
	}
	standings := make([]standing, 0, len(connections)+len(edges))
	for i := range connections {
		standings = append(standings, connectionStanding(&connections[i]))
	}
	for i := range edges {
		standings = append(standings, edgeStanding(&edges[i]))
	}
	for _, s := range standings {
		if account != "" && s.Account != account {
			continue
		}
		if err := d.enqueue(ctx, tx, jobJudge, s, now); err != nil {
			return err
		}
	}
	return nil
}

// isWaiting says whether assurance of an order in that state is not complete.
func isWaiting(state hscn.State) bool { return slices.Contains(waiting, state) }

// RunJobs does the broker's jobs until ctx ends, and then returns nil when the one at hand is done. A job that fails is
// logged and tried again later; it holds up no other.
func (d *Desk) RunJobs(ctx context.Context) error {
	poll := time.NewTicker(d.pollEvery)
	defer poll.Stop()
	var purged time.Time
	for {
		if now := d.now(); now.Sub(purged) >= purgeEvery {
			purged = now
			d.purge(ctx, now)
		}
		if _, err := d.RunDueJobs(ctx); err != nil && ctx.Err() == nil {
			d.logger.ErrorContext(ctx, "jobs cannot be read; trying again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-d.wakes:
		case <-poll.C:
		}
	}
}

// RunDueJobs does every job that is due now, and returns how many those were. The error is one of reading jobs: what goes
// wrong in a job is logged.
func (d *Desk) RunDueJobs(ctx context.Context) (int, error) {
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		job, err := d.db.ReceiveJob(ctx, d.now())
		if err != nil {
			return n, fmt.Errorf("receive a job: %w", err)
		}
		if job == nil {
			return n, nil
		}
		d.do(ctx, job)
	}
}

// do does one job to its end, even where ctx ends meanwhile, and puts it off where it fails.
func (d *Desk) do(ctx context.Context, job *store.ReceivedJob) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), jobTimeout)
	defer cancel()
	err := d.perform(ctx, job)
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

// perform does the job's work and ends the job in one transaction. A job whose object has moved on meanwhile, or that was
// done before, has nothing left to do.
func (d *Desk) perform(ctx context.Context, job *store.ReceivedJob) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("job %s panicked: %v\n%s", job.Kind, cause, debug.Stack())
		}
	}()
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

// advance asks the operator to fulfil what is assured.
func (d *Desk) advance(ctx context.Context, tx *store.Tx, now time.Time, uid string) error {
	f, err := dossierOf(ctx, tx, uid)
	if err != nil || f == nil || f.standing().State != hscn.StateProvisioning {
		return err
	}
	s := f.standing()
	if at := f.connection.Spec.ActivateAt; f.edge == nil && at != nil && at.After(now) {
		// It was put off since: the job for the later time is this one's successor.
		return d.enqueue(ctx, tx, jobAdvance, s, *at)
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

// judgeWaiting judges an order again whose assurance is not complete: a good fact lets it go on, a bad one refuses it, and
// what nobody has looked up yet leaves it where it is. One that waits for a person is judged too, so that nobody is asked
// to approve what can no longer be approved.
func (d *Desk) judgeWaiting(ctx context.Context, tx *store.Tx, now time.Time, uid string) error {
	f, err := dossierOf(ctx, tx, uid)
	if err != nil || f == nil || !isWaiting(f.standing().State) {
		return err
	}
	before := *f
	what := decided{action: string(f.standing().kind) + ".judge", before: f.standing().State, details: map[string]any{}}
	if f.edge != nil {
		if stopped(f.connection.State) {
			return nil // it is judged when the restriction is lifted
		}
		edge := *f.edge
		before.edge = &edge
		err = d.judgeWaitingEdge(ctx, tx, now, f, &what)
	} else {
		err = d.judgeWaitingConnection(ctx, tx, broker(), now, f, &what)
	}
	if err != nil {
		return err
	}
	if sameJSON(before.connection, f.connection) && sameJSON(before.edge, f.edge) && sameJSON(before.order, f.order) {
		return nil
	}
	return d.conclude(ctx, tx, broker(), now, f, what)
}

// judgeWaitingConnection judges a connection for a new order by the policy that it was ordered under, and settles or
// refuses it. The order and its object are left to the caller to write.
func (d *Desk) judgeWaitingConnection(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, f *dossier, what *decided,
) error {
	row := &f.connection
	judgedBy, err := d.policyOfVersion(ctx, tx.Reader, f.order.PolicyVersion)
	if err != nil {
		return err
	}
	judged, found, err := d.judgeAgain(ctx, tx, judgedBy, now, *row)
	if err != nil {
		return err
	}
	what.details["findings"] = ruleIDs(judged.shown(), findingRule)
	what.details["evidence"], what.details["policy_version"] = found.cited(judged, row.Spec), judgedBy.versionText()
	if len(judged.refusing()) > 0 {
		row.Findings = judged.shown()
		what.also, err = d.refuseForFacts(ctx, tx, w, now, f, reasonRefusedByFacts(row.Findings))
		return err
	}
	if err := d.settleConnection(ctx, tx, now, row, &f.order, judged, found); err != nil {
		return err
	}
	return d.enqueueFor(ctx, tx, connectionStanding(row), row.Spec.ActivateAt, now)
}

// judgeWaitingEdge is judgeWaitingConnection for an edge attachment, which may find that its gateway has been attached
// meanwhile.
func (d *Desk) judgeWaitingEdge(ctx context.Context, tx *store.Tx, now time.Time, f *dossier, what *decided) error {
	row := f.edge
	judgedBy, err := d.policyOfVersion(ctx, tx.Reader, f.order.PolicyVersion)
	if err != nil {
		return err
	}
	account, err := tx.AccountByID(ctx, row.Account)
	if err != nil {
		return err
	}
	order := edgeOrder{
		operation: rules.Create, account: account, parent: f.connection, name: row.Name, row: row, spec: row.Spec, prior: &row.Spec,
		address: row.IncludedAddress,
	}
	judged, ground, err := d.judgeEdge(ctx, tx.Reader, judgedBy, now, order)
	if err != nil {
		return err
	}
	what.details["findings"] = ruleIDs(judged.shown(), findingRule)
	what.details["policy_version"] = judgedBy.versionText()
	if len(judged.refusing()) > 0 {
		row.Findings = judged.shown()
		what.also, err = d.refuseForFacts(ctx, tx, broker(), now, f, reasonRefusedByFacts(row.Findings))
		return err
	}
	if err := d.settleEdge(now, row, &f.order, judged, f.connection); err != nil {
		return err
	}
	if row.GatewayID != "" && ground.heldBy != nil {
		row.GatewayID = ""
		what.also, err = d.refuseForFacts(ctx, tx, broker(), now, f, reasonGatewayNotFree(order.gatewayID()))
		return err
	}
	return d.enqueueFor(ctx, tx, edgeStanding(row), nil, now)
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
