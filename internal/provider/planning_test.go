package provider

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/ledger"
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
		"destroyed":                      {edge(nil), nil, "active", "active", destroys, nil},
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

// What waits for its connection goes on as that does, and only then an apply would go on waiting.
func TestWhatAPlanDoesOfWhatWaitsForItsConnection(t *testing.T) {
	t.Parallel()
	tests := map[hscn.State]step{
		"provisioning": resumes, "rehearsing": resumes, "active": resumes, // the edge follows its connection by itself
		"pending_approval": keeps, "restricted": keeps, "refused": keeps, "ceasing": keeps,
		"": keeps, // it could not be had
	}
	for connection, want := range tests {
		values := map[string]attr.Value{
			"gateway_id": types.StringValue("gw-1"), "vdc_id": types.StringNull(), "networks": types.MapNull(types.StringType),
			"bridging_controls": types.StringNull(), "fulfilment": types.StringValue("csp"), "deletion_protection": types.BoolValue(false),
		}
		p := planning{
			kind: rules.KindEdgeAttachment, planned: values, prior: values, priorState: types.StringValue("pending_connection"),
			waitFor: types.StringValue("active"), parentState: func() hscn.State { return connection },
		}
		if got, _ := p.decide(); got != want {
			t.Errorf("behind a connection that is %q it does %d, want %d", connection, got, want)
		}
		p.parentState = func() hscn.State {
			t.Error("the connection is asked for")
			return ""
		}
		// Where there is an update in any case, its connection may be another thing by then.
		p.ownChange = true
		for _, waitFor := range []types.String{types.StringValue("active"), types.StringUnknown()} {
			p.waitFor = waitFor
			if got, _ := p.decide(); got != resumes {
				t.Errorf("with wait_for changed to %s it does %d", waitFor, got)
			}
		}
		p.ownChange = false
		// Where nobody waits, the connection is not asked for.
		p.waitFor = types.StringValue("accepted")
		if got, _ := p.decide(); got != keeps {
			t.Errorf("behind a connection that is %q it does %d where nobody waits", connection, got)
		}
	}
}

// What the ledger is told of a call, beside what stays as it is.
func TestWhatTheLedgerIsTold(t *testing.T) {
	t.Parallel()
	edge := func(changes map[string]attr.Value) map[string]attr.Value {
		values := map[string]attr.Value{
			"name": types.StringValue("web"), "connection_id": types.StringValue("connections/records"), "gateway_id": types.StringValue("gw-1"),
			"vdc_id": types.StringNull(), "fulfilment": types.StringValue("csp"),
		}
		maps.Copy(values, changes)
		return values
	}
	id, none := types.StringValue("connections/records/edge-attachments/web"), types.StringNull()
	address := types.StringValue("198.51.100.7")
	same, renewed := rules.Declared{"gateway_id": "gw-1", "fulfilment": "csp", "included_address": "198.51.100.7"}, rules.Unknown
	tests := map[string]struct {
		prior, planned map[string]attr.Value
		id, priorID    types.String
		assigned       types.String
		want           ledger.Call
	}{
		"new": {
			planned: edge(nil), id: id, assigned: types.StringUnknown(),
			want: ledger.Call{Planned: rules.Known(id.ValueString()), Declared: with(same, "included_address", renewed)},
		},
		"new, of a name that is only known later": {
			planned: edge(nil), id: types.StringUnknown(), assigned: types.StringUnknown(),
			want: ledger.Call{Planned: rules.UnknownValue[string](), Declared: with(same, "included_address", renewed)},
		},
		"unchanged": {
			prior: edge(nil), planned: edge(nil), id: id, priorID: id, assigned: address,
			want: ledger.Call{State: id.ValueString(), Planned: rules.Known(id.ValueString())},
		},
		"narrowed": {
			prior: edge(map[string]attr.Value{"fulfilment": types.StringValue("customer")}), planned: edge(nil), id: id, priorID: id, assigned: address,
			want: ledger.Call{State: id.ValueString(), Planned: rules.Known(id.ValueString()), Declared: same},
		},
		"widened": {
			prior: edge(nil), planned: edge(map[string]attr.Value{"fulfilment": types.StringValue("customer")}), id: id, priorID: id, assigned: address,
			want: ledger.Call{State: id.ValueString(), Planned: rules.Known(id.ValueString()), Declared: with(same, "fulfilment", "customer"), Asks: true},
		},
		"replaced under its name": {
			prior: edge(nil), planned: edge(map[string]attr.Value{"gateway_id": types.StringValue("gw-2")}), id: id, priorID: id, assigned: address,
			want: ledger.Call{
				State: id.ValueString(), Planned: rules.Known(id.ValueString()),
				Declared: with(with(same, "gateway_id", "gw-2"), "included_address", renewed), Asks: true,
			},
		},
		"destroyed": {
			prior: edge(nil), id: none, priorID: id, assigned: address,
			want: ledger.Call{State: id.ValueString()},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := planning{
				kind: rules.KindEdgeAttachment, nameParts: []string{"connection_id", "name"}, planned: test.planned, prior: test.prior,
				id: test.id, priorID: test.priorID, priorState: types.StringValue("active"),
				assigned: map[string]attr.Value{"included_address": test.assigned},
			}
			decided, _ := p.decide()
			test.want.Kind = rules.KindEdgeAttachment
			if got := p.call(decided); !reflect.DeepEqual(got, test.want) {
				t.Errorf("it is told\n%+v, want\n%+v", got, test.want)
			}
		})
	}
}

func with(declared rules.Declared, name string, value any) rules.Declared {
	changed := maps.Clone(declared)
	changed[name] = value
	return changed
}
