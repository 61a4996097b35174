package ledger_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/ledger"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// TestLimit has two edge attachments at the most, and says what the last call is told.
func TestLimit(t *testing.T) {
	t.Parallel()
	web, api, mail, chat := edge("web"), edge("api"), edge("mail"), edge("chat")
	remake, remade := replace(web, web)
	rename, renamed := replace(web, chat)
	tests := map[string]struct {
		listing map[string]rules.Declared
		calls   []ledger.Call
		want    *ledger.Violation
	}{
		"as many as there may be": {
			listing: holding("web"), calls: []ledger.Call{keep(web), create(api)},
		},
		"too many are added": {
			listing: holding(), calls: []ledger.Call{create(web), create(api), create(mail)},
			want: &ledger.Violation{Certain: true, Added: []string{api, mail, web}},
		},
		"too many are added, and the listing cannot be had": {
			calls: []ledger.Call{create(web), create(api), create(mail)},
			want:  &ledger.Violation{Certain: true, Added: []string{api, mail, web}},
		},
		"too many are kept and added": {
			listing: holding("web", "api"), calls: []ledger.Call{keep(web), keep(api), create(mail)},
			want: &ledger.Violation{Certain: true, Added: []string{mail}, Kept: []string{api, web}},
		},
		"an unchanged object completes it": {
			listing: holding("web", "api"), calls: []ledger.Call{keep(web), create(mail), keep(api)},
			want: &ledger.Violation{Certain: true, Added: []string{mail}, Kept: []string{api, web}},
		},
		"an unchanged object comes after it was reported": {
			listing: holding("web", "api", "chat"), calls: []ledger.Call{keep(web), keep(api), create(mail), keep(chat)},
		},
		"another new object comes after it was reported": {
			listing: holding("web", "api"), calls: []ledger.Call{keep(web), keep(api), create(mail), create(chat)},
			want: &ledger.Violation{Certain: true, Added: []string{chat, mail}, Kept: []string{api, web}},
		},
		"too many are kept and none is added": {
			listing: holding("web", "api", "mail"), calls: []ledger.Call{keep(web), keep(api), keep(mail)},
		},
		"what is kept is gone from the broker": {
			listing: holding("web"), calls: []ledger.Call{keep(web), keep(api), create(mail)},
		},
		"what is kept may be anything where the listing cannot be had": {
			calls: []ledger.Call{keep(web), keep(api), create(mail)},
		},
		"one is added that the plan removes another for": {
			listing: holding("web", "api"), calls: []ledger.Call{keep(web), destroy(api), create(mail)},
			want: &ledger.Violation{Added: []string{mail}, Kept: []string{web}, Removed: []string{api}},
		},
		"the broker has what the plan does not show": {
			listing: holding("web", "api"), calls: []ledger.Call{keep(web), create(mail)},
			want: &ledger.Violation{Added: []string{mail}, Kept: []string{web}, Unseen: []string{api}},
		},
		"a replacement under its own name counts once": {
			listing: holding("web", "api"), calls: []ledger.Call{keep(api), remake, remade},
		},
		"a rename warns in its first call": {
			listing: holding("web", "api"), calls: []ledger.Call{keep(api), rename},
			want: &ledger.Violation{Added: []string{chat}, Kept: []string{api}, Removed: []string{web}},
		},
		"a rename that other objects leave no room for": {
			listing: holding("web", "api"), calls: []ledger.Call{keep(api), create(mail), rename, renamed},
			want: &ledger.Violation{Certain: true, Added: []string{chat, mail}, Kept: []string{api}},
		},
		"children of another parent": {
			listing: holding("web", "api"), calls: []ledger.Call{keep(web), keep(api), create("connections/test/edge-attachments/web")},
		},
		"names that are not known": {
			listing: holding("web", "api"), calls: []ledger.Call{keep(web), keep(api), {Planned: rules.UnknownValue[string]()}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRun(test.listing)
			r.limit.Most = 2
			// What is in state is seen before any of it is planned.
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
			expect(t, "the last call", reports, limited)
			if got := violationOf(reports, limited); !reflect.DeepEqual(got, test.want) {
				t.Errorf("the violation is %+v, want %+v", got, test.want)
			}
		})
	}
}

// violationOf is the violation that a rule's report has, or nil.
func violationOf(reports []report, rule string) *ledger.Violation {
	for _, r := range reports {
		if r.rule == rule {
			return r.violation
		}
	}
	return nil
}

// TestLimitCounts: only some objects fall under a limit, and several kinds can share it.
func TestLimitCounts(t *testing.T) {
	t.Parallel()
	const allocations rules.Kind = "ip_allocation"
	l := ledger.New()
	limit := ledger.Limit{
		Rule: "address.limit", Kinds: []rules.Kind{edges, allocations}, Most: 2,
		Counts: func(kind rules.Kind, declared rules.Declared) bool {
			by, known := declared.Text("allocated_by").Get()
			return kind == edges || known && by == "csp"
		},
	}
	l.Planned(ledger.Call{Kind: edges, Planned: rules.Known(edge("web"))})
	for i, by := range []any{"nhs_ipam", rules.Unknown, "csp", "nhs_ipam", "csp"} {
		name := fmt.Sprintf("connections/records/ip-allocations/a%d", i)
		l.Planned(ledger.Call{Kind: allocations, Planned: rules.Known(name), Declared: rules.Declared{"allocated_by": by}})
		violation := l.Exceeded(limit, name)
		if want := i == 4; (violation != nil) != want {
			t.Errorf("allocation %d by %v: the violation is %+v", i, by, violation)
		}
	}
	if violation := l.Exceeded(limit, "connections/records/ip-allocations/a3"); violation == nil {
		return
	}
	t.Error("an allocation that does not count is told of the limit again")
}
