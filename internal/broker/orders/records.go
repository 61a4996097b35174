package orders

import (
	"context"
	"errors"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// errDryRun undoes what a dry run did.
var errDryRun = errors.New("dry run")

// recorded is what came of recording something that the rules look at.
type recorded[T any] struct {
	answer T
	// changed says that something is another than before, so that orders that wait are judged again.
	changed bool
	entry   entry
}

// recordFacts records something that the rules look at, in one transaction for its idempotency key. Whoever orders
// meanwhile is judged by it, or found by it: orders whose assurance is not complete are judged again after it, by jobs. A
// repetition is answered as the first time. A dry run answers what would come of it, and changes and remembers nothing.
func recordFacts[T any](
	ctx context.Context, d *Desk, w request.Write, dryRun bool,
	write func(ctx context.Context, tx *store.Tx, now time.Time) (recorded[T], error),
) (T, error) {
	now := d.now()
	locked := func(ctx context.Context, tx *store.Tx) (recorded[T], error) {
		if err := tx.LockFacts(ctx); err != nil {
			return recorded[T]{}, err
		}
		return write(ctx, tx, now)
	}
	if dryRun {
		var came recorded[T]
		err := d.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			var err error
			if came, err = locked(ctx, tx); err != nil {
				return err
			}
			return errDryRun
		})
		if !errors.Is(err, errDryRun) {
			var none T
			return none, overtaken(err)
		}
		return came.answer, nil
	}
	never := func(context.Context, *store.Reader, string) (none T, err error) {
		return none, errors.New("what was recorded is answered as it was")
	}
	return once(ctx, d, w, now, never, func(ctx context.Context, tx *store.Tx) (store.Outcome[T], error) {
		came, err := locked(ctx, tx)
		if err != nil {
			return store.Outcome[T]{}, err
		}
		if came.changed {
			if err := d.judgeAllWaiting(ctx, tx, now); err != nil {
				return store.Outcome[T]{}, err
			}
		}
		return store.Outcome[T]{Answer: came.answer}, record(ctx, tx, w, now, came.entry)
	})
}
