package httpapi

import (
	"context"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/api/server"
)

// etagOf takes the quotes of an If-Match away; the contract has seen to it that they are there.
func etagOf(match *api.IfMatch) string {
	if match == nil {
		return ""
	}
	return strings.Trim(*match, `"`)
}

// ListConnections implements the operation.
func (s *service) ListConnections(ctx context.Context, r server.ListConnectionsRequestObject) (server.ListConnectionsResponseObject, error) {
	page, err := s.desk.Connections(ctx, exchangeOf(ctx).caller, r.Params)
	return server.ListConnections200JSONResponse(page), err
}

// GetConnection implements the operation.
func (s *service) GetConnection(ctx context.Context, r server.GetConnectionRequestObject) (server.GetConnectionResponseObject, error) {
	connection, err := s.desk.Connection(ctx, exchangeOf(ctx).caller, r.Connection)
	return server.GetConnection200JSONResponse(connection), err
}

// CreateConnection implements the operation.
func (s *service) CreateConnection(ctx context.Context, r server.CreateConnectionRequestObject) (server.CreateConnectionResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	connection, err := s.desk.CreateConnection(ctx, write, r.Connection, *r.Body, r.Params.IfNoneMatch != nil)
	return server.CreateConnection202JSONResponse(connection), err
}

// UpdateConnection implements the operation.
func (s *service) UpdateConnection(ctx context.Context, r server.UpdateConnectionRequestObject) (server.UpdateConnectionResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	connection, err := s.desk.UpdateConnection(ctx, write, r.Connection, *r.Body, etagOf(r.Params.IfMatch))
	return server.UpdateConnection200JSONResponse(connection), err
}

// DeleteConnection implements the operation.
func (s *service) DeleteConnection(ctx context.Context, r server.DeleteConnectionRequestObject) (server.DeleteConnectionResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	connection, err := s.desk.DeleteConnection(ctx, write, r.Connection, r.Params.UID)
	return server.DeleteConnection202JSONResponse(connection), err
}
