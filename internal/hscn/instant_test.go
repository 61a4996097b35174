package hscn_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func TestCanonicalInstant(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"2027-01-12T10:00:00Z":           "2027-01-12T10:00:00Z",
		"2027-01-12T10:00:00+00:00":      "2027-01-12T10:00:00Z",
		"2027-07-12T10:00:00+01:00":      "2027-07-12T09:00:00Z",
		"2027-01-01T00:30:00+01:00":      "2026-12-31T23:30:00Z",
		"2027-01-12T10:00:00.500Z":       "2027-01-12T10:00:00.5Z",
		"2027-01-12T10:00:00.000Z":       "2027-01-12T10:00:00Z",
		"2027-01-12T10:00:00.123456789Z": "2027-01-12T10:00:00.123456789Z",
	}
	for s, want := range tests {
		if got, err := hscn.CanonicalInstant(s); err != nil || got != want {
			t.Errorf("CanonicalInstant(%q) = %q, %v, want %q", s, got, err, want)
		}
	}
	for _, s := range []string{
		"", "2027-01-12", "2027-01-12T10:00:00", "2027-01-12T10:00Z", "2027-01-12 10:00:00Z", "2027-02-30T10:00:00Z",
		"2027-01-12T1:00:00Z", "2027-01-12T10:00:00,5Z", "2027-01-12T25:00:00Z", "2027-01-12T10:00:00+25:00", "tomorrow",
		" 2027-01-12T10:00:00Z", "0000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
	} {
		_, err := hscn.CanonicalInstant(s)
		wantFormatError(t, err, s, "time", "RFC 3339", "2027-01-12T10:00:00Z")
	}
}

func TestCanonicalInstantKeepsTheInstant(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
		zone := time.FixedZone("", 60*rapid.IntRange(-14*60, 14*60).Draw(t, "offset in minutes"))
		spelt := at.In(zone).Format(time.RFC3339Nano)
		got, err := hscn.CanonicalInstant(spelt)
		if err != nil {
			t.Fatalf("CanonicalInstant(%q): %v", spelt, err)
		}
		parsed, err := time.Parse(time.RFC3339Nano, got)
		if err != nil || !parsed.Equal(at) {
			t.Fatalf("CanonicalInstant(%q) = %q, another instant", spelt, got)
		}
		if other, err := hscn.CanonicalInstant(at.UTC().Format(time.RFC3339Nano)); err != nil || other != got {
			t.Fatalf("two spellings of one instant: %q, %q", got, other)
		}
	})
}
