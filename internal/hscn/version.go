package hscn

import (
	"cmp"
	"regexp"
	"strings"
)

var documentVersion = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*$`)

// CompareDocumentVersions returns -1, 0 or 1 as version a of a document is older than, the same as or newer than
// version b. Versions are numbers separated by dots, with an optional leading "v", and are compared number by number:
// 9.2 is older than 11.0, and 11.10 newer than 11.9. A number that is left out is 0, so 11 is the same as 11.0. Terms
// that carry the HSCN Connection Agreement by flow-down do so from one version on ("MSA v11.0 or later", HSCN
// connectivity FAQ, UKCloud, 2021). The error is a *FormatError.
func CompareDocumentVersions(a, b string) (int, error) {
	as, err := versionComponents(a)
	if err != nil {
		return 0, err
	}
	bs, err := versionComponents(b)
	if err != nil {
		return 0, err
	}
	for i := range max(len(as), len(bs)) {
		if c := compareNumerals(component(as, i), component(bs, i)); c != 0 {
			return c, nil
		}
	}
	return 0, nil
}

func versionComponents(s string) ([]string, error) {
	trimmed := strings.TrimPrefix(asciiLower(strings.TrimSpace(s)), "v")
	if !documentVersion.MatchString(trimmed) {
		return nil, &FormatError{
			Word: "document version", Value: s,
			Problem: "is not a row of numbers separated by dots, such as 11.0",
		}
	}
	return strings.Split(trimmed, "."), nil
}

// component returns the i-th number without leading zeros, so that 0 is the empty string, and so is what is left out.
func component(components []string, i int) string {
	if i >= len(components) {
		return ""
	}
	return strings.TrimLeft(components[i], "0")
}

// compareNumerals compares numbers of any length as text: the longer is the greater.
func compareNumerals(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
