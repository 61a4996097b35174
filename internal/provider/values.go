package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// The contract and the schemas have the same names for the same things, so that one conversion serves every resource:
// plain turns a value of Terraform's into JSON values, native turns JSON values into one of Terraform's.

// plain returns a value of Terraform's as a JSON value (nil, bool, string, float64, []any, map[string]any), with
// rules.Unknown for what is only known later. Spellings are as the user has them where words is nil, else the one
// spelling of each.
func plain(value attr.Value, at string, words spellings) any {
	switch {
	case value == nil || value.IsNull():
		return nil
	case value.IsUnknown():
		return rules.Unknown
	}
	switch value := value.(type) {
	case types.String:
		return words.canonical(at, value.ValueString())
	case types.Bool:
		return value.ValueBool()
	case types.Int64:
		return float64(value.ValueInt64())
	case types.Object:
		members := make(map[string]any, len(value.Attributes()))
		for name, member := range value.Attributes() {
			if v := plain(member, join(at, name), words); v != nil {
				members[name] = v
			}
		}
		return members
	case types.Map:
		members := make(map[string]any, len(value.Elements()))
		for key, element := range value.Elements() {
			members[words.canonical(at, key)] = plain(element, join(at, "*"), words)
		}
		return members
	case types.Set:
		return sorted(plainElements(value.Elements(), at, words))
	case types.List:
		return plainElements(value.Elements(), at, words)
	default:
		// What is left is Terraform's alone, such as timeouts, and never reaches the broker.
		return nil
	}
}

func plainElements(elements []attr.Value, at string, words spellings) []any {
	list := make([]any, len(elements))
	for i, element := range elements {
		list[i] = plain(element, at, words)
	}
	return list
}

// sorted puts the strings of a set in order, so that two sets are the same list where they mean the same.
func sorted(elements []any) []any {
	slices.SortStableFunc(elements, func(a, b any) int {
		x, _ := a.(string)
		y, _ := b.(string)
		return strings.Compare(x, y)
	})
	return elements
}

// join extends a path in the words of the rules' table of attributes.
func join(at, name string) string { return strings.TrimPrefix(at+"."+name, ".") }

// native returns a JSON value as a value of a type of Terraform's; what is absent is null, but a map is empty, as is the
// default of every map that can be configured. At hand is the value that state or plan has there, or nil: its spelling
// stays where the two mean the same, and an empty set stays empty where the contract leaves it out.
func native(ctx context.Context, t attr.Type, value any, atHand attr.Value, at string, words spellings) (attr.Value, error) {
	if value == nil {
		if m, ok := t.(basetypes.MapType); ok {
			return types.MapValueMust(m.ElemType, nil), nil
		}
		if isEmptySet(atHand) {
			return atHand, nil
		}
		return t.ValueFromTerraform(ctx, tftypes.NewValue(t.TerraformType(ctx), nil))
	}
	wrong := func() error { return fmt.Errorf("%s: the broker's answer has a %T there", at, value) }
	switch t := t.(type) {
	case basetypes.StringType:
		text, ok := value.(string)
		if !ok {
			return nil, wrong()
		}
		return types.StringValue(words.keep(at, text, atHand)), nil
	case basetypes.BoolType:
		flag, ok := value.(bool)
		if !ok {
			return nil, wrong()
		}
		return types.BoolValue(flag), nil
	case basetypes.Int64Type:
		number, ok := value.(float64)
		if !ok || number != float64(int64(number)) {
			return nil, wrong()
		}
		return types.Int64Value(int64(number)), nil
	case basetypes.ObjectType:
		members, ok := value.(map[string]any)
		if !ok {
			return nil, wrong()
		}
		return nativeObject(ctx, t, members, atHand, at, words)
	case basetypes.MapType:
		members, ok := value.(map[string]any)
		if !ok {
			return nil, wrong()
		}
		return nativeMap(ctx, t, members, atHand, at, words)
	case basetypes.SetType:
		elements, err := nativeElements(ctx, t.ElemType, value, atHand, at, words)
		if err != nil {
			return nil, err
		}
		set, diags := types.SetValue(t.ElemType, elements)
		return set, asError(diags)
	case basetypes.ListType:
		elements, err := nativeElements(ctx, t.ElemType, value, atHand, at, words)
		if err != nil {
			return nil, err
		}
		list, diags := types.ListValue(t.ElemType, elements)
		return list, asError(diags)
	default:
		return nil, fmt.Errorf("%s: there is no conversion to %s", at, t)
	}
}

func isEmptySet(value attr.Value) bool {
	set, ok := value.(types.Set)
	return ok && !set.IsNull() && !set.IsUnknown() && len(set.Elements()) == 0
}

func nativeObject(ctx context.Context, t basetypes.ObjectType, members map[string]any, atHand attr.Value, at string, words spellings) (attr.Value, error) {
	var before map[string]attr.Value
	if object, ok := atHand.(types.Object); ok {
		before = object.Attributes()
	}
	attributes := make(map[string]attr.Value, len(t.AttrTypes))
	for name, memberType := range t.AttrTypes {
		member, err := native(ctx, memberType, members[name], before[name], join(at, name), words)
		if err != nil {
			return nil, err
		}
		attributes[name] = member
	}
	object, diags := types.ObjectValue(t.AttrTypes, attributes)
	return object, asError(diags)
}

func nativeMap(ctx context.Context, t basetypes.MapType, members map[string]any, atHand attr.Value, at string, words spellings) (attr.Value, error) {
	var before map[string]attr.Value
	if m, ok := atHand.(types.Map); ok {
		before = m.Elements()
	}
	elements := make(map[string]attr.Value, len(members))
	for key, member := range members {
		key = words.keepKey(at, key, before)
		element, err := native(ctx, t.ElemType, member, before[key], join(at, "*"), words)
		if err != nil {
			return nil, err
		}
		elements[key] = element
	}
	m, diags := types.MapValue(t.ElemType, elements)
	return m, asError(diags)
}

func nativeElements(ctx context.Context, t attr.Type, value any, atHand attr.Value, at string, words spellings) ([]attr.Value, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("%s: the broker's answer has a %T there", at, value)
	}
	var before []attr.Value
	if set, ok := atHand.(types.Set); ok {
		before = set.Elements()
	}
	elements := make([]attr.Value, len(list))
	for i, element := range list {
		var same attr.Value
		if text, ok := element.(string); ok {
			same = words.sameElement(at, text, before)
		}
		var err error
		if elements[i], err = native(ctx, t, element, same, at, words); err != nil {
			return nil, err
		}
	}
	return elements, nil
}

// document returns an object of the contract as JSON values.
func document(value any) (map[string]any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("reading %T: %w", value, err)
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, fmt.Errorf("reading %T: %w", value, err)
	}
	return members, nil
}

// specOf makes a spec of the contract's from values of Terraform's that are all known. What the contract has no name for
// is an error.
func specOf[T any](values map[string]attr.Value, words spellings) (T, error) {
	var spec T
	members := make(map[string]any, len(values))
	for name, value := range values {
		if v := plain(value, name, words); v != nil {
			members[name] = v
		}
	}
	text, err := json.Marshal(members)
	if err != nil {
		return spec, fmt.Errorf("writing a spec: %w", err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&spec); err != nil {
		return spec, fmt.Errorf("writing a spec: %w", err)
	}
	return spec, nil
}

// declaredOf makes what the rules judge from values of Terraform's, in the user's spelling.
func declaredOf(values map[string]attr.Value) rules.Declared {
	declared := make(rules.Declared, len(values))
	for name, value := range values {
		if v := plain(value, name, nil); v != nil {
			declared[name] = v
		}
	}
	return declared
}

// isWhollyKnown says that nothing in a value is only known later.
func isWhollyKnown(value attr.Value) bool {
	switch value := value.(type) {
	case types.Object:
		return !value.IsUnknown() && everyKnown(slices.Collect(maps.Values(value.Attributes())))
	case types.Map:
		return !value.IsUnknown() && everyKnown(slices.Collect(maps.Values(value.Elements())))
	case types.Set:
		return !value.IsUnknown() && everyKnown(value.Elements())
	default:
		return value == nil || !value.IsUnknown()
	}
}

func everyKnown(values []attr.Value) bool {
	return !slices.ContainsFunc(values, func(v attr.Value) bool { return !isWhollyKnown(v) })
}
