package orders_test

import (
	"context"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

// protect sets the deletion protection of a connection, or takes it off.
func (b *bundle) protect(uid string, on bool) api.Connection {
	b.Helper()
	c, err := b.update(b.connection(uid), api.MergePatch{"deletion_protection": on})
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// protectEdge sets the deletion protection of records' edge attachment web, or takes it off.
func (b *bundle) protectEdge(uid string, on bool) {
	b.Helper()
	patch := api.MergePatch{"deletion_protection": on}
	if _, err := b.UpdateEdgeAttachment(context.Background(), b.acme(), "records", "web", patch, b.edge(uid).Etag); err != nil {
		b.Fatal(err)
	}
}

// What is protected stays until its owner takes the protection off, whatever has become of it meanwhile.
func TestDeleteProtectedConnection(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		then  func(b *bundle, uid string)
		state string
	}{
		"active":     {state: "active"},
		"restricted": {then: func(b *bundle, uid string) { b.act(restrict, uid) }, state: "restricted"},
		"terminated": {then: func(b *bundle, uid string) { b.act(terminate, uid) }, state: "terminated"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on(t, func(t *testing.T, url string) {
				b := setup(t, url)
				before := b.activeConnection()
				conn := b.protect(before.UID, true)
				if !conn.DeletionProtection || conn.Etag == before.Etag || conn.PendingChange != nil {
					t.Errorf("it was protected as %+v", conn)
				}
				if c.then != nil {
					c.then(b, conn.UID)
				}
				_, err := b.DeleteConnection(context.Background(), b.acme(), "records", conn.UID)
				p := b.asProblem(err, problem.StateForbids)
				assertSlice(t, "findings", rulesOf(p.Findings), []string{"error connection.protected"})
				assertContains(t, "detail", p.Detail, "connections/records", "deletion_protection")
				if p.Findings[0].Retryable != nil && *p.Findings[0].Retryable {
					t.Error("the finding says that asking again may help")
				}
				assertEqual(t, "state", b.connection(conn.UID).State, c.state)

				b.protect(conn.UID, false)
				gone, err := b.DeleteConnection(context.Background(), b.acme(), "records", conn.UID)
				if err != nil {
					t.Fatal(err)
				}
				assertEqual(t, "state", gone.State, "ceasing")
			})
		})
	}
}

func TestDeleteProtectedEdgeAttachment(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.activeConnection()
		e := b.attach("records", "web", "gateway-1")
		b.jobs()
		b.done(e.UID)
		b.protect(c.UID, true)
		b.protectEdge(e.UID, true)

		_, err := b.DeleteEdgeAttachment(context.Background(), b.acme(), "records", "web", e.UID)
		p := b.asProblem(err, problem.StateForbids)
		assertSlice(t, "findings", rulesOf(p.Findings), []string{"error connection.protected"})
		// Of the connection both are told, so that nobody destroys the edge attachment for nothing.
		_, err = b.DeleteConnection(context.Background(), b.acme(), "records", c.UID)
		p = b.asProblem(err, problem.StateForbids)
		assertSlice(t, "findings", rulesOf(p.Findings), []string{"error connection.has-children", "error connection.protected"})

		// Each protects itself and nothing else.
		b.protectEdge(e.UID, false)
		if _, err := b.DeleteEdgeAttachment(context.Background(), b.acme(), "records", "web", e.UID); err != nil {
			t.Errorf("the protection of its connection keeps it: %v", err)
		}
		_, err = b.DeleteConnection(context.Background(), b.acme(), "records", c.UID)
		b.refused(err, problem.StateForbids)
	})
}

// What was never active has nothing to lose: an order that went wrong can be taken back.
func TestDeleteProtectedBeforeItWasActive(t *testing.T) {
	t.Parallel()
	cases := map[string]func(b *bundle, uid string){
		"provisioning":        func(*bundle, string) {},
		"awaiting_fulfilment": func(b *bundle, _ string) { b.jobs() },
		"failed": func(b *bundle, uid string) {
			b.jobs()
			if _, err := b.FailOrder(context.Background(), b.alice(), b.orderOf(uid).ID, "no"); err != nil {
				b.Fatal(err)
			}
		},
	}
	for state, until := range cases {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			on(t, func(t *testing.T, url string) {
				b := setup(t, url)
				spec := connectionSpec("A1B2C", "project-1")
				spec.DeletionProtection = ptr(true)
				c, err := b.CreateConnection(context.Background(), b.acme(), "records", spec, true)
				if err != nil {
					t.Fatal(err)
				}
				edge := edgeSpec("gateway-1")
				edge.DeletionProtection = ptr(true)
				e, err := b.CreateEdgeAttachment(context.Background(), b.acme(), "records", "web", "", edge, true)
				if err != nil {
					t.Fatal(err)
				}
				until(b, c.UID)
				assertEqual(t, "state", b.connection(c.UID).State, state)
				if _, err := b.DeleteEdgeAttachment(context.Background(), b.acme(), "records", "web", e.UID); err != nil {
					t.Errorf("the edge attachment: %v", err)
				}
				if _, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID); err != nil {
					t.Errorf("the connection: %v", err)
				}
			})
		})
	}
}

// Protection is nobody's to approve: it holds at once, whatever waits of the change that it came with.
func TestProtectedByAChangeThatWaits(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.activeConnection()
		c, err := b.update(c, api.MergePatch{"ods_code": "D3E4F", "deletion_protection": true})
		if err != nil {
			t.Fatal(err)
		}
		if c.PendingChange == nil {
			t.Fatal("nothing of it waits")
		}
		_, err = b.DeleteConnection(context.Background(), b.acme(), "records", c.UID)
		p := b.asProblem(err, problem.StateForbids)
		assertSlice(t, "findings", rulesOf(p.Findings), []string{"error connection.protected"})

		if c, err = b.update(b.connection(c.UID), api.MergePatch{"deletion_protection": false}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID); err != nil {
			t.Errorf("its owner took the protection off: %v", err)
		}
	})
}
