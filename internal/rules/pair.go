package rules

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Object is one of a pair.
type Object struct {
	// Name is its full name.
	Name string
	// Declared is what its owner declares of it. That of an edge attachment may have, beside its spec, the
	// "included_address" that it was given.
	Declared Declared
}

// Pair is a rule that two objects of a kind break together. A plan asks it of what it adds and keeps, the broker of what
// it has and of what is ordered; both put what they find into Facts.Clashes under the rule's id.
type Pair struct {
	Rule string
	Kind Kind

	conflict func(Policy, Facts, Object, Object) bool
}

// Conflicts says whether two objects of one account break the rule together. It is the same in whatever order they are
// handed in, and false where a value that it needs is not known, and of an object with itself.
func (p Pair) Conflicts(policy Policy, facts Facts, a, b Object) bool {
	return a.Name != b.Name && p.conflict(policy, facts, a, b)
}

// Pairs are the rules that two objects of this kind can break together.
func Pairs(kind Kind) []Pair {
	switch kind {
	case KindConnection:
		return []Pair{{"service.already-connected", kind, sameService}}
	case KindEdgeAttachment:
		return []Pair{
			{"edge.already-attached", kind, sameGateway},
			{"edge.bridging", kind, bridges},
			{"edge.overlap", kind, overlaps},
		}
	default:
		return nil
	}
}

// sameService says that two connections reach one service in the same way.
func sameService(_ Policy, _ Facts, a, b Object) bool {
	service, known := serviceOf(a.Declared)
	other, otherKnown := serviceOf(b.Declared)
	if !known || !otherKnown || service != other {
		return false
	}
	access, known := accessOf(a.Declared)
	otherAccess, otherKnown := accessOf(b.Declared)
	return known && otherKnown && access == otherAccess
}

// sameGateway says that two edge attachments attach one gateway.
func sameGateway(_ Policy, _ Facts, a, b Object) bool {
	gateway, known := a.Declared.Text("gateway_id").Get()
	other, otherKnown := b.Declared.Text("gateway_id").Get()
	return known && otherKnown && gateway == other
}

// bridges says that an internal network is behind two gateways of which one carries a network other than HSCN, so that
// traffic could pass from that network to HSCN. Where either edge attachment says what keeps them apart, it does not.
func bridges(_ Policy, facts Facts, a, b Object) bool {
	gateway, known := a.Declared.Text("gateway_id").Get()
	other, otherKnown := b.Declared.Text("gateway_id").Get()
	if !known || !otherKnown || gateway == other ||
		len(facts.Gateways[gateway].Networks)+len(facts.Gateways[other].Networks) == 0 {
		return false
	}
	if !a.Declared.Text("bridging_controls").IsNull() || !b.Declared.Text("bridging_controls").IsNull() {
		return false
	}
	theirs := internalNetworks(b.Declared)
	return slices.ContainsFunc(internalNetworks(a.Declared), func(network internalNetwork) bool {
		return network.id != "" && slices.ContainsFunc(theirs, func(n internalNetwork) bool { return n.id == network.id })
	})
}

// overlaps says that an internal network of one edge attachment covers the address that another of the same connection
// was given.
func overlaps(_ Policy, _ Facts, a, b Object) bool {
	connection, _, err := hscn.ParseEdgeAttachmentName(a.Name)
	other, _, otherErr := hscn.ParseEdgeAttachmentName(b.Name)
	if err != nil || otherErr != nil || connection != other {
		return false
	}
	return coversIncluded(a.Declared, b.Declared) || coversIncluded(b.Declared, a.Declared)
}

// coversIncluded says that a network behind one edge covers the included address of another.
func coversIncluded(edge, other Declared) bool {
	address, given := includedAddress(other)
	return given && slices.ContainsFunc(internalNetworks(edge), func(n internalNetwork) bool { return n.cidr.Contains(address) })
}

// internalNetwork is a network of the customer's behind a gateway, as far as it is known: id and DNS servers may be
// missing, and the CIDR may be the zero Prefix.
type internalNetwork struct {
	name string
	id   string
	cidr netip.Prefix
}

// internalNetworks returns the networks that an edge attachment declares, by name. One that is only known later is none.
func internalNetworks(d Declared) []internalNetwork {
	names, _ := d.Keys("networks").Get()
	networks := make([]internalNetwork, 0, len(names))
	for _, name := range names {
		network := internalNetwork{name: name}
		network.id, _ = d.Text("networks", name, "id").Get()
		if text, known := d.Text("networks", name, "cidr").Get(); known {
			// A malformed one is for those to refuse who take it.
			if cidr, err := netip.ParsePrefix(strings.TrimSpace(text)); err == nil {
				network.cidr = cidr.Masked()
			}
		}
		networks = append(networks, network)
	}
	return networks
}

// includedAddress is the HSCN address that an edge attachment was given, where it is known.
func includedAddress(d Declared) (netip.Addr, bool) {
	text, known := d.Text("included_address").Get()
	if !known {
		return netip.Addr{}, false
	}
	address, err := netip.ParseAddr(text)
	return address, err == nil
}
