package ledger_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/ledger"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// estate is a plan as somebody sees it who knows everything at once: which instance has which name in state, and where it
// ends. It judges by instances, as the rules are written, and knows nothing of sets, of calls or of an order.
type estate struct {
	instances []instance
	// held is the gateway of each object that the broker has; available says that the listing can be had.
	held      map[string]string
	available bool
	most      int
}

// instance is one instance of a resource.
type instance struct {
	fate fate
	// before is its name in state and after its planned one; each is empty where there is none or it is not known.
	before, after string
	// value is the gateway that it plans: "?" is unknown, and "free" falls under no limit.
	value string
	// late says that the first of its two calls does not know the value yet; refreshed, that Read is asked.
	late, refreshed bool
}

type fate string

const (
	isNew       fate = "new"
	isKept      fate = "kept"
	isWidened   fate = "widened"
	isRemade    fate = "replaced under its name"
	isRenamed   fate = "renamed"
	isLoose     fate = "replaced by a name that is not known"
	isNameless  fate = "new, by a name that is not known"
	isDestroyed fate = "destroyed"
	isTainted   fate = "tainted"
	isGoneMade  fate = "gone, and made anew"
	isOrphan    fate = "gone, and not configured"
	isHidden    fate = "hidden by -target"
)

func (i instance) String() string {
	return fmt.Sprintf("%q -> %q %s, gateway %s", i.before, i.after, i.fate, i.value)
}

func (e *estate) String() string {
	lines := []string{fmt.Sprintf("at most %d; the broker has %v, known: %t", e.most, e.held, e.available)}
	for _, i := range e.instances {
		lines = append(lines, i.String())
	}
	return strings.Join(lines, "\n")
}

// drawEstate draws few names, so that they meet.
func drawEstate(t *rapid.T) *estate {
	var names []string
	for _, connection := range []string{"records", "test"} {
		for _, name := range []string{"api", "chat", "mail", "web"} {
			names = append(names, hscn.EdgeAttachmentName(connection, name))
		}
	}
	gateways := []string{"g1", "g2", "g3", "g4", "g5", "g6", "free"}
	e := &estate{
		held:      make(map[string]string),
		available: rapid.IntRange(0, 4).Draw(t, "available") > 0,
		most:      rapid.IntRange(1, 4).Draw(t, "most"),
	}
	refreshed := rapid.Bool().Draw(t, "refreshed")
	stateful := []fate{isKept, isKept, isWidened, isRemade, isRenamed, isLoose, isDestroyed, isTainted, isHidden}
	if refreshed {
		stateful = append(stateful, isGoneMade, isOrphan)
	}
	// Mostly each name has one owner at the end; now and then two meet.
	free := rapid.Permutation(names).Draw(t, "free")
	end := func() string {
		if len(free) == 0 || rapid.IntRange(0, 9).Draw(t, "meets") == 0 {
			return rapid.SampledFrom(names).Draw(t, "after")
		}
		name := free[0]
		free = free[1:]
		return name
	}
	for _, before := range rapid.Permutation(names).Draw(t, "before")[:rapid.IntRange(0, 5).Draw(t, "in state")] {
		i := instance{fate: rapid.SampledFrom(stateful).Draw(t, "fate"), before: before, refreshed: refreshed}
		switch i.fate {
		case isKept, isWidened, isRemade, isTainted:
			i.after = before
			free = slices.DeleteFunc(free, func(name string) bool { return name == before })
		case isRenamed, isGoneMade:
			i.after = end()
		}
		if i.fate == isRenamed && i.after == before {
			i.fate = isRemade
		}
		e.instances = append(e.instances, i)
		if rapid.IntRange(0, 19).Draw(t, "twice in state") == 0 && slices.Contains([]fate{isKept, isRemade, isRenamed}, i.fate) {
			i.fate, i.after = isDestroyed, ""
			e.instances = append(e.instances, i)
		}
		if rapid.IntRange(0, 5).Draw(t, "gone from the broker") > 0 {
			e.held[before] = rapid.SampledFrom(gateways).Draw(t, "held gateway")
		}
	}
	for range rapid.IntRange(0, 4).Draw(t, "new") {
		e.instances = append(e.instances, instance{fate: isNew, after: end()})
	}
	if rapid.Bool().Draw(t, "nameless") {
		e.instances = append(e.instances, instance{fate: isNameless})
	}
	for _, name := range names {
		if _, known := e.held[name]; !known && rapid.IntRange(0, 9).Draw(t, "of another") == 0 {
			e.held[name] = rapid.SampledFrom(gateways).Draw(t, "held gateway")
		}
	}
	for n := range e.instances {
		i := &e.instances[n]
		i.value = rapid.SampledFrom(append(gateways, "?")).Draw(t, "gateway")
		i.late = rapid.Bool().Draw(t, "late")
		if i.fate == isKept {
			i.value = e.held[i.before]
		}
	}
	return e
}

// events are what a run sees of an instance, in order.
func (i instance) events() []step {
	unknown := rules.UnknownValue[string]()
	early := gateway(i.value)
	if i.late {
		early = gateway("?")
	}
	one, other := replace(i.before, i.after, gateway(i.value))
	one.Declared = early
	var events []step
	if i.before != "" && i.fate != isHidden {
		events = append(events, seen(i.before))
	}
	switch {
	case i.fate == isGoneMade, i.fate == isOrphan:
		events = append(events, vanish(i.before))
	case i.refreshed && len(events) > 0:
		events = append(events, seen(i.before))
	}
	switch i.fate {
	case isNew, isTainted, isGoneMade:
		return append(events, call(create(i.after, gateway(i.value))))
	case isKept:
		// Unchanged: its values are those that the broker has.
		return append(events, call(keep(i.before)))
	case isWidened:
		return append(events, call(ledger.Call{State: i.before, Planned: rules.Known(i.before), Declared: gateway(i.value), Asks: true}))
	case isRemade, isRenamed:
		return append(events, call(one), call(other))
	case isLoose:
		return append(events, call(ledger.Call{State: i.before, Planned: unknown}), call(ledger.Call{Planned: unknown, Prior: i.before}))
	case isNameless:
		return append(events, call(ledger.Call{Planned: unknown}))
	case isDestroyed:
		return append(events, call(destroy(i.before)))
	default:
		return events
	}
}
