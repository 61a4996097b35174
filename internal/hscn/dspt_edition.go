package hscn

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Edition is one year's issue of the Data Security and Protection Toolkit, named after the financial year in which it
// opens: the edition 24/25 closes in 2025. Editions are comparable with ==. The zero Edition is none.
type Edition struct {
	// StartYear is the first of the two years, with its century: 2024 for 24/25.
	StartYear int
}

// Editions write two digits of their years, so a year is read as one of this century: the first edition was 18/19.
const firstEditionYear, lastEditionYear = 2000, 2099

var editionForms = regexp.MustCompile(`^(?:([0-9]{2})/([0-9]{2})|([0-9]{4})-([0-9]{2}))$`)

// ParseEdition reads an edition in either of the forms in use: "24/25" and "2024-25". The second year must be the one
// after the first. The error is a *FormatError.
func ParseEdition(s string) (Edition, error) {
	invalid := func(problem string) error {
		return &FormatError{Word: "DSPT edition", Value: s, Problem: problem}
	}
	parts := editionForms.FindStringSubmatch(s)
	if parts == nil {
		return Edition{}, invalid("does not have the form 24/25 or 2024-25")
	}
	// The expression leaves nothing but digits, few enough for every int.
	start, _ := strconv.Atoi(parts[1] + parts[3])
	end, _ := strconv.Atoi(parts[2] + parts[4])
	if parts[1] != "" {
		start += firstEditionYear
	}
	if start < firstEditionYear || lastEditionYear < start {
		return Edition{}, invalid(fmt.Sprintf("starts in %d: expected a year of this century", start))
	}
	if next := (start + 1) % 100; end != next {
		expected := Edition{StartYear: start}
		return Edition{}, invalid(fmt.Sprintf("does not end in the year after its first: expected %s", expected))
	}
	return Edition{StartYear: start}, nil
}

// IsZero reports whether e is no edition.
func (e Edition) IsZero() bool { return e == Edition{} }

// String returns the edition in the form "24/25", and the empty string for the zero Edition.
func (e Edition) String() string {
	if e.IsZero() {
		return ""
	}
	return fmt.Sprintf("%02d/%02d", e.StartYear%100, (e.StartYear+1)%100)
}

// MarshalText returns what String returns.
func (e Edition) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads what MarshalText writes: an edition as ParseEdition takes it, or nothing for the zero Edition.
func (e *Edition) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*e = Edition{}
		return nil
	}
	parsed, err := ParseEdition(string(text))
	if err != nil {
		return err
	}
	*e = parsed
	return nil
}

// Next returns the edition that follows.
func (e Edition) Next() Edition { return Edition{StartYear: e.StartYear + 1} }

// Deadline returns the last day for publishing an assessment of this edition, as the NHS set it: 30 June of the closing
// year, except that the first edition (18/19) and the Information Governance Toolkit before it closed on 31 March, and
// 19/20 on 30 September 2020, because of the pandemic (dsptoolkit.nhs.uk, "Help" and "News"). A policy may hold other
// dates: what depends on deadlines takes them as a function, and the method expression Edition.Deadline is one.
func (e Edition) Deadline() Date {
	closing := e.StartYear + 1
	switch {
	case e.IsZero():
		return Date{}
	case closing <= 2019:
		return Date{Year: closing, Month: time.March, Day: 31}
	case closing == 2020:
		return Date{Year: closing, Month: time.September, Day: 30}
	default:
		return Date{Year: closing, Month: time.June, Day: 30}
	}
}

// EditionOfPublication returns the edition that was open on the day on which a status was published: the first whose
// deadline is not before that day. It tells the edition of a status that does not name one. It is zero where the day
// is, and where deadlineOf gives no edition near the day such a deadline.
func EditionOfPublication(published Date, deadlineOf func(Edition) Date) Edition {
	if published.IsZero() {
		return Edition{}
	}
	// The edition opens at most two years before its publication, even where a deadline was put off by months.
	for year := published.Year - 2; year <= published.Year+1; year++ {
		if e := (Edition{StartYear: year}); !deadlineOf(e).Before(published) {
			return e
		}
	}
	return Edition{}
}

// CountsUntil returns the last day on which a status of this edition suffices: the deadline of the next edition. Until
// then an organisation may still be at work on its next assessment; on the day after, it should have published it. So
// 24/25 counts until 30 June 2026 and no longer on 1 July. For the zero Edition it is the zero Date.
func (e Edition) CountsUntil(deadlineOf func(Edition) Date) Date {
	if e.IsZero() {
		return Date{}
	}
	return deadlineOf(e.Next())
}

// EditionSufficient reports whether a status of this edition suffices today: whether today is not after the day that
// CountsUntil gives. The zero Edition never does.
func EditionSufficient(e Edition, today Date, deadlineOf func(Edition) Date) bool {
	return !e.IsZero() && !today.After(e.CountsUntil(deadlineOf))
}
