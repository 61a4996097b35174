package ledger_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/ledger"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// edges is the kind that most tests are about.
const edges = rules.KindEdgeAttachment

// edge is the full name of an edge attachment of the connection "records".
func edge(name string) string { return hscn.EdgeAttachmentName("records", name) }

// gateway is what an edge attachment declares; "?" is a gateway that is not known yet.
func gateway(id string) rules.Declared {
	if id == "?" {
		return rules.Declared{"gateway_id": rules.Unknown}
	}
	return rules.Declared{"gateway_id": id}
}

// sameGateway is the pair of rule edge.already-attached.
func sameGateway(a, b ledger.Object) bool {
	one, known := a.Declared.Text("gateway_id").Get()
	other, otherKnown := b.Declared.Text("gateway_id").Get()
	return known && otherKnown && one == other
}

// The rules that a run judges.
const (
	duplicate = "name.duplicate"
	moved     = "name.moved"
	taken     = "name.taken"
	attached  = "edge.already-attached"
	limited   = "test.limit"
)

// report is what one call is told of one rule.
type report struct {
	rule, name string
	// violation is nil for the rules of names, which are always certain.
	violation *ledger.Violation
}

func (r report) certain() bool { return r.violation == nil || r.violation.Certain }

// run is what one Configure makes: it calls a ledger as the package comment tells the provider to.
type run struct {
	ledger *ledger.Ledger
	limit  ledger.Limit
	// listing is what the broker has; nil where it cannot be had.
	listing map[string]rules.Declared
	list    sync.Once

	mu      sync.Mutex
	reports []report
}

// newRun makes a run over edge attachments, with what the broker has by full name, or nil.
func newRun(listing map[string]rules.Declared) *run {
	return &run{
		ledger:  ledger.New(),
		limit:   ledger.Limit{Rule: limited, Kinds: []rules.Kind{edges}, Most: 1000},
		listing: listing,
	}
}

// holding is a listing of edge attachments, by own name, without any values.
func holding(names ...string) map[string]rules.Declared {
	listing := make(map[string]rules.Declared)
	for _, name := range names {
		listing[edge(name)] = nil
	}
	return listing
}

func (r *run) inState(names ...string) {
	for _, name := range names {
		r.ledger.InState(edges, name)
	}
}

func (r *run) gone(name string) []report {
	r.ledger.Gone(edges, name)
	r.fetch()
	return r.told(r.names(name))
}

// plan is one planning call.
func (r *run) plan(call ledger.Call) (ledger.Meaning, []report) {
	call.Kind = edges
	meaning := r.ledger.Planned(call)
	r.fetch()
	planned, named := call.Planned.Get()
	reports := r.names(call.State)
	if !named {
		return meaning, r.told(reports)
	}
	if planned != call.State {
		reports = append(reports, r.names(planned)...)
	}
	if violation := r.ledger.Exceeded(r.limit, planned); violation != nil {
		reports = append(reports, report{limited, planned, violation})
	}
	if violation := r.ledger.Conflicting(edges, planned, sameGateway); violation != nil {
		reports = append(reports, report{attached, planned, violation})
	}
	return meaning, r.told(reports)
}

// fetch hands the listing in, at first need.
func (r *run) fetch() {
	if r.ledger.Asked(edges) && r.listing != nil {
		r.list.Do(func() { r.ledger.Listed(edges, r.listing) })
	}
}

func (r *run) names(name string) []report {
	var reports []report
	for rule, broken := range map[string]func(rules.Kind, string) bool{
		duplicate: r.ledger.Duplicate, moved: r.ledger.Moved, taken: r.ledger.Taken,
	} {
		if broken(edges, name) {
			reports = append(reports, report{rule: rule, name: name})
		}
	}
	return reports
}

func (r *run) told(reports []report) []report {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports = append(r.reports, reports...)
	return reports
}

// create, keep and destroy are the calls of most tests, with a gateway where it matters.
func create(name string, declared ...rules.Declared) ledger.Call {
	return ledger.Call{Planned: rules.Known(name), Declared: first(declared)}
}

func keep(name string, declared ...rules.Declared) ledger.Call {
	return ledger.Call{State: name, Planned: rules.Known(name), Declared: first(declared)}
}

func destroy(name string) ledger.Call { return ledger.Call{State: name} }

// replace are the two calls of a replacement, under the same name or another.
func replace(name, other string, declared ...rules.Declared) (ledger.Call, ledger.Call) {
	return ledger.Call{State: name, Planned: rules.Known(other), Declared: first(declared), Asks: true},
		ledger.Call{Planned: rules.Known(other), Prior: name, Declared: first(declared)}
}

// calls puts the calls of a replacement into one list.
func calls(first, second ledger.Call) []ledger.Call { return []ledger.Call{first, second} }

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }

func first(declared []rules.Declared) rules.Declared {
	if len(declared) == 0 {
		return nil
	}
	return declared[0]
}

// ruleIDs are the rules of reports, each once, sorted.
func ruleIDs(reports []report) []string {
	ids := make([]string, 0, len(reports))
	for _, r := range reports {
		ids = append(ids, r.rule)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// expect says which rules a call must report.
func expect(t *testing.T, what string, reports []report, want ...string) {
	t.Helper()
	if got := ruleIDs(reports); !slices.Equal(got, want) {
		t.Errorf("%s reports %q, want %q", what, got, want)
	}
}
