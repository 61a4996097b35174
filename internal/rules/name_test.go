package rules

func nameCases() map[string]ruleCase {
	named := func(name string) step {
		return func(s *scene) { s.order.Name, s.order.FullName = Known(name), "connections/"+name }
	}
	exists := broker(func(b *BrokerFacts) {
		b.Existing = &Existing{CreatedBy: "dana@meadow.example", CreatedAt: date("2026-07-01").At(9, 5)}
	})
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
		"name.taken": {
			bad: []bad{{
				"exists",
				[]step{exists},
				want{
					path:   "name",
					detail: "connections/records exists already: dana@meadow.example made it on 1 July 2026 at 09:05.",
					remedy: `If it is the object that you mean, import it by its id, "connections/records"; otherwise choose another name.`,
				},
			}},
			silent: map[string][]step{
				"an update of the one that exists": {exists, updates("purchase_order", "PO-2")},
			},
		},
	}
}
