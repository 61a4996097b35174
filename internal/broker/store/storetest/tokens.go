package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

func tokens(t *testing.T, d *database) {
	anyToken := func() bool {
		return get(t, d, func(ctx context.Context, r *store.Reader) (bool, error) { return r.AnyToken(ctx) })
	}
	wantEqual(t, "any token in a new database", anyToken(), false)

	token := func(subject string, age time.Duration) *store.Token {
		id := uuid.NewString()
		return &store.Token{
			ID: id, SecretSHA256: store.KeySHA256("secret of " + id), Subject: subject, CreatedBy: "admin",
			Kind: request.Person, Roles: []api.Role{"recorder", "auditor"}, Accounts: []string{},
			CreatedAt: now.Add(-age),
		}
	}
	old, middle, newest := token("anne", 2*time.Hour), token("anne", time.Hour), token("pipeline", 0)
	newest.Kind, newest.Roles, newest.Accounts = request.Machine, []api.Role{"customer"}, []string{"acme", "other"}
	newest.ExpiresAt = pointer(now.Add(day))
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		for _, row := range []*store.Token{middle, newest, old} {
			if err := tx.InsertToken(ctx, row); err != nil {
				return err
			}
		}
		return nil
	})
	wantEqual(t, "any token", anyToken(), true)

	for _, limit := range []int{1, 2, 100} {
		var ids []string
		var after *store.TokenKey
		for {
			page := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Token, error) {
				return r.Tokens(ctx, after, limit)
			})
			for _, row := range page {
				ids = append(ids, row.ID)
			}
			if len(page) < limit {
				break
			}
			after = &store.TokenKey{CreatedAt: page[len(page)-1].CreatedAt, ID: page[len(page)-1].ID}
		}
		wantEqual(t, "newest first", ids, []string{newest.ID, middle.ID, old.ID})
	}

	revoked := *middle
	revoked.RevokedAt = pointer(store.Instant(now.Add(day)))
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		for _, at := range []time.Time{now.Add(day), now.Add(2 * day)} {
			got, err := tx.RevokeToken(ctx, middle.ID, at)
			wantEqual(t, "revoked", got, revoked)
			if err != nil {
				return err
			}
		}
		_, err := tx.RevokeToken(ctx, uuid.NewString(), now)
		wantError(t, err, store.ErrNotFound)
		return nil
	})
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		for _, want := range []store.Token{*newest, revoked, *old} {
			got, err := r.TokenBySecret(ctx, want.SecretSHA256)
			wantEqual(t, "by secret", got, want)
			if err != nil {
				return err
			}
		}
		_, err := r.TokenBySecret(ctx, store.KeySHA256("wrong"))
		wantError(t, err, store.ErrNotFound)
		return nil
	})

	same := token("eve", 0)
	same.SecretSHA256 = old.SecretSHA256
	err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error { return tx.InsertToken(ctx, same) })
	wantError(t, err, store.ErrConflict)
}
