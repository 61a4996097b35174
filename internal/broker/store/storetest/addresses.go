package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func (d *database) upsertPools(t testing.TB, pools ...store.Pool) {
	t.Helper()
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		for _, pool := range pools {
			if _, err := tx.UpsertPool(ctx, pool, now); err != nil {
				return err
			}
		}
		return nil
	})
}

func poolUpsert(t *testing.T, d *database) {
	pool := func(zone, cidr string, retired bool, reserved ...string) store.Pool {
		return store.Pool{Name: "pool-1", Zone: zone, CIDR: cidr, Retired: retired, Reserved: reserved}
	}
	runUpserts(t, d, []upsert[store.Pool]{
		{"new", pool("north", "192.0.2.7/29", false, "192.0.2.3", "192.0.2.2"), store.Created},
		{"another spelling", pool("north", "192.0.2.0/29", false, "192.0.2.2", "192.0.2.3", "192.0.2.3"), store.Unchanged},
		{"other reservations", pool("north", "192.0.2.0/29", false), store.Updated},
		{"another zone", pool("south", "192.0.2.0/29", false), store.Updated},
		{"another range", pool("south", "192.0.2.0/28", false), store.Updated},
		{"retired", pool("south", "192.0.2.0/28", true), store.Updated},
	}, func(ctx context.Context, tx *store.Tx, row store.Pool, at time.Time) (store.Change, error) {
		return tx.UpsertPool(ctx, row, at)
	})
	got := get(t, d, func(ctx context.Context, r *store.Reader) (store.Pool, error) { return r.PoolByName(ctx, "pool-1") })
	want := pool("south", "192.0.2.0/28", true)
	want.CreatedAt, want.UpdatedAt = store.Instant(now), store.Instant(now.Add(5*day))
	want.FirstAddress, want.LastAddress = got.FirstAddress, got.LastAddress
	want.Frontier = got.FirstAddress
	wantEqual(t, "pool", got, want)
	wantEqual(t, "addresses", got.LastAddress-got.FirstAddress+1, int64(14))
}

func poolRefused(t *testing.T, d *database) {
	d.upsertPools(t,
		store.Pool{Name: "taken", Zone: "north", CIDR: "192.0.2.0/26"},
		store.Pool{Name: "retired", Zone: "north", CIDR: "198.51.100.0/26", Retired: true},
	)
	for _, test := range []struct {
		pool  store.Pool
		words string
	}{
		{store.Pool{CIDR: "192.0.2.32/27"}, "pool refused (192.0.2.32/27) has addresses in common with pool taken (192.0.2.0/26)"},
		{store.Pool{CIDR: "192.0.0.0/16"}, "pool refused (192.0.0.0/16) has addresses in common with pool taken (192.0.2.0/26)"},
		{store.Pool{CIDR: "192.0.2.0"}, `pool refused has the range "192.0.2.0", which is no IPv4 prefix, such as 192.0.2.0/26`},
		{store.Pool{CIDR: "2001:db8::/64"}, `pool refused has the range "2001:db8::/64", which is no IPv4 prefix, such as 192.0.2.0/26`},
		{store.Pool{CIDR: "203.0.113.0/24", Reserved: []string{"203.0.113.300"}}, `pool refused reserves "203.0.113.300", which is no IPv4 address`},
	} {
		err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
			test.pool.Name, test.pool.Zone = "refused", "south"
			_, err := tx.UpsertPool(ctx, test.pool, now)
			return err
		})
		var overlap *store.PoolOverlapError
		var invalid *store.InvalidPoolError
		if !errors.As(err, &overlap) && !errors.As(err, &invalid) {
			t.Fatalf("%s: error is %v", test.pool.CIDR, err)
		}
		wantEqual(t, "words", err.Error(), test.words)
	}
	d.upsertPools(t,
		store.Pool{Name: "neighbour", Zone: "north", CIDR: "192.0.2.64/26"},
		store.Pool{Name: "successor", Zone: "north", CIDR: "198.51.100.0/27"},
	)
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		_, err := r.PoolByName(ctx, "refused")
		wantError(t, err, store.ErrNotFound)
		return nil
	})
}

func (d *database) allocate(request store.AddressRequest) (netip.Addr, error) {
	var given netip.Addr
	err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) (err error) {
		given, err = tx.AllocateAddress(ctx, request)
		return err
	})
	return given, err
}

// ledger is what a zone's addresses should be, in the plainest words that there are.
type ledger struct {
	usable []netip.Addr // of all pools, ascending, without what is reserved
	owner  map[netip.Addr]string
	had    map[netip.Addr]string // whom it was given to last, by account and name
	back   map[netip.Addr]int    // when it came back, as a count
	rests  map[netip.Addr]time.Time
	count  int
}

// expect returns the address that somebody must be given: the one that came back last from the same name, else the
// lowest that is free.
func (l *ledger) expect(name string, at time.Time) netip.Addr {
	var best netip.Addr
	for _, a := range l.usable {
		if l.had[a] == name && l.owner[a] == "" && (!best.IsValid() || l.back[a] > l.back[best]) {
			best = a
		}
	}
	if best.IsValid() {
		return best
	}
	for _, a := range l.usable {
		if l.owner[a] == "" && !l.rests[a].After(at) {
			return a
		}
	}
	return netip.Addr{}
}

// addressLaw gives and releases addresses at random. Whatever is done, no address is held twice, none is lost, and a
// name that comes back has the address that it had.
func addressLaw(t *testing.T, d *database) {
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		zone := fmt.Sprintf("zone-%d", round)
		pools, usable := drawPools(t, zone, round)
		if err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
			for _, pool := range pools {
				if _, err := tx.UpsertPool(ctx, pool, now); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}

		l := &ledger{
			usable: usable, owner: map[netip.Addr]string{}, had: map[netip.Addr]string{}, back: map[netip.Addr]int{},
			rests: map[netip.Addr]time.Time{},
		}
		at := now
		owners := 0
		give := func(t *rapid.T, account, name string) {
			owners++
			uid := fmt.Sprintf("%s-owner-%d", zone, owners)
			want := l.expect(account+"/"+name, at)
			got, err := d.allocate(store.AddressRequest{Zone: zone, Account: account, FullName: name, OwnerUID: uid, Now: at})
			switch {
			case !want.IsValid() && errors.Is(err, store.ErrPoolEmpty):
				return
			case err != nil:
				t.Fatalf("allocate for %s/%s: %v, want %v", account, name, err, want)
			case got != want:
				t.Fatalf("%s/%s was given %v, want %v", account, name, got, want)
			case l.owner[got] != "":
				t.Fatalf("%v was given twice", got)
			}
			l.owner[got], l.had[got] = uid, account+"/"+name
		}
		release := func(t *rapid.T, a netip.Addr, restDays int) {
			if err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
				return tx.ReleaseAddress(ctx, l.owner[a], at, restDays)
			}); err != nil {
				t.Fatal(err)
			}
			l.count++
			l.owner[a], l.rests[a], l.back[a] = "", at.Add(time.Duration(restDays)*day), l.count
		}
		held := func() []netip.Addr {
			return slices.DeleteFunc(slices.Clone(l.usable), func(a netip.Addr) bool { return l.owner[a] == "" })
		}

		t.Repeat(map[string]func(*rapid.T){
			"give": func(t *rapid.T) {
				account := rapid.SampledFrom([]string{"acme", "other"}).Draw(t, "account")
				give(t, account, rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "name"))
			},
			"release": func(t *rapid.T) {
				if len(held()) == 0 {
					t.Skip("nothing is held")
				}
				at = at.Add(time.Second) // what came back last is known by its time
				release(t, rapid.SampledFrom(held()).Draw(t, "address"), rapid.IntRange(0, 3).Draw(t, "rest"))
			},
			"wait": func(t *rapid.T) { at = at.Add(time.Duration(rapid.IntRange(1, 48).Draw(t, "hours")) * time.Hour) },
		})

		// None is lost: when all have come back and rested, all can be given again, each once.
		for _, a := range held() {
			release(t, a, 1)
		}
		at = at.Add(10 * day)
		for i := range l.usable {
			give(t, "acme", fmt.Sprintf("new-%d", i))
		}
		if len(held()) != len(l.usable) {
			t.Fatalf("%d of %d addresses could be given", len(held()), len(l.usable))
		}
		give(t, "acme", "one too many")
		if want := l.expect("acme/one too many", at); want.IsValid() {
			t.Fatalf("%v is still free", want)
		}
	})
}

// drawPools draws up to three small pools of a zone, in a range of addresses that is the round's own, and returns what
// they give in ascending order.
func drawPools(t *rapid.T, zone string, round int) ([]store.Pool, []netip.Addr) {
	var pools []store.Pool
	var usable []netip.Addr
	for i := range rapid.IntRange(1, 3).Draw(t, "pools") {
		const smallest, largest = 29, 32
		bits := rapid.IntRange(smallest, largest).Draw(t, "bits")
		prefix := netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.%d/%d", round/256, round%256, i*8, bits))
		pool := store.Pool{Name: fmt.Sprintf("%s-%d", zone, i), Zone: zone, CIDR: prefix.String()}
		for a := range hscn.UsableAddresses(prefix) {
			if rapid.IntRange(0, 3).Draw(t, "reserve") == 0 {
				pool.Reserved = append(pool.Reserved, a.String())
			} else {
				usable = append(usable, a)
			}
		}
		pools = append(pools, pool)
	}
	return pools, usable
}

// addressesConcurrent has several ask at once, for more than there are. Half of what there is was given before.
func addressesConcurrent(t *testing.T, d *database) {
	const workers, each, there, before = 8, 8, 62, 31
	d.upsertPools(t, store.Pool{Name: "pool-1", Zone: "north", CIDR: "192.0.2.0/26"})
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		for i := range before {
			owner := fmt.Sprintf("before-%d", i)
			request := store.AddressRequest{Zone: "north", Account: "acme", FullName: owner, OwnerUID: owner, Now: now}
			if _, err := tx.AllocateAddress(ctx, request); err != nil {
				return err
			}
		}
		for i := range before {
			if err := tx.ReleaseAddress(ctx, fmt.Sprintf("before-%d", i), now, 0); err != nil {
				return err
			}
		}
		return nil
	})
	var mutex sync.Mutex
	given := map[netip.Addr]int{}
	refused := 0
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for i := range each {
				owner := fmt.Sprintf("owner-%d-%d", worker, i)
				a, err := d.allocate(store.AddressRequest{
					Zone: "north", Account: "acme", FullName: owner, OwnerUID: owner, Now: now,
				})
				mutex.Lock()
				switch {
				case errors.Is(err, store.ErrPoolEmpty):
					refused++
				case err != nil:
					t.Error(err)
				default:
					given[a]++
				}
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	wantEqual(t, "refused", refused, workers*each-there)
	wantEqual(t, "different addresses", len(given), there)
}

// addressReservationsMove changes what is reserved, and moves a pool to another zone, under addresses that are held.
func addressReservationsMove(t *testing.T, d *database) {
	pool := store.Pool{Name: "pool-1", Zone: "north", CIDR: "192.0.2.0/29", Reserved: []string{"192.0.2.1", "192.0.2.3"}}
	d.upsertPools(t, pool)
	owners := 0
	want := func(zone, address string) {
		t.Helper()
		owners++
		owner := fmt.Sprintf("owner-%d", owners)
		got, err := d.allocate(store.AddressRequest{Zone: zone, Account: "acme", FullName: owner, OwnerUID: owner, Now: now})
		if address == "" {
			wantError(t, err, store.ErrPoolEmpty)
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, "address", got.String(), address)
	}
	want("north", "192.0.2.2")
	want("north", "192.0.2.4")
	pool.Reserved = []string{"192.0.2.5"}
	d.upsertPools(t, pool)
	want("north", "192.0.2.1")
	want("north", "192.0.2.3")
	want("north", "192.0.2.6")
	want("north", "")
	want("nowhere", "")

	// A released address of a pool that has moved or is reserved by now is not given back to its name.
	release := func(owner string) {
		d.write(t, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.ReleaseAddress(ctx, owner, now, 30); err != nil {
				return err
			}
			return tx.ReleaseAddress(ctx, "nobody", now, 30)
		})
	}
	release("owner-1") // 192.0.2.2
	pool.Reserved = []string{"192.0.2.2"}
	d.upsertPools(t, pool)
	owners = 0
	want("north", "192.0.2.5")
	pool.Retired = true
	d.upsertPools(t, pool)
	release("owner-1")
	owners = 0
	want("north", "")
}
