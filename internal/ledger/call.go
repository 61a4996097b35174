package ledger

import "github.com/hscn-connect/terraform-provider-hscn/internal/rules"

// Call is one planning call, PlanResourceChange, as the protocol shows it. Which instance it is for the protocol does not
// say.
type Call struct {
	Kind rules.Kind
	// State is the full name in the prior state, empty where that is null.
	State string
	// Planned is the full name in the planned state: null where that is null, unknown where any segment of it is.
	Planned rules.Value[string]
	// Prior is the full name that the first call of a replacement left in private state, empty without one.
	Prior string
	// Declared are the planned values that rules pair, with rules.Unknown for what is not known. Nil, of an object that
	// stays as it is, says that they are what the broker has.
	Declared rules.Declared
	// Asks says of an object that keeps its name that rules for new orders are about it all the same: it is replaced, or
	// a change of it widens (rules.AttributeChange). What is added always asks.
	Asks bool
}

// Meaning is what a planning call means.
type Meaning uint8

// The meanings.
const (
	// Undecided: the planned name is not known.
	Undecided Meaning = iota + 1
	// Creates: the call adds its planned name.
	Creates
	// Recreates: the call adds the name of an object that is given up first: the create half of a replacement under its
	// own name, or a tainted object. Its id is planned unknown, so that Terraform replaces what hangs on it too. That is
	// right in an apply as well, which finds this only where its plan did; a plan for which that is not so breaks a rule
	// of names.
	Recreates
	// Keeps: the object keeps its name, be it unchanged, changed in place or about to be replaced.
	Keeps
	// Renames: the object is given up for one of another name, which the second call of this replacement adds.
	Renames
	// Destroys: the object is given up.
	Destroys
)

// Planned records a planning call and returns what it means. By state, planned name and Prior:
//
//	state  planned  Prior   meaning    recorded
//	null   s        ""      Creates    s added, by an instance of its own. Recreates where s is in state: a tainted
//	                                   object, which is planned in one call without private state, or the create half
//	                                   of a replacement in an apply, which sees neither Prior nor Read.
//	null   s        s       Recreates  s added, by the instance whose first call kept it: one object, counted once.
//	null   s        other   Creates    s added, by an instance of its own; its first call removed other.
//	s      s        any     Keeps      s kept. It may be the first call of a replacement: the second adds s.
//	s      other    any     Renames    s removed. The second call adds other, which is only announced until then:
//	                                   it counts for warnings, since Terraform drops those of a second call.
//	s      null     any     Destroys   s removed. So is what create_before_destroy left deposed.
//	any    unknown  any     Undecided  nothing is kept, added or removed. A name in state no longer passes for that of
//	                                   a tainted object, since the call shows that it is another's.
//
// The values of a name are those of its latest call; a call without a planned name has none.
func (l *Ledger) Planned(call Call) Meaning {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.book(call.Kind)
	name, named := call.Planned.Get()
	switch {
	case call.Planned.IsUnknown():
		if call.State != "" {
			b.at(call.State).unsettled = true
		}
		return Undecided
	case !named:
		b.at(call.State).removed = true
		return Destroys
	}

	e := b.at(name)
	e.planned = call.Declared
	switch call.State {
	case "":
		return b.create(e, call.Prior, name)
	case name:
		e.kept++
		if call.Asks {
			b.ask(e)
		}
		return Keeps
	default:
		b.at(call.State).removed = true
		e.announced = true
		b.ask(e)
		return Renames
	}
}

// create records a call that adds a name.
func (b *book) create(e *entry, prior, name string) Meaning {
	b.ask(e)
	if prior == name {
		e.remade = true
		return Recreates
	}
	e.created++
	if prior == "" && e.inState() {
		return Recreates
	}
	return Creates
}

func (b *book) ask(e *entry) { e.asks, b.asked = true, true }
