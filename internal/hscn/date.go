package hscn

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	// The zone of every deadline must resolve without a zone database on the machine, too: Windows, a bare container.
	_ "time/tzdata"
)

// dateLayout is the calendar date of ISO 8601, the "full-date" of RFC 3339.
const dateLayout = "2006-01-02"

// Date is a day in the civil calendar, without a time or a zone: a deadline, the day of a signature, a bank holiday.
// Dates are comparable with ==. The zero Date is no day at all: it stands before every other, its text is empty, and
// adding to it leaves it zero.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads a date in the form "2006-01-02". The error is a *FormatError.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(dateLayout, s)
	if err != nil {
		return Date{}, &FormatError{
			Word: "date", Value: s,
			Problem: "is not a day in the form YYYY-MM-DD, such as 2026-11-02",
		}
	}
	return dateOf(t), nil
}

// DateIn returns the day that it is in London at the instant t. HSCN's deadlines and working days are English ones,
// wherever the machine stands that asks.
func DateIn(t time.Time) Date { return dateOf(t.In(London())) }

func dateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{Year: year, Month: month, Day: day}
}

var london = sync.OnceValue(func() *time.Location {
	location, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(fmt.Sprintf("hscn: the embedded zone database has no Europe/London: %v", err))
	}
	return location
})

// London returns the zone Europe/London, which is embedded in the program.
func London() *time.Location { return london() }

// At returns the instant at which London's clocks show that hour and minute on that day. Of an hour that they skip or
// show twice (the last Sundays of March and October, between 1 and 2 o'clock) it returns one of the two candidates, as
// time.Date does.
func (d Date) At(hour, minute int) time.Time {
	return time.Date(d.Year, d.Month, d.Day, hour, minute, 0, 0, London())
}

// IsZero reports whether d is no day at all.
func (d Date) IsZero() bool { return d == Date{} }

// String returns the date in the form "2006-01-02", and the empty string for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// MarshalText returns what String returns.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes: a date as ParseDate takes it, or nothing for the zero Date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// Compare returns -1 where d is before other, 0 where they are the same day and 1 where d is after other.
func (d Date) Compare(other Date) int {
	return cmp.Or(cmp.Compare(d.Year, other.Year), cmp.Compare(d.Month, other.Month), cmp.Compare(d.Day, other.Day))
}

// Before reports whether d is an earlier day than other.
func (d Date) Before(other Date) bool { return d.Compare(other) < 0 }

// After reports whether d is a later day than other.
func (d Date) After(other Date) bool { return d.Compare(other) > 0 }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.midnightUTC().Weekday() }

// AddDays returns the day n days later, or earlier where n is negative.
func (d Date) AddDays(n int) Date {
	if d.IsZero() {
		return d
	}
	return dateOf(d.midnightUTC().AddDate(0, 0, n))
}

// AddMonths returns the same day of the month n months later, or earlier where n is negative; where that month is
// shorter, its last day. So a month's commitment from 31 January ends with February, not in March.
func (d Date) AddMonths(n int) Date {
	if d.IsZero() {
		return d
	}
	first := dateOf(time.Date(d.Year, d.Month+time.Month(n), 1, 0, 0, 0, 0, time.UTC))
	last := dateOf(time.Date(first.Year, first.Month+1, 0, 0, 0, 0, 0, time.UTC))
	return Date{Year: first.Year, Month: first.Month, Day: min(d.Day, last.Day)}
}

// midnightUTC carries the arithmetic: in UTC every day has 24 hours.
func (d Date) midnightUTC() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}
