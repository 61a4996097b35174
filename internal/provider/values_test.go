package provider

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// attributes are those of a connection, of JSON values.
func connectionValues(t *testing.T, members map[string]any) map[string]attr.Value {
	t.Helper()
	object, err := nativeObject(t.Context(), types.ObjectType{AttrTypes: without(connections.types(), "timeouts")}, members, nil, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return object.(types.Object).Attributes() //nolint:forcetypeassert // nativeObject makes objects
}

func without(all map[string]attr.Type, name string) map[string]attr.Type {
	rest := make(map[string]attr.Type, len(all))
	for n, t := range all {
		if n != name {
			rest[n] = t
		}
	}
	return rest
}

// drawn draws a JSON value of a type of Terraform's, as the contract may have one.
func drawn(t *rapid.T, typ attr.Type, label string) any {
	switch typ := typ.(type) {
	case types.ObjectType:
		members := map[string]any{}
		for name, member := range typ.AttrTypes {
			if rapid.Bool().Draw(t, label+"."+name+"?") {
				members[name] = drawn(t, member, label+"."+name)
			}
		}
		return members
	case types.MapType:
		members := map[string]any{}
		for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"X26", "RXX", "A1B"}), 1, 3, rapid.ID).Draw(t, label) {
			members[key] = drawn(t, typ.ElemType, label+"."+key)
		}
		return members
	case types.SetType:
		var elements []any
		for _, element := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"FR", "GB", "IE"}), 1, 3, rapid.ID).Draw(t, label) {
			elements = append(elements, element)
		}
		return sorted(elements)
	default:
		switch typ {
		case types.BoolType:
			return rapid.Bool().Draw(t, label)
		case types.Int64Type:
			return float64(rapid.IntRange(0, 1_000_000).Draw(t, label))
		default:
			return rapid.SampledFrom([]string{"A1B2C", "x@trust.example", "2026-11-02T00:00:00Z"}).Draw(t, label)
		}
	}
}

// withMaps is a JSON value as it comes back: a map that is absent is an empty one.
func withMaps(typ attr.Type, value any) any {
	object, ok := typ.(types.ObjectType)
	if !ok {
		if m, ok := typ.(types.MapType); ok {
			for key, element := range value.(map[string]any) { //nolint:forcetypeassert // drawn makes maps of maps
				value.(map[string]any)[key] = withMaps(m.ElemType, element) //nolint:forcetypeassert // as above
			}
		}
		return value
	}
	members := value.(map[string]any) //nolint:forcetypeassert // drawn makes objects of objects
	for name, member := range object.AttrTypes {
		if _, isMap := member.(types.MapType); isMap && members[name] == nil {
			members[name] = map[string]any{}
		} else if members[name] != nil {
			members[name] = withMaps(member, members[name])
		}
	}
	return members
}

func TestValuesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	typ := types.ObjectType{AttrTypes: without(connections.types(), "timeouts")}
	rapid.Check(t, func(t *rapid.T) {
		value := drawn(t, typ, "connection")
		converted, err := native(context.Background(), typ, value, nil, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := plain(converted, "", nil), withMaps(typ, value); !reflect.DeepEqual(got, want) {
			t.Fatalf("%v came back as %v", want, got)
		}
	})
}

func TestASpellingAtHandIsKept(t *testing.T) {
	t.Parallel()
	atHand := connectionValues(t, map[string]any{
		"ods_code": " a1b2c", "activate_at": "2026-12-01T10:00:00+01:00",
		"profile": map[string]any{
			"business_sponsor": map[string]any{"email": "Sponsor@Trust.example"},
			"shared_with":      map[string]any{"b2c3d": map[string]any{}, "RXX": map[string]any{}},
			"outside_england":  map[string]any{"data_locations": []any{"ie", "FR"}},
		},
	})
	words := spellingsOf(rules.KindConnection)
	answer := map[string]any{
		"ods_code": "A1B2C", "activate_at": "2026-12-01T09:00:00Z",
		"profile": map[string]any{
			"business_sponsor": map[string]any{"email": "sponsor@trust.example"},
			"shared_with":      map[string]any{"B2C3D": map[string]any{"basis": "flow_down"}, "Q1": map[string]any{}},
			"outside_england":  map[string]any{"data_locations": []any{"DE", "FR", "IE"}},
		},
	}
	want := map[string]any{
		"ods_code": " a1b2c", "activate_at": "2026-12-01T10:00:00+01:00",
		"profile": map[string]any{
			"business_sponsor": map[string]any{"email": "Sponsor@Trust.example"},
			"shared_with":      map[string]any{"b2c3d": map[string]any{"basis": "flow_down"}, "Q1": map[string]any{}},
			"outside_england":  map[string]any{"data_locations": []any{"DE", "FR", "ie"}},
		},
	}
	for name, value := range answer {
		converted, err := native(t.Context(), connections.types()[name], value, atHand[name], name, words)
		if err != nil {
			t.Fatal(err)
		}
		if got := plain(converted, name, nil); !reflect.DeepEqual(got, want[name]) {
			t.Errorf("%s is %v, not %v", name, got, want[name])
		}
	}
	// Another value is another value, however it is spelled.
	converted, err := native(t.Context(), types.StringType, "D4E5F", atHand["ods_code"], "ods_code", words)
	if err != nil || converted.(types.String).ValueString() != "D4E5F" { //nolint:forcetypeassert // a string is a string
		t.Errorf("%v, %v", converted, err)
	}
}

func TestWhatIsSentHasTheOneSpelling(t *testing.T) {
	t.Parallel()
	values := connectionValues(t, map[string]any{
		"ods_code": " a1b2c", "activate_at": "2026-12-01T10:00:00+01:00", "service": map[string]any{"type": "cloud_project", "id": "p-1"},
		"agreement": map[string]any{"basis": "flow_down"},
		"profile": map[string]any{
			"business_sponsor": map[string]any{"name": "Sam", "email": "Sponsor@Trust.example "},
			"shared_with":      map[string]any{"x26": map[string]any{"basis": "flow_down"}},
		},
	})
	declared := map[string]attr.Value{}
	for name := range rootsOf(rules.KindConnection) {
		declared[name] = values[name]
	}
	spec, err := specOf[api.ConnectionSpec](declared, spellingsOf(rules.KindConnection))
	if err != nil {
		t.Fatal(err)
	}
	if spec.OdsCode != "A1B2C" || spec.Profile.BusinessSponsor.Email != "sponsor@trust.example" || spec.Profile.SharedWith["X26"].Basis == nil ||
		spec.ActivateAt.UTC().Format("15:04") != "09:00" || spec.PurchaseOrder != nil {
		t.Errorf("it sends %+v", spec)
	}
}

func TestAnAnswerOfTheWrongTypeIsAnError(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]any{
		"ods_code": 1.0, "deletion_protection": "no", "commitment_months": 1.5, "profile": "none", "circuits": []any{}, "data_centres": "one",
	} {
		if _, err := native(t.Context(), connections.types()[name], value, nil, name, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestUnknownIsFoundAtAnyDepth(t *testing.T) {
	t.Parallel()
	inner := types.ObjectValueMust(map[string]attr.Type{"basis": types.StringType}, map[string]attr.Value{"basis": types.StringUnknown()})
	outer := types.MapValueMust(inner.Type(t.Context()), map[string]attr.Value{"X26": inner})
	if isWhollyKnown(outer) || isWhollyKnown(types.SetValueMust(types.StringType, []attr.Value{types.StringUnknown()})) {
		t.Error("it is taken for known")
	}
	declared := declaredOf(map[string]attr.Value{"shared": outer, "none": types.StringNull()})
	if got := declared.Text("shared", "X26", "basis"); !got.IsUnknown() {
		t.Errorf("the rules see %v", got)
	}
	if got := declared.Text("none"); !got.IsNull() {
		t.Errorf("the rules see %v", got)
	}
}

func TestAttributePaths(t *testing.T) {
	t.Parallel()
	values := connectionValues(t, map[string]any{
		"ods_code": "A1B2C",
		"profile": map[string]any{
			"shared_with":     map[string]any{"x26": map[string]any{}},
			"outside_england": map[string]any{"data_locations": []any{"IE"}},
		},
	})
	profile := path.Root("profile")
	tests := map[string]path.Path{
		"/ods_code":                                 profile.ParentPath().AtName("ods_code"),
		"/service/id":                               path.Root("service").AtName("id"),
		"/profile/security_lead/email":              profile.AtName("security_lead").AtName("email"),
		"/profile/shared_with/X26/basis":            profile.AtName("shared_with").AtMapKey("x26").AtName("basis"),
		"/profile/shared_with/Q1":                   profile.AtName("shared_with"),
		"/profile/outside_england/data_locations/0": profile.AtName("outside_england").AtName("data_locations"),
		"/profile/no_such":                          profile,
		"/no_such":                                  path.Empty(),
		"page_size":                                 path.Empty(),
		"":                                          path.Empty(),
	}
	for pointer, want := range tests {
		if got := attributePath(t.Context(), values, pointerSegments(&pointer)); !got.Equal(want) {
			t.Errorf("%q leads to %s, not %s", pointer, got, want)
		}
	}
	escaped := "/a~1b/c~0d"
	if got := pointerSegments(&escaped); !reflect.DeepEqual(got, []string{"a/b", "c~d"}) {
		t.Errorf("it reads %v", got)
	}
}

// The table of the rules and the schemas speak of the same attributes.
func TestTheTableOfAttributesAndTheSchemasAgree(t *testing.T) {
	t.Parallel()
	for kind, s := range map[rules.Kind]schema.Schema{
		rules.KindConnection: connectionSchema(t.Context()), rules.KindEdgeAttachment: edgeAttachmentSchema(t.Context()),
	} {
		inTable := map[string]rules.Attribute{}
		for _, attribute := range rules.Attributes(kind) {
			inTable[attribute.Path] = attribute
		}
		inSchema := map[string]schema.Attribute{}
		collect(s.Attributes, "", inSchema)
		for at, row := range inTable {
			attribute, ok := inSchema[at]
			if !ok {
				t.Errorf("%s: the schema has no %s", kind, at)
				continue
			}
			if !strings.Contains(attribute.GetMarkdownDescription(), row.Change.Sentence()) {
				t.Errorf("%s: %s does not say what a change does: %s", kind, at, attribute.GetMarkdownDescription())
			}
			if row.Canonical != nil && !keepsSpelling(attribute) {
				t.Errorf("%s: %s has spellings and no plan modifier", kind, at)
			}
		}
		for at, attribute := range inSchema {
			_, listed := inTable[at]
			leaf := attribute.IsOptional() || attribute.IsRequired()
			switch root, _, _ := strings.Cut(at, "."); root {
			case "name", "connection_id", "wait_for", "timeouts":
			default:
				if _, nested := attribute.(schema.SingleNestedAttribute); leaf && !listed && !nested {
					t.Errorf("%s: the table has no %s", kind, at)
				}
			}
		}
	}
}

func collect(attributes map[string]schema.Attribute, at string, all map[string]schema.Attribute) {
	for name, attribute := range attributes {
		here := join(at, name)
		all[here] = attribute
		switch a := attribute.(type) {
		case schema.SingleNestedAttribute:
			collect(a.Attributes, here, all)
		case schema.MapNestedAttribute:
			collect(a.NestedObject.Attributes, here+".*", all)
		}
	}
}

func keepsSpelling(attribute schema.Attribute) bool {
	switch a := attribute.(type) {
	case schema.StringAttribute:
		return len(a.PlanModifiers) == 1
	case schema.SetAttribute:
		return len(a.PlanModifiers) == 1
	case schema.MapNestedAttribute:
		return len(a.PlanModifiers) == 1
	default:
		return false
	}
}

func TestTheDefaultsOfTheSchemasAreThoseOfTheDomain(t *testing.T) {
	t.Parallel()
	// The contract's defaults are the domain's words; the broker fills them in where nothing is sent.
	if hscn.AccessSharedLink != hscn.Access(api.SharedLink) || hscn.PurposeProduction != hscn.Purpose(api.Production) ||
		hscn.FulfilmentCSP != hscn.Fulfilment(api.FulfilmentCsp) {
		t.Error("contract and domain differ")
	}
}
