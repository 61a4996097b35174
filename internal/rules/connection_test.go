package rules

import (
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func connectionCases(t *testing.T) map[string]ruleCase {
	children := func(names ...string) step { return broker(func(b *BrokerFacts) { b.Children = names }) }
	const edges = "connections/records/edge-attachments/"
	enabled := standing(Standing{
		State: hscn.StateActive, EnabledAt: date("2026-10-20").At(9, 0), CommitmentEndsOn: date("2026-11-20"), MonthlyChargeGBP: "450.00",
	})
	// A connection that stands, and an edge attachment of one.
	state := func(state hscn.State) step {
		return func(s *scene) { *s = *connection(t, standing(Standing{State: state})) }
	}
	parentState := func(state hscn.State) step { return standing(Standing{ParentState: state}) }
	return map[string]ruleCase{
		"connection.commitment": {
			on: planned(func(t *testing.T, steps ...step) *scene {
				t.Helper()
				return connection(t, deletes()).with(steps...)
			}),
			bad: []bad{
				{
					"before its end",
					[]step{enabled},
					want{detail: "connections/records is taken until 20 November 2026 and billed until then, at GBP 450.00 a month excluding VAT; its traffic stops at once."},
				},
				{
					"the day before, without a price",
					[]step{enabled, today("2026-11-19"), func(s *scene) { s.order.Standing.MonthlyChargeGBP = "" }},
					want{detail: "connections/records is taken until 20 November 2026 and billed until then; its traffic stops at once."},
				},
				{
					"terminated, so that nothing is left to keep",
					[]step{enabled, func(s *scene) { s.order.Standing.State = hscn.StateTerminated }},
					want{
						detail: "connections/records is taken until 20 November 2026 and billed until then, at GBP 450.00 a month excluding VAT.",
						remedy: "There is nothing to gain by keeping it: it carries no traffic. Ask Example Cloud service desk (desk@cloud.example) whether what is left of " +
							"the commitment is billed.",
					},
				},
			},
			silent: map[string][]step{
				"its end":              {enabled, today("2026-11-20")},
				"never enabled":        {enabled, func(s *scene) { s.order.Standing.EnabledAt = time.Time{} }},
				"without a commitment": {enabled, func(s *scene) { s.order.Standing.CommitmentEndsOn = hscn.Date{} }},
				"an update":            {enabled, func(s *scene) { s.order.Operation, s.order.Declared = Update, s.order.Prior }},
				"at the broker, which is not asked about a plan": {enabled, severity("connection.commitment", Error), at(AtBroker)},
			},
		},
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
		"connection.suspended": {
			on: edge,
			bad: []bad{
				{
					"a new edge attachment of it",
					[]step{parentState(hscn.StateRestricted)},
					want{
						detail: "The HSCN Authority has had connections/records restricted: it carries no traffic, and nothing more can be ordered on it " +
							"until the restriction is lifted.",
					},
				},
				{
					"restricted",
					[]step{state(hscn.StateRestricted), updates("purpose", "readiness_test")},
					want{
						detail: "The HSCN Authority has had connections/records restricted: it carries no traffic, and nothing more can be ordered on it " +
							"until the restriction is lifted.",
						remedy: "The connection's state_reason has the Authority's reference and reason. Ask Example Cloud service desk " +
							"(desk@cloud.example) what would lift it. Narrowing and giving up stay possible.",
					},
				},
				{
					"terminated",
					[]step{state(hscn.StateTerminated), updates("purpose", "readiness_test")},
					want{
						detail: "The HSCN Authority has had connections/records terminated: it carries no traffic, and nothing more can be ordered on it.",
						remedy: "Destroy it, which frees the service for another connection. To have another, ask Example Cloud service desk " +
							"(desk@cloud.example) first for the Authority's reason.",
					},
				},
				{
					"a new edge attachment of one that is known by its state only",
					[]step{parentState(hscn.StateTerminated), func(s *scene) { s.facts.Parent = nil }},
					want{
						detail: "The HSCN Authority has had the connection of connections/records/edge-attachments/web terminated: it carries no traffic, " +
							"and nothing more can be ordered on it.",
					},
				},
				{
					"an edge attachment itself",
					[]step{standing(Standing{State: hscn.StateRestricted, ParentState: hscn.StateActive}), updates("networks.backend", map[string]any{})},
					want{
						detail: "The HSCN Authority has had connections/records/edge-attachments/web restricted: it carries no traffic, and nothing more " +
							"can be ordered on it until the restriction is lifted.",
					},
				},
				{
					"an unchanged one",
					[]step{state(hscn.StateRestricted), keeps()},
					want{
						severity: Warning,
						detail: "The HSCN Authority has had connections/records restricted: it carries no traffic, and nothing more can be ordered on it " +
							"until the restriction is lifted.",
					},
				},
			},
			silent: map[string][]step{
				"active":           {state(hscn.StateActive)},
				"lifted":           {parentState(hscn.StateActive)},
				"nobody knows":     {standing(Standing{})},
				"its own destroy":  {state(hscn.StateTerminated), deletes()},
				"failed by itself": {state(hscn.StateFailed)},
			},
		},
		"connection.activate-past": {
			bad: []bad{
				{
					"in the past",
					[]step{put("activate_at", "2026-11-02T09:59:00Z")},
					want{path: "activate_at", detail: "activate_at is 2 November 2026 at 09:59 GMT, and now it is 2 November 2026 at 10:00 GMT."},
				},
				{
					"now",
					[]step{put("activate_at", "2026-11-02T11:00:00+01:00")},
					want{path: "activate_at", detail: "activate_at is 2 November 2026 at 10:00 GMT, and now it is 2 November 2026 at 10:00 GMT."},
				},
				{
					"changed into the past",
					[]step{put("activate_at", "2026-11-12T09:00:00Z"), updates("activate_at", "2026-11-01T09:00:00Z")},
					want{path: "activate_at", detail: "activate_at is 1 November 2026 at 09:00 GMT, and now it is 2 November 2026 at 10:00 GMT."},
				},
			},
			silent: map[string][]step{
				"in the future":                {put("activate_at", "2026-11-02T10:00:01Z")},
				"passed since it was ordered":  {put("activate_at", "2026-11-02T09:59:00Z"), updates("purpose", "readiness_test")},
				"the same in another spelling": {put("activate_at", "2026-11-01T09:00:00Z"), updates("activate_at", "2026-11-01T10:00:00+01:00"), put("purpose", "readiness_test")},
				"no time":                      {put("activate_at", "soon")},
				"none":                         {put("activate_at", nil)},
			},
			unknown: []string{"activate_at"},
			widening: func(s *scene) {
				s.order.Operation, s.order.Prior = Update, s.order.Declared.put([]string{"activate_at"}, "2026-12-01T09:00:00Z")
			},
		},
	}
}
