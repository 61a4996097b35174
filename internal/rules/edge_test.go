package rules

import "net/netip"

func edgeCases() map[string]ruleCase {
	held := func(by ...string) step {
		return clashes("edge.already-attached", Clash{Certain: true, Kept: by, Elsewhere: len(by) == 0})
	}
	carries := func(networks ...string) step { return gateway("gw-1", func(g *Gateway) { g.Networks = networks }) }
	zone := func(change func(*Zone)) step {
		return func(s *scene) {
			zone := s.policy.Zones["B"]
			change(&zone)
			s.policy.Zones["B"] = zone
		}
	}
	servers := func(addresses ...any) step { return put("networks.frontend.dns_servers", addresses) }
	unknownWaits := func(s *scene) { s.policy.UnknownGatewaysWait = true }
	return map[string]ruleCase{
		"edge.gateway-unknown": {
			on: edge,
			bad: []bad{
				{
					"nobody's",
					[]step{noGateway},
					want{
						path:   "gateway_id",
						detail: `The service "676-2" (VMware compute service), which the connection is for, has no gateway "gw-1".`,
					},
				},
				{
					"nobody's, for a service whose type policy no longer has",
					[]step{noGateway, func(s *scene) { s.facts.Parent.Service.Type = "old_type" }},
					want{path: "gateway_id", detail: `The service "676-2" (old_type), which the connection is for, has no gateway "gw-1".`},
				},
				{
					"nobody's, while the service is not known",
					[]step{noGateway, func(s *scene) { s.facts.Parent = nil }},
					want{path: "gateway_id", detail: `No service of the account 676 has a gateway "gw-1".`},
				},
				{
					"another service's",
					[]step{gateway("gw-1", func(g *Gateway) { g.Service.ID = "676-9" }), unknownWaits},
					want{
						path: "gateway_id",
						detail: `The service "676-2" (VMware compute service), which the connection is for, has no gateway "gw-1". It is one of the ` +
							`service "676-9" (VMware compute service).`,
						remedy: "Check the id, or attach the gateway to the connection of its own service.",
					},
				},
				{
					"nobody's, where policy lets the order wait",
					[]step{noGateway, unknownWaits},
					want{
						severity: Warning, path: "gateway_id", awaits: "pending_verification",
						detail: `The service "676-2" (VMware compute service), which the connection is for, has no gateway "gw-1".`,
						remedy: "There is nothing to do if the id is right: the order waits until Example Cloud service desk (desk@cloud.example) has " +
							"recorded the gateway.",
					},
				},
			},
			silent: map[string][]step{
				"no gateway":                        {put("gateway_id", nil), noGateway},
				"nobody asked for the gateways":     {noGateway, func(s *scene) { s.facts.GatewaysKnown = false }},
				"the connection's service, unknown": {func(s *scene) { s.facts.Parent = &Parent{} }},
			},
			unknown: []string{"gateway_id"},
		},
		"edge.one-network": {
			on: edge,
			bad: []bad{
				{
					"one network for each edge",
					[]step{carries("psn", "internet"), zone(func(z *Zone) {})},
					want{path: "gateway_id", detail: `The gateway "gw-1" carries psn and internet already, and a gateway in the zone "B" carries one network.`},
				},
				{
					"by the zone of the connection's service",
					[]step{carries("psn"), gateway("gw-1", func(g *Gateway) { g.Zone = "" })},
					want{path: "gateway_id", detail: `The gateway "gw-1" carries psn already, and a gateway in the zone "B" carries one network.`},
				},
				{
					"a shared edge",
					[]step{carries("psn"), zone(func(z *Zone) { z.SharedEdge = true })},
					want{
						severity: Warning, path: "gateway_id",
						detail: `The gateway "gw-1" carries psn already. In the zone "B" a gateway may carry HSCN beside that, and nothing but its rules ` +
							`keeps the two apart.`,
						remedy: "Check that the gateway's rules let nothing pass between the two, or attach a gateway of its own to HSCN.",
					},
				},
				{
					"the day before it must be",
					[]step{carries("psn"), zone(func(z *Zone) { z.OneNetworkFrom = date("2026-11-03") })},
					want{
						severity: Warning, path: "gateway_id",
						detail: `The gateway "gw-1" carries psn already, and from 3 November 2026 a gateway in the zone "B" carries one network.`,
					},
				},
				{
					"the day from which it must be",
					[]step{carries("psn"), zone(func(z *Zone) { z.OneNetworkFrom = date("2026-11-02") })},
					want{path: "gateway_id", detail: `The gateway "gw-1" carries psn already, and a gateway in the zone "B" carries one network.`},
				},
			},
			silent: map[string][]step{
				"HSCN alone":                    {carries()},
				"a zone that policy has not":    {carries("psn"), func(s *scene) { delete(s.policy.Zones, "B") }},
				"an unknown gateway":            {noGateway},
				"nobody asked for the gateways": {carries("psn"), func(s *scene) { s.facts.GatewaysKnown = false }},
			},
			unknown: []string{"gateway_id"},
		},
		"edge.already-attached": {
			on: edge,
			bad: []bad{
				{
					"to another of the account's",
					[]step{held("connections/old/edge-attachments/web")},
					want{
						path:   "gateway_id",
						detail: `A gateway is attached once, and the gateway "gw-1" has another edge attachment: connections/old/edge-attachments/web.`,
					},
				},
				{
					"to one of which nothing is said",
					[]step{held()},
					want{path: "gateway_id", detail: `A gateway is attached once, and the gateway "gw-1" has another edge attachment.`},
				},
				{
					"to one that this plan gives up",
					[]step{clashes("edge.already-attached", Clash{Removed: []string{"connections/old/edge-attachments/web"}})},
					want{
						severity: Warning, path: "gateway_id",
						detail: `A gateway is attached once, and the gateway "gw-1" has another edge attachment: ` +
							`connections/old/edge-attachments/web (which this plan gives up).`,
						remedy: "A new name is a new object: to keep what this plan gives up, keep its name. If that is not meant, nothing has to " +
							"change: the apply asks for the one until the other is gone.",
					},
				},
			},
			unknown: []string{"gateway_id"},
		},
		"edge.resolver": {
			on: edge,
			bad: []bad{
				{
					"on the internet",
					[]step{servers("8.8.8.8")},
					want{
						path:   "networks frontend dns_servers",
						detail: `The resolver 8.8.8.8 of "frontend" is on the internet and does not know HSCN's names.`,
						remedy: "Set dns_servers to HSCN's resolvers, 155.231.231.1 and 155.231.231.2, or to servers of your own that forward to them.",
					},
				},
				{
					"retired, and several",
					[]step{servers("155.231.231.1", "194.72.7.137", "8.8.4.4"), func(s *scene) { s.policy.DNSResolvers = nil }},
					want{
						path: "networks frontend dns_servers",
						detail: `3 resolvers do not answer for HSCN: 155.231.231.1 of "frontend" is on the internet and does not know HSCN's names, ` +
							`194.72.7.137 of "frontend" is retired and no longer answers and 8.8.4.4 of "frontend" is on the internet and does ` +
							`not know HSCN's names.`,
						remedy: "Set dns_servers to HSCN's resolvers, or to servers of your own that forward to them.",
					},
				},
			},
			silent: map[string][]step{
				"HSCN's":             {servers("155.231.231.1", "155.231.231.2")},
				"the customer's own": {servers("10.0.0.53", "192.168.10.2")},
				"in an HSCN range":   {servers("198.51.100.7")},
				"another HSCN range's": {servers("51.0.0.53"), func(s *scene) {
					s.policy.HSCNRanges = append(s.policy.HSCNRanges, netip.MustParsePrefix("51.0.0.0/16"))
				}},
				"no address":          {servers("cns0.nhs.uk")},
				"one of them unknown": {put("networks.frontend.dns_servers", []any{Unknown})},
				"none":                {put("networks.frontend.dns_servers", nil)},
			},
			unknown: []string{"networks", "networks.frontend", "networks.frontend.dns_servers"},
		},
	}
}
