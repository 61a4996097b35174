package ledger_test

import (
	"reflect"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/ledger"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// TestPlanned has a case for each row of the table.
func TestPlanned(t *testing.T) {
	t.Parallel()
	web, api := edge("web"), edge("api")
	unknown := rules.UnknownValue[string]()
	tests := map[string]struct {
		inState, gone []string
		calls         []ledger.Call
		// meaning is that of the last call.
		meaning               ledger.Meaning
		kept, added, removed  []string
		remainsInState, asked bool
	}{
		"a create": {
			calls: []ledger.Call{create(web)}, meaning: ledger.Creates, added: []string{web}, asked: true,
		},
		"a tainted object, which is one call like a create": {
			inState: []string{web}, calls: []ledger.Call{create(web)},
			meaning: ledger.Recreates, added: []string{web}, remainsInState: true, asked: true,
		},
		"a create of what Read found gone": {
			inState: []string{web}, gone: []string{web}, calls: []ledger.Call{create(web)},
			meaning: ledger.Creates, added: []string{web}, asked: true,
		},
		"a replacement under its own name": {
			inState: []string{web}, calls: calls(replace(web, web)),
			meaning: ledger.Recreates, kept: []string{web}, added: []string{web}, remainsInState: true, asked: true,
		},
		"the first call of a replacement under its own name": {
			inState: []string{web}, calls: calls(replace(web, web))[:1],
			meaning: ledger.Keeps, kept: []string{web}, remainsInState: true, asked: true,
		},
		"a rename": {
			inState: []string{web}, calls: calls(replace(web, api)),
			meaning: ledger.Creates, added: []string{api}, removed: []string{web}, remainsInState: true, asked: true,
		},
		"the first call of a rename, which adds nothing": {
			inState: []string{web}, calls: calls(replace(web, api))[:1],
			meaning: ledger.Renames, removed: []string{web}, remainsInState: true, asked: true,
		},
		"the create half of a rename to a name in state, which is another object's": {
			inState: []string{web, api}, calls: calls(replace(web, api)),
			meaning: ledger.Creates, added: []string{api}, removed: []string{web}, remainsInState: true, asked: true,
		},
		"the apply of a replacement, which sees neither Prior nor Read": {
			inState: []string{web}, calls: []ledger.Call{create(web)},
			meaning: ledger.Recreates, added: []string{web}, remainsInState: true, asked: true,
		},
		"an unchanged object": {
			inState: []string{web}, calls: []ledger.Call{keep(web)},
			meaning: ledger.Keeps, kept: []string{web}, remainsInState: true,
		},
		"an object that widens": {
			inState: []string{web}, calls: []ledger.Call{{State: web, Planned: rules.Known(web), Asks: true}},
			meaning: ledger.Keeps, kept: []string{web}, remainsInState: true, asked: true,
		},
		"a destroy": {
			inState: []string{web}, calls: []ledger.Call{destroy(web)},
			meaning: ledger.Destroys, removed: []string{web}, remainsInState: true,
		},
		"a create of a name that is not known": {
			calls: []ledger.Call{{Planned: unknown}}, meaning: ledger.Undecided,
		},
		"a change to a name that is not known": {
			inState: []string{web}, calls: []ledger.Call{{State: web, Planned: unknown}},
			meaning: ledger.Undecided, remainsInState: true,
		},
		"a replacement by a name that is not known": {
			inState: []string{web}, calls: []ledger.Call{{State: web, Planned: unknown}, {Planned: unknown, Prior: web}},
			meaning: ledger.Undecided, remainsInState: true,
		},
		"a connection's deposed object is destroyed after create_before_destroy under another name": {
			inState: []string{web, api}, calls: []ledger.Call{keep(api), destroy(web)},
			meaning: ledger.Destroys, kept: []string{api}, removed: []string{web}, remainsInState: true,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRun(nil)
			r.inState(test.inState...)
			for _, gone := range test.gone {
				r.gone(gone)
			}
			var meaning ledger.Meaning
			for _, call := range test.calls {
				var reports []report
				meaning, reports = r.plan(call)
				expect(t, "the call", reports)
			}
			if meaning != test.meaning {
				t.Errorf("the last call means %d, want %d", meaning, test.meaning)
			}
			want := ledger.Sets{Kept: test.kept, Added: test.added, Removed: test.removed}
			if test.remainsInState {
				want.InState = sorted(test.inState)
			}
			if got := r.ledger.Sets(edges); !reflect.DeepEqual(got, want) {
				t.Errorf("the sets are %+v, want %+v", got, want)
			}
			if got := r.ledger.Asked(edges); got != test.asked {
				t.Errorf("Asked = %t, want %t", got, test.asked)
			}
		})
	}
}
