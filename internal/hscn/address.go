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
