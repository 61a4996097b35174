package hscn

import (
	"regexp"
	"time"
)

// rfc3339 is the grammar of RFC 3339, section 5.6, with seconds and zone. time.Parse alone is laxer: it takes hours of
// one digit and a comma in front of the fraction.
var rfc3339 = regexp.MustCompile(
	`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`)

// CanonicalInstant returns the one spelling of an instant: s, a date and time of RFC 3339 with seconds and a zone, in
// UTC and without trailing zeros of a fraction (of which nanoseconds are kept). So "2027-01-12T11:00:00+01:00" and
// "2027-01-12T10:00:00.0Z" are both "2027-01-12T10:00:00Z". The error is a *FormatError.
func CanonicalInstant(s string) (string, error) {
	invalid := &FormatError{
		Word: "time", Value: s,
		Problem: "is not a date and time of RFC 3339 with seconds and a zone, " +
			"such as 2027-01-12T10:00:00Z or 2027-07-12T10:00:00+01:00",
	}
	if !rfc3339.MatchString(s) {
		return "", invalid
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return "", invalid
	}
	// In UTC a time at the edge of the calendar may leave the years that RFC 3339 can write.
	t = t.UTC()
	if t.Year() < 0 || 9999 < t.Year() {
		return "", invalid
	}
	return t.Format(time.RFC3339Nano), nil
}
