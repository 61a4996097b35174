package orders_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Whatever customers, operators and the driver do in whatever order: in the end the driver has made what is active and
// nothing else, and has never been asked for two different things under one key.
func TestDriverHasWhatIsActive(t *testing.T) {
	t.Parallel()
	driver := &brokertest.Driver{}
	b := setupDriven(t, storetest.SQLiteURL(t), driver)
	b.load(api.Inventory{Version: api.N1, Pools: []api.InventoryPool{{Name: "wide", Zone: "main", Cidr: "198.18.0.0/15"}}})
	names := []string{brokertest.Everything, "connections/one", "connections/two", "connections/one/edge-attachments/app"}
	var accounts atomic.Int64
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, b, accounts.Add(1))
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			if !rapid.Bool().Draw(t, "driver") {
				w.step(t)
				continue
			}
			name := rapid.SampledFrom(names).Draw(t, "name")
			switch rapid.IntRange(0, 5).Draw(t, "command") {
			case 0, 1:
				driver.Confirm(name)
			case 2:
				driver.Hold(name)
			case 3:
				driver.Fail(name, "the network refuses it")
			case 4:
				driver.Lose(name, errors.New("the network does not answer"))
			case 5:
				b.clock.Advance(brokertest.AskAgain)
			}
			b.jobs()
		}
		for _, name := range names {
			driver.Confirm(name)
		}
		for range 3 {
			b.jobs()
			b.clock.Advance(time.Hour) // the longest that anything is put off
		}
		b.jobs()
		for _, uid := range w.ordered {
			checkFulfilled(t, b, driver, uid)
		}
	})

	byKey := make(map[string]brokertest.Asked)
	for _, asked := range driver.Asked() {
		if before, found := byKey[asked.Task.Key]; found && before != asked {
			t.Errorf("under one key the driver was asked for %+v and for %+v", before, asked)
		}
		byKey[asked.Task.Key] = asked
	}
}

// checkFulfilled holds what the driver has made for an object against its state. What a person confirmed is theirs.
func checkFulfilled(t *rapid.T, b *bundle, driver *brokertest.Driver, uid string) {
	var s store.Standing
	err := b.db.Read(context.Background(), func(ctx context.Context, r *store.Reader) error {
		connection, err := r.ConnectionByUID(ctx, uid)
		s = connection.Standing
		if errors.Is(err, store.ErrNotFound) {
			var edge store.EdgeAttachment
			edge, err = r.EdgeAttachmentByUID(ctx, uid)
			s = edge.Standing
		}
		return err
	})
	if err != nil {
		t.Fatalf("object %s: %v", uid, err)
	}
	f := s.Fulfilment
	if f != nil && f.ByHand {
		return
	}
	provided := slices.Contains(driver.Provided(), uid)
	failed := f != nil && f.Answer == store.FulfilmentFailed
	switch {
	case s.State == hscn.StateProvisioning || s.State == hscn.StateAwaitingFulfilment:
		t.Errorf("%s is %s although the driver answers", s.Name, s.State)
	case s.State == hscn.StateCeasing && !failed:
		t.Errorf("%s is ceasing although the driver answers", s.Name)
	case s.EnabledAt != nil && s.State.Holds() && !provided:
		t.Errorf("%s is %s, and the driver has nothing of it", s.Name, s.State)
	case provided && !failed && (s.EnabledAt == nil || !s.State.Holds()):
		t.Errorf("%s is %s, and the driver has made it", s.Name, s.State)
	}
}
