package provider

import (
	"context"
	"maps"
	"reflect"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// Some values have more than one spelling: " x26 " and "X26" are one ODS code. The user's stays in state and makes no
// difference. There is one mechanism for it, in two places: where a plan differs from state by spelling only, a plan
// modifier keeps state's; where the broker's answer differs by spelling only from what state or plan have, native keeps
// theirs. The table of rules.Attributes says which values have spellings. Semantic equality of the framework does not
// do: it does not act between configuration and state.

// spellings are functions to the one spelling, by path in the table of attributes: of a string, of the strings in a set,
// or of the keys of a map. The nil spellings have none.
type spellings map[string]func(string) string

// spellingsOf returns those of a kind.
func spellingsOf(kind rules.Kind) spellings {
	words := spellings{}
	for _, attribute := range rules.Attributes(kind) {
		if attribute.Canonical != nil {
			words[attribute.Path] = attribute.Canonical
		}
	}
	return words
}

// canonical is the one spelling of a text at a path.
func (w spellings) canonical(at, text string) string {
	if canonical, ok := w[at]; ok {
		return canonical(text)
	}
	return text
}

// keep returns the spelling at hand where it means the same as text.
func (w spellings) keep(at, text string, atHand attr.Value) string {
	if s, ok := atHand.(types.String); ok && !s.IsNull() && !s.IsUnknown() && w.canonical(at, s.ValueString()) == w.canonical(at, text) {
		return s.ValueString()
	}
	return text
}

// keepKey returns the key at hand that means the same as key: the very key, or else the first in order.
func (w spellings) keepKey(at, key string, atHand map[string]attr.Value) string {
	if _, ok := atHand[key]; ok {
		return key
	}
	for _, before := range slices.Sorted(maps.Keys(atHand)) {
		if w.canonical(at, before) == w.canonical(at, key) {
			return before
		}
	}
	return key
}

// sameElement returns the element at hand that means the same as text.
func (w spellings) sameElement(at, text string, atHand []attr.Value) attr.Value {
	i := slices.IndexFunc(atHand, func(element attr.Value) bool { return w.keep(at, text, element) != text })
	if i < 0 {
		return nil
	}
	return atHand[i]
}

// keepSpelling is the plan modifier: where plan and state differ by spelling only, state's stays.
type keepSpelling struct {
	at    string
	words spellings
}

var (
	_ planmodifier.String = keepSpelling{}
	_ planmodifier.Map    = keepSpelling{}
	_ planmodifier.Set    = keepSpelling{}
)

func (keepSpelling) Description(context.Context) string {
	return "Another spelling of the same value is no change."
}

func (k keepSpelling) MarkdownDescription(ctx context.Context) string { return k.Description(ctx) }

// same says that state has a value and that it means what the plan has.
func (k keepSpelling) same(state, plan attr.Value) bool {
	if state.IsNull() || plan.IsNull() || !isWhollyKnown(state) || !isWhollyKnown(plan) {
		return false
	}
	return reflect.DeepEqual(plain(state, k.at, k.words), plain(plan, k.at, k.words))
}

func (k keepSpelling) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if k.same(req.StateValue, req.PlanValue) {
		resp.PlanValue = req.StateValue
	}
}

func (k keepSpelling) PlanModifyMap(_ context.Context, req planmodifier.MapRequest, resp *planmodifier.MapResponse) {
	// Terraform takes a map that is wholly as it was, or the configuration's: where anything else differs as well, the
	// new spelling is part of that change.
	if k.same(req.StateValue, req.PlanValue) {
		resp.PlanValue = req.StateValue
	}
}

func (k keepSpelling) PlanModifySet(_ context.Context, req planmodifier.SetRequest, resp *planmodifier.SetResponse) {
	if k.same(req.StateValue, req.PlanValue) {
		resp.PlanValue = req.StateValue
	}
}

// asDeclared completes the attributes of a resource by what the table of its kind says: the sentence on what a change
// does, and the plan modifier for values with spellings.
func asDeclared(kind rules.Kind, attributes map[string]schema.Attribute) map[string]schema.Attribute {
	table := make(map[string]rules.Attribute)
	for _, attribute := range rules.Attributes(kind) {
		table[attribute.Path] = attribute
	}
	return completed(attributes, "", table, spellingsOf(kind))
}

func completed(attributes map[string]schema.Attribute, at string, table map[string]rules.Attribute, words spellings) map[string]schema.Attribute {
	all := make(map[string]schema.Attribute, len(attributes))
	for name, attribute := range attributes {
		path := join(at, name)
		row := table[path]
		sentence := row.Sentence()
		if sentence != "" {
			sentence = " " + sentence
		}
		modifier := keepSpelling{at: path, words: words}
		switch a := attribute.(type) {
		case schema.StringAttribute:
			a.MarkdownDescription += sentence
			if row.Canonical != nil {
				a.PlanModifiers = append(a.PlanModifiers, modifier)
			}
			attribute = a
		case schema.BoolAttribute:
			a.MarkdownDescription += sentence
			attribute = a
		case schema.Int64Attribute:
			a.MarkdownDescription += sentence
			attribute = a
		case schema.SetAttribute:
			a.MarkdownDescription += sentence
			if row.Canonical != nil {
				a.PlanModifiers = append(a.PlanModifiers, modifier)
			}
			attribute = a
		case schema.SingleNestedAttribute:
			a.MarkdownDescription += sentence
			a.Attributes = completed(a.Attributes, path, table, words)
			attribute = a
		case schema.MapNestedAttribute:
			a.MarkdownDescription += sentence
			if row.Canonical != nil {
				a.PlanModifiers = append(a.PlanModifiers, modifier)
			}
			a.NestedObject.Attributes = completed(a.NestedObject.Attributes, path+".*", table, words)
			attribute = a
		}
		all[name] = attribute
	}
	return all
}
