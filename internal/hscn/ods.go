package hscn

import (
	"fmt"
	"regexp"
	"strings"
)

// odsCode admits every shape in use. Officially a code has 1 to 9 alphanumeric characters (NHS England, "Building
// healthcare software: organisations and services"), the NHS Data Dictionary gives the field 3 to 12; trusts have 3,
// practices 6, branch surgeries 9. A lower bound of 5, as some pipelines have it, would refuse every trust.
var odsCode = regexp.MustCompile(`^[A-Z0-9]{3,12}$`)

// CanonicalODSCode returns the one spelling of an ODS code (Organisation Data Service): without surrounding space and
// in upper case. Registers disagree in spelling (the DSPT export has codes in lower case), so codes are compared in
// this form only. It does not check the code.
func CanonicalODSCode(s string) string {
	return asciiUpper(strings.TrimSpace(s))
}

// ValidateODSCode reports whether s, in its canonical form, has the form of an ODS code: 3 to 12 characters of A-Z and
// 0-9. Whether such an organisation exists is for a directory to say. The error is a *FormatError.
func ValidateODSCode(s string) error {
	canonical := CanonicalODSCode(s)
	if canonical == "" {
		return &FormatError{
			Word: "ODS code", Value: s,
			Problem: "is empty: a code has 3 to 12 letters and digits, such as A1B2C",
		}
	}
	if odsCode.MatchString(canonical) {
		return nil
	}
	position := 0
	for _, r := range canonical {
		position++
		if (r < 'A' || 'Z' < r) && (r < '0' || '9' < r) {
			return &FormatError{
				Word: "ODS code", Value: s,
				Problem: fmt.Sprintf("has %q as character %d: only letters A-Z and digits are allowed", r, position),
			}
		}
	}
	return &FormatError{
		Word: "ODS code", Value: s,
		Problem: fmt.Sprintf("has %s: a code has 3 to 12, such as A1B2C", characters(position)),
	}
}
