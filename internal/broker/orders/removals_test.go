package orders_test

import (
	"context"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

func TestDeleteConnection(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		policy  []func(*api.Policy)
		code    string
		until   func(b *bundle, uid string)
		ceasing bool
	}{
		"pending_evidence": {code: "D3E4F"},
		"pending_approval": {code: "A1B2C", policy: []func(*api.Policy){withApproval}},
		"provisioning":     {code: "A1B2C"},
		"awaiting_fulfilment": {
			code: "A1B2C", until: func(b *bundle, _ string) { b.jobs() }, ceasing: true,
		},
		"failed": {code: "A1B2C", until: func(b *bundle, uid string) {
			b.jobs()
			if _, err := b.FailOrder(context.Background(), b.alice(), b.orderOf(uid).ID, "no"); err != nil {
				b.Fatal(err)
			}
		}, ceasing: true},
		"active": {code: "A1B2C", until: func(b *bundle, uid string) { b.jobs(); b.done(uid) }, ceasing: true},
	}
	for state, c := range cases {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			on(t, func(t *testing.T, url string) {
				b := setup(t, url, c.policy...)
				conn := b.connect("records", c.code, "project-1")
				if c.until != nil {
					c.until(b, conn.UID)
				}
				assertEqual(t, "state", b.connection(conn.UID).State, state)
				_, err := b.DeleteConnection(context.Background(), b.acme(), "records", "another-uid")
				b.refused(err, problem.ObjectGone)

				write := b.acme()
				gone, err := b.DeleteConnection(context.Background(), write, "records", conn.UID)
				if err != nil {
					t.Fatal(err)
				}
				want := "ceased"
				if c.ceasing {
					want = "ceasing"
				}
				assertEqual(t, "state", gone.State, want)
				_, err = b.Connection(context.Background(), customer("acme"), "records")
				b.refused(err, problem.ObjectGone)
				if again, err := b.DeleteConnection(context.Background(), write, "records", conn.UID); err != nil || again.UID != conn.UID {
					t.Errorf("the repetition is answered by %+v, %v", again, err)
				}
				_, err = b.DeleteConnection(context.Background(), b.acme(), "records", conn.UID)
				b.refused(err, problem.ObjectGone)
				b.connect("records", "A1B2C", "project-1") // name and service are free

				open, err := b.Orders(context.Background(), api.ListOrdersParams{})
				if err != nil {
					t.Fatal(err)
				}
				var removals int
				for _, o := range open.Items {
					if o.ObjectUID == conn.UID {
						removals++
						assertEqual(t, "kind", o.Kind, "remove")
						assertEqual(t, "waits for", *o.WaitsFor, "removal")
					}
				}
				if !c.ceasing {
					assertEqual(t, "open orders", removals, 0)
					return
				}
				assertEqual(t, "open orders", removals, 1)
				order := b.orderOf(conn.UID).ID
				failed, err := b.FailOrder(context.Background(), b.alice(), order, "still wired")
				if err != nil {
					t.Fatal(err)
				}
				assertEqual(t, "state", failed.State, "ceasing")
				assertContains(t, "reason", *failed.StateReason, "still wired")
				b.done(conn.UID)
				assertEqual(t, "state", b.connection(conn.UID).State, "ceased")
			})
		})
	}
}

func TestDeleteWhatHasChildren(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.activeConnection()
		e := b.attach("records", "web", "gateway-1")
		b.jobs()
		b.done(e.UID)
		_, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID)
		p := b.asProblem(err, problem.StateForbids)
		assertSlice(t, "findings", rulesOf(p.Findings), []string{"error connection.has-children"})
		assertContains(t, "finding", p.Findings[0].Detail, e.Name)
		if p.Findings[0].Retryable == nil || !*p.Findings[0].Retryable {
			t.Error("the finding is not retryable")
		}

		_, err = b.DeleteEdgeAttachment(context.Background(), b.acme(), "records", "web", c.UID)
		b.refused(err, problem.ObjectGone)
		gone, err := b.DeleteEdgeAttachment(context.Background(), b.acme(), "records", "web", e.UID)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "edge", gone.State, "ceasing")
		assertEqual(t, "address that it had", gone.IncludedAddress, e.IncludedAddress)
		steps := b.orderOf(e.UID).Steps
		assertContains(t, "steps", steps[0]+steps[1], "gateway-1", e.IncludedAddress, "hscn-external-1")
		if _, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID); err != nil {
			t.Errorf("with its removal ordered the edge still hangs on the connection: %v", err)
		}
		b.done(e.UID)
		b.done(c.UID)
		assertEqual(t, "edge", b.edge(e.UID).State, "ceased")
	})
}

func TestDeleteEdgeThatWaits(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		b.connect("records", "A1B2C", "project-1")
		e := b.attach("records", "web", "gateway-1")
		gone, err := b.DeleteEdgeAttachment(context.Background(), b.acme(), "records", "web", e.UID)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "state", gone.State, "ceased")
		if b.orderOf(e.UID).Open {
			t.Error("its order is still open")
		}
		b.attach("records", "app", "gateway-1") // the gateway is free
	})
}

// Who takes an edge attachment away after its gateway was attached anew leaves that one its gateway and its address.
func TestRemovalOfWhatWasMadeAnew(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		b.activeConnection()
		old := b.activeEdge()
		if _, err := b.DeleteEdgeAttachment(context.Background(), b.acme(), "records", "web", old.UID); err != nil {
			t.Fatal(err)
		}
		assertContains(t, "first step", b.orderOf(old.UID).Steps[0], "to drop-all")

		anew := b.attach("records", "web", "gateway-1")
		b.jobs()
		assertEqual(t, "state", b.edge(anew.UID).State, "awaiting_fulfilment")
		assertContains(t, "first step while it is still to be attached", b.orderOf(old.UID).Steps[0], "to drop-all")

		b.done(anew.UID)
		order := b.orderOf(old.UID)
		assertEqual(t, "number of steps", len(order.Steps), 2)
		assertContains(t, "first step", order.Steps[0], "leave the rules of the gateway gateway-1", "connections/records/edge-attachments/web has the gateway by now")
		b.done(old.UID)
		assertEqual(t, "state", b.edge(anew.UID).State, "active")
	})
}
