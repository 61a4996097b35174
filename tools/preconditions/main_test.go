package main

import (
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// TestPageHasEveryRule also fails where a rule says something that the page has no words for.
func TestPageHasEveryRule(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	if err := write(&text, rules.Catalogue()); err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules.Catalogue() {
		for _, part := range []string{
			`<a id="` + rule.Anchor() + `"></a>`, "## " + rule.ID + "\n", rule.Title, rule.Source.String(), rule.RemedyFor(rules.Policy{}),
		} {
			if !strings.Contains(text.String(), part) {
				t.Errorf("%s: the page lacks %q", rule.ID, part)
			}
		}
		if applies(rule) == "" {
			t.Errorf("%s: the page does not say to what it applies", rule.ID)
		}
	}
}
