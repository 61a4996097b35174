package httpapi

import (
	"context"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api/server"
)

// GetPolicy implements the operation.
func (s *service) GetPolicy(ctx context.Context, _ server.GetPolicyRequestObject) (server.GetPolicyResponseObject, error) {
	policy, err := s.desk.GetPolicy(ctx)
	return server.GetPolicy200JSONResponse(policy), err
}

// GetComplianceFacts implements the operation.
func (s *service) GetComplianceFacts(ctx context.Context, r server.GetComplianceFactsRequestObject) (server.GetComplianceFactsResponseObject, error) {
	facts, err := s.desk.ComplianceFacts(ctx, exchangeOf(ctx).caller, r.Params.OdsCode)
	return server.GetComplianceFacts200JSONResponse(facts), err
}

// ListServices implements the operation.
func (s *service) ListServices(ctx context.Context, r server.ListServicesRequestObject) (server.ListServicesResponseObject, error) {
	page, err := s.desk.Services(ctx, exchangeOf(ctx).caller, r.Params)
	return server.ListServices200JSONResponse(page), err
}

// ListGateways implements the operation.
func (s *service) ListGateways(ctx context.Context, r server.ListGatewaysRequestObject) (server.ListGatewaysResponseObject, error) {
	page, err := s.desk.Gateways(ctx, exchangeOf(ctx).caller, r.Params)
	return server.ListGateways200JSONResponse(page), err
}

// GetObject implements the operation.
func (s *service) GetObject(ctx context.Context, r server.GetObjectRequestObject) (server.GetObjectResponseObject, error) {
	object, err := s.desk.Object(ctx, exchangeOf(ctx).caller, r.UID)
	return server.GetObject200JSONResponse(object), err
}
