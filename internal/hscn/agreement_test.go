package hscn_test

import (
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func TestIsAPIOnboardingReference(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"CNTR0001234":   true,
		" cntr0001234 ": true,
		"CNTR000123":    false,
		"CNTR00012345":  false,
		"CNTR-0001234":  false,
		"XCNTR0001234":  false,
		"HSCN-2026-17":  false,
		"":              false,
	} {
		if got := hscn.IsAPIOnboardingReference(s); got != want {
			t.Errorf("IsAPIOnboardingReference(%q) = %t, want %t", s, got, want)
		}
	}
}

func TestFirstAgreementDate(t *testing.T) {
	t.Parallel()
	if got := hscn.FirstAgreementDate().String(); got != "2017-04-01" {
		t.Errorf("FirstAgreementDate() = %s, want 2017-04-01", got)
	}
}
