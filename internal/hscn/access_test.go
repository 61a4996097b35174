package hscn_test

import (
	"slices"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// The words are the interface of the API and of configurations, so the test spells them out.
func TestWords(t *testing.T) {
	t.Parallel()
	checkWords(t, hscn.AgreementBases(), hscn.AgreementBasis.Valid, "connection_agreement", "flow_down")
	checkWords(t, hscn.Accesses(), hscn.Access.Valid, "shared_link", "dedicated_circuit")
	checkWords(t, hscn.Purposes(), hscn.Purpose.Valid, "production", "proof_of_concept", "readiness_test")
	checkWords(t, hscn.Fulfilments(), hscn.Fulfilment.Valid, "csp", "customer")
	checkWords(t, hscn.WaitFors(), hscn.WaitFor.Valid, "accepted", "active")
}

func checkWords[W ~string](t *testing.T, got []W, valid func(W) bool, want ...W) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("words are %q, want %q", got, want)
	}
	for _, w := range want {
		if !valid(w) {
			t.Errorf("%q is not valid", w)
		}
	}
	for _, w := range []W{"", want[0] + " ", "Shared_Link", "none"} {
		if valid(w) {
			t.Errorf("%q is valid", w)
		}
	}
}
