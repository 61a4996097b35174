package ledger_test

import (
	"maps"
	"reflect"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/ledger"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// TestPair has gateways that can be attached once, and says what the last call is told.
func TestPair(t *testing.T) {
	t.Parallel()
	web, api, mail := edge("web"), edge("api"), edge("mail")
	elsewhere := "connections/test/edge-attachments/web"
	first, second := replace(web, web, gateway("g2"))
	rename, renamed := replace(web, mail, gateway("g1"))
	widened := func(name, id string) ledger.Call {
		return ledger.Call{State: name, Planned: rules.Known(name), Declared: gateway(id), Asks: true}
	}
	tests := map[string]struct {
		listing map[string]rules.Declared
		calls   []ledger.Call
		want    *ledger.Violation
	}{
		"two new ones on one gateway": {
			calls: []ledger.Call{create(web, gateway("g1")), create(api, gateway("g1"))},
			want:  &ledger.Violation{Certain: true, Added: []string{api, web}},
		},
		"two new ones on one gateway, of two connections": {
			calls: []ledger.Call{create(web, gateway("g1")), create(elsewhere, gateway("g1"))},
			want:  &ledger.Violation{Certain: true, Added: []string{web, elsewhere}},
		},
		"a third names all": {
			calls: []ledger.Call{create(web, gateway("g1")), create(api, gateway("g1")), create(mail, gateway("g1"))},
			want:  &ledger.Violation{Certain: true, Added: []string{api, mail, web}},
		},
		"two new ones on two gateways": {
			calls: []ledger.Call{create(web, gateway("g1")), create(api, gateway("g2"))},
		},
		"two new ones on gateways that are not known": {
			calls: []ledger.Call{create(web, gateway("?")), create(api, gateway("?"))},
		},
		"one that is kept": {
			listing: map[string]rules.Declared{web: gateway("g1")},
			calls:   []ledger.Call{keep(web), create(api, gateway("g1"))},
			want:    &ledger.Violation{Certain: true, Added: []string{api}, Kept: []string{web}},
		},
		"one that is kept completes it": {
			listing: map[string]rules.Declared{web: gateway("g1")},
			calls:   []ledger.Call{create(api, gateway("g1")), keep(web)},
			want:    &ledger.Violation{Certain: true, Added: []string{api}, Kept: []string{web}},
		},
		"one that is kept and the broker does not have": {
			listing: holding("api"),
			calls:   []ledger.Call{keep(web, gateway("g1")), create(mail, gateway("g1"))},
		},
		"one that is kept, where the listing cannot be had": {
			calls: []ledger.Call{keep(web, gateway("g1")), create(api, gateway("g1"))},
		},
		"planned values count, not those of before": {
			listing: map[string]rules.Declared{web: gateway("g1")},
			calls:   []ledger.Call{keep(web, gateway("g2")), create(api, gateway("g2"))},
			want:    &ledger.Violation{Certain: true, Added: []string{api}, Kept: []string{web}},
		},
		"a gateway that another leaves may have to be waited for": {
			listing: map[string]rules.Declared{web: gateway("g1")},
			calls:   []ledger.Call{keep(web, gateway("g2")), create(api, gateway("g1"))},
			want:    &ledger.Violation{Added: []string{api}, Kept: []string{web}},
		},
		"a gateway that the plan frees": {
			listing: map[string]rules.Declared{web: gateway("g1")},
			calls:   []ledger.Call{destroy(web), create(api, gateway("g1"))},
			want:    &ledger.Violation{Added: []string{api}, Removed: []string{web}},
		},
		"a gateway of something that the plan does not show": {
			listing: map[string]rules.Declared{web: gateway("g1")},
			calls:   []ledger.Call{create(api, gateway("g1"))},
			want:    &ledger.Violation{Added: []string{api}, Unseen: []string{web}},
		},
		"two that are kept have been in conflict all along": {
			listing: map[string]rules.Declared{web: gateway("g1"), api: gateway("g1")},
			calls:   []ledger.Call{create(mail, gateway("g2")), keep(web), keep(api)},
		},
		"one that is kept widens into a conflict": {
			listing: map[string]rules.Declared{web: gateway("g1"), api: gateway("g2")},
			calls:   []ledger.Call{keep(web), widened(api, "g1")},
			want:    &ledger.Violation{Certain: true, Changed: []string{api}, Kept: []string{web}},
		},
		"a replacement is not in conflict with itself": {
			listing: map[string]rules.Declared{web: gateway("g2")},
			calls:   []ledger.Call{first, second},
		},
		"a replacement takes the gateway of one that is kept": {
			listing: map[string]rules.Declared{web: gateway("g1"), api: gateway("g2")},
			calls:   []ledger.Call{keep(api), first},
			want:    &ledger.Violation{Certain: true, Changed: []string{web}, Kept: []string{api}},
		},
		"a rename warns in its first call of what it waits for": {
			listing: map[string]rules.Declared{web: gateway("g1")},
			calls:   []ledger.Call{rename},
			want:    &ledger.Violation{Added: []string{mail}, Removed: []string{web}},
		},
		"a rename is in conflict with a new one": {
			listing: map[string]rules.Declared{web: gateway("g3")},
			calls:   []ledger.Call{rename, create(api, gateway("g1")), renamed},
			want:    &ledger.Violation{Certain: true, Added: []string{api, mail}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRun(test.listing)
			for _, call := range test.calls {
				if call.State != "" {
					r.inState(call.State)
				}
			}
			var reports []report
			for _, call := range test.calls {
				_, reports = r.plan(call)
			}
			if test.want == nil {
				expect(t, "the last call", reports)
				return
			}
			expect(t, "the last call", reports, attached)
			if got := violationOf(reports, attached); !reflect.DeepEqual(got, test.want) {
				t.Errorf("the violation is %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestDeclared: rules ask what the plan makes of another object, such as an edge attachment of its connection.
func TestDeclared(t *testing.T) {
	t.Parallel()
	web, api, mail := edge("web"), edge("api"), edge("mail")
	r := newRun(map[string]rules.Declared{web: gateway("g1"), api: gateway("g2"), mail: gateway("g3")})
	r.plan(create(edge("new"), gateway("g4")))
	r.plan(keep(web))
	r.plan(keep(api, gateway("g5")))
	r.plan(destroy(mail))
	for name, want := range map[string]rules.Declared{
		edge("new"): gateway("g4"), web: gateway("g1"), api: gateway("g5"), mail: nil, edge("none"): nil,
	} {
		got, known := r.ledger.Declared(edges, name)
		if known != (want != nil) || known && !maps.Equal(got, want) {
			t.Errorf("%s declares %v (known: %t), want %v", name, got, known, want)
		}
	}
}
