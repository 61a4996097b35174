package ledger

import (
	"slices"

	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// Limit is how many objects one parent may have.
type Limit struct {
	// Rule is the id of the rule, such as "address.limit".
	Rule string
	// Kinds are the kinds of objects that share the limit; all hang on the same parent.
	Kinds []rules.Kind
	// Most is how many there may be.
	Most int
	// Counts says whether an object of these values falls under the limit, and false where a value that it needs is not
	// known; nil where all do. It must not call the Ledger.
	Counts func(rules.Kind, rules.Declared) bool
}

// Exceeded returns how the parent of a name has too many objects, or nil. The name is that of the call that was just
// recorded. Certain are those that the plan keeps and the broker has, with those that it adds, one of which it must add;
// possible are those that the broker has, removals not deducted, with those that the plan adds.
//
// Each object that is asked for and counts hears of it. Any other hears only what is certain and nobody has heard: a limit
// that one new object exceeds is no error of a thousand unchanged ones.
func (l *Ledger) Exceeded(limit Limit, name string) *Violation {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.ContainsFunc(limit.Kinds, func(kind rules.Kind) bool { return l.book(kind).asked }) {
		return nil
	}
	parent := parentOf(name)
	key := exceeded{limit.Rule, parent}
	certain, possible := &Violation{Certain: true}, &Violation{}
	asks := false
	for _, kind := range limit.Kinds {
		b := l.book(kind)
		for sibling, e := range b.parents[parent] {
			planned := limit.counts(kind, e.values())
			if planned && b.counts(e) {
				certain.add(sibling, e)
			}
			if planned && (e.added() || e.announced) || b.holds(e) && limit.counts(kind, e.stored) {
				possible.add(sibling, e)
			}
			asks = asks || sibling == name && planned && e.asks
		}
	}
	switch {
	case len(certain.Added) > 0 && certain.size() > limit.Most && (asks || !l.told[key]):
		l.told[key] = true
		return certain.sorted()
	case asks && possible.size() > limit.Most:
		return possible.sorted()
	default:
		return nil
	}
}

func (l Limit) counts(kind rules.Kind, declared rules.Declared) bool {
	return l.Counts == nil || l.Counts(kind, declared)
}
