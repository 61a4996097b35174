package hscn_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func TestCompareDocumentVersions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want int
	}{
		{"9.2", "11.0", -1},
		{"11.10", "11.9", 1},
		{"11", "11.0", 0},
		{"11.0.0", "11", 0},
		{"11.0.1", "11", 1},
		{"v11.0", "11.0", 0},
		{"V11.0", " 11.0 ", 0},
		{"011.00", "11", 0},
		{"10.99", "11.0", -1},
		{"99999999999999999999.1", "99999999999999999999.0", 1},
		{"0", "0.0", 0},
	}
	for _, tt := range tests {
		if got, err := hscn.CompareDocumentVersions(tt.a, tt.b); err != nil || got != tt.want {
			t.Errorf("CompareDocumentVersions(%q, %q) = %d, %v, want %d", tt.a, tt.b, got, err, tt.want)
		}
		if got, err := hscn.CompareDocumentVersions(tt.b, tt.a); err != nil || got != -tt.want {
			t.Errorf("CompareDocumentVersions(%q, %q) = %d, %v, want %d", tt.b, tt.a, got, err, -tt.want)
		}
	}
	for _, s := range []string{"", "v", "11.", ".11", "11..0", "eleven", "11.0-draft", "-1", "11,0", "vv11", "١١"} {
		_, err := hscn.CompareDocumentVersions(s, "11.0")
		wantFormatError(t, err, s, "document version", "such as 11.0")
		_, err = hscn.CompareDocumentVersions("11.0", s)
		wantFormatError(t, err, s, "document version")
	}
}

func TestCompareDocumentVersionsIsAnOrder(t *testing.T) {
	t.Parallel()
	components := rapid.SliceOfN(rapid.IntRange(0, 12), 1, 4)
	spell := func(numbers []int) string {
		return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(numbers)), "."), "[]")
	}
	compare := func(t *rapid.T, a, b string) int {
		c, err := hscn.CompareDocumentVersions(a, b)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	rapid.Check(t, func(t *rapid.T) {
		as, bs, cs := components.Draw(t, "a"), components.Draw(t, "b"), components.Draw(t, "c")
		a, b, c := spell(as), spell(bs), spell(cs)
		if compare(t, a, b) != -compare(t, b, a) {
			t.Fatalf("%s and %s are ordered in both directions", a, b)
		}
		if compare(t, a, b) <= 0 && compare(t, b, c) <= 0 && compare(t, a, c) > 0 {
			t.Fatalf("%s, %s, %s: not transitive", a, b, c)
		}
		if newer := spell(append(as[:len(as):len(as)], 1)); compare(t, a, newer) != -1 {
			t.Fatalf("%s is not older than %s", a, newer)
		}
	})
}
