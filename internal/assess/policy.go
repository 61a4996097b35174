package assess

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// Policy makes the engine's policy of the contract's. Its calendar is the embedded one; a caller with other bank
// holidays puts its own in place. What a newer broker may add, such as rules that this catalogue does not have, is no
// error. The error is a *MemberError.
func Policy(p api.Policy) (rules.Policy, error) {
	calendar, err := hscn.NewCalendar()
	if err != nil {
		return rules.Policy{}, err
	}
	var r reader
	policy := rules.Policy{
		Severities:          make(map[string]rules.Severity, len(p.Rules)),
		CSP:                 p.Csp.Title,
		CSPContact:          contact(p.Csp.Contact),
		NHS:                 contact(p.NhsContact),
		ServiceTypes:        make(map[string]rules.ServiceType, len(p.ServiceTypes)),
		Zones:               make(map[string]rules.Zone, len(p.Zones)),
		Ages:                ages(p.FactAgesDays),
		SuccessorGraceDays:  p.Organisations.SuccessorGraceDays,
		BindingRequests:     p.Organisations.BindingRequests,
		DSPT:                r.dspt(p.Dspt),
		LeadTimeWorkingDays: p.Connections.LeadTimeWorkingDays,
		CommitmentMonths:    p.Connections.CommitmentMonths,
		ProfileReviewMonths: p.Connections.ProfileReviewMonths,
		NHSRoles:            p.Organisations.NhsRoles,
		AdequateCountries:   p.Organisations.AdequateCountries,

		EvidenceCountersignedWithinDays: p.Agreements.Evidence.CountersignedWithinDays,

		EdgeLeadTimeWorkingDays: p.EdgeAttachments.LeadTimeWorkingDays,
		UnknownGatewaysWait:     p.EdgeAttachments.UnknownGatewaysWait,
		DNSResolvers:            r.addresses("dns_resolvers", p.DNSResolvers),
		RetiredDNSResolvers:     r.addresses("retired_dns_resolvers", p.RetiredDNSResolvers),
		Calendar:                calendar,
	}
	for rule, severity := range p.Rules {
		policy.Severities[rule] = rules.Severity(severity)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Zones)) {
		zone := p.Zones[name]
		policy.Zones[name] = rules.Zone{
			HSCNOffered: zone.HscnOffered, SharedEdge: zone.Architecture == api.SharedEdge,
			OneNetworkFrom: r.date("zones."+name+".one_network_from", zone.OneNetworkFrom),
		}
	}
	for i, text := range p.HscnRanges {
		pool, err := netip.ParsePrefix(text)
		r.fail(fmt.Sprintf("hscn_ranges[%d]", i), err)
		policy.HSCNRanges = append(policy.HSCNRanges, pool.Masked())
	}
	for _, name := range slices.Sorted(maps.Keys(p.ServiceTypes)) {
		policy.ServiceTypes[name] = r.serviceType("service_types."+name, p.ServiceTypes[name])
	}
	for i, document := range p.Agreements.FlowDownDocuments {
		_, err := hscn.CompareDocumentVersions(document.MinimumVersion, document.MinimumVersion)
		r.fail(fmt.Sprintf("agreements.flow_down_documents[%d].minimum_version", i), err)
		policy.FlowDown = append(policy.FlowDown, rules.FlowDownTerms{
			Kind: document.Kind, Title: document.Title, MinimumVersion: document.MinimumVersion,
		})
	}
	if r.err != nil {
		return rules.Policy{}, r.err
	}
	return policy, nil
}

// addresses reads IP addresses.
func (r *reader) addresses(member string, texts []string) []netip.Addr {
	var addresses []netip.Addr
	for i, text := range texts {
		address, err := netip.ParseAddr(text)
		r.fail(fmt.Sprintf("%s[%d]", member, i), err)
		addresses = append(addresses, address)
	}
	return addresses
}

func contact(c api.Contact) rules.Contact {
	return rules.Contact{Title: c.Title, Email: given(c.Email), Phone: given(c.Phone), URL: given(c.URL)}
}

func ages(a api.FactAges) rules.FactAges {
	return rules.FactAges{Directory: a.Directory, Register: a.Register, FlowDown: a.FlowDown, DSPT: a.Dspt}
}

// serviceType reads a type of service. Its pattern is to match the whole of an id, whether it says so itself or not.
func (r *reader) serviceType(member string, t api.ServiceType) rules.ServiceType {
	// Alone first: in brackets some patterns would compile that mean nothing by themselves.
	_, err := regexp.Compile(t.IDPattern)
	var whole *regexp.Regexp
	if err == nil {
		whole, err = regexp.Compile(`\A(?:` + t.IDPattern + `)\z`)
	}
	r.fail(member+".id_pattern", err)
	return rules.ServiceType{Title: t.Title, IDPattern: whole, IDExample: t.IDExample}
}

func (r *reader) dspt(p api.DSPTPolicy) rules.DSPTPolicy {
	policy := rules.DSPTPolicy{
		Accepted:  r.standards("dspt.accepted", p.Accepted),
		Tolerated: r.standards("dspt.tolerated", p.Tolerated),
		Deadlines: make(map[hscn.Edition]hscn.Date, len(p.EditionDeadlines)),
	}
	for _, name := range slices.Sorted(maps.Keys(p.EditionDeadlines)) {
		member, deadline := "dspt.edition_deadlines."+name, p.EditionDeadlines[name]
		edition, err := hscn.ParseEdition(name)
		r.fail(member, err)
		policy.Deadlines[edition] = r.date(member, &deadline)
	}
	return policy
}

var errNoStandard = errors.New("is no outcome of a DSPT assessment")

func (r *reader) standards(member string, names []api.DSPTStandard) []hscn.DSPTStandard {
	standards := make([]hscn.DSPTStandard, len(names))
	for i, name := range names {
		standards[i] = hscn.DSPTStandard(name)
		if !standards[i].Valid() {
			r.fail(fmt.Sprintf("%s[%d]", member, i), fmt.Errorf("%q %w", name, errNoStandard))
		}
	}
	return standards
}
