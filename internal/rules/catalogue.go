package rules

import (
	"slices"
	"sync"
)

// catalogue is every rule, in the order in which findings are given.
var catalogue = sync.OnceValue(func() []Rule {
	return slices.Concat(
		nameRules(),
		organisationRules(),
		agreementRules(),
		dsptRules(),
		profileRules(),
		locationRules(),
		serviceRules(),
		connectionRules(),
		protectionRules(),
		edgeRules(),
	)
})

// Catalogue returns every rule, in the order in which findings are given.
func Catalogue() []Rule { return slices.Clone(catalogue()) }

// DefaultSeverities returns the severity of every rule where policy says nothing else.
func DefaultSeverities() map[string]Severity {
	severities := make(map[string]Severity)
	for _, rule := range catalogue() {
		severities[rule.ID] = rule.Severity
	}
	return severities
}

// CheckSeverity says what is wrong with a severity that a policy gives a rule, or nil: the catalogue must have the rule,
// and nobody changes that of a fixed one. The error is a *SeverityError.
func CheckSeverity(rule string, severity Severity) error {
	i := slices.IndexFunc(catalogue(), func(r Rule) bool { return r.ID == rule })
	switch {
	case i < 0:
		return &SeverityError{Rule: rule, Severity: severity, Problem: "is for a rule that the catalogue does not have"}
	case severity != Error && severity != Warning && severity != Off:
		return &SeverityError{Rule: rule, Severity: severity, Problem: "is none of error, warning and off"}
	case catalogue()[i].Fixed && severity != Error:
		return &SeverityError{
			Rule: rule, Severity: severity,
			Problem: "is not for a policy to give: the rule is about form or contract, and always an error",
		}
	default:
		return nil
	}
}

// SeverityError says why a policy may not give a rule a severity.
type SeverityError struct {
	Rule     string
	Severity Severity
	// Problem continues a sentence that Rule and Severity begin.
	Problem string
}

// Error implements error.
func (e *SeverityError) Error() string {
	return "severity of " + e.Rule + ": " + quoted(string(e.Severity)) + " " + e.Problem
}
