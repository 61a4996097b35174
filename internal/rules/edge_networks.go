package rules

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// edgeBridging looks at what a plan or the broker found among edge attachments, and at gateways that are not attached.
func edgeBridging(j *judgement) *hit {
	id, known := j.order.Declared.Text("gateway_id").Get()
	if !known || !j.order.Declared.Text("bridging_controls").IsNull() {
		return nil
	}
	var path []string
	var bridged []string
	for _, network := range internalNetworks(j.order.Declared) {
		if network.id == "" {
			continue
		}
		for _, other := range slices.Sorted(maps.Keys(j.facts.Gateways)) {
			gateway := j.facts.Gateways[other]
			if other == id || len(gateway.Networks) == 0 || !slices.Contains(gateway.InternalNetworks, network.id) {
				continue
			}
			if path == nil {
				path = networkPath(network.name, "id")
			}
			bridged = append(bridged, fmt.Sprintf("%s (%s) is also behind the gateway %s, which carries %s",
				quoted(network.name), network.id, quoted(other), firstOf(gateway.Networks)))
		}
	}
	clash, clashes := j.facts.Clashes["edge.bridging"]
	h := &hit{path: path}
	switch {
	case len(bridged) == 1:
		h.detail = "The network " + bridged[0] + ": traffic could pass from there to HSCN."
	case len(bridged) > 1:
		h.detail = fmt.Sprintf("%d times a network is also behind a gateway of another network, from where traffic could pass to HSCN: %s.",
			len(bridged), firstOf(bridged))
	case clashes:
		h.path, h.mild = []string{"networks"}, !clash.Certain
		h.detail = "One of its networks is also behind the gateway of another edge attachment" + j.opponents(clash) +
			"; one of the two gateways carries another network, from where traffic could pass to HSCN."
	default:
		return nil
	}
	return h
}

// edgeOverlap refuses what hides HSCN addresses from the networks behind the gateway; that those overlap each other is
// only worth a warning, since it is for the customer to know.
func edgeOverlap(j *judgement) *hit {
	networks := internalNetworks(j.order.Declared)
	var path []string
	var overlapping []string
	add := func(network internalNetwork, what string) {
		if path == nil {
			path = networkPath(network.name, "cidr")
		}
		overlapping = append(overlapping, fmt.Sprintf("%s (%s) overlaps %s", quoted(network.name), network.cidr, what))
	}
	included, given := includedAddress(j.order.Declared)
	for _, network := range networks {
		for _, pool := range j.policy.HSCNRanges {
			if overlap(network.cidr, pool) {
				add(network, "the HSCN range "+pool.String())
			}
		}
		if given && network.cidr.Contains(included) {
			add(network, "the HSCN address "+included.String()+" of this edge attachment")
		}
	}
	clash, clashes := j.facts.Clashes["edge.overlap"]
	if len(overlapping) > 0 {
		return &hit{path: path, detail: networkSentence(overlapping)}
	}
	if clashes {
		return &hit{
			path: []string{"networks"}, mild: !clash.Certain,
			detail: "An internal network of this edge attachment covers the HSCN address of another one of the connection, or the other way " +
				"round" + j.opponents(clash) + ".",
		}
	}
	for i, network := range networks {
		for _, other := range networks[i+1:] {
			if overlap(network.cidr, other.cidr) {
				add(network, quoted(other.name)+" ("+other.cidr.String()+"), behind the same gateway")
			}
		}
	}
	if len(overlapping) == 0 {
		return nil
	}
	return &hit{
		path: path, mild: true, detail: networkSentence(overlapping),
		remedy: "Check both ranges: the gateway can route an address to one of the two only.",
	}
}

func networkSentence(overlapping []string) string {
	if len(overlapping) == 1 {
		return "The network " + overlapping[0] + "."
	}
	return fmt.Sprintf("%d overlaps of internal networks: %s.", len(overlapping), firstOf(overlapping))
}

// overlap says that two prefixes share an address; one that is not known shares none.
func overlap(a, b netip.Prefix) bool { return a.IsValid() && b.IsValid() && a.Overlaps(b) }

// resolverProblem says what is wrong with a DNS server for networks that reach HSCN; empty where nothing is.
func (j *judgement) resolverProblem(text string) string {
	// What is no address is for others to refuse.
	server, err := netip.ParseAddr(strings.TrimSpace(text))
	switch {
	case err != nil, slices.Contains(j.policy.DNSResolvers, server):
		return ""
	case slices.Contains(j.policy.RetiredDNSResolvers, server):
		return "is retired and no longer answers"
	case hscn.GloballyRoutable(server) && !slices.ContainsFunc(j.policy.HSCNRanges, func(pool netip.Prefix) bool { return pool.Contains(server) }):
		return "is on the internet and does not know HSCN's names"
	default:
		return ""
	}
}
