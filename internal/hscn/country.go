package hscn

import "strings"

// eea are the members of the European Economic Area beside the UK, which left it, as ISO 3166-1 alpha-2 codes: those of
// the European Union, with Iceland, Liechtenstein and Norway.
var eea = []string{
	"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MT",
	"NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
}

// CanonicalCountry returns the one spelling of a country's ISO 3166-1 alpha-2 code: in capitals, and "GB" also where
// somebody wrote "UK", which the standard reserves for it.
func CanonicalCountry(code string) string {
	code = strings.ToUpper(strings.TrimSpace(code))
	if code == "UK" {
		return "GB"
	}
	return code
}

// InUKOrEEA reports whether a country is the UK or a member of the European Economic Area, where data that crosses HSCN
// may be held (NHS Digital, "HSCN private IT service provider: connecting from outside of England's borders policy",
// 2018). The code is an ISO 3166-1 alpha-2 code in whatever spelling.
func InUKOrEEA(code string) bool {
	code = CanonicalCountry(code)
	return code == "GB" || contains(eea, code)
}
