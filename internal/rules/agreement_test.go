package rules

import (
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func agreementCases() map[string]ruleCase {
	entry := func(change func(*RegisterRecord)) step {
		return meadow(func(o *Organisation) { change(&o.Register.Record) })
	}
	terms := func(documents ...FlowDownDocument) step {
		return meadow(func(o *Organisation) { o.FlowDown.Record = documents })
	}
	noEntry := meadow(func(o *Organisation) { o.Register = absent[RegisterRecord]() })
	noTerms := meadow(func(o *Organisation) { o.FlowDown = absent[[]FlowDownDocument]() })
	neverLooked := meadow(func(o *Organisation) {
		o.Register, o.FlowDown = Fact[RegisterRecord]{}, Fact[[]FlowDownDocument]{}
	})
	flowDown := put("agreement.basis", "flow_down")
	dedicated := put("access", "dedicated_circuit")
	ended := entry(func(r *RegisterRecord) { r.EndedOn = date("2026-11-01") })

	const according = ", according to the register of HSCN Connection Agreements, looked up on 1 November 2026 by Sam Field."
	const contracts = ", according to the contracts of Example Cloud, looked up on 1 November 2026 by Sam Field."
	const own = "The HSCN Connection Agreement of a1b2c (Meadow Trust) "
	return map[string]ruleCase{
		"agreement.missing": {
			bad: []bad{{
				"not in the register",
				[]step{noEntry, noTerms},
				want{
					path: "agreement basis",
					detail: "a1b2c (Meadow Trust) has no agreement in the register of HSCN Connection Agreements, looked up on " +
						"1 November 2026 by Sam Field.",
					remedy: "Sign the HSCN Connection Agreement with NHS England, HSCN (https://nhs.example/hscn), or sign terms of " +
						"Example Cloud service desk (desk@cloud.example) that carry it and set agreement.basis to \"flow_down\". If it " +
						"is signed, hand in the copy as hscn_agreement_evidence and give its id in agreement.evidence_id, or ask NHS England, " +
						"HSCN to put it into the register, then Example Cloud to look again.",
				},
			}},
			silent: map[string][]step{
				"nobody has looked":                   {neverLooked},
				"a look-up of long ago":               {noEntry, lookUpsOf("2026-07-01")},
				"ended says it":                       {ended},
				"no such organisation says it better": {noEntry, meadow(func(o *Organisation) { o.Directory = absent[DirectoryRecord]() })},
				"predates says it":                    {entry(func(r *RegisterRecord) { r.IGSoC = true })},
				"the basis is flow-down":              {noEntry, flowDown},
				"no basis":                            {noEntry, put("agreement.basis", nil)},
				"not a basis":                         {noEntry, put("agreement.basis", "handshake")},
			},
			unknown: []string{"ods_code", "agreement", "agreement.basis"},
		},
		"agreement.not-checked": {
			bad: []bad{
				{
					"nobody has looked",
					[]step{neverLooked},
					want{
						path: "agreement basis", awaits: "pending_evidence",
						detail: "Nobody has looked up a1b2c (Meadow Trust) in the register of HSCN Connection Agreements yet.",
					},
				},
				{
					"a look-up of long ago",
					[]step{lookUpsOf("2026-07-01")},
					want{
						path: "agreement basis", awaits: "pending_evidence",
						detail: "a1b2c (Meadow Trust) was looked up on 1 July 2026 by Sam Field in the register of HSCN Connection " +
							"Agreements, which is more than 90 days ago and no longer counts.",
					},
				},
				{
					"flow-down",
					[]step{neverLooked, flowDown},
					want{
						path: "agreement basis", awaits: "pending_evidence",
						detail: "Nobody has looked up a1b2c (Meadow Trust) in the contracts of Example Cloud yet.",
					},
				},
			},
			silent: map[string][]step{
				"no such organisation says it better":      {neverLooked, meadow(func(o *Organisation) { o.Directory = absent[DirectoryRecord]() })},
				"a dedicated circuit says it better":       {neverLooked, flowDown, dedicated},
				"missing says it":                          {noEntry},
				"contracts count for longer by the policy": {lookUpsOf("2026-07-01"), flowDown},
			},
			unknown: []string{"ods_code", "agreement.basis"},
		},
		"agreement.flow-down-terms": {
			bad: []bad{
				{
					"no terms",
					[]step{flowDown, noTerms, noEntry},
					want{
						path: "agreement basis",
						detail: "No terms with a1b2c (Meadow Trust) carry the HSCN Connection Agreement: the contracts of Example Cloud, " +
							"looked up on 1 November 2026 by Sam Field, show no terms between the two. These do: Master Services Agreement " +
							"11.0 or later.",
					},
				},
				{
					"an older version",
					[]step{flowDown, terms(FlowDownDocument{Kind: "msa", Version: "9.2"}, FlowDownDocument{Kind: "nda", Version: "12"})},
					want{
						path: "agreement basis",
						detail: "No terms with a1b2c (Meadow Trust) carry the HSCN Connection Agreement: the contracts of Example Cloud, " +
							"looked up on 1 November 2026 by Sam Field, show only Master Services Agreement 9.2 and nda 12. These do: " +
							"Master Services Agreement 11.0 or later.",
					},
				},
				{
					"a version that nobody can read",
					[]step{flowDown, terms(FlowDownDocument{Kind: "msa", Version: "latest"})},
					want{
						path: "agreement basis",
						detail: "No terms with a1b2c (Meadow Trust) carry the HSCN Connection Agreement: the contracts of Example Cloud, " +
							"looked up on 1 November 2026 by Sam Field, show only Master Services Agreement latest. These do: Master " +
							"Services Agreement 11.0 or later.",
					},
				},
				{
					"a provider without such terms",
					[]step{flowDown, func(s *scene) { s.policy.FlowDown = nil }},
					want{
						path: "agreement basis",
						detail: "No terms with a1b2c (Meadow Trust) carry the HSCN Connection Agreement: the contracts of Example Cloud, " +
							"looked up on 1 November 2026 by Sam Field, show only msa 11.2. Example Cloud offers no terms that do.",
						remedy: "Use an HSCN Connection Agreement of the organisation's own, and set agreement.basis to \"connection_agreement\".",
					},
				},
			},
			silent: map[string][]step{
				"the least version":                    {flowDown, terms(FlowDownDocument{Kind: "msa", Version: "v11"})},
				"11.10 is newer than 11.9":             {flowDown, func(s *scene) { s.policy.FlowDown[0].MinimumVersion = "11.9" }, terms(FlowDownDocument{Kind: "msa", Version: "11.10"})},
				"nobody has looked":                    {flowDown, neverLooked},
				"ended says it":                        {flowDown, terms(FlowDownDocument{Kind: "msa", Version: "11.0", EndedOn: date("2026-10-31")})},
				"the basis is an agreement":            {noTerms},
				"a dedicated circuit says it better":   {flowDown, noTerms, dedicated},
				"another kind of document is enough":   {flowDown, func(s *scene) { s.policy.FlowDown = append(s.policy.FlowDown, FlowDownTerms{"tnc", "Terms", "3"}) }, terms(FlowDownDocument{Kind: "tnc", Version: "3.1"})},
				"the better of several documents does": {flowDown, terms(FlowDownDocument{Kind: "msa", Version: "9.2"}, FlowDownDocument{Kind: "msa", Version: "12"})},
			},
			unknown: []string{"ods_code", "agreement.basis"},
		},
		"agreement.dedicated-needs-own": {
			bad: []bad{{
				"flow-down",
				[]step{dedicated, flowDown},
				want{
					path: "agreement basis",
					detail: `access is "dedicated_circuit" and agreement.basis "flow_down": the cloud service provider's terms carry the ` +
						`agreement for its shared link only.`,
				},
			}},
			silent: map[string][]step{
				"an agreement of its own": {dedicated},
				"the shared link":         {flowDown},
				"no access given":         {flowDown, put("access", nil)},
				"no agreement given":      {dedicated, put("agreement", nil)},
			},
			unknown: []string{"access", "agreement.basis", "agreement"},
		},
		"agreement.predates": {
			bad: []bad{
				{
					"signed too early",
					[]step{entry(func(r *RegisterRecord) { r.SignedOn, r.Reference = date("2017-03-31"), "A-7" })},
					want{
						path: "agreement basis",
						detail: "The HSCN Connection Agreement of a1b2c (Meadow Trust), reference A-7, was signed on 31 March 2017, before " +
							"there was an HSCN Connection Agreement (1 April 2017)" + according,
					},
				},
				{
					"an IGSoC",
					[]step{entry(func(r *RegisterRecord) { r.IGSoC = true })},
					want{
						path: "agreement basis",
						detail: "The entry of a1b2c (Meadow Trust) is an IGSoC, the statement of compliance of N3, which the HSCN Connection " +
							"Agreement replaced on 1 April 2017" + according,
					},
				},
				{
					"terms signed too early",
					[]step{flowDown, terms(FlowDownDocument{Kind: "msa", Version: "11.0", SignedOn: date("2016-05-06")})},
					want{
						path: "agreement basis",
						detail: "Master Services Agreement 11.0 with a1b2c (Meadow Trust) was signed on 6 May 2016, before there was an HSCN " +
							"Connection Agreement (1 April 2017)" + contracts,
					},
				},
			},
			silent: map[string][]step{
				"a document that merely ended counts first": {flowDown, terms(
					FlowDownDocument{Kind: "msa", Version: "11.0", SignedOn: date("2016-05-06")},
					FlowDownDocument{Kind: "msa", Version: "11.0", EndedOn: date("2024-10-31")},
					FlowDownDocument{Kind: "msa", Version: "11.0", SignedOn: date("2016-05-06")},
				)},
				"signed on the first day": {entry(func(r *RegisterRecord) { r.SignedOn = date("2017-04-01") })},
				"nobody says when":        {entry(func(r *RegisterRecord) { r.SignedOn = hscn.Date{} })},
				"not in the register":     {noEntry},
				"a look-up of long ago":   {entry(func(r *RegisterRecord) { r.IGSoC = true }), lookUpsOf("2026-07-01")},
			},
			unknown: []string{"ods_code", "agreement.basis"},
		},
		"agreement.ended": {
			bad: []bad{
				{
					"ended",
					[]step{ended},
					want{path: "agreement basis", detail: own + "held until 1 November 2026 and no longer" + according},
				},
				{
					"ended, and the copy is of the same",
					[]step{ended, named(nil)},
					want{
						path: "agreement basis",
						detail: own + "held until 1 November 2026 and no longer" + according + " The signed copy agreement-evidence/ca-2026 is no later " +
							"agreement: it was signed on 2 October 2026.",
					},
				},
				{
					"withdrawn today",
					[]step{entry(func(r *RegisterRecord) { r.WithdrawnOn = date("2026-11-02") })},
					want{path: "agreement basis", detail: own + "held until 1 November 2026 and no longer" + according},
				},
				{
					"withdrawn before its end",
					[]step{entry(func(r *RegisterRecord) { r.EndedOn, r.WithdrawnOn = date("2027-03-31"), date("2026-10-01") })},
					want{path: "agreement basis", detail: own + "held until 30 September 2026 and no longer" + according},
				},
				{
					"terms, of which the last to end counts",
					[]step{flowDown, terms(
						FlowDownDocument{Kind: "msa", Version: "11.0", EndedOn: date("2024-10-31")},
						FlowDownDocument{Kind: "msa", Version: "11.4", EndedOn: date("2026-10-31")},
						FlowDownDocument{Kind: "msa", Version: "11.1", EndedOn: date("2025-10-31")},
					)},
					want{
						path:   "agreement basis",
						detail: "Master Services Agreement 11.4 with a1b2c (Meadow Trust) held until 31 October 2026 and no longer" + contracts,
					},
				},
			},
			silent: map[string][]step{
				"its last day":              {entry(func(r *RegisterRecord) { r.EndedOn = date("2026-11-02") })},
				"an IGSoC says it better":   {ended, entry(func(r *RegisterRecord) { r.IGSoC = true })},
				"not in the register":       {noEntry},
				"a look-up of long ago":     {ended, lookUpsOf("2026-07-01")},
				"a document that holds too": {flowDown, terms(FlowDownDocument{Kind: "msa", Version: "11.0", EndedOn: date("2024-10-31")}, FlowDownDocument{Kind: "msa", Version: "11.0"})},
			},
			unknown: []string{"ods_code", "agreement.basis"},
		},
		"agreement.ends-early": {
			bad: []bad{
				{
					"the day before the commitment ends",
					[]step{entry(func(r *RegisterRecord) { r.EndedOn = date("2026-12-02") })},
					want{
						path: "agreement basis",
						detail: own + "ends on 2 December 2026, according to the register of HSCN Connection Agreements, looked up on 1 November " +
							"2026 by Sam Field. A connection that is ordered on 2 November 2026 is taken until 3 December 2026 at the least: " +
							"1 working day to enable it, then 1 month of commitment.",
					},
				},
				{
					"terms, over Christmas",
					[]step{
						today("2026-12-24"), flowDown, func(s *scene) { s.policy.CommitmentMonths = 0 },
						terms(FlowDownDocument{Kind: "msa", Version: "11.0", EndedOn: date("2026-12-28")}),
					},
					want{
						path: "agreement basis",
						detail: "Master Services Agreement 11.0 with a1b2c (Meadow Trust) ends on 28 December 2026, according to the contracts " +
							"of Example Cloud, looked up on 1 November 2026 by Sam Field. A connection that is ordered on 24 December 2026 is " +
							"taken until 29 December 2026 at the least: 1 working day to enable it, then 0 months of commitment.",
					},
				},
			},
			silent: map[string][]step{
				"the day on which the commitment ends": {entry(func(r *RegisterRecord) { r.EndedOn = date("2026-12-03") })},
				"ended says it":                        {ended},
				"nobody has looked":                    {neverLooked},
			},
			unknown: []string{"ods_code", "agreement.basis"},
		},
		"agreement.other-basis-holds": {
			bad: []bad{
				{
					"the terms hold",
					[]step{noEntry},
					want{
						path:   "agreement basis",
						detail: "Master Services Agreement 11.2 with a1b2c (Meadow Trust) holds" + contracts,
						remedy: `Set agreement.basis to "flow_down".`,
					},
				},
				{
					"the agreement holds",
					[]step{flowDown, noTerms},
					want{
						path:   "agreement basis",
						detail: own + "holds" + according,
						remedy: `Set agreement.basis to "connection_agreement".`,
					},
				},
				{
					"a dedicated circuit on terms that hold",
					[]step{flowDown, dedicated},
					want{path: "agreement basis", detail: own + "holds" + according, remedy: `Set agreement.basis to "connection_agreement".`},
				},
			},
			silent: map[string][]step{
				"neither holds":     {noEntry, noTerms},
				"nobody has looked": {neverLooked},
				"the other was not looked up": {noEntry, meadow(func(o *Organisation) {
					o.FlowDown = Fact[[]FlowDownDocument]{}
				})},
				"terms never carry a dedicated circuit": {noEntry, dedicated},
			},
			unknown: []string{"ods_code", "agreement.basis", "access"},
		},
		"agreement.not-hscn": {
			bad: []bad{{
				"an agreement for APIs",
				[]step{put("agreement.reference", " cntr1234567 ")},
				want{
					path: "agreement reference",
					detail: `"cntr1234567" is the reference of an agreement for NHS England's APIs, which bears the same name and is not the ` +
						`HSCN Connection Agreement.`,
				},
			}},
			silent: map[string][]step{
				"eight digits": {put("agreement.reference", "CNTR12345678")},
				"none":         {put("agreement.reference", nil)},
			},
			unknown: []string{"agreement.reference", "agreement"},
		},
	}
}

// An account is not told of the provider's contracts with those whom it may not act for: the broker may know better than
// its plan, so that the plan must not say no.
func TestWhatAnAccountIsNotToldRefusesNothing(t *testing.T) {
	t.Parallel()
	strict := severity("agreement.not-checked", Error)
	neverLooked := func(o *Organisation) { o.Register, o.FlowDown = Fact[RegisterRecord]{}, Fact[[]FlowDownDocument]{} }
	flowDown := put("agreement.basis", "flow_down")
	stranger := func(o *Organisation) { neverLooked(o); o.Bound = false }
	shared := func(basis string) step {
		return func(s *scene) {
			s.facts.Organisations["X26"] = Organisation{}
			put("profile.shared_with", map[string]any{"X26": map[string]any{"basis": basis}})(s)
		}
	}
	for name, test := range map[string]struct {
		steps []step
		want  Severity
	}{
		"its own contracts":                    {[]step{meadow(neverLooked), flowDown}, Error},
		"contracts of others":                  {[]step{meadow(stranger), flowDown}, Warning},
		"the register is public":               {[]step{meadow(stranger)}, Error},
		"one that shares, by contract":         {[]step{shared("flow_down")}, Warning},
		"one that shares, by agreement":        {[]step{shared("connection_agreement")}, Error},
		"one that shares, beside an own fault": {[]step{meadow(neverLooked), shared("flow_down")}, Error},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := connection(t, strict).with(test.steps...).found("agreement.not-checked")
			if found == nil || found.Severity != test.want {
				t.Errorf("it finds %+v, want %s", found, test.want)
			}
		})
	}
}
