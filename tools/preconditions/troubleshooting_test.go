package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// TestTroubleshootingHasEveryRule holds the guide that people write to the catalogue: whoever looks an id up finds it
// there, and no rule that is none.
func TestTroubleshootingHasEveryRule(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../templates/guides/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z]+\\.[a-z-]+)` \\|").FindAllStringSubmatch(string(guide), -1) {
		listed = append(listed, row[1])
	}
	var catalogue []string
	for _, rule := range rules.Catalogue() {
		catalogue = append(catalogue, rule.ID)
	}
	slices.Sort(listed)
	slices.Sort(catalogue)
	if !slices.Equal(listed, catalogue) {
		t.Errorf("the guide has\n  %s\nand the catalogue\n  %s", strings.Join(listed, " "), strings.Join(catalogue, " "))
	}
}
