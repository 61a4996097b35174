package rules

import "fmt"

// protectionRules are about what its owner protects from being given up. A connection's addresses stand in the firewalls
// and name servers of others, so that a destroy by mistake is not made good by ordering again.
func protectionRules() []Rule {
	return []Rule{{
		ID: "connection.protected", Title: "Protected from deletion", Severity: Error, Fixed: true,
		Where: AtPlan | AtBroker, Applies: AppliesDelete, Kinds: []Kind{KindConnection, KindEdgeAttachment},
		Source: Source{SourcePractice, "Google Compute Engine, \"Prevent accidental VM deletion\": protection that is taken off before, never by the delete itself"},
		Owner:  OwnerCustomer,
		Remedy: "Keep it. To give it up, set deletion_protection = false and apply that by itself; then destroy or replace it. If its block was taken out " +
			"of the configuration, put it back for that apply.",
		check: connectionProtected,
	}}
}

// connectionProtected looks at what is declared of the object now, not at what is planned: Terraform gives the old object
// up before it would have changed it. What was never active has nothing to lose.
func connectionProtected(j *judgement) *hit {
	if protected, known := j.order.Prior.Flag("deletion_protection").Get(); !known || !protected || j.order.Standing.EnabledAt.IsZero() {
		return nil
	}
	return &hit{
		path: []string{"deletion_protection"},
		detail: fmt.Sprintf("%s has deletion_protection = true and has been active: while that is so, it can be neither destroyed nor replaced, by any client.",
			j.order.FullName),
	}
}
