package provider

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// intoModel fills a model from an object of the contract and what its owner declares of it.
func intoModel[M any](ctx context.Context, m *M, object, declared any, kind rules.Kind, own map[string]any) diag.Diagnostics {
	fault := func(err error) diag.Diagnostics {
		return diag.Diagnostics{providerFault("reading "+nounOf(kind), err)}
	}
	members, err := membersOf(object, declared, kind, own)
	if err != nil {
		return fault(err)
	}
	attributes := kindOf(kind).attributeTypes()
	atHand, diags := types.ObjectValueFrom(ctx, attributes, m)
	if diags.HasError() {
		return diags
	}
	words := spellingsOf(kind)
	values := make(map[string]attr.Value, len(attributes))
	for name, t := range attributes {
		before := atHand.Attributes()[name]
		if name == "timeouts" {
			values[name] = before // nothing of the broker's
			continue
		}
		if values[name], err = native(ctx, t, members[name], before, name, words); err != nil {
			return fault(err)
		}
	}
	whole, diags := types.ObjectValue(attributes, values)
	if diags.HasError() {
		return diags
	}
	var filled M
	diags.Append(whole.As(ctx, &filled, basetypes.ObjectAsOptions{})...)
	if !diags.HasError() {
		*m = filled
	}
	return diags
}

// membersOf are the attributes of an object by name: every one is the contract's of the same name, those that are
// declared as they are in declared, and those in own as they are there.
func membersOf(object, declared any, kind rules.Kind, own map[string]any) (map[string]any, error) {
	members, err := document(object)
	if err != nil {
		return nil, err
	}
	spec, err := document(declared)
	if err != nil {
		return nil, err
	}
	for name := range rootsOf(kind) {
		members[name] = spec[name]
	}
	if change, ok := members["pending_change"]; ok {
		text, err := json.Marshal(change)
		if err != nil {
			return nil, err
		}
		members["pending_change"] = string(text)
	}
	maps.Copy(members, own)
	return members, nil
}

// settled is what state has of an attribute that is told once and then stays; what it does not have may still come.
func settled[V attr.Value](planned, state V) V {
	if state.IsNull() {
		return planned
	}
	return state
}

// orDefault is a string of Terraform's, or a default where it has none.
func orDefault(value types.String, fallback string) string {
	if value.IsNull() || value.IsUnknown() {
		return fallback
	}
	return value.ValueString()
}
