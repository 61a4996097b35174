package provider

import (
	"maps"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

func TestWhatAPlanDoes(t *testing.T) {
	t.Parallel()
	edge := func(changes map[string]attr.Value) map[string]attr.Value {
		values := map[string]attr.Value{
			"name": types.StringValue("web"), "connection_id": types.StringValue("connections/records"), "gateway_id": types.StringValue("gw-1"),
			"vdc_id": types.StringNull(), "fulfilment": types.StringValue("csp"),
		}
		maps.Copy(values, changes)
		return values
	}
	one := func(name string, value attr.Value) map[string]attr.Value {
		return edge(map[string]attr.Value{name: value})
	}
	tests := map[string]struct {
		prior, planned map[string]attr.Value
		state, waitFor string
		want           step
		replace        []string
	}{
		"new":                            {nil, edge(nil), "", "accepted", creates, nil},
		"unchanged":                      {edge(nil), edge(nil), "active", "accepted", keeps, nil},
		"changed":                        {edge(nil), one("fulfilment", types.StringValue("customer")), "active", "accepted", changes, nil},
		"perhaps changed":                {edge(nil), one("fulfilment", types.StringUnknown()), "active", "accepted", changes, nil},
		"renamed":                        {edge(nil), one("name", types.StringValue("app")), "active", "accepted", replaces, []string{"name"}},
		"another connection":             {edge(nil), one("connection_id", types.StringUnknown()), "active", "accepted", replaces, []string{"connection_id"}},
		"another gateway":                {edge(nil), one("gateway_id", types.StringValue("gw-2")), "active", "accepted", replaces, []string{"gateway_id"}},
		"perhaps another gateway":        {edge(nil), one("gateway_id", types.StringUnknown()), "active", "accepted", replaces, []string{"gateway_id"}},
		"refused":                        {edge(nil), edge(nil), "refused", "accepted", replaces, []string{"state"}},
		"refused, and another gateway":   {edge(nil), one("gateway_id", types.StringValue("gw-2")), "refused", "accepted", replaces, []string{"gateway_id", "state"}},
		"waits for a person":             {edge(nil), edge(nil), "awaiting_fulfilment", "active", keeps, nil},
		"passes by itself":               {edge(nil), edge(nil), "provisioning", "active", resumes, nil},
		"passes by itself, nobody waits": {edge(nil), edge(nil), "provisioning", "accepted", keeps, nil},
		"a state that is not known":      {edge(nil), edge(nil), "rehearsing", "active", resumes, nil},
		"failed":                         {edge(nil), edge(nil), "failed", "active", keeps, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := planning{
				kind: rules.KindEdgeAttachment, nameParts: []string{"connection_id", "name"}, planned: test.planned, prior: test.prior,
				priorState: types.StringValue(test.state), waitFor: types.StringValue(test.waitFor),
			}
			got, paths := p.decide()
			var replace []string
			for _, path := range paths {
				replace = append(replace, path.String())
			}
			if got != test.want || !slices.Equal(replace, test.replace) {
				t.Errorf("it does %d, replacing on %v", got, replace)
			}
		})
	}
}

func TestTheCreateHalfOfAReplacementIsToldFromACreate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prior    map[string]attr.Value
		replaces string
		want     bool
	}{
		"create":                      {nil, "", false},
		"create half, same name":      {nil, "connections/records", true},
		"create half, another name":   {nil, "connections/older", false},
		"first call of a replacement": {map[string]attr.Value{}, "connections/records", false},
	} {
		p := planning{prior: test.prior, priorReplaces: test.replaces, id: types.StringValue("connections/records")}
		if got := p.replacementHalf(); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
