package hscn_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func TestValidateODSCode(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		code string
		want []string
	}{
		"trust":               {code: "R0A"},
		"new form ANANA":      {code: "A1B2C"},
		"practice":            {code: "A20047"},
		"branch surgery":      {code: "K81003001"},
		"longest":             {code: "ABCDEF123456"},
		"lower case":          {code: "8j561"},
		"surrounding space":   {code: "\t a1b2c\n"},
		"empty":               {code: "", want: []string{"is empty", "3 to 12"}},
		"only space":          {code: "  ", want: []string{"is empty"}},
		"two characters":      {code: "R0", want: []string{"has 2 characters: a code has 3 to 12"}},
		"thirteen characters": {code: "ABCDEF1234567", want: []string{"has 13 characters"}},
		"inner space":         {code: "A1 B2C", want: []string{"has ' ' as character 3"}},
		"hyphen":              {code: "A1-B2", want: []string{"has '-' as character 3"}},
		"dotless i":           {code: "ı23", want: []string{"has 'ı' as character 1"}},
		"long s":              {code: "A1ſ", want: []string{"has 'ſ' as character 3"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := hscn.ValidateODSCode(tt.code)
			if tt.want == nil {
				if err != nil {
					t.Errorf("ValidateODSCode(%q) = %v, want nil", tt.code, err)
				}
				return
			}
			wantFormatError(t, err, tt.code, append(tt.want, "ODS code")...)
		})
	}
}

func TestCanonicalODSCode(t *testing.T) {
	t.Parallel()
	if got, want := hscn.CanonicalODSCode(" a1b2c "), "A1B2C"; got != want {
		t.Errorf("CanonicalODSCode = %q, want %q", got, want)
	}
	rapid.Check(t, func(t *rapid.T) {
		anything := rapid.String().Draw(t, "anything")
		canonical := hscn.CanonicalODSCode(anything)
		if again := hscn.CanonicalODSCode(canonical); again != canonical {
			t.Fatalf("CanonicalODSCode(%q) = %q, and of that %q", anything, canonical, again)
		}
		if (hscn.ValidateODSCode(anything) == nil) != (hscn.ValidateODSCode(canonical) == nil) {
			t.Fatalf("%q and its canonical form %q are judged differently", anything, canonical)
		}

		code := rapid.StringMatching(`[A-Z0-9]{3,12}`).Draw(t, "code")
		spelt := rapid.SampledFrom([]string{code, strings.ToLower(code), " " + code, code + "\n"}).Draw(t, "spelt")
		if got := hscn.CanonicalODSCode(spelt); got != code {
			t.Fatalf("CanonicalODSCode(%q) = %q, want %q", spelt, got, code)
		}
		if err := hscn.ValidateODSCode(spelt); err != nil {
			t.Fatalf("ValidateODSCode(%q) = %v", spelt, err)
		}
	})
}
