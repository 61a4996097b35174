package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/uptrace/bun"
	"maragu.dev/goqite"
)

// Lane says who does a job: jobs of one lane are not held up by those of another.
type Lane string

// The lanes.
const (
	// LaneBroker has what the broker does within its database, which takes moments.
	LaneBroker Lane = "broker"
	// LaneDriver has calls of a driver, which take as long as the driver does.
	LaneDriver Lane = "driver"
)

// lanes are all of them.
var lanes = []Lane{LaneBroker, LaneDriver}

// newQueues makes the queue of every lane.
func newQueues(options goqite.NewOpts) map[Lane]*goqite.Queue {
	queues := make(map[Lane]*goqite.Queue, len(lanes))
	for _, lane := range lanes {
		options.Name = string(lane)
		queues[lane] = goqite.New(options)
	}
	return queues
}

const (
	// jobReceives is how often a job may be received: a job that brings its runner down again and again is held up by
	// nothing, but it is never lost.
	jobReceives = math.MaxInt32

	// jobsPromoted is how many jobs whose time has come move to the queue at once.
	jobsPromoted = 100
)

// Job is work that the broker does by itself. A job is done at least once, perhaps more often: doing it again changes
// nothing.
type Job struct {
	// Lane says who does it. Empty: LaneBroker.
	Lane Lane `json:"lane,omitempty"`
	// Kind says what is to be done.
	Kind string `json:"kind"`
	// ObjectUID is the object that it is about, where it is about one.
	ObjectUID string `json:"object_uid,omitempty"`
	// Attempts counts the tries that failed before; RetryJob counts it.
	Attempts int `json:"attempts,omitempty"`
}

// queue is where the job waits.
func (db *DB) queue(job Job) (*goqite.Queue, error) {
	queue, found := db.queues[cmp.Or(job.Lane, LaneBroker)]
	if !found {
		return nil, fmt.Errorf("there is no lane %q for jobs", job.Lane)
	}
	return queue, nil
}

// ReceivedJob is a job that this runner has to itself until its lease ends.
type ReceivedJob struct {
	Job

	id goqite.ID
}

// scheduledJob is a job that waits for its time by the broker's clock. goqite knows the machine's clock only.
type scheduledJob struct {
	bun.BaseModel `bun:"table:scheduled_jobs"`

	ID    int64     `bun:"id,pk,autoincrement"`
	DueAt time.Time `bun:"due_at"`
	Body  []byte    `bun:"body"`
}

// Enqueue adds the job in the transaction, to be received not before at. The zero time means at once.
func (tx *Tx) Enqueue(ctx context.Context, job Job, at time.Time) error {
	body, err := json.Marshal(job)
	if err != nil {
		return fmt.Errorf("enqueue a job: %w", err)
	}
	queue, err := tx.db.queue(job)
	if err != nil {
		return fmt.Errorf("enqueue a job: %w", err)
	}
	if at.IsZero() {
		return failure("enqueue a job", queue.SendTx(ctx, tx.tx.Tx, goqite.Message{Body: body}))
	}
	_, err = tx.q.NewInsert().Model(&scheduledJob{DueAt: Instant(at), Body: body}).Exec(ctx)
	return failure("schedule a job", err)
}

// ReceiveJob takes a job of the lane that is due at now, nil where there is none. Other runners do not see it while its
// lease lasts, Options.JobLease by the machine's clock; then it is received again, unless FinishJob or RetryJob ended it.
func (db *DB) ReceiveJob(ctx context.Context, lane Lane, now time.Time) (*ReceivedJob, error) {
	var received *ReceivedJob
	queue, err := db.queue(Job{Lane: lane})
	if err != nil {
		return nil, fmt.Errorf("receive a job: %w", err)
	}
	err = db.Write(ctx, func(ctx context.Context, tx *Tx) error {
		received = nil
		// Without it two runners that look at the same moment would both have the job.
		if err := tx.advisoryLock(ctx, "pg_advisory_xact_lock", jobsLockKey); err != nil {
			return err
		}
		if err := tx.promoteJobs(ctx, now); err != nil {
			return err
		}
		message, err := queue.ReceiveTx(ctx, tx.tx.Tx)
		if err != nil || message == nil {
			return failure("receive a job", err)
		}
		received = &ReceivedJob{id: message.ID}
		if err := json.Unmarshal(message.Body, &received.Job); err != nil {
			return fmt.Errorf("read job %s: %w", message.ID, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return received, nil
}

// promoteJobs moves the jobs whose time has come to the queue.
func (tx *Tx) promoteJobs(ctx context.Context, now time.Time) error {
	var due []scheduledJob
	err := tx.q.NewSelect().Model(&due).Where("due_at <= ?", now).Order("due_at", "id").Limit(jobsPromoted).Scan(ctx)
	if err != nil {
		return failure("look for jobs whose time has come", err)
	}
	for _, job := range due {
		var body Job
		if err := json.Unmarshal(job.Body, &body); err != nil {
			return fmt.Errorf("read scheduled job %d: %w", job.ID, err)
		}
		if err := tx.Enqueue(ctx, body, time.Time{}); err != nil {
			return err
		}
		if _, err := tx.q.NewDelete().Model(&job).WherePK().Exec(ctx); err != nil {
			return failure("enqueue a job", err)
		}
	}
	return nil
}

// ExtendJob keeps the job for that long from now.
func (db *DB) ExtendJob(ctx context.Context, job *ReceivedJob, lease time.Duration) error {
	queue, err := db.queue(job.Job)
	if err != nil {
		return fmt.Errorf("extend a job: %w", err)
	}
	return db.Write(ctx, func(ctx context.Context, tx *Tx) error {
		return failure("extend a job", queue.ExtendTx(ctx, tx.tx.Tx, job.id, lease))
	})
}

// FinishJob ends the job, best in the transaction that did its work.
func (tx *Tx) FinishJob(ctx context.Context, job *ReceivedJob) error {
	queue, err := tx.db.queue(job.Job)
	if err != nil {
		return fmt.Errorf("finish a job: %w", err)
	}
	return failure("finish a job", queue.DeleteTx(ctx, tx.tx.Tx, job.id))
}

// RetryJob ends this try and adds the next, not before at.
func (tx *Tx) RetryJob(ctx context.Context, job *ReceivedJob, at time.Time) error {
	if err := tx.FinishJob(ctx, job); err != nil {
		return err
	}
	next := job.Job
	next.Attempts++
	return tx.Enqueue(ctx, next, at)
}
