package ledger

import "github.com/hscn-connect/terraform-provider-hscn/internal/rules"

// Duplicate says that two instances of the plan create or keep a name, which is the rule name.duplicate.
func (l *Ledger) Duplicate(kind rules.Kind, name string) bool {
	return l.ask(kind, name, func(_ *book, e *entry) bool { return e.kept+e.created > 1 })
}

// Moved says that one instance of the plan gives a name up, by its destroy or for another name, and another creates it,
// which is the rule name.moved.
func (l *Ledger) Moved(kind rules.Kind, name string) bool {
	return l.ask(kind, name, func(_ *book, e *entry) bool { return e.removed && e.added() })
}

// Taken says that the plan creates a name that the broker has and that is not in this state, which is the rule name.taken.
// It is never so without the broker's listing.
//
// A name in state excuses the tainted object that has it there, and the protocol does not tell one instance from another.
// Where it is another's, that one's own calls settle the matter: the name is then Duplicate or Moved, or, because it goes
// nobody knows where, Taken. So the plan is refused in whatever order the calls come, though Taken may be among the
// reasons only where the create comes first.
func (l *Ledger) Taken(kind rules.Kind, name string) bool {
	return l.ask(kind, name, func(b *book, e *entry) bool {
		return e.created > 0 && b.holds(e) && (!e.inState() || e.unsettled)
	})
}

// Left says that the object which Terraform's state had under a name is gone, so that whatever has the name now is another.
func (l *Ledger) Left(kind rules.Kind, name string) bool {
	return l.ask(kind, name, func(_ *book, e *entry) bool { return e.gone })
}

// ask answers a question about a name; of one that was never seen the answer is no.
func (l *Ledger) ask(kind rules.Kind, name string, question func(*book, *entry) bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.book(kind)
	e := b.parents[parentOf(name)][name]
	return e != nil && question(b, e)
}
