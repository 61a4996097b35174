package rules

import (
	"fmt"
	"slices"
)

func connectionRules() []Rule {
	return []Rule{
		{
			ID: "connection.has-children", Title: "Something still hangs on it", Severity: Error, Fixed: true, Retryable: true,
			Where: AtBroker, Applies: AppliesDelete, Kinds: []Kind{KindConnection, KindEdgeAttachment},
			Source: Source{SourcePractice, "Google AIP-135, \"Standard methods: Delete\": a delete never cascades"},
			Owner:  OwnerCustomer,
			Remedy: "Destroy what hangs on it first.",
			check:  connectionHasChildren,
		},
	}
}

func connectionHasChildren(j *judgement) *hit {
	if j.facts.Broker == nil || len(j.facts.Broker.Children) == 0 {
		return nil
	}
	children := slices.Sorted(slices.Values(j.facts.Broker.Children))
	hang := "1 object hangs"
	if len(children) > 1 {
		hang = fmt.Sprintf("%d objects hang", len(children))
	}
	return &hit{detail: fmt.Sprintf("%s on %s: %s.", hang, j.order.FullName, firstOf(children))}
}
