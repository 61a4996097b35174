package hscn_test

import (
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func TestInUKOrEEA(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		"GB": true, "gb": true, " uk ": true, "IE": true, "NO": true, "is": true, "LI": true, "GR": true, "MT": true,
		"CH": false, "US": false, "JE": false, "EU": false, "": false, "G": false, "GBR": false, "EL": false,
	} {
		if hscn.InUKOrEEA(code) != want {
			t.Errorf("%q: %t", code, !want)
		}
	}
}

func TestCanonicalCountry(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"uk": "GB", " ie": "IE", "GB": "GB", "": ""} {
		if got := hscn.CanonicalCountry(code); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
}
