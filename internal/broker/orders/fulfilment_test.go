package orders_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	gatewaydriver "github.com/hscn-connect/terraform-provider-hscn/internal/broker/gateway"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/orders"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// hooked is the tests' driver with hooks; nil ones do nothing.
type hooked struct {
	*brokertest.Driver
	// during is called while the broker waits for the answer, once.
	during func()
	// after may put another answer in the place of the driver's.
	after func(gatewaydriver.Outcome, error) (gatewaydriver.Outcome, error)
}

func (h *hooked) Provide(ctx context.Context, task gatewaydriver.Task) (gatewaydriver.Outcome, error) {
	outcome, err := h.Driver.Provide(ctx, task)
	if during := h.during; during != nil {
		h.during = nil
		during()
	}
	if after := h.after; after != nil {
		h.after = nil
		return after(outcome, err)
	}
	return outcome, err
}

// setupDriven is setup for a desk with the driver.
func setupDriven(tb testing.TB, url string, driver gatewaydriver.Driver) *bundle {
	tb.Helper()
	b := setup(tb, url)
	b.Desk = b.another(driver)
	return b
}

// another desk on the same database, as after a restart, or on another machine.
func (b *bundle) another(driver gatewaydriver.Driver) *orders.Desk {
	b.Helper()
	calendar, err := hscn.NewCalendar()
	if err != nil {
		b.Fatal(err)
	}
	return orders.NewDesk(orders.Config{
		DB: b.db, Clock: b.clock.Now, Calendar: calendar, Logger: slog.New(slog.DiscardHandler), Driver: driver,
		PollEvery: 10 * time.Millisecond,
	})
}

// askedOf are the calls about the object, as "provide KEY" and "revoke KEY" with the number of the work for the key.
func askedOf(driver *brokertest.Driver, uid string) []string {
	var calls []string
	for _, asked := range driver.Asked() {
		if asked.Task.UID != uid {
			continue
		}
		verb := "provide"
		if asked.Revoke {
			verb = "revoke"
		}
		work, _, _ := strings.Cut(strings.TrimPrefix(asked.Task.Key, uid+"-"), "-")
		calls = append(calls, verb+"-"+work)
	}
	return calls
}

// actionsOf are the audit's entries about the object, with who did it.
func (b *bundle) actionsOf(uid string) []string {
	b.Helper()
	var actions []string
	err := b.db.Read(context.Background(), func(ctx context.Context, r *store.Reader) error {
		entries, err := r.AuditEntries(ctx, store.AuditFilter{ObjectUID: uid, Limit: 1000})
		for _, entry := range entries {
			actions = append(actions, entry.Subject+" "+entry.Action)
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return actions
}

func TestDriverConfirms(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		driver := &brokertest.Driver{}
		b := setupDriven(t, url, driver)
		c := b.connect("records", "A1B2C", "project-1")
		e := b.attach("records", "web", "gateway-1")
		b.jobs()
		active, web := b.connection(c.UID), b.edge(e.UID)
		assertEqual(t, "connection", active.State, "active")
		assertEqual(t, "edge attachment", web.State, "active")
		assertEqual(t, "enabled at", *active.EnabledAt, monday)
		order := b.orderOf(c.UID)
		if order.Open || *order.ClosedBy != "driver test" {
			t.Errorf("the order is %+v", order)
		}
		assertSlice(t, "actions", b.actionsOf(c.UID), []string{"engineer@acme.example connection.create", "driver test order.done"})

		var asked []gatewaydriver.Task
		for _, call := range driver.Asked() {
			if key := call.Task.Key; !strings.HasPrefix(key, call.Task.UID+"-1-") || len(key) > 64 {
				t.Errorf("the key of the first work on %s is %q", call.Task.UID, key)
			}
			call.Task.Key = ""
			asked = append(asked, call.Task)
		}
		service := gatewaydriver.Service{Type: "cloud_project", ID: "project-1"}
		if want := []gatewaydriver.Task{
			{
				Kind: gatewaydriver.KindConnection, Name: "connections/records", UID: c.UID, Account: "acme", ConnectionUID: c.UID,
				Zone: "main", ExternalNetworkID: "hscn-external-1", Service: service, Access: "shared_link",
			},
			{
				Kind: gatewaydriver.KindEdgeAttachment, Name: "connections/records/edge-attachments/web", UID: e.UID, Account: "acme",
				ConnectionUID: c.UID, Zone: "main", ExternalNetworkID: "hscn-external-1", Service: service, Access: "shared_link",
				GatewayID: "gateway-1", IncludedAddress: e.IncludedAddress,
			},
		}; !slices.Equal(asked, want) {
			t.Errorf("the driver was asked for\n%+v, want\n%+v", asked, want)
		}

		if _, err := b.DeleteEdgeAttachment(context.Background(), b.acme(), "records", "web", e.UID); err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "reason", *b.edge(e.UID).StateReason, "Given up by its owner. It is being removed.")
		b.jobs()
		assertEqual(t, "edge attachment", b.edge(e.UID).State, "ceased")
		assertSlice(t, "calls", askedOf(driver, e.UID), []string{"provide-1", "revoke-2"})
		assertSlice(t, "provided", driver.Provided(), []string{c.UID})
	})
}

// The driver is asked when activate_at has come and not before, also where it was put off while the job waited.
func TestDriverWaitsForActivation(t *testing.T) {
	t.Parallel()
	driver := &brokertest.Driver{}
	b := setupDriven(t, storetest.SQLiteURL(t), driver)
	spec := connectionSpec("A1B2C", "project-1")
	spec.ActivateAt = ptr(monday.Add(time.Hour))
	c, err := b.CreateConnection(context.Background(), b.acme(), "records", spec, true)
	if err != nil {
		t.Fatal(err)
	}
	b.jobs()
	if c, err = b.update(c, api.MergePatch{"activate_at": monday.Add(2 * time.Hour).Format(time.RFC3339)}); err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(time.Hour)
	b.jobs()
	assertSlice(t, "calls", askedOf(driver, c.UID), nil)
	b.clock.Advance(time.Hour)
	b.jobs()
	assertEqual(t, "state", b.connection(c.UID).State, "active")
}

func TestDriverStillWorking(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		driver := &brokertest.Driver{}
		b := setupDriven(t, url, driver)
		driver.Hold("connections/records")
		c := b.connect("records", "A1B2C", "project-1")
		b.jobs()
		assertEqual(t, "state", b.connection(c.UID).State, "provisioning")
		b.clock.Advance(brokertest.AskAgain - time.Second)
		b.jobs()
		assertSlice(t, "calls", askedOf(driver, c.UID), []string{"provide-1"})
		b.clock.Advance(time.Second)
		b.jobs()
		assertEqual(t, "state", b.connection(c.UID).State, "provisioning")
		driver.Confirm("connections/records")
		b.clock.Advance(brokertest.AskAgain)
		b.jobs()
		assertEqual(t, "state", b.connection(c.UID).State, "active")
		assertSlice(t, "calls", askedOf(driver, c.UID), []string{"provide-1", "provide-1", "provide-1"})
		if made := driver.Changes(); made != 1 {
			t.Errorf("the work was done %d times", made)
		}
	})
}

// What nobody has assured any more the driver takes away, and then nothing is left that a person would have to remove.
func TestDriverTakesBackWhatIsNotAssured(t *testing.T) {
	t.Parallel()
	driver := &brokertest.Driver{}
	b := setupDriven(t, storetest.SQLiteURL(t), driver)
	driver.Hold("connections/records")
	c := b.connect("records", "A1B2C", "project-1")
	b.jobs()
	b.changed(c.UID, toUnknown)
	driver.Confirm("connections/records")
	b.clock.Advance(brokertest.AskAgain)
	b.jobs()
	assertEqual(t, "state", b.connection(c.UID).State, "pending_evidence")
	assertSlice(t, "calls", askedOf(driver, c.UID), []string{"provide-1", "revoke-2"})
	if _, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "state", b.connection(c.UID).State, "ceased")
}

// An answer that is lost, or one that makes no sense, is no second piece of work.
func TestDriverAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		after func(gatewaydriver.Outcome, error) (gatewaydriver.Outcome, error)
		state string
		calls []string
	}{
		"lost": {
			after: func(gatewaydriver.Outcome, error) (gatewaydriver.Outcome, error) {
				return gatewaydriver.Outcome{}, errors.New("connection reset")
			},
			state: "active", calls: []string{"provide-1", "provide-1"},
		},
		"a panic": {
			after: func(gatewaydriver.Outcome, error) (gatewaydriver.Outcome, error) { panic("a driver with a mistake") },
			state: "active", calls: []string{"provide-1", "provide-1"},
		},
		"no status": {
			after: func(gatewaydriver.Outcome, error) (gatewaydriver.Outcome, error) { return gatewaydriver.Outcome{}, nil },
			state: "failed", calls: []string{"provide-1"},
		},
		"a gateway that nobody asked for": {
			after: func(gatewaydriver.Outcome, error) (gatewaydriver.Outcome, error) {
				return gatewaydriver.Built("gateway-1"), nil
			},
			state: "failed", calls: []string{"provide-1"},
		},
		"working for ever so short": {
			after: func(gatewaydriver.Outcome, error) (gatewaydriver.Outcome, error) {
				return gatewaydriver.Working(0), nil
			},
			state: "failed", calls: []string{"provide-1"},
		},
		"failed without a reason": {
			after: func(gatewaydriver.Outcome, error) (gatewaydriver.Outcome, error) {
				return gatewaydriver.Failed(""), nil
			},
			state: "failed", calls: []string{"provide-1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			driver := &hooked{Driver: &brokertest.Driver{}, after: test.after}
			b := setupDriven(t, storetest.SQLiteURL(t), driver)
			c := b.connect("records", "A1B2C", "project-1")
			b.jobs()
			b.clock.Advance(time.Second)
			b.jobs()
			assertEqual(t, "state", b.connection(c.UID).State, test.state)
			assertSlice(t, "calls", askedOf(driver.Driver, c.UID), test.calls)
			if made := driver.Changes(); made != 1 {
				t.Errorf("the work was done %d times", made)
			}
		})
	}
}

func TestDriverBuilds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ built, state, gateway, reason string }{
		"a new gateway":                {built: "gateway-new", state: "active", gateway: "gateway-new"},
		"one that the inventory has":   {built: "gateway-2", state: "active", gateway: "gateway-2"},
		"one of another service":       {built: "gateway-3", state: "failed", reason: `The gateway "gateway-3" that was built cannot be attached.`},
		"one that is attached already": {built: "gateway-1", state: "failed", reason: `The gateway "gateway-1" that was built cannot be attached.`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			driver := &brokertest.Driver{}
			b := setupDriven(t, storetest.SQLiteURL(t), driver)
			b.connect("records", "A1B2C", "project-1")
			b.attach("records", "other", "gateway-1")
			driver.Build("connections/records/edge-attachments/web", test.built)
			e, err := b.CreateEdgeAttachment(context.Background(), b.acme(), "records", "web", "", api.EdgeAttachmentSpec{VdcID: ptr("vdc-1")}, true)
			if err != nil {
				t.Fatal(err)
			}
			b.jobs()
			web := b.edge(e.UID)
			assertEqual(t, "state", web.State, test.state)
			assertEqual(t, "gateway", *orEmpty(web.AttachedGatewayID), test.gateway)
			assertContains(t, "reason", *orEmpty(web.StateReason), test.reason)
		})
	}
}

func orEmpty(s *string) *string {
	if s == nil {
		return ptr("")
	}
	return s
}
