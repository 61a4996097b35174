package httpapi

import (
	"context"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api/server"
)

// LoadInventory implements the operation.
func (s *service) LoadInventory(ctx context.Context, r server.LoadInventoryRequestObject) (server.LoadInventoryResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	dryRun := r.Params.DryRun != nil && *r.Params.DryRun
	report, err := s.desk.LoadInventory(ctx, write, *r.Body, dryRun)
	return server.LoadInventory200JSONResponse(report), err
}

// ListOrders implements the operation.
func (s *service) ListOrders(ctx context.Context, r server.ListOrdersRequestObject) (server.ListOrdersResponseObject, error) {
	page, err := s.desk.Orders(ctx, r.Params)
	return server.ListOrders200JSONResponse(page), err
}

// GetOrder implements the operation.
func (s *service) GetOrder(ctx context.Context, r server.GetOrderRequestObject) (server.GetOrderResponseObject, error) {
	order, err := s.desk.Order(ctx, r.Order)
	return server.GetOrder200JSONResponse(order), err
}

// ApproveOrder implements the operation.
func (s *service) ApproveOrder(ctx context.Context, r server.ApproveOrderRequestObject) (server.ApproveOrderResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	order, err := s.desk.ApproveOrder(ctx, write, r.Order, noteText(r.Body.Note))
	return server.ApproveOrder200JSONResponse{OrderAnswerJSONResponse: server.OrderAnswerJSONResponse(order)}, err
}

// ConfirmOrder implements the operation.
func (s *service) ConfirmOrder(ctx context.Context, r server.ConfirmOrderRequestObject) (server.ConfirmOrderResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	order, err := s.desk.ConfirmOrder(ctx, write, r.Order, noteText(r.Body.Note), noteText(r.Body.GatewayID))
	return server.ConfirmOrder200JSONResponse{OrderAnswerJSONResponse: server.OrderAnswerJSONResponse(order)}, err
}

// RefuseOrder implements the operation.
func (s *service) RefuseOrder(ctx context.Context, r server.RefuseOrderRequestObject) (server.RefuseOrderResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	order, err := s.desk.RefuseOrder(ctx, write, r.Order, r.Body.Reason)
	return server.RefuseOrder200JSONResponse{OrderAnswerJSONResponse: server.OrderAnswerJSONResponse(order)}, err
}

// FailOrder implements the operation.
func (s *service) FailOrder(ctx context.Context, r server.FailOrderRequestObject) (server.FailOrderResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	order, err := s.desk.FailOrder(ctx, write, r.Order, r.Body.Reason)
	return server.FailOrder200JSONResponse{OrderAnswerJSONResponse: server.OrderAnswerJSONResponse(order)}, err
}

// RetryOrder implements the operation.
func (s *service) RetryOrder(ctx context.Context, r server.RetryOrderRequestObject) (server.RetryOrderResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	order, err := s.desk.RetryOrder(ctx, write, r.Order, noteText(r.Body.Note))
	return server.RetryOrder200JSONResponse{OrderAnswerJSONResponse: server.OrderAnswerJSONResponse(order)}, err
}

// noteText is a text that may be left out.
func noteText(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// ListTokens implements the operation.
func (s *service) ListTokens(ctx context.Context, r server.ListTokensRequestObject) (server.ListTokensResponseObject, error) {
	page, err := s.keeper.List(ctx, r.Params)
	return server.ListTokens200JSONResponse(page), err
}

// CreateToken implements the operation.
func (s *service) CreateToken(ctx context.Context, r server.CreateTokenRequestObject) (server.CreateTokenResponseObject, error) {
	token, err := s.keeper.Create(ctx, exchangeOf(ctx).write("", r.Params.HscnChangeReference), *r.Body)
	return server.CreateToken201JSONResponse(token), err
}

// RevokeToken implements the operation.
func (s *service) RevokeToken(ctx context.Context, r server.RevokeTokenRequestObject) (server.RevokeTokenResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	token, err := s.keeper.Revoke(ctx, write, r.Token)
	return server.RevokeToken200JSONResponse(token), err
}
