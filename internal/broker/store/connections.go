package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Connection is a row of connections: one for each order that ever stood, also those that were refused or ceased. What
// holds is unique by name, and by service and access.
type Connection struct {
	bun.BaseModel `bun:"table:connections"`
	Standing

	// ODSCode is canonical; the owner's spelling is in Spec.
	ODSCode     string      `bun:"ods_code"`
	ServiceType string      `bun:"service_type"`
	ServiceID   string      `bun:"service_id"`
	Access      hscn.Access `bun:"access"`

	// Spec is what its owner declared and the operator confirmed.
	Spec api.ConnectionSpec `bun:"spec,type:jsonb"`

	CommitmentMonths int64 `bun:"commitment_months"`
	// CommitmentEndsOn, AgreementValidatedOn and RevalidateOn are days, YYYY-MM-DD; empty where there is none.
	CommitmentEndsOn     string `bun:"commitment_ends_on,nullzero"`
	AgreementValidatedOn string `bun:"agreement_validated_on,nullzero"`
	RevalidateOn         string `bun:"revalidate_on,nullzero"`
	// EvidenceVersionUID is the version of a signed copy that access rests on, whatever becomes of the copy; empty where
	// it rests on none.
	EvidenceVersionUID string `bun:"evidence_version_uid,nullzero"`
}

// FullName is the full resource name.
func (c Connection) FullName() string { return hscn.ConnectionName(c.Name) }

// NameKey is where a listing by name stands: the names and the uid of the last row of the page before. Names of what was
// refused may repeat, uids do not.
type NameKey struct {
	// Account is the row's, in a listing of all accounts.
	Account string
	// Connection is the connection's name, in a listing of edge attachments.
	Connection string
	// Name is the row's own.
	Name string
	UID  string
}

// ConnectionFilter chooses connections for a listing.
type ConnectionFilter struct {
	// Account is whose they are; empty for all accounts.
	Account string
	// Name is their own name; empty for every name.
	Name string
	// RefusedSince is how far back what was refused is listed beside what holds its name.
	RefusedSince time.Time
	// After is the last row of the page before; nil for the first page.
	After *NameKey
	// Limit is how many rows at the most.
	Limit int
}

// Connections returns a page of connections, in the order of account, name and uid.
func (r *Reader) Connections(ctx context.Context, filter ConnectionFilter) ([]Connection, error) {
	var rows []Connection
	query := listed(r.q.NewSelect().Model(&rows), filter.RefusedSince)
	if filter.Name != "" {
		query = query.Where("name = ?", filter.Name)
	}
	after := filter.After
	switch {
	case filter.Account == "" && after != nil:
		query = query.Where("(account, name, uid) > (?, ?, ?)", after.Account, after.Name, after.UID)
	case filter.Account != "" && after != nil:
		query = query.Where("(name, uid) > (?, ?)", after.Name, after.UID)
	}
	if filter.Account != "" {
		query = query.Where("account = ?", filter.Account)
	}
	err := query.Order("account", "name", "uid").Limit(int64(filter.Limit)).Scan(ctx)
	return rows, failure("list connections", err)
}

// listed narrows a query to what listings show: what holds its name, and what was refused since then.
func listed(query *bun.SelectQuery, refusedSince time.Time) *bun.SelectQuery {
	// The first condition repeats that of the index.
	return query.Where("(holds OR state = 'refused')").Where("(holds OR state_since >= ?)", refusedSince)
}

// ConnectionByName returns the connection of the account that holds the name, or ErrNotFound.
func (r *Reader) ConnectionByName(ctx context.Context, account, name string) (Connection, error) {
	var row Connection
	err := r.q.NewSelect().Model(&row).Where("account = ? AND name = ? AND holds", account, name).Scan(ctx)
	return row, failure("read a connection", err)
}

// ConnectionByUID returns the connection in whatever state, or ErrNotFound. It does not ask whose it is.
func (r *Reader) ConnectionByUID(ctx context.Context, uid string) (Connection, error) {
	var row Connection
	err := r.q.NewSelect().Model(&row).Where("uid = ?", uid).Scan(ctx)
	return row, failure("read a connection", err)
}

// ConnectionsByUID returns the connections of these uids by uid, in whatever state. It does not ask whose they are.
func (r *Reader) ConnectionsByUID(ctx context.Context, uids []string) (map[string]Connection, error) {
	found := make(map[string]Connection, len(uids))
	if len(uids) == 0 {
		return found, nil
	}
	var rows []Connection
	if err := r.q.NewSelect().Model(&rows).Where("uid IN (?)", bun.List(uids)).Scan(ctx); err != nil {
		return nil, failure("read connections", err)
	}
	for _, row := range rows {
		found[row.UID] = row
	}
	return found, nil
}

// ConnectionsOfService returns the connections, of whatever account, that hold the service: one for each kind of access
// at the most.
func (r *Reader) ConnectionsOfService(ctx context.Context, service ServiceKey) ([]Connection, error) {
	var rows []Connection
	err := r.q.NewSelect().Model(&rows).
		Where("service_type = ? AND service_id = ? AND holds", service.Type, service.ID).
		Order("access").Scan(ctx)
	return rows, failure("read the connections of a service", err)
}

// ServiceHolders returns the names of the account's connections that hold these services. Where two do, by different
// kinds of access, it is the one that was there first.
func (r *Reader) ServiceHolders(ctx context.Context, account string, services []ServiceKey) (map[ServiceKey]string, error) {
	holders := make(map[ServiceKey]string, len(services))
	if len(services) == 0 {
		return holders, nil
	}
	wanted := make(map[ServiceKey]bool, len(services))
	ids := make([]string, len(services))
	for i, service := range services {
		wanted[service] = true
		ids[i] = service.ID
	}
	var rows []Connection
	err := r.q.NewSelect().Model(&rows).Column("name", "service_type", "service_id").
		Where("account = ? AND holds AND service_id IN (?)", account, bun.List(ids)).
		Order("created_at", "uid").Scan(ctx)
	if err != nil {
		return nil, failure("read the connections of services", err)
	}
	for _, row := range rows {
		service := ServiceKey{Type: row.ServiceType, ID: row.ServiceID}
		if _, taken := holders[service]; wanted[service] && !taken {
			holders[service] = row.Name
		}
	}
	return holders, nil
}

// ConnectionsInState returns the connections, of all accounts, that are in one of the states, in the order of account
// and name.
func (r *Reader) ConnectionsInState(ctx context.Context, states []hscn.State) ([]Connection, error) {
	var rows []Connection
	if len(states) == 0 {
		return nil, nil
	}
	err := r.q.NewSelect().Model(&rows).Where("state IN (?)", bun.List(states)).Order("account", "name", "uid").Scan(ctx)
	return rows, failure("read connections by their state", err)
}

// ConnectionsNamingEvidence returns the account's connections that hold their names and name a signed copy, also in a change
// that is pending, or rest on one, in the order of their names.
func (r *Reader) ConnectionsNamingEvidence(ctx context.Context, account string) ([]Connection, error) {
	var rows []Connection
	// The operators for members of JSON are spelt alike in both databases.
	err := r.q.NewSelect().Model(&rows).Where("account = ? AND holds", account).
		Where("(spec->'agreement'->>'evidence_id' IS NOT NULL OR pending_change->'agreement'->>'evidence_id' IS NOT NULL " +
			"OR evidence_version_uid IS NOT NULL)").Order("name").Scan(ctx)
	return rows, failure("read the connections that name evidence", err)
}

// InsertConnection adds the row with version 1, and makes Holds follow State.
func (tx *Tx) InsertConnection(ctx context.Context, c *Connection) error {
	return tx.insertOrdered(ctx, "add a connection", c)
}

// UpdateConnection writes the whole row, counts its version and makes Holds follow State. It returns ErrStale where the
// row's version is not the one in c.
func (tx *Tx) UpdateConnection(ctx context.Context, c *Connection) error {
	return tx.updateOrdered(ctx, "change a connection", c)
}
