package dspt

import (
	"regexp"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// fileName is how the register names the file of an export, "DSPT search results 16_11_2023 10_04_31.csv", with what
// browsers make of the spaces.
var fileName = regexp.MustCompile(`(?i)DSPT[ _+]search[ _+]results[ _+]([0-9]{2}_[0-9]{2}_[0-9]{4})[ _+]([0-9]{2}_[0-9]{2}_[0-9]{2})`)

// ExportedAt returns when the export of that file name was made, which the register writes into the name by London's
// clocks, and whether the name says so.
func ExportedAt(name string) (time.Time, bool) {
	parts := fileName.FindStringSubmatch(name)
	if parts == nil {
		return time.Time{}, false
	}
	at, err := time.ParseInLocation("02_01_2006 15_04_05", parts[1]+" "+parts[2], hscn.London())
	return at, err == nil
}
