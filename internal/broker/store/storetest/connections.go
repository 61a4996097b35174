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

// newConnection is a connection of the account that waits for evidence, on a service that is nobody's but its own.
func newConnection(account, name string) store.Connection {
	uid := uuid.NewString()
	return store.Connection{
		Standing: store.Standing{
			UID: uid, Account: account, Name: name, Zone: "north",
			Progress: store.Progress{State: hscn.StatePendingEvidence, StateReason: "waits for the register", StateSince: now}, Revision: 1,
			CreatedAt: now, CreatedBy: "anne", UpdatedAt: now, UpdatedBy: "anne",
			CreateKeySHA256: store.KeySHA256("key of " + uid), PolicyVersion: 1,
		},
		ODSCode: "X26", ServiceType: "cloud_project", ServiceID: "service-of-" + uid, Access: hscn.AccessSharedLink,
		Spec: api.ConnectionSpec{OdsCode: "x26"}, CommitmentMonths: 1,
	}
}

func (d *database) insertConnections(t testing.TB, rows ...*store.Connection) {
	t.Helper()
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		for _, row := range rows {
			if err := tx.InsertConnection(ctx, row); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *database) updateConnection(t testing.TB, row *store.Connection) {
	t.Helper()
	d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateConnection(ctx, row) })
}

func (d *database) connection(t testing.TB, uid string) store.Connection {
	t.Helper()
	return get(t, d, func(ctx context.Context, r *store.Reader) (store.Connection, error) {
		return r.ConnectionByUID(ctx, uid)
	})
}

func pointer[T any](value T) *T { return &value }

func connectionRoundTrip(t *testing.T, d *database) {
	d.seed(t)
	bare := newConnection("acme", "bare")
	bare.StateReason = ""

	full := newConnection("acme", "full")
	full.Access = hscn.AccessDedicatedCircuit
	full.StateReason = `it's "quoted", 50% done? \ ` + "über\nlines"
	full.Passed = []hscn.State{hscn.StatePendingVerification, hscn.StatePendingApproval}
	full.Former = &store.Former{State: hscn.StateActive}
	full.Spec = api.ConnectionSpec{
		OdsCode: " x26 ", Service: api.ServiceReference{Type: "cloud_project", ID: "a'b?"},
		Agreement: api.Agreement{Basis: "connection_agreement"},
		Profile: api.Profile{
			BusinessSponsor: api.BusinessSponsor{Name: `O'Neill "Q" \' ?`, Email: "o@example.org"},
			SecurityLead:    api.SecurityLead{Name: "S", Email: "s@example.org", Phone: pointer("+44 1")},
		},
		Circuits:           map[string]api.Circuit{"main": {BandwidthMbps: pointer(int64(1_000_000_000_000))}},
		ActivateAt:         pointer(now.UTC().Add(day)),
		DeletionProtection: pointer(false),
	}
	full.PendingChange = api.MergePatch{"purchase_order": nil, "profile": map[string]any{"handles_patient_data": true}}
	full.Findings = []api.Finding{{
		Rule: "dspt.not-met", Severity: "warning", Title: "t", Detail: "d", Remedy: "r", Owner: "customer",
		Retryable: pointer(true),
	}}
	full.Revision = 7
	full.AssuredAt, full.EnablementDueAt = pointer(now), pointer(now.Add(time.Microsecond))
	full.EnabledAt = pointer(now.Add(999 * time.Nanosecond))
	full.CommitmentEndsOn, full.AgreementValidatedOn, full.RevalidateOn = "2026-12-02", "2026-11-02", "2027-11-02"

	for _, row := range []store.Connection{bare, full} {
		d.insertConnections(t, &row)
		got := d.connection(t, row.UID)
		wantEqual(t, "as it was inserted", got, row)
		for what, at := range map[string]time.Time{"created_at": got.CreatedAt, "state_since": got.StateSince} {
			if !at.Equal(now) || at.Location() != time.UTC {
				t.Errorf("%s is %v, want %v in UTC", what, at, now)
			}
		}

		row.State, row.StateSince, row.UpdatedBy = hscn.StateRefused, now.Add(day), "bob"
		row.Passed, row.Former, row.PendingChange, row.Findings, row.EnabledAt = nil, nil, nil, nil, nil
		d.updateConnection(t, &row)
		got = d.connection(t, row.UID)
		wantEqual(t, "as it was updated", got, row)
		if got.Version != 2 || got.Holds {
			t.Errorf("version %d, holds %t; want 2, false", got.Version, got.Holds)
		}
	}
}

func connectionHoldsAreUnique(t *testing.T, d *database) {
	d.seed(t)
	first := newConnection("acme", "records")
	d.insertConnections(t, &first)
	if !first.Holds || first.Version != 1 {
		t.Errorf("holds %t, version %d; want true, 1", first.Holds, first.Version)
	}

	sameName := newConnection("acme", "records")
	sameService := newConnection("other", "records")
	sameService.ServiceID = first.ServiceID
	for what, row := range map[string]store.Connection{"name": sameName, "service": sameService} {
		err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertConnection(ctx, &row)
		})
		if err == nil {
			t.Fatalf("two connections hold one %s", what)
		}
		wantError(t, err, store.ErrConflict)
	}

	otherAccess := newConnection("acme", "circuit")
	otherAccess.ServiceID, otherAccess.Access = first.ServiceID, hscn.AccessDedicatedCircuit
	otherAccount := newConnection("other", "records")
	d.insertConnections(t, &otherAccess, &otherAccount)

	// What stops to hold gives its name and its service free, whichever way it went.
	for _, state := range []hscn.State{hscn.StateRefused, hscn.StateCeasing, hscn.StateCeased} {
		first.State = state
		d.updateConnection(t, &first)
		next := newConnection("acme", "records")
		next.ServiceID = first.ServiceID
		d.insertConnections(t, &next)
		first = next
	}
}

func connectionListing(t *testing.T, d *database) {
	d.seed(t)
	refused := func(name string, at time.Time) *store.Connection {
		row := newConnection("acme", name)
		row.State, row.StateSince = hscn.StateRefused, at
		return &row
	}
	// Byte by byte "-" comes before digits, and digits before letters; a dictionary thinks otherwise.
	live := make([]*store.Connection, 0, 4)
	for _, name := range []string{"ab", "a-c", "a1", "abc"} {
		row := newConnection("acme", name)
		live = append(live, &row)
	}
	d.insertConnections(t, live...)
	d.insertConnections(t, refused("ab", now), refused("ab", now.Add(-day)), refused("gone", now.Add(-91*day)))
	ceased := newConnection("acme", "ceased")
	ceased.State = hscn.StateCeased
	foreign := newConnection("other", "aaa")
	d.insertConnections(t, &ceased, &foreign)

	for _, limit := range []int{1, 2, 3, 100} {
		var names []string
		var seen []string
		var after *store.NameKey
		for {
			page := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Connection, error) {
				return r.Connections(ctx, store.ConnectionFilter{
					Account: "acme", RefusedSince: now.Add(-90 * day), After: after, Limit: limit,
				})
			})
			for _, row := range page {
				names, seen = append(names, row.Name), append(seen, row.UID)
			}
			if len(page) < limit {
				break
			}
			last := page[len(page)-1]
			after = &store.NameKey{Name: last.Name, UID: last.UID}
		}
		wantEqual(t, "names", names, []string{"a-c", "a1", "ab", "ab", "ab", "abc"})
		slices.Sort(seen)
		if len(slices.Compact(seen)) != len(names) {
			t.Errorf("pages of %d repeat a row", limit)
		}
	}
}

func connectionListingOfAll(t *testing.T, d *database) {
	d.seed(t)
	rows := []store.Connection{newConnection("other", "records"), newConnection("acme", "web"), newConnection("acme", "records")}
	for i := range rows {
		d.insertConnections(t, &rows[i])
	}
	list := func(filter store.ConnectionFilter) (names []string) {
		for filter.Limit = 1; ; {
			page := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Connection, error) {
				return r.Connections(ctx, filter)
			})
			if len(page) == 0 {
				return names
			}
			names = append(names, page[0].Account+"/"+page[0].Name)
			filter.After = &store.NameKey{Account: page[0].Account, Name: page[0].Name, UID: page[0].UID}
		}
	}
	wantEqual(t, "all", list(store.ConnectionFilter{}), []string{"acme/records", "acme/web", "other/records"})
	wantEqual(t, "of a name", list(store.ConnectionFilter{Name: "records"}), []string{"acme/records", "other/records"})
	wantEqual(t, "of an account and a name", list(store.ConnectionFilter{Account: "other", Name: "records"}), []string{"other/records"})
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		found, err := r.ConnectionsByUID(ctx, []string{rows[0].UID, rows[1].UID, uuid.NewString()})
		wantEqual(t, "by uid", found, map[string]store.Connection{rows[0].UID: rows[0], rows[1].UID: rows[1]})
		if err != nil {
			return err
		}
		found, err = r.ConnectionsByUID(ctx, nil)
		wantEqual(t, "by no uid", found, map[string]store.Connection{})
		return err
	})
}

func connectionStale(t *testing.T, d *database) {
	d.seed(t)
	row := newConnection("acme", "records")
	d.insertConnections(t, &row)
	stale := row
	row.UpdatedBy = "bob"
	d.updateConnection(t, &row)
	stale.UpdatedBy = "carol"
	err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		return tx.UpdateConnection(ctx, &stale)
	})
	wantError(t, err, store.ErrStale)
	wantEqual(t, "updated by", d.connection(t, row.UID).UpdatedBy, "bob")
}

func connectionsByServiceAndState(t *testing.T, d *database) {
	d.seed(t)
	shared := newConnection("acme", "shared")
	circuit := newConnection("acme", "circuit")
	circuit.ServiceID, circuit.Access, circuit.CreatedAt = shared.ServiceID, hscn.AccessDedicatedCircuit, now.Add(-day)
	active := newConnection("acme", "active")
	active.State, active.ODSCode = hscn.StateActive, "RX1"
	refused := newConnection("acme", "refused")
	refused.State = hscn.StateRefused
	foreign := newConnection("other", "foreign")
	d.insertConnections(t, &shared, &circuit, &active, &refused, &foreign)

	names := func(rows []store.Connection) []string {
		var names []string
		for _, row := range rows {
			names = append(names, row.Name)
		}
		return names
	}
	service := store.ServiceKey{Type: "cloud_project", ID: shared.ServiceID}
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		rows, err := r.ConnectionsOfService(ctx, service)
		wantEqual(t, "of a service", names(rows), []string{"circuit", "shared"})
		if err != nil {
			return err
		}
		holders, err := r.ServiceHolders(ctx, "acme", []store.ServiceKey{
			service,
			{Type: "other_type", ID: active.ServiceID},
			{Type: "cloud_project", ID: active.ServiceID},
			{Type: "cloud_project", ID: refused.ServiceID},
			{Type: "cloud_project", ID: foreign.ServiceID},
		})
		wantEqual(t, "holders", holders, map[store.ServiceKey]string{
			service: "circuit", {Type: "cloud_project", ID: active.ServiceID}: "active",
		})
		if err != nil {
			return err
		}
		waiting := []hscn.State{hscn.StatePendingEvidence, hscn.StateActive}
		rows, err = r.ConnectionsInState(ctx, waiting)
		wantEqual(t, "in a state", names(rows), []string{"active", "circuit", "shared", "foreign"})
		if err != nil {
			return err
		}
		rows, err = r.ConnectionsInState(ctx, nil)
		wantEqual(t, "in no state", names(rows), []string(nil))
		if err != nil {
			return err
		}
		holders, err = r.ServiceHolders(ctx, "acme", nil)
		wantEqual(t, "holders of nothing", holders, map[store.ServiceKey]string{})
		return err
	})
}

func connectionNotFound(t *testing.T, d *database) {
	d.seed(t)
	ceased := newConnection("acme", "ceased")
	ceased.State = hscn.StateCeased
	d.insertConnections(t, &ceased)
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		for _, name := range []string{"ceased", "nothing"} {
			_, err := r.ConnectionByName(ctx, "acme", name)
			wantError(t, err, store.ErrNotFound)
		}
		_, err := r.ConnectionByName(ctx, "other", "ceased")
		wantError(t, err, store.ErrNotFound)
		_, err = r.ConnectionByUID(ctx, uuid.NewString())
		wantError(t, err, store.ErrNotFound)
		_, err = r.ConnectionByUID(ctx, ceased.UID)
		return err
	})
}
