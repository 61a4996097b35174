package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Change says what a change of an attribute does.
type Change uint8

// The kinds of change.
const (
	// Immutable attributes cannot change: another value is another object.
	Immutable Change = iota + 1
	// Widening attributes change in place; a change to more capacity or wider access is judged like a new order.
	Widening
	// Free attributes change in place, whatever the rules for new orders say.
	Free
)

// Sentence is what an attribute's description says of its changes.
func (c Change) Sentence() string {
	switch c {
	case Immutable:
		return "A change of it replaces the resource."
	case Widening:
		return "It changes in place; a change that asks for more is judged like a new order."
	case Free:
		return "It changes in place."
	default:
		return ""
	}
}

// Attribute is what a change of one attribute of a spec does.
type Attribute struct {
	// Path is its name in the contract with those of the objects around it, separated by dots, and "*" for the keys of a
	// map: "profile.shared_with.*.basis". That of a map, "profile.shared_with", stands for its keys.
	Path   string
	Change Change
	// Canonical returns the one spelling of a value, or of a map's key, that can be written in several; nil where there is
	// only one.
	Canonical func(string) string
	// Fulfilled says that somebody has to make the network follow a change of it, be it more or less that is asked for: of
	// what is active it is not so before that is confirmed.
	Fulfilled bool

	// keys says that it is a map, of which the keys are compared.
	keys bool
	// fallback is what a value that is not given means.
	fallback any
	// widens says of two values that differ, in their canonical spelling, whether the second asks for more; nil where
	// every difference does. Only for Widening.
	widens func(prior, proposed any) bool
}

// Sentence is what the attribute's description says of its changes.
func (a Attribute) Sentence() string {
	if a.Fulfilled {
		return a.Change.Sentence() + " Of what is active it takes effect when the network follows it: until then it is in `pending_change`."
	}
	return a.Change.Sentence()
}

// Attributes is the table of what a change does, for every attribute that the owner of such an object declares.
func Attributes(kind Kind) []Attribute {
	switch kind {
	case KindConnection:
		return connectionAttributes()
	case KindEdgeAttachment:
		return edgeAttachmentAttributes()
	case KindAgreementEvidence:
		return agreementEvidenceAttributes()
	default:
		return nil
	}
}

// connectionAttributes is the table of a connection's. What an organisation attests of itself changes freely, since the
// HSCN terms ask for a profile that is up to date (HSCN Mandatory Supplemental Terms, clause 4.12): a lapsed DSPT must
// not keep a new security lead out. To take an attestation back, on which the order rests, asks for more.
func connectionAttributes() []Attribute {
	return []Attribute{
		{Path: "ods_code", Change: Widening, Canonical: hscn.CanonicalODSCode},
		{Path: "service.type", Change: Immutable},
		{Path: "service.id", Change: Immutable},
		{Path: "access", Change: Widening, Fulfilled: true, fallback: string(hscn.AccessSharedLink)},
		{Path: "purpose", Change: Widening, fallback: string(hscn.PurposeProduction)},
		{Path: "agreement.basis", Change: Widening},
		{Path: "agreement.evidence_id", Change: Widening},
		{Path: "agreement.reference", Change: Free},
		{Path: "profile.business_sponsor.name", Change: Free},
		{Path: "profile.business_sponsor.email", Change: Free, Canonical: hscn.CanonicalEmail},
		{Path: "profile.security_lead.name", Change: Free},
		{Path: "profile.security_lead.email", Change: Free, Canonical: hscn.CanonicalEmail},
		{Path: "profile.security_lead.phone", Change: Free},
		{Path: "profile.shared_with", Change: Widening, Canonical: hscn.CanonicalODSCode, keys: true},
		{Path: "profile.shared_with.*.basis", Change: Widening},
		{Path: "profile.shared_with.*.bound_by_terms", Change: Widening},
		{Path: "profile.handles_patient_data", Change: Widening, widens: from(false)},
		{Path: "profile.encryption.in_application", Change: Widening, widens: from(true)},
		{Path: "profile.encryption.standard", Change: Free},
		{Path: "profile.encryption.attested_on", Change: Free},
		{Path: "profile.risk_assessment.reference", Change: Widening, widens: loss},
		{Path: "profile.risk_assessment.completed_on", Change: Widening, widens: loss},
		{Path: "profile.monitoring_acknowledged_on", Change: Widening, widens: loss},
		{Path: "profile.reviewed_on", Change: Free},
		{
			Path: "profile.outside_england.data_locations", Change: Widening, Canonical: hscn.CanonicalCountry,
			fallback: []string{"GB"}, widens: addition,
		},
		{Path: "profile.outside_england.policy_attested", Change: Widening, widens: from(true)},
		{Path: "profile.outside_england.nhs_clarification", Change: Widening, widens: loss},
		{Path: "circuits", Change: Widening, Fulfilled: true, keys: true},
		{Path: "circuits.*.reference", Change: Free},
		{Path: "circuits.*.cn_sp", Change: Widening, Fulfilled: true},
		{Path: "circuits.*.data_centre", Change: Widening, Fulfilled: true},
		{Path: "circuits.*.bandwidth_mbps", Change: Widening, Fulfilled: true, widens: increase},
		{Path: "purchase_order", Change: Free},
		{Path: "activate_at", Change: Widening, Canonical: canonicalInstant, widens: sooner},
		{Path: "accepted_setup_charge_gbp", Change: Free},
		{Path: "deletion_protection", Change: Free, fallback: false},
	}
}

// edgeAttachmentAttributes is the table of an edge attachment's.
func edgeAttachmentAttributes() []Attribute {
	return []Attribute{
		{Path: "gateway_id", Change: Immutable},
		{Path: "vdc_id", Change: Immutable},
		{Path: "networks", Change: Widening, keys: true},
		{Path: "networks.*.id", Change: Widening},
		{Path: "networks.*.cidr", Change: Widening},
		{Path: "networks.*.dns_servers", Change: Free},
		{Path: "bridging_controls", Change: Widening, widens: loss},
		{
			Path: "fulfilment", Change: Widening, Fulfilled: true, fallback: string(hscn.FulfilmentCSP),
			widens: func(_, proposed any) bool { return proposed == string(hscn.FulfilmentCustomer) },
		},
		{Path: "deletion_protection", Change: Free, fallback: false},
	}
}

// agreementEvidenceAttributes is the table of agreement evidence's. Another document, and another day on which it was
// signed, is a new version, which somebody has to validate like the first.
func agreementEvidenceAttributes() []Attribute {
	return []Attribute{
		{Path: "ods_code", Change: Immutable, Canonical: hscn.CanonicalODSCode},
		{Path: "document_sha256", Change: Widening, Canonical: strings.ToLower},
		{Path: "signed_on", Change: Widening},
		{Path: "countersigned_on", Change: Widening},
	}
}

// from says that leaving a value asks for more.
func from(value any) func(prior, proposed any) bool {
	return func(prior, _ any) bool { return prior == value }
}

// loss says that only to give up what was given asks for more.
func loss(_, proposed any) bool { return proposed == nil }

// addition says that only another element of a set asks for more.
func addition(prior, proposed any) bool {
	before, _ := prior.([]string)
	after, _ := proposed.([]string)
	return slices.ContainsFunc(after, func(element string) bool { return !slices.Contains(before, element) })
}

// increase says that only a smaller number asks for no more. No number is no limit.
func increase(prior, proposed any) bool {
	before, limited := prior.(float64)
	after, limits := proposed.(float64)
	return !limits || limited && after > before
}

// sooner says that only to go live earlier asks for more. No time is at once.
func sooner(prior, proposed any) bool {
	before, waited := instant(prior)
	after, waits := instant(proposed)
	return waited && (!waits || after.Before(before))
}

func instant(value any) (time.Time, bool) {
	text, _ := value.(string)
	t, err := time.Parse(time.RFC3339, text)
	return t, err == nil
}

func canonicalInstant(s string) string {
	if canonical, err := hscn.CanonicalInstant(s); err == nil {
		return canonical
	}
	return s
}
