package provider

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

var since = time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)

func stateOf(state hscn.State) order {
	return order{name: "connections/records", state: state, stateSince: since, reason: "A reason"}
}

// waitThrough waits while an order goes through states, and returns how often it paused and what it said.
func waitThrough(ctx context.Context, states ...hscn.State) (pauses []time.Duration, diags diag.Diagnostics) {
	looks := 0
	w := wait{
		look: func(context.Context) (order, order, error) {
			now := stateOf(states[min(looks, len(states)-1)])
			looks++
			return now, now, nil
		},
		after: func(ctx context.Context, d time.Duration) error {
			pauses = append(pauses, d)
			return ctx.Err()
		},
	}
	return pauses, w.untilActive(ctx, stateOf(states[0]))
}

func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		states []hscn.State
		looks  int
		says   string
	}{
		"active at once":            {[]hscn.State{hscn.StateActive}, 1, ""},
		"active in the end":         {[]hscn.State{hscn.StateProvisioning, hscn.StateProvisioning, hscn.StateActive}, 3, ""},
		"a state that is not known": {[]hscn.State{"rehearsing", "rehearsing", hscn.StateActive}, 3, ""},
		"refused":                   {[]hscn.State{hscn.StateProvisioning, hscn.StateRefused}, 2, ""},
		"given up":                  {[]hscn.State{hscn.StateProvisioning, hscn.StateCeasing}, 2, ""},
		"a person":                  {[]hscn.State{hscn.StateProvisioning, hscn.StateAwaitingFulfilment}, 2, "a person has to act"},
		"evidence":                  {[]hscn.State{hscn.StatePendingEvidence}, 1, "the operator, or the fact that arrives. A reason."},
		"restricted":                {[]hscn.State{hscn.StateRestricted}, 1, "a person has to act"},
		"failed":                    {[]hscn.State{hscn.StateFailed}, 1, "connections/records is failed since 2 November 2026 at 09:30 UTC."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pauses, diags := waitThrough(t.Context(), test.states...)
			if len(pauses) != test.looks-1 {
				t.Errorf("it paused %d times", len(pauses))
			}
			if diags.HasError() || (len(diags) > 0) != (test.says != "") {
				t.Fatalf("it says %v", diags)
			}
			if len(diags) > 0 && !strings.Contains(diags[0].Summary()+diags[0].Detail(), test.says) {
				t.Errorf("it says %v", diags)
			}
		})
	}
}

func TestWaitsGrowAndStayBounded(t *testing.T) {
	t.Parallel()
	states := append(slices.Repeat([]hscn.State{hscn.StateProvisioning}, 40), hscn.StateActive)
	pauses, _ := waitThrough(t.Context(), states...)
	for i := 1; i < len(pauses); i++ {
		if pauses[i] < pauses[i-1] || pauses[i] > lastLook {
			t.Fatalf("pause %d is %v after %v", i, pauses[i], pauses[i-1])
		}
	}
	if pauses[0] != firstLook || pauses[len(pauses)-1] != lastLook {
		t.Errorf("the pauses are %v", pauses)
	}
}

func TestAWaitThatRunsOutIsAWarning(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, diags := waitThrough(ctx, hscn.StateProvisioning)
	if diags.HasError() || diags.WarningsCount() != 1 || !strings.Contains(diags[0].Detail(), "The next apply goes on waiting") {
		t.Errorf("it says %v", diags)
	}
}

func TestAnOrderThatCannotBeReadIsAWarning(t *testing.T) {
	t.Parallel()
	w := wait{look: func(context.Context) (order, order, error) { return order{}, order{}, errors.New("no answer") }}
	diags := w.untilActive(t.Context(), stateOf(hscn.StateProvisioning))
	if diags.HasError() || diags.WarningsCount() != 1 || !strings.Contains(diags[0].Detail(), "no answer") {
		t.Errorf("it says %v", diags)
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if err := sleep(t.Context(), time.Nanosecond); err != nil {
		t.Errorf("the error is %v", err)
	}
}
