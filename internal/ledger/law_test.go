package ledger_test

import (
	"flag"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/ledger"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// TestMain draws more than rapid does by itself, since what goes wrong needs several instances to meet. A draw is cheap.
func TestMain(m *testing.M) {
	// The command line is read later and has the last word.
	if err := flag.Set("rapid.checks", "2000"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// TestLaw: whatever a plan does and in whatever order Terraform shows it, it is refused if and only if its end state
// breaks a rule on the names that were shown, and warned if and only if the end state breaks one with what the broker has
// besides.
func TestLaw(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := drawEstate(t)
		r := e.run()
		// Each instance's events stay in order, and are shuffled with those of the others.
		waiting := make([][]step, len(e.instances))
		for i, instance := range e.instances {
			waiting[i] = instance.events()
		}
		for {
			waiting = slices.DeleteFunc(waiting, func(events []step) bool { return len(events) == 0 })
			if len(waiting) == 0 {
				break
			}
			next := rapid.IntRange(0, len(waiting)-1).Draw(t, "next")
			waiting[next][0](r)
			waiting[next] = waiting[next][1:]
		}
		e.judge(t, r)
	})
}

// TestLawConcurrently is the law with every instance in a goroutine of its own.
func TestLawConcurrently(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := drawEstate(t)
		r := e.run()
		var group sync.WaitGroup
		for _, instance := range e.instances {
			group.Go(func() {
				for _, event := range instance.events() {
					event(r)
				}
			})
		}
		group.Wait()
		e.judge(t, r)
	})
}

// judge compares what a run was told with what the estate breaks.
func (e *estate) judge(t *rapid.T, r *run) {
	told := func(rule string, certain bool) []string {
		var names []string
		for _, report := range r.reports {
			if report.rule == rule && (report.certain() || !certain) {
				names = append(names, report.name)
			}
		}
		return slices.Compact(sorted(names))
	}
	same := func(what string, got, want []string) {
		if !slices.Equal(got, want) {
			t.Fatalf("%s: the run is told of %q, the end state breaks it for %q\n%s", what, got, want, e)
		}
	}

	duplicates, moves, takes := e.duplicates(), e.moves(), e.takes()
	same(duplicate, told(duplicate, true), duplicates)
	same(moved, told(moved, true), moves)
	// Taken may stand in for the two others where the create comes first, and they for it where it comes last.
	otherwise := slices.Concat(duplicates, moves)
	for _, name := range told(taken, true) {
		if !slices.Contains(takes, name) {
			t.Fatalf("%s is reported as taken and is not\n%s", name, e)
		}
	}
	for _, name := range takes {
		if !slices.Contains(told(taken, true), name) && !slices.Contains(otherwise, name) {
			t.Fatalf("nobody is told that %s is taken\n%s", name, e)
		}
	}
	if len(duplicates) > 0 {
		// Of two instances that plan different things for one name it depends on the order whose values count. The plan
		// is refused in any case.
		return
	}

	certain, possible := e.exceeded()
	same("a limit, certain", parents(told(limited, true)), certain)
	same("a limit", parents(told(limited, false)), possible)
	e.judgePairs(t, r)
}

func (e *estate) judgePairs(t *rapid.T, r *run) {
	certain, possible := e.conflicts()
	told, warned := make(map[pair]bool), make(map[pair]bool)
	refused := make(map[string]bool)
	for _, report := range r.reports {
		if report.rule != attached {
			continue
		}
		for _, other := range members(report.violation) {
			p := pair{report.name, other}
			switch {
			case other == report.name:
			case report.certain():
				told[p.unordered()], refused[report.name] = true, true
				if !certain[p.unordered()] {
					t.Fatalf("%v is reported as certain and is not\n%s", p, e)
				}
			case !possible[p]:
				t.Fatalf("%v is reported as possible and is not\n%s", p, e)
			default:
				warned[p] = true
			}
		}
	}
	for p := range certain {
		if !told[p] {
			t.Fatalf("nobody is told of %v\n%s", p, e)
		}
	}
	for p := range possible {
		// What is refused is told why; what it would have to wait for besides is no matter.
		if !warned[p] && !refused[p.one] {
			t.Fatalf("nobody is warned of %v\n%s", p, e)
		}
	}
}

// members are all who take part in a violation.
func members(v *ledger.Violation) []string {
	return slices.Concat(v.Added, v.Changed, v.Kept, v.Removed, v.Unseen)
}

// parents are the parents of names, each once.
func parents(names []string) []string {
	all := make(map[string]bool)
	for _, name := range names {
		all[parentOf(name)] = true
	}
	return sorted(slices.Collect(maps.Keys(all)))
}

// run makes the run in which the estate is planned.
func (e *estate) run() *run {
	r := newRun(nil)
	r.limit.Most = e.most
	r.limit.Counts = func(_ rules.Kind, declared rules.Declared) bool { return counts(declared) }
	if e.available {
		r.listing = make(map[string]rules.Declared)
		for name, value := range e.held {
			r.listing[name] = gateway(value)
		}
	}
	return r
}
