package hscn_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func date(t *testing.T, s string) hscn.Date {
	t.Helper()
	d, err := hscn.ParseDate(s)
	if err != nil {
		t.Fatalf("ParseDate(%q): %v", s, err)
	}
	return d
}

// dates draws days of two centuries.
func dates() *rapid.Generator[hscn.Date] {
	return rapid.Custom(func(t *rapid.T) hscn.Date {
		return hscn.Date{Year: 1950, Month: time.January, Day: 1}.AddDays(rapid.IntRange(0, 73000).Draw(t, "days"))
	})
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	got, err := hscn.ParseDate("2024-02-29")
	if want := (hscn.Date{Year: 2024, Month: time.February, Day: 29}); err != nil || got != want {
		t.Errorf("ParseDate = %v, %v, want %v", got, err, want)
	}
	for _, s := range []string{
		"", "2023-02-29", "2026-13-01", "2026-1-1", "26-01-01", "01/02/2026", "2026-01-01T00:00:00Z", " 2026-01-01", "2026-00-10",
	} {
		_, err := hscn.ParseDate(s)
		wantFormatError(t, err, s, "date", "YYYY-MM-DD")
	}
}

func TestDateText(t *testing.T) {
	t.Parallel()
	type document struct {
		SignedOn hscn.Date `json:"signed_on"`
	}
	for _, text := range []string{`{"signed_on":"2026-11-02"}`, `{"signed_on":""}`} {
		var d document
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatalf("unmarshal %s: %v", text, err)
		}
		again, err := json.Marshal(d)
		if err != nil || string(again) != text {
			t.Errorf("%s came back as %s, %v", text, again, err)
		}
	}
	var d document
	if err := json.Unmarshal([]byte(`{"signed_on":"2 November 2026"}`), &d); err == nil {
		t.Error("a date in words was accepted")
	}
	rapid.Check(t, func(t *rapid.T) {
		d := dates().Draw(t, "date")
		if again, err := hscn.ParseDate(d.String()); err != nil || again != d {
			t.Fatalf("ParseDate(%v) = %v, %v", d, again, err)
		}
	})
}

func TestDateCompare(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := dates().Draw(t, "a"), dates().Draw(t, "b")
		// RFC 3339 dates sort as text.
		textual := 0
		switch {
		case a.String() < b.String():
			textual = -1
		case a.String() > b.String():
			textual = 1
		}
		if got := a.Compare(b); got != textual || a.Before(b) != (got < 0) || a.After(b) != (got > 0) || (a == b) != (got == 0) {
			t.Fatalf("%v and %v: Compare %d, Before %t, After %t, want %d", a, b, got, a.Before(b), a.After(b), textual)
		}
		if (hscn.Date{}).Compare(a) != -1 {
			t.Fatalf("the zero date is not before %v", a)
		}
	})
}

func TestDateZero(t *testing.T) {
	t.Parallel()
	var zero hscn.Date
	if !zero.IsZero() || zero.String() != "" || zero.AddDays(3) != zero || zero.AddMonths(3) != zero {
		t.Errorf("zero date: IsZero %t, String %q, AddDays %v, AddMonths %v", zero.IsZero(), zero, zero.AddDays(3), zero.AddMonths(3))
	}
	if d := date(t, "2026-01-01"); d.IsZero() {
		t.Error("1 January 2026 is zero")
	}
}

func TestDateArithmetic(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ got, want string }{
		"a day over the year":        {date(t, "2026-12-31").AddDays(1).String(), "2027-01-01"},
		"leap day":                   {date(t, "2028-02-28").AddDays(1).String(), "2028-02-29"},
		"days back":                  {date(t, "2026-03-01").AddDays(-1).String(), "2026-02-28"},
		"a month":                    {date(t, "2026-11-02").AddMonths(1).String(), "2026-12-02"},
		"a month into the next year": {date(t, "2026-12-15").AddMonths(1).String(), "2027-01-15"},
		"clamped":                    {date(t, "2026-01-31").AddMonths(1).String(), "2026-02-28"},
		"clamped in a leap year":     {date(t, "2028-01-31").AddMonths(1).String(), "2028-02-29"},
		"a year from a leap day":     {date(t, "2028-02-29").AddMonths(12).String(), "2029-02-28"},
		"months back":                {date(t, "2026-03-31").AddMonths(-1).String(), "2026-02-28"},
		"back over the year":         {date(t, "2026-01-31").AddMonths(-2).String(), "2025-11-30"},
	}
	for name, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: %s, want %s", name, tt.got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := dates().Draw(t, "date")
		n := rapid.IntRange(-4000, 4000).Draw(t, "n")
		if back := d.AddDays(n).AddDays(-n); back != d {
			t.Fatalf("%v + %d - %d days = %v", d, n, n, back)
		}
		if n > 0 && !d.AddDays(n).After(d) {
			t.Fatalf("%v + %d days is not later", d, n)
		}
		months := rapid.IntRange(-600, 600).Draw(t, "months")
		later := d.AddMonths(months)
		wantMonths := d.Year*12 + int(d.Month) + months
		if later.Year*12+int(later.Month) != wantMonths {
			t.Fatalf("%v + %d months = %v, which is another month", d, months, later)
		}
		// A day is clamped to the last one of its month, and never otherwise moved.
		if later.Day != d.Day && (later.Day > d.Day || later.AddDays(1).Day != 1) {
			t.Fatalf("%v + %d months = %v", d, months, later)
		}
	})
}

func TestDateInLondon(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"2026-07-01T22:59:59Z":      "2026-07-01",
		"2026-07-01T23:00:00Z":      "2026-07-02", // summer time: midnight in London
		"2026-12-01T23:59:59Z":      "2026-12-01",
		"2026-12-02T00:00:00Z":      "2026-12-02",
		"2026-06-30T19:00:00-05:00": "2026-07-01",
	}
	for instant, want := range tests {
		at, err := time.Parse(time.RFC3339, instant)
		if err != nil {
			t.Fatal(err)
		}
		if got := hscn.DateIn(at).String(); got != want {
			t.Errorf("DateIn(%s) = %s, want %s", instant, got, want)
		}
	}
}

func TestDateAt(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"2026-07-01": "2026-07-01T08:00:00Z",
		"2026-12-01": "2026-12-01T09:00:00Z",
		"2026-03-29": "2026-03-29T08:00:00Z", // the clocks went forward that night
		"2026-10-25": "2026-10-25T09:00:00Z", // and back
	}
	for day, want := range tests {
		if got := date(t, day).At(9, 0).UTC().Format(time.RFC3339); got != want {
			t.Errorf("%s at 9 o'clock in London is %s, want %s", day, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := dates().Draw(t, "date")
		if got := hscn.DateIn(d.At(12, 30)); got != d {
			t.Fatalf("noon of %v in London is on %v", d, got)
		}
	})
}

func TestLondon(t *testing.T) {
	t.Parallel()
	if got := hscn.London().String(); got != "Europe/London" {
		t.Errorf("London() = %s", got)
	}
}
