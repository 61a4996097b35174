package assess

import (
	"fmt"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// Facts makes the engine's facts of the contract's. The services are all that the account consumes, or those of them
// that the order names; a caller that could not ask for them sets ServicesKnown of the result to false. What the account's
// agreement evidence is counts as known where the contract's facts have that member, be it empty. Gateways are for
// Gateways to translate; Parent, Clashes and Taken are the caller's, and Broker is for the broker to fill in. The error is
// a *MemberError.
func Facts(f api.ComplianceFacts, services []api.Service) (rules.Facts, error) {
	var r reader
	facts := rules.Facts{
		Now:           f.Now,
		Account:       f.Account,
		Organisations: make(map[string]rules.Organisation, len(f.Organisations)),
		Services:      make(map[rules.ServiceKey]rules.Service, len(services)),
		ServicesKnown: true,
	}
	for i, organisation := range f.Organisations {
		facts.Organisations[hscn.CanonicalODSCode(organisation.OdsCode)] = r.organisation(fmt.Sprintf("organisations[%d]", i), organisation)
	}
	for _, service := range services {
		facts.Services[rules.ServiceKey{Type: service.Type, ID: service.ID}] = rules.Service{
			Zone: service.Zone, HSCNOffered: service.HscnOffered,
		}
	}
	if f.AgreementEvidence != nil {
		facts.Evidence, facts.EvidenceKnown = make(map[string]rules.Evidence, len(f.AgreementEvidence)), true
	}
	for i, evidence := range f.AgreementEvidence {
		facts.Evidence[evidence.Name] = r.evidence(fmt.Sprintf("agreement_evidence[%d]", i), evidence)
	}
	for i, kept := range f.KeptEvidence {
		if facts.Kept == nil {
			facts.Kept = make(map[string]rules.KeptEvidence, len(f.KeptEvidence))
		}
		facts.Kept[kept.Connection] = rules.KeptEvidence{
			Name: kept.Evidence.Name, Evidence: r.evidence(fmt.Sprintf("kept_evidence[%d].evidence", i), kept.Evidence),
		}
	}
	for i, waiver := range f.Waivers {
		facts.Waivers = append(facts.Waivers, rules.Waiver{
			Rule: waiver.Rule, Connection: given(waiver.Connection), Reason: waiver.Reason, Reference: waiver.Reference,
			Until: r.date(fmt.Sprintf("waivers[%d].until", i), &waiver.Until),
		})
	}
	if r.err != nil {
		return rules.Facts{}, r.err
	}
	return facts, nil
}

// Gateways makes the engine's gateways of the contract's, by id.
func Gateways(gateways []api.Gateway) map[string]rules.Gateway {
	byID := make(map[string]rules.Gateway, len(gateways))
	for _, gateway := range gateways {
		byID[gateway.ID] = rules.Gateway{
			Service: rules.ServiceKey{Type: gateway.Service.Type, ID: gateway.Service.ID}, Zone: gateway.Zone,
			Networks: gateway.Networks, InternalNetworks: gateway.InternalNetworks,
		}
	}
	return byID
}

// evidence reads a signed copy.
func (r *reader) evidence(member string, e api.AgreementEvidenceFact) rules.Evidence {
	return rules.Evidence{
		ODSCode: e.OdsCode, Validated: e.Validated,
		SignedOn:        r.date(member+".signed_on", &e.SignedOn),
		CountersignedOn: r.date(member+".countersigned_on", e.CountersignedOn),
		ReceivedAt:      e.ReceivedAt, ValidatedAt: given(e.ValidatedAt), ValidatedBy: given(e.ValidatedBy),
	}
}

// organisation reads what is known of an organisation. A look-up that is left out was not made.
func (r *reader) organisation(member string, o api.OrganisationFacts) rules.Organisation {
	organisation := rules.Organisation{Bound: o.Bound}
	if d := o.Directory; d != nil {
		organisation.Directory = fact(d.LookedUpAt, d.LookedUpBy, d.Found, rules.DirectoryRecord{
			Title:       given(d.Title),
			Country:     given(d.Country),
			PrimaryRole: given(d.PrimaryRole),
			// What is not said is no reason to refuse.
			Inactive:       d.Active != nil && !*d.Active,
			RecordClass:    given(d.RecordClass),
			OperationalEnd: r.date(member+".directory.operational_end", d.OperationalEnd),
			LegalEnd:       r.date(member+".directory.legal_end", d.LegalEnd),
			Parent:         given(d.Parent),
			Sites:          d.Sites,
			Successors:     d.Successors,
		})
	}
	if a := o.Register; a != nil {
		organisation.Register = fact(a.LookedUpAt, a.LookedUpBy, a.Found, rules.RegisterRecord{
			IGSoC:       given(a.Kind) == api.RegisterRecordKindIgsoc,
			Reference:   given(a.Reference),
			SignedOn:    r.date(member+".register.signed_on", a.SignedOn),
			EndedOn:     r.date(member+".register.ended_on", a.EndedOn),
			WithdrawnOn: r.date(member+".register.withdrawn_on", a.WithdrawnOn),
		})
	}
	if c := o.FlowDown; c != nil {
		documents := make([]rules.FlowDownDocument, len(c.Documents))
		for i, document := range c.Documents {
			at := fmt.Sprintf("%s.flow_down.documents[%d]", member, i)
			documents[i] = rules.FlowDownDocument{
				Kind: document.Kind, Version: document.Version,
				SignedOn: r.date(at+".signed_on", document.SignedOn),
				EndedOn:  r.date(at+".ended_on", document.EndedOn),
			}
		}
		organisation.FlowDown = fact(c.LookedUpAt, c.LookedUpBy, len(documents) > 0, documents)
	}
	if d := o.Dspt; d != nil {
		organisation.DSPT = fact(d.LookedUpAt, d.LookedUpBy, d.Found, rules.DSPTRecord{
			Status: given(d.Status), PublishedOn: r.date(member+".dspt.published_on", d.PublishedOn),
		})
	}
	return organisation
}

// fact is a look-up that was made.
func fact[T any](at time.Time, by *string, found bool, record T) rules.Fact[T] {
	return rules.Fact[T]{Checked: true, At: at, By: given(by), Found: found, Record: record}
}
