package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// EdgeAttachment is a row of edge_attachments: one for each order that ever stood, also those that were refused or
// ceased. What holds is unique by connection and name, and by gateway.
type EdgeAttachment struct {
	bun.BaseModel `bun:"table:edge_attachments"`
	Standing

	// ConnectionUID and ConnectionName are the parent's, which never change.
	ConnectionUID  string `bun:"connection_uid"`
	ConnectionName string `bun:"connection_name"`
	// GatewayID is the gateway that it is attached to, or is to be; empty where that is not known yet.
	GatewayID string `bun:"gateway_id,nullzero"`
	// IncludedAddress is the address that came with the order. It stays when the address is released, so that what was
	// stays readable: table addresses says who holds it now.
	IncludedAddress string `bun:"included_address,nullzero"`

	// Spec is what its owner declared and the operator confirmed.
	Spec api.EdgeAttachmentSpec `bun:"spec,type:jsonb"`
}

// FullName is the full resource name.
func (e EdgeAttachment) FullName() string { return hscn.EdgeAttachmentName(e.ConnectionName, e.Name) }

// EdgeAttachmentFilter chooses edge attachments for a listing.
type EdgeAttachmentFilter struct {
	Account string
	// Connection is the name of the parent; empty for all.
	Connection string
	// RefusedSince is how far back what was refused is listed beside what holds its name.
	RefusedSince time.Time
	// After is the last row of the page before; nil for the first page.
	After *NameKey
	// Limit is how many rows at the most.
	Limit int
}

// EdgeAttachments returns a page of an account's edge attachments, in the order of connection's name, name and uid.
func (r *Reader) EdgeAttachments(ctx context.Context, filter EdgeAttachmentFilter) ([]EdgeAttachment, error) {
	var rows []EdgeAttachment
	query := r.q.NewSelect().Model(&rows).Where("account = ?", filter.Account)
	query = listed(query, filter.RefusedSince)
	if filter.Connection != "" {
		query = query.Where("connection_name = ?", filter.Connection)
	}
	if filter.After != nil {
		query = query.Where("(connection_name, name, uid) > (?, ?, ?)",
			filter.After.Connection, filter.After.Name, filter.After.UID)
	}
	err := query.Order("connection_name", "name", "uid").Limit(int64(filter.Limit)).Scan(ctx)
	return rows, failure("list edge attachments", err)
}

// EdgeAttachmentByName returns the edge attachment that holds the name under the connection of that uid, or ErrNotFound.
func (r *Reader) EdgeAttachmentByName(ctx context.Context, connectionUID, name string) (EdgeAttachment, error) {
	var row EdgeAttachment
	err := r.q.NewSelect().Model(&row).Where("connection_uid = ? AND name = ? AND holds", connectionUID, name).Scan(ctx)
	return row, failure("read an edge attachment", err)
}

// EdgeAttachmentByUID returns the edge attachment in whatever state, or ErrNotFound. It does not ask whose it is.
func (r *Reader) EdgeAttachmentByUID(ctx context.Context, uid string) (EdgeAttachment, error) {
	var row EdgeAttachment
	err := r.q.NewSelect().Model(&row).Where("uid = ?", uid).Scan(ctx)
	return row, failure("read an edge attachment", err)
}

// EdgeAttachmentOfGateway returns the edge attachment, of whatever account, that holds the gateway, or ErrNotFound.
func (r *Reader) EdgeAttachmentOfGateway(ctx context.Context, gatewayID string) (EdgeAttachment, error) {
	var row EdgeAttachment
	err := r.q.NewSelect().Model(&row).Where("gateway_id = ? AND holds", gatewayID).Scan(ctx)
	return row, failure("read the edge attachment of a gateway", err)
}

// EdgeAttachmentsOf returns the edge attachments that hold a name under the connection of that uid, in its order.
func (r *Reader) EdgeAttachmentsOf(ctx context.Context, connectionUID string) ([]EdgeAttachment, error) {
	var rows []EdgeAttachment
	err := r.q.NewSelect().Model(&rows).Where("connection_uid = ? AND holds", connectionUID).Order("name").Scan(ctx)
	return rows, failure("read the edge attachments of a connection", err)
}

// EdgeAttachmentsStanding returns the edge attachments of the connection of that uid whose gateways carry it or are to: in
// the order of their names those that hold one, and then those that are ceasing.
func (r *Reader) EdgeAttachmentsStanding(ctx context.Context, connectionUID string) ([]EdgeAttachment, error) {
	var rows []EdgeAttachment
	err := r.q.NewSelect().Model(&rows).Where("connection_uid = ? AND (holds OR state = ?)", connectionUID, hscn.StateCeasing).
		OrderExpr("holds DESC, name, uid").Scan(ctx)
	return rows, failure("read what stands of the edge attachments of a connection", err)
}

// Beside says what else of an account may stand in the way of an edge attachment: what shares its connection, its gateway,
// or a network behind it, by id. What is empty is shared with nothing.
type Beside struct {
	Account       string
	ConnectionUID string
	GatewayID     string
	NetworkIDs    []string
}

// EdgeAttachmentsBeside returns the edge attachments that hold a name and share any of it, in the order of connection's
// name and name. A gateway is shared by whoever is to attach it, whether or not they hold it yet.
func (r *Reader) EdgeAttachmentsBeside(ctx context.Context, beside Beside) ([]EdgeAttachment, error) {
	var rows []EdgeAttachment
	err := r.q.NewSelect().Model(&rows).Where("account = ? AND holds", beside.Account).
		WhereGroup(" AND ", func(query *bun.SelectQuery) *bun.SelectQuery {
			query = query.Where("connection_uid = ?", beside.ConnectionUID)
			if beside.GatewayID != "" {
				query = query.WhereOr("gateway_id = ?", beside.GatewayID).WhereOr("gateway_id IS NULL AND spec ->> 'gateway_id' = ?", beside.GatewayID)
			}
			if len(beside.NetworkIDs) > 0 {
				query = query.WhereOr("EXISTS (SELECT 1 FROM ? AS network WHERE network.value ->> 'id' IN (?))",
					r.members("spec", "networks"), bun.List(beside.NetworkIDs))
			}
			return query
		}).
		Order("connection_name", "name").Scan(ctx)
	return rows, failure("read the edge attachments of an account", err)
}

// members are the members of an object in a column of JSON, as a table with the columns key and value.
func (r *Reader) members(column, object string) bun.Safe {
	if r.db.flavour == postgresFlavour {
		return bun.Safe("jsonb_each(" + column + " -> '" + object + "')")
	}
	return bun.Safe("json_each(" + column + ", '$." + object + "')")
}

// EdgeAttachmentsInState returns the edge attachments, of all accounts, that are in one of the states, in the order of
// account, connection's name and name.
func (r *Reader) EdgeAttachmentsInState(ctx context.Context, states []hscn.State) ([]EdgeAttachment, error) {
	var rows []EdgeAttachment
	if len(states) == 0 {
		return nil, nil
	}
	err := r.q.NewSelect().Model(&rows).Where("state IN (?)", bun.List(states)).
		Order("account", "connection_name", "name", "uid").Scan(ctx)
	return rows, failure("read edge attachments by their state", err)
}

// GatewayHolders returns the full names of the account's edge attachments that hold these gateways.
func (r *Reader) GatewayHolders(ctx context.Context, account string, gatewayIDs []string) (map[string]string, error) {
	holders := make(map[string]string, len(gatewayIDs))
	if len(gatewayIDs) == 0 {
		return holders, nil
	}
	var rows []EdgeAttachment
	err := r.q.NewSelect().Model(&rows).Column("connection_name", "name", "gateway_id").
		Where("account = ? AND holds AND gateway_id IN (?)", account, bun.List(gatewayIDs)).Scan(ctx)
	if err != nil {
		return nil, failure("read the edge attachments of gateways", err)
	}
	for _, row := range rows {
		holders[row.GatewayID] = row.FullName()
	}
	return holders, nil
}

// InsertEdgeAttachment adds the row with version 1, and makes Holds follow State.
func (tx *Tx) InsertEdgeAttachment(ctx context.Context, e *EdgeAttachment) error {
	return tx.insertOrdered(ctx, "add an edge attachment", e)
}

// UpdateEdgeAttachment writes the whole row, counts its version and makes Holds follow State. It returns ErrStale where
// the row's version is not the one in e.
func (tx *Tx) UpdateEdgeAttachment(ctx context.Context, e *EdgeAttachment) error {
	return tx.updateOrdered(ctx, "change an edge attachment", e)
}
