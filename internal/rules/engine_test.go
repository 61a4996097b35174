package rules

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// ids are the rules of findings, in order.
func ids(findings []Finding) []string {
	names := make([]string, len(findings))
	for i, finding := range findings {
		names[i] = finding.Rule
	}
	return names
}

func TestEvaluateGivesFindingsInTheOrderOfTheCatalogue(t *testing.T) {
	t.Parallel()
	s := connection(t,
		put("service.id", "676"), put("agreement.reference", "CNTR1234567"), put("profile.shared_with", map[string]any{"9": nil}),
		func(s *scene) { s.order.Name = Known("R") },
		meadow(func(o *Organisation) {
			o.Bound = false
			o.Directory.Record.RecordClass = recordClassSite
			o.Register = absent[RegisterRecord]()
			o.DSPT = Fact[DSPTRecord]{}
		}),
	)
	want := []string{
		"name.format", "organisation.code-format", "organisation.not-bound", "organisation.is-site", "agreement.missing",
		"agreement.other-basis-holds", "agreement.not-hscn", "dspt.not-checked", "service.id-format",
	}
	if got := ids(s.evaluate()); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// A rule that yields is heard again where the better one does not refuse: neither policy nor a waiver for one rule may
// let through what another refuses.
func TestEvaluateYieldsOnlyToRefusals(t *testing.T) {
	t.Parallel()
	both := []step{meadow(func(o *Organisation) { o.Bound, o.Directory = false, absent[DirectoryRecord]() })}
	cases := map[string]struct {
		steps []step
		want  []string
	}{
		"refused":              {nil, []string{"organisation.unknown"}},
		"off":                  {[]step{severity("organisation.unknown", Off)}, []string{"organisation.not-bound"}},
		"a warning":            {[]step{severity("organisation.unknown", Warning)}, []string{"organisation.not-bound", "organisation.unknown"}},
		"waived":               {[]step{waived("organisation.unknown", "")}, []string{"organisation.not-bound", "organisation.unknown"}},
		"the other one is off": {[]step{severity("organisation.not-bound", Off)}, []string{"organisation.unknown"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := ids(connection(t, both...).with(c.steps...).evaluate()); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestEvaluateWaivers(t *testing.T) {
	t.Parallel()
	waiver := func(reference, connection, until string) step {
		return func(s *scene) {
			s.facts.Waivers = append(s.facts.Waivers, Waiver{
				Rule: "edge.gateway-unknown", Connection: connection, Until: date(until), Reference: reference,
			})
		}
	}
	cases := map[string]struct {
		steps []step
		want  string // the reference of the waiver that counts
	}{
		"none":                          {nil, ""},
		"its last day":                  {[]step{waiver("A", "", "2026-11-02")}, "A"},
		"the day after":                 {[]step{waiver("A", "", "2026-11-01")}, ""},
		"for the connection above it":   {[]step{waiver("A", "connections/records", "2026-11-02")}, "A"},
		"for one with a longer name":    {[]step{waiver("A", "connections/records-2", "2026-11-02")}, ""},
		"for one with a shorter name":   {[]step{waiver("A", "connections/rec", "2026-11-02")}, ""},
		"the connection's comes first":  {[]step{waiver("A", "", "2027-11-02"), waiver("B", "connections/records", "2026-11-02")}, "B"},
		"the longer one":                {[]step{waiver("A", "", "2026-11-02"), waiver("B", "", "2026-11-03"), waiver("C", "", "2026-11-02")}, "B"},
		"not of a name that is unknown": {[]step{waiver("A", "connections/records", "2026-11-02"), func(s *scene) { s.order.FullName = "" }}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := edge(t, noGateway).with(c.steps...)
			finding := s.found("edge.gateway-unknown")
			switch {
			case finding == nil:
				t.Fatal("no finding")
			case c.want == "" && (finding.Waiver != nil || finding.Severity != Error):
				t.Errorf("waived: %+v", *finding)
			case c.want != "" && (finding.Waiver == nil || finding.Waiver.Reference != c.want || finding.Severity != Warning):
				t.Errorf("not waived by %s: %+v", c.want, *finding)
			}
		})
	}
}

// What rules can apply to, with a rule that always has something to say.
func TestEvaluateApplies(t *testing.T) {
	t.Parallel()
	// The operations of a plan and of the broker, with an update that asks for more and one that corrects.
	type outcome struct{ create, widen, correct, remove, keep Severity }
	broken := map[string]Clash{"test.rule": {Certain: true, Added: []string{"connections/new"}}}
	cases := map[string]struct {
		rule    Rule
		clashes map[string]Clash
		want    outcome
	}{
		"new":                 {Rule{Applies: AppliesNew}, nil, outcome{Error, Error, Off, Off, Off}},
		"any":                 {Rule{Applies: AppliesAny}, nil, outcome{Error, Error, Error, Off, Off}},
		"all":                 {Rule{Applies: AppliesAll}, nil, outcome{Warning, Warning, Warning, Off, Warning}},
		"delete":              {Rule{Applies: AppliesDelete}, nil, outcome{Off, Off, Off, Error, Off}},
		"new, and it watches": {Rule{Applies: AppliesNew, Watches: true}, nil, outcome{Error, Error, Warning, Off, Warning}},
		"fixed, and it watches": {
			Rule{Applies: AppliesNew, Watches: true, Fixed: true}, nil, outcome{Error, Error, Warning, Off, Warning},
		},
		"about the name":                        {Rule{Applies: AppliesAny, everyOperation: true}, nil, outcome{Error, Error, Error, Error, Error}},
		"new, and the plan breaks it elsewhere": {Rule{Applies: AppliesNew}, broken, outcome{Error, Error, Error, Off, Error}},
		"new, and the plan may break it elsewhere": {
			Rule{Applies: AppliesNew}, map[string]Clash{"test.rule": {Added: []string{"connections/new"}}}, outcome{Error, Error, Off, Off, Off},
		},
		"new, and it is broken already": {
			Rule{Applies: AppliesNew}, map[string]Clash{"test.rule": {Certain: true, Kept: []string{"connections/new"}}}, outcome{Error, Error, Off, Off, Off},
		},
	}
	widened, corrected := Declared{"purpose": "readiness_test"}, Declared{"purchase_order": "PO-1"}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.rule.ID, c.rule.Severity, c.rule.Where, c.rule.Kinds = "test.rule", Error, AtPlan|AtBroker, []Kind{KindConnection}
			c.rule.check = func(*judgement) *hit { return &hit{} }
			for _, where := range []Where{AtPlan, AtBroker} {
				severityOf := func(operation Operation, declared Declared) Severity {
					policy := Policy{Severities: map[string]Severity{"test.rule": Error}}
					order := Order{Kind: KindConnection, Operation: operation, Prior: Declared{}, Declared: declared}
					if findings := evaluate([]Rule{c.rule}, policy, Facts{Clashes: c.clashes}, order, where); len(findings) == 1 {
						return findings[0].Severity
					}
					return Off
				}
				got := outcome{
					severityOf(Create, widened), severityOf(Update, widened), severityOf(Update, corrected), severityOf(Delete, nil), severityOf(Keep, Declared{}),
				}
				if got != c.want {
					t.Errorf("at %d: %+v, want %+v", where, got, c.want)
				}
			}
		})
	}
}

// The shape of a plan is not the broker's to judge.
func TestEvaluatePlanOnly(t *testing.T) {
	t.Parallel()
	for where, want := range map[Where]bool{AtValidate: false, AtPlan: true, AtBroker: false} {
		s := connection(t, clashes("name.duplicate", Clash{Certain: true}), at(where))
		if found := s.found("name.duplicate") != nil; found != want {
			t.Errorf("at %d: %t, want %t", where, found, want)
		}
	}
}

func TestEvaluateLooksAtItsKindsOnly(t *testing.T) {
	t.Parallel()
	s := edge(t, put("ods_code", "A1-2C"), put("service", map[string]any{"type": "vmware_org", "id": "x"}))
	if findings := s.evaluate(); len(findings) > 0 {
		t.Errorf("an edge attachment is judged as a connection: %v", ids(findings))
	}
}

// anyScene draws a scene in which anything may be good, bad, not looked up, unknown or not given.
func anyScene(t *testing.T, r *rapid.T) *scene {
	t.Helper()
	s := connection(t)
	value := func(name string, values ...any) any {
		return rapid.SampledFrom(append(values, nil, Unknown)).Draw(r, name)
	}
	for _, path := range []string{
		"ods_code", "access", "purpose", "agreement.basis", "agreement.evidence_id", "agreement.reference", "service.id", "service.type",
		"profile.shared_with.X26.basis", "profile.shared_with.X26.bound_by_terms", "profile.handles_patient_data", "profile.reviewed_on",
		"profile.encryption.in_application", "profile.risk_assessment.completed_on", "profile.monitoring_acknowledged_on",
		"profile.outside_england.data_locations", "profile.outside_england.policy_attested", "profile.outside_england.nhs_clarification",
		"activate_at",
	} {
		put(path, value(path, map[string][]any{
			"agreement.evidence_id":                     {"agreement-evidence/ca-2026", "ca-2026", "agreement-evidence/other"},
			"profile.shared_with.X26.basis":             {"flow_down", "connection_agreement"},
			"profile.shared_with.X26.bound_by_terms":    {true, false},
			"profile.handles_patient_data":              {true, false},
			"profile.reviewed_on":                       {"2026-10-01", "2020-10-01"},
			"profile.encryption.in_application":         {true, false},
			"profile.risk_assessment.completed_on":      {"2026-10-01"},
			"profile.monitoring_acknowledged_on":        {"2026-10-01"},
			"profile.outside_england.data_locations":    {[]any{"GB"}, []any{"US", Unknown}},
			"profile.outside_england.policy_attested":   {true, false},
			"profile.outside_england.nhs_clarification": {"REF-9"},

			"activate_at":         {"2026-10-01T09:00:00Z", "2026-12-01T09:00:00Z"},
			"ods_code":            {"a1b2c", "A1B2C", "B2C3D", "!"},
			"access":              {"shared_link", "dedicated_circuit"},
			"purpose":             {"production", "proof_of_concept"},
			"agreement.basis":     {"flow_down", "connection_agreement"},
			"agreement.reference": {"CNTR1234567", "CA-1"},
			"service.id":          {"676-2", "676-3", "x"},
			"service.type":        {"vmware_org", "other"},
		}[path]...))(s)
	}
	fact := func(name string) bool { return rapid.Bool().Draw(r, name) }
	meadow(func(o *Organisation) {
		o.Bound = fact("bound")
		o.Directory.Checked, o.Directory.Found = fact("directory checked"), fact("directory found")
		o.Directory.Record.Inactive = fact("inactive")
		o.Directory.Record.Country = rapid.SampledFrom([]string{"ENGLAND", "WALES", ""}).Draw(r, "country")
		o.Register.Checked, o.Register.Found, o.Register.Record.IGSoC = fact("register checked"), fact("register found"), fact("igsoc")
		o.DSPT.Checked, o.DSPT.Found = fact("dspt checked"), fact("dspt found")
		o.DSPT.Record.Status = rapid.SampledFrom([]string{"25/26 Standards Met", "23/24 Standards Met", "Not Published", "?"}).Draw(r, "status")
	})(s)
	about("X26", func(o *Organisation) {
		o.Register.Checked, o.Register.Found = fact("X26 register checked"), fact("X26 register found")
		o.FlowDown.Checked = fact("X26 flow-down checked")
	})(s)
	s.facts.Evidence["agreement-evidence/ca-2026"] = Evidence{
		ODSCode: rapid.SampledFrom([]string{"A1B2C", "B2C3D"}).Draw(r, "copy of"), Validated: fact("validated"), SignedOn: date("2026-10-02"),
	}
	s.order.Standing.State = rapid.SampledFrom([]hscn.State{"", hscn.StateActive, hscn.StateRestricted, hscn.StateTerminated}).Draw(r, "state")
	for _, rule := range Catalogue() {
		severity(rule.ID, rapid.SampledFrom([]Severity{Error, Error, Warning, Off}).Draw(r, rule.ID))(s)
		if rapid.IntRange(0, 9).Draw(r, "waived "+rule.ID) == 0 {
			waived(rule.ID, "")(s)
		}
	}
	s.order.Name = Known(rapid.SampledFrom([]string{"records", "R"}).Draw(r, "name"))
	s.where = rapid.SampledFrom([]Where{AtValidate, AtPlan, AtBroker}).Draw(r, "where")
	return s
}

func TestEvaluateIsDeterministic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := anyScene(t, r)
		first := s.evaluate()
		if second := s.evaluate(); !reflect.DeepEqual(first, second) {
			r.Fatalf("%+v\nthen %+v", first, second)
		}
		seen := make(map[string]bool)
		for _, finding := range first {
			if seen[finding.Rule] {
				r.Fatalf("%s is found twice for one object", finding.Rule)
			}
			seen[finding.Rule] = true
			if finding.Severity == Error && finding.Awaits != "" {
				r.Fatalf("%s refuses and waits", finding.Rule)
			}
		}
	})
}

// On the day on which everything is bad, whatever removes, narrows or corrects still goes through.
func TestEvaluateNeverStandsInTheWay(t *testing.T) {
	t.Parallel()
	applies := make(map[string]Applies)
	watches := make(map[string]bool)
	for _, rule := range Catalogue() {
		applies[rule.ID], watches[rule.ID] = rule.Applies, rule.Watches
	}
	ways := map[string]step{
		"delete":                     deletes(),
		"another security lead":      updates("profile.security_lead", map[string]any{"name": "Kim Vale", "email": "kim@meadow.example"}),
		"fewer organisations":        updates("profile.shared_with", map[string]any{}),
		"less data":                  updates("profile.handles_patient_data", false),
		"going live later":           updates("activate_at", "2027-01-01T00:00:00Z"),
		"another review":             updates("profile.reviewed_on", "2026-11-02"),
		"deletion protection":        updates("deletion_protection", true),
		"what is only known later":   updates("purchase_order", Unknown),
		"the same, in other letters": updates("ods_code", " A1b2C "),
	}
	rapid.Check(t, func(r *rapid.T) {
		s := anyScene(t, r)
		put("ods_code", "a1b2c")(s)
		way := rapid.SampledFrom(slices.Sorted(maps.Keys(ways))).Draw(r, "way")
		ways[way](s)
		for _, finding := range s.evaluate() {
			if applies[finding.Rule] == AppliesNew && (!watches[finding.Rule] || finding.Severity == Error) {
				r.Fatalf("%s: %s stands in the way", way, finding.Rule)
			}
		}
	})
}

// A look-up that was not made refuses nobody.
func TestEvaluateRefusesNobodyForWhatNobodyChecked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		s := anyScene(t, r)
		for code := range s.facts.Organisations {
			about(code, func(o *Organisation) { *o = Organisation{Bound: true} })(s)
		}
		for id, severity := range DefaultSeverities() {
			s.policy.Severities[id] = severity
		}
		for _, finding := range s.evaluate() {
			// What is declared, and what the account consumes, was not looked up in any register.
			declared := slices.Contains([]string{"location.country", "connection.activate-past", "agreement.evidence-unknown"}, finding.Rule)
			if finding.Severity == Error && !finding.Fixed && !declared && !strings.HasPrefix(finding.Rule, "service.") {
				r.Fatalf("refused by %s: %s", finding.Rule, finding.Detail)
			}
		}
	})
}
