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
			`<a id="` + rule.Anchor() + `"></a>`, "### " + rule.ID + "\n", rule.Title, rule.Source.String(), rule.RemedyFor(rules.Policy{}),
		} {
			if !strings.Contains(text.String(), part) {
				t.Errorf("%s: the page lacks %q", rule.ID, part)
			}
		}
		for what, says := range map[string]string{
			"severity": severity(rule), "objects": objects(rule), "applies": applies(rule), "shown": shown(rule), "owner": owner(rule),
		} {
			if says == "" || !strings.Contains(text.String(), says) {
				t.Errorf("%s: the page lacks its %s, %q", rule.ID, what, says)
			}
		}
		if rule.Fixed != strings.Contains(severity(rule), "fixed") {
			t.Errorf("%s: the page does not say whether it is fixed", rule.ID)
		}
		if applies(rule) == "" {
			t.Errorf("%s: the page does not say to what it applies", rule.ID)
		}
	}
}
