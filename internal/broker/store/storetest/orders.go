package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func newOrder(object string) store.Order {
	return store.Order{
		Kind: store.OrderProvide, ObjectKind: store.ObjectConnection, ObjectUID: uuid.NewString(), Object: object,
		Account: "acme", Open: true, CreatedAt: now, CreatedBy: "anne", PolicyVersion: 1,
	}
}

func (d *database) insertOrders(t testing.TB, rows ...*store.Order) {
	t.Helper()
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		for _, row := range rows {
			if err := tx.InsertOrder(ctx, row); err != nil {
				return err
			}
		}
		return nil
	})
}

func orderQueue(t *testing.T, d *database) {
	d.seed(t)
	for object, due := range map[string]*time.Time{
		"never": nil, "tomorrow": pointer(now.Add(day)), "today": pointer(now), "closed": pointer(now.Add(-day)),
	} {
		row := newOrder(object)
		row.DueAt, row.Open = due, object != "closed"
		d.insertOrders(t, &row)
	}
	// Those that are due at the same time come in the order of their numbers.
	today, never := newOrder("today again"), newOrder("never again")
	today.DueAt = pointer(now)
	d.insertOrders(t, &today, &never)

	open := []string{"today", "today again", "tomorrow", "never", "never again"}
	for closed, want := range map[bool][]string{false: open, true: append([]string{"closed"}, open...)} {
		for _, limit := range []int{1, 2, 3, 100} {
			var objects []string
			var after *store.OrderKey
			for {
				page := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Order, error) {
					return r.Orders(ctx, store.OrderFilter{Closed: closed, After: after, Limit: limit})
				})
				for _, row := range page {
					objects = append(objects, row.Object)
				}
				if len(page) < limit {
					break
				}
				last := page[len(page)-1]
				after = &store.OrderKey{DueAt: last.DueAt, ID: last.ID}
			}
			wantEqual(t, "queue", objects, want)
		}
	}
}

func orderOneOpenForAnObject(t *testing.T, d *database) {
	d.seed(t)
	first := newOrder("connections/records")
	d.insertOrders(t, &first)
	second := newOrder("connections/records")
	second.ObjectUID = first.ObjectUID
	err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertOrder(ctx, &second)
	})
	wantError(t, err, store.ErrConflict)

	first.Open, first.ClosedAt, first.ClosedBy = false, pointer(now), "bob"
	d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateOrder(ctx, &first) })
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		_, err := r.OpenOrderOf(ctx, first.ObjectUID)
		wantError(t, err, store.ErrNotFound)
		return nil
	})
	d.insertOrders(t, &second)
	row := get(t, d, func(ctx context.Context, r *store.Reader) (store.Order, error) {
		return r.OpenOrderOf(ctx, first.ObjectUID)
	})
	wantEqual(t, "the open one", row.ID, second.ID)
}

func orderRoundTrip(t *testing.T, d *database) {
	d.seed(t)
	bare, full := newOrder("connections/bare"), newOrder("connections/full")
	full.Kind, full.ObjectKind = store.OrderRemove, store.ObjectEdgeAttachment
	full.DueAt, full.ClosedAt, full.ClosedBy = pointer(now), pointer(now.Add(day)), "bob"
	full.Note, full.ChangeReference, full.Recorders = "it's done", "CHG-1", []string{"carol", "dave"}
	full.Change = &store.Progress{
		State: hscn.StatePendingApproval, StateReason: "it's asked for", StateSince: now, Passed: []hscn.State{hscn.StateAwaitingAuthority},
		Findings: []api.Finding{{Rule: "dspt.not-checked", Severity: "warning", Title: "t", Detail: "d", Remedy: "r", Owner: "csp"}},
	}
	d.insertOrders(t, &bare, &full)
	wantEqual(t, "the first number", bare.ID, int64(1))
	for _, row := range []store.Order{bare, full} {
		got := get(t, d, func(ctx context.Context, r *store.Reader) (store.Order, error) { return r.OrderByID(ctx, row.ID) })
		wantEqual(t, "order", got, row)
	}
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		_, err := r.OrderByID(ctx, 4711)
		wantError(t, err, store.ErrNotFound)
		return nil
	})
}

// Those are found whose change is in one of the states, of whatever account, and nothing that is closed or of another kind.
func orderOpenChanges(t *testing.T, d *database) {
	d.seed(t)
	for object, state := range map[string]hscn.State{
		"approval": hscn.StatePendingApproval, "evidence": hscn.StatePendingEvidence, "fulfilment": hscn.StateAwaitingFulfilment,
		"closed": hscn.StatePendingApproval,
	} {
		row := newOrder(object)
		row.Kind, row.Open, row.Change = store.OrderChange, object != "closed", &store.Progress{State: state, StateSince: now}
		d.insertOrders(t, &row)
	}
	provided := newOrder("provided")
	d.insertOrders(t, &provided)
	for _, c := range []struct {
		states []hscn.State
		want   []string
	}{
		{[]hscn.State{hscn.StatePendingApproval, hscn.StatePendingEvidence}, []string{"approval", "evidence"}},
		{[]hscn.State{hscn.StateAwaitingFulfilment}, []string{"fulfilment"}},
		{nil, nil},
	} {
		var objects []string
		for _, row := range get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Order, error) { return r.OpenChanges(ctx, c.states) }) {
			objects = append(objects, row.Object)
		}
		slices.Sort(objects)
		wantEqual(t, "changes", objects, c.want)
	}

	row := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Order, error) {
		return r.OpenChanges(ctx, []hscn.State{hscn.StateAwaitingFulfilment})
	})[0]
	row.Open, row.ClosedAt, row.Change.State, row.Change.StateSince = false, pointer(now), hscn.StateActive, now.Add(day)
	d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateOrder(ctx, &row) })
	wantEqual(t, "closed", get(t, d, func(ctx context.Context, r *store.Reader) (store.Order, error) { return r.OrderByID(ctx, row.ID) }), row)
}
