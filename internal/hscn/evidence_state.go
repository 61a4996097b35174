package hscn

import "slices"

// EvidenceState is where a signed copy of an HSCN Connection Agreement stands.
type EvidenceState string

const (
	// EvidenceReceived waits for a person at the cloud service provider to validate it.
	EvidenceReceived EvidenceState = "received"
	// EvidenceValidated was validated: access can rest on it.
	EvidenceValidated EvidenceState = "validated"
	// EvidenceRefused is final: a person refused it, with a reason.
	EvidenceRefused EvidenceState = "refused"
	// EvidenceCeased is final: its owner took it back.
	EvidenceCeased EvidenceState = "ceased"
)

// EvidenceStates returns every state of evidence.
func EvidenceStates() []EvidenceState {
	return []EvidenceState{EvidenceReceived, EvidenceValidated, EvidenceRefused, EvidenceCeased}
}

// Known reports whether s is one of EvidenceStates. A back end newer than the client may answer others; of those Holds,
// WaitsForPerson and Final say no.
func (s EvidenceState) Known() bool { return slices.Contains(EvidenceStates(), s) }

// Holds reports whether evidence in this state lives: it has its name, and a connection may name it.
func (s EvidenceState) Holds() bool { return s == EvidenceReceived || s == EvidenceValidated }

// WaitsForPerson reports whether evidence in this state goes on only when a person acts: LeftBy.
func (s EvidenceState) WaitsForPerson() bool { return s == EvidenceReceived }

// LeftBy returns who takes evidence out of this state, as a phrase for a sentence such as "this waits for the operator";
// empty where it waits for nothing.
func (s EvidenceState) LeftBy() string {
	if s == EvidenceReceived {
		return "a person at the cloud service provider who validates it"
	}
	return ""
}

// Final reports whether evidence in this state stays in it for ever.
func (s EvidenceState) Final() bool { return s == EvidenceRefused || s == EvidenceCeased }
