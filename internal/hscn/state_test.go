package hscn_test

import (
	"slices"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// stateExpectation is a row of the table of states as the design lays it down, column by column.
type stateExpectation struct {
	state          hscn.State
	connection     bool
	edge           bool
	leftBy         string
	waitsForPerson bool
	holds          bool
	billing        hscn.Billing
	passesTraffic  bool
	final          bool
}

func stateExpectations() []stateExpectation {
	const (
		never       = hscn.BilledNever
		enablement  = hscn.BilledFromEnablement
		commitment  = hscn.BilledToCommitmentEnd
		operator    = "the operator"
		authority   = "the HSCN Authority's answer, recorded by the operator"
		quote       = "the operator, then the customer's acceptance"
		evidence    = "the operator, or the fact that arrives"
		approver    = "a person who may approve"
		connection  = "the connection becoming active"
		confirmed   = "the confirmation that it works"
		removed     = "the confirmation of its removal"
		destruction = "its owner's destroy"
	)
	return []stateExpectation{
		{state: "pending_verification", connection: true, edge: true, leftBy: operator, waitsForPerson: true, holds: true, billing: never},
		{state: "pending_evidence", connection: true, leftBy: evidence, waitsForPerson: true, holds: true, billing: never},
		{state: "pending_quote", connection: true, leftBy: quote, waitsForPerson: true, holds: true, billing: never},
		{state: "pending_approval", connection: true, leftBy: approver, waitsForPerson: true, holds: true, billing: never},
		{state: "awaiting_authority", connection: true, leftBy: authority, waitsForPerson: true, holds: true, billing: never},
		{state: "pending_connection", edge: true, leftBy: connection, holds: true, billing: never},
		{state: "provisioning", connection: true, edge: true, leftBy: confirmed, holds: true, billing: never},
		{state: "awaiting_fulfilment", connection: true, edge: true, leftBy: operator, waitsForPerson: true, holds: true, billing: never},
		{state: "active", connection: true, edge: true, holds: true, billing: enablement, passesTraffic: true},
		{state: "restricted", connection: true, edge: true, leftBy: operator, waitsForPerson: true, holds: true, billing: enablement},
		{state: "failed", connection: true, edge: true, leftBy: operator, waitsForPerson: true, holds: true, billing: never},
		{state: "terminated", connection: true, edge: true, leftBy: destruction, waitsForPerson: true, holds: true, billing: commitment},
		{state: "refused", connection: true, edge: true, billing: never, final: true},
		{state: "ceasing", connection: true, edge: true, leftBy: removed, billing: commitment},
		{state: "ceased", connection: true, edge: true, billing: commitment, final: true},
	}
}

func TestStateTable(t *testing.T) {
	t.Parallel()
	var connections, edges []hscn.State
	for _, want := range stateExpectations() {
		if want.connection {
			connections = append(connections, want.state)
		}
		if want.edge {
			edges = append(edges, want.state)
		}
		t.Run(string(want.state), func(t *testing.T) {
			t.Parallel()
			s := want.state
			if !s.Known() {
				t.Error("not known")
			}
			if got := s.LeftBy(); got != want.leftBy {
				t.Errorf("LeftBy() = %q, want %q", got, want.leftBy)
			}
			if got := s.WaitsForPerson(); got != want.waitsForPerson {
				t.Errorf("WaitsForPerson() = %t, want %t", got, want.waitsForPerson)
			}
			if got := s.Holds(); got != want.holds {
				t.Errorf("Holds() = %t, want %t", got, want.holds)
			}
			if got := s.Billing(); got != want.billing {
				t.Errorf("Billing() = %q, want %q", got, want.billing)
			}
			if got := s.PassesTraffic(); got != want.passesTraffic {
				t.Errorf("PassesTraffic() = %t, want %t", got, want.passesTraffic)
			}
			if got := s.Final(); got != want.final {
				t.Errorf("Final() = %t, want %t", got, want.final)
			}
		})
	}
	if got := hscn.ConnectionStates(); !slices.Equal(got, connections) {
		t.Errorf("ConnectionStates() = %q, want %q", got, connections)
	}
	if got := hscn.EdgeAttachmentStates(); !slices.Equal(got, edges) {
		t.Errorf("EdgeAttachmentStates() = %q, want %q", got, edges)
	}
}

// The laws that every row obeys, whatever is added to the table.
func TestStateLaws(t *testing.T) {
	t.Parallel()
	for _, s := range slices.Concat(hscn.ConnectionStates(), hscn.EdgeAttachmentStates()) {
		if s.WaitsForPerson() && s.LeftBy() == "" {
			t.Errorf("%s waits for a person, and LeftBy does not say for whom", s)
		}
		if s.Final() && (s.Holds() || s.LeftBy() != "") {
			t.Errorf("%s is final, and holds something or can be left", s)
		}
		if s.PassesTraffic() != (s == hscn.StateActive) {
			t.Errorf("%s: only what is active passes traffic", s)
		}
	}
}

func TestUnknownStateSaysNo(t *testing.T) {
	t.Parallel()
	for _, s := range []hscn.State{"", "hibernating", "ACTIVE"} {
		if s.Known() || s.Holds() || s.PassesTraffic() || s.WaitsForPerson() || s.Final() || s.LeftBy() != "" || s.Billing() != hscn.BilledNever {
			t.Errorf("state %q says yes to something", s)
		}
	}
}
