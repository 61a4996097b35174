package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// OrderKind says what an order wants done.
type OrderKind string

// The kinds of orders.
const (
	OrderProvide OrderKind = "provide"
	// OrderChange wants something else of what is active.
	OrderChange OrderKind = "change"
	OrderRemove OrderKind = "remove"
	// OrderValidate wants a person to look at a signed copy.
	OrderValidate OrderKind = "validate"
)

// ObjectKind says in which table an object is, in the words of the contract's StoredObject.
type ObjectKind string

// The kinds of objects.
const (
	ObjectConnection        ObjectKind = "connection"
	ObjectEdgeAttachment    ObjectKind = "edge_attachment"
	ObjectAgreementEvidence ObjectKind = "agreement_evidence"
)

// Order is a row of the operator's queue.
type Order struct {
	bun.BaseModel `bun:"table:orders"`

	// ID counts from 1.
	ID         int64      `bun:"id,pk,autoincrement"`
	Kind       OrderKind  `bun:"kind"`
	ObjectKind ObjectKind `bun:"object_kind"`
	ObjectUID  string     `bun:"object_uid"`
	// Object is the object's full name.
	Object  string `bun:"object"`
	Account string `bun:"account"`
	Open    bool   `bun:"open"`

	CreatedAt time.Time  `bun:"created_at"`
	CreatedBy string     `bun:"created_by"`
	DueAt     *time.Time `bun:"due_at"`
	ClosedAt  *time.Time `bun:"closed_at"`
	ClosedBy  string     `bun:"closed_by,nullzero"`
	// Note is what the operator wrote when it was closed.
	Note            string `bun:"note,nullzero"`
	ChangeReference string `bun:"change_reference,nullzero"`
	PolicyVersion   int64  `bun:"policy_version"`
	// Recorders are the subjects who recorded the facts that the order rests on: where policy wants a second person,
	// another one approves.
	Recorders []string `bun:"recorders,type:jsonb,nullzero"`
	// Change is how far an OrderChange is; nil of every other kind, whose object says how far it is. What is asked for is
	// the object's PendingChange.
	Change *Progress `bun:"change,type:jsonb,nullzero"`
}

// OrderKey is where a listing of orders stands: the last row of the page before.
type OrderKey struct {
	DueAt *time.Time
	ID    int64
}

// OrderFilter chooses orders for a listing.
type OrderFilter struct {
	// Closed lists the closed ones as well.
	Closed bool
	// After is the last row of the page before; nil for the first page.
	After *OrderKey
	// Limit is how many rows at the most.
	Limit int
}

// Orders returns a page of the operator's queue: what is due first, then what is due at no time, each in the order of
// their numbers.
func (r *Reader) Orders(ctx context.Context, filter OrderFilter) ([]Order, error) {
	var rows []Order
	query := r.q.NewSelect().Model(&rows)
	if !filter.Closed {
		query = query.Where("open")
	}
	switch after := filter.After; {
	case after == nil:
	case after.DueAt != nil:
		query = query.Where("(due_at IS NULL OR (due_at, id) > (?, ?))", *after.DueAt, after.ID)
	default:
		query = query.Where("due_at IS NULL AND id > ?", after.ID)
	}
	err := query.OrderExpr("(due_at IS NULL), due_at, id").Limit(int64(filter.Limit)).Scan(ctx)
	return rows, failure("list orders", err)
}

// OrderByID returns the order of that number, or ErrNotFound.
func (r *Reader) OrderByID(ctx context.Context, id int64) (Order, error) {
	var row Order
	err := r.q.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	return row, failure("read an order", err)
}

// OpenOrderOf returns the open order about the object, or ErrNotFound. An object has one at the most.
func (r *Reader) OpenOrderOf(ctx context.Context, objectUID string) (Order, error) {
	var row Order
	err := r.q.NewSelect().Model(&row).Where("object_uid = ? AND open", objectUID).Scan(ctx)
	return row, failure("read the open order of an object", err)
}

// OpenChanges returns the open orders that change what is active, of all accounts, of which the change is in one of the
// states, in the order of their numbers.
func (r *Reader) OpenChanges(ctx context.Context, states []hscn.State) ([]Order, error) {
	var rows []Order
	if len(states) == 0 {
		return nil, nil
	}
	// The operator for members of JSON is spelt alike in both databases.
	err := r.q.NewSelect().Model(&rows).Where("open AND kind = ? AND change ->> 'state' IN (?)", OrderChange, bun.List(states)).
		Order("id").Scan(ctx)
	return rows, failure("read the orders of changes by their state", err)
}

// InsertOrder adds the order and gives it its number.
func (tx *Tx) InsertOrder(ctx context.Context, o *Order) error {
	o.ID = 0
	o.settle()
	_, err := tx.q.NewInsert().Model(o).Exec(ctx)
	return failure("add an order", err)
}

// settle makes the row what it will be read as.
func (o *Order) settle() {
	o.CreatedAt = Instant(o.CreatedAt)
	o.DueAt, o.ClosedAt = instantPointer(o.DueAt), instantPointer(o.ClosedAt)
	if o.Change != nil {
		o.Change.settle()
	}
}

// UpdateOrder writes the whole row.
func (tx *Tx) UpdateOrder(ctx context.Context, o *Order) error {
	o.settle()
	result, err := tx.q.NewUpdate().Model(o).WherePK().Exec(ctx)
	return changedOne("change an order", result, err)
}
