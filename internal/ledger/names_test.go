package ledger_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/ledger"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// step is one thing that a run sees.
type step func(*run) []report

func seen(name string) step   { return func(r *run) []report { r.inState(name); return nil } }
func vanish(name string) step { return func(r *run) []report { return r.gone(name) } }
func call(c ledger.Call) step {
	return func(r *run) []report { _, reports := r.plan(c); return reports }
}

// TestNames plays each story in the order that is given, and says what the run is told in all.
func TestNames(t *testing.T) {
	t.Parallel()
	web, api, mail := edge("web"), edge("api"), edge("mail")
	remake, remade := replace(web, web)
	rename, renamed := replace(web, api)
	unknown := ledger.Call{State: web, Planned: rules.UnknownValue[string]()}
	tests := map[string]struct {
		listing map[string]rules.Declared
		steps   []step
		want    []string
	}{
		"for_each gives two instances one name": {
			steps: []step{call(create(web)), call(create(web))}, want: []string{duplicate},
		},
		"a new instance has the name of one that stays": {
			listing: holding("web"), steps: []step{seen(web), call(keep(web)), call(create(web))}, want: []string{duplicate},
		},
		"one object was imported twice": {
			listing: holding("web"), steps: []step{seen(web), call(keep(web)), call(keep(web))}, want: []string{duplicate},
		},
		"a replacement under its own name is one instance": {
			listing: holding("web"), steps: []step{seen(web), call(remake), call(remade)},
		},
		"a replaced object and a new one have one name": {
			listing: holding("web"), steps: []step{seen(web), call(remake), call(create(web)), call(remade)},
			want: []string{duplicate},
		},
		"two objects are renamed to one name": {
			steps: []step{call(renamed), call(ledger.Call{Planned: rules.Known(api), Prior: mail})}, want: []string{duplicate},
		},
		"an object is renamed to the name of one that stays": {
			listing: holding("web", "api"),
			steps:   []step{seen(web), seen(api), call(rename), call(keep(api)), call(renamed)}, want: []string{duplicate},
		},
		"the same own name under two parents": {
			steps: []step{call(create(web)), call(create("connections/test/edge-attachments/web"))},
		},

		"a renamed key without moved, the destroy first": {
			listing: holding("web"), steps: []step{seen(web), call(destroy(web)), call(create(web))}, want: []string{moved},
		},
		"a renamed key without moved, the create after the state was seen": {
			listing: holding("web"), steps: []step{seen(web), call(create(web)), call(destroy(web))}, want: []string{moved},
		},
		"a renamed key without moved, the create before anything was seen of the other": {
			listing: holding("web"), steps: []step{call(create(web)), seen(web), call(destroy(web))},
			want: []string{moved, taken},
		},
		"a renamed key with moved is an unchanged object": {
			listing: holding("web"), steps: []step{seen(web), call(keep(web))},
		},
		"two objects change names": {
			listing: holding("web", "api"),
			steps: []step{
				seen(web), seen(api), call(rename), call(renamed),
				call(ledger.Call{State: api, Planned: rules.Known(web), Asks: true}),
				call(ledger.Call{Planned: rules.Known(web), Prior: api}),
			},
			want: []string{moved},
		},
		"an object is renamed, and another takes its old name": {
			listing: holding("web"), steps: []step{seen(web), call(rename), call(create(web)), call(renamed)}, want: []string{moved},
		},
		"one of two places of an object is destroyed and the other stays": {
			listing: holding("web"), steps: []step{seen(web), call(destroy(web)), call(keep(web))},
		},
		"create_before_destroy with a name of its own": {
			listing: holding("web"), steps: []step{seen(web), call(rename), call(renamed)},
		},

		"a new object has a name that the broker has": {
			listing: holding("web"), steps: []step{call(create(web))}, want: []string{taken},
		},
		"a new object has a name that the broker has, and the listing cannot be had": {
			steps: []step{call(create(web))},
		},
		"an object is renamed to a name that the broker has": {
			listing: holding("web", "api"), steps: []step{seen(web), call(rename), call(renamed)}, want: []string{taken},
		},
		"a tainted object": {
			listing: holding("web"), steps: []step{seen(web), call(create(web))},
		},
		"a replacement under its own name, of which only the calls were seen": {
			listing: holding("web"), steps: []step{call(remake), call(remade)},
		},
		"an imported object": {
			listing: holding("web"), steps: []step{seen(web), call(keep(web))},
		},
		"what was deleted outside is made anew": {
			listing: holding("api"), steps: []step{seen(web), vanish(web), call(create(web))},
		},
		"what was deleted outside is made anew, and another object has its name": {
			listing: holding("web"), steps: []step{seen(web), vanish(web), call(create(web))}, want: []string{taken},
		},
		"an orphan is found gone after a new object asked for its name, which another object has": {
			listing: holding("web"), steps: []step{seen(web), call(create(web)), vanish(web)}, want: []string{taken},
		},
		"an object goes to a name that is not known, and another takes its own": {
			listing: holding("web"), steps: []step{seen(web), call(unknown), call(create(web))}, want: []string{taken},
		},
		"the same with the create first": {
			listing: holding("web"), steps: []step{seen(web), call(create(web)), call(unknown)}, want: []string{taken},
		},
		"a forgotten instance passes for a tainted one": {
			listing: holding("web"), steps: []step{seen(web), call(create(web))},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRun(test.listing)
			for _, step := range test.steps {
				step(r)
			}
			expect(t, "the run", r.reports, test.want...)
		})
	}
}

// TestNamesCompleted: the call that completes a violation reports it, and no earlier one.
func TestNamesCompleted(t *testing.T) {
	t.Parallel()
	web := edge("web")
	r := newRun(holding("web"))
	r.inState(web)
	_, reports := r.plan(create(web))
	expect(t, "the create", reports)
	_, reports = r.plan(destroy(web))
	expect(t, "the destroy", reports, moved)
}

// TestLeft: whatever has the name of an object that state had and that is gone is another.
func TestLeft(t *testing.T) {
	t.Parallel()
	web, api := edge("web"), edge("api")
	r := newRun(holding("web", "api"))
	r.inState(web, api)
	if r.ledger.Left(edges, web) {
		t.Error("it left the state before it was read")
	}
	r.gone(web)
	if !r.ledger.Left(edges, web) || r.ledger.Left(edges, api) || r.ledger.Left(edges, edge("mail")) {
		t.Error("only what Read found gone has left the state")
	}
}

// TestApply: an apply is a run of its own, which sees creates and updates only, and what it writes itself.
func TestApply(t *testing.T) {
	t.Parallel()
	web, api, mail := edge("web"), edge("api"), edge("mail")

	t.Run("a replacement is made in the order of Terraform", func(t *testing.T) {
		t.Parallel()
		r := newRun(holding("web"))
		r.inState(web)
		r.ledger.Freed(edges, web)
		meaning, reports := r.plan(create(web))
		expect(t, "the create half", reports)
		if meaning != ledger.Recreates {
			t.Errorf("the create half means %d", meaning)
		}
		r.ledger.Made(edges, web, gateway("g1"))
		if got := r.ledger.Sets(edges).Held; !slices.Equal(got, []string{web}) {
			t.Errorf("the broker has %q", got)
		}
	})
	t.Run("what this run made is no other's", func(t *testing.T) {
		t.Parallel()
		r := newRun(holding())
		_, reports := r.plan(create(web))
		expect(t, "the create", reports)
		r.ledger.Made(edges, web, nil)
		// A name that was only known in the apply.
		_, reports = r.plan(create(web))
		expect(t, "another create", reports, duplicate)
	})
	t.Run("a listing that is older than a write does not undo it", func(t *testing.T) {
		t.Parallel()
		l := ledger.New()
		l.Freed(edges, web)
		l.Made(edges, api, gateway("g2"))
		l.Listed(edges, map[string]rules.Declared{web: gateway("g1"), api: gateway("g1"), mail: gateway("g3")})
		if got := l.Sets(edges).Held; !slices.Equal(got, []string{api, mail}) {
			t.Errorf("the broker has %q", got)
		}
		if got, _ := l.Declared(edges, api); !maps.Equal(got, gateway("g2")) {
			t.Errorf("%s declares %v", api, got)
		}
	})
	t.Run("only the first listing counts", func(t *testing.T) {
		t.Parallel()
		l := ledger.New()
		l.Listed(edges, holding("web"))
		l.Listed(edges, holding("api"))
		if got := l.Sets(edges).Held; !slices.Equal(got, []string{web}) {
			t.Errorf("the broker has %q", got)
		}
	})
	t.Run("writes say nothing of what the broker has besides", func(t *testing.T) {
		t.Parallel()
		r := newRun(nil)
		r.ledger.Made(edges, web, gateway("g1"))
		_, reports := r.plan(create(api, gateway("g1")))
		expect(t, "a create", reports)
	})
}

// TestConfiguresDoNotShare: what one run has seen is nothing to another.
func TestConfiguresDoNotShare(t *testing.T) {
	t.Parallel()
	web := edge("web")
	one, other := newRun(holding("web")), newRun(nil)
	one.inState(web)
	one.plan(keep(web))
	meaning, reports := other.plan(create(web))
	expect(t, "a create in another run", reports)
	if meaning != ledger.Creates {
		t.Errorf("a create in another run means %d", meaning)
	}
	_, reports = one.plan(create(web))
	expect(t, "a create in the same run", reports, duplicate)
}
