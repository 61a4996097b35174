package store

import (
	"context"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// address is an address that was given at least once. It is held while OwnerUID is set; else it rests until RestsUntil,
// and is free after that. Rows are never deleted, so Account and FullName say who had it last.
type address struct {
	bun.BaseModel `bun:"table:addresses"`

	// Number is the address as a number: databases sort numbers, not addresses.
	Number     int64      `bun:"number,pk"`
	Address    string     `bun:"address"`
	Account    string     `bun:"account"`
	FullName   string     `bun:"full_name"`
	OwnerUID   string     `bun:"owner_uid,nullzero"`
	Since      time.Time  `bun:"since"`
	RestsUntil *time.Time `bun:"rests_until"`
}

// AddressRequest says for whom an address is.
type AddressRequest struct {
	Zone    string
	Account string
	// FullName is the owner's full resource name: who had an address under it before has the same one again.
	FullName string
	// OwnerUID is the owner's uid; an owner has one address.
	OwnerUID string
	Now      time.Time
}

// AllocateAddress gives the owner an address of the zone's pools: the one that the same account had under the same name
// before, where nobody else has had it since, else the lowest that is free, neither reserved nor held nor resting. It
// returns ErrPoolEmpty when there is none.
func (tx *Tx) AllocateAddress(ctx context.Context, request AddressRequest) (netip.Addr, error) {
	request.Now = Instant(request.Now)
	pools, err := tx.lockPools(ctx, request.Zone)
	if err != nil {
		return netip.Addr{}, err
	}
	had, err := tx.addressHadBefore(ctx, request, pools)
	if err != nil || had.IsValid() {
		return had, err
	}
	for _, p := range pools { // in ascending order, and they do not overlap
		given, err := tx.lowestFree(ctx, request, p)
		if err != nil || given.IsValid() {
			return given, err
		}
	}
	return netip.Addr{}, ErrPoolEmpty
}

// ReleaseAddress takes the owner's address back, for nobody but an owner of the same account and name until restDays
// days have passed. An owner that has none is no error.
func (tx *Tx) ReleaseAddress(ctx context.Context, ownerUID string, now time.Time, restDays int) error {
	now = Instant(now)
	_, err := tx.q.NewUpdate().Table("addresses").Set("owner_uid = NULL").Set("since = ?", now).
		Set("rests_until = ?", now.AddDate(0, 0, restDays)).Where("owner_uid = ?", ownerUID).Exec(ctx)
	return failure("release an address", err)
}

// lockPools returns the zone's pools that give addresses, lowest first. Until the transaction ends no other gives an
// address of them.
func (tx *Tx) lockPools(ctx context.Context, zone string) ([]Pool, error) {
	var pools []Pool
	query := tx.q.NewSelect().Model(&pools).Where("zone = ? AND NOT retired", zone).Order("first_address")
	if err := tx.forUpdate(query).Scan(ctx); err != nil {
		return nil, failure("lock the pools of a zone", err)
	}
	return pools, nil
}

// addressHadBefore gives the owner the address that this account gave up last under this name. It returns the zero
// address where there is none that these pools give.
func (tx *Tx) addressHadBefore(ctx context.Context, request AddressRequest, pools []Pool) (netip.Addr, error) {
	var rows []address
	err := tx.q.NewSelect().Model(&rows).
		Where("owner_uid IS NULL AND account = ? AND full_name = ?", request.Account, request.FullName).
		OrderExpr("since DESC, number").Scan(ctx)
	if err != nil {
		return netip.Addr{}, failure("look for the address that a name had", err)
	}
	for _, row := range rows {
		if slices.ContainsFunc(pools, func(p Pool) bool { return p.gives(row.Number) }) {
			return tx.take(ctx, request, row.Number, true)
		}
	}
	return netip.Addr{}, nil
}

// lowestFree gives the owner the pool's lowest address that is free. It returns the zero address where there is none.
func (tx *Tx) lowestFree(ctx context.Context, request AddressRequest, p Pool) (netip.Addr, error) {
	rested, err := tx.lowestRested(ctx, request.Now, p)
	if err != nil {
		return netip.Addr{}, err
	}
	fresh, err := tx.lowestFresh(ctx, p)
	if err != nil {
		return netip.Addr{}, err
	}
	if rested != 0 && (fresh == 0 || rested < fresh) {
		return tx.take(ctx, request, rested, true)
	}
	frontier := fresh + 1
	if fresh == 0 {
		frontier = p.LastAddress + 1
	}
	if frontier != p.Frontier {
		_, err := tx.q.NewUpdate().Table("pools").Set("frontier = ?", frontier).Where("name = ?", p.Name).Exec(ctx)
		if err != nil {
			return netip.Addr{}, failure("move a pool's frontier", err)
		}
	}
	if fresh == 0 {
		return netip.Addr{}, nil
	}
	return tx.take(ctx, request, fresh, false)
}

// lowestRested returns the pool's lowest address that was given, came back and has rested; 0 where there is none.
func (tx *Tx) lowestRested(ctx context.Context, now time.Time, p Pool) (int64, error) {
	var rows []address
	query := tx.q.NewSelect().Model(&rows).
		Where("owner_uid IS NULL AND rests_until <= ?", now).
		Where("number BETWEEN ? AND ?", p.FirstAddress, p.LastAddress)
	if reserved := p.reservedNumbers(); len(reserved) > 0 {
		query = query.Where("number NOT IN (?)", bun.List(reserved))
	}
	if err := query.Order("number").Limit(1).Scan(ctx); err != nil {
		return 0, failure("look for an address that has rested", err)
	}
	if len(rows) == 0 {
		return 0, nil
	}
	return rows[0].Number, nil
}

// lowestFresh returns the pool's lowest address that was never given; 0 where there is none. Below the frontier there is
// none, so that the search does not grow with the pool; above it there are such as were given before the pool was
// changed.
func (tx *Tx) lowestFresh(ctx context.Context, p Pool) (int64, error) {
	reserved := p.reservedNumbers()
	skipReserved := func(candidate int64) int64 {
		for slices.Contains(reserved, candidate) {
			candidate++
		}
		return candidate
	}
	const batch = 1000
	for candidate := p.Frontier; candidate <= p.LastAddress; {
		var given []int64
		err := tx.q.NewSelect().Table("addresses").Column("number").
			Where("number BETWEEN ? AND ?", candidate, p.LastAddress).Order("number").Limit(batch).Scan(ctx, &given)
		if err != nil {
			return 0, failure("look for an address that was never given", err)
		}
		for _, number := range given {
			if candidate = skipReserved(candidate); candidate < number {
				return candidate, nil
			}
			candidate = number + 1
		}
		if len(given) < batch {
			if candidate = skipReserved(candidate); candidate <= p.LastAddress {
				return candidate, nil
			}
		}
	}
	return 0, nil
}

// take makes the owner the holder of the address; given says that it has a row already.
func (tx *Tx) take(ctx context.Context, request AddressRequest, number int64, given bool) (netip.Addr, error) {
	taken := numberToAddress(number)
	row := address{
		Number: number, Address: taken.String(), Account: request.Account, FullName: request.FullName,
		OwnerUID: request.OwnerUID, Since: request.Now,
	}
	if given {
		result, err := tx.q.NewUpdate().Model(&row).WherePK().Where("owner_uid IS NULL").Exec(ctx)
		if err := changedOne("give an address", result, err); err != nil {
			return netip.Addr{}, err
		}
		return taken, nil
	}
	if _, err := tx.q.NewInsert().Model(&row).Exec(ctx); err != nil {
		return netip.Addr{}, failure("give an address", err)
	}
	return taken, nil
}

// addressToNumber returns the IPv4 address as a number.
func addressToNumber(a netip.Addr) int64 {
	bytes := a.As4()
	return int64(binary.BigEndian.Uint32(bytes[:]))
}

// numberToAddress is the inverse of addressToNumber.
func numberToAddress(n int64) netip.Addr {
	var bytes [4]byte
	binary.BigEndian.PutUint32(bytes[:], uint32(n)) //nolint:gosec // it was made of an IPv4 address
	return netip.AddrFrom4(bytes)
}

// usableRange returns the first and the last address of the prefix that a host can have, as hscn.UsableAddresses yields
// them, without going through all between.
func usableRange(prefix netip.Prefix) (first, last int64) {
	const bitsOfIPv4 = 32
	network := addressToNumber(prefix.Masked().Addr())
	broadcast := network + int64(1)<<(bitsOfIPv4-prefix.Bits()) - 1
	if prefix.Bits() >= bitsOfIPv4-1 {
		return network, broadcast
	}
	return network + 1, broadcast - 1
}
