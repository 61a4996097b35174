package hscn_test

import (
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func TestEvidenceStates(t *testing.T) {
	t.Parallel()
	type row struct{ known, holds, waits, final bool }
	rows := map[hscn.EvidenceState]row{
		"received": {known: true, holds: true, waits: true}, "validated": {known: true, holds: true},
		"refused": {known: true, final: true}, "ceased": {known: true, final: true},
		"active": {}, "": {},
	}
	for state, want := range rows {
		if got := (row{state.Known(), state.Holds(), state.WaitsForPerson(), state.Final()}); got != want {
			t.Errorf("%q: %+v, want %+v", state, got, want)
		}
		if (state.LeftBy() != "") != want.waits {
			t.Errorf("%q is left by %q", state, state.LeftBy())
		}
	}
	for _, state := range hscn.EvidenceStates() {
		if _, listed := rows[state]; !listed {
			t.Errorf("%q is not expected", state)
		}
	}
	if len(hscn.EvidenceStates()) != 4 {
		t.Errorf("%v", hscn.EvidenceStates())
	}
}
