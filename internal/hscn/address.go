package hscn

import (
	"iter"
	"net/netip"
)

// UsableAddresses yields the addresses of an IPv4 prefix that a host can have, in ascending order: all but the first
// and the last, which are the network's and the broadcast address; both of a /31 (RFC 3021); the one of a /32. Host
// bits in the prefix are ignored. An invalid prefix and one of IPv6 yield nothing: HSCN is IPv4 only.
func UsableAddresses(prefix netip.Prefix) iter.Seq[netip.Addr] {
	return func(yield func(netip.Addr) bool) {
		if !prefix.IsValid() || !prefix.Addr().Is4() {
			return
		}
		network := prefix.Masked().Addr()
		hostsOnly := prefix.Bits() < 31
		for address := network; prefix.Contains(address); {
			next := address.Next()
			reserved := hostsOnly && (address == network || !prefix.Contains(next))
			if !reserved && !yield(address) {
				return
			}
			address = next
		}
	}
}

// notGlobal are the ranges of addresses that the internet does not route (IANA, "IPv4 Special-Purpose Address Registry"
// and "IPv6 Special-Purpose Address Registry"), multicast included.
var notGlobal = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("224.0.0.0/3"),
	netip.MustParsePrefix("::/3"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("fc00::/6"),
}

// GloballyRoutable reports whether an address is one of the public internet's by its range. HSCN has addresses of its own
// among those, which only its pools tell apart.
func GloballyRoutable(address netip.Addr) bool {
	address = address.Unmap()
	if !address.IsValid() {
		return false
	}
	for _, prefix := range notGlobal {
		if prefix.Contains(address) {
			return false
		}
	}
	return true
}
