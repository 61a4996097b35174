package hscn

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// bankHolidays has the shape of GOV.UK's bank-holidays.json. Its past years are what was proclaimed, one-off holidays
// included; its last years follow from the Banking and Financial Dealings Act 1971 and the yearly proclamation for New
// Year's Day and early May, and may still be changed by another.
//
//go:embed bank_holidays.json
var bankHolidays []byte

// bankHolidayDivision is the part of that document that HSCN's working days follow: it is England's network.
const bankHolidayDivision = "england-and-wales"

// leastBankHolidays is how many bank holidays England and Wales have in every year since 1978. A year with fewer is one
// that somebody wrote down in part.
const leastBankHolidays = 8

// ErrBeyondHorizon says that a date is outside the years whose bank holidays are known. It is wrapped in an error that
// names the date and those years.
var ErrBeyondHorizon = errors.New("bank holidays are not known")

// Calendar tells working days: Monday to Friday, except the bank holidays of England and Wales. It answers only for the
// years whose bank holidays it knows, and never guesses beyond. It is immutable and safe for concurrent use.
type Calendar struct {
	holidays    map[Date]struct{}
	first, last int // the years covered, none missing between them
}

// NewCalendar returns the calendar of the embedded bank holidays, 2017 to 2028, with each of the overrides laid over
// it. An override is a document in the shape of GOV.UK's bank-holidays.json. A year that it names is taken from it
// whole, so that a holiday can be added, moved or dropped; GOV.UK's own document has whole years. It is an error if an
// override names fewer bank holidays in a year than England and Wales always have, or leaves a gap between years.
func NewCalendar(overrides ...[]byte) (*Calendar, error) {
	years, err := parseBankHolidays(bankHolidays)
	if err != nil {
		return nil, fmt.Errorf("embedded bank holidays: %w", err)
	}
	for i, document := range overrides {
		replaced, err := parseBankHolidays(document)
		if err != nil {
			return nil, fmt.Errorf("bank holidays, override %d: %w", i+1, err)
		}
		maps.Copy(years, replaced)
	}
	return newCalendar(years)
}

func newCalendar(years map[int]map[Date]struct{}) (*Calendar, error) {
	covered := slices.Sorted(maps.Keys(years))
	c := &Calendar{
		holidays: make(map[Date]struct{}),
		first:    covered[0],
		last:     covered[len(covered)-1],
	}
	for _, days := range years {
		maps.Copy(c.holidays, days)
	}
	for year := c.first; year <= c.last; year++ {
		if _, found := years[year]; !found {
			return nil, fmt.Errorf("bank holidays: none are given for %d, between %d and %d", year, c.first, c.last)
		}
	}
	return c, nil
}

// parseBankHolidays returns the bank holidays of England and Wales in the document, by year.
func parseBankHolidays(document []byte) (map[int]map[Date]struct{}, error) {
	var divisions map[string]struct {
		Events []struct {
			Title string `json:"title"`
			Date  string `json:"date"`
		} `json:"events"`
	}
	if err := json.Unmarshal(document, &divisions); err != nil {
		return nil, fmt.Errorf("not a document in the shape of GOV.UK's bank-holidays.json: %w", err)
	}
	division, found := divisions[bankHolidayDivision]
	if !found || len(division.Events) == 0 {
		return nil, fmt.Errorf("the document has no events in the division %q", bankHolidayDivision)
	}

	years := make(map[int]map[Date]struct{})
	for i, event := range division.Events {
		day, err := ParseDate(event.Date)
		if err != nil {
			return nil, fmt.Errorf("event %d, %q: %w", i+1, event.Title, err)
		}
		if years[day.Year] == nil {
			years[day.Year] = make(map[Date]struct{})
		}
		years[day.Year][day] = struct{}{}
	}
	for year, days := range years {
		if len(days) < leastBankHolidays {
			return nil, fmt.Errorf("the document names only %d of the bank holidays of %d, when England and Wales have %d or more: "+
				"give every one of the year", len(days), year, leastBankHolidays)
		}
	}
	return years, nil
}

// Horizon returns the last day for which the calendar knows the bank holidays, a 31 December.
func (c *Calendar) Horizon() Date { return Date{Year: c.last, Month: time.December, Day: 31} }

// IsWorkingDay reports whether d is a working day. The error wraps ErrBeyondHorizon and names the years that are known.
func (c *Calendar) IsWorkingDay(d Date) (bool, error) {
	if d.Year < c.first || c.last < d.Year {
		return false, fmt.Errorf("%w for %s, only for %d to %d", ErrBeyondHorizon, d, c.first, c.last)
	}
	if weekday := d.Weekday(); weekday == time.Saturday || weekday == time.Sunday {
		return false, nil
	}
	_, holiday := c.holidays[d]
	return !holiday, nil
}

// AddWorkingDays returns the n-th working day after d, or before it where n is negative; d itself, a working day or
// not, where n is 0. So an order that is assured on Thursday 2 April 2026, before Easter, and enabled one working day
// later is enabled by Tuesday 7 April. The error wraps ErrBeyondHorizon and names the years that are known.
func (c *Calendar) AddWorkingDays(d Date, n int) (Date, error) {
	step := 1
	if n < 0 {
		step = -1
	}
	for day := d; ; {
		if n == 0 {
			return day, nil
		}
		day = day.AddDays(step)
		working, err := c.IsWorkingDay(day)
		if err != nil {
			return Date{}, err
		}
		if working {
			n -= step
		}
	}
}
