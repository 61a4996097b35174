package client

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// specs draws specs that differ in every way that a patch can say: values, members left out, keys of maps, sets.
func specs() *rapid.Generator[api.ConnectionSpec] {
	return rapid.Custom(func(t *rapid.T) api.ConnectionSpec {
		text := func(label string) *string {
			return rapid.Ptr(rapid.SampledFrom([]string{"a", "b"}), true).Draw(t, label)
		}
		spec := api.ConnectionSpec{OdsCode: rapid.SampledFrom([]string{"A1B2C", "D3E4F"}).Draw(t, "code"), PurchaseOrder: text("order")}
		spec.Agreement.Reference = text("reference")
		if rapid.Bool().Draw(t, "shared") {
			keys := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"X26", "RXX", "A/B~C"}), rapid.ID).Draw(t, "organisations")
			spec.Profile.SharedWith = map[string]api.SharedOrganisation{}
			for _, key := range keys {
				spec.Profile.SharedWith[key] = api.SharedOrganisation{BoundByTerms: rapid.Ptr(rapid.Bool(), true).Draw(t, "bound")}
			}
		}
		if rapid.Bool().Draw(t, "outside") {
			spec.Profile.OutsideEngland = &api.OutsideEngland{
				DataLocations:    rapid.SliceOf(rapid.SampledFrom([]string{"IE", "FR"})).Draw(t, "locations"),
				NhsClarification: text("clarification"),
			}
		}
		return spec
	})
}

func TestAPatchTurnsOneSpecIntoTheOther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from, to := specs().Draw(t, "from"), specs().Draw(t, "to")
		patch, err := MergePatch(from, to)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ApplyMergePatch(from, &patch)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(asJSON(t, got), asJSON(t, to)) {
			t.Fatalf("%v makes %s, not %s", patch, asJSON(t, got), asJSON(t, to))
		}
		if same := reflect.DeepEqual(asJSON(t, from), asJSON(t, to)); same != (len(patch) == 0) {
			t.Fatalf("the same: %t, the patch: %v", same, patch)
		}
	})
}

func asJSON(t *rapid.T, value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestNoPatchChangesNothing(t *testing.T) {
	t.Parallel()
	got, err := ApplyMergePatch(api.ConnectionSpec{OdsCode: "A1B2C"}, nil)
	if err != nil || got.OdsCode != "A1B2C" {
		t.Errorf("%v, %v", got, err)
	}
}
