package hscn

import (
	"regexp"
	"strings"
	"time"
)

// AgreementBasis is what an organisation's use of HSCN rests on. Every connection has exactly one (HSCN connectivity
// FAQ, UKCloud, 2021, "How do I get a HSCN connected solution").
type AgreementBasis string

const (
	// BasisConnectionAgreement is the organisation's own HSCN Connection Agreement, signed with the NHS.
	BasisConnectionAgreement AgreementBasis = "connection_agreement"
	// BasisFlowDown is terms of the cloud service provider that carry the agreement's terms, such as a Master Services
	// Agreement of version 11.0 or later; the NHS does not countersign them.
	BasisFlowDown AgreementBasis = "flow_down"
)

// AgreementBases returns every basis.
func AgreementBases() []AgreementBasis {
	return []AgreementBasis{BasisConnectionAgreement, BasisFlowDown}
}

// Valid reports whether b is one of AgreementBases.
func (b AgreementBasis) Valid() bool { return contains(AgreementBases(), b) }

// FirstAgreementDate returns 1 April 2017, from when on the HSCN Connection Agreement replaced the N3 Information
// Governance Statement of Compliance (NHS Digital, "HSCN standards", 2020: "from April 2017"). What was signed before
// is not an HSCN Connection Agreement.
func FirstAgreementDate() Date { return Date{Year: 2017, Month: time.April, Day: 1} }

var apiOnboardingReference = regexp.MustCompile(`^CNTR[0-9]{7}$`)

// IsAPIOnboardingReference reports whether s, trimmed and in upper case, is the reference of another agreement of the
// same name: the Connection Agreement of NHS England's API onboarding, CNTR and 7 digits (NHS England, digital
// onboarding service). It says nothing about HSCN.
func IsAPIOnboardingReference(s string) bool {
	return apiOnboardingReference.MatchString(asciiUpper(strings.TrimSpace(s)))
}
