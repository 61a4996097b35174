package hscn_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func TestValidateEmail(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		email string
		want  string // part of the error; empty for a valid address
	}{
		"plain":                    {email: "sponsor@example.nhs.uk"},
		"upper case":               {email: "Sponsor@Example.NHS.uk"},
		"surrounding space":        {email: " sponsor@example.nhs.uk "},
		"plus and dots":            {email: "a.b+hscn@x.org"},
		"apostrophe":               {email: "o'neill@example.nhs.uk"},
		"hyphen in domain":         {email: "a@my-trust.nhs.uk"},
		"empty":                    {email: "", want: "is empty"},
		"no at":                    {email: "sponsor.example.nhs.uk", want: "has no @"},
		"two ats":                  {email: "a@b@example.org", want: "more than one @"},
		"quoted at":                {email: `"a@b"@example.org`, want: "more than one @"},
		"no local part":            {email: "@example.org", want: "nothing in front of the @"},
		"no domain":                {email: "a@", want: "no dot after the @"},
		"no dot":                   {email: "a@localhost", want: "no dot after the @"},
		"display name":             {email: "Sponsor <sponsor@example.org>", want: "leave out the display name"},
		"brackets":                 {email: "<sponsor@example.org>", want: "angle brackets"},
		"comment":                  {email: "sponsor@example.org (the boss)", want: "no valid domain"},
		"comment in front":         {email: "(boss)sponsor@example.org", want: "not a plain address"},
		"list":                     {email: "a@example.org, b@example.org", want: "more than one @"},
		"quoted local part":        {email: `"a b"@example.org`, want: "not a plain address"},
		"space in local part":      {email: "a b@example.org", want: "not a plain address"},
		"double dot":               {email: "a..b@example.org", want: "not a plain address"},
		"double dot in domain":     {email: "a@example..org", want: "no valid domain"},
		"trailing dot":             {email: "a@example.org.", want: "no valid domain"},
		"hyphen ends label":        {email: "a@example-.org", want: "no valid domain"},
		"address literal":          {email: "a@[192.0.2.1]", want: "no valid domain"},
		"letters beyond ASCII":     {email: "zoë@example.org", want: "not plain ASCII"},
		"domain beyond ASCII":      {email: "zoe@exämple.org", want: "no valid domain"},
		"line break":               {email: "a\r\nbcc: b@example.org", want: "not plain ASCII"},
		"too long":                 {email: strings.Repeat("a", 250) + "@x.org", want: "at most 254"},
		"API onboarding reference": {email: "CNTR0001234", want: "has no @"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := hscn.ValidateEmail(tt.email)
			if tt.want == "" {
				if err != nil {
					t.Errorf("ValidateEmail(%q) = %v, want nil", tt.email, err)
				}
				return
			}
			wantFormatError(t, err, tt.email, "e-mail address", tt.want)
		})
	}
}

func TestCanonicalEmail(t *testing.T) {
	t.Parallel()
	if got, want := hscn.CanonicalEmail(" Sponsor@Example.NHS.uk\n"), "sponsor@example.nhs.uk"; got != want {
		t.Errorf("CanonicalEmail = %q, want %q", got, want)
	}
	if kelvin := "\u212aate@example.org"; hscn.CanonicalEmail(kelvin) == "kate@example.org" {
		t.Error("a letter of another block became a Latin one")
	}
	rapid.Check(t, func(t *rapid.T) {
		email := rapid.StringMatching(`[A-Za-z0-9+]{1,12}@[A-Za-z0-9]{1,12}\.[A-Za-z]{2,6}`).Draw(t, "email")
		canonical := hscn.CanonicalEmail(email)
		if err := hscn.ValidateEmail(email); err != nil {
			t.Fatalf("ValidateEmail(%q) = %v", email, err)
		}
		if canonical != strings.ToLower(email) || hscn.CanonicalEmail(canonical) != canonical {
			t.Fatalf("CanonicalEmail(%q) = %q", email, canonical)
		}
		anything := rapid.String().Draw(t, "anything")
		if hscn.ValidateEmail(anything) == nil && strings.Count(anything, "@") != 1 {
			t.Fatalf("ValidateEmail(%q) = nil", anything)
		}
	})
}
