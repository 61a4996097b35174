package rules

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// quotedRunes bounds what a finding repeats of a value: enough to recognise it, too little to flood a terminal.
const quotedRunes = 80

// quoted shows a value as its owner wrote it.
func quoted(s string) string {
	if runes := []rune(s); len(runes) > quotedRunes {
		return strconv.Quote(string(runes[:quotedRunes])) + "..."
	}
	return strconv.Quote(s)
}

// day writes a date as people do: 2 November 2026.
func day(d hscn.Date) string { return fmt.Sprintf("%d %s %d", d.Day, d.Month, d.Year) }

// moment writes an instant as the clocks of London show it.
func moment(t time.Time) string {
	return day(hscn.DateIn(t)) + " at " + t.In(hscn.London()).Format("15:04 MST")
}

// count writes a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// shown is how many of many values a finding names.
const shown = 3

// firstOf names the first few values, and says how many more there are.
func firstOf(values []string) string {
	if len(values) > shown {
		return strings.Join(values[:shown], ", ") + fmt.Sprintf(" and %d more", len(values)-shown)
	}
	return listed(values, "and")
}

// listed joins values as a sentence does: a, b and c.
func listed(values []string, conjunction string) string {
	if len(values) < 2 {
		return strings.Join(values, "")
	}
	last := len(values) - 1
	return strings.Join(values[:last], ", ") + " " + conjunction + " " + values[last]
}

// lookedUp says when and by whom a fact was looked up, as the rest of a sentence.
func (f Fact[T]) lookedUp() string {
	text := "looked up on " + day(hscn.DateIn(f.At))
	if f.By != "" {
		text += " by " + f.By
	}
	return text
}

// notChecked says why a fact does not count as checked, as a sentence about the place where one would look.
func (f Fact[T]) notChecked(place string, label string, days int) string {
	if f.At.IsZero() {
		return fmt.Sprintf("Nobody has looked up %s in %s yet.", label, place)
	}
	return fmt.Sprintf("%s was %s in %s, which is more than %s ago and no longer counts.",
		label, f.lookedUp(), place, count(days, "day"))
}

// String says until when, where it is written down, and why in the operator's own words, as the end of a sentence.
func (w Waiver) String() string {
	text := "until " + day(w.Until)
	if w.Reference != "" {
		text += " (" + w.Reference + ")"
	}
	if w.Reason != "" {
		text += ": " + strings.TrimSuffix(w.Reason, ".")
	}
	return text
}

// csp names the cloud service provider.
func (p Policy) csp() string {
	if p.CSP == "" {
		return "your cloud service provider"
	}
	return p.CSP
}

// askCSP names the cloud service provider and how to reach it.
func (p Policy) askCSP() string {
	contact := p.CSPContact
	if strings.Contains(contact.Title, p.csp()) {
		return withDetails(contact.Title, contact.Email, contact.Phone, contact.URL)
	}
	return withDetails(p.csp(), contact.Title, contact.Email, contact.Phone, contact.URL)
}

// askNHS names whom to ask at the NHS, and how.
func (p Policy) askNHS() string {
	return withDetails(p.nhs(), p.NHS.Email, p.NHS.Phone, p.NHS.URL)
}

// nhs is how a sentence calls the body to ask at the NHS.
func (p Policy) nhs() string { return cmp.Or(p.NHS.Title, "the NHS") }

// withDetails puts what is given of the details into brackets behind a name.
func withDetails(name string, details ...string) string {
	var given []string
	for _, detail := range details {
		if detail != "" {
			given = append(given, detail)
		}
	}
	if len(given) == 0 {
		return name
	}
	return name + " (" + strings.Join(given, ", ") + ")"
}
