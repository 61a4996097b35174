package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func locationRules() []Rule {
	connections := []Kind{KindConnection}
	policy := Source{
		SourceTerms, "NHS Digital, \"HSCN private IT service provider: connecting from outside of England's borders policy\", 2018",
	}
	return []Rule{
		{
			ID: "location.policy-not-attested", Title: "Outside England without the policy for it", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections, Source: policy,
			Owner: OwnerCustomer,
			Remedy: "Read the policy for connecting from outside England, and set profile.outside_england.policy_attested to true if the organisation " +
				"meets it. If the directory has the wrong country, ask {csp} to look it up again.",
			check: locationPolicyNotAttested,
		},
		{
			ID: "location.country", Title: "Data is held where it may not be", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections, Source: policy,
			Owner:  OwnerCustomer,
			Remedy: "Hold the data in the UK, the EEA or a country that is adequate, and say so in profile.outside_england.data_locations, as ISO 3166-1 alpha-2 codes.",
			check:  locationCountry,
		},
		{
			ID: "location.nhs-outside-england", Title: "An NHS body outside England", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourceTerms, "HSCN connectivity FAQ, UKCloud, 2021: NHS bodies outside England ask NHS Digital case by case"},
			Owner:  OwnerNHS,
			Remedy: "Ask {nhs} whether the organisation may connect, and give the answer's reference in profile.outside_england.nhs_clarification.",
			check:  locationNHSOutsideEngland,
		},
	}
}

func outsideEnglandPath(name string) []string { return profilePath("outside_england", name) }

// abroad returns the organisation of the order where the directory says that its seat is outside England. Where it says
// nothing, or nobody has looked, nothing is known.
func (j *judgement) abroad() (organisation consumer, seat string, abroad bool) {
	organisation, asked := j.consumer()
	fact := organisation.Directory
	country := strings.TrimSpace(fact.Record.Country)
	if !asked || !fact.Checked || !fact.Found || country == "" || strings.EqualFold(country, "England") {
		return consumer{}, "", false
	}
	return organisation, fmt.Sprintf("The seat of %s is in %s, according to %s, %s", organisation.label, country, directory, fact.lookedUp()), true
}

func locationPolicyNotAttested(j *judgement) *hit {
	_, seat, abroad := j.abroad()
	attested := j.order.Declared.Flag("profile", "outside_england", "policy_attested")
	if met, _ := attested.Get(); !abroad || met || attested.IsUnknown() {
		return nil
	}
	return &hit{
		path:   outsideEnglandPath("policy_attested"),
		detail: seat + ", and nobody attests that it meets the policy for connecting from outside England.",
	}
}

func locationCountry(j *judgement) *hit {
	var elsewhere []string
	for _, code := range j.order.Declared.texts("profile", "outside_england", "data_locations") {
		if canonical := hscn.CanonicalCountry(code); !hscn.InUKOrEEA(canonical) && !slices.Contains(j.policy.AdequateCountries, canonical) {
			elsewhere = append(elsewhere, quoted(code))
		}
	}
	if len(elsewhere) == 0 {
		return nil
	}
	slices.Sort(elsewhere)
	held := fmt.Sprintf("Data is held in %s, which is", elsewhere[0])
	if len(elsewhere) > 1 {
		held = fmt.Sprintf("Data is held in %d places, %s, which are", len(elsewhere), firstOf(elsewhere))
	}
	adequate := "no other country is adequate by the policy of " + j.policy.csp()
	if len(j.policy.AdequateCountries) > 0 {
		adequate = "adequate are, by the policy of " + j.policy.csp() + ", " + listed(j.policy.AdequateCountries, "and")
	}
	return &hit{
		path:   outsideEnglandPath("data_locations"),
		detail: held + " neither in the UK nor in the EEA; " + adequate + ".",
	}
}

func locationNHSOutsideEngland(j *judgement) *hit {
	organisation, seat, abroad := j.abroad()
	clarification := j.order.Declared.Text("profile", "outside_england", "nhs_clarification")
	role := organisation.Directory.Record.PrimaryRole
	if !abroad || clarification.IsUnknown() || !slices.Contains(j.policy.NHSRoles, role) {
		return nil
	}
	h := &hit{
		path:   outsideEnglandPath("nhs_clarification"),
		detail: fmt.Sprintf("%s, and it is an NHS body (primary role %s). Whether such a body may connect is decided case by case.", seat, role),
	}
	if reference, given := clarification.Get(); given && strings.TrimSpace(reference) != "" {
		h.mild, h.awaits = true, hscn.StateAwaitingAuthority
		h.detail += " The order rests on " + quoted(reference) + "."
		h.waiting = "There is nothing to do: the order waits until " + j.policy.askCSP() + " has recorded the HSCN Authority's answer."
	}
	return h
}
