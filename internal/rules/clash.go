package rules

import "slices"

// opponents names the objects of a clash without the order's own, behind a colon, with what a plan does to each where that
// is worth knowing. It is empty where they belong to another account, of which nothing is said.
func (j *judgement) opponents(clash Clash) string {
	var named []string
	add := func(names []string, does string) {
		for _, name := range slices.Sorted(slices.Values(names)) {
			if name != j.order.FullName {
				named = append(named, name+does)
			}
		}
	}
	add(clash.Added, " (which this plan makes)")
	add(clash.Changed, " (which this plan changes)")
	add(clash.Kept, "")
	add(clash.Removed, " (which this plan gives up)")
	add(clash.Unseen, " (which this plan does not show)")
	if len(named) == 0 {
		return ""
	}
	return ": " + firstOf(named)
}

// unlessReleased is a sentence behind a detail: what the broker does with the order while something stands against it of which
// the plan does not say that it goes. It is empty where that is said otherwise.
func (c Clash) unlessReleased() string {
	if c.Certain || len(c.Unseen) == 0 {
		return ""
	}
	return " Unless that is given up first, the order is refused."
}

// releaseRemedy is the remedy where a plan gives up all that stands against the order; empty where the rule's own does.
func (c Clash) releaseRemedy() string {
	if c.Certain || c.Elsewhere || len(c.Removed) == 0 || len(c.Kept)+len(c.Changed)+len(c.Unseen) > 0 {
		return ""
	}
	return "A new name is a new object: to keep what this plan gives up, keep its name. If that is not meant, nothing has to change: " +
		"the apply asks for the one until the other is gone."
}
