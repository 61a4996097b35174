package rules

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// pairNamed is the pair of a rule.
func pairNamed(t *testing.T, rule string) Pair {
	t.Helper()
	for _, kind := range []Kind{KindConnection, KindEdgeAttachment} {
		pairs := Pairs(kind)
		if i := slices.IndexFunc(pairs, func(p Pair) bool { return p.Rule == rule }); i >= 0 {
			return pairs[i]
		}
	}
	t.Fatalf("no pair of %s", rule)
	return Pair{}
}

func TestPairs(t *testing.T) {
	t.Parallel()
	connected := func(kind, id, access any) Declared {
		return Declared{"service": map[string]any{"type": kind, "id": id}, "access": access}
	}
	attached := func(gateway any, networks map[string]any) Declared {
		return Declared{"gateway_id": gateway, "networks": networks}
	}
	behind := func(ids ...any) map[string]any {
		networks := make(map[string]any)
		for i, id := range ids {
			networks[fmt.Sprintf("net-%d", i)] = map[string]any{"id": id}
		}
		return networks
	}
	ranges := func(included string, cidrs ...any) Declared {
		networks := make(map[string]any)
		for i, cidr := range cidrs {
			networks[fmt.Sprintf("net-%d", i)] = map[string]any{"cidr": cidr}
		}
		return Declared{"included_address": included, "networks": networks}
	}
	controls := func(d Declared, value any) Declared { return d.put([]string{"bridging_controls"}, value) }
	facts := Facts{Gateways: map[string]Gateway{"plain": {}, "plain-2": {}, "psn": {Networks: []string{"psn"}}}}
	const (
		a     = "connections/records/edge-attachments/web"
		b     = "connections/records/edge-attachments/api"
		other = "connections/letters/edge-attachments/web"
	)
	cases := map[string]struct {
		rule         string
		aName, bName string
		aSpec, bSpec Declared
		want         bool
	}{
		"one service":                      {"service.already-connected", "connections/records", "connections/letters", connected("org", "1", nil), connected("org", "1", "shared_link"), true},
		"one service, itself":              {"service.already-connected", "connections/records", "connections/records", connected("org", "1", nil), connected("org", "1", nil), false},
		"one service, in two ways":         {"service.already-connected", "connections/records", "connections/letters", connected("org", "1", nil), connected("org", "1", "dedicated_circuit"), false},
		"two circuits":                     {"service.already-connected", "connections/records", "connections/letters", connected("org", "1", "dedicated_circuit"), connected("org", "1", "dedicated_circuit"), true},
		"another service":                  {"service.already-connected", "connections/records", "connections/letters", connected("org", "1", nil), connected("org", "2", nil), false},
		"another type of service":          {"service.already-connected", "connections/records", "connections/letters", connected("org", "1", nil), connected("project", "1", nil), false},
		"a service that is unknown":        {"service.already-connected", "connections/records", "connections/letters", connected("org", "1", nil), connected("org", Unknown, nil), false},
		"an access that is unknown":        {"service.already-connected", "connections/records", "connections/letters", connected("org", "1", nil), connected("org", "1", Unknown), false},
		"nothing":                          {"service.already-connected", "connections/records", "connections/letters", nil, nil, false},
		"one gateway":                      {"edge.already-attached", a, other, attached("gw", nil), attached("gw", nil), true},
		"another gateway":                  {"edge.already-attached", a, other, attached("gw", nil), attached("gw-2", nil), false},
		"no gateways yet":                  {"edge.already-attached", a, other, attached(nil, nil), attached(nil, nil), false},
		"gateways that are unknown":        {"edge.already-attached", a, other, attached(Unknown, nil), attached(Unknown, nil), false},
		"bridged":                          {"edge.bridging", a, other, attached("plain", behind("n1", "n2")), attached("psn", behind("n2")), true},
		"bridged, but controlled":          {"edge.bridging", a, b, controls(attached("plain", behind("n2")), "a firewall"), attached("psn", behind("n2")), false},
		"bridged, controls unknown":        {"edge.bridging", a, b, attached("plain", behind("n2")), controls(attached("psn", behind("n2")), Unknown), false},
		"HSCN alone at both":               {"edge.bridging", a, b, attached("plain", behind("n2")), attached("plain-2", behind("n2")), false},
		"gateways that nobody knows":       {"edge.bridging", a, b, attached("x", behind("n2")), attached("y", behind("n2")), false},
		"one gateway twice":                {"edge.bridging", a, b, attached("psn", behind("n2")), attached("psn", behind("n2")), false},
		"networks without ids":             {"edge.bridging", a, b, attached("plain", behind(nil, "")), attached("psn", behind(nil, "")), false},
		"networks that are unknown":        {"edge.bridging", a, b, attached("plain", behind(Unknown)), attached("psn", behind(Unknown)), false},
		"covers the other's address":       {"edge.overlap", a, b, ranges("10.0.0.1", "192.168.0.0/24"), ranges("192.168.0.9"), true},
		"beside the other's address":       {"edge.overlap", a, b, ranges("10.0.0.1", "192.168.0.0/24"), ranges("192.168.1.9"), false},
		"of another connection":            {"edge.overlap", a, other, ranges("10.0.0.1", "192.168.0.0/24"), ranges("192.168.0.9"), false},
		"its own address is not this rule": {"edge.overlap", a, b, ranges("192.168.0.9", "192.168.0.0/24"), ranges("10.0.0.1"), false},
		"no address yet":                   {"edge.overlap", a, b, ranges("", "192.168.0.0/24"), ranges(""), false},
		"a malformed range":                {"edge.overlap", a, b, ranges("", "192.168.0.9"), ranges("192.168.0.9"), false},
		"a range that is unknown":          {"edge.overlap", a, b, ranges("", Unknown), ranges("192.168.0.9"), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pair := pairNamed(t, c.rule)
			if got := pair.Conflicts(Policy{}, facts, Object{c.aName, c.aSpec}, Object{c.bName, c.bSpec}); got != c.want {
				t.Errorf("%t, want %t", got, c.want)
			}
			if got := pair.Conflicts(Policy{}, facts, Object{c.bName, c.bSpec}, Object{c.aName, c.aSpec}); got != c.want {
				t.Errorf("the other way round %t, want %t", got, c.want)
			}
		})
	}
}

// A pair says the same in whatever order it is handed two objects, and nothing of an object with itself; its rule is in
// the catalogue and looks at its kind.
func TestPairsAreSymmetric(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		value := func(name string, values ...any) any {
			return rapid.SampledFrom(append(values, nil, Unknown)).Draw(r, name)
		}
		object := func(which string) Object {
			return Object{
				Name: rapid.SampledFrom([]string{
					"connections/records", "connections/letters", "connections/records/edge-attachments/web", "connections/records/edge-attachments/api",
				}).Draw(r, which),
				Declared: Declared{
					"service":           value(which+" service", map[string]any{"type": "org", "id": "1"}, map[string]any{"type": "org", "id": "2"}),
					"access":            value(which+" access", "shared_link", "dedicated_circuit"),
					"gateway_id":        value(which+" gateway", "gw-1", "gw-2", "gw-3"),
					"bridging_controls": value(which+" controls", "a firewall"),
					"included_address":  value(which+" address", "192.168.0.9", "10.0.0.9"),
					"networks": value(which+" networks", map[string]any{
						"frontend": map[string]any{"id": value(which+" id", "n1", "n2"), "cidr": value(which+" cidr", "192.168.0.0/24", "10.0.0.0/8")},
					}),
				},
			}
		}
		a, b := object("a"), object("b")
		facts := Facts{Gateways: map[string]Gateway{"gw-1": {Networks: []string{"psn"}}, "gw-2": {}}}
		for _, kind := range []Kind{KindConnection, KindEdgeAttachment, KindAgreementEvidence} {
			for _, pair := range Pairs(kind) {
				if one, other := pair.Conflicts(Policy{}, facts, a, b), pair.Conflicts(Policy{}, facts, b, a); one != other {
					r.Fatalf("%s: %t, and the other way round %t", pair.Rule, one, other)
				}
				if pair.Conflicts(Policy{}, facts, a, a) {
					r.Fatalf("%s: an object conflicts with itself", pair.Rule)
				}
				i := slices.IndexFunc(Catalogue(), func(rule Rule) bool { return rule.ID == pair.Rule })
				if i < 0 || !slices.Contains(Catalogue()[i].Kinds, kind) || pair.Kind != kind {
					r.Fatalf("%s: no such rule of this kind", pair.Rule)
				}
			}
		}
	})
}
