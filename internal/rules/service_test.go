package rules

import "strings"

func serviceCases() map[string]ruleCase {
	held := func(by ...string) step {
		return clashes("service.already-connected", Clash{Certain: true, Kept: by, Elsewhere: len(by) == 0})
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
						detail: `A service has one connection over the shared link, and the service "676-2" has another: connections/old.`,
					},
				},
				{
					"by one of which nothing is said",
					[]step{held(), put("access", "dedicated_circuit")},
					want{
						path:   "service id",
						detail: `A service has one connection over a dedicated circuit, and the service "676-2" has another.`,
					},
				},
				{
					"by others of this plan",
					[]step{clashes("service.already-connected", Clash{
						Certain: true, Added: []string{"connections/records", "connections/b", "connections/a"}, Kept: []string{"connections/c"},
					})},
					want{
						path: "service id",
						detail: `A service has one connection over the shared link, and the service "676-2" has another: connections/a (which this ` +
							`plan makes), connections/b (which this plan makes) and connections/c.`,
					},
				},
				{
					"by one that this plan gives up",
					[]step{clashes("service.already-connected", Clash{
						Added: []string{"connections/records"}, Removed: []string{"connections/old"},
					})},
					want{
						severity: Warning, path: "service id",
						detail: `A service has one connection over the shared link, and the service "676-2" has another: connections/old (which ` +
							`this plan gives up).`,
						remedy: "A new name is a new object: to keep what this plan gives up, keep its name. If that is not meant, nothing has to " +
							"change: the apply asks for the one until the other is gone.",
					},
				},
				{
					"by one that this plan does not show",
					[]step{clashes("service.already-connected", Clash{Unseen: []string{"connections/old"}})},
					want{
						severity: Warning, path: "service id",
						detail: `A service has one connection over the shared link, and the service "676-2" has another: connections/old (which ` +
							`this plan does not show). Unless that is given up first, the order is refused.`,
						remedy: "Use the connection that there is, or destroy it first; further gateways of the service are edge attachments of one connection.",
					},
				},
				{
					// The plan may show what is added before what stays as it is.
					"seen with the one that stays as it is",
					[]step{keeps(), clashes("service.already-connected", Clash{
						Certain: true, Added: []string{"connections/new"}, Kept: []string{"connections/records"},
					})},
					want{
						path: "service id",
						detail: `A service has one connection over the shared link, and the service "676-2" has another: connections/new (which ` +
							`this plan makes).`,
					},
				},
			},
			silent: map[string][]step{
				"what has been so all along": {keeps(), held("connections/old")},
				"a delete": {
					clashes("service.already-connected", Clash{Certain: true, Added: []string{"connections/new"}}), deletes(),
				},
			},
			unknown: []string{"service.id", "access"},
		},
	}
}
