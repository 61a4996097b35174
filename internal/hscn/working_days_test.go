package hscn_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/gb"
	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func calendar(t *testing.T, overrides ...[]byte) *hscn.Calendar {
	t.Helper()
	c, err := hscn.NewCalendar(overrides...)
	if err != nil {
		t.Fatalf("NewCalendar: %v", err)
	}
	return c
}

// bankHolidays writes a document in GOV.UK's shape with those days.
func bankHolidays(days ...string) []byte {
	events := make([]string, len(days))
	for i, day := range days {
		events[i] = fmt.Sprintf(`{"title":"Holiday %d","date":%q,"notes":"","bunting":true}`, i+1, day)
	}
	return fmt.Appendf(nil, `{"england-and-wales":{"division":"england-and-wales","events":[%s]},"scotland":{"division":"scotland","events":[]}}`,
		strings.Join(events, ","))
}

func TestAddWorkingDays(t *testing.T) {
	t.Parallel()
	c := calendar(t)
	tests := []struct {
		from string
		n    int
		want string
	}{
		{"2026-04-02", 1, "2026-04-07"},  // over Good Friday and Easter Monday
		{"2026-12-24", 1, "2026-12-29"},  // over Christmas Day and the substitute for Boxing Day
		{"2026-04-07", -1, "2026-04-02"}, // and back
		{"2026-12-29", -1, "2026-12-24"},
		{"2026-11-02", 1, "2026-11-03"},
		{"2026-11-06", 1, "2026-11-09"}, // a Friday
		{"2026-11-07", 1, "2026-11-09"}, // a Saturday
		{"2026-11-02", 5, "2026-11-09"},
		{"2026-11-07", 0, "2026-11-07"},
		{"2026-11-07", -1, "2026-11-06"},
		{"2022-06-01", 1, "2022-06-06"}, // the Jubilee's two days
		{"2022-09-16", 1, "2022-09-20"}, // the State Funeral
		{"2023-05-05", 1, "2023-05-09"}, // the coronation
		{"2020-05-01", 1, "2020-05-04"}, // early May moved to VE day
		{"2020-05-07", 1, "2020-05-11"},
		{"2021-12-24", 1, "2021-12-29"}, // two substitutes
		{"2027-12-31", 1, "2028-01-04"}, // New Year's substitute
	}
	for _, tt := range tests {
		got, err := c.AddWorkingDays(date(t, tt.from), tt.n)
		if err != nil || got.String() != tt.want {
			t.Errorf("AddWorkingDays(%s, %d) = %s, %v, want %s", tt.from, tt.n, got, err, tt.want)
		}
	}
}

// TestCalendarAgainstOracle compares every day of every year covered with another implementation, which computes
// England's holidays from rules.
func TestCalendarAgainstOracle(t *testing.T) {
	t.Parallel()
	oracle := &cal.Calendar{}
	oracle.AddHoliday(gb.Holidays...)
	c := calendar(t)
	compared := 0
	for d := date(t, "2017-01-01"); !d.After(c.Horizon()); d = d.AddDays(1) {
		_, observed, _ := oracle.IsHoliday(time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, time.UTC))
		weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
		want := !weekend && !observed
		if d == date(t, "2022-09-19") {
			want = false // the State Funeral, a bank holiday proclaimed a week before, which the oracle lacks
		}
		if got, err := c.IsWorkingDay(d); err != nil || got != want {
			t.Errorf("IsWorkingDay(%s, a %s) = %t, %v, want %t", d, d.Weekday(), got, err, want)
		}
		compared++
	}
	if want := 12*365 + 3; compared != want {
		t.Errorf("compared %d days, want %d: the years 2017 to 2028", compared, want)
	}
}

func TestCalendarHorizon(t *testing.T) {
	t.Parallel()
	c := calendar(t)
	if got, want := c.Horizon(), date(t, "2028-12-31"); got != want {
		t.Errorf("Horizon() = %v, want %v", got, want)
	}
	if got, err := c.AddWorkingDays(date(t, "2028-12-28"), 1); err != nil || got.String() != "2028-12-29" {
		t.Errorf("the last working day covered is %v, %v", got, err)
	}
	tests := map[string]struct {
		from string
		n    int
	}{
		"over the end":       {"2028-12-29", 1},
		"far beyond the end": {"2035-01-01", 1},
		"before the start":   {"2017-01-03", -1},
		"long before":        {"2001-01-01", 5},
	}
	for name, tt := range tests {
		got, err := c.AddWorkingDays(date(t, tt.from), tt.n)
		if !errors.Is(err, hscn.ErrBeyondHorizon) || !got.IsZero() {
			t.Errorf("%s: AddWorkingDays(%s, %d) = %v, %v, want ErrBeyondHorizon", name, tt.from, tt.n, got, err)
			continue
		}
		if !strings.Contains(err.Error(), "2017 to 2028") {
			t.Errorf("%s: error %q does not name the years covered", name, err)
		}
	}
	if _, err := c.IsWorkingDay(date(t, "2029-01-06")); !errors.Is(err, hscn.ErrBeyondHorizon) {
		t.Errorf("a Saturday beyond the horizon: %v, want ErrBeyondHorizon", err)
	}
}

func TestCalendarOverride(t *testing.T) {
	t.Parallel()
	// 2026 with a holiday more, early May moved by a day, and 2029 added.
	override := bankHolidays(
		"2026-01-01", "2026-04-03", "2026-04-06", "2026-05-05", "2026-05-25", "2026-06-15", "2026-08-31", "2026-12-25", "2026-12-28",
		"2029-01-01", "2029-03-30", "2029-04-02", "2029-05-07", "2029-05-28", "2029-08-27", "2029-12-25", "2029-12-26",
	)
	c := calendar(t, override)
	for day, want := range map[string]bool{
		"2026-06-15": false, // added
		"2026-05-04": true,  // moved from
		"2026-05-05": false, // moved to
		"2026-04-03": false, // kept
		"2025-05-05": false, // another year, untouched
		"2029-03-30": false,
		"2029-03-29": true,
	} {
		if got, err := c.IsWorkingDay(date(t, day)); err != nil || got != want {
			t.Errorf("IsWorkingDay(%s) = %t, %v, want %t", day, got, err, want)
		}
	}
	if got, want := c.Horizon(), date(t, "2029-12-31"); got != want {
		t.Errorf("Horizon() = %v, want %v", got, want)
	}
	// A later override stands over an earlier one, and another calendar knows nothing of either.
	again := calendar(t, override, bankHolidays(
		"2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-08-31", "2026-12-25", "2026-12-28",
	))
	for name, other := range map[string]*hscn.Calendar{"overridden twice": again, "not overridden": calendar(t)} {
		if got, err := other.IsWorkingDay(date(t, "2026-06-15")); err != nil || !got {
			t.Errorf("%s: IsWorkingDay(2026-06-15) = %t, %v, want true", name, got, err)
		}
	}
}

func TestCalendarOverrideRefused(t *testing.T) {
	t.Parallel()
	whole := []string{
		"2030-01-01", "2030-04-19", "2030-04-22", "2030-05-06", "2030-05-27", "2030-08-26", "2030-12-25", "2030-12-26",
	}
	for name, tt := range map[string]struct {
		document []byte
		want     string
	}{
		"empty":             {nil, "override 1: not a document in the shape"},
		"not JSON":          {[]byte("BEGIN:VCALENDAR"), "not a document in the shape"},
		"another shape":     {[]byte(`[]`), "not a document in the shape"},
		"another division":  {[]byte(`{"scotland":{"events":[]}}`), `no events in the division "england-and-wales"`},
		"no events":         {bankHolidays(), "no events"},
		"a date in words":   {bankHolidays("25 December 2030"), `event 1, "Holiday 1": date "25 December 2030"`},
		"one day of a year": {bankHolidays("2027-06-14"), "names only 1 of the bank holidays of 2027, when England and Wales have 8 or more"},
		"the same day twice": {
			bankHolidays(append(whole[:7:7], whole[0])...), "names only 7 of the bank holidays of 2030",
		},
		"a gap":       {bankHolidays(whole...), "none are given for 2029"},
		"another end": {append(bankHolidays(whole...), '}'), "not a document in the shape"},
	} {
		_, err := hscn.NewCalendar(tt.document)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v does not say %q", name, err, tt.want)
		}
	}
}

func TestWorkingDayLaws(t *testing.T) {
	t.Parallel()
	c := calendar(t)
	start := date(t, "2019-01-01")
	rapid.Check(t, func(t *rapid.T) {
		d := start.AddDays(rapid.IntRange(0, 2500).Draw(t, "day"))
		n := rapid.IntRange(1, 200).Draw(t, "n")
		add := func(d hscn.Date, n int) hscn.Date {
			got, err := c.AddWorkingDays(d, n)
			if err != nil {
				t.Fatalf("AddWorkingDays(%v, %d): %v", d, n, err)
			}
			return got
		}
		later := add(d, n)
		if working, err := c.IsWorkingDay(later); err != nil || !working || !later.After(d) {
			t.Fatalf("%v + %d working days = %v, working %t, %v", d, n, later, working, err)
		}
		counted := 0
		for day := d; day.Before(later); {
			day = day.AddDays(1)
			if working, err := c.IsWorkingDay(day); err != nil {
				t.Fatal(err)
			} else if working {
				counted++
			}
		}
		if counted != n {
			t.Fatalf("from %v to %v there are %d working days, want %d", d, later, counted, n)
		}
		if stepwise := add(add(d, n), 1); stepwise != add(d, n+1) {
			t.Fatalf("%v + %d + 1 working days = %v, + %d at once %v", d, n, stepwise, n+1, add(d, n+1))
		}
		// From a working day there and back is where it began.
		if back := add(add(later, n), -n); back != later {
			t.Fatalf("%v + %d - %d working days = %v", later, n, n, back)
		}
	})
}
