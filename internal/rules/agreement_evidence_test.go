package rules

import (
	"slices"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// named is a signed copy that the order names; what is known of it can be changed.
func named(change func(*Evidence)) step {
	return func(s *scene) {
		evidence := Evidence{
			ODSCode: "A1B2C", Validated: true, SignedOn: date("2026-10-02"), CountersignedOn: date("2026-10-05"),
			ReceivedAt: date("2026-10-06").At(9, 0), ValidatedAt: date("2026-10-07").At(9, 0), ValidatedBy: "Kim Vale",
		}
		if change != nil {
			change(&evidence)
		}
		s.facts.Evidence["agreement-evidence/ca-2026"] = evidence
		put("agreement.evidence_id", "agreement-evidence/ca-2026")(s)
	}
}

var (
	noEntry     = meadow(func(o *Organisation) { o.Register = absent[RegisterRecord]() })
	neverLooked = meadow(func(o *Organisation) { o.Register = Fact[RegisterRecord]{} })
)

// received is a copy that nobody has looked at.
func received(e *Evidence) { e.Validated, e.ValidatedAt, e.ValidatedBy = false, time.Time{}, "" }

// noDay is a day that nobody gives.
var noDay = hscn.Date{}

func agreementEvidenceCases() map[string]ruleCase {
	const register = "the register of HSCN Connection Agreements, looked up on 1 November 2026 by Sam Field"
	return map[string]ruleCase{
		"agreement.evidence-unknown": {
			bad: []bad{
				{
					"names nothing",
					[]step{put("agreement.evidence_id", "agreement-evidence/ca-2026")},
					want{
						path:   "agreement evidence_id",
						detail: `The account 676 has no agreement evidence "agreement-evidence/ca-2026", or it was refused or deleted.`,
						remedy: "Set agreement.evidence_id to the id of an hscn_agreement_evidence of the same organisation, best by a reference to the " +
							"resource, such as hscn_agreement_evidence.signed.id.",
					},
				},
				{
					"names nothing, at plan",
					[]step{put("agreement.evidence_id", "agreement-evidence/ca-2026"), at(AtPlan)},
					want{
						path:   "agreement evidence_id",
						detail: `The account 676 has no agreement evidence "agreement-evidence/ca-2026", or it was refused or deleted.`,
						remedy: "If this configuration makes it, refer to the resource instead of writing its name out, such as " +
							"hscn_agreement_evidence.signed.id; otherwise hand in the signed copy first.",
					},
				},
				{
					"a copy that was refused",
					[]step{put("agreement.evidence_id", "agreement-evidence/ca-2026"), func(s *scene) {
						s.facts.RefusedEvidence = map[string]string{"agreement-evidence/ca-2026": "The second page is missing."}
					}},
					want{
						path:   "agreement evidence_id",
						detail: `The agreement evidence "agreement-evidence/ca-2026" was refused: The second page is missing.`,
						remedy: "Hand in another copy as an hscn_agreement_evidence, give its id in agreement.evidence_id, and order the connection again.",
					},
				},
				{
					"the name alone",
					[]step{put("agreement.evidence_id", "ca-2026")},
					want{
						path:   "agreement evidence_id",
						detail: `agreement.evidence_id is "ca-2026": the id of evidence has the form agreement-evidence/<name>.`,
						remedy: `Set agreement.evidence_id to "agreement-evidence/ca-2026", best by a reference to the resource.`,
					},
				},
				{
					"no name at all",
					[]step{put("agreement.evidence_id", "evidence/CA")},
					want{
						path: "agreement evidence_id",
						detail: `agreement.evidence_id: the agreement evidence id "evidence/CA" does not have the form agreement-evidence/<name>, as in ` +
							`"agreement-evidence/ca-2026".`,
					},
				},
				{
					"of another organisation",
					[]step{named(func(e *Evidence) { e.ODSCode = "b2c3d" })},
					want{
						path:   "agreement evidence_id",
						detail: `The agreement evidence "agreement-evidence/ca-2026" is b2c3d's, and the connection is for a1b2c (Meadow Trust).`,
					},
				},
			},
			silent: map[string][]step{
				"of the same organisation, in another spelling": {named(func(e *Evidence) { e.ODSCode = " a1b2c" })},
				"nobody asked for evidence":                     {put("agreement.evidence_id", "agreement-evidence/x"), func(s *scene) { s.facts.EvidenceKnown = false }},
				"of an organisation that is only known later":   {named(func(e *Evidence) { e.ODSCode, e.Planned = "", true })},
				"of an organisation of which nobody asked":      {named(nil), put("ods_code", "B2C3D")},
			},
			unknown: []string{"agreement", "agreement.evidence_id"},
		},
		"agreement.register-pending": {
			bad: []bad{
				{
					"not in the register",
					[]step{noEntry, named(nil)},
					want{
						path: "agreement evidence_id",
						detail: "The connection rests on the signed copy agreement-evidence/ca-2026. a1b2c (Meadow Trust) has no agreement in " +
							register + ".",
						remedy: "There is nothing to do for the order: Example Cloud service desk (desk@cloud.example) asks NHS England, HSCN " +
							"(https://nhs.example/hscn) to put the agreement into the register, after which nothing rests on the copy.",
					},
				},
				{
					"received, and nobody has looked into the register",
					[]step{neverLooked, named(received)},
					want{
						path: "agreement evidence_id",
						detail: "The connection rests on the signed copy agreement-evidence/ca-2026. Nobody has looked up a1b2c (Meadow Trust) in the " +
							"register of HSCN Connection Agreements yet.",
					},
				},
				{
					"after an agreement that ended",
					[]step{named(nil), meadow(func(o *Organisation) { o.Register.Record.EndedOn = date("2026-10-01") })},
					want{
						path: "agreement evidence_id",
						detail: "The connection rests on the signed copy agreement-evidence/ca-2026. An earlier agreement held until 1 October 2026, " +
							"according to " + register + ".",
					},
				},
				{
					"after an IGSoC",
					[]step{named(nil), meadow(func(o *Organisation) { o.Register.Record.IGSoC = true })},
					want{
						path: "agreement evidence_id",
						detail: "The connection rests on the signed copy agreement-evidence/ca-2026. The entry of a1b2c (Meadow Trust) is an IGSoC, the " +
							"statement of compliance of N3, which the HSCN Connection Agreement replaced on 1 April 2017, according to " + register + ".",
					},
				},
			},
			silent: map[string][]step{
				"the register shows it":     {named(nil)},
				"no copy":                   {noEntry},
				"flow-down":                 {noEntry, named(nil), put("agreement.basis", "flow_down")},
				"nobody asked for evidence": {noEntry, named(nil), func(s *scene) { s.facts.EvidenceKnown = false }},
				"predates says it":          {noEntry, named(func(e *Evidence) { e.SignedOn = date("2016-10-02") })},
				"signed before the end":     {named(nil), meadow(func(o *Organisation) { o.Register.Record.EndedOn = date("2026-10-02") })},
			},
			unknown: []string{"ods_code", "agreement.basis", "agreement.evidence_id"},
		},
		"agreement.not-countersigned": {
			bad: []bad{{
				"the day after",
				[]step{noEntry, named(func(e *Evidence) { e.SignedOn, e.CountersignedOn = date("2026-10-04"), noDay })},
				want{
					path: "agreement evidence_id",
					detail: "The signed copy agreement-evidence/ca-2026 was signed on 4 October 2026, more than 28 days ago, and has no " +
						"countersigned_on. a1b2c (Meadow Trust) has no agreement in " + register + ".",
				},
			}},
			silent: map[string][]step{
				"countersigned":         {noEntry, named(func(e *Evidence) { e.SignedOn = date("2026-01-02") })},
				"the last day":          {noEntry, named(func(e *Evidence) { e.SignedOn, e.CountersignedOn = date("2026-10-05"), noDay })},
				"the register shows it": {named(func(e *Evidence) { e.SignedOn, e.CountersignedOn = date("2026-01-02"), noDay })},
				"nobody has looked into the register": {
					neverLooked, named(func(e *Evidence) { e.SignedOn, e.CountersignedOn = date("2026-01-02"), noDay }),
				},
			},
			unknown: []string{"ods_code", "agreement.basis", "agreement.evidence_id"},
		},
	}
}

// What an agreement rests on, by the register and by the copy that the order names.
func TestSignedCopies(t *testing.T) {
	t.Parallel()
	ended := func(day string) step {
		return meadow(func(o *Organisation) { o.Register.Record.EndedOn = date(day) })
	}
	withdrawn := meadow(func(o *Organisation) { o.Register.Record.WithdrawnOn = date("2026-10-02") })
	igsoc := meadow(func(o *Organisation) { o.Register.Record.IGSoC = true })
	noTerms := meadow(func(o *Organisation) { o.FlowDown = absent[[]FlowDownDocument]() })
	old := named(func(e *Evidence) { e.SignedOn = date("2017-03-31") })
	theirs := named(func(e *Evidence) { e.ODSCode = "B2C3D" })
	cases := map[string]struct {
		steps []step
		want  []string // the rules of agreement.* that find something
		rests bool     // on the copy
	}{
		"the register": {nil, nil, false},
		"the register, and a copy that nobody looked at": {[]step{named(received)}, nil, false},
		"the register, and a copy that is older":         {[]step{old}, nil, false},
		"a copy alone":                                   {[]step{noEntry, named(nil)}, []string{"register-pending"}, true},
		"a copy, and no look into the register":          {[]step{neverLooked, named(nil)}, []string{"register-pending"}, true},
		"a copy that nobody has looked at":               {[]step{noEntry, named(received)}, []string{"not-checked", "register-pending"}, false},
		"a copy that this plan makes":                    {[]step{noEntry, named(received), named(func(e *Evidence) { *e = Evidence{ODSCode: "a1b2c", SignedOn: date("2026-10-30"), Planned: true} })}, []string{"not-checked", "register-pending"}, false},
		"a planned copy of whom, only known later":       {[]step{noEntry, named(func(e *Evidence) { *e = Evidence{SignedOn: date("2026-10-30"), Planned: true} })}, nil, false},
		"a planned copy of when, only known later":       {[]step{ended("2026-10-01"), named(func(e *Evidence) { *e = Evidence{ODSCode: "A1B2C", Planned: true} })}, nil, false},
		"a copy, only known later":                       {[]step{noEntry, put("agreement.evidence_id", Unknown)}, nil, false},
		"a copy of which nobody asked":                   {[]step{noEntry, named(nil), func(s *scene) { s.facts.EvidenceKnown = false }}, nil, false},
		"a copy that is not there":                       {[]step{noEntry, noTerms, put("agreement.evidence_id", "agreement-evidence/x")}, []string{"evidence-unknown"}, false},
		"a copy of another organisation":                 {[]step{noEntry, noTerms, theirs}, []string{"evidence-unknown"}, false},
		"the same, where policy lets it be":              {[]step{noEntry, noTerms, theirs, severity("agreement.evidence-unknown", Off)}, []string{"missing"}, false},
		"a copy that is too old":                         {[]step{noEntry, noTerms, old}, []string{"predates"}, false},
		"signed after the end of the other":              {[]step{ended("2026-10-01"), named(nil)}, []string{"register-pending"}, true},
		"signed on its last day":                         {[]step{ended("2026-10-02"), noTerms, named(nil)}, []string{"ended"}, false},
		"signed on the day of the withdrawal":            {[]step{withdrawn, named(nil)}, []string{"register-pending"}, true},
		"in the place of an IGSoC":                       {[]step{igsoc, named(nil)}, []string{"register-pending"}, true},
		"an IGSoC, of which there is a copy":             {[]step{igsoc, noTerms, old}, []string{"predates"}, false},
		"ended, and a copy only known later":             {[]step{ended("2026-10-01"), put("agreement.evidence_id", Unknown)}, nil, false},
		"the terms that the copy is not needed for":      {[]step{noEntry, named(received), put("agreement.basis", "flow_down")}, nil, false},
		"terms that fail, and a copy that holds":         {[]step{noEntry, noTerms, named(nil), put("agreement.basis", "flow_down")}, []string{"flow-down-terms", "other-basis-holds"}, false},
		"terms that fail, and a copy only known later":   {[]step{noEntry, noTerms, put("agreement.evidence_id", Unknown), put("agreement.basis", "flow_down")}, []string{"flow-down-terms"}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := connection(t, c.steps...)
			got := ids(s.evaluate())
			want := make([]string, len(c.want))
			for i, rule := range c.want {
				want[i] = "agreement." + rule
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			rests := ""
			if c.rests {
				rests = "agreement-evidence/ca-2026"
			}
			if copied, _ := CopyRestedOn(s.policy, s.facts, s.order); copied != rests {
				t.Errorf("it rests on %q, want %q", copied, rests)
			}
		})
	}
}

// What waits for the copy says so.
func TestNotCheckedWaitsForTheCopy(t *testing.T) {
	t.Parallel()
	finding := connection(t, noEntry, named(received)).found("agreement.not-checked")
	if finding == nil {
		t.Fatal("no finding")
	}
	if want := "Nobody at Example Cloud has looked at the signed copy agreement-evidence/ca-2026 yet."; finding.Detail != want {
		t.Errorf("%s", finding.Detail)
	}
	want := "There is nothing to do: the order waits until Example Cloud service desk (desk@cloud.example) has validated the copy."
	if finding.Remedy != want || finding.Awaits != "pending_evidence" {
		t.Errorf("%s: %s", finding.Awaits, finding.Remedy)
	}
}

// The copy itself, when it is handed in.
func TestAgreementEvidenceIsJudged(t *testing.T) {
	t.Parallel()
	unbound := meadow(func(o *Organisation) { o.Bound = false })
	cases := map[string]struct {
		steps    []step
		rule     string
		severity Severity
		detail   string
	}{
		"all is well":      {},
		"too old":          {[]step{put("signed_on", "2017-03-31")}, "agreement.predates", Error, "The copy was signed on 31 March 2017, before there was an HSCN Connection Agreement (1 April 2017): it is of an IGSoC, or of something else."},
		"the first day":    {[]step{put("signed_on", "2017-04-01")}, "", "", ""},
		"no day":           {[]step{put("signed_on", "2017-02-30")}, "", "", ""},
		"known later":      {[]step{put("signed_on", Unknown)}, "", "", ""},
		"a malformed code": {[]step{put("ods_code", "A1-2C")}, "organisation.code-format", Error, `The ODS code "A1-2C" has '-' as character 3: only letters A-Z and digits are allowed.`},
		"a malformed name": {[]step{func(s *scene) { s.order.Name = Known("CA") }}, "name.format", Error, `The name "CA" is too short: it has 2 characters and needs at least 3; it starts with 'C': the first character must be a letter a-z; it has 'A' as character 2: only a-z, 0-9 and "-" are allowed.`},
		"not bound":        {[]step{unbound}, "organisation.not-bound", Error, "The account 676 may not act for a1b2c (Meadow Trust)."},
		"not bound, where one can ask": {
			[]step{unbound, func(s *scene) { s.policy.BindingRequests = true }},
			"organisation.not-bound", Warning,
			"The account 676 may not act for a1b2c (Meadow Trust) yet; the order for a connection asks for that.",
		},
		"a new version is judged": {[]step{unbound, updates("document_sha256", "00")}, "organisation.not-bound", Error, "The account 676 may not act for a1b2c (Meadow Trust)."},
		"the same, in capitals":   {[]step{unbound, put("document_sha256", "0a"), updates("document_sha256", "0A")}, "", "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings := evidence(t, c.steps...).evaluate()
			switch {
			case c.rule == "" && len(findings) > 0, c.rule != "" && len(findings) != 1:
				t.Errorf("%+v", findings)
			case c.rule == "":
			case findings[0].Rule != c.rule || findings[0].Severity != c.severity || findings[0].Detail != c.detail || findings[0].Awaits != "":
				t.Errorf("%+v", findings[0])
			}
		})
	}
}

// A version that a connection rests on counts for changes of that connection, whatever became of the copy.
func TestKeptEvidence(t *testing.T) {
	t.Parallel()
	const name = "agreement-evidence/ca-2026"
	kept := func(of string) step {
		return func(s *scene) {
			named(nil)(s)
			s.facts.Kept = map[string]KeptEvidence{of: {Name: name, Evidence: s.facts.Evidence[name]}}
			delete(s.facts.Evidence, name)
			noEntry(s)
		}
	}
	widens := updates("purpose", "readiness_test")
	beside := func(change func(*Evidence)) step {
		return func(s *scene) {
			evidence := s.facts.Kept["connections/records"].Evidence
			change(&evidence)
			s.facts.Evidence[name] = evidence
		}
	}
	cases := map[string]struct {
		steps []step
		rests bool
		kept  bool
	}{
		"its own connection":            {[]step{kept("connections/records"), widens}, true, true},
		"another connection":            {[]step{kept("connections/other"), widens}, false, false},
		"a new connection of that name": {[]step{kept("connections/records")}, false, false},
		"named by this change":          {[]step{kept("connections/records"), put("agreement.evidence_id", nil), updates("agreement.evidence_id", name)}, false, false},
		"another organisation":          {[]step{kept("connections/records"), beside(func(e *Evidence) { e.ODSCode = "X26" }), widens}, true, true},
		"beside one that nobody saw":    {[]step{kept("connections/records"), beside(received), widens}, true, true},
		"beside one that was validated": {[]step{kept("connections/records"), beside(func(*Evidence) {}), widens}, true, false},
	}
	for title, c := range cases {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			s := connection(t, c.steps...)
			unknown := slices.ContainsFunc(Evaluate(s.policy, s.facts, s.order, s.where), func(f Finding) bool {
				return f.Rule == "agreement.evidence-unknown"
			})
			if unknown == c.rests {
				t.Errorf("the copy is unknown: %v", unknown)
			}
			if copied, evidence := CopyRestedOn(s.policy, s.facts, s.order); (copied == name) != c.rests || evidence.Kept != c.kept {
				t.Errorf("it rests on %q, kept %v", copied, evidence.Kept)
			}
		})
	}
}
