package hscn_test

import (
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func TestUsableAddresses(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string][]string{
		"192.0.2.0/29":         {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6"},
		"192.0.2.0/30":         {"192.0.2.1", "192.0.2.2"},
		"192.0.2.2/31":         {"192.0.2.2", "192.0.2.3"},
		"192.0.2.7/32":         {"192.0.2.7"},
		"192.0.2.5/30":         {"192.0.2.5", "192.0.2.6"}, // host bits are ignored
		"255.255.255.252/30":   {"255.255.255.253", "255.255.255.254"},
		"255.255.255.254/31":   {"255.255.255.254", "255.255.255.255"},
		"255.255.255.255/32":   {"255.255.255.255"},
		"0.0.0.0/31":           {"0.0.0.0", "0.0.0.1"},
		"2001:db8::/126":       nil,
		"::ffff:192.0.2.0/124": nil,
	} {
		var got []string
		for address := range hscn.UsableAddresses(netip.MustParsePrefix(prefix)) {
			got = append(got, address.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("UsableAddresses(%s) = %v, want %v", prefix, got, want)
		}
	}
	for address := range hscn.UsableAddresses(netip.Prefix{}) {
		t.Errorf("an invalid prefix yields %v", address)
	}
}

func TestUsableAddressesStopsWhenAsked(t *testing.T) {
	t.Parallel()
	var got []netip.Addr
	for address := range hscn.UsableAddresses(netip.MustParsePrefix("0.0.0.0/0")) {
		got = append(got, address)
		if len(got) == 2 {
			break
		}
	}
	if want := []netip.Addr{netip.MustParseAddr("0.0.0.1"), netip.MustParseAddr("0.0.0.2")}; !slices.Equal(got, want) {
		t.Errorf("first two = %v, want %v", got, want)
	}
}

func TestUsableAddressesLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		octets := [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "octets"))
		bits := rapid.IntRange(20, 32).Draw(t, "bits")
		prefix := netip.PrefixFrom(netip.AddrFrom4(octets), bits)
		got := slices.Collect(hscn.UsableAddresses(prefix))

		want := 1 << (32 - bits)
		if bits < 31 {
			want -= 2
		}
		if len(got) != want {
			t.Fatalf("%v has %d addresses, want %d", prefix, len(got), want)
		}
		if !slices.IsSortedFunc(got, netip.Addr.Compare) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Fatalf("addresses of %v are not ascending", prefix)
		}
		if !prefix.Contains(got[0]) || !prefix.Contains(got[len(got)-1]) {
			t.Fatalf("%v yields %v to %v", prefix, got[0], got[len(got)-1])
		}
	})
}

func TestGloballyRoutable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"8.8.8.8": true, "155.231.231.1": true, "172.32.0.1": true, "100.128.0.1": true, "223.255.255.255": true, "2001:4860:4860::8888": true,
		"10.1.2.3": false, "172.31.255.255": false, "192.168.0.1": false, "100.64.0.1": false, "127.0.0.1": false, "169.254.1.1": false,
		"0.1.2.3": false, "192.0.2.1": false, "198.51.100.1": false, "203.0.113.1": false, "198.19.0.1": false, "224.0.0.1": false, "240.0.0.1": false,
		"255.255.255.255": false, "::1": false, "fe80::1": false, "fd00::1": false, "ff02::1": false, "2001:db8::1": false, "::ffff:10.0.0.1": false,
		"::ffff:8.8.8.8": true,
	} {
		if hscn.GloballyRoutable(netip.MustParseAddr(text)) != want {
			t.Errorf("%s: %t", text, !want)
		}
	}
	if hscn.GloballyRoutable(netip.Addr{}) {
		t.Error("no address is routed")
	}
}
