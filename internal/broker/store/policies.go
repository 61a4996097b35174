package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// Policy is one version of what the CSP decided.
type Policy struct {
	bun.BaseModel `bun:"table:policies"`

	// Version counts from 1.
	Version   int64      `bun:"version,pk"`
	Document  api.Policy `bun:"document,type:jsonb"`
	ValidFrom time.Time  `bun:"valid_from"`
}

// PolicyInForce returns the newest policy that is valid at now, or ErrNotFound.
func (r *Reader) PolicyInForce(ctx context.Context, now time.Time) (Policy, error) {
	var row Policy
	err := r.q.NewSelect().Model(&row).Where("valid_from <= ?", now).OrderExpr("version DESC").Limit(1).Scan(ctx)
	return row, failure("read the policy", err)
}

// PolicyByVersion returns that version, or ErrNotFound.
func (r *Reader) PolicyByVersion(ctx context.Context, version int64) (Policy, error) {
	var row Policy
	err := r.q.NewSelect().Model(&row).Where("version = ?", version).Scan(ctx)
	return row, failure("read a version of the policy", err)
}

// LockPolicies makes the transaction the only one that adds a policy until it ends, so that brokers that start together
// store the same one once.
func (tx *Tx) LockPolicies(ctx context.Context) error {
	return tx.advisoryLock(ctx, "pg_advisory_xact_lock", policiesLockKey)
}

// InsertPolicy adds the policy as the next version, which it gives to p.
func (tx *Tx) InsertPolicy(ctx context.Context, p *Policy) error {
	var newest int64
	if err := tx.q.NewSelect().Table("policies").ColumnExpr("coalesce(max(version), 0)").Scan(ctx, &newest); err != nil {
		return failure("read the newest policy", err)
	}
	p.Version = newest + 1
	p.ValidFrom = Instant(p.ValidFrom)
	_, err := tx.q.NewInsert().Model(p).Exec(ctx)
	return failure("add a policy", err)
}
