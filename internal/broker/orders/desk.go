package orders

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/gateway"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Config is what a Desk works with. All of it but Driver and PollEvery must be given.
type Config struct {
	// DB keeps everything.
	DB *store.DB
	// Clock is the broker's "now", by which orders are judged and jobs become due.
	Clock func() time.Time
	// Calendar tells the working days of deadlines.
	Calendar *hscn.Calendar
	// Logger hears of jobs.
	Logger *slog.Logger
	// Driver fulfils orders. Nil: all are fulfilled by hand.
	Driver gateway.Driver
	// PollEvery is how often what waits looks for what it was not woken for: for jobs that became due by the clock, and for
	// what another broker on the same database left or changed. Zero: 2 seconds.
	PollEvery time.Duration
}

// Desk takes orders, keeps the operator's queue and does the broker's jobs. It holds nothing but the database's, so any
// number of desks may work on one database, and each may be used by several goroutines.
type Desk struct {
	db        *store.DB
	clock     func() time.Time
	calendar  *hscn.Calendar
	logger    *slog.Logger
	driver    gateway.Driver
	pollEvery time.Duration
	// wakes are sent to after a commit that left a job of the lane; one waiting wake is as good as many.
	wakes map[store.Lane]chan struct{}
	// calls holds one for each call of the driver that is under way.
	calls chan struct{}
	// heldBack is how many answers wait for an object.
	heldBack atomic.Int64
	// policies are those that were read, by version: a version never changes.
	policies sync.Map
}

// NewDesk makes a desk. It does no I/O.
func NewDesk(config Config) *Desk {
	const pollEvery = 2 * time.Second
	d := &Desk{
		db: config.DB, clock: config.Clock, calendar: config.Calendar, logger: config.Logger, driver: config.Driver,
		pollEvery: config.PollEvery, calls: make(chan struct{}, callsAtOnce),
		wakes: map[store.Lane]chan struct{}{
			store.LaneBroker: make(chan struct{}, 1), store.LaneDriver: make(chan struct{}, 1),
		},
	}
	if d.pollEvery <= 0 {
		d.pollEvery = pollEvery
	}
	return d
}

// now is the clock as the database gives it back, so that what is answered is what is kept.
func (d *Desk) now() time.Time { return store.Instant(d.clock()) }

// once runs a write for its idempotency key, as store.Idempotent does.
func once[T any](
	ctx context.Context, d *Desk, w request.Write, now time.Time,
	render func(ctx context.Context, r *store.Reader, uid string) (T, error),
	write func(ctx context.Context, tx *store.Tx) (store.Outcome[T], error),
) (T, error) {
	answer, err := store.Idempotent(ctx, d.db, w, now, render, write)
	return answer, overtaken(err)
}

// overtaken makes an answer of what remains when other writes were faster. Nothing was changed, so asking again is safe.
func overtaken(err error) error {
	if errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrStale) {
		p := problem.New(problem.Unavailable, "Other writes kept this one waiting. Nothing was changed; ask again.")
		p.RetryAfter = time.Second
		return p
	}
	return err
}

// read runs f over one snapshot and returns what it returns.
func read[T any](ctx context.Context, d *Desk, f func(ctx context.Context, r *store.Reader) (T, error)) (T, error) {
	var answer T
	err := d.db.Read(ctx, func(ctx context.Context, r *store.Reader) error {
		var err error
		answer, err = f(ctx, r)
		return err
	})
	return answer, overtaken(err)
}

// lockAccount keeps the account's orders and facts still for the rest of the transaction. An account that nobody loaded
// cannot order: the credential is ahead of the inventory.
func lockAccount(ctx context.Context, tx *store.Tx, id string) (store.Account, error) {
	account, err := tx.LockAccount(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return account, problem.New(problem.Forbidden,
			"The broker's inventory has no account %q: the operator records it before anything can be ordered.", id)
	}
	return account, err
}

// gone is the answer for what is not there, or not for this account: the two look the same.
func gone(format string, args ...any) error { return problem.New(problem.ObjectGone, format, args...) }

// orGone makes that answer of a row that was not found.
func orGone(err error, what string) error {
	if errors.Is(err, store.ErrNotFound) {
		return gone("There is no %s.", what)
	}
	return err
}

// broker is the subject of what no caller asked for: the broker's own jobs.
func broker() request.Write {
	return request.Write{Caller: request.Caller{Subject: "hscn-broker", Kind: request.Machine}}
}
