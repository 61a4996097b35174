package hscn

import (
	"regexp"
	"strings"
)

// DSPTStandard is the outcome of an assessment in the NHS Data Security and Protection Toolkit, without its year.
type DSPTStandard string

// The outcomes, as the public register of the toolkit names them (dsptoolkit.nhs.uk, organisation search).
const (
	DSPTStandardsMet         DSPTStandard = "standards_met"
	DSPTStandardsExceeded    DSPTStandard = "standards_exceeded"
	DSPTApproachingStandards DSPTStandard = "approaching_standards"
	DSPTNotFullyMetPlan      DSPTStandard = "not_fully_met_plan_agreed"
	DSPTNotMet               DSPTStandard = "not_met"
	DSPTNotPublished         DSPTStandard = "not_published"
)

// dsptTexts gives each outcome's text in the register first, then the other spellings that were found there. The
// spellings without "standards" are those of the edition 18/19.
var dsptTexts = []struct {
	standard DSPTStandard
	texts    []string
}{
	{DSPTStandardsMet, []string{"Standards Met"}},
	{DSPTStandardsExceeded, []string{"Standards Exceeded"}},
	{DSPTApproachingStandards, []string{"Approaching Standards"}},
	{DSPTNotFullyMetPlan, []string{"Standards Not Fully Met (Plan Agreed)", "Not Fully Met (Plan Agreed)"}},
	{DSPTNotMet, []string{"Standards Not Met", "Not Met"}},
	{DSPTNotPublished, []string{"Not Published"}},
}

// DSPTStandards returns every outcome.
func DSPTStandards() []DSPTStandard {
	standards := make([]DSPTStandard, len(dsptTexts))
	for i, row := range dsptTexts {
		standards[i] = row.standard
	}
	return standards
}

// Valid reports whether s is one of DSPTStandards.
func (s DSPTStandard) Valid() bool { return contains(DSPTStandards(), s) }

// Text returns the outcome as the register writes it, such as "Standards Met"; of an unknown one, its value.
func (s DSPTStandard) Text() string {
	for _, row := range dsptTexts {
		if row.standard == s {
			return row.texts[0]
		}
	}
	return string(s)
}

// DSPTStatus is what the register shows for an organisation: an outcome and the edition of the toolkit that it is of.
// The edition is zero where the register shows none, as it does for what was never published and for the edition 18/19.
type DSPTStatus struct {
	Edition  Edition
	Standard DSPTStandard
}

// String returns the status as the register writes it: "22/23 Standards Met", or without an edition "Not Published".
func (s DSPTStatus) String() string {
	if s.Edition.IsZero() {
		return s.Standard.Text()
	}
	return s.Edition.String() + " " + s.Standard.Text()
}

var dsptStatus = regexp.MustCompile(`^([0-9]{2}/[0-9]{2}|[0-9]{4}-[0-9]{2})?\s*(.+)$`)

// ParseDSPTStatus reads a status as the register's export and its organisation pages write it: "22/23 Standards Met",
// "2022-23 Standards Met" or "Not Published". Case and the amount of white space do not matter. The error is a
// *FormatError that names the year or the outcome that does not make sense.
func ParseDSPTStatus(s string) (DSPTStatus, error) {
	invalid := func(problem string) error {
		return &FormatError{Word: "DSPT status", Value: s, Problem: problem}
	}
	parts := dsptStatus.FindStringSubmatch(strings.Join(strings.Fields(s), " "))
	if parts == nil {
		return DSPTStatus{}, invalid("is empty: expected a status such as \"24/25 Standards Met\"")
	}
	var status DSPTStatus
	if parts[1] != "" {
		edition, err := ParseEdition(parts[1])
		if err != nil {
			return DSPTStatus{}, invalid("does not begin with an edition: " + err.Error())
		}
		status.Edition = edition
	}
	outcome := asciiLower(parts[2])
	for _, row := range dsptTexts {
		for _, text := range row.texts {
			if asciiLower(text) == outcome {
				status.Standard = row.standard
				return status, nil
			}
		}
	}
	texts := make([]string, len(dsptTexts))
	for i, row := range dsptTexts {
		texts[i] = row.texts[0]
	}
	return DSPTStatus{}, invalid(
		"has no outcome that the toolkit gives: expected one of " + strings.Join(texts, ", ") +
			", after an edition such as 24/25 or 2024-25 where there is one")
}
