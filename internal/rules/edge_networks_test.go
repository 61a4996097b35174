package rules

func edgeNetworkCases() map[string]ruleCase {
	network := func(name, id, cidr string) step {
		return put("networks."+name, map[string]any{"id": id, "cidr": cidr})
	}
	// Another gateway, of the same service, which carries these networks and has this one behind it.
	other := func(id string, behind string, carries ...string) step {
		return gateway(id, func(g *Gateway) { g.Service.ID, g.Networks, g.InternalNetworks = "676-2", carries, []string{behind} })
	}
	const elsewhere = "connections/records/edge-attachments/api"
	return map[string]ruleCase{
		"edge.bridging": {
			on: edge,
			bad: []bad{
				{
					"behind a gateway of another network",
					[]step{other("gw-2", "net-1", "psn", "internet")},
					want{
						path:   "networks frontend id",
						detail: `The network "frontend" (net-1) is also behind the gateway "gw-2", which carries psn and internet: traffic could pass from there to HSCN.`,
						remedy: "Put a network of its own behind the gateway, or say in bridging_controls what keeps traffic from passing between the two.",
					},
				},
				{
					"behind many",
					[]step{other("gw-2", "net-1", "psn"), other("gw-3", "net-1", "psn"), other("gw-4", "net-2", "psn"), other("gw-5", "net-2", "psn"), network("backend", "net-2", "192.168.20.0/24")},
					want{
						path: "networks backend id",
						detail: `4 times a network is also behind a gateway of another network, from where traffic could pass to HSCN: "backend" (net-2) is ` +
							`also behind the gateway "gw-4", which carries psn, "backend" (net-2) is also behind the gateway "gw-5", which carries psn, ` +
							`"frontend" (net-1) is also behind the gateway "gw-2", which carries psn and 1 more.`,
					},
				},
				{
					"with another edge attachment, by policy an error",
					[]step{severity("edge.bridging", Error), clashes("edge.bridging", Clash{Certain: true, Kept: []string{elsewhere}})},
					want{
						severity: Error, path: "networks",
						detail: "One of its networks is also behind the gateway of another edge attachment: connections/records/edge-attachments/api; one of the " +
							"two gateways carries another network, from where traffic could pass to HSCN.",
					},
				},
				{
					"with another edge attachment, perhaps",
					[]step{severity("edge.bridging", Error), clashes("edge.bridging", Clash{Unseen: []string{elsewhere}})},
					want{
						severity: Warning, path: "networks",
						detail: "One of its networks is also behind the gateway of another edge attachment: connections/records/edge-attachments/api (which " +
							"this plan does not show); one of the two gateways carries another network, from where traffic could pass to HSCN.",
					},
				},
			},
			silent: map[string][]step{
				"what keeps them apart is said":  {other("gw-2", "net-1", "psn"), put("bridging_controls", "a firewall")},
				"said, among edge attachments":   {clashes("edge.bridging", Clash{Certain: true, Kept: []string{elsewhere}}), put("bridging_controls", "a firewall")},
				"another network behind it":      {other("gw-2", "net-2", "psn")},
				"a gateway without a network":    {other("gw-2", "net-1")},
				"the gateway itself":             {other("gw-1", "net-1", "psn")},
				"a network without an id":        {other("gw-2", "net-1", "psn"), put("networks.frontend.id", nil)},
				"a network that has an empty id": {other("gw-2", "", "psn"), put("networks.frontend.id", "")},
			},
			unknown: []string{"gateway_id", "bridging_controls", "networks", "networks.frontend", "networks.frontend.id"},
		},
		"edge.overlap": {
			on: edge,
			bad: []bad{
				{
					"an HSCN range",
					[]step{network("frontend", "net-1", "198.51.100.128/25")},
					want{path: "networks frontend cidr", detail: `The network "frontend" (198.51.100.128/25) overlaps the HSCN range 198.51.100.0/24.`},
				},
				{
					"an HSCN range within it, and the address of its own",
					[]step{put("included_address", "198.51.100.7"), network("backend", "", "198.51.0.1/16")},
					want{
						path: "networks backend cidr",
						detail: `2 overlaps of internal networks: "backend" (198.51.0.0/16) overlaps the HSCN range 198.51.100.0/24 and "backend" ` +
							`(198.51.0.0/16) overlaps the HSCN address 198.51.100.7 of this edge attachment.`,
					},
				},
				{
					"the address of its own",
					[]step{put("included_address", "192.168.10.7")},
					want{path: "networks frontend cidr", detail: `The network "frontend" (192.168.10.0/24) overlaps the HSCN address 192.168.10.7 of this edge attachment.`},
				},
				{
					"with another edge attachment",
					[]step{clashes("edge.overlap", Clash{Certain: true, Kept: []string{elsewhere}})},
					want{
						path: "networks",
						detail: "An internal network of this edge attachment covers the HSCN address of another one of the connection, or the other way " +
							"round: connections/records/edge-attachments/api.",
					},
				},
				{
					"with one that this plan gives up",
					[]step{clashes("edge.overlap", Clash{Removed: []string{elsewhere}})},
					want{
						severity: Warning, path: "networks",
						detail: "An internal network of this edge attachment covers the HSCN address of another one of the connection, or the other way " +
							"round: connections/records/edge-attachments/api (which this plan gives up).",
					},
				},
				{
					"among themselves",
					[]step{network("backend", "net-2", "192.168.0.0/16")},
					want{
						severity: Warning, path: "networks backend cidr",
						detail: `The network "backend" (192.168.0.0/16) overlaps "frontend" (192.168.10.0/24), behind the same gateway.`,
						remedy: "Check both ranges: the gateway can route an address to one of the two only.",
					},
				},
			},
			silent: map[string][]step{
				"side by side":     {network("backend", "net-2", "192.168.11.0/24"), put("included_address", "192.168.12.1")},
				"malformed":        {network("backend", "net-2", "192.168.0.0"), put("included_address", "none")},
				"without a prefix": {put("networks.backend", map[string]any{})},
			},
			unknown: []string{"networks", "networks.frontend", "networks.frontend.cidr"},
		},
	}
}
