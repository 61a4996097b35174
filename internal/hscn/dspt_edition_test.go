package hscn_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func editions() *rapid.Generator[hscn.Edition] {
	return rapid.Custom(func(t *rapid.T) hscn.Edition {
		return hscn.Edition{StartYear: rapid.IntRange(2017, 2098).Draw(t, "start year")}
	})
}

func TestParseEdition(t *testing.T) {
	t.Parallel()
	for s, year := range map[string]int{"24/25": 2024, "2024-25": 2024, "09/10": 2009, "99/00": 2099, "2099-00": 2099} {
		if got, err := hscn.ParseEdition(s); err != nil || got.StartYear != year {
			t.Errorf("ParseEdition(%q) = %+v, %v, want %d", s, got, err, year)
		}
	}
	for s, want := range map[string]string{
		"":          "does not have the form 24/25 or 2024-25",
		"24-25":     "does not have the form",
		"2024/25":   "does not have the form",
		"2024-2025": "does not have the form",
		"24/25 ":    "does not have the form",
		"24/26":     "expected 24/25",
		"25/24":     "expected 25/26",
		"1999-00":   "starts in 1999",
		"2100-01":   "starts in 2100",
	} {
		_, err := hscn.ParseEdition(s)
		wantFormatError(t, err, s, "DSPT edition", want)
	}
}

func TestEditionText(t *testing.T) {
	t.Parallel()
	// As a policy holds deadlines: by edition.
	var deadlines map[hscn.Edition]hscn.Date
	if err := json.Unmarshal([]byte(`{"25/26":"2026-06-30"}`), &deadlines); err != nil {
		t.Fatal(err)
	}
	if got, want := deadlines[hscn.Edition{StartYear: 2025}], date(t, "2026-06-30"); got != want {
		t.Errorf("deadline of 25/26 = %v, want %v", got, want)
	}
	if text, err := json.Marshal(deadlines); err != nil || string(text) != `{"25/26":"2026-06-30"}` {
		t.Errorf("came back as %s, %v", text, err)
	}
	var zero hscn.Edition
	if err := zero.UnmarshalText(nil); err != nil || !zero.IsZero() || zero.String() != "" {
		t.Errorf("no text is the edition %q, %v", zero, err)
	}
	if err := zero.UnmarshalText([]byte("24/26")); err == nil {
		t.Error("24/26 was accepted")
	}
	rapid.Check(t, func(t *rapid.T) {
		e := editions().Draw(t, "edition")
		if again, err := hscn.ParseEdition(e.String()); err != nil || again != e {
			t.Fatalf("ParseEdition(%q) = %+v, %v", e, again, err)
		}
	})
}

func TestEditionDeadline(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"18/19": "2019-03-31", "19/20": "2020-09-30", "20/21": "2021-06-30", "21/22": "2022-06-30", "22/23": "2023-06-30",
		"23/24": "2024-06-30", "24/25": "2025-06-30", "25/26": "2026-06-30", "26/27": "2027-06-30",
	} {
		e, err := hscn.ParseEdition(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Deadline().String(); got != want {
			t.Errorf("deadline of %s = %s, want %s", s, got, want)
		}
	}
	if got := (hscn.Edition{}).Deadline(); !got.IsZero() {
		t.Errorf("deadline of no edition = %v", got)
	}
}

func TestEditionOfPublication(t *testing.T) {
	t.Parallel()
	extended := func(e hscn.Edition) hscn.Date {
		if e.StartYear == 2025 {
			return hscn.Date{Year: 2026, Month: time.August, Day: 31}
		}
		return e.Deadline()
	}
	tests := []struct {
		published, want string
		deadlineOf      func(hscn.Edition) hscn.Date
	}{
		{"2019-03-31", "18/19", hscn.Edition.Deadline},
		{"2019-04-01", "19/20", hscn.Edition.Deadline},
		{"2020-09-30", "19/20", hscn.Edition.Deadline},
		{"2020-10-01", "20/21", hscn.Edition.Deadline},
		{"2024-12-31", "24/25", hscn.Edition.Deadline},
		{"2025-06-30", "24/25", hscn.Edition.Deadline},
		{"2025-07-01", "25/26", hscn.Edition.Deadline},
		{"2026-07-15", "26/27", hscn.Edition.Deadline},
		{"2026-07-15", "25/26", extended},
		{"2026-09-01", "26/27", extended},
		{"2026-07-15", "", func(hscn.Edition) hscn.Date { return hscn.Date{} }},
	}
	for _, tt := range tests {
		if got := hscn.EditionOfPublication(date(t, tt.published), tt.deadlineOf).String(); got != tt.want {
			t.Errorf("EditionOfPublication(%s) = %q, want %q", tt.published, got, tt.want)
		}
	}
	if got := hscn.EditionOfPublication(hscn.Date{}, hscn.Edition.Deadline); !got.IsZero() {
		t.Errorf("a status never published is of the edition %v", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		e := editions().Draw(t, "edition")
		if got := hscn.EditionOfPublication(e.Deadline(), hscn.Edition.Deadline); got != e {
			t.Fatalf("on its last day the edition %v is %v", e, got)
		}
		if got := hscn.EditionOfPublication(e.Deadline().AddDays(1), hscn.Edition.Deadline); got != e.Next() {
			t.Fatalf("on the day after %v the edition is %v", e, got)
		}
	})
}

func TestEditionSufficient(t *testing.T) {
	t.Parallel()
	extended := func(e hscn.Edition) hscn.Date { return e.Deadline().AddMonths(2) }
	tests := []struct {
		edition, today string
		deadlineOf     func(hscn.Edition) hscn.Date
		want           bool
	}{
		{"24/25", "2025-07-01", hscn.Edition.Deadline, true},
		{"24/25", "2026-06-30", hscn.Edition.Deadline, true},
		{"24/25", "2026-07-01", hscn.Edition.Deadline, false},
		{"25/26", "2026-07-01", hscn.Edition.Deadline, true},
		{"18/19", "2020-09-30", hscn.Edition.Deadline, true},
		{"18/19", "2020-10-01", hscn.Edition.Deadline, false},
		{"22/23", "2026-01-01", hscn.Edition.Deadline, false},
		{"26/27", "2026-01-01", hscn.Edition.Deadline, true},
		{"24/25", "2026-08-30", extended, true},
		{"24/25", "2026-08-31", extended, false},
		{"", "2026-01-01", hscn.Edition.Deadline, false},
	}
	for _, tt := range tests {
		var e hscn.Edition
		if err := e.UnmarshalText([]byte(tt.edition)); err != nil {
			t.Fatal(err)
		}
		if got := hscn.EditionSufficient(e, date(t, tt.today), tt.deadlineOf); got != tt.want {
			t.Errorf("edition %q on %s suffices: %t, want %t", tt.edition, tt.today, got, tt.want)
		}
	}
	if got, want := (hscn.Edition{StartYear: 2024}).CountsUntil(hscn.Edition.Deadline), date(t, "2026-06-30"); got != want {
		t.Errorf("24/25 counts until %v, want %v", got, want)
	}
	if got := (hscn.Edition{}).CountsUntil(hscn.Edition.Deadline); !got.IsZero() {
		t.Errorf("no edition counts until %v", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		e := editions().Draw(t, "edition")
		last := e.CountsUntil(hscn.Edition.Deadline)
		days := rapid.IntRange(-400, 400).Draw(t, "days")
		if got := hscn.EditionSufficient(e, last.AddDays(days), hscn.Edition.Deadline); got != (days <= 0) {
			t.Fatalf("%v suffices %d days after its last: %t", e, days, got)
		}
		// What suffices today suffices in a newer edition too.
		today := dates().Draw(t, "today")
		if hscn.EditionSufficient(e, today, hscn.Edition.Deadline) && !hscn.EditionSufficient(e.Next(), today, hscn.Edition.Deadline) {
			t.Fatalf("on %v %v suffices and %v does not", today, e, e.Next())
		}
	})
}
