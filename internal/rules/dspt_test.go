package rules

import "github.com/hscn-connect/terraform-provider-hscn/internal/hscn"

func dsptCases() map[string]ruleCase {
	status := func(words, published string) step {
		return meadow(func(o *Organisation) {
			o.DSPT.Record = DSPTRecord{Status: words}
			if published != "" {
				o.DSPT.Record.PublishedOn = date(published)
			}
		})
	}
	none := meadow(func(o *Organisation) { o.DSPT = absent[DSPTRecord]() })
	never := meadow(func(o *Organisation) { o.DSPT = Fact[DSPTRecord]{} })
	relatives := meadow(func(o *Organisation) {
		o.Directory.Record.Successors = []string{"B2C3D"}
		o.Directory.Record.Parent = "C3D4E"
		o.Directory.Record.Sites = []string{"A1B2C01", "A1B2C02"}
	})
	row := func(code string, fact Fact[DSPTRecord]) step {
		return about(code, func(o *Organisation) { o.DSPT = fact })
	}
	met, notMet := seen(DSPTRecord{Status: "25/26 Standards Met"}), seen(DSPTRecord{Status: "25/26 Standards Not Met"})
	tolerant := func(s *scene) { s.policy.DSPT.Tolerated = append(s.policy.DSPT.Tolerated, hscn.DSPTNotPublished) }
	dedicated := put("access", "dedicated_circuit")
	const register = "the public DSPT register, looked up on 1 November 2026 by Sam Field."
	const accepts = " To share its link Example Cloud accepts Standards Met and Standards Exceeded."
	const taken = " A connection that is ordered on 1 June 2027 is taken until 2 July 2027 at the least: 1 working day to enable it, " +
		"then 1 month of commitment."
	return map[string]ruleCase{
		"dspt.not-met": {
			bad: []bad{
				{
					"not met",
					[]step{status("25/26 Standards Not Met", "2026-06-20")},
					want{
						path:   "ods_code",
						detail: `a1b2c (Meadow Trust) has the DSPT status "25/26 Standards Not Met", according to ` + register + accepts,
						remedy: "Publish an assessment that meets the standards at dsptoolkit.nhs.uk, then ask Example Cloud service desk " +
							"(desk@cloud.example) to look it up again; or use a dedicated circuit.",
					},
				},
				{
					"tolerated",
					[]step{status("2025-26 approaching standards", "2026-06-20")},
					want{
						severity: Warning, path: "ods_code",
						detail: `a1b2c (Meadow Trust) has the DSPT status "2025-26 approaching standards", according to ` + register + accepts +
							" It tolerates this one for now.",
					},
				},
				{
					"not published",
					[]step{status("Not Published", "")},
					want{path: "ods_code", detail: `a1b2c (Meadow Trust) has the DSPT status "Not Published", according to ` + register + accepts},
				},
				{
					"no row",
					[]step{none},
					want{path: "ods_code", detail: "a1b2c (Meadow Trust) has no DSPT status in " + register + accepts},
				},
				{
					"its successor's, before its parent's",
					[]step{none, relatives, row("B2C3D", notMet), row("C3D4E", met)},
					want{
						path:   "ods_code",
						detail: `B2C3D, a successor of a1b2c (Meadow Trust), has the DSPT status "25/26 Standards Not Met", according to ` + register + accepts,
					},
				},
				{
					"its own, before its successor's",
					[]step{status("25/26 Standards Not Met", ""), relatives, row("B2C3D", met)},
					want{path: "ods_code", detail: `a1b2c (Meadow Trust) has the DSPT status "25/26 Standards Not Met", according to ` + register + accepts},
				},
				{
					"none of them has a row",
					[]step{none, relatives, row("B2C3D", absent[DSPTRecord]()), row("C3D4E", absent[DSPTRecord]()), row("A1B2C01", absent[DSPTRecord]())},
					want{path: "ods_code", detail: "a1b2c (Meadow Trust) has no DSPT status in " + register + accepts},
				},
				{
					"not met, and out of date",
					[]step{status("24/25 Standards Not Met", "")},
					want{path: "ods_code", detail: `a1b2c (Meadow Trust) has the DSPT status "24/25 Standards Not Met", according to ` + register + accepts},
				},
			},
			silent: map[string][]step{
				"exceeded":              {status("25/26 STANDARDS EXCEEDED", "")},
				"a dedicated circuit":   {none, dedicated},
				"nobody has looked":     {never},
				"a look-up of long ago": {none, lookUpsOf("2026-07-01")},
				"its successor's":       {none, relatives, row("B2C3D", met)},
				"its parent's":          {none, relatives, row("B2C3D", absent[DSPTRecord]()), row("C3D4E", met)},
				"its site's":            {none, relatives, row("B2C3D", absent[DSPTRecord]()), row("A1B2C01", absent[DSPTRecord]()), row("A1B2C02", met)},
			},
			unknown: []string{"ods_code", "access"},
		},
		"dspt.stale": {
			bad: []bad{
				{
					"the day after",
					[]step{today("2026-07-01"), lookUpsOf("2026-06-30"), status("24/25 Standards Met", "2025-06-20")},
					want{
						path: "ods_code",
						detail: `a1b2c (Meadow Trust) has the DSPT status "24/25 Standards Met", according to the public DSPT register, looked ` +
							`up on 30 June 2026 by Sam Field. The edition 24/25 counted until 30 June 2026.`,
					},
				},
				{
					"an edition by its day of publication",
					[]step{status("Standards Met", "2025-06-30")},
					want{
						path: "ods_code",
						detail: `a1b2c (Meadow Trust) has the DSPT status "Standards Met", according to ` + register +
							" The edition 24/25 counted until 30 June 2026.",
					},
				},
				{
					"by policy's own deadline",
					[]step{status("25/26 Standards Met", ""), func(s *scene) {
						s.policy.DSPT.Deadlines = map[hscn.Edition]hscn.Date{{StartYear: 2026}: date("2026-10-31")}
					}},
					want{
						path: "ods_code",
						detail: `a1b2c (Meadow Trust) has the DSPT status "25/26 Standards Met", according to ` + register +
							" The edition 25/26 counted until 31 October 2026.",
					},
				},
			},
			silent: map[string][]step{
				"the last day":                      {today("2026-06-30"), lookUpsOf("2026-06-29"), status("24/25 Standards Met", "2025-06-20")},
				"a dedicated circuit":               {status("24/25 Standards Met", ""), dedicated},
				"not met says it better":            {status("24/25 Standards Not Met", "")},
				"no row":                            {none},
				"not published":                     {status("Not Published", "2019-01-01")},
				"not published, which is tolerated": {status("Not Published", "2019-01-01"), tolerant},
				"neither edition nor a day":         {status("Standards Met", "")},
				"nobody has looked":                 {never},
				"the edition of the next day":       {status("Standards Met", "2025-07-01")},
				"a look-up that is too old too":     {status("24/25 Standards Met", ""), lookUpsOf("2026-07-01")},
			},
			unknown: []string{"ods_code", "access"},
		},
		"dspt.not-checked": {
			bad: []bad{
				{
					"nobody has looked",
					[]step{never},
					want{
						path: "ods_code", awaits: "pending_evidence",
						detail: "Nobody has looked up a1b2c (Meadow Trust) in the public DSPT register yet.",
					},
				},
				{
					"a look-up of long ago",
					[]step{lookUpsOf("2026-07-01")},
					want{
						path: "ods_code", awaits: "pending_evidence",
						detail: "a1b2c (Meadow Trust) was looked up on 1 July 2026 by Sam Field in the public DSPT register, which is more " +
							"than 90 days ago and no longer counts.",
					},
				},
				{
					"no row, and nobody has looked for its successor",
					[]step{none, relatives, row("B2C3D", Fact[DSPTRecord]{}), row("C3D4E", met)},
					want{
						path: "ods_code", awaits: "pending_evidence",
						detail: "Nobody has looked up B2C3D, a successor of a1b2c (Meadow Trust) in the public DSPT register yet.",
					},
				},
				{
					"neither edition nor a day of publication",
					[]step{status("Standards Met", "")},
					want{
						path: "ods_code", awaits: "pending_evidence",
						detail: `a1b2c (Meadow Trust) has the DSPT status "Standards Met", according to the public DSPT register, looked up on ` +
							`1 November 2026 by Sam Field, without an edition and a day of publication, so that nobody can tell whether it still counts.`,
					},
				},
				{
					"words that nobody knows",
					[]step{status("25/26 Platinum", "")},
					want{
						path: "ods_code", awaits: "pending_evidence",
						detail: `a1b2c (Meadow Trust) has the DSPT status "25/26 Platinum", according to the public DSPT register, looked up on ` +
							`1 November 2026 by Sam Field, which is none that is known.`,
					},
				},
			},
			silent: map[string][]step{
				"a dedicated circuit":               {never, dedicated},
				"no row says not met":               {none},
				"not published, which is tolerated": {status("Not Published", ""), tolerant},
				"bad without an edition":            {status("Standards Not Met", "")},
				"relatives that nobody asked of":    {none, relatives},
			},
			unknown: []string{"ods_code", "access"},
		},
		"dspt.ends-early": {
			bad: []bad{{
				"within the commitment",
				[]step{today("2027-06-01"), lookUpsOf("2027-05-31")},
				want{
					path: "ods_code",
					detail: `a1b2c (Meadow Trust) has the DSPT status "25/26 Standards Met", according to the public DSPT register, looked up on ` +
						`31 May 2027 by Sam Field. The edition 25/26 counts until 30 June 2027.` + taken,
				},
			}},
			silent: map[string][]step{
				"just long enough":    {today("2027-05-27"), lookUpsOf("2027-05-01")},
				"stale says it":       {today("2027-07-01"), lookUpsOf("2027-06-30")},
				"not met says it":     {today("2027-06-01"), lookUpsOf("2027-05-31"), status("25/26 Standards Not Met", "")},
				"a dedicated circuit": {today("2027-06-01"), lookUpsOf("2027-05-31"), dedicated},
				"the next edition":    {today("2027-06-01"), lookUpsOf("2027-05-31"), status("26/27 Standards Met", "")},
			},
			unknown: []string{"ods_code", "access"},
		},
	}
}
