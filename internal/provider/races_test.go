package provider

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

func TestOnlyWhatDiffersIsToldOfALostRace(t *testing.T) {
	t.Parallel()
	values := func(code, order string, shared ...string) map[string]attr.Value {
		members := make(map[string]attr.Value)
		for _, name := range shared {
			members[name] = types.ObjectValueMust(map[string]attr.Type{"basis": types.StringType}, map[string]attr.Value{"basis": types.StringValue("flow_down")})
		}
		purchaseOrder := types.StringNull()
		if order != "" {
			purchaseOrder = types.StringValue(order)
		}
		return map[string]attr.Value{
			"ods_code": types.StringValue(code), "purchase_order": purchaseOrder, "deletion_protection": types.BoolValue(false),
			"profile": types.ObjectValueMust(
				map[string]attr.Type{"shared_with": types.MapType{ElemType: types.ObjectType{AttrTypes: map[string]attr.Type{"basis": types.StringType}}}},
				map[string]attr.Value{"shared_with": types.MapValueMust(types.ObjectType{AttrTypes: map[string]attr.Type{"basis": types.StringType}}, members)}),
		}
	}
	got := differences(rules.KindConnection, values("A1B2C", "PO-1"), values("a1b2c", "", "B2C3D"), values("A1B2C", "PO-9"))
	want := []difference{
		{"profile.shared_with.B2C3D.basis", "", `"flow_down"`, ""},
		{"purchase_order", `"PO-1"`, "", `"PO-9"`},
	}
	if !slices.Equal(got, want) {
		t.Errorf("it tells of %+v", got)
	}
	unknown := values("A1B2C", "PO-1")
	unknown["purchase_order"] = types.StringUnknown()
	if got := differences(rules.KindConnection, values("A1B2C", "PO-1"), unknown, values("A1B2C", "PO-1")); len(got) != 1 || got[0].wanted != "known after the apply" {
		t.Errorf("it tells of %+v", got)
	}
}

func TestWhatIsShownOfLongValues(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 100)
	tests := []struct{ before, wanted, now, a, b, c string }{
		{"", `"x"`, "12", "none", `"x"`, "12"},
		{long, "x", "", strings.Repeat("é", maxShownValue) + "...", "x", "none"},
		{
			long + "1", long + "2 and more", long + "3",
			"..." + strings.Repeat("é", shownBefore) + "1", "..." + strings.Repeat("é", shownBefore) + "2 and more", "..." + strings.Repeat("é", shownBefore) + "3",
		},
	}
	for _, test := range tests {
		if a, b, c := shown(test.before, test.wanted, test.now); a != test.a || b != test.b || c != test.c {
			t.Errorf("it shows %s, %s and %s", a, b, c)
		}
	}
}

// Whatever is left out, values that differ are never shown as if they were the same.
func TestWhatDiffersIsShownToDiffer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 0, 120, -1)
		before, wanted := text.Draw(t, "before"), text.Draw(t, "wanted")
		if before == wanted {
			return
		}
		if a, b, _ := shown(before, wanted, before); a == b {
			t.Fatalf("%q and %q are both shown as %q", before, wanted, a)
		}
	})
}
