package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// newEdge is an edge attachment of the connection on a gateway that is nobody's but its own.
func newEdge(parent store.Connection, name string) store.EdgeAttachment {
	uid := uuid.NewString()
	return store.EdgeAttachment{
		Standing: store.Standing{
			UID: uid, Account: parent.Account, Name: name, Zone: "north",
			Progress: store.Progress{State: hscn.StatePendingConnection, StateSince: now}, Revision: 1,
			CreatedAt: now, CreatedBy: "anne", UpdatedAt: now, UpdatedBy: "anne",
			CreateKeySHA256: store.KeySHA256("key of " + uid), PolicyVersion: 1,
		},
		ConnectionUID: parent.UID, ConnectionName: parent.Name, GatewayID: "gateway-of-" + uid, IncludedAddress: "192.0.2.1",
	}
}

func (d *database) insertEdges(t testing.TB, rows ...*store.EdgeAttachment) {
	t.Helper()
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		for _, row := range rows {
			if err := tx.InsertEdgeAttachment(ctx, row); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *database) edge(t testing.TB, uid string) store.EdgeAttachment {
	t.Helper()
	return get(t, d, func(ctx context.Context, r *store.Reader) (store.EdgeAttachment, error) {
		return r.EdgeAttachmentByUID(ctx, uid)
	})
}

// withParents makes the connections of these names for "acme".
func (d *database) withParents(t testing.TB, names ...string) []store.Connection {
	t.Helper()
	d.seed(t)
	parents := make([]store.Connection, len(names))
	for i, name := range names {
		parents[i] = newConnection("acme", name)
		d.insertConnections(t, &parents[i])
	}
	return parents
}

func edgeNames(rows []store.EdgeAttachment) []string {
	var names []string
	for _, row := range rows {
		names = append(names, row.ConnectionName+"/"+row.Name)
	}
	return names
}

func edgeRoundTrip(t *testing.T, d *database) {
	parent := d.withParents(t, "records")[0]
	bare := newEdge(parent, "bare")
	bare.GatewayID, bare.IncludedAddress = "", ""
	full := newEdge(parent, "full")
	full.StateReason = "its connection's"
	full.Passed = []hscn.State{hscn.StatePendingVerification}
	full.Former = &store.Former{State: hscn.StateAwaitingFulfilment, Reason: "its turn comes"}
	full.Spec = api.EdgeAttachmentSpec{
		GatewayID: pointer("gw"), Fulfilment: pointer(api.Fulfilment("customer")),
		Networks: map[string]api.Network{"web": {Cidr: "10.0.0.0/24", DNSServers: []string{"10.0.0.2", "10.0.0.1"}}},
	}
	full.PendingChange = api.MergePatch{"bridging_controls": "it's a \"firewall\""}
	full.Findings = []api.Finding{{Rule: "edge.gateway-unknown", Severity: "error", Owner: "csp"}}
	full.AssuredAt, full.EnablementDueAt, full.EnabledAt = pointer(now), pointer(now.Add(day)), pointer(now.Add(2*day))

	for _, row := range []store.EdgeAttachment{bare, full} {
		d.insertEdges(t, &row)
		wantEqual(t, "as it was inserted", d.edge(t, row.UID), row)
		row.State, row.StateSince = hscn.StateCeasing, now.Add(day)
		row.Passed, row.Former, row.PendingChange, row.Findings, row.EnabledAt = nil, nil, nil, nil, nil
		d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateEdgeAttachment(ctx, &row) })
		got := d.edge(t, row.UID)
		wantEqual(t, "as it was updated", got, row)
		if got.Version != 2 || got.Holds {
			t.Errorf("version %d, holds %t; want 2, false", got.Version, got.Holds)
		}
	}
}

func edgeHoldsAreUnique(t *testing.T, d *database) {
	parents := d.withParents(t, "one", "two")
	first := newEdge(parents[0], "web")
	d.insertEdges(t, &first)
	sameName := newEdge(parents[0], "web")
	sameGateway := newEdge(parents[1], "web")
	sameGateway.GatewayID = first.GatewayID
	for what, row := range map[string]store.EdgeAttachment{"name": sameName, "gateway": sameGateway} {
		err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
			return tx.InsertEdgeAttachment(ctx, &row)
		})
		if err == nil {
			t.Fatalf("two edge attachments hold one %s", what)
		}
		wantError(t, err, store.ErrConflict)
	}
	unknownGateway, unknownToo := newEdge(parents[0], "later"), newEdge(parents[1], "later")
	unknownGateway.GatewayID, unknownToo.GatewayID = "", ""
	d.insertEdges(t, &unknownGateway, &unknownToo)

	first.State = hscn.StateRefused
	d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateEdgeAttachment(ctx, &first) })
	next := newEdge(parents[0], "web")
	next.GatewayID = first.GatewayID
	d.insertEdges(t, &next)
}

func edgeListing(t *testing.T, d *database) {
	parents := d.withParents(t, "ab", "a-c")
	for _, name := range []string{"web", "we-b", "web2"} {
		for _, parent := range parents {
			row := newEdge(parent, name)
			d.insertEdges(t, &row)
		}
	}
	refused, old, ceased := newEdge(parents[0], "web"), newEdge(parents[0], "old"), newEdge(parents[0], "ceased")
	refused.State, old.State, ceased.State = hscn.StateRefused, hscn.StateRefused, hscn.StateCeased
	old.StateSince = now.Add(-91 * day)
	d.insertEdges(t, &refused, &old, &ceased)

	for connection, want := range map[string][]string{
		"":    {"a-c/we-b", "a-c/web", "a-c/web2", "ab/we-b", "ab/web", "ab/web", "ab/web2"},
		"a-c": {"a-c/we-b", "a-c/web", "a-c/web2"},
	} {
		for _, limit := range []int{1, 2, 100} {
			var rows []store.EdgeAttachment
			var after *store.NameKey
			for {
				page := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.EdgeAttachment, error) {
					return r.EdgeAttachments(ctx, store.EdgeAttachmentFilter{
						Account: "acme", Connection: connection, RefusedSince: now.Add(-90 * day), After: after, Limit: limit,
					})
				})
				rows = append(rows, page...)
				if len(page) < limit {
					break
				}
				last := page[len(page)-1]
				after = &store.NameKey{Connection: last.ConnectionName, Name: last.Name, UID: last.UID}
			}
			wantEqual(t, "names", edgeNames(rows), want)
		}
	}
	foreign := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.EdgeAttachment, error) {
		return r.EdgeAttachments(ctx, store.EdgeAttachmentFilter{Account: "other", Limit: 100})
	})
	wantEqual(t, "another account's listing", edgeNames(foreign), []string(nil))
}

func edgeStale(t *testing.T, d *database) {
	parent := d.withParents(t, "records")[0]
	row := newEdge(parent, "web")
	d.insertEdges(t, &row)
	stale := row
	d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateEdgeAttachment(ctx, &row) })
	err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		return tx.UpdateEdgeAttachment(ctx, &stale)
	})
	wantError(t, err, store.ErrStale)
}

func edgeQueries(t *testing.T, d *database) {
	parent := d.withParents(t, "records")[0]
	web, front, refused := newEdge(parent, "web"), newEdge(parent, "front"), newEdge(parent, "refused")
	ceasing, ceased := newEdge(parent, "ceasing"), newEdge(parent, "ceased")
	refused.State, refused.StateSince = hscn.StateRefused, now.Add(time.Minute)
	web.State, ceasing.State, ceased.State = hscn.StateActive, hscn.StateCeasing, hscn.StateCeased
	d.insertEdges(t, &web, &front, &refused, &ceasing, &ceased)
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		rows, err := r.EdgeAttachmentsOf(ctx, parent.UID)
		wantEqual(t, "of a connection", edgeNames(rows), []string{"records/front", "records/web"})
		if err != nil {
			return err
		}
		rows, err = r.EdgeAttachmentsStanding(ctx, parent.UID)
		wantEqual(t, "that stand", edgeNames(rows), []string{"records/front", "records/web", "records/ceasing"})
		if err != nil {
			return err
		}
		row, err := r.EdgeAttachmentByName(ctx, parent.UID, "web")
		wantEqual(t, "by name", row.UID, web.UID)
		if err != nil {
			return err
		}
		row, err = r.EdgeAttachmentOfGateway(ctx, front.GatewayID)
		wantEqual(t, "of a gateway", row.UID, front.UID)
		if err != nil {
			return err
		}
		holders, err := r.GatewayHolders(ctx, "acme", []string{web.GatewayID, refused.GatewayID, "unknown"})
		wantEqual(t, "holders", holders, map[string]string{web.GatewayID: "connections/records/edge-attachments/web"})
		if err != nil {
			return err
		}
		holders, err = r.GatewayHolders(ctx, "other", []string{web.GatewayID})
		wantEqual(t, "another account's holders", holders, map[string]string{})
		if err != nil {
			return err
		}

		_, err = r.EdgeAttachmentByName(ctx, parent.UID, "refused")
		wantError(t, err, store.ErrNotFound)
		_, err = r.EdgeAttachmentByName(ctx, uuid.NewString(), "web")
		wantError(t, err, store.ErrNotFound)
		_, err = r.EdgeAttachmentOfGateway(ctx, refused.GatewayID)
		wantError(t, err, store.ErrNotFound)
		_, err = r.EdgeAttachmentByUID(ctx, uuid.NewString())
		wantError(t, err, store.ErrNotFound)
		return nil
	})
}

func edgesBeside(t *testing.T, d *database) {
	parents := d.withParents(t, "imaging", "records")
	elsewhere := newConnection("other", "records")
	d.insertConnections(t, &elsewhere)
	networks := func(id string) map[string]api.Network {
		return map[string]api.Network{"web": {Cidr: "10.0.0.0/24", ID: &id}, "bare": {Cidr: "10.0.1.0/24"}}
	}
	sibling, far, behind := newEdge(parents[1], "app"), newEdge(parents[0], "far"), newEdge(parents[0], "behind")
	far.Spec.Networks, behind.Spec.Networks = networks("net-2"), networks(`net <"1">`)
	holder, waits := newEdge(parents[0], "holder"), newEdge(parents[0], "waits")
	holder.GatewayID = "gateway"
	waits.GatewayID, waits.Spec.GatewayID, waits.State = "", pointer("gateway"), hscn.StatePendingVerification
	refused, foreign := newEdge(parents[1], "refused"), newEdge(elsewhere, "foreign")
	refused.State, foreign.Spec.Networks = hscn.StateRefused, networks(`net <"1">`)
	d.insertEdges(t, &sibling, &far, &behind, &holder, &waits, &refused, &foreign)
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		for _, c := range []struct {
			beside store.Beside
			want   []string
		}{
			{store.Beside{Account: "acme", ConnectionUID: parents[1].UID}, []string{"records/app"}},
			{store.Beside{Account: "acme", GatewayID: "gateway"}, []string{"imaging/holder", "imaging/waits"}},
			{store.Beside{Account: "acme", NetworkIDs: []string{`net <"1">`, "net-3"}}, []string{"imaging/behind"}},
			{
				store.Beside{Account: "acme", ConnectionUID: parents[1].UID, GatewayID: "gateway", NetworkIDs: []string{`net <"1">`}},
				[]string{"imaging/behind", "imaging/holder", "imaging/waits", "records/app"},
			},
			{store.Beside{Account: "acme"}, nil},
		} {
			rows, err := r.EdgeAttachmentsBeside(ctx, c.beside)
			wantEqual(t, "beside", edgeNames(rows), c.want)
			if err != nil {
				return err
			}
		}
		rows, err := r.EdgeAttachmentsInState(ctx, []hscn.State{hscn.StatePendingVerification, hscn.StateRefused})
		wantEqual(t, "in a state", edgeNames(rows), []string{"imaging/waits", "records/refused"})
		if err != nil {
			return err
		}
		rows, err = r.EdgeAttachmentsInState(ctx, nil)
		wantEqual(t, "in no state", edgeNames(rows), []string(nil))
		return err
	})
}
