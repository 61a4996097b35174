package assess_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/assess"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

var lookedUp = time.Date(2026, time.November, 1, 9, 0, 0, 0, time.UTC)

// apiFacts are facts of which nothing is left out.
func apiFacts() api.ComplianceFacts {
	sam := ptr("Sam Field")
	return api.ComplianceFacts{
		Now: lookedUp.Add(time.Hour), Account: "676",
		Organisations: []api.OrganisationFacts{
			{
				OdsCode: "a1b2c", Bound: true,
				Directory: &api.DirectoryRecord{
					LookedUpAt: lookedUp, LookedUpBy: sam, Found: true, Title: ptr("Meadow Trust"), Active: ptr(false), RecordClass: ptr("RC2"),
					Country: ptr("WALES"), PrimaryRole: ptr("RO142"),
					OperationalEnd: ptr("2026-01-02"), LegalEnd: ptr("2026-03-04"), Parent: ptr("R0A"),
					Sites: []string{"S1S1S"}, Successors: []string{"B2C3D"},
				},
				Register: &api.RegisterRecord{
					LookedUpAt: lookedUp, Found: true, Kind: ptr(api.RegisterRecordKindIgsoc), Reference: ptr("A-7"),
					SignedOn: ptr("2015-01-02"), EndedOn: ptr("2016-01-02"), WithdrawnOn: ptr("2017-01-02"),
				},
				FlowDown: &api.FlowDownRecord{LookedUpAt: lookedUp, Documents: []api.FlowDownDocument{
					{Kind: "msa", Version: "11.0", SignedOn: ptr("2020-01-02"), EndedOn: ptr("2021-01-02")},
				}},
				Dspt: &api.DSPTRecord{LookedUpAt: lookedUp, Found: true, Status: ptr("25/26 Standards Met"), PublishedOn: ptr("2026-06-20")},
			},
			{OdsCode: "B2C3D", Directory: &api.DirectoryRecord{LookedUpAt: lookedUp}, FlowDown: &api.FlowDownRecord{LookedUpAt: lookedUp}},
		},
		AgreementEvidence: []api.AgreementEvidenceFact{
			{
				Name: "agreement-evidence/ca-2026", OdsCode: "a1b2c", Validated: true, SignedOn: "2026-10-02", CountersignedOn: ptr("2026-10-09"),
				ReceivedAt: lookedUp, ValidatedAt: ptr(lookedUp.Add(time.Hour)), ValidatedBy: sam,
			},
			{Name: "agreement-evidence/ca-2027", OdsCode: "B2C3D", SignedOn: "2026-10-03", ReceivedAt: lookedUp},
		},
		KeptEvidence: []api.KeptEvidence{{Connection: "connections/a", Evidence: api.AgreementEvidenceFact{
			Name: "agreement-evidence/ca-2025", OdsCode: "B2C3D", Validated: true, SignedOn: "2025-10-03", ReceivedAt: lookedUp,
		}}},
		Waivers: []api.Waiver{{Rule: "dspt.stale", Connection: ptr("connections/a"), Until: "2027-01-02", Reason: "because", Reference: "CHG-1"}},
	}
}

func TestFacts(t *testing.T) {
	t.Parallel()
	facts, err := assess.Facts(apiFacts(), []api.Service{{Type: "org", ID: "1", Zone: "B", HscnOffered: true}})
	if err != nil {
		t.Fatal(err)
	}
	day := func(year, month, day int) hscn.Date { return hscn.Date{Year: year, Month: time.Month(month), Day: day} }
	want := rules.Facts{
		Now: lookedUp.Add(time.Hour), Account: "676",
		Organisations: map[string]rules.Organisation{
			"A1B2C": {
				Bound: true,
				Directory: rules.Fact[rules.DirectoryRecord]{Checked: true, At: lookedUp, By: "Sam Field", Found: true, Record: rules.DirectoryRecord{
					Title: "Meadow Trust", Inactive: true, RecordClass: "RC2", Country: "WALES", PrimaryRole: "RO142",
					OperationalEnd: day(2026, 1, 2), LegalEnd: day(2026, 3, 4),
					Parent: "R0A", Sites: []string{"S1S1S"}, Successors: []string{"B2C3D"},
				}},
				Register: rules.Fact[rules.RegisterRecord]{Checked: true, At: lookedUp, Found: true, Record: rules.RegisterRecord{
					IGSoC: true, Reference: "A-7", SignedOn: day(2015, 1, 2), EndedOn: day(2016, 1, 2), WithdrawnOn: day(2017, 1, 2),
				}},
				FlowDown: rules.Fact[[]rules.FlowDownDocument]{Checked: true, At: lookedUp, Found: true, Record: []rules.FlowDownDocument{
					{Kind: "msa", Version: "11.0", SignedOn: day(2020, 1, 2), EndedOn: day(2021, 1, 2)},
				}},
				DSPT: rules.Fact[rules.DSPTRecord]{Checked: true, At: lookedUp, Found: true, Record: rules.DSPTRecord{
					Status: "25/26 Standards Met", PublishedOn: day(2026, 6, 20),
				}},
			},
			"B2C3D": {
				// Looked up and not there; an operational status that nobody gave is none that ended.
				Directory: rules.Fact[rules.DirectoryRecord]{Checked: true, At: lookedUp},
				FlowDown:  rules.Fact[[]rules.FlowDownDocument]{Checked: true, At: lookedUp, Record: []rules.FlowDownDocument{}},
			},
		},
		Services:      map[rules.ServiceKey]rules.Service{{Type: "org", ID: "1"}: {Zone: "B", HSCNOffered: true}},
		ServicesKnown: true,
		Evidence: map[string]rules.Evidence{
			"agreement-evidence/ca-2026": {
				ODSCode: "a1b2c", Validated: true, SignedOn: day(2026, 10, 2), CountersignedOn: day(2026, 10, 9),
				ReceivedAt: lookedUp, ValidatedAt: lookedUp.Add(time.Hour), ValidatedBy: "Sam Field",
			},
			"agreement-evidence/ca-2027": {ODSCode: "B2C3D", SignedOn: day(2026, 10, 3), ReceivedAt: lookedUp},
		},
		EvidenceKnown: true,
		Kept: map[string]rules.KeptEvidence{"connections/a": {Name: "agreement-evidence/ca-2025", Evidence: rules.Evidence{
			ODSCode: "B2C3D", Validated: true, SignedOn: day(2025, 10, 3), ReceivedAt: lookedUp,
		}}},
		Waivers: []rules.Waiver{{Rule: "dspt.stale", Connection: "connections/a", Until: day(2027, 1, 2), Reason: "because", Reference: "CHG-1"}},
	}
	if !reflect.DeepEqual(facts, want) {
		t.Errorf("got  %+v\nwant %+v", facts, want)
	}
}

// An account without services has none; that is not the same as nobody having asked.
func TestFactsOfAnAccountWithoutServices(t *testing.T) {
	t.Parallel()
	facts, err := assess.Facts(api.ComplianceFacts{}, nil)
	if err != nil || !facts.ServicesKnown || facts.Broker != nil {
		t.Errorf("%+v, %v", facts, err)
	}
	if facts.EvidenceKnown {
		t.Error("what a broker does not say of evidence counts as none")
	}
	if facts, err := assess.Facts(api.ComplianceFacts{AgreementEvidence: []api.AgreementEvidenceFact{}}, nil); err != nil || !facts.EvidenceKnown {
		t.Errorf("an account without evidence: %+v, %v", facts, err)
	}
}

func TestGateways(t *testing.T) {
	t.Parallel()
	got := assess.Gateways([]api.Gateway{{
		ID: "gw-1", Service: api.ServiceReference{Type: "org", ID: "1"}, Zone: "B", Networks: []string{"psn"}, InternalNetworks: []string{"net-1"},
	}})
	want := map[string]rules.Gateway{"gw-1": {
		Service: rules.ServiceKey{Type: "org", ID: "1"}, Zone: "B", Networks: []string{"psn"}, InternalNetworks: []string{"net-1"},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestFactsNameTheMember(t *testing.T) {
	t.Parallel()
	never := ptr("2026-02-30")
	cases := map[string]func(*api.ComplianceFacts){
		"organisations[0].directory.operational_end":        func(f *api.ComplianceFacts) { f.Organisations[0].Directory.OperationalEnd = never },
		"organisations[0].directory.legal_end":              func(f *api.ComplianceFacts) { f.Organisations[0].Directory.LegalEnd = never },
		"organisations[0].register.signed_on":               func(f *api.ComplianceFacts) { f.Organisations[0].Register.SignedOn = never },
		"organisations[0].register.ended_on":                func(f *api.ComplianceFacts) { f.Organisations[0].Register.EndedOn = never },
		"organisations[0].register.withdrawn_on":            func(f *api.ComplianceFacts) { f.Organisations[0].Register.WithdrawnOn = never },
		"organisations[0].flow_down.documents[0].signed_on": func(f *api.ComplianceFacts) { f.Organisations[0].FlowDown.Documents[0].SignedOn = never },
		"organisations[0].flow_down.documents[0].ended_on":  func(f *api.ComplianceFacts) { f.Organisations[0].FlowDown.Documents[0].EndedOn = never },
		"organisations[0].dspt.published_on":                func(f *api.ComplianceFacts) { f.Organisations[0].Dspt.PublishedOn = never },
		"agreement_evidence[1].signed_on":                   func(f *api.ComplianceFacts) { f.AgreementEvidence[1].SignedOn = *never },
		"agreement_evidence[0].countersigned_on":            func(f *api.ComplianceFacts) { f.AgreementEvidence[0].CountersignedOn = never },
		"kept_evidence[0].evidence.signed_on":               func(f *api.ComplianceFacts) { f.KeptEvidence[0].Evidence.SignedOn = *never },
		"waivers[0].until":                                  func(f *api.ComplianceFacts) { f.Waivers[0].Until = *never },
	}
	for member, change := range cases {
		t.Run(member, func(t *testing.T) {
			t.Parallel()
			facts := apiFacts()
			change(&facts)
			if _, err := assess.Facts(facts, nil); memberError(err) != member {
				t.Errorf("%v", err)
			}
		})
	}
}
