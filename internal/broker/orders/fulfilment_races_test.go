package orders_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
)

// A broker that dies between the driver's answer and its record has asked for work that the next asks for again, under
// the same key. Here the first is merely slow, and comes back when the other has recorded the answer.
func TestDriverCrash(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		driver := &hooked{Driver: &brokertest.Driver{}}
		b := setupDriven(t, url, driver)
		c := b.connect("records", "A1B2C", "project-1")
		e := b.attach("records", "web", "gateway-1")
		next := b.another(driver)
		driver.during = func() {
			// The job's lease has ended: it is there again.
			b.clock.Advance(time.Minute)
			err := b.db.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
				return tx.Enqueue(ctx, store.Job{Lane: store.LaneDriver, Kind: "fulfil", ObjectUID: c.UID}, time.Time{})
			})
			if err != nil {
				t.Error(err)
			}
			if _, err := next.RunDueJobs(context.Background()); err != nil {
				t.Error(err)
			}
			assertEqual(t, "state", b.connection(c.UID).State, "active")
		}
		b.jobs()
		assertEqual(t, "state", b.connection(c.UID).State, "active")
		assertEqual(t, "state", b.edge(e.UID).State, "active")
		assertSlice(t, "calls", askedOf(driver.Driver, c.UID), []string{"provide-1", "provide-1"})
		assertSlice(t, "actions", b.actionsOf(c.UID), []string{"engineer@acme.example connection.create", "driver test order.done"})
		if made := driver.Changes(); made != 2 {
			t.Errorf("%d changes were made for two objects", made)
		}
	})
}

// What was ordered may be something else when the driver answers. What the driver made then is taken away.
func TestDriverOvertaken(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, test := range map[string]struct {
		// during is done to the edge attachment while the driver provides it; then is done afterwards.
		during, then func(b *bundle, c api.Connection, e api.EdgeAttachment) error
		state, end   string
		calls        []string
	}{
		"deleted": {
			during: func(b *bundle, _ api.Connection, e api.EdgeAttachment) error {
				_, err := b.DeleteEdgeAttachment(ctx, b.acme(), "records", "web", e.UID)
				return err
			},
			state: "ceased", calls: []string{"provide-1", "revoke-2"},
		},
		"deleted, and its removal confirmed by hand": {
			during: func(b *bundle, _ api.Connection, e api.EdgeAttachment) error {
				_, err := b.DeleteEdgeAttachment(ctx, b.acme(), "records", "web", e.UID)
				b.done(e.UID)
				return err
			},
			state: "ceased", calls: []string{"provide-1", "revoke-2"},
		},
		"refused": {
			during: func(b *bundle, _ api.Connection, e api.EdgeAttachment) error {
				_, err := b.RefuseOrder(ctx, b.bob(), b.orderOf(e.UID).ID, "not possible")
				return err
			},
			state: "refused", calls: []string{"provide-1", "revoke-2"},
		},
		"restricted": {
			during: func(b *bundle, c api.Connection, _ api.EdgeAttachment) error {
				_, err := b.RestrictConnection(ctx, b.alice(), c.UID, authority)
				return err
			},
			state: "pending_connection",
			then: func(b *bundle, c api.Connection, _ api.EdgeAttachment) error {
				_, err := b.LiftRestriction(ctx, b.alice(), c.UID, authority)
				return err
			},
			end: "active", calls: []string{"provide-1", "revoke-2", "provide-3"},
		},
		"terminated": {
			during: func(b *bundle, c api.Connection, _ api.EdgeAttachment) error {
				_, err := b.TerminateConnection(ctx, b.alice(), c.UID, authority)
				return err
			},
			state: "terminated", calls: []string{"provide-1", "revoke-2"},
		},
		"asked for otherwise": {
			during: func(b *bundle, _ api.Connection, _ api.EdgeAttachment) error {
				_, _, err := b.StorePolicy(ctx, testPolicy(b, func(p *api.Policy) {
					zone := p.Zones["main"]
					zone.ExternalNetworkID = ptr("hscn-external-2")
					p.Zones["main"] = zone
				}))
				return err
			},
			state: "active", calls: []string{"provide-1", "provide-2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on(t, func(t *testing.T, url string) {
				driver := &hooked{Driver: &brokertest.Driver{}}
				b := setupDriven(t, url, driver)
				c := b.connect("records", "A1B2C", "project-1")
				b.jobs()
				e := b.attach("records", "web", "gateway-1")
				driver.during = func() {
					if err := test.during(b, c, e); err != nil {
						t.Error(err)
					}
				}
				b.jobs()
				assertEqual(t, "state", b.edge(e.UID).State, test.state)
				if test.then != nil {
					if err := test.then(b, c, e); err != nil {
						t.Fatal(err)
					}
					b.jobs()
					assertEqual(t, "state in the end", b.edge(e.UID).State, test.end)
				}
				assertSlice(t, "calls", askedOf(driver.Driver, e.UID), test.calls)
				active := b.edge(e.UID).State == "active"
				if slices.Contains(driver.Provided(), e.UID) != active {
					t.Errorf("the edge attachment is %s, and provided are %v", b.edge(e.UID).State, driver.Provided())
				}
			})
		})
	}
}

var authority = api.AuthorityDecision{AuthorityReference: "AUTH-1", Reason: "As was agreed."}

// While a call for one piece of work is under way, none is made for another on the same object.
func TestDriverOneWorkAtATime(t *testing.T) {
	t.Parallel()
	driver := &hooked{Driver: &brokertest.Driver{}}
	b := setupDriven(t, storetest.SQLiteURL(t), driver)
	c := b.connect("records", "A1B2C", "project-1")
	next := b.another(driver)
	driver.during = func() {
		if _, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID); err != nil {
			t.Error(err)
		}
		if _, err := next.RunDueJobs(context.Background()); err != nil {
			t.Error(err)
		}
		assertSlice(t, "calls", askedOf(driver.Driver, c.UID), []string{"provide-1"})
	}
	b.jobs()
	assertEqual(t, "state", b.connection(c.UID).State, "ceased")
	assertSlice(t, "calls", askedOf(driver.Driver, c.UID), []string{"provide-1", "revoke-2"})
	b.clock.Advance(time.Hour) // what was put off finds nothing to do
	b.jobs()
	assertSlice(t, "calls", askedOf(driver.Driver, c.UID), []string{"provide-1", "revoke-2"})

	// Of a call whose broker died nobody hears: when it must have ended, the other work goes on.
	dead := b.connect("dead", "A1B2C", "project-1")
	driver.Block("connections/dead")
	stopped, stop := context.WithCancel(context.Background())
	called := driver.Called()
	go func() { <-called; stop() }()
	if _, err := b.RunDueJobs(stopped); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	driver.Confirm("connections/dead")
	if _, err := b.DeleteConnection(context.Background(), b.acme(), "dead", dead.UID); err != nil {
		t.Fatal(err)
	}
	b.jobs()
	assertEqual(t, "state", b.connection(dead.UID).State, "ceased")
	assertSlice(t, "provided", driver.Provided(), nil)
}

// A driver that does not answer holds up nobody, however many wait for it, and does not keep the broker from stopping.
func TestSlowDriverHoldsUpNobody(t *testing.T) {
	t.Parallel()
	driver := &brokertest.Driver{}
	driver.Leave("connections/by-hand")
	b := setupDriven(t, storetest.SQLiteURL(t), driver)
	const slow = 20
	inventory := api.Inventory{Version: api.N1}
	for i := range slow {
		inventory.Services = append(inventory.Services, api.InventoryService{
			Type: "cloud_project", ID: fmt.Sprintf("slow-%d", i), Account: "acme", Zone: "main",
		})
	}
	b.load(inventory)
	driver.Block(brokertest.Everything)
	uids := make([]string, slow)
	for i := range slow {
		uids[i] = b.connect(fmt.Sprintf("slow-%d", i), "A1B2C", fmt.Sprintf("slow-%d", i)).UID
	}
	called := driver.Called()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.RunJobs(ctx) }()
	<-called

	by := b.connect("by-hand", "A1B2C", "project-1")
	waiting, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if _, err := b.Settle(waiting, by.UID); err != nil {
		t.Fatalf("the other connection waits for the slow driver: %v", err)
	}
	assertEqual(t, "state", b.connection(by.UID).State, "awaiting_fulfilment")
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-waiting.Done():
		t.Fatal("the jobs do not end while the driver is slow")
	}
	if n := len(driver.Asked()); n > 8 {
		t.Errorf("%d calls were under way at once", n)
	}

	// What was cut off is asked again by whoever comes next, at once and under the same keys.
	driver.Confirm(brokertest.Everything)
	b.jobs()
	for _, uid := range uids {
		assertEqual(t, "state", b.connection(uid).State, "active")
		if calls := askedOf(driver, uid); calls[len(calls)-1] != "provide-1" {
			t.Errorf("was asked for %v", calls)
		}
	}
}

// A database that was put back from a copy counts the work on an object as it was counted before. What was asked for since
// was other work, and its answers are none to what is asked for now.
func TestDriverAfterRestore(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	driver := &brokertest.Driver{}
	url, copied := storetest.SQLiteURL(t), storetest.SQLiteURL(t)
	b := setupDriven(t, url, driver)
	c := b.connect("records", "A1B2C", "project-1")
	b.jobs()
	if _, err := store.Restore(ctx, copied, store.RestoreOptions{From: url, By: "root", Now: monday}); err != nil {
		t.Fatal(err)
	}
	giveUp := func(state string) {
		t.Helper()
		if _, err := b.DeleteConnection(ctx, b.acme(), "records", c.UID); err != nil {
			t.Fatal(err)
		}
		b.jobs()
		assertEqual(t, "state", b.connection(c.UID).State, state)
	}
	driver.Fail("connections/records", "the network is down")
	giveUp("ceasing")
	b.db = storetest.Open(t, copied, store.Options{})
	b.Desk = b.another(driver)
	driver.Confirm("connections/records")
	giveUp("ceased")
	assertSlice(t, "provided", driver.Provided(), nil)
}
