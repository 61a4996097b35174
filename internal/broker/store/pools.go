package store

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// Pool is a range of addresses of a zone.
type Pool struct {
	bun.BaseModel `bun:"table:pools"`

	Name string `bun:"name,pk"`
	Zone string `bun:"zone"`
	// CIDR is an IPv4 prefix; UpsertPool drops its host bits.
	CIDR string `bun:"cidr"`
	// Reserved are addresses that are never given, in their order.
	Reserved  []string  `bun:"reserved,type:jsonb,nullzero"`
	Retired   bool      `bun:"retired"`
	CreatedAt time.Time `bun:"created_at"`
	UpdatedAt time.Time `bun:"updated_at"`

	// FirstAddress and LastAddress are the usable addresses at the ends of CIDR, as numbers; UpsertPool sets them.
	FirstAddress int64 `bun:"first_address"`
	LastAddress  int64 `bun:"last_address"`
	// Frontier is the lowest address that may never have been given; every lower one was, or is reserved.
	Frontier int64 `bun:"frontier"`
}

// gives reports whether the pool gives the address.
func (p Pool) gives(number int64) bool {
	return p.FirstAddress <= number && number <= p.LastAddress && !slices.Contains(p.reservedNumbers(), number)
}

// reservedNumbers returns Reserved as numbers.
func (p Pool) reservedNumbers() []int64 {
	numbers := make([]int64, 0, len(p.Reserved))
	for _, text := range p.Reserved {
		if reserved, err := netip.ParseAddr(text); err == nil && reserved.Is4() { // UpsertPool took no other
			numbers = append(numbers, addressToNumber(reserved))
		}
	}
	return numbers
}

// PoolByName returns the pool, also a retired one, or ErrNotFound.
func (r *Reader) PoolByName(ctx context.Context, name string) (Pool, error) {
	var row Pool
	err := r.q.NewSelect().Model(&row).Where("name = ?", name).Scan(ctx)
	return row, failure("read a pool", err)
}

// UpsertPool inserts or updates the pool. It returns an *InvalidPoolError where its range or a reserved address cannot be
// read, and a *PoolOverlapError where another pool that is not retired has some of its addresses. Addresses that are held
// stay held, whatever becomes of their pool.
func (tx *Tx) UpsertPool(ctx context.Context, p Pool, now time.Time) (Change, error) {
	if err := p.complete(); err != nil {
		return "", err
	}
	if err := tx.advisoryLock(ctx, "pg_advisory_xact_lock", poolsLockKey); err != nil {
		return "", err
	}
	if err := tx.checkOverlap(ctx, p); err != nil {
		return "", err
	}

	var rows []Pool
	if err := tx.forUpdate(tx.q.NewSelect().Model(&rows).Where("name = ?", p.Name)).Scan(ctx); err != nil {
		return "", failure("read a pool", err)
	}
	p.UpdatedAt = Instant(now)
	if len(rows) == 0 {
		p.CreatedAt = p.UpdatedAt
		_, err := tx.q.NewInsert().Model(&p).Exec(ctx)
		return Created, failure("add a pool", err)
	}
	was := rows[0]
	if was.Zone == p.Zone && was.CIDR == p.CIDR && was.Retired == p.Retired && slices.Equal(was.Reserved, p.Reserved) {
		return Unchanged, nil
	}
	p.CreatedAt = was.CreatedAt
	_, err := tx.q.NewUpdate().Model(&p).WherePK().Exec(ctx)
	return Updated, failure("change a pool", err)
}

// complete brings the row into its one form. The frontier starts again at the first address: what is reserved may have
// changed.
func (p *Pool) complete() error {
	prefix, err := netip.ParsePrefix(p.CIDR)
	if err != nil || !prefix.Addr().Is4() {
		return &InvalidPoolError{Name: p.Name, Reason: fmt.Sprintf("has the range %q, which is no IPv4 prefix, "+
			"such as 192.0.2.0/26", p.CIDR)}
	}
	p.CIDR = prefix.Masked().String()
	p.FirstAddress, p.LastAddress = usableRange(prefix)
	p.Frontier = p.FirstAddress

	var reserved []netip.Addr
	for _, text := range p.Reserved {
		address, err := netip.ParseAddr(text)
		if err != nil || !address.Is4() {
			return &InvalidPoolError{Name: p.Name, Reason: fmt.Sprintf("reserves %q, which is no IPv4 address", text)}
		}
		reserved = append(reserved, address)
	}
	slices.SortFunc(reserved, netip.Addr.Compare)
	p.Reserved = nil
	for _, address := range slices.Compact(reserved) {
		p.Reserved = append(p.Reserved, address.String())
	}
	return nil
}

// checkOverlap looks for a pool from which the same addresses would be given.
func (tx *Tx) checkOverlap(ctx context.Context, p Pool) error {
	if p.Retired {
		return nil
	}
	var others []Pool
	err := tx.q.NewSelect().Model(&others).
		Where("NOT retired AND name <> ?", p.Name).
		Where("first_address <= ? AND last_address >= ?", p.LastAddress, p.FirstAddress).
		Order("first_address").Limit(1).Scan(ctx)
	if err != nil {
		return failure("look for pools that overlap", err)
	}
	if len(others) > 0 {
		return &PoolOverlapError{Name: p.Name, CIDR: p.CIDR, Other: others[0].Name, OtherCIDR: others[0].CIDR}
	}
	return nil
}
