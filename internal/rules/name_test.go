package rules

func nameCases() map[string]ruleCase {
	named := func(name string) step {
		return func(s *scene) { s.order.Name, s.order.FullName = Known(name), "connections/"+name }
	}
	exists := func(s *scene) {
		s.facts.Taken = &Existing{UID: "u-1", CreatedBy: "dana@meadow.example", CreatedAt: date("2026-07-01").At(9, 5)}
	}
	return map[string]ruleCase{
		"name.format": {
			bad: []bad{
				{
					"upper case",
					[]step{named("Records")},
					want{
						path:   "name",
						detail: `The name "Records" starts with 'R': the first character must be a letter a-z.`,
						remedy: `Choose a name of 3 to 63 characters of a-z, 0-9 and "-" that starts with a letter.`,
					},
				},
				{
					"too short",
					[]step{named("ab")},
					want{path: "name", detail: `The name "ab" is too short: it has 2 characters and needs at least 3.`},
				},
			},
			silent: map[string][]step{
				"the shortest":     {named("a-1")},
				"only known later": {func(s *scene) { s.order.Name = UnknownValue[string]() }},
				"not given":        {func(s *scene) { s.order.Name = Null[string]() }},
			},
		},
		"name.duplicate": {
			on: planned(connection),
			bad: []bad{{
				"given twice",
				[]step{clashes("name.duplicate", Clash{Certain: true})},
				want{path: "name", detail: "Two resources of this plan are connections/records."},
			}},
			silent: map[string][]step{"not certain": {clashes("name.duplicate", Clash{})}},
		},
		"name.moved": {
			on: planned(connection),
			bad: []bad{{
				"given up and made anew",
				[]step{clashes("name.moved", Clash{Certain: true})},
				want{
					path: "name",
					detail: "One resource of this plan gives connections/records up and another makes it anew, which is what Terraform does with a " +
						"resource whose address or for_each key is another one now.",
				},
			}},
			silent: map[string][]step{"not certain": {clashes("name.moved", Clash{})}},
		},
		"name.taken": {
			bad: []bad{{
				"exists",
				[]step{exists},
				want{
					path:   "name",
					detail: "connections/records exists already: dana@meadow.example made it on 1 July 2026 at 09:05 BST (uid u-1).",
					remedy: `If it is the object that you mean, adopt it with an import block for its id, "connections/records"; ` +
						`otherwise choose another name.`,
				},
			}, {
				"at plan, where it may have moved only",
				[]step{exists, at(AtPlan)},
				want{
					path:   "name",
					detail: "connections/records exists already: dana@meadow.example made it on 1 July 2026 at 09:05 BST (uid u-1).",
					remedy: `If a resource of this configuration that has it was renamed, write a moved block; if it is the object that you mean, adopt ` +
						`it with an import block for its id, "connections/records"; otherwise choose another name.`,
				},
			}, {
				"known by its name only",
				[]step{func(s *scene) { s.facts.Taken = &Existing{} }, at(AtPlan)},
				want{path: "name", detail: "connections/records exists already."},
			}},
			silent: map[string][]step{
				"given twice says it better": {exists, at(AtPlan), clashes("name.duplicate", Clash{Certain: true})},
				"moved says it better":       {exists, at(AtPlan), clashes("name.moved", Clash{Certain: true})},
			},
		},
	}
}
