package hscn

import (
	"strings"
	"testing"
)

func TestHasPDFHeader(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]bool{
		"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n":          true,
		"\ufeff\n%PDF-1.4":                       true,
		strings.Repeat(" ", 1019) + "%PDF-1.4":   true,
		strings.Repeat(" ", 1020) + "%PDF-1.4":   false,
		"":                                       false,
		"%PDF":                                   false,
		"PK\x03\x04 a word processor's document": false,
		"<html>please sign in to see %pdf-1.4</html>": false,
	} {
		if got := HasPDFHeader([]byte(content)); got != want {
			t.Errorf("of %.40q it says %t", content, got)
		}
	}
}

func TestHasPDFEnd(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]bool{
		"%PDF-1.7\n%%EOF":                      true,
		"%PDF-1.7\n%%EOF\r\n\r\n":              true,
		"%%EOF" + strings.Repeat("\x00", 1019): true,
		"%%EOF" + strings.Repeat("\x00", 1020): false,
		"%PDF-1.7\nstartxref 17":               false,
		"":                                     false,
	} {
		if got := HasPDFEnd([]byte(content)); got != want {
			t.Errorf("of %.40q it says %t", content, got)
		}
	}
}
