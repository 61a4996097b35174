package rules

import "testing"

// shares lets organisations route through the connection, by code; what is known of each is known to the scene.
func shares(with map[string]any) step { return put("profile.shared_with", with) }

func profileCases() map[string]ruleCase {
	const registered = "none in the register of HSCN Connection Agreements, looked up on 1 November 2026 by Sam Field"
	const contracts = "none in the contracts of Example Cloud, looked up on 1 November 2026 by Sam Field"
	without := func(code string) step {
		return about(code, func(o *Organisation) {
			o.Directory = seen(DirectoryRecord{Title: "Harbour " + code})
			o.Register, o.FlowDown = absent[RegisterRecord](), absent[[]FlowDownDocument]()
		})
	}
	const untold = "none in the contracts of Example Cloud that holds"
	own := map[string]any{"basis": "connection_agreement"}
	x26 := without("X26")
	return map[string]ruleCase{
		"profile.shared-organisation": {
			bad: []bad{
				{
					"no agreement of its own",
					[]step{x26},
					want{
						path: "profile shared_with X26",
						detail: "X26 (Harbour X26) (" + registered + ") is to route through the connection without an agreement, and is not attested to " +
							"be bound by identical terms.",
					},
				},
				{
					"no terms of the provider's, which only those learn who may act for it",
					[]step{x26, shares(map[string]any{"x26": map[string]any{"basis": "flow_down"}})},
					want{
						path: "profile shared_with x26",
						detail: "x26 (Harbour X26) (" + untold + ") is to route through the connection without an agreement, and is not attested to " +
							"be bound by identical terms.",
					},
				},
				{
					"no terms of the provider's",
					[]step{
						x26, shares(map[string]any{"x26": map[string]any{"basis": "flow_down"}}),
						about("X26", func(o *Organisation) { o.Bound = true }),
					},
					want{
						path: "profile shared_with x26",
						detail: "x26 (Harbour X26) (" + contracts + ") is to route through the connection without an agreement, and is not attested to " +
							"be bound by identical terms.",
					},
				},
				{
					"neither of the two, and attested to be bound by nothing",
					[]step{x26, shares(map[string]any{"X26": map[string]any{"bound_by_terms": false}})},
					want{
						path: "profile shared_with X26",
						detail: "X26 (Harbour X26) (" + registered + "; " + untold + ") is to route through the connection without an agreement, and " +
							"is not attested to be bound by identical terms.",
					},
				},
				{
					"ended and older than HSCN's, among many",
					[]step{
						shares(map[string]any{"X26": own, "X27": own, "X28": own, "X29": own}), x26, without("X29"), without("X27"), without("X28"),
						about("X27", func(o *Organisation) { o.Register = seen(RegisterRecord{EndedOn: date("2026-10-31")}) }),
						about("X28", func(o *Organisation) { o.Register = seen(RegisterRecord{IGSoC: true}) }),
					},
					want{
						path: "profile shared_with X26",
						detail: "4 organisations are to route through the connection without an agreement, and are not attested to be bound by identical " +
							"terms: X26 (Harbour X26) (" + registered + "), X27 (Harbour X27) (held until 31 October 2026, according to the register " +
							"of HSCN Connection Agreements, looked up on 1 November 2026 by Sam Field), X28 (Harbour X28) (is an IGSoC, the statement " +
							"of compliance of N3, which the HSCN Connection Agreement replaced on 1 April 2017, according to the register of HSCN " +
							"Connection Agreements, looked up on 1 November 2026 by Sam Field) and 1 more.",
					},
				},
			},
			silent: map[string][]step{
				"attested to be bound": {x26, put("profile.shared_with.X26.bound_by_terms", true)},
				"one of the two holds": {x26, shares(map[string]any{"X26": nil}), about("X26", func(o *Organisation) {
					o.FlowDown = seen([]FlowDownDocument{{Kind: "msa", Version: "11.0"}})
				})},
				"nobody has looked": {about("X26", func(o *Organisation) { o.Bound = true })},
				"nobody asked":      {},
				"not a basis":       {x26, put("profile.shared_with.X26.basis", "handshake")},
			},
			unknown: []string{"profile", "profile.shared_with", "profile.shared_with.X26", "profile.shared_with.X26.basis", "profile.shared_with.X26.bound_by_terms"},
		},
		"profile.risk-assessment": {
			bad: []bad{
				{"none", []step{put("profile.risk_assessment", nil)}, want{path: "profile risk_assessment", detail: "The profile has no risk assessment."}},
				{
					"without a day",
					[]step{put("profile.risk_assessment.completed_on", nil)},
					want{path: "profile risk_assessment", detail: `The risk assessment "RA-17" has no day on which it was completed.`},
				},
			},
			unknown: []string{"profile.risk_assessment", "profile.risk_assessment.completed_on"},
		},
		"profile.encryption": {
			bad: []bad{
				{
					"patient data in clear text",
					[]step{put("profile.encryption.in_application", false)},
					want{
						path: "profile encryption",
						detail: "Patient data crosses the connection, profile.encryption.in_application does not say that the application encrypts it, " +
							"and HSCN does not encrypt: whoever carries the traffic could read it.",
					},
				},
				{
					"nobody says what data",
					[]step{put("profile.handles_patient_data", nil), put("profile.encryption", nil)},
					want{
						path: "profile encryption",
						detail: "profile.handles_patient_data does not say whether patient data crosses the connection, " +
							"profile.encryption.in_application does not say that the application encrypts it, and HSCN does not encrypt: whoever " +
							"carries the traffic could read it.",
					},
				},
			},
			silent: map[string][]step{
				"no such data":                {put("profile.handles_patient_data", false), put("profile.encryption", nil)},
				"encrypted, whatever it is":   {put("profile.handles_patient_data", nil)},
				"what data, only known later": {put("profile.handles_patient_data", Unknown), put("profile.encryption", nil)},
			},
			unknown: []string{"profile.handles_patient_data", "profile.encryption", "profile.encryption.in_application"},
		},
		"profile.monitoring": {
			bad: []bad{{
				"not acknowledged",
				[]step{put("profile.monitoring_acknowledged_on", nil)},
				want{
					path: "profile monitoring_acknowledged_on",
					detail: "Traffic on HSCN is monitored for the NHS: who talks to whom, and what goes to the internet unencrypted. The profile does " +
						"not say that the organisation knows.",
				},
			}},
			unknown: []string{"profile", "profile.monitoring_acknowledged_on"},
		},
		"profile.review-due": {
			bad: []bad{
				{
					"the day after twelve months",
					[]step{put("profile.reviewed_on", "2025-11-01")},
					want{
						path:   "profile reviewed_on",
						detail: "The profile was reviewed on 1 November 2025, which counted until 1 November 2026: a review counts for 12 months.",
					},
				},
				{"never", []step{put("profile.reviewed_on", nil)}, want{path: "profile reviewed_on", detail: "Nobody has said when the profile was reviewed."}},
				{
					"by another policy",
					[]step{put("profile.reviewed_on", "2026-09-30"), func(s *scene) { s.policy.ProfileReviewMonths = 1 }},
					want{
						path:   "profile reviewed_on",
						detail: "The profile was reviewed on 30 September 2026, which counted until 30 October 2026: a review counts for 1 month.",
					},
				},
			},
			silent: map[string][]step{
				"the last day":            {put("profile.reviewed_on", "2025-11-02")},
				"a day that is no day":    {put("profile.reviewed_on", "2025-02-30")},
				"a policy without a term": {put("profile.reviewed_on", "2020-11-02"), func(s *scene) { s.policy.ProfileReviewMonths = 0 }},
			},
			unknown: []string{"profile", "profile.reviewed_on"},
		},
		"profile.same-person": {
			bad: []bad{
				{
					"one address",
					[]step{put("profile.security_lead.email", "PAT@meadow.example")},
					want{path: "profile security_lead", detail: `"pat@meadow.example" is both the business sponsor and the security lead.`},
				},
				{
					"one name",
					[]step{put("profile.security_lead.name", "pat  hill")},
					want{path: "profile security_lead", detail: `"Pat Hill" is both the business sponsor and the security lead.`},
				},
			},
			silent: map[string][]step{
				"no security lead":        {put("profile.security_lead", nil)},
				"neither":                 {put("profile.security_lead", nil), put("profile.business_sponsor", nil)},
				"an address of the other": {put("profile.security_lead.email", nil)},
			},
			unknown: []string{"profile", "profile.business_sponsor", "profile.security_lead", "profile.security_lead.email"},
		},
	}
}

func locationCases() map[string]ruleCase {
	const according = ", according to the directory of organisations (ODS), looked up on 1 November 2026 by Sam Field"
	in := func(country string) step {
		return meadow(func(o *Organisation) { o.Directory.Record.Country = country })
	}
	private := meadow(func(o *Organisation) { o.Directory.Record.PrimaryRole = "RO272" })
	attested := put("profile.outside_england.policy_attested", true)
	held := func(codes ...any) step { return put("profile.outside_england.data_locations", codes) }
	nobodyLooked := meadow(func(o *Organisation) { o.Directory.Checked = false })
	return map[string]ruleCase{
		"location.policy-not-attested": {
			bad: []bad{
				{
					"not attested",
					[]step{in("WALES"), private},
					want{
						path: "profile outside_england policy_attested",
						detail: "The seat of a1b2c (Meadow Trust) is in WALES" + according + ", and nobody attests that it meets the policy for connecting " +
							"from outside England.",
					},
				},
				{
					"attested not to",
					[]step{in("Ireland"), private, put("profile.outside_england.policy_attested", false)},
					want{
						path: "profile outside_england policy_attested",
						detail: "The seat of a1b2c (Meadow Trust) is in Ireland" + according + ", and nobody attests that it meets the policy for " +
							"connecting from outside England.",
					},
				},
			},
			silent: map[string][]step{
				"attested":                  {in("WALES"), attested},
				"in England":                {in(" england "), private},
				"nobody says where":         {in(""), private},
				"nobody has looked":         {in("WALES"), nobodyLooked},
				"not in the directory":      {in("WALES"), meadow(func(o *Organisation) { o.Directory.Found = false })},
				"a look-up of long ago":     {in("WALES"), lookUpsOf("2026-07-01")},
				"no profile, only later":    {in("WALES"), put("profile", Unknown)},
				"attested, only known then": {in("WALES"), put("profile.outside_england", Unknown)},
			},
			unknown: []string{"ods_code", "profile.outside_england.policy_attested"},
		},
		"location.country": {
			bad: []bad{
				{
					"elsewhere",
					[]step{held("GB", "us")},
					want{
						path:   "profile outside_england data_locations",
						detail: `Data is held in "us", which is neither in the UK nor in the EEA; adequate are, by the policy of Example Cloud, CH and NZ.`,
					},
				},
				{
					"in many places, where policy lists none",
					[]step{held("US", "CN", "CH", "IN", "IE"), func(s *scene) { s.policy.AdequateCountries = nil }},
					want{
						path: "profile outside_england data_locations",
						detail: `Data is held in 4 places, "CH", "CN", "IN" and 1 more, which are neither in the UK nor in the EEA; no other country is ` +
							`adequate by the policy of Example Cloud.`,
					},
				},
			},
			silent: map[string][]step{
				"none means the UK":             {held()},
				"the UK by the name it goes by": {held("uk")},
				"in the EEA":                    {held("IE", "no", "IS")},
				"adequate":                      {held("CH", "nz")},
				"one that is only known later":  {held("GB", Unknown)},
			},
			unknown: []string{"profile", "profile.outside_england", "profile.outside_england.data_locations"},
		},
		"location.nhs-outside-england": {
			bad: []bad{
				{
					"no clarification",
					[]step{in("SCOTLAND"), attested},
					want{
						path: "profile outside_england nhs_clarification",
						detail: "The seat of a1b2c (Meadow Trust) is in SCOTLAND" + according + ", and it is an NHS body (primary role RO197). Whether such " +
							"a body may connect is decided case by case.",
						remedy: "Ask NHS England, HSCN (https://nhs.example/hscn) whether the organisation may connect, and give the answer's reference " +
							"in profile.outside_england.nhs_clarification.",
					},
				},
				{
					"with one",
					[]step{in("SCOTLAND"), attested, put("profile.outside_england.nhs_clarification", "REF-9")},
					want{
						severity: Warning, path: "profile outside_england nhs_clarification", awaits: "awaiting_authority",
						detail: "The seat of a1b2c (Meadow Trust) is in SCOTLAND" + according + ", and it is an NHS body (primary role RO197). Whether such " +
							`a body may connect is decided case by case. The order rests on "REF-9".`,
						remedy: "There is nothing to do: the order waits until Example Cloud service desk (desk@cloud.example) has recorded the HSCN " +
							"Authority's answer.",
					},
				},
			},
			silent: map[string][]step{
				"no NHS body":       {in("SCOTLAND"), private},
				"in England":        {in("England")},
				"nobody says where": {in("")},
				"nobody has looked": {in("SCOTLAND"), nobodyLooked},
			},
			unknown: []string{"ods_code", "profile.outside_england.nhs_clarification"},
		},
	}
}

// Organisations that route through the connection and that nobody looked up wait with it.
func TestNotCheckedNamesWhoRoutesThrough(t *testing.T) {
	t.Parallel()
	never := func(codes ...string) step {
		return func(s *scene) {
			with := make(map[string]any)
			for _, code := range codes {
				about(code, func(o *Organisation) { o.Bound = true })(s)
				with[code] = map[string]any{"basis": "connection_agreement"}
			}
			shares(with)(s)
		}
	}
	nobody := func(code string) string {
		return "Nobody has looked up " + code + " in the register of HSCN Connection Agreements yet."
	}
	ownToo := meadow(func(o *Organisation) { o.Register.Checked, o.Register.At = false, o.Register.At.AddDate(-1, 0, 0) })
	cases := map[string]struct {
		steps        []step
		path, detail string
	}{
		"one":  {[]step{never("X26")}, "/profile/shared_with/X26", nobody("X26")},
		"many": {[]step{never("X26", "X27", "X28", "X29", "X30")}, "/profile/shared_with/X26", nobody("X26") + " " + nobody("X27") + " " + nobody("X28") + " The same goes for 2 more that route through the connection."},
		"and the organisation itself": {
			[]step{never("X26"), ownToo},
			"/agreement/basis",
			"a1b2c (Meadow Trust) was looked up on 1 November 2025 by Sam Field in the register of HSCN Connection Agreements, which is more " +
				"than 90 days ago and no longer counts. " + nobody("X26"),
		},
		"either basis, of which one was looked up": {
			[]step{never("X26"), put("profile.shared_with.X26", map[string]any{}), about("X26", func(o *Organisation) { o.FlowDown = absent[[]FlowDownDocument]() })},
			"/profile/shared_with/X26", nobody("X26"),
		},
		"attested": {[]step{never("X26"), put("profile.shared_with.X26.bound_by_terms", true)}, "", ""},
		"either basis, of which one holds": {
			[]step{never("X26"), put("profile.shared_with.X26", map[string]any{}), about("X26", func(o *Organisation) {
				o.FlowDown = seen([]FlowDownDocument{{Kind: "msa", Version: "11.0"}})
			})},
			"", "",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			finding := connection(t, c.steps...).found("agreement.not-checked")
			switch {
			case finding == nil && c.detail == "":
			case finding == nil:
				t.Error("no finding")
			case finding.Pointer() != c.path || finding.Detail != c.detail || finding.Awaits != "pending_evidence" || finding.Severity != Warning:
				t.Errorf("%s, %s: %s", finding.Pointer(), finding.Awaits, finding.Detail)
			}
		})
	}
}
