package ledger

import "slices"

// Violation says which objects break a rule together. Each list is sorted and has full names; an object is in one of them.
type Violation struct {
	// Certain says that what the plan adds and keeps breaks the rule by itself, so that no order of an apply can help.
	// Otherwise what it has not shown or removes is needed for that: a warning at the most.
	Certain bool
	// Added is what the plan adds. Of what it keeps, Changed is what it replaces under its own name or widens, and Kept the
	// rest.
	Added, Changed, Kept []string
	// Removed and Unseen take part only where Certain is false: what the broker has and this plan removes, so that an
	// apply may have to wait for its release, and what the plan has not shown so far or does not have.
	Removed, Unseen []string
}

// add puts an object into the list where it belongs.
func (v *Violation) add(name string, e *entry) {
	list := &v.Unseen
	switch {
	case e.added() || e.announced:
		list = &v.Added
	case e.kept > 0 && e.asks:
		list = &v.Changed
	case e.kept > 0:
		list = &v.Kept
	case e.removed:
		list = &v.Removed
	}
	*list = append(*list, name)
}

// sorted returns the violation with its lists in order.
func (v *Violation) sorted() *Violation {
	for _, list := range [][]string{v.Added, v.Changed, v.Kept, v.Removed, v.Unseen} {
		slices.Sort(list)
	}
	return v
}

func (v *Violation) size() int {
	return len(v.Added) + len(v.Changed) + len(v.Kept) + len(v.Removed) + len(v.Unseen)
}
