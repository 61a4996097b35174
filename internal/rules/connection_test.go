package rules

import "testing"

func connectionCases() map[string]ruleCase {
	children := func(names ...string) step { return broker(func(b *BrokerFacts) { b.Children = names }) }
	const edges = "connections/records/edge-attachments/"
	return map[string]ruleCase{
		"connection.has-children": {
			on: func(t *testing.T, steps ...step) *scene {
				t.Helper()
				return connection(t, deletes()).with(steps...)
			},
			bad: []bad{
				{
					"one",
					[]step{children(edges + "web")},
					want{detail: "1 object hangs on connections/records: connections/records/edge-attachments/web."},
				},
				{
					"many",
					[]step{children(edges+"d", edges+"a", edges+"c", edges+"b")},
					want{
						detail: "4 objects hang on connections/records: connections/records/edge-attachments/a, " +
							"connections/records/edge-attachments/b, connections/records/edge-attachments/c and 1 more.",
					},
				},
				{
					"of an edge",
					[]step{children("connections/records/ip-allocations/api"), func(s *scene) {
						s.order.Kind, s.order.FullName = KindEdgeAttachment, edges+"web"
					}},
					want{detail: "1 object hangs on connections/records/edge-attachments/web: connections/records/ip-allocations/api."},
				},
			},
			silent: map[string][]step{
				"an update": {children(edges + "web"), func(s *scene) { s.order.Operation, s.order.Declared = Update, s.order.Prior }},
			},
		},
	}
}
