package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func profileRules() []Rule {
	connections := []Kind{KindConnection}
	// What a consumer of HSCN keeps up to date of its connection.
	profile := Source{SourceTerms, "HSCN Mandatory Supplemental Terms, clause 4.12: the connection profile is kept up to date"}
	return []Rule{
		{
			ID: "profile.shared-organisation", Title: "An organisation routes through it without an agreement", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourceTerms, "HSCN Mandatory Supplemental Terms, clause 2.2: whoever routes through a connection has signed, or is bound by identical terms"},
			Owner:  OwnerCustomer,
			Remedy: "Have the organisation sign the HSCN Connection Agreement with {nhs}, then ask {csp} to look again; or bind it by identical " +
				"terms and set bound_by_terms to true; or take it out of profile.shared_with and keep it from routing through the connection.",
			check: profileSharedOrganisation,
		},
		{
			ID: "profile.risk-assessment", Title: "No dated risk assessment", Severity: Warning,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourcePractice, "NHS Digital, \"HSCN standards\", 2020: each organisation assesses the risks of its own use of the network"},
			Owner:  OwnerCustomer,
			Remedy: "Assess the risks of the connection, and give profile.risk_assessment with reference and completed_on.",
			check:  profileRiskAssessment,
		},
		{
			ID: "profile.encryption", Title: "Personal data may cross HSCN in clear text", Severity: Warning,
			Where: AtPlan, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourceTerms, "NHS Digital, \"HSCN standards\", 2020: HSCN does not encrypt; HSCN connectivity FAQ, UKCloud, 2021: AES-256 in the application"},
			Owner:  OwnerCustomer,
			Remedy: "Encrypt in the application (AES-256) and set profile.encryption.in_application to true; or set " +
				"profile.handles_patient_data to false if no such data crosses the connection.",
			check: profileEncryption,
		},
		{
			ID: "profile.monitoring", Title: "Monitoring on HSCN is not acknowledged", Severity: Warning,
			Where: AtPlan, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourceTerms, "HSCN Mandatory Supplemental Terms, clauses 4.6 to 4.8: flow data is watched, unencrypted internet traffic inspected"},
			Owner:  OwnerCustomer,
			Remedy: "Have the security lead read what is monitored, and give the day in profile.monitoring_acknowledged_on.",
			check:  profileMonitoring,
		},
		{
			ID: "profile.review-due", Title: "The connection profile is due for review", Severity: Warning,
			Where: AtPlan, Applies: AppliesAll, Kinds: connections, Source: profile,
			Owner:  OwnerCustomer,
			Remedy: "Check that the profile is still true, above all who shares the connection and who the contacts are, and give the day in profile.reviewed_on.",
			check:  profileReviewDue,
		},
		{
			ID: "profile.same-person", Title: "Business sponsor and security lead are one person", Severity: Warning,
			Where: AtPlan | AtBroker, Applies: AppliesAny, Kinds: connections,
			Source: Source{SourcePractice, "HSCN Mandatory Supplemental Terms, clause 4.12: a business sponsor, and a security lead such as the SIRO or Caldicott Guardian"},
			Owner:  OwnerCustomer,
			Remedy: "Name another person as one of the two: who answers for security should not also be who wants the service.",
			check:  profileSamePerson,
		},
	}
}

func profilePath(names ...string) []string { return append([]string{"profile"}, names...) }

// sharing is an organisation that routes through the connection of the order.
type sharing struct {
	// written is its code as the owner wrote it, label what findings call it.
	written, label string
	// standings are how its agreements stand, as far as one of them would do; none where it is attested to be bound by
	// identical terms, or nothing can be said.
	standings []agreement
}

// holds says that the organisation has what it needs.
func (s sharing) holds() bool { return slices.ContainsFunc(s.standings, agreement.holds) }

// fails says that whatever it could rest on was looked up, and none of it holds.
func (s sharing) fails() bool {
	return !slices.ContainsFunc(s.standings, func(a agreement) bool { return !a.fails() })
}

// sharedWith returns the organisations that route through the connection of the order, by code: those of which something
// can be said, and which are not attested to be bound by identical terms.
func (j *judgement) sharedWith() []sharing {
	codes, _ := j.order.Declared.Keys("profile", "shared_with").Get()
	var all []sharing
	for _, written := range codes {
		facts, asked := j.organisation(written)
		bound := j.order.Declared.Flag("profile", "shared_with", written, "bound_by_terms")
		basis := j.order.Declared.Text("profile", "shared_with", written, "basis")
		if attested, _ := bound.Get(); attested || bound.IsUnknown() || basis.IsUnknown() || !asked {
			continue
		}
		label := facts.label(strings.TrimSpace(written))
		organisation := consumer{facts, hscn.CanonicalODSCode(written), label}
		// Who does not say which one may have either.
		var standings []agreement
		if named, given := basis.Get(); !given || named == string(hscn.BasisConnectionAgreement) {
			standings = append(standings, j.registered(organisation))
		}
		if named, given := basis.Get(); !given || named == string(hscn.BasisFlowDown) {
			standings = append(standings, j.flowDownOfAnother(organisation))
		}
		if len(standings) > 0 {
			all = append(all, sharing{written, label, standings})
		}
	}
	return all
}

// flowDownOfAnother is flowDown of an organisation beside the consumer. What its contracts with the provider hold, and
// when somebody looked, is not told to an account that may not act for it: only whether access can rest on them.
func (j *judgement) flowDownOfAnother(organisation consumer) agreement {
	a := j.flowDown(organisation)
	if !organisation.Bound && a.fails() {
		return agreement{checked: true, source: "the contracts of " + j.policy.csp() + " that holds"}
	}
	return a
}

func profileSharedOrganisation(j *judgement) *hit {
	var path []string
	var without []string
	for _, s := range j.sharedWith() {
		if !s.fails() {
			continue
		}
		if path == nil {
			path = profilePath("shared_with", s.written)
		}
		reasons := make([]string, len(s.standings))
		for i, a := range s.standings {
			reasons[i] = a.failure()
		}
		without = append(without, s.label+" ("+strings.Join(reasons, "; ")+")")
	}
	switch len(without) {
	case 0:
		return nil
	case 1:
		return &hit{
			path:   path,
			detail: without[0] + " is to route through the connection without an agreement, and is not attested to be bound by identical terms.",
		}
	}
	return &hit{
		path: path,
		detail: fmt.Sprintf("%d organisations are to route through the connection without an agreement, and are not attested to be bound by "+
			"identical terms: %s.", len(without), firstOf(without)),
	}
}

func profileRiskAssessment(j *judgement) *hit {
	completed := j.order.Declared.Text("profile", "risk_assessment", "completed_on")
	if !completed.IsNull() {
		return nil
	}
	detail := "The profile has no risk assessment."
	if reference, given := j.order.Declared.Text("profile", "risk_assessment", "reference").Get(); given {
		detail = fmt.Sprintf("The risk assessment %s has no day on which it was completed.", quoted(reference))
	}
	return &hit{path: profilePath("risk_assessment"), detail: detail}
}

func profileEncryption(j *judgement) *hit {
	patients := j.order.Declared.Flag("profile", "handles_patient_data")
	encrypted := j.order.Declared.Flag("profile", "encryption", "in_application")
	handles, said := patients.Get()
	inApplication, _ := encrypted.Get()
	if patients.IsUnknown() || encrypted.IsUnknown() || said && !handles || inApplication {
		return nil
	}
	detail := "profile.handles_patient_data does not say whether patient data crosses the connection"
	if said {
		detail = "Patient data crosses the connection"
	}
	return &hit{
		path: profilePath("encryption"),
		detail: detail + ", profile.encryption.in_application does not say that the application encrypts it, and HSCN does not encrypt: " +
			"whoever carries the traffic could read it.",
	}
}

func profileMonitoring(j *judgement) *hit {
	if !j.order.Declared.Text("profile", "monitoring_acknowledged_on").IsNull() {
		return nil
	}
	return &hit{
		path: profilePath("monitoring_acknowledged_on"),
		detail: "Traffic on HSCN is monitored for the NHS: who talks to whom, and what goes to the internet unencrypted. The profile does not " +
			"say that the organisation knows.",
	}
}

// reviewDue returns when the profile was reviewed and the last day on which that counts; zero dates where nobody says.
func (j *judgement) reviewDue() (reviewed, until hscn.Date) {
	text, known := j.order.Declared.Text("profile", "reviewed_on").Get()
	if !known || j.policy.ProfileReviewMonths == 0 {
		return hscn.Date{}, hscn.Date{}
	}
	reviewed, err := hscn.ParseDate(text)
	if err != nil {
		return hscn.Date{}, hscn.Date{}
	}
	return reviewed, reviewed.AddMonths(j.policy.ProfileReviewMonths)
}

func profileReviewDue(j *judgement) *hit {
	h := &hit{path: profilePath("reviewed_on")}
	switch reviewed, until := j.reviewDue(); {
	case j.order.Declared.Text("profile", "reviewed_on").IsNull():
		h.detail = "Nobody has said when the profile was reviewed."
	case reviewed.IsZero() || !j.today.After(until):
		return nil
	default:
		h.detail = fmt.Sprintf("The profile was reviewed on %s, which counted until %s: a review counts for %s.",
			day(reviewed), day(until), count(j.policy.ProfileReviewMonths, "month"))
	}
	return h
}

func profileSamePerson(j *judgement) *hit {
	same := func(attribute string, canonical func(string) string) (string, bool) {
		sponsor, known := j.order.Declared.Text("profile", "business_sponsor", attribute).Get()
		lead, leadKnown := j.order.Declared.Text("profile", "security_lead", attribute).Get()
		return sponsor, known && leadKnown && canonical(sponsor) == canonical(lead)
	}
	// A person may have several addresses, and several names for one address are still one mailbox.
	value, one := same("email", hscn.CanonicalEmail)
	if !one {
		value, one = same("name", func(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) })
	}
	if !one {
		return nil
	}
	return &hit{
		path:   profilePath("security_lead"),
		detail: fmt.Sprintf("%s is both the business sponsor and the security lead.", quoted(value)),
	}
}
