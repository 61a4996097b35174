package orders_test

import (
	"context"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// Nothing of a change goes on while the HSCN Authority keeps its object from carrying anything.
func TestChangeOfWhatIsRestricted(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		ctx := context.Background()
		c := b.activeConnection()
		e := b.activeEdge()
		b.changed(c.UID, toUnknown)
		b.changedEdge(e.UID, toCustomer)
		waited := b.connection(c.UID)
		restricted := b.act(restrict, c.UID)
		assertEqual(t, "pending change", asText(restricted.PendingChange), `{"ods_code":"D3E4F"}`)
		assertContains(t, "reason", *restricted.StateReason, "HSCN Authority")
		b.load(organisations(organisation("D3E4F", monday)))
		b.jobs()
		for uid, state := range map[string]string{c.UID: "pending_evidence", e.UID: "provisioning"} {
			order := b.orderOf(uid)
			assertEqual(t, "state of the change", order.State, state)
			assertContains(t, "steps", order.Steps[0], "Do nothing while", "is restricted")
			if order.DueAt != nil {
				t.Errorf("the order is due at %v while nothing can be done about it", order.DueAt)
			}
			_, err := b.ApproveOrder(ctx, b.bob(), order.ID, "")
			assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "is restricted, and nothing of a change goes on")
		}
		// Less is never held up, and what waits can be taken back.
		corrected := b.changed(c.UID, api.MergePatch{"purchase_order": "PO-1"})
		assertEqual(t, "purchase order", *corrected.PurchaseOrder, "PO-1")
		if due := b.orderOf(c.UID).DueAt; due != nil {
			t.Errorf("the order is due at %v while nothing can be done about it", due)
		}

		lifted := b.act(lift, c.UID)
		assertEqual(t, "reason", *lifted.StateReason, *waited.StateReason)
		if b.orderOf(e.UID).DueAt == nil {
			t.Error("the change of the edge attachment is due at no time")
		}
		b.jobs()
		assertEqual(t, "code", b.unpending(c.UID, "active").OdsCode, "D3E4F")
		assertEqual(t, "state of the change", b.orderOf(e.UID).State, "awaiting_fulfilment")

		// A refusal is kept for when it is lifted.
		b.act(restrict, c.UID)
		if _, err := b.RefuseOrder(ctx, b.bob(), b.orderOf(e.UID).ID, "Not now."); err != nil {
			t.Fatal(err)
		}
		assertContains(t, "reason", *b.edge(e.UID).StateReason, "Stopped with connections/records")
		b.act(lift, c.UID)
		assertContains(t, "reason", *b.edge(e.UID).StateReason, "A change of fulfilment is not made.", "Not now.")
	})
}

// What is given up, or terminated, is not changed any more.
func TestChangeOfWhatEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(b *bundle, c api.Connection, e api.EdgeAttachment) error{
		"terminated": func(b *bundle, c api.Connection, _ api.EdgeAttachment) error {
			_, err := b.TerminateConnection(context.Background(), b.bob(), c.UID, decision)
			return err
		},
		"given up": func(b *bundle, c api.Connection, e api.EdgeAttachment) error {
			_, err := b.DeleteEdgeAttachment(context.Background(), b.acme(), "records", "web", e.UID)
			if err == nil {
				_, err = b.DeleteConnection(context.Background(), b.acme(), "records", c.UID)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url)
				c := b.activeConnection()
				e := b.activeEdge()
				b.changed(c.UID, toDedicated)
				b.changedEdge(e.UID, toCustomer)
				changes := []int64{b.orderOf(c.UID).ID, b.orderOf(e.UID).ID}
				if err := end(b, c, e); err != nil {
					t.Fatal(err)
				}
				b.jobs()
				for _, id := range changes {
					order, err := b.Order(context.Background(), id)
					if err != nil {
						t.Fatal(err)
					}
					assertEqual(t, "kind", order.Kind, string(store.OrderChange))
					assertEqual(t, "state of the change", order.State, "ceased")
					assertEqual(t, "the order is open", order.Open, false)
				}
				if c, e := b.connection(c.UID), b.edge(e.UID); c.PendingChange != nil || e.PendingChange != nil {
					t.Errorf("there is still a change: %v, %v", c.PendingChange, e.PendingChange)
				}
			})
		})
	}
}

// A connection that is to be reached in another way keeps its place until then, and has the other one.
func TestPendingAccessHoldsBothPlaces(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		ctx := context.Background()
		c := b.activeConnection()
		b.changed(c.UID, toDedicated)
		b.jobs()
		for _, access := range []api.Access{api.SharedLink, api.DedicatedCircuit} {
			spec := connectionSpec("A1B2C", "project-1")
			spec.Access = &access
			_, err := b.CreateConnection(ctx, b.acme(), "second", spec, true)
			p := b.asProblem(err, problem.PreconditionsFailed)
			if p.Findings[len(p.Findings)-1].Rule != "service.already-connected" {
				t.Errorf("by %s: %v", access, rulesOf(p.Findings))
			}
		}
		b.done(c.UID)
		b.connect("second", "A1B2C", "project-1")
		// The place that it left is taken, so that it cannot go back.
		_, err := b.update(b.connection(c.UID), api.MergePatch{"access": "shared_link", "circuits": nil})
		p := b.asProblem(err, problem.PreconditionsFailed)
		assertSlice(t, "findings", rulesOf(p.Findings), []string{"error service.already-connected"})
	})
}

// The dry run of a change is about what was asked for last.
func TestPreconditionsOfAChange(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.activeConnection()
		e := b.activeEdge()
		b.changed(c.UID, toDedicated)
		b.changedEdge(e.UID, toCustomer)
		before := b.connection(c.UID).Version
		ask := func(access api.Access, fulfilment api.Fulfilment, circuits map[string]api.Circuit) []string {
			spec, edge := connectionSpec("A1B2C", "project-1"), edgeSpec("gateway-1")
			spec.Access, edge.Fulfilment, spec.Circuits = &access, &fulfilment, circuits
			verdict, err := b.CheckPreconditions(context.Background(), customer("acme"), api.IntendedEstate{
				Connections: map[string]api.IntendedConnection{"records": {Spec: spec, EdgeAttachments: map[string]api.EdgeAttachmentSpec{"web": edge}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, o := range verdict.Objects {
				said = append(said, o.Operation+" "+*o.State)
			}
			return said
		}
		asked := map[string]api.Circuit{"line": {CnSp: ptr("Example Net")}}
		assertSlice(t, "what was asked for", ask(api.DedicatedCircuit, api.FulfilmentCustomer, asked), []string{"none active", "none active"})
		assertSlice(t, "what is confirmed", ask(api.SharedLink, api.FulfilmentCsp, nil), []string{"update active", "update active"})
		assertEqual(t, "version", b.connection(c.UID).Version, before)
	})
}
