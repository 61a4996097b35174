package store

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// Account is a customer, or a partner who acts for customers.
type Account struct {
	bun.BaseModel `bun:"table:accounts"`

	ID      string `bun:"id,pk"`
	Title   string `bun:"title"`
	Kind    string `bun:"kind"`
	Retired bool   `bun:"retired"`
	// Organisations are the canonical ODS codes that it may act for, in their order.
	Organisations []string  `bun:"-"`
	CreatedAt     time.Time `bun:"created_at"`
	UpdatedAt     time.Time `bun:"updated_at"`
}

// accountOrganisation lets the account act for the organisation.
type accountOrganisation struct {
	bun.BaseModel `bun:"table:account_organisations"`

	Account string `bun:"account,pk"`
	ODSCode string `bun:"ods_code,pk"`
}

// AccountByID returns the account, also a retired one, or ErrNotFound.
func (r *Reader) AccountByID(ctx context.Context, id string) (Account, error) {
	var row Account
	if err := r.q.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return Account{}, failure("read an account", err)
	}
	err := r.q.NewSelect().Model((*accountOrganisation)(nil)).Column("ods_code").
		Where("account = ?", id).Order("ods_code").Scan(ctx, &row.Organisations)
	if err != nil {
		return Account{}, failure("read the organisations of an account", err)
	}
	return row, nil
}

// UpsertAccount inserts or updates the account. Organisations are the whole of what it may act for, in any order; nil
// leaves them as they are.
func (tx *Tx) UpsertAccount(ctx context.Context, a Account, now time.Time) (Change, error) {
	was, err := tx.AccountByID(ctx, a.ID)
	exists, err := found(was, err)
	if err != nil {
		return "", err
	}
	organisations := inOrder(a.Organisations)
	if a.Organisations == nil {
		organisations = was.Organisations
	}
	a.CreatedAt, a.UpdatedAt = Instant(now), Instant(now)
	if exists {
		a.CreatedAt = was.CreatedAt
	}
	same := a.Title == was.Title && a.Kind == was.Kind && a.Retired == was.Retired &&
		slices.Equal(organisations, was.Organisations)
	change, err := tx.upsert(ctx, "record an account", &a, exists, same)
	if err != nil || change == Unchanged {
		return change, err
	}
	return change, tx.bindOrganisations(ctx, a.ID, was.Organisations, organisations)
}

// bindOrganisations makes what the account may act for go from one list to the other.
func (tx *Tx) bindOrganisations(ctx context.Context, account string, from, to []string) error {
	for _, code := range from {
		if slices.Contains(to, code) {
			continue
		}
		_, err := tx.q.NewDelete().Model(&accountOrganisation{Account: account, ODSCode: code}).WherePK().Exec(ctx)
		if err != nil {
			return failure("unbind an organisation", err)
		}
	}
	for _, code := range to {
		if slices.Contains(from, code) {
			continue
		}
		_, err := tx.q.NewInsert().Model(&accountOrganisation{Account: account, ODSCode: code}).Exec(ctx)
		if err != nil {
			return failure("bind an organisation", err)
		}
	}
	return nil
}
