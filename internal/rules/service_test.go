package rules

import "strings"

func serviceCases() map[string]ruleCase {
	held := func(by string) step {
		return broker(func(b *BrokerFacts) { b.ServiceHolder = &Holder{Name: by} })
	}
	elsewhere := func(s *scene) { s.facts.Services[ServiceKey{"vmware_org", "676-2"}] = Service{Zone: "D"} }
	return map[string]ruleCase{
		"service.unknown": {
			bad: []bad{
				{
					"not the account's",
					[]step{put("service.id", "676-3")},
					want{path: "service id", detail: `The account 676 has no service "676-3" of the type "vmware_org" (VMware compute service).`},
				},
				{
					"no such type",
					[]step{put("service.type", "vmware")},
					want{
						path:   "service type",
						detail: `"vmware" is no type of service that Example Cloud connects: there is "vmware_org" (VMware compute service).`,
					},
				},
			},
			silent: map[string][]step{
				"nobody asked for the services": {put("service.id", "676-3"), func(s *scene) { s.facts.ServicesKnown = false }},
				"malformed says it better":      {put("service.id", "676")},
				"no service":                    {put("service", nil)},
			},
			unknown: []string{"service", "service.type", "service.id"},
		},
		"service.id-format": {
			bad: []bad{
				{
					"malformed",
					[]step{put("service.id", "676")},
					want{
						path:   "service id",
						detail: `"676" is not the id of a VMware compute service, which looks like "676-2".`,
						remedy: "Give the id as Example Cloud service desk (desk@cloud.example) writes it.",
					},
				},
				{
					"far too long",
					[]step{put("service.id", strings.Repeat("7", 81))},
					want{
						path:   "service id",
						detail: `"` + strings.Repeat("7", 80) + `"... is not the id of a VMware compute service, which looks like "676-2".`,
					},
				},
			},
			silent: map[string][]step{
				"another type, which is unknown": {put("service", map[string]any{"type": "other", "id": "x"})},
				"no id":                          {put("service.id", nil)},
			},
			unknown: []string{"service.type", "service.id"},
		},
		"service.no-hscn": {
			bad: []bad{
				{
					"elsewhere",
					[]step{elsewhere},
					want{
						path:   "service id",
						detail: `The service "676-2" is in the zone "D", where Example Cloud does not offer HSCN.`,
						remedy: "Use a service in a zone where Example Cloud offers HSCN: B or F.",
					},
				},
			},
			silent: map[string][]step{
				"unknown says it": {elsewhere, put("service.id", "676-3")},
			},
			unknown: []string{"service.type", "service.id"},
		},
		"service.already-connected": {
			bad: []bad{
				{
					"by a connection of the account's",
					[]step{held("connections/old")},
					want{
						path:   "service id",
						detail: `connections/old connects the service "676-2" over the shared link already, and a service has one such connection.`,
					},
				},
				{
					"by one of which nothing is said",
					[]step{held(""), put("access", "dedicated_circuit")},
					want{
						path:   "service id",
						detail: `Another connection connects the service "676-2" over a dedicated circuit already, and a service has one such connection.`,
					},
				},
			},
			unknown: []string{"service.id"},
		},
	}
}
