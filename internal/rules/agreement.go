package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func agreementRules() []Rule {
	connections := []Kind{KindConnection}
	faq := Source{SourceTerms, "HSCN connectivity FAQ, UKCloud, 2021: nobody is connected without the terms of the HSCN Connection Agreement"}
	return []Rule{
		{
			ID: "agreement.missing", Title: "No HSCN Connection Agreement", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections,
			YieldsTo: []string{"organisation.unknown", "agreement.evidence-unknown"}, Source: faq,
			Owner: OwnerCustomer,
			Remedy: "Sign the HSCN Connection Agreement with {nhs}, or sign terms of {csp} that carry it and set " +
				"agreement.basis to \"flow_down\". If it is signed, hand in the copy as hscn_agreement_evidence and give its id in " +
				"agreement.evidence_id, or ask {nhs} to put it into the register, then {csp} to look again.",
			check: agreementMissing,
		},
		{
			ID: "agreement.evidence-unknown", Title: "No such agreement evidence", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourcePolicy, "HSCN connectivity FAQ, UKCloud, 2021: a copy of the signed agreement gives access before the register shows it"},
			Owner:  OwnerCustomer,
			Remedy: "Set agreement.evidence_id to the id of an hscn_agreement_evidence of the same organisation, best by a reference to the " +
				"resource, such as hscn_agreement_evidence.signed.id.",
			check: agreementEvidenceUnknown,
		},
		{
			ID: "agreement.not-checked", Title: "The agreement has not been looked up", Severity: Warning,
			Where: AtPlan, Applies: AppliesNew, Kinds: connections,
			YieldsTo: []string{"organisation.unknown", "agreement.dedicated-needs-own", "agreement.evidence-unknown"}, Source: faq,
			Owner:  OwnerCSP,
			Remedy: "Ask {csp} to look it up.",
			check:  agreementNotChecked,
		},
		{
			ID: "agreement.flow-down-terms", Title: "No terms that carry the HSCN Connection Agreement", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections,
			YieldsTo: []string{"organisation.unknown", "agreement.dedicated-needs-own"},
			Source:   Source{SourcePolicy, "HSCN connectivity FAQ, UKCloud, 2021: Master Services Agreement v11.0 or later"},
			Owner:    OwnerCustomer,
			Remedy: "Sign terms of {csp} that carry the agreement, or use an HSCN Connection Agreement of the organisation's own " +
				"and set agreement.basis to \"connection_agreement\".",
			check: agreementFlowDownTerms,
		},
		{
			ID: "agreement.dedicated-needs-own", Title: "A dedicated circuit needs the organisation's own agreement",
			Severity: Error, Fixed: true,
			Where: AtValidate | AtBroker, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourceTerms, "HSCN connectivity FAQ, UKCloud, 2021, \"Can UKCloud accept dedicated HSCN connections?\""},
			Owner:  OwnerCustomer,
			Remedy: "Set agreement.basis to \"connection_agreement\", or access to \"shared_link\".",
			check:  agreementDedicatedNeedsOwn,
		},
		{
			ID: "agreement.register-pending", Title: "The register does not show the agreement yet", Severity: Warning,
			Where: AtPlan, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourcePolicy, "HSCN connectivity FAQ, UKCloud, 2021: with a copy there is access straight away, and the register is corrected later"},
			Owner:  OwnerNHS,
			Remedy: "There is nothing to do for the order: {csp} asks {nhs} to put the agreement into the register, after which nothing rests on the copy.",
			check:  agreementRegisterPending,
		},
		{
			ID: "agreement.not-countersigned", Title: "The NHS has not countersigned the agreement", Severity: Warning,
			Where: AtPlan, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourceTerms, "HSCN connectivity FAQ, UKCloud, 2021: the organisation's own agreement is countersigned by NHS Digital"},
			Owner:  OwnerNHS,
			Remedy: "Ask {nhs} for the countersigned copy, and hand it in as a new version of the evidence with its countersigned_on.",
			check:  agreementNotCountersigned,
		},
		{
			ID: "agreement.predates", Title: "The agreement is older than HSCN's", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: []Kind{KindConnection, KindAgreementEvidence},
			Source: Source{SourceTerms, "NHS Digital, \"HSCN standards\", 2020: the agreement replaced the IGSoC from April 2017"},
			Owner:  OwnerCustomer,
			Remedy: "Sign the HSCN Connection Agreement with {nhs}, or terms of {csp} that carry it.",
			check:  agreementPredates,
		},
		{
			ID: "agreement.ended", Title: "The agreement has ended", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections, YieldsTo: []string{"agreement.predates"}, Source: faq,
			Owner: OwnerCustomer,
			Remedy: "Sign the HSCN Connection Agreement with {nhs} again, or terms of {csp} that carry it. If a new agreement is signed, hand in " +
				"its copy as hscn_agreement_evidence and give its id in agreement.evidence_id.",
			check: agreementEnded,
		},
		{
			ID: "agreement.ends-early", Title: "The agreement ends before the commitment", Severity: Warning,
			Where: AtPlan, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourcePractice, "HSCN connectivity FAQ, UKCloud, 2021: a connection is taken for at least one month"},
			Owner:  OwnerCustomer,
			Remedy: "Renew it before it ends: without it the connection may be taken away, and is billed to the end of the commitment.",
			check:  agreementEndsEarly,
		},
		{
			ID: "agreement.other-basis-holds", Title: "The other agreement basis would hold", Severity: Warning,
			Where: AtPlan, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourcePractice, "HSCN connectivity FAQ, UKCloud, 2021: an agreement of one's own, or terms that carry it"},
			Owner:  OwnerCustomer,
			Remedy: "Set agreement.basis to the one that holds.",
			check:  agreementOtherBasisHolds,
		},
		{
			ID: "agreement.not-hscn", Title: "The reference is another agreement's", Severity: Warning,
			Where: AtPlan | AtBroker, Applies: AppliesAny, Kinds: connections,
			Source: Source{SourcePractice, "NHS England, digital onboarding service: the Connection Agreement for APIs"},
			Owner:  OwnerCustomer,
			Remedy: "Give the reference of the HSCN Connection Agreement, or none.",
			check:  agreementNotHSCN,
		},
	}
}

var basisPath = []string{"agreement", "basis"}

func agreementMissing(j *judgement) *hit {
	basis, known := j.basis()
	organisation, asked := j.consumer()
	if !asked || !known || basis != hscn.BasisConnectionAgreement {
		return nil
	}
	own, known := j.ownAgreement(organisation)
	if !known || !own.checked || own.found {
		return nil
	}
	return &hit{
		path:   basisPath,
		detail: fmt.Sprintf("%s has no agreement in %s.", organisation.label, own.source),
	}
}

// agreementNotChecked also names the organisations that route through the connection and were not looked up.
func agreementNotChecked(j *judgement) *hit {
	// What a plan is not told refuses nothing: the broker may know that it was looked up.
	h := &hit{awaits: hscn.StatePendingEvidence, waiting: j.waitsForLookUp(), mild: true}
	var unchecked []string
	if _, a, ok := j.chosen(); ok && !a.checked {
		h.path, h.mild = basisPath, a.untold
		unchecked = append(unchecked, a.unchecked)
		if a.waiting != "" {
			h.waiting = a.waiting
		}
	}
	var sharers []string
	for _, s := range j.sharedWith() {
		if s.holds() || s.fails() {
			continue
		}
		if h.path == nil {
			h.path = profilePath("shared_with", s.written)
		}
		h.mild = h.mild && slices.ContainsFunc(s.standings, func(a agreement) bool { return a.untold })
		reason := slices.IndexFunc(s.standings, func(a agreement) bool { return !a.checked })
		sharers = append(sharers, s.standings[reason].unchecked)
	}
	if len(sharers) > shown {
		rest := fmt.Sprintf("The same goes for %d more that route through the connection.", len(sharers)-shown)
		sharers = append(sharers[:shown], rest)
	}
	if unchecked = append(unchecked, sharers...); len(unchecked) == 0 {
		return nil
	}
	h.detail = strings.Join(unchecked, " ")
	return h
}

func agreementFlowDownTerms(j *judgement) *hit {
	basis, known := j.basis()
	organisation, asked := j.consumer()
	if !asked || !known || basis != hscn.BasisFlowDown {
		return nil
	}
	terms := j.flowDown(organisation)
	if !terms.checked || terms.found {
		return nil
	}

	var have []string
	for _, document := range organisation.FlowDown.Record {
		have = append(have, j.policy.documentTitle(document.Kind)+" "+document.Version)
	}
	held := "show no terms between the two"
	if len(have) > 0 {
		held = "show only " + firstOf(have)
	}
	var needed []string
	for _, terms := range j.policy.FlowDown {
		needed = append(needed, terms.Title+" "+terms.MinimumVersion+" or later")
	}
	h := &hit{
		path: basisPath,
		detail: fmt.Sprintf("No terms with %s carry the HSCN Connection Agreement: %s, %s.",
			organisation.label, terms.source, held),
	}
	if len(needed) == 0 {
		h.detail += " " + j.policy.csp() + " offers no terms that do."
		h.remedy = "Use an HSCN Connection Agreement of the organisation's own, and set agreement.basis to \"connection_agreement\"."
	} else {
		h.detail += " These do: " + listed(needed, "and") + "."
	}
	return h
}

func agreementDedicatedNeedsOwn(j *judgement) *hit {
	access, accessKnown := j.access()
	basis, basisKnown := j.basis()
	if !accessKnown || !basisKnown || access != hscn.AccessDedicatedCircuit || basis != hscn.BasisFlowDown {
		return nil
	}
	return &hit{
		path: basisPath,
		detail: "access is \"dedicated_circuit\" and agreement.basis \"flow_down\": the cloud service provider's terms carry " +
			"the agreement for its shared link only.",
	}
}

func agreementPredates(j *judgement) *hit {
	if j.order.Kind == KindAgreementEvidence {
		return evidencePredates(j)
	}
	_, a, ok := j.chosen()
	if !ok || !a.found || !a.predates {
		return nil
	}
	return &hit{path: basisPath, detail: fmt.Sprintf("%s %s, according to %s.", a.what, a.since, a.source)}
}

func agreementEnded(j *judgement) *hit {
	organisation, a, ok := j.chosen()
	if !ok || !a.found || !a.ended {
		return nil
	}
	h := &hit{
		path:   basisPath,
		detail: fmt.Sprintf("%s held until %s and no longer, according to %s.", a.what, day(a.lastDay), a.source),
	}
	if basis, _ := j.basis(); basis == hscn.BasisConnectionAgreement {
		if older, _ := j.evidence(organisation); older != nil {
			h.detail += fmt.Sprintf(" The signed copy %s is no later agreement: it was signed on %s.", older.name, day(older.SignedOn))
		}
	}
	return h
}

func agreementEndsEarly(j *judgement) *hit {
	_, a, ok := j.chosen()
	if !ok || !a.holds() || a.lastDay.IsZero() || !a.lastDay.Before(j.committedTo()) {
		return nil
	}
	return &hit{
		path: basisPath,
		detail: fmt.Sprintf("%s ends on %s, according to %s. %s",
			a.what, day(a.lastDay), a.source, j.commitmentSentence()),
	}
}

func agreementOtherBasisHolds(j *judgement) *hit {
	organisation, chosen, ok := j.chosen()
	access, accessKnown := j.access()
	if !ok || !accessKnown {
		return nil
	}
	basis, _ := j.basis()
	dedicated := access == hscn.AccessDedicatedCircuit
	other := hscn.BasisFlowDown
	if basis == hscn.BasisFlowDown {
		other = hscn.BasisConnectionAgreement
	}
	// The provider's terms never carry a dedicated circuit, whatever else they say.
	fails := chosen.fails() || dedicated && basis == hscn.BasisFlowDown
	if !fails || dedicated && other == hscn.BasisFlowDown {
		return nil
	}
	alternative, known := j.standing(organisation, other)
	if !known || !alternative.holds() {
		return nil
	}
	return &hit{
		path:   basisPath,
		detail: fmt.Sprintf("%s holds, according to %s.", alternative.what, alternative.source),
		remedy: "Set agreement.basis to " + quoted(string(other)) + ".",
	}
}

func agreementNotHSCN(j *judgement) *hit {
	reference, known := j.order.Declared.Text("agreement", "reference").Get()
	if !known || !hscn.IsAPIOnboardingReference(reference) {
		return nil
	}
	return &hit{
		path: []string{"agreement", "reference"},
		detail: fmt.Sprintf("%s is the reference of an agreement for NHS England's APIs, which bears the same name and is not "+
			"the HSCN Connection Agreement.", quoted(strings.TrimSpace(reference))),
	}
}
