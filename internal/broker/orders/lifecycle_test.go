package orders

import (
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func TestNextState(t *testing.T) {
	t.Parallel()
	evidence, verification, authority := hscn.StatePendingEvidence, hscn.StatePendingVerification, hscn.StateAwaitingAuthority
	cases := map[string]struct {
		awaits   []hscn.State
		approval bool
		want     hscn.State
	}{
		"nothing":                          {want: hscn.StateProvisioning},
		"approval":                         {approval: true, want: hscn.StatePendingApproval},
		"evidence before approval":         {awaits: []hscn.State{evidence}, approval: true, want: evidence},
		"verification before evidence":     {awaits: []hscn.State{evidence, verification}, want: verification},
		"approval before the Authority":    {awaits: []hscn.State{authority}, approval: true, want: hscn.StatePendingApproval},
		"the Authority where nobody signs": {awaits: []hscn.State{authority}, want: authority},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := nextState(c.awaits, c.approval); got != c.want {
				t.Errorf("next is %s, want %s", got, c.want)
			}
		})
	}
}

// Every state that an open order can have says what it waits for, and no other.
func TestWaitsFor(t *testing.T) {
	t.Parallel()
	for _, state := range append(hscn.ConnectionStates(), hscn.StatePendingConnection) {
		waits := waitsFor(state) != ""
		ends := state.Final() || state == hscn.StateActive || state == hscn.StateRestricted || state == hscn.StateTerminated
		if waits == ends {
			t.Errorf("%s waits for %q", state, waitsFor(state))
		}
	}
}

func TestMayBeBuilt(t *testing.T) {
	t.Parallel()
	built := map[hscn.State]bool{
		hscn.StateAwaitingFulfilment: true, hscn.StateActive: true, hscn.StateRestricted: true, hscn.StateFailed: true,
		hscn.StateTerminated: true,
	}
	for _, state := range append(hscn.ConnectionStates(), hscn.StatePendingConnection) {
		row := store.Connection{Standing: store.Standing{Progress: store.Progress{State: state}}}
		if got := connectionStanding(&row).mayBeBuilt(); got != built[state] {
			t.Errorf("%s may be built: %t, want %t", state, got, built[state])
		}
		row.EnabledAt = &time.Time{}
		if !connectionStanding(&row).mayBeBuilt() {
			t.Errorf("what was enabled once is not built in %s", state)
		}
	}
}

func TestEnterKeepsSince(t *testing.T) {
	t.Parallel()
	first, second := time.Unix(1, 0), time.Unix(2, 0)
	row := store.Connection{}
	s := connectionStanding(&row)
	s.enter(hscn.StateProvisioning, "one", first)
	s.enter(hscn.StateProvisioning, "two", second)
	if row.StateSince != first || row.StateReason != "two" {
		t.Errorf("since %v for the reason %q", row.StateSince, row.StateReason)
	}
	s.enter(hscn.StateActive, "", second)
	if row.StateSince != second || row.StateReason != "" {
		t.Errorf("since %v for the reason %q", row.StateSince, row.StateReason)
	}
}

func TestDueAt(t *testing.T) {
	t.Parallel()
	calendar, err := hscn.NewCalendar()
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		from time.Time
		days int
		want string
	}{
		"Maundy Thursday 2026":       {time.Date(2026, 4, 2, 9, 0, 0, 0, time.UTC), 1, "2026-04-07T17:30:00+01:00"},
		"Christmas Eve 2026":         {time.Date(2026, 12, 24, 9, 0, 0, 0, time.UTC), 1, "2026-12-29T17:30:00Z"},
		"midnight in London":         {time.Date(2026, 6, 1, 23, 30, 0, 0, time.UTC), 1, "2026-06-03T17:30:00+01:00"},
		"the day itself":             {time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC), 0, "2026-06-01T17:30:00+01:00"},
		"over the change of clocks":  {time.Date(2026, 10, 23, 9, 0, 0, 0, time.UTC), 1, "2026-10-26T17:30:00Z"},
		"beyond the calendar's days": {calendar.Horizon().At(12, 0), 1, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			due, err := dueAt(calendar, api.WorkingHours{Start: "09:00", End: "17:30"}, c.from, c.days)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if due != nil {
				got = due.In(hscn.London()).Format(time.RFC3339)
			}
			if got != c.want {
				t.Errorf("due at %s, want %s", got, c.want)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for attempts, want := range map[int]time.Duration{
		0: time.Second, 1: 2 * time.Second, 5: 32 * time.Second, 12: time.Hour, 1 << 30: time.Hour,
	} {
		if got := retryAfter(attempts); got != want {
			t.Errorf("after %d attempts: %v, want %v", attempts, got, want)
		}
	}
}
