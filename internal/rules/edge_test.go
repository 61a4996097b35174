package rules

func edgeCases() map[string]ruleCase {
	held := func(by string) step {
		return broker(func(b *BrokerFacts) { b.GatewayHolder = &Holder{Name: by} })
	}
	return map[string]ruleCase{
		"edge.gateway-unknown": {
			on: edge,
			bad: []bad{{
				"not the service's",
				[]step{broker(func(b *BrokerFacts) { b.GatewayKnown = false })},
				want{
					path:   "gateway_id",
					detail: `The service "676-2" (VMware compute service), which the connection is for, has no gateway "gw-1".`,
				},
			}, {
				"not the service's, whose type policy no longer has",
				[]step{broker(func(b *BrokerFacts) { b.GatewayKnown, b.ParentService.Type = false, "old_type" })},
				want{path: "gateway_id", detail: `The service "676-2" (old_type), which the connection is for, has no gateway "gw-1".`},
			}},
			silent:  map[string][]step{"no gateway": {put("gateway_id", nil), broker(func(b *BrokerFacts) { b.GatewayKnown = false })}},
			unknown: []string{"gateway_id"},
		},
		"edge.already-attached": {
			on: edge,
			bad: []bad{
				{
					"to another of the account's",
					[]step{held("connections/old/edge-attachments/web")},
					want{path: "gateway_id", detail: `The gateway "gw-1" is attached to HSCN already, by connections/old/edge-attachments/web.`},
				},
				{
					"to one of which nothing is said",
					[]step{held("")},
					want{path: "gateway_id", detail: `The gateway "gw-1" is attached to HSCN already, by another edge attachment.`},
				},
			},
			unknown: []string{"gateway_id"},
		},
	}
}
