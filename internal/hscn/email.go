package hscn

import (
	"net/mail"
	"regexp"
	"strings"
)

// maxEmailLength is the longest address that SMTP can carry in a path (RFC 5321, section 4.5.3.1.3, less the brackets).
const maxEmailLength = 254

// emailDomain is a host name of two labels or more (RFC 1123, section 2.1). Address literals are left out: mail to
// people goes to domains.
var emailDomain = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$`)

// CanonicalEmail returns the one spelling of an e-mail address: without surrounding space and in lower case. RFC 5321
// lets a host tell "A" from "a" in front of the @; none in use does, and people write both. It does not check the
// address.
func CanonicalEmail(s string) string {
	return asciiLower(strings.TrimSpace(s))
}

// ValidateEmail reports whether s, in its canonical form, is a plain address such as "sponsor@example.nhs.uk": an
// addr-spec (RFC 5322, section 3.4.1) in ASCII without display name, comment or quoting, and a domain with a dot.
// The error is a *FormatError.
func ValidateEmail(s string) error {
	invalid := func(problem string) error {
		return &FormatError{Word: "e-mail address", Value: s, Problem: problem}
	}
	canonical := CanonicalEmail(s)
	local, domain, found := strings.Cut(canonical, "@")
	switch {
	case canonical == "":
		return invalid("is empty: expected an address such as name@example.nhs.uk")
	case len(canonical) > maxEmailLength:
		return invalid("is too long: an address has at most 254 characters")
	case strings.ContainsAny(canonical, "<>"):
		return invalid("is more than an address: leave out the display name and the angle brackets")
	case !found:
		return invalid("has no @: expected an address such as name@example.nhs.uk")
	case strings.Contains(domain, "@"):
		return invalid("has more than one @: give one address")
	case local == "":
		return invalid("has nothing in front of the @")
	case !strings.Contains(domain, "."):
		return invalid("has no dot after the @: expected a domain such as example.nhs.uk")
	case !emailDomain.MatchString(domain):
		return invalid("has no valid domain after the @: expected letters, digits, hyphens and dots, such as example.nhs.uk")
	}
	for _, r := range canonical {
		if r > '~' || r < ' ' {
			return invalid("has a character that is not plain ASCII")
		}
	}
	// A quoted local part parses to another spelling than the one at hand, and so does a comment.
	if parsed, err := mail.ParseAddress(canonical); err != nil || parsed.Name != "" || parsed.Address != canonical {
		return invalid("is not a plain address such as name@example.nhs.uk")
	}
	return nil
}
