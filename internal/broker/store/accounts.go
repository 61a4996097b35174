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

// AccountFilter chooses accounts for a listing.
type AccountFilter struct {
	// After is the id of the last row of the page before; empty for the first page.
	After string
	// Limit is how many rows at the most.
	Limit int
}

// Accounts returns a page of all accounts, also the retired ones, in the order of id.
func (r *Reader) Accounts(ctx context.Context, filter AccountFilter) ([]Account, error) {
	var rows []Account
	err := r.q.NewSelect().Model(&rows).Where("id > ?", filter.After).Order("id").Limit(int64(filter.Limit)).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return nil, failure("list accounts", err)
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	var bound []accountOrganisation
	err = r.q.NewSelect().Model(&bound).Where("account IN (?)", bun.List(ids)).Order("account", "ods_code").Scan(ctx)
	if err != nil {
		return nil, failure("read the organisations of accounts", err)
	}
	for i := range rows {
		for len(bound) > 0 && bound[0].Account == rows[i].ID {
			rows[i].Organisations, bound = append(rows[i].Organisations, bound[0].ODSCode), bound[1:]
		}
	}
	return rows, nil
}

// AccountsOfOrganisation returns the ids of the accounts that may act for the organisation of this canonical code, in
// their order.
func (r *Reader) AccountsOfOrganisation(ctx context.Context, code string) ([]string, error) {
	var ids []string
	err := r.q.NewSelect().Model((*accountOrganisation)(nil)).Column("account").
		Where("ods_code = ?", code).Order("account").Scan(ctx, &ids)
	return ids, failure("read the accounts of an organisation", err)
}

// BoundOrganisations returns the canonical codes of the organisations that any account may act for, in their order.
func (r *Reader) BoundOrganisations(ctx context.Context) ([]string, error) {
	var codes []string
	err := r.q.NewSelect().Model((*accountOrganisation)(nil)).Distinct().Column("ods_code").Order("ods_code").Scan(ctx, &codes)
	return codes, failure("read the organisations of all accounts", err)
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
