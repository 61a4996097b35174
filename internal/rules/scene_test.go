package rules

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// scene is an order with everything that it is judged by. A test begins with one in which all is well and changes what
// it is about.
type scene struct {
	policy Policy
	facts  Facts
	order  Order
	where  Where
}

// step changes a scene.
type step func(*scene)

// connection is the scene of a new connection, judged by the broker, of which no rule has anything to say. Today is
// Monday 2 November 2026.
func connection(t *testing.T, steps ...step) *scene {
	t.Helper()
	calendar, err := hscn.NewCalendar()
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{
		policy: Policy{
			Severities: DefaultSeverities(),
			CSP:        "Example Cloud",
			CSPContact: Contact{Title: "Example Cloud service desk", Email: "desk@cloud.example"},
			NHS:        Contact{Title: "NHS England, HSCN", URL: "https://nhs.example/hscn"},
			ServiceTypes: map[string]ServiceType{
				"vmware_org": {Title: "VMware compute service", IDPattern: regexp.MustCompile(`^\d+-\d+$`), IDExample: "676-2"},
			},
			Zones:               map[string]Zone{"B": {HSCNOffered: true}, "F": {HSCNOffered: true}, "D": {}},
			Ages:                FactAges{Directory: 90, Register: 90, FlowDown: 365, DSPT: 90},
			SuccessorGraceDays:  30,
			FlowDown:            []FlowDownTerms{{Kind: "msa", Title: "Master Services Agreement", MinimumVersion: "11.0"}},
			LeadTimeWorkingDays: 1,
			CommitmentMonths:    1,
			Calendar:            calendar,

			EvidenceCountersignedWithinDays: 28,
			ProfileReviewMonths:             12,
			NHSRoles:                        []string{"RO197"},
			AdequateCountries:               []string{"CH", "NZ"},
			EdgeLeadTimeWorkingDays:         1,
			DNSResolvers:                    []netip.Addr{netip.MustParseAddr("155.231.231.1"), netip.MustParseAddr("155.231.231.2")},
			RetiredDNSResolvers:             []netip.Addr{netip.MustParseAddr("194.72.7.137")},
			HSCNRanges:                      []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
			DSPT: DSPTPolicy{
				Accepted:  []hscn.DSPTStandard{hscn.DSPTStandardsMet, hscn.DSPTStandardsExceeded},
				Tolerated: []hscn.DSPTStandard{hscn.DSPTApproachingStandards},
			},
		},
		facts: Facts{
			Now:     time.Date(2026, time.November, 2, 10, 0, 0, 0, time.UTC),
			Account: "676",
			Organisations: map[string]Organisation{
				"A1B2C": {
					Bound:     true,
					Directory: seen(DirectoryRecord{Title: "Meadow Trust", RecordClass: "RC1", Country: "ENGLAND", PrimaryRole: "RO197"}),
					Register:  seen(RegisterRecord{SignedOn: date("2019-03-04")}),
					FlowDown:  seen([]FlowDownDocument{{Kind: "msa", Version: "11.2", SignedOn: date("2021-05-06")}}),
					DSPT:      seen(DSPTRecord{Status: "25/26 Standards Met", PublishedOn: date("2026-06-20")}),
				},
			},
			Services:      map[ServiceKey]Service{{"vmware_org", "676-2"}: {Zone: "B", HSCNOffered: true}},
			ServicesKnown: true,
			Evidence:      make(map[string]Evidence),
			EvidenceKnown: true,
			Broker:        &BrokerFacts{},
			Clashes:       make(map[string]Clash),
		},
		order: Order{
			Kind: KindConnection, Operation: Create, Name: Known("records"), FullName: "connections/records",
			Declared: Declared{
				"ods_code": "a1b2c",
				"service":  map[string]any{"type": "vmware_org", "id": "676-2"},
				"access":   "shared_link",
				"agreement": map[string]any{
					"basis": "connection_agreement", "reference": "CA-1",
				},
				"profile": map[string]any{
					"business_sponsor": map[string]any{"name": "Pat Hill", "email": "pat@meadow.example"},
					"security_lead":    map[string]any{"name": "Lee Brook", "email": "lee@meadow.example"},
					"shared_with":      map[string]any{"X26": map[string]any{"basis": "connection_agreement"}},

					"handles_patient_data":       true,
					"encryption":                 map[string]any{"in_application": true, "standard": "AES-256"},
					"risk_assessment":            map[string]any{"reference": "RA-17", "completed_on": "2026-10-01"},
					"monitoring_acknowledged_on": "2026-10-02",
					"reviewed_on":                "2026-10-03",
				},
			},
		},
		where: AtBroker,
	}
	return s.with(steps...)
}

// edge is the scene of a new edge attachment.
func edge(t *testing.T, steps ...step) *scene {
	t.Helper()
	s := connection(t)
	service := ServiceKey{"vmware_org", "676-2"}
	s.facts.Parent = &Parent{Name: "connections/records", Service: service, Zone: "B"}
	s.facts.Gateways, s.facts.GatewaysKnown = map[string]Gateway{"gw-1": {Service: service, Zone: "B"}}, true
	s.order = Order{
		Kind: KindEdgeAttachment, Operation: Create,
		Name: Known("web"), FullName: "connections/records/edge-attachments/web",
		Declared: Declared{
			"gateway_id": "gw-1",
			"networks":   map[string]any{"frontend": map[string]any{"id": "net-1", "cidr": "192.168.10.0/24"}},
		},
	}
	return s.with(steps...)
}

// evidence is the scene of a signed copy that is handed in.
func evidence(t *testing.T, steps ...step) *scene {
	t.Helper()
	s := connection(t)
	s.order = Order{
		Kind: KindAgreementEvidence, Operation: Create,
		Name: Known("ca-2026"), FullName: "agreement-evidence/ca-2026",
		Declared: Declared{"ods_code": "a1b2c", "document_sha256": strings.Repeat("0a", 32), "signed_on": "2026-10-02"},
	}
	return s.with(steps...)
}

// planned makes a scene one that is judged at plan.
func planned(on func(*testing.T, ...step) *scene) func(*testing.T, ...step) *scene {
	return func(t *testing.T, steps ...step) *scene {
		t.Helper()
		return on(t, at(AtPlan)).with(steps...)
	}
}

// with changes the scene.
func (s *scene) with(steps ...step) *scene {
	for _, step := range steps {
		step(s)
	}
	return s
}

func (s *scene) evaluate() []Finding { return Evaluate(s.policy, s.facts, s.order, s.where) }

// found returns the finding of a rule, or nil.
func (s *scene) found(rule string) *Finding {
	findings := s.evaluate()
	if i := slices.IndexFunc(findings, func(f Finding) bool { return f.Rule == rule }); i >= 0 {
		return &findings[i]
	}
	return nil
}

// put sets a value of the declaration, by its path with dots.
func put(path string, value any) step {
	return func(s *scene) { s.order.Declared = s.order.Declared.put(strings.Split(path, "."), value) }
}

// put returns a copy of the declaration with another value at a path.
func (d Declared) put(path []string, value any) Declared {
	changed := maps.Clone(d)
	if changed == nil {
		changed = Declared{}
	}
	if len(path) == 1 {
		changed[path[0]] = value
		return changed
	}
	below, _ := changed[path[0]].(map[string]any)
	changed[path[0]] = map[string]any(Declared(below).put(path[1:], value))
	return changed
}

// about changes what is known of an organisation.
func about(code string, change func(*Organisation)) step {
	return func(s *scene) {
		organisation := s.facts.Organisations[code]
		change(&organisation)
		s.facts.Organisations[code] = organisation
	}
}

// meadow changes what is known of the organisation that the order is for.
func meadow(change func(*Organisation)) step { return about("A1B2C", change) }

// today moves the broker's clock to ten o'clock of a day.
func today(day string) step {
	return func(s *scene) { s.facts.Now = date(day).At(10, 0) }
}

// lookUpsOf makes all look-ups of that day.
func lookUpsOf(day string) step {
	return meadow(func(o *Organisation) {
		at := date(day).At(9, 0)
		o.Directory.At, o.Register.At, o.FlowDown.At, o.DSPT.At = at, at, at, at
	})
}

// severity is what policy says of a rule.
func severity(rule string, severity Severity) step {
	return func(s *scene) { s.policy.Severities[rule] = severity }
}

func at(where Where) step { return func(s *scene) { s.where = where } }

// broker changes what only the broker knows.
func broker(change func(*BrokerFacts)) step { return func(s *scene) { change(s.facts.Broker) } }

// clashes is what a plan or the broker found.
func clashes(rule string, clash Clash) step { return func(s *scene) { s.facts.Clashes[rule] = clash } }

// gateway changes what is known of a gateway, or makes one known.
func gateway(id string, change func(*Gateway)) step {
	return func(s *scene) {
		g := s.facts.Gateways[id]
		change(&g)
		s.facts.Gateways[id] = g
	}
}

// noGateway takes away what the scene of an edge attachment knows of its gateway.
func noGateway(s *scene) { delete(s.facts.Gateways, "gw-1") }

// waived is an operator's exception until the last day of 2027.
func waived(rule, connection string) step {
	return func(s *scene) {
		s.facts.Waivers = append(s.facts.Waivers, Waiver{
			Rule: rule, Connection: connection, Until: date("2027-12-31"), Reason: "a merger is under way", Reference: "CHG-17",
		})
	}
}

// updates makes an update of the order: what it asks for now is what was there before it, with a change.
func updates(path string, value any) step {
	return func(s *scene) {
		s.order.Operation, s.order.Prior = Update, s.order.Declared
		put(path, value)(s)
	}
}

// deletes makes a delete of the order.
func deletes() step {
	return func(s *scene) { s.order.Operation, s.order.Prior, s.order.Declared = Delete, s.order.Declared, nil }
}

// keeps makes of the order one that leaves everything as it is.
func keeps() step {
	return func(s *scene) { s.order.Operation, s.order.Prior = Keep, s.order.Declared }
}

// standing is how far the object is before the order.
func standing(standing Standing) step { return func(s *scene) { s.order.Standing = standing } }

// seen is what a look-up of 1 November 2026 found.
func seen[T any](record T) Fact[T] {
	return Fact[T]{Checked: true, At: date("2026-11-01").At(9, 0), By: "Sam Field", Found: true, Record: record}
}

// absent is a look-up of that day that found nothing.
func absent[T any]() Fact[T] {
	return Fact[T]{Checked: true, At: date("2026-11-01").At(9, 0), By: "Sam Field"}
}

// date is a day that is well formed.
func date(text string) hscn.Date {
	day, err := hscn.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return day
}
