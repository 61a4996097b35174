package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// upsert is one step of a test of an upsert.
type upsert[Row any] struct {
	what string
	row  Row
	want store.Change
}

// runUpserts does one after the other, each a day later.
func runUpserts[Row any](
	t *testing.T, d *database, steps []upsert[Row],
	do func(ctx context.Context, tx *store.Tx, row Row, at time.Time) (store.Change, error),
) {
	t.Helper()
	for i, step := range steps {
		var got store.Change
		d.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			got, err = do(ctx, tx, step.row, now.Add(time.Duration(i)*day))
			return err
		})
		wantEqual(t, step.what, got, step.want)
	}
}

func inventoryAccounts(t *testing.T, d *database) {
	account := func(title string, retired bool, organisations ...string) store.Account {
		return store.Account{ID: "acme", Title: title, Kind: "customer", Retired: retired, Organisations: organisations}
	}
	runUpserts(t, d, []upsert[store.Account]{
		{"new", account("Acme", false, "X26", "A1B", "X26"), store.Created},
		{"the same in another order", account("Acme", false, "A1B", "X26"), store.Unchanged},
		{"organisations not given", account("Acme", false), store.Unchanged},
		{"organisations changed", account("Acme", false, "RX1", "X26"), store.Updated},
		{"title changed", account("Acme Ltd", false), store.Updated},
		{"retired", account("Acme Ltd", true), store.Updated},
	}, func(ctx context.Context, tx *store.Tx, row store.Account, at time.Time) (store.Change, error) {
		return tx.UpsertAccount(ctx, row, at)
	})
	got := get(t, d, func(ctx context.Context, r *store.Reader) (store.Account, error) { return r.AccountByID(ctx, "acme") })
	want := account("Acme Ltd", true, "RX1", "X26")
	want.CreatedAt, want.UpdatedAt = store.Instant(now), store.Instant(now.Add(5*day))
	wantEqual(t, "account", got, want)

	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		none := account("Acme Ltd", true)
		none.Organisations = []string{}
		change, err := tx.UpsertAccount(ctx, none, now)
		wantEqual(t, "all unbound", change, store.Updated)
		return err
	})
	got = get(t, d, func(ctx context.Context, r *store.Reader) (store.Account, error) { return r.AccountByID(ctx, "acme") })
	wantEqual(t, "organisations", got.Organisations, []string(nil))
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		locked, err := tx.LockAccount(ctx, "acme")
		wantEqual(t, "the locked account", locked, got)
		if err != nil {
			return err
		}
		_, err = tx.LockAccount(ctx, "nobody")
		wantError(t, err, store.ErrNotFound)
		return nil
	})
}

func inventoryServices(t *testing.T, d *database) {
	d.seed(t)
	service := func(title, account string, retired bool) store.Service {
		return store.Service{Type: "vmware", ID: "vdc-1", Account: account, Zone: "south", Title: title, Retired: retired}
	}
	runUpserts(t, d, []upsert[store.Service]{
		{"new", service("", "acme", false), store.Created},
		{"the same", service("", "acme", false), store.Unchanged},
		{"with a title", service("Records", "acme", false), store.Updated},
		{"to another account", service("Records", "other", false), store.Updated},
		{"retired", service("Records", "other", true), store.Updated},
	}, func(ctx context.Context, tx *store.Tx, row store.Service, at time.Time) (store.Change, error) {
		return tx.UpsertService(ctx, row, at)
	})
	err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.UpsertService(ctx, service("", "nobody", false), now)
		return err
	})
	wantUnknown(t, err, `there is no account nobody`)

	want := service("Records", "other", true)
	want.CreatedAt, want.UpdatedAt = store.Instant(now), store.Instant(now.Add(4*day))
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		got, err := r.ServiceByKey(ctx, want.Key())
		wantEqual(t, "service", got, want)
		if err != nil {
			return err
		}
		for what, filter := range map[string]store.ServiceFilter{
			"acme-1 acme-2": {Account: "acme"},
			"acme-2":        {Account: "acme", Type: "cloud_project", ID: "acme-2"},
			"":              {Account: "acme", Type: "vmware"},
		} {
			wantEqual(t, "services", listServices(ctx, t, r, filter), what)
		}
		return nil
	})
}

// listServices lists with pages of one.
func listServices(ctx context.Context, t testing.TB, r *store.Reader, filter store.ServiceFilter) string {
	t.Helper()
	ids := ""
	for filter.Limit = 1; ; {
		page, err := r.Services(ctx, filter)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return ids
		}
		if ids != "" {
			ids += " "
		}
		ids += page[0].ID
		filter.After = pointer(page[0].Key())
	}
}

func wantUnknown(t testing.TB, err error, words string) {
	t.Helper()
	var unknown *store.UnknownReferenceError
	if !errors.As(err, &unknown) {
		t.Fatalf("error is %v, want an UnknownReferenceError", err)
	}
	wantEqual(t, "words", unknown.Error(), words)
}

func inventoryGateways(t *testing.T, d *database) {
	d.seed(t)
	gateway := func(service string, retired bool, networks ...string) store.Gateway {
		return store.Gateway{ID: "edge-1", ServiceType: "cloud_project", ServiceID: service, Networks: networks, Retired: retired}
	}
	runUpserts(t, d, []upsert[store.Gateway]{
		{"new", gateway("acme-1", false, "psn", "internet"), store.Created},
		{"the same in another order", gateway("acme-1", false, "internet", "psn", "psn"), store.Unchanged},
		{"other networks", gateway("acme-1", false), store.Updated},
		{"of another service", gateway("acme-2", false), store.Updated},
	}, func(ctx context.Context, tx *store.Tx, row store.Gateway, at time.Time) (store.Change, error) {
		return tx.UpsertGateway(ctx, row, at)
	})
	err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.UpsertGateway(ctx, gateway("nothing", false), now)
		return err
	})
	wantUnknown(t, err, `there is no service cloud_project nothing`)

	want := gateway("acme-2", false)
	want.Account, want.Zone = "acme", "north"
	want.CreatedAt, want.UpdatedAt = store.Instant(now), store.Instant(now.Add(3*day))
	list := func(filter store.GatewayFilter) string {
		filter.Account = "acme"
		ids := ""
		for filter.Limit = 1; ; {
			page := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Gateway, error) {
				return r.Gateways(ctx, filter)
			})
			if len(page) == 0 {
				return ids
			}
			ids += page[0].ID + " "
			filter.After = page[0].ID
		}
	}
	got := get(t, d, func(ctx context.Context, r *store.Reader) (store.Gateway, error) { return r.GatewayByID(ctx, "edge-1") })
	wantEqual(t, "gateway", got, want)
	wantEqual(t, "all", list(store.GatewayFilter{}), "edge-1 gw-acme-1 gw-acme-2 ")
	wantEqual(t, "by id", list(store.GatewayFilter{ID: "gw-acme-1"}), "gw-acme-1 ")
	wantEqual(t, "by service", list(store.GatewayFilter{ServiceType: "cloud_project", ServiceID: "acme-2"}), "edge-1 gw-acme-2 ")
	wantEqual(t, "another's", list(store.GatewayFilter{ID: "gw-other-1"}), "")

	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.UpsertGateway(ctx, gateway("acme-2", true), now); err != nil {
			return err
		}
		s := store.Service{Type: "cloud_project", ID: "acme-1", Account: "acme", Zone: "north", Retired: true}
		_, err := tx.UpsertService(ctx, s, now)
		return err
	})
	wantEqual(t, "with what is retired", list(store.GatewayFilter{}), "gw-acme-2 ")
}

func inventoryGatewaysBeside(t *testing.T, d *database) {
	d.seed(t)
	gateway := func(id, service string, behind ...string) store.Gateway {
		return store.Gateway{ID: id, ServiceType: "cloud_project", ServiceID: service, InternalNetworks: behind}
	}
	retired := gateway("retired", "acme-1", "net-1")
	retired.Retired = true
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		for _, row := range []store.Gateway{
			gateway("plain", "acme-1"), gateway("known", "acme-2", "net-2", "net-1", "net-1"), gateway("other", "other-1", "net-1"), retired,
		} {
			if _, err := tx.UpsertGateway(ctx, row, now); err != nil {
				return err
			}
		}
		change, err := tx.UpsertGateway(ctx, gateway("known", "acme-2", "net-1", "net-2"), now)
		wantEqual(t, "the same networks in another order", change, store.Unchanged)
		return err
	})
	beside := func(ids, networks []string) (found []string) {
		for _, row := range get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Gateway, error) {
			return r.GatewaysBeside(ctx, "acme", ids, networks)
		}) {
			found = append(found, row.ID)
			wantEqual(t, "account", row.Account, "acme")
		}
		return found
	}
	named := []string{"plain", "other", "nothing", "retired"}
	wantEqual(t, "those named", beside(named, nil), []string{"plain"})
	wantEqual(t, "those that have a network behind them", beside(nil, []string{"net-1", "net-9"}), []string{"known"})
	wantEqual(t, "both", beside(named, []string{"net-1"}), []string{"known", "plain"})
	wantEqual(t, "neither", beside(nil, nil), []string(nil))
	got := get(t, d, func(ctx context.Context, r *store.Reader) (store.Gateway, error) { return r.GatewayByID(ctx, "known") })
	wantEqual(t, "networks behind", got.InternalNetworks, []string{"net-1", "net-2"})
}

func inventoryOrganisations(t *testing.T, d *database) {
	lookedUp := now.UTC()
	record := func(title string) *api.DirectoryRecord {
		return &api.DirectoryRecord{LookedUpAt: lookedUp, LookedUpBy: pointer("carol"), Found: true, Title: &title}
	}
	dspt := &api.DSPTRecord{LookedUpAt: lookedUp, Found: false}
	runUpserts(t, d, []upsert[store.Organisation]{
		{"new", store.Organisation{ODSCode: "X26", Directory: record("NHS England")}, store.Created},
		{"the same", store.Organisation{ODSCode: "X26", Directory: record("NHS England")}, store.Unchanged},
		{"nothing", store.Organisation{ODSCode: "X26"}, store.Unchanged},
		{"another fact", store.Organisation{ODSCode: "X26", DSPT: dspt}, store.Updated},
		{"another title", store.Organisation{ODSCode: "X26", Directory: record("NHSE")}, store.Updated},
		{"another organisation", store.Organisation{ODSCode: "A1B"}, store.Created},
	}, func(ctx context.Context, tx *store.Tx, row store.Organisation, at time.Time) (store.Change, error) {
		return tx.UpsertOrganisation(ctx, row, at)
	})
	got := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Organisation, error) {
		return r.OrganisationsByCode(ctx, []string{"X26", "A1B", "ZZZ"})
	})
	wantEqual(t, "organisations", got, []store.Organisation{
		{ODSCode: "A1B", CreatedAt: store.Instant(now.Add(5 * day)), UpdatedAt: store.Instant(now.Add(5 * day))},
		{
			ODSCode: "X26", Directory: record("NHSE"), DSPT: dspt, TitleKey: "nhse",
			CreatedAt: store.Instant(now), UpdatedAt: store.Instant(now.Add(4 * day)),
		},
	})
	none := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Organisation, error) {
		return r.OrganisationsByCode(ctx, nil)
	})
	wantEqual(t, "no organisations", len(none), 0)
}
