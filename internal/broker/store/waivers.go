package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// Waiver is an operator's dated exception from a rule.
type Waiver struct {
	bun.BaseModel `bun:"table:waivers"`

	UID     string `bun:"uid,pk"`
	Account string `bun:"account"`
	// Connection is the full name of the connection that it is for; empty for the whole account.
	Connection string `bun:"connection,nullzero"`
	Rule       string `bun:"rule"`
	// Until is the last day on which it counts, in London: 2027-03-31.
	Until     string    `bun:"until"`
	Reason    string    `bun:"reason"`
	Reference string    `bun:"reference"`
	GrantedAt time.Time `bun:"granted_at"`
	GrantedBy string    `bun:"granted_by"`
	// EndedAt is when somebody ended it before its time; nil where nobody did.
	EndedAt      *time.Time `bun:"ended_at"`
	EndedBy      string     `bun:"ended_by,nullzero"`
	EndedBecause string     `bun:"ended_because,nullzero"`
}

// WaiverKey is where a listing of waivers stands: the last row of the page before.
type WaiverKey struct {
	GrantedAt time.Time
	UID       string
}

// Key is where a listing stands after the waiver.
func (w Waiver) Key() WaiverKey { return WaiverKey{GrantedAt: w.GrantedAt, UID: w.UID} }

// WaiverFilter chooses waivers for a listing.
type WaiverFilter struct {
	// CountingOn leaves out those that were ended, and those whose last day is before this one, 2026-11-02; empty for all.
	CountingOn string
	// After is the last row of the page before; nil for the first page.
	After *WaiverKey
	// Limit is how many rows at the most.
	Limit int
}

// Waivers returns a page of the waivers of all accounts, newest first.
func (r *Reader) Waivers(ctx context.Context, filter WaiverFilter) ([]Waiver, error) {
	var rows []Waiver
	query := r.q.NewSelect().Model(&rows)
	if filter.CountingOn != "" {
		query = query.Where("ended_at IS NULL AND until >= ?", filter.CountingOn)
	}
	if after := filter.After; after != nil {
		query = query.Where("(granted_at < ? OR (granted_at = ? AND uid > ?))", after.GrantedAt, after.GrantedAt, after.UID)
	}
	err := query.OrderExpr("granted_at DESC, uid").Limit(int64(filter.Limit)).Scan(ctx)
	return rows, failure("list waivers", err)
}

// WaiversCountingOn returns the account's waivers that count on the day, 2026-11-02, oldest first.
func (r *Reader) WaiversCountingOn(ctx context.Context, account, day string) ([]Waiver, error) {
	var rows []Waiver
	err := r.q.NewSelect().Model(&rows).Where("account = ? AND until >= ? AND ended_at IS NULL", account, day).
		OrderExpr("granted_at, uid").Scan(ctx)
	return rows, failure("read the waivers of an account", err)
}

// WaiverByUID returns the waiver, also one that counts no longer, or ErrNotFound.
func (r *Reader) WaiverByUID(ctx context.Context, uid string) (Waiver, error) {
	var row Waiver
	err := r.q.NewSelect().Model(&row).Where("uid = ?", uid).Scan(ctx)
	return row, failure("read a waiver", err)
}

// settle makes the row what it will be read as.
func (w *Waiver) settle() { w.GrantedAt, w.EndedAt = Instant(w.GrantedAt), instantPointer(w.EndedAt) }

// InsertWaiver adds the waiver.
func (tx *Tx) InsertWaiver(ctx context.Context, w *Waiver) error {
	w.settle()
	_, err := tx.q.NewInsert().Model(w).Exec(ctx)
	return failure("add a waiver", err)
}

// EndWaiver writes the waiver's end. It returns ErrStale where somebody has ended it already.
func (tx *Tx) EndWaiver(ctx context.Context, w *Waiver) error {
	w.settle()
	result, err := tx.q.NewUpdate().Model(w).Column("ended_at", "ended_by", "ended_because").
		WherePK().Where("ended_at IS NULL").Exec(ctx)
	return changedOne("end a waiver", result, err)
}
