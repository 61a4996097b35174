package orders_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/orders"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Waiting ends when an object is active, when a person is needed, and when it has given up its name; until then it does not.
func TestSettle(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		c := b.connect("records", "A1B2C", "project-1")
		e := b.attach("records", "web", "gateway-1")

		const many = 50
		var waiting sync.WaitGroup
		for i := range many {
			uid := []string{c.UID, e.UID}[i%2]
			waiting.Go(func() {
				if _, err := b.Settle(ctx, uid); err != nil {
					t.Errorf("waiting for %s ends with %v", uid, err)
				}
			})
		}
		b.jobs()
		waiting.Wait()
		assertEqual(t, "state", b.connection(c.UID).State, "awaiting_fulfilment")
		assertEqual(t, "state", b.edge(e.UID).State, "pending_connection")
		settled := func(uid string) {
			t.Helper()
			if held, err := b.Settle(ctx, uid); held || err != nil {
				t.Errorf("%s is waited for: %t, %v", uid, held, err)
			}
		}
		goesOn := func(uid string) {
			t.Helper()
			short, end := context.WithTimeout(ctx, 100*time.Millisecond)
			defer end()
			if held, err := b.Settle(short, uid); !held || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s is waited for: %t, %v", uid, held, err)
			}
		}
		settled(c.UID)
		settled(e.UID)

		b.done(c.UID)
		goesOn(e.UID)
		settled(c.UID)
		b.jobs()
		settled(e.UID) // awaits fulfilment
		if _, err := b.DeleteEdgeAttachment(ctx, b.acme(), "records", "web", e.UID); err != nil {
			t.Fatal(err)
		}
		settled(e.UID)

		if _, err := b.Settle(ctx, "no-such-object"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("what is not there is waited for, %v", err)
		}
	})
}

// Brokers that share a database do not tell each other what they commit: they look.
func TestSettleByAnotherBroker(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	b := setup(t, url)
	calendar, err := hscn.NewCalendar()
	if err != nil {
		t.Fatal(err)
	}
	other := orders.NewDesk(orders.Config{
		DB: storetest.Open(t, url, store.Options{}), Clock: b.clock.Now, Calendar: calendar, Logger: slog.New(slog.DiscardHandler),
	})
	c := b.connect("records", "A1B2C", "project-1")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	settled := make(chan error, 1)
	go func() {
		_, err := b.Settle(ctx, c.UID)
		settled <- err
	}()
	if _, err := other.RunDueJobs(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-settled; err != nil {
		t.Error(err)
	}
}
