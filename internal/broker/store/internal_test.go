package store

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// TestUsableRange holds the short way to the ends of a range to the long one.
func TestUsableRange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		bytes := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address")
		prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte(bytes)), rapid.IntRange(20, 32).Draw(t, "bits"))
		first, last := usableRange(prefix)
		next := first
		for address := range hscn.UsableAddresses(prefix) {
			if got := numberToAddress(next); got != address {
				t.Fatalf("%v: %v comes where %v should", prefix, got, address)
			}
			next++
		}
		if next != last+1 {
			t.Fatalf("%v: the last is %v, want %v", prefix, numberToAddress(last), numberToAddress(next-1))
		}
	})
}

func TestCheckServer(t *testing.T) {
	t.Parallel()
	for version, number := range map[string]int{"15.0": 150000, "15.19": 150019, "18.1": 180001} {
		if err := checkServer("db", number, version); err != nil {
			t.Errorf("PostgreSQL %s is refused: %v", version, err)
		}
	}
	err := checkServer("db.example:5432/broker", 140011, "14.11")
	const want = "database db.example:5432/broker is served by PostgreSQL 14.11: hscn-broker needs PostgreSQL 15 or later"
	if err == nil || err.Error() != want {
		t.Errorf("words:\n got %v\nwant %s", err, want)
	}
}
