package rules

func organisationCases() map[string]ruleCase {
	missing := meadow(func(o *Organisation) { o.Directory = absent[DirectoryRecord]() })
	record := func(change func(*DirectoryRecord)) step {
		return meadow(func(o *Organisation) { change(&o.Directory.Record) })
	}
	closed := record(func(r *DirectoryRecord) { r.Inactive, r.OperationalEnd = true, date("2026-09-30") })
	succeeded := record(func(r *DirectoryRecord) { r.Successors = []string{"B2C3D", "C3D4E"} })
	named := about("B2C3D", func(o *Organisation) { o.Directory = seen(DirectoryRecord{Title: "Harbour Trust"}) })
	site := record(func(r *DirectoryRecord) { r.RecordClass = "RC2" })
	return map[string]ruleCase{
		"organisation.code-format": {
			bad: []bad{
				{
					"punctuation",
					[]step{put("ods_code", "A1-2C")},
					want{
						path:   "ods_code",
						detail: `The ODS code "A1-2C" has '-' as character 3: only letters A-Z and digits are allowed.`,
					},
				},
				{
					"of one that shares the connection",
					[]step{put("profile.shared_with", map[string]any{"X26": map[string]any{}, "9": map[string]any{}})},
					want{
						path:   "profile shared_with 9",
						detail: `The ODS code "9" has 1 character: a code has 3 to 12, such as A1B2C.`,
					},
				},
				{
					"many",
					[]step{put("ods_code", "1"), put("profile.shared_with", map[string]any{"2": nil, "3": nil, "4": nil, "X26": nil})},
					want{
						path: "ods_code",
						detail: `4 ODS codes are malformed: ODS code "1" has 1 character: a code has 3 to 12, such as A1B2C, ` +
							`ODS code "2" has 1 character: a code has 3 to 12, such as A1B2C, ` +
							`ODS code "3" has 1 character: a code has 3 to 12, such as A1B2C and 1 more.`,
					},
				},
			},
			silent: map[string][]step{
				"another spelling": {put("ods_code", " a1b2c ")},
				"a trust":          {put("ods_code", "R0A")},
				"not given":        {put("ods_code", nil)},
			},
			unknown: []string{"ods_code"},
		},
		"organisation.not-bound": {
			bad: []bad{
				{
					"another's organisation",
					[]step{meadow(func(o *Organisation) { o.Bound = false })},
					want{
						path:   "ods_code",
						detail: "The account 676 may not act for a1b2c (Meadow Trust).",
						remedy: "Check the code. If it is right, ask Example Cloud service desk (desk@cloud.example) to record that the " +
							"account may act for the organisation.",
					},
				},
				{
					"where the order may ask for it",
					[]step{meadow(func(o *Organisation) { o.Bound = false }), func(s *scene) { s.policy.BindingRequests = true }},
					want{
						severity: Warning, path: "ods_code", awaits: "pending_verification",
						detail: "The account 676 may not act for a1b2c (Meadow Trust) yet; the order asks for that, and waits.",
						remedy: "There is nothing to do if the code is right: the order waits until Example Cloud service desk " +
							"(desk@cloud.example) has confirmed that the account may act for the organisation.",
					},
				},
			},
			silent: map[string][]step{
				"no such organisation says it better": {meadow(func(o *Organisation) { o.Bound = false }), missing},
				"malformed":                           {put("ods_code", "A1-2C")},
			},
			unknown: []string{"ods_code"},
		},
		"organisation.unknown": {
			bad: []bad{{
				"not in the directory",
				[]step{missing},
				want{
					path:   "ods_code",
					detail: "a1b2c is not in the directory of organisations (ODS), looked up on 1 November 2026 by Sam Field.",
				},
			}},
			silent: map[string][]step{
				"nobody has looked":     {meadow(func(o *Organisation) { o.Directory = Fact[DirectoryRecord]{} })},
				"a look-up of long ago": {missing, lookUpsOf("2026-08-03")},
			},
			unknown: []string{"ods_code"},
		},
		"organisation.not-checked": {
			bad: []bad{
				{
					"nobody has looked",
					[]step{meadow(func(o *Organisation) { o.Directory = Fact[DirectoryRecord]{} })},
					want{
						path: "ods_code", awaits: "pending_evidence",
						detail: "Nobody has looked up a1b2c in the directory of organisations (ODS) yet.",
						remedy: "There is nothing to do: the order waits until Example Cloud service desk (desk@cloud.example) has looked it up.",
					},
				},
				{
					"a look-up of long ago",
					[]step{lookUpsOf("2026-08-03")},
					want{
						path: "ods_code", awaits: "pending_evidence",
						detail: "a1b2c (Meadow Trust) was looked up on 3 August 2026 by Sam Field in the directory of organisations " +
							"(ODS), which is more than 90 days ago and no longer counts.",
					},
				},
				{
					"an error by policy, so that nothing waits",
					[]step{meadow(func(o *Organisation) { o.Directory = Fact[DirectoryRecord]{} }), severity("organisation.not-checked", Error)},
					want{
						severity: Error, path: "ods_code",
						detail: "Nobody has looked up a1b2c in the directory of organisations (ODS) yet.",
						remedy: "Ask Example Cloud service desk (desk@cloud.example) to look it up.",
					},
				},
			},
			silent: map[string][]step{
				"a look-up on the last day on which it counts": {lookUpsOf("2026-08-04")},
				"looked up, and not there":                     {missing},
			},
			unknown: []string{"ods_code"},
		},
		"organisation.inactive": {
			bad: []bad{
				{
					"closed",
					[]step{closed},
					want{
						path:   "ods_code",
						detail: "a1b2c (Meadow Trust) ended on 30 September 2026, according to the directory of organisations (ODS), looked up on 1 November 2026 by Sam Field.",
						remedy: "Give the ODS code of the organisation that is responsible now.",
					},
				},
				{
					"not active, without a date",
					[]step{record(func(r *DirectoryRecord) { r.Inactive = true }), succeeded, named},
					want{
						path: "ods_code",
						detail: "a1b2c (Meadow Trust) is not active, according to the directory of organisations (ODS), looked up on " +
							"1 November 2026 by Sam Field. Its successor: B2C3D (Harbour Trust) and C3D4E.",
						remedy: "Give the ODS code of the successor, B2C3D (Harbour Trust) and C3D4E.",
					},
				},
				{
					"active, but legally ended",
					[]step{record(func(r *DirectoryRecord) { r.LegalEnd = date("2026-10-31") })},
					want{
						path:   "ods_code",
						detail: "a1b2c (Meadow Trust) ended on 31 October 2026, according to the directory of organisations (ODS), looked up on 1 November 2026 by Sam Field.",
					},
				},
				{
					// Thirty days from 3 October, the earlier of the two ends.
					"the last day of grace",
					[]step{record(func(r *DirectoryRecord) {
						r.Inactive, r.OperationalEnd, r.LegalEnd = true, date("2026-10-31"), date("2026-10-03")
					}), succeeded},
					want{
						severity: Warning, path: "ods_code",
						detail: "a1b2c (Meadow Trust) ended on 3 October 2026, according to the directory of organisations (ODS), looked up " +
							"on 1 November 2026 by Sam Field. Its successor: B2C3D and C3D4E. New orders under the old code are let " +
							"through until 2 November 2026.",
						remedy: "Give the ODS code of the successor, B2C3D and C3D4E.",
					},
				},
				{
					"the day after",
					[]step{closed, succeeded, record(func(r *DirectoryRecord) { r.OperationalEnd = date("2026-10-02") })},
					want{
						path: "ods_code",
						detail: "a1b2c (Meadow Trust) ended on 2 October 2026, according to the directory of organisations (ODS), looked up " +
							"on 1 November 2026 by Sam Field. Its successor: B2C3D and C3D4E.",
					},
				},
				{
					// The directory contradicts itself: there are no days of grace before an end.
					"not active, with an end to come",
					[]step{succeeded, record(func(r *DirectoryRecord) {
						r.Inactive, r.OperationalEnd = true, date("2026-11-20")
					})},
					want{
						path: "ods_code",
						detail: "a1b2c (Meadow Trust) is not active, according to the directory of organisations (ODS), looked up on 1 November " +
							"2026 by Sam Field. Its successor: B2C3D and C3D4E.",
					},
				},
				{
					"within the days of grace, without a successor",
					[]step{record(func(r *DirectoryRecord) { r.OperationalEnd = date("2026-11-01") })},
					want{
						path:   "ods_code",
						detail: "a1b2c (Meadow Trust) ended on 1 November 2026, according to the directory of organisations (ODS), looked up on 1 November 2026 by Sam Field.",
					},
				},
			},
			silent: map[string][]step{
				"its last day":                  {record(func(r *DirectoryRecord) { r.OperationalEnd = date("2026-11-02") })},
				"not in the directory":          {missing},
				"a look-up of long ago":         {closed, lookUpsOf("2026-07-01")},
				"a successor, but not yet over": {succeeded},
			},
			unknown: []string{"ods_code"},
		},
		"organisation.is-site": {
			bad: []bad{
				{
					"a site",
					[]step{site},
					want{
						path:   "ods_code",
						detail: "a1b2c (Meadow Trust) is a site, according to the directory of organisations (ODS), looked up on 1 November 2026 by Sam Field.",
					},
				},
				{
					"of a known organisation",
					[]step{site, named, record(func(r *DirectoryRecord) { r.Parent = "B2C3D" })},
					want{
						path: "ods_code",
						detail: "a1b2c (Meadow Trust) is a site, according to the directory of organisations (ODS), looked up on " +
							"1 November 2026 by Sam Field. It belongs to B2C3D (Harbour Trust).",
						remedy: "Give the code of the organisation that it belongs to, B2C3D (Harbour Trust): the agreement stands under that one.",
					},
				},
			},
			silent: map[string][]step{
				"a look-up of long ago": {site, lookUpsOf("2026-07-01")},
			},
			unknown: []string{"ods_code"},
		},
	}
}
