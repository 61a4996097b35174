package orders_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
)

// What fails is the operator's: done by hand it is active, and then it is removed by both.
func TestDriverFails(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		driver := &brokertest.Driver{}
		b := setupDriven(t, url, driver)
		driver.Fail("connections/records", "the circuit has no capacity left")
		c := b.connect("records", "A1B2C", "project-1")
		b.jobs()
		failed := b.connection(c.UID)
		assertEqual(t, "state", failed.State, "failed")
		assertContains(t, "reason", *failed.StateReason, "Fulfilment failed: the circuit has no capacity left.")
		order := b.orderOf(c.UID)
		if !order.Open || *order.Note != "the circuit has no capacity left" {
			t.Errorf("the order is %+v", order)
		}
		b.clock.Advance(24 * time.Hour)
		b.jobs()
		assertSlice(t, "calls", askedOf(driver, c.UID), []string{"provide-1"})

		b.done(c.UID)
		assertEqual(t, "state", b.connection(c.UID).State, "active")
		driver.Fail("connections/records", "the circuit does not answer")
		if _, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID); err != nil {
			t.Fatal(err)
		}
		b.jobs()
		assertEqual(t, "state", b.connection(c.UID).State, "ceasing")
		assertContains(t, "reason", *b.connection(c.UID).StateReason, "The removal failed: the circuit does not answer.")
		b.done(c.UID)
		assertEqual(t, "state", b.connection(c.UID).State, "ceased")
		b.clock.Advance(24 * time.Hour)
		b.jobs()
		assertSlice(t, "calls", askedOf(driver, c.UID), []string{"provide-1", "revoke-2"})
		assertSlice(t, "actions", b.actionsOf(c.UID), []string{
			"engineer@acme.example connection.create", "driver test order.fail", "alice order.done",
			"engineer@acme.example connection.delete", "driver test order.fail", "alice order.done",
		})
	})
}

// What a person has confirmed beside the driver is a person's to take away as well.
func TestDriverRemovesAndThenAPerson(t *testing.T) {
	t.Parallel()
	driver := &brokertest.Driver{}
	b := setupDriven(t, storetest.SQLiteURL(t), driver)
	driver.Fail("connections/records", "no capacity")
	c := b.connect("records", "A1B2C", "project-1")
	b.jobs()
	b.done(c.UID)
	driver.Confirm("connections/records")
	if _, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID); err != nil {
		t.Fatal(err)
	}
	b.jobs()
	assertEqual(t, "state", b.connection(c.UID).State, "ceasing")
	assertContains(t, "reason", *b.connection(c.UID).StateReason, "Waits for", "to remove it and to confirm that")
	assertSlice(t, "calls", askedOf(driver, c.UID), []string{"provide-1", "revoke-2"})
	b.done(c.UID)
	assertEqual(t, "state", b.connection(c.UID).State, "ceased")
}

// A driver does what it says that it does; the rest is done by hand.
func TestDriverLeavesTheRest(t *testing.T) {
	t.Parallel()
	driver := &brokertest.Driver{}
	driver.Leave("connections/records/edge-attachments/web")
	b := setupDriven(t, storetest.SQLiteURL(t), driver)
	c := b.connect("records", "A1B2C", "project-1")
	e := b.attach("records", "web", "gateway-1")
	b.jobs()
	assertEqual(t, "connection", b.connection(c.UID).State, "active")
	assertEqual(t, "edge attachment", b.edge(e.UID).State, "awaiting_fulfilment")
	b.done(e.UID)
	if _, err := b.DeleteEdgeAttachment(context.Background(), b.acme(), "records", "web", e.UID); err != nil {
		t.Fatal(err)
	}
	b.jobs()
	assertEqual(t, "edge attachment", b.edge(e.UID).State, "ceasing")
	assertContains(t, "reason", *b.edge(e.UID).StateReason, "Waits for", "to remove it")
	assertSlice(t, "calls", askedOf(driver, e.UID), nil)
}

// A broker that is started again without its driver leaves to the operator what the driver has not done.
func TestDriverTakenAway(t *testing.T) {
	t.Parallel()
	driver := &brokertest.Driver{}
	b := setupDriven(t, storetest.SQLiteURL(t), driver)
	driver.Hold(brokertest.Everything)
	c := b.connect("records", "A1B2C", "project-1")
	b.jobs()
	b.Desk = b.another(nil)
	b.clock.Advance(brokertest.AskAgain)
	b.jobs()
	assertEqual(t, "state", b.connection(c.UID).State, "awaiting_fulfilment")
	if _, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID); err != nil {
		t.Fatal(err)
	}
	b.jobs()
	assertEqual(t, "state", b.connection(c.UID).State, "ceasing")
	b.done(c.UID)
	assertEqual(t, "state", b.connection(c.UID).State, "ceased")
}

// What a driver failed it may try again, as new work; what is done by hand it may not.
func TestRetryOrder(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		ctx := context.Background()
		driver := &brokertest.Driver{}
		driver.Leave("connections/by-hand")
		b := setupDriven(t, url, driver)
		driver.Fail("connections/records", "no capacity")
		c := b.connect("records", "A1B2C", "project-1")
		b.jobs()
		order := b.orderOf(c.UID)
		assertContains(t, "steps", strings.Join(order.Steps, "\n"), "The driver test failed.", fmt.Sprintf("hscn-broker orders retry %d", order.ID))

		driver.Hold("connections/records")
		retried, err := b.RetryOrder(ctx, b.alice(), order.ID, "a line was freed")
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "state", retried.State, "provisioning")
		b.jobs()
		order = b.orderOf(c.UID)
		assertContains(t, "steps", strings.Join(order.Steps, "\n"), "Do nothing: the driver test makes the network do it")
		_, err = b.RetryOrder(ctx, b.alice(), order.ID, "")
		assertContains(t, "refusal", b.asProblem(err, problem.StateForbids).Detail, "cannot be tried again: it is provisioning.")
		driver.Confirm("connections/records")
		b.clock.Advance(brokertest.AskAgain)
		b.jobs()
		assertEqual(t, "state", b.connection(c.UID).State, "active")

		driver.Fail("connections/records", "no answer")
		if _, err := b.DeleteConnection(ctx, b.acme(), "records", c.UID); err != nil {
			t.Fatal(err)
		}
		assertContains(t, "steps", strings.Join(b.orderOf(c.UID).Steps, "\n"), "Do nothing: the driver test removes it")
		b.jobs()
		order = b.orderOf(c.UID)
		assertContains(t, "steps", strings.Join(order.Steps, "\n"), "failed to remove it", fmt.Sprintf("hscn-broker orders retry %d", order.ID))
		driver.Confirm("connections/records")
		if _, err := b.RetryOrder(ctx, b.alice(), order.ID, ""); err != nil {
			t.Fatal(err)
		}
		b.jobs()
		assertEqual(t, "state", b.connection(c.UID).State, "ceased")
		assertSlice(t, "calls", askedOf(driver, c.UID), []string{"provide-1", "provide-2", "provide-2", "revoke-3", "revoke-4"})

		by := b.connect("by-hand", "A1B2C", "project-1")
		b.jobs()
		if _, err := b.FailOrder(ctx, b.alice(), b.orderOf(by.UID).ID, "no cable"); err != nil {
			t.Fatal(err)
		}
		_, err = b.RetryOrder(ctx, b.alice(), b.orderOf(by.UID).ID, "")
		assertContains(t, "refusal", b.asProblem(err, problem.StateForbids).Detail, "it is fulfilled by hand. What fits is hscn-broker orders done")
	})
}

// So it is of a change that a person made the network follow: the driver knows nothing of it.
func TestDriverKnowsNothingOfChanges(t *testing.T) {
	t.Parallel()
	driver := &brokertest.Driver{}
	b := setupDriven(t, storetest.SQLiteURL(t), driver)
	c := b.connect("records", "A1B2C", "project-1")
	b.jobs()
	b.changed(c.UID, toDedicated)
	b.jobs()
	b.done(c.UID)
	assertEqual(t, "access", string(b.connection(c.UID).Access), "dedicated_circuit")
	if _, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID); err != nil {
		t.Fatal(err)
	}
	b.jobs()
	assertEqual(t, "state", b.connection(c.UID).State, "ceasing")
	assertSlice(t, "provided", driver.Provided(), nil)
	b.done(c.UID)
	assertEqual(t, "state", b.connection(c.UID).State, "ceased")
}

// What a driver made, and nobody removed while the broker ran without it, it removes when it is back.
func TestDriverComesBack(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		driver := &brokertest.Driver{}
		b := setupDriven(t, url, driver)
		c := b.connect("records", "A1B2C", "project-1")
		b.jobs()
		by := b.connect("by-hand", "A1B2C", "project-2")
		b.jobs()
		for name, uid := range map[string]string{"records": c.UID, "by-hand": by.UID} {
			b.Desk = b.another(nil)
			if _, err := b.DeleteConnection(context.Background(), b.acme(), name, uid); err != nil {
				t.Fatal(err)
			}
			b.jobs()
			assertEqual(t, "state", b.connection(uid).State, "ceasing")
			assertContains(t, "steps", strings.Join(b.orderOf(uid).Steps, "\n"), "Confirm that it is removed")
		}
		b.done(by.UID)
		b.Desk = b.another(driver)
		b.clock.Advance(time.Hour) // the longest that anything is put off
		b.jobs()
		assertEqual(t, "state", b.connection(c.UID).State, "ceased")
		assertSlice(t, "calls", askedOf(driver, c.UID), []string{"provide-1", "revoke-2"})
		assertSlice(t, "calls about what a person removed", askedOf(driver, by.UID), []string{"provide-1"})
	})
}
