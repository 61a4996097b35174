package page_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/page"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

// Whatever the size of the pages, all of them together are the listing.
func TestPagesAreTheListing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfDistinct(rapid.IntRange(0, 1000), rapid.ID[int]).Draw(t, "items")
		slices.Sort(all)
		size := rapid.IntRange(1, 20).Draw(t, "size")

		var got []int
		var token *string
		for {
			var after int
			found, err := page.After(token, &after)
			if err != nil {
				t.Fatal(err)
			}
			rest := all
			if found {
				rest = all[1+slices.Index(all, after):]
			}
			items, next, err := page.Cut(rest[:min(len(rest), size+1)], size, func(i int) any { return i })
			if err != nil {
				t.Fatal(err)
			}
			if len(items) > size {
				t.Fatalf("%d items on a page of %d", len(items), size)
			}
			got = append(got, items...)
			if next == nil {
				break
			}
			token = next
		}
		if !slices.Equal(got, all) {
			t.Fatalf("pages of %d: %v, want %v", size, got, all)
		}
	})
}

func TestAfterRefusesWhatIsNotAToken(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"%%%", "bm90LWpzb24", "eyJhIjoxfQ"} {
		var key int
		_, err := page.After(&token, &key)
		var invalid *problem.Problem
		if !errors.As(err, &invalid) || invalid.Type != problem.RequestInvalid || *invalid.Invalid[0].Pointer != "page_token" {
			t.Errorf("%s: err = %v", token, err)
		}
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	three := 3
	if page.Size(nil) != page.DefaultSize || page.Size(&three) != 3 {
		t.Errorf("sizes are %d and %d", page.Size(nil), page.Size(&three))
	}
}
