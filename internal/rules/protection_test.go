package rules

import (
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func protectionCases() map[string]ruleCase {
	prior := func(value any) step {
		return func(s *scene) { s.order.Prior = s.order.Prior.put([]string{"deletion_protection"}, value) }
	}
	enabled := func(state hscn.State) step {
		return standing(Standing{State: state, EnabledAt: date("2026-10-20").At(9, 0)})
	}
	protected := []step{prior(true), enabled(hscn.StateActive)}
	but := func(steps ...step) []step { return append(protected[:len(protected):len(protected)], steps...) }
	const says = " has deletion_protection = true and has been active: while that is so, it can be neither destroyed nor replaced, by any client."
	return map[string]ruleCase{
		"connection.protected": {
			on: func(t *testing.T, steps ...step) *scene {
				t.Helper()
				return connection(t, deletes()).with(steps...)
			},
			bad: []bad{
				{
					"a connection", protected,
					want{
						path: "deletion_protection", detail: "connections/records" + says,
						remedy: "Keep it. To give it up, set deletion_protection = false and apply that by itself; then destroy or replace it. If its block was " +
							"taken out of the configuration, put it back for that apply.",
					},
				},
				{"in a plan", but(at(AtPlan)), want{path: "deletion_protection", detail: "connections/records" + says}},
				{
					"an edge attachment",
					but(func(s *scene) {
						s.order.Kind, s.order.FullName = KindEdgeAttachment, "connections/records/edge-attachments/web"
					}),
					want{path: "deletion_protection", detail: "connections/records/edge-attachments/web" + says},
				},
				{"failed since", but(enabled(hscn.StateFailed)), want{path: "deletion_protection", detail: "connections/records" + says}},
				{"terminated", but(enabled(hscn.StateTerminated)), want{path: "deletion_protection", detail: "connections/records" + says}},
			},
			silent: map[string][]step{
				"not protected":               but(prior(false)),
				"nothing is said of it":       but(prior(nil)),
				"never active":                but(func(s *scene) { s.order.Standing.EnabledAt = time.Time{} }),
				"nobody knows what there was": but(func(s *scene) { s.order.Prior = nil }),
				"unknown":                     but(prior(Unknown)),
				"an update":                   but(func(s *scene) { s.order.Operation, s.order.Declared = Update, s.order.Prior }),
				"what stays as it is":         but(func(s *scene) { s.order.Operation = Keep }),
			},
		},
	}
}
