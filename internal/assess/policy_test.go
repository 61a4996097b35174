package assess_test

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/assess"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// apiPolicy is a policy that means something throughout.
func apiPolicy() api.Policy {
	return api.Policy{
		Csp:          api.CSP{Title: "Example Cloud", Contact: api.Contact{Title: "Desk", Email: ptr("desk@cloud.example"), Phone: ptr("1")}},
		NhsContact:   api.Contact{Title: "NHS England", URL: ptr("https://nhs.example")},
		ServiceTypes: map[string]api.ServiceType{"org": {Title: "Organisation", IDPattern: `\d+|[a-z]+`, IDExample: "1"}},
		Zones:        map[string]api.Zone{"B": {HscnOffered: true, Architecture: api.SharedEdge}, "D": {OneNetworkFrom: ptr("2027-01-02")}},
		Organisations: api.OrganisationPolicy{
			SuccessorGraceDays: 30, BindingRequests: true, NhsRoles: []string{"RO197"}, AdequateCountries: []string{"CH"},
		},
		Agreements: api.AgreementPolicy{
			FlowDownDocuments: []api.FlowDownRequirement{{Kind: "msa", Title: "MSA", MinimumVersion: "v11.0"}},
			Evidence:          api.EvidencePolicy{CountersignedWithinDays: 28},
		},
		Dspt: api.DSPTPolicy{
			Accepted:         []api.DSPTStandard{api.DSPTStandard(hscn.DSPTStandardsMet)},
			Tolerated:        []api.DSPTStandard{api.DSPTStandard(hscn.DSPTApproachingStandards)},
			EditionDeadlines: map[string]api.Date{"25/26": "2026-09-30"},
		},
		FactAgesDays: api.FactAges{Directory: 1, Register: 2, FlowDown: 3, Dspt: 4},
		Connections:  api.ConnectionPolicy{LeadTimeWorkingDays: 5, CommitmentMonths: 6, ProfileReviewMonths: 12},

		EdgeAttachments:     api.EdgePolicy{LeadTimeWorkingDays: 2, UnknownGatewaysWait: true},
		DNSResolvers:        []string{"155.231.231.1"},
		RetiredDNSResolvers: []string{"194.72.7.137"},
		HscnRanges:          []string{"198.51.100.0/24"},

		Rules: map[string]api.Severity{"dspt.stale": api.Off, "rule.of-tomorrow": api.Error},
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	policy, err := assess.Policy(apiPolicy())
	if err != nil {
		t.Fatal(err)
	}
	// A pattern is of the whole id, in both of its branches.
	pattern := policy.ServiceTypes["org"].IDPattern
	for id, want := range map[string]bool{"12": true, "ab": true, "12a": false, "a1": false, "1\n": false} {
		if pattern.MatchString(id) != want {
			t.Errorf("%q matches: %t", id, !want)
		}
	}
	if day, err := policy.Calendar.AddWorkingDays(hscn.Date{Year: 2026, Month: 4, Day: 2}, 1); err != nil || day.String() != "2026-04-07" {
		t.Errorf("calendar: %s, %v", day, err)
	}
	policy.Calendar = nil
	want := rules.Policy{
		Severities:   map[string]rules.Severity{"dspt.stale": rules.Off, "rule.of-tomorrow": rules.Error},
		CSP:          "Example Cloud",
		CSPContact:   rules.Contact{Title: "Desk", Email: "desk@cloud.example", Phone: "1"},
		NHS:          rules.Contact{Title: "NHS England", URL: "https://nhs.example"},
		ServiceTypes: map[string]rules.ServiceType{"org": {Title: "Organisation", IDPattern: pattern, IDExample: "1"}},
		Zones:        map[string]rules.Zone{"B": {HSCNOffered: true, SharedEdge: true}, "D": {OneNetworkFrom: hscn.Date{Year: 2027, Month: 1, Day: 2}}},
		Ages:         rules.FactAges{Directory: 1, Register: 2, FlowDown: 3, DSPT: 4},

		SuccessorGraceDays: 30, BindingRequests: true,
		FlowDown: []rules.FlowDownTerms{{Kind: "msa", Title: "MSA", MinimumVersion: "v11.0"}},
		DSPT: rules.DSPTPolicy{
			Accepted:  []hscn.DSPTStandard{hscn.DSPTStandardsMet},
			Tolerated: []hscn.DSPTStandard{hscn.DSPTApproachingStandards},
			Deadlines: map[hscn.Edition]hscn.Date{{StartYear: 2025}: {Year: 2026, Month: 9, Day: 30}},
		},
		LeadTimeWorkingDays: 5, CommitmentMonths: 6, ProfileReviewMonths: 12,
		NHSRoles: []string{"RO197"}, AdequateCountries: []string{"CH"}, EvidenceCountersignedWithinDays: 28,

		EdgeLeadTimeWorkingDays: 2, UnknownGatewaysWait: true,
		DNSResolvers:        []netip.Addr{netip.MustParseAddr("155.231.231.1")},
		RetiredDNSResolvers: []netip.Addr{netip.MustParseAddr("194.72.7.137")},
		HSCNRanges:          []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
	}
	if !reflect.DeepEqual(policy, want) {
		t.Errorf("got  %+v\nwant %+v", policy, want)
	}
}

func TestPolicyNamesTheMember(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*api.Policy){
		"service_types.org.id_pattern": func(p *api.Policy) {
			// In brackets of ours it would compile.
			p.ServiceTypes["org"] = api.ServiceType{IDPattern: `a)|(?:b`}
		},
		"agreements.flow_down_documents[0].minimum_version": func(p *api.Policy) {
			p.Agreements.FlowDownDocuments[0].MinimumVersion = "eleven"
		},
		"zones.D.one_network_from":     func(p *api.Policy) { p.Zones["D"] = api.Zone{OneNetworkFrom: ptr("2027-02-30")} },
		"dns_resolvers[0]":             func(p *api.Policy) { p.DNSResolvers[0] = "cns0" },
		"retired_dns_resolvers[0]":     func(p *api.Policy) { p.RetiredDNSResolvers[0] = "194.72.7" },
		"hscn_ranges[0]":               func(p *api.Policy) { p.HscnRanges[0] = "198.51.100.0" },
		"dspt.accepted[0]":             func(p *api.Policy) { p.Dspt.Accepted[0] = "met" },
		"dspt.tolerated[0]":            func(p *api.Policy) { p.Dspt.Tolerated[0] = "met" },
		"dspt.edition_deadlines.25/27": func(p *api.Policy) { p.Dspt.EditionDeadlines["25/27"] = "2027-06-30" },
		"dspt.edition_deadlines.26/27": func(p *api.Policy) { p.Dspt.EditionDeadlines["26/27"] = "2027-06-31" },
	}
	for member, change := range cases {
		t.Run(member, func(t *testing.T) {
			t.Parallel()
			policy := apiPolicy()
			change(&policy)
			_, err := assess.Policy(policy)
			if memberError(err) != member || !strings.HasPrefix(err.Error(), member+": ") {
				t.Errorf("%v", err)
			}
		})
	}
}
