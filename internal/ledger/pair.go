package ledger

import "github.com/hscn-connect/terraform-provider-hscn/internal/rules"

// Object is one of a pair.
type Object struct {
	// Name is its full name.
	Name string
	// Declared are the values to compare.
	Declared rules.Declared
}

// Conflicting returns with which objects of its kind, under whatever parent, an object of this name is in conflict, and
// the object itself; nil with none. The name is that of the call that was just recorded. A pair is certain where the plan
// adds or keeps both and the broker has those that it keeps; it compares what is planned of both. It is possible where the
// broker has the one, as the broker has it, and the plan asks for the other. The plan must ask for one of the two: what
// has been in conflict all along is not this plan's doing.
//
// Conflict says whether two objects exclude each other, in whatever order it is handed them, and false where a value that
// it needs is not known. It must not call the Ledger.
func (l *Ledger) Conflicting(kind rules.Kind, name string, conflict func(a, b Object) bool) *Violation {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.book(kind)
	e := b.parents[parentOf(name)][name]
	if e == nil || !b.asked {
		return nil
	}
	self := Object{name, e.values()}
	certain, possible := &Violation{Certain: true}, &Violation{}
	for other, o := range b.all {
		switch {
		case other == name || !e.asks && !o.asks:
		case b.counts(e) && b.counts(o) && conflict(self, Object{other, o.values()}):
			certain.add(other, o)
		case e.asks && b.holds(o) && conflict(self, Object{other, o.stored}):
			possible.add(other, o)
		}
	}
	switch {
	case certain.size() > 0:
		certain.add(name, e)
		return certain.sorted()
	case possible.size() > 0:
		possible.add(name, e)
		return possible.sorted()
	default:
		return nil
	}
}
