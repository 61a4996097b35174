package orders

import (
	"context"
	"errors"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Settle waits until the connection or edge attachment of that uid does not go on by itself any more: it is active, only a
// person takes it further, or it has given up its name. held says that it did go on when it was looked at first. The error
// is that of ctx where ctx ends before the object is settled. Nothing of the database is held meanwhile, so any number may
// wait.
func (d *Desk) Settle(ctx context.Context, uid string) (held bool, err error) {
	watched := []string{uid}
	edge, err := read(ctx, d, func(ctx context.Context, r *store.Reader) (store.EdgeAttachment, error) {
		return r.EdgeAttachmentByUID(ctx, uid)
	})
	switch {
	case err == nil:
		watched = append(watched, edge.ConnectionUID) // which never changes
	case !errors.Is(err, store.ErrNotFound):
		return false, err
	}
	changed, end := d.db.Watch(watched...)
	defer end()
	poll := time.NewTicker(d.pollEvery)
	defer poll.Stop()
	for ; ; held = true {
		settled, err := read(ctx, d, func(ctx context.Context, r *store.Reader) (bool, error) { return isSettled(ctx, r, uid) })
		if err != nil || settled {
			return held, err
		}
		if !held {
			d.heldBack.Add(1)
			defer d.heldBack.Add(-1)
		}
		select {
		case <-changed:
		case <-poll.C:
		case <-ctx.Done():
			return true, ctx.Err()
		}
	}
}

// HeldBack is how many answers wait by Settle now.
func (d *Desk) HeldBack() int { return int(d.heldBack.Load()) }

// isSettled says whether the object of that uid does not go on by itself.
func isSettled(ctx context.Context, r *store.Reader, uid string) (bool, error) {
	connection, err := r.ConnectionByUID(ctx, uid)
	if err == nil {
		return settledIn(connection.State), nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	edge, err := r.EdgeAttachmentByUID(ctx, uid)
	if err != nil || edge.State != hscn.StatePendingConnection {
		return settledIn(edge.State), err
	}
	connection, err = r.ConnectionByUID(ctx, edge.ConnectionUID)
	// An active connection takes what hangs on it along.
	return connection.State != hscn.StateActive && settledIn(connection.State), err
}

// settledIn says whether an object in that state stays in it unless somebody does something. What its owner gives up goes
// on, and holds nothing any more that anybody could wait for.
func settledIn(state hscn.State) bool {
	return state == hscn.StateActive || state.WaitsForPerson() || !state.Holds()
}
