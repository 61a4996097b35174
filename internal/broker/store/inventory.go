package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// Change says what an upsert did.
type Change string

// What an upsert can do.
const (
	Created   Change = "created"
	Updated   Change = "updated"
	Unchanged Change = "unchanged"
)

// ServiceKey is the natural key of a service.
type ServiceKey struct{ Type, ID string }

// Service is a cloud service that an account consumes.
type Service struct {
	bun.BaseModel `bun:"table:services"`

	Type      string    `bun:"type,pk"`
	ID        string    `bun:"id,pk"`
	Account   string    `bun:"account"`
	Zone      string    `bun:"zone"`
	Title     string    `bun:"title,nullzero"`
	Retired   bool      `bun:"retired"`
	CreatedAt time.Time `bun:"created_at"`
	UpdatedAt time.Time `bun:"updated_at"`
}

// Key is the natural key.
func (s Service) Key() ServiceKey { return ServiceKey{Type: s.Type, ID: s.ID} }

// Gateway is an edge gateway or router of a service.
type Gateway struct {
	bun.BaseModel `bun:"table:gateways"`

	ID          string `bun:"id,pk"`
	ServiceType string `bun:"service_type"`
	ServiceID   string `bun:"service_id"`
	Title       string `bun:"title,nullzero"`
	// Networks are the networks other than HSCN that it carries, in their order.
	Networks []string `bun:"networks,type:jsonb,nullzero"`
	// InternalNetworks are the ids of the networks behind it, in their order.
	InternalNetworks []string  `bun:"internal_networks,type:jsonb,nullzero"`
	Retired          bool      `bun:"retired"`
	CreatedAt        time.Time `bun:"created_at"`
	UpdatedAt        time.Time `bun:"updated_at"`

	// Account and Zone are the service's; reading fills them in.
	Account string `bun:"account,scanonly"`
	Zone    string `bun:"zone,scanonly"`
}

// Service is the natural key of the service that it belongs to.
func (g Gateway) Service() ServiceKey { return ServiceKey{Type: g.ServiceType, ID: g.ServiceID} }

// ServiceByKey returns the service, also a retired one, or ErrNotFound.
func (r *Reader) ServiceByKey(ctx context.Context, key ServiceKey) (Service, error) {
	var row Service
	err := r.q.NewSelect().Model(&row).Where("type = ? AND id = ?", key.Type, key.ID).Scan(ctx)
	return row, failure("read a service", err)
}

// GatewayByID returns the gateway, also a retired one, or ErrNotFound.
func (r *Reader) GatewayByID(ctx context.Context, id string) (Gateway, error) {
	var row Gateway
	err := withService(r.q.NewSelect().Model(&row)).Where("gateway.id = ?", id).Scan(ctx)
	return row, failure("read a gateway", err)
}

// withService fills in what a gateway has of its service.
func withService(query *bun.SelectQuery) *bun.SelectQuery {
	return query.ColumnExpr("gateway.*").ColumnExpr("service.account, service.zone").
		Join("JOIN services AS service ON service.type = gateway.service_type AND service.id = gateway.service_id")
}

// ServiceFilter chooses services for a listing: those of an account that are not retired.
type ServiceFilter struct {
	Account string
	// Type and ID narrow it where they are not empty.
	Type, ID string
	// After is the last row of the page before; nil for the first page.
	After *ServiceKey
	// Limit is how many rows at the most.
	Limit int
}

// Services returns a page of services, in the order of type and id.
func (r *Reader) Services(ctx context.Context, filter ServiceFilter) ([]Service, error) {
	var rows []Service
	query := r.q.NewSelect().Model(&rows).Where("account = ? AND NOT retired", filter.Account)
	if filter.Type != "" {
		query = query.Where("type = ?", filter.Type)
	}
	if filter.ID != "" {
		query = query.Where("id = ?", filter.ID)
	}
	if filter.After != nil {
		query = query.Where("(type, id) > (?, ?)", filter.After.Type, filter.After.ID)
	}
	err := query.Order("type", "id").Limit(int64(filter.Limit)).Scan(ctx)
	return rows, failure("list services", err)
}

// GatewayFilter chooses gateways for a listing: those of an account's services, neither being retired.
type GatewayFilter struct {
	Account string
	// ID, ServiceType and ServiceID narrow it where they are not empty.
	ID, ServiceType, ServiceID string
	// After is the id of the last row of the page before; empty for the first page.
	After string
	// Limit is how many rows at the most.
	Limit int
}

// Gateways returns a page of gateways, in the order of id.
func (r *Reader) Gateways(ctx context.Context, filter GatewayFilter) ([]Gateway, error) {
	var rows []Gateway
	query := withService(r.q.NewSelect().Model(&rows)).
		Where("service.account = ? AND NOT service.retired AND NOT gateway.retired", filter.Account)
	if filter.ID != "" {
		query = query.Where("gateway.id = ?", filter.ID)
	}
	if filter.ServiceType != "" {
		query = query.Where("gateway.service_type = ?", filter.ServiceType)
	}
	if filter.ServiceID != "" {
		query = query.Where("gateway.service_id = ?", filter.ServiceID)
	}
	if filter.After != "" {
		query = query.Where("gateway.id > ?", filter.After)
	}
	err := query.OrderExpr("gateway.id").Limit(int64(filter.Limit)).Scan(ctx)
	return rows, failure("list gateways", err)
}

// GatewaysBeside returns the gateways of the account's services that have one of these ids, and those that have one of
// these networks behind them, in the order of id; neither gateway nor service being retired.
func (r *Reader) GatewaysBeside(ctx context.Context, account string, ids, networkIDs []string) ([]Gateway, error) {
	var rows []Gateway
	if len(ids) == 0 && len(networkIDs) == 0 {
		return nil, nil
	}
	err := withService(r.q.NewSelect().Model(&rows)).
		Where("service.account = ? AND NOT service.retired AND NOT gateway.retired", account).
		WhereGroup(" AND ", func(query *bun.SelectQuery) *bun.SelectQuery {
			if len(ids) > 0 {
				query = query.WhereOr("gateway.id IN (?)", bun.List(ids))
			}
			if len(networkIDs) > 0 {
				query = query.WhereOr("EXISTS (SELECT 1 FROM ? AS network WHERE network.value IN (?))",
					r.elements("gateway.internal_networks"), bun.List(networkIDs))
			}
			return query
		}).
		OrderExpr("gateway.id").Scan(ctx)
	return rows, failure("read the gateways of an account", err)
}

// elements are the texts of a list in a column of JSON, as a table with the column value.
func (r *Reader) elements(column string) bun.Safe {
	if r.db.flavour == postgresFlavour {
		return bun.Safe("jsonb_array_elements_text(" + column + ")")
	}
	return bun.Safe("json_each(" + column + ")")
}

// UpsertService inserts or updates the service. It returns an *UnknownReferenceError where the account is not there.
func (tx *Tx) UpsertService(ctx context.Context, s Service, now time.Time) (Change, error) {
	if exists, err := found(tx.AccountByID(ctx, s.Account)); err != nil {
		return "", err
	} else if !exists {
		return "", &UnknownReferenceError{Kind: "account", Key: []string{s.Account}}
	}
	was, err := tx.ServiceByKey(ctx, s.Key())
	exists, err := found(was, err)
	if err != nil {
		return "", err
	}
	s.CreatedAt, s.UpdatedAt = Instant(now), was.UpdatedAt
	if exists {
		s.CreatedAt = was.CreatedAt
	}
	same := s == was
	s.UpdatedAt = Instant(now)
	return tx.upsert(ctx, "record a service", &s, exists, same)
}

// UpsertGateway inserts or updates the gateway. It returns an *UnknownReferenceError where the service is not there.
func (tx *Tx) UpsertGateway(ctx context.Context, g Gateway, now time.Time) (Change, error) {
	service, err := tx.ServiceByKey(ctx, g.Service())
	if exists, err := found(service, err); err != nil {
		return "", err
	} else if !exists {
		return "", &UnknownReferenceError{Kind: "service", Key: []string{g.ServiceType, g.ServiceID}}
	}
	was, err := tx.GatewayByID(ctx, g.ID)
	exists, err := found(was, err)
	if err != nil {
		return "", err
	}
	g.Networks, g.InternalNetworks = inOrder(g.Networks), inOrder(g.InternalNetworks)
	g.CreatedAt, g.UpdatedAt = Instant(now), Instant(now)
	if exists {
		g.CreatedAt = was.CreatedAt
	}
	same := g.Service() == was.Service() && g.Title == was.Title && g.Retired == was.Retired &&
		slices.Equal(g.Networks, was.Networks) && slices.Equal(g.InternalNetworks, was.InternalNetworks)
	return tx.upsert(ctx, "record a gateway", &g, exists, same)
}

// upsert inserts the row, updates it, or leaves it alone.
func (tx *Tx) upsert(ctx context.Context, doing string, row any, exists, same bool) (Change, error) {
	switch {
	case !exists:
		_, err := tx.q.NewInsert().Model(row).Exec(ctx)
		return Created, failure(doing, err)
	case same:
		return Unchanged, nil
	default:
		_, err := tx.q.NewUpdate().Model(row).WherePK().Exec(ctx)
		return Updated, failure(doing, err)
	}
}

// found reports whether a query for one row, whose results it takes, found it.
func found[Row any](_ Row, err error) (bool, error) {
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// inOrder returns the texts in their order, each once; nil where there are none.
func inOrder(texts []string) []string {
	if len(texts) == 0 {
		return nil
	}
	sorted := slices.Clone(texts)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// sameJSON reports whether both say the same to a reader of the contract, whatever pointers they are made of.
func sameJSON(a, b any) (bool, error) {
	first, err := json.Marshal(a)
	if err != nil {
		return false, err
	}
	second, err := json.Marshal(b)
	return bytes.Equal(first, second), err
}
