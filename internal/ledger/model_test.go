package ledger_test

import (
	"slices"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// makes says that an order for a new object comes of the instance.
func (i instance) makes() bool {
	return slices.Contains([]fate{isNew, isRemade, isRenamed, isTainted, isGoneMade}, i.fate)
}

// stays says that the instance keeps its object.
func (i instance) stays() bool { return i.fate == isKept || i.fate == isWidened }

// asks says that rules for new orders are about the instance.
func (i instance) asks() bool { return i.makes() || i.fate == isWidened }

// givesUp says that the instance's object goes and another name, if any, comes.
func (i instance) givesUp() bool { return i.fate == isDestroyed || i.fate == isRenamed }

// where returns the names of which some instances say something, sorted, each once.
func (e *estate) where(broken func(name string) bool) []string {
	var names []string
	for _, i := range e.instances {
		for _, name := range []string{i.before, i.after} {
			if name != "" && broken(name) {
				names = append(names, name)
			}
		}
	}
	return slices.Compact(sorted(names))
}

func (e *estate) count(is func(instance) bool) int {
	n := 0
	for _, i := range e.instances {
		if is(i) {
			n++
		}
	}
	return n
}

// duplicates are the names that two instances end at.
func (e *estate) duplicates() []string {
	return e.where(func(name string) bool { return e.count(func(i instance) bool { return i.after == name }) > 1 })
}

// moves are the names that one instance gives up and another makes.
func (e *estate) moves() []string {
	return e.where(func(name string) bool {
		return e.count(func(i instance) bool { return i.before == name && i.givesUp() }) > 0 &&
			e.count(func(i instance) bool { return i.after == name && i.makes() }) > 0
	})
}

// takes are the names that the broker has and that an instance asks for which does not have the object in state.
func (e *estate) takes() []string {
	return e.where(func(name string) bool {
		_, held := e.held[name]
		return held && e.available && e.count(func(i instance) bool {
			own := i.before == name && i.fate != isGoneMade
			return i.after == name && i.makes() && !own
		}) > 0
	})
}

// counted are the instances that count for certain: what is made, and what stays and the broker has.
func (e *estate) counted() []instance {
	var counted []instance
	for _, i := range e.instances {
		_, held := e.held[i.before]
		if i.makes() || i.stays() && held && e.available {
			counted = append(counted, i)
		}
	}
	return counted
}

// counts says whether an object of these values falls under the tests' limit.
func counts(declared rules.Declared) bool {
	id, known := declared.Text("gateway_id").Get()
	return known && id != "free"
}

// exceeded returns the parents that have too many children for certain, and those that have too many in any way.
func (e *estate) exceeded() (certain, possible []string) {
	for _, parent := range []string{"connections/records", "connections/test"} {
		children, made, asked := 0, 0, 0
		all := make(map[string]bool)
		for _, i := range e.counted() {
			if parentOf(i.after) == parent && counts(gateway(i.value)) {
				children++
				if i.makes() {
					made++
					all[i.after] = true
				}
			}
		}
		for _, i := range e.instances {
			if parentOf(i.after) == parent && counts(gateway(i.value)) && i.asks() {
				asked++
			}
		}
		for name, value := range e.held {
			if e.available && parentOf(name) == parent && counts(gateway(value)) {
				all[name] = true
			}
		}
		if made > 0 && children > e.most {
			certain = append(certain, parent)
		}
		if made > 0 && children > e.most || asked > 0 && len(all) > e.most {
			possible = append(possible, parent)
		}
	}
	return certain, possible
}

// pair is two objects; of a possible one, the first is the one that is asked for.
type pair struct{ one, other string }

// unordered is the pair with its names sorted.
func (p pair) unordered() pair { return pair{min(p.one, p.other), max(p.one, p.other)} }

// conflicts returns the pairs that are in conflict for certain, and those in which the broker has the other.
func (e *estate) conflicts() (certain, possible map[pair]bool) {
	certain, possible = make(map[pair]bool), make(map[pair]bool)
	for _, i := range e.counted() {
		for _, o := range e.counted() {
			if i.after != o.after && (i.asks() || o.asks()) && i.value != "?" && i.value == o.value {
				certain[pair{i.after, o.after}.unordered()] = true
			}
		}
	}
	for _, i := range e.instances {
		for name, value := range e.held {
			if e.available && i.asks() && name != i.after && i.value == value {
				possible[pair{i.after, name}] = true
			}
		}
	}
	return certain, possible
}

// parentOf is the full name of an edge attachment's connection.
func parentOf(name string) string {
	connection, _, _ := strings.Cut(name, "/edge-attachments/")
	return connection
}
