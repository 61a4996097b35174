package storetest

import (
	"context"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

func policies(t *testing.T, d *database) {
	inForce := func() (store.Policy, error) {
		var row store.Policy
		err := d.Read(context.Background(), func(ctx context.Context, r *store.Reader) (err error) {
			row, err = r.PolicyInForce(ctx, now)
			return err
		})
		return row, err
	}
	_, err := inForce()
	wantError(t, err, store.ErrNotFound)

	first := store.Policy{ValidFrom: now, Document: api.Policy{
		Title: "neutral", Sample: true, Rules: map[string]api.Severity{"dspt.not-met": "error"},
		Zones: map[string]api.Zone{"north": {Region: "north", HscnOffered: true, Architecture: "shared_edge"}},
	}}
	second := store.Policy{ValidFrom: now, Document: api.Policy{Title: "second"}}
	future := store.Policy{ValidFrom: now.Add(day), Document: api.Policy{Title: "future"}}
	for i, row := range []*store.Policy{&first, &second, &future} {
		d.write(t, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.LockPolicies(ctx); err != nil {
				return err
			}
			return tx.InsertPolicy(ctx, row)
		})
		wantEqual(t, "version", row.Version, int64(i+1))
	}

	got, err := inForce()
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "in force", got.Document.Title, "second")
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		got, err := r.PolicyByVersion(ctx, 1)
		wantEqual(t, "first", got, first)
		if err != nil {
			return err
		}
		_, err = r.PolicyByVersion(ctx, 4)
		wantError(t, err, store.ErrNotFound)
		return nil
	})
}
