package ledger

import (
	"slices"
	"strings"
	"sync"

	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// Ledger is what one run has shown. Make it with New; it is safe for concurrent use.
type Ledger struct {
	mu    sync.Mutex
	books map[rules.Kind]*book
	// told are the limits that were reported as exceeded.
	told map[exceeded]bool
}

// exceeded is a limit of one parent.
type exceeded struct{ rule, parent string }

// New makes the empty ledger of a run.
func New() *Ledger {
	return &Ledger{books: make(map[rules.Kind]*book), told: make(map[exceeded]bool)}
}

// book is what is known of the objects of one kind.
type book struct {
	// listed says that the broker's listing was handed in; without it nobody knows what the broker has.
	listed bool
	// asked says that the plan asks for something of this kind.
	asked bool
	// parents are the entries by parent and full name.
	parents map[string]map[string]*entry
}

// entry is what is known of one name.
type entry struct {
	// seen says that an object of this name is in state, gone that Read found it to be there no longer.
	seen, gone bool
	// unsettled says that an instance has the name in state, and that its planned name is only known later.
	unsettled bool

	// kept and created count instances; a replacement under its own name is one that keeps, and remade.
	kept, created   int
	remade, removed bool
	// announced says that the first call of a rename gave it as the new name, which the second call adds.
	announced bool
	// asks says that the plan asks for it, so that rules for new orders are about it.
	asks bool
	// planned is what the latest call declared; nil where that is what the broker has.
	planned rules.Declared

	// held says that the broker has it, written that a write of this run says so, which is newer than any listing.
	held, written bool
	stored        rules.Declared
}

func (e *entry) added() bool   { return e.created > 0 || e.remade }
func (e *entry) inState() bool { return e.seen && !e.gone }

// values are what the plan makes of the object.
func (e *entry) values() rules.Declared {
	if e.planned == nil {
		return e.stored
	}
	return e.planned
}

// holds says that the broker has the name, as far as it is known what it has.
func (b *book) holds(e *entry) bool { return b.listed && e.held }

// counts says that the object takes part in what makes a violation certain.
func (b *book) counts(e *entry) bool { return e.added() || e.kept > 0 && b.holds(e) }

// book returns the book of a kind. The ledger is locked.
func (l *Ledger) book(kind rules.Kind) *book {
	b := l.books[kind]
	if b == nil {
		b = &book{parents: make(map[string]map[string]*entry)}
		l.books[kind] = b
	}
	return b
}

// at returns the entry of a name, for writing to.
func (b *book) at(name string) *entry {
	siblings := b.parents[parentOf(name)]
	if siblings == nil {
		siblings = make(map[string]*entry)
		b.parents[parentOf(name)] = siblings
	}
	e := siblings[name]
	if e == nil {
		e = &entry{}
		siblings[name] = e
	}
	return e
}

// parentOf is the full name of the parent: without collection and own name. It is empty at the root.
func parentOf(name string) string {
	for range 2 {
		name = name[:max(strings.LastIndexByte(name, '/'), 0)]
	}
	return name
}

// InState records that an object of this name is in Terraform's state.
func (l *Ledger) InState(kind rules.Kind, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.book(kind).at(name).seen = true
}

// Gone records that Read found the object of this name gone, so that it leaves the state. Another object may live under
// the name.
func (l *Ledger) Gone(kind rules.Kind, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.book(kind).at(name).gone = true
}

// Asked says whether the plan has asked for anything of a kind: to add an object, replace one or widen one. Until then no
// judgement depends on what the broker has, so the listing need not be fetched.
func (l *Ledger) Asked(kind rules.Kind) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.book(kind).asked
}

// Listed hands in what the broker has of a kind, across parents: by full name, what is declared of each object that holds
// its name, so without refused and ceasing ones (hscn.State.Holds). Only the first listing of a kind counts, and what
// this run wrote counts before it.
func (l *Ledger) Listed(kind rules.Kind, objects map[string]rules.Declared) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.book(kind)
	if b.listed {
		return
	}
	b.listed = true
	for name, declared := range objects {
		if e := b.at(name); !e.written {
			e.held, e.stored = true, declared
		}
	}
}

// Made records that the broker accepted a create or an update by this run, and what is declared of the object now. It is
// then in state as well.
func (l *Ledger) Made(kind rules.Kind, name string, declared rules.Declared) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.book(kind).at(name)
	e.held, e.written, e.stored = true, true, declared
	e.seen, e.gone = true, false
}

// Freed records that a name is free again: the broker accepted this run's delete, or refused its order.
func (l *Ledger) Freed(kind rules.Kind, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.book(kind).at(name)
	e.held, e.written, e.stored = false, true, nil
}

// Declared returns what is declared of an object as the plan makes it, else as the broker has it. The second result is
// false where neither is known, or the plan removes it.
func (l *Ledger) Declared(kind rules.Kind, name string) (rules.Declared, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.book(kind)
	e := b.parents[parentOf(name)][name]
	switch {
	case e == nil:
		return nil, false
	case e.kept > 0 || e.added():
		return e.values(), e.planned != nil || b.holds(e)
	default:
		return e.stored, b.holds(e) && !e.removed
	}
}

// Sets are the full names of one kind, each sorted.
type Sets struct {
	// Held is what the broker has; nothing where its listing was not handed in.
	Held []string
	// Kept, Added and Removed are what the plan has shown. A replacement under its own name is both kept and added.
	Kept, Added, Removed []string
	// InState is what was seen in Terraform's state and not found gone.
	InState []string
}

// Sets returns what is known of a kind so far. It is for tests and for what is asked once in a run: the judgements do not
// need it.
func (l *Ledger) Sets(kind rules.Kind) Sets {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.book(kind)
	names := func(include func(*entry) bool) []string {
		var included []string
		for name, e := range b.all {
			if include(e) {
				included = append(included, name)
			}
		}
		slices.Sort(included)
		return included
	}
	return Sets{
		Held:    names(b.holds),
		Kept:    names(func(e *entry) bool { return e.kept > 0 }),
		Added:   names((*entry).added),
		Removed: names(func(e *entry) bool { return e.removed }),
		InState: names((*entry).inState),
	}
}

// all yields every entry of the kind with its full name.
func (b *book) all(yield func(string, *entry) bool) {
	for _, siblings := range b.parents {
		for name, e := range siblings {
			if !yield(name, e) {
				return
			}
		}
	}
}
