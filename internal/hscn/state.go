package hscn

import "slices"

// State is where a connection or an edge attachment stands between its order and its end. The HSCN Authority may
// refuse, restrict or terminate a service (HSCN Mandatory Supplemental Terms, clause 1.2), hence those three.
type State string

// The states. Beside each stands who takes the object out of it.
const (
	// StatePendingVerification waits for the operator to confirm a binding: that the account may act for the
	// organisation, or that a gateway is what the order says.
	StatePendingVerification State = "pending_verification"
	// StatePendingEvidence waits for a fact that nobody has looked up yet, or for the operator who looks it up.
	StatePendingEvidence State = "pending_evidence"
	// StatePendingQuote waits for the operator's quote, then for the customer to accept it.
	StatePendingQuote State = "pending_quote"
	// StatePendingApproval waits for a person to approve.
	StatePendingApproval State = "pending_approval"
	// StateAwaitingAuthority waits for the HSCN Authority's answer, which the operator records.
	StateAwaitingAuthority State = "awaiting_authority"
	// StatePendingConnection is an edge's only: it waits for its connection to become active.
	StatePendingConnection State = "pending_connection"
	// StateProvisioning waits for a gateway driver's confirmation, or for the time at which to activate.
	StateProvisioning State = "provisioning"
	// StateAwaitingFulfilment waits for the operator, who fulfils by hand.
	StateAwaitingFulfilment State = "awaiting_fulfilment"
	// StateActive is confirmed to work. Only its owner or the operator takes it elsewhere.
	StateActive State = "active"
	// StateRestricted was stopped for a while; when the operator lifts it, exactly what was comes back.
	StateRestricted State = "restricted"
	// StateFailed could not be fulfilled; the operator decides what next.
	StateFailed State = "failed"
	// StateTerminated was ended against its owner's will; the owner destroys it.
	StateTerminated State = "terminated"
	// StateRefused is final: the order was turned down.
	StateRefused State = "refused"
	// StateCeasing was deleted and waits for its removal to be confirmed.
	StateCeasing State = "ceasing"
	// StateCeased is final: the removal is confirmed.
	StateCeased State = "ceased"
)

// Billing says whether a connection in a state is charged for. The connection is the billed unit: edges are not.
type Billing string

const (
	// BilledNever is charged for nothing.
	BilledNever Billing = "never"
	// BilledFromEnablement is charged for from the moment at which the connection was enabled.
	BilledFromEnablement Billing = "from_enablement"
	// BilledToCommitmentEnd is charged for until the commitment ends (HSCN connectivity FAQ, UKCloud, 2021: at least one
	// month).
	BilledToCommitmentEnd Billing = "to_commitment_end"
)

// stateRow is what a state means, one row of the table below.
type stateRow struct {
	state       State
	connection  bool   // a connection can be in it
	edge        bool   // an edge attachment can be in it
	leftBy      string // who takes the object out of it; empty where nobody need
	needsPerson bool   // only a person can
	holds       bool
	billing     Billing
	traffic     bool
	final       bool
}

var stateTable = []stateRow{
	{
		state: StatePendingVerification, connection: true, edge: true,
		leftBy: "the operator", needsPerson: true, holds: true, billing: BilledNever,
	},
	{
		state: StatePendingEvidence, connection: true,
		leftBy: "the operator, or the fact that arrives", needsPerson: true, holds: true, billing: BilledNever,
	},
	{
		state: StatePendingQuote, connection: true,
		leftBy: "the operator, then the customer's acceptance", needsPerson: true, holds: true, billing: BilledNever,
	},
	{
		state: StatePendingApproval, connection: true,
		leftBy: "a person who may approve", needsPerson: true, holds: true, billing: BilledNever,
	},
	{
		state: StateAwaitingAuthority, connection: true,
		leftBy: "the HSCN Authority's answer, recorded by the operator", needsPerson: true, holds: true, billing: BilledNever,
	},
	{
		state: StatePendingConnection, edge: true,
		leftBy: "the connection becoming active", holds: true, billing: BilledNever,
	},
	{
		state: StateProvisioning, connection: true, edge: true,
		leftBy: "the confirmation that it works", holds: true, billing: BilledNever,
	},
	{
		state: StateAwaitingFulfilment, connection: true, edge: true,
		leftBy: "the operator", needsPerson: true, holds: true, billing: BilledNever,
	},
	{
		state: StateActive, connection: true, edge: true,
		holds: true, billing: BilledFromEnablement, traffic: true,
	},
	{
		state: StateRestricted, connection: true, edge: true,
		leftBy: "the operator", needsPerson: true, holds: true, billing: BilledFromEnablement,
	},
	{
		state: StateFailed, connection: true, edge: true,
		leftBy: "the operator", needsPerson: true, holds: true, billing: BilledNever,
	},
	{
		state: StateTerminated, connection: true, edge: true,
		leftBy: "its owner's destroy", needsPerson: true, holds: true, billing: BilledToCommitmentEnd,
	},
	{
		state: StateRefused, connection: true, edge: true,
		billing: BilledNever, final: true,
	},
	{
		state: StateCeasing, connection: true, edge: true,
		leftBy: "the confirmation of its removal", billing: BilledToCommitmentEnd,
	},
	{
		state: StateCeased, connection: true, edge: true,
		billing: BilledToCommitmentEnd, final: true,
	},
}

// ConnectionStates returns every state that a connection can be in.
func ConnectionStates() []State { return statesWhere(func(r stateRow) bool { return r.connection }) }

// EdgeAttachmentStates returns every state that an edge attachment can be in.
func EdgeAttachmentStates() []State { return statesWhere(func(r stateRow) bool { return r.edge }) }

func statesWhere(include func(stateRow) bool) []State {
	var states []State
	for _, r := range stateTable {
		if include(r) {
			states = append(states, r.state)
		}
	}
	return states
}

// row returns the state's row, and for an unknown state one in which nothing is true.
func (s State) row() stateRow {
	if i := slices.IndexFunc(stateTable, func(r stateRow) bool { return r.state == s }); i >= 0 {
		return stateTable[i]
	}
	return stateRow{billing: BilledNever}
}

// Known reports whether s is a state of this package. A back end newer than the client may answer others; of those the
// other methods say no to everything, so ask this first where that matters.
func (s State) Known() bool { return s.row().state != "" }

// Holds reports whether an object in this state holds its name, its place on the service or gateway, and its addresses.
func (s State) Holds() bool { return s.row().holds }

// PassesTraffic reports whether the effective rule set of an object in this state lets anything through. In every other
// state it is to drop everything, or there is none yet.
func (s State) PassesTraffic() bool { return s.row().traffic }

// WaitsForPerson reports whether an object in this state goes on only when a person acts, so that a program that waits
// must stop and say who: LeftBy. Of an edge in StatePendingConnection its connection's state decides.
func (s State) WaitsForPerson() bool { return s.row().needsPerson }

// LeftBy returns who or what takes an object out of this state, as a phrase for a sentence such as "this waits for the
// operator". It is empty where the object waits for nothing.
func (s State) LeftBy() string { return s.row().leftBy }

// Final reports whether an object in this state stays in it for ever.
func (s State) Final() bool { return s.row().final }

// Billing returns whether a connection in this state is charged for.
func (s State) Billing() Billing { return s.row().billing }
