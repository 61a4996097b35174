package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// watchWhatWasCommitted tells of each commit about what is watched, and of nothing else.
func watchWhatWasCommitted(t *testing.T, d *database) {
	d.seed(t)
	watched, other := newConnection("acme", "watched"), newConnection("acme", "other")
	changed, end := d.Watch(watched.UID, "of nobody")
	beside, endBeside := d.Watch(watched.UID)
	told := func(want bool, channels ...<-chan struct{}) {
		t.Helper()
		for _, channel := range channels {
			select {
			case <-channel:
				if !want {
					t.Error("the watch tells of what did not happen")
				}
			default:
				if want {
					t.Error("the watch does not tell")
				}
			}
		}
	}
	told(false, changed, beside)
	d.insertConnections(t, &watched)
	told(true, changed, beside)
	d.insertConnections(t, &other)
	told(false, changed, beside)

	d.updateConnection(t, &watched)
	d.updateConnection(t, &watched)
	told(true, changed)
	told(false, changed)

	// What is undone was never there.
	wantError(t, d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		row := watched
		if err := tx.UpdateConnection(ctx, &row); err != nil {
			return err
		}
		return errDeliberate
	}), errDeliberate)
	told(false, changed)

	end()
	d.updateConnection(t, &watched)
	told(false, changed)
	told(true, beside)
	endBeside()
}

// fulfilmentRoundTrip keeps a driver's work with the object, and a driver's work is left until it is taken away.
func fulfilmentRoundTrip(t *testing.T, d *database) {
	d.seed(t)
	row := newConnection("acme", "records")
	row.Fulfilment = &store.Fulfilment{
		Driver: "test", Work: 3, Revoking: true, TaskSHA256: "5f", Answer: store.FulfilmentWorking, Until: now.UTC().Add(time.Minute), ByHand: true,
	}
	d.insertConnections(t, &row)
	wantEqual(t, "fulfilment", *d.connection(t, row.UID).Fulfilment, *row.Fulfilment)
	row.Fulfilment = nil
	d.updateConnection(t, &row)
	if kept := d.connection(t, row.UID).Fulfilment; kept != nil {
		t.Errorf("fulfilment is %+v", kept)
	}

	for _, test := range []struct {
		fulfilment *store.Fulfilment
		left       bool
	}{
		{nil, false},
		{&store.Fulfilment{}, true},
		{&store.Fulfilment{Answer: store.FulfilmentFailed}, true},
		{&store.Fulfilment{Answer: store.FulfilmentConfirmed}, true},
		{&store.Fulfilment{Revoking: true, Answer: store.FulfilmentWorking}, true},
		{&store.Fulfilment{Revoking: true, Answer: store.FulfilmentFailed}, true},
		{&store.Fulfilment{Revoking: true, Answer: store.FulfilmentConfirmed}, false},
	} {
		if left := test.fulfilment.Left(); left != test.left {
			t.Errorf("of %+v something is left: %t", test.fulfilment, left)
		}
	}
}
