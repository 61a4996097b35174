package orders

import (
	"fmt"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// Orders to validate a signed copy stand in the operator's queue beside the others, and are decided about by commands of
// their own: what is decided there is a version, not an object's way into the network.

// copyOrder is an order about a signed copy as operators see it.
func copyOrder(shown api.Order, p api.Policy, c *signedCopy) api.Order {
	shown.State, shown.StateReason = string(c.row.State), given(c.row.StateReason)
	if !shown.Open {
		return shown
	}
	waits := "validation"
	shown.WaitsFor, shown.Findings, shown.Steps = &waits, c.row.Findings, validationSteps(p, c)
	return shown
}

// validationSteps are the sentences that tell an operator what to do about the version that waits.
func validationSteps(p api.Policy, c *signedCopy) []string {
	waiting := c.received()
	if waiting == nil {
		return []string{}
	}
	uid := c.row.UID
	todo := []string{
		fmt.Sprintf("Read version %d of the signed copy: %s. That it was read is written to the audit.", waiting.Number, commandReadEvidence(uid)),
		fmt.Sprintf("Check that it is the HSCN Connection Agreement, whole and legible, of %s.", c.label()),
		fmt.Sprintf("Check that somebody signed it for the organisation on %s.", dayText(waiting.SignedOn)),
	}
	if at := waiting.CountersignedOn; at != "" {
		todo = append(todo, fmt.Sprintf("Check that NHS counter-signed it on %s.", dayText(at)))
	}
	if holding := c.validated(); holding != nil {
		todo = append(todo, fmt.Sprintf("Compare it with version %d, which holds until this one is validated.", holding.Number))
	}
	for _, finding := range c.row.Findings {
		todo = append(todo, fmt.Sprintf("Weigh the warning %s: %s", finding.Rule, finding.Detail))
	}
	if p.SecondPerson {
		todo = append(todo, fmt.Sprintf("Be another person than %s, who handed it in.", waiting.ReceivedBy))
	}
	return append(todo, fmt.Sprintf("Validate it, and say whose signatures you saw: %s. Or turn it down: %s.",
		commandValidateEvidence(uid), commandRefuseEvidence(uid)))
}

// decidedElsewhere refuses a decision about an order that commands of another kind decide about.
func decidedElsewhere(order store.Order, c *signedCopy) error {
	if !order.Open {
		return problem.New(problem.StateForbids, "Order %d about %s is closed since %s: there is nothing to decide.",
			order.ID, order.Object, londonText(*order.ClosedAt))
	}
	return problem.New(problem.StateForbids, "Order %d about %s is not decided about like this: a person reads the copy and says what they saw. "+
		"What fits is %s or %s.", order.ID, order.Object, commandValidateEvidence(c.row.UID), commandRefuseEvidence(c.row.UID))
}
