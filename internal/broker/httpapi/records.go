package httpapi

import (
	"context"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/api/server"
)

// ListOrganisations implements the operation.
func (s *service) ListOrganisations(ctx context.Context, r server.ListOrganisationsRequestObject) (server.ListOrganisationsResponseObject, error) {
	list, err := s.desk.Organisations(ctx, exchangeOf(ctx).caller, r.Params)
	return server.ListOrganisations200JSONResponse(list), err
}

// ListAccounts implements the operation.
func (s *service) ListAccounts(ctx context.Context, r server.ListAccountsRequestObject) (server.ListAccountsResponseObject, error) {
	page, err := s.desk.Accounts(ctx, r.Params)
	return server.ListAccounts200JSONResponse(page), err
}

// BindOrganisation implements the operation.
func (s *service) BindOrganisation(ctx context.Context, r server.BindOrganisationRequestObject) (server.BindOrganisationResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	account, err := s.desk.BindOrganisation(ctx, write, r.Account, r.OdsCode, *r.Body)
	return server.BindOrganisation200JSONResponse(account), err
}

// UnbindOrganisation implements the operation.
func (s *service) UnbindOrganisation(ctx context.Context, r server.UnbindOrganisationRequestObject) (server.UnbindOrganisationResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	account, err := s.desk.UnbindOrganisation(ctx, write, r.Account, r.OdsCode)
	return server.UnbindOrganisation200JSONResponse(account), err
}

// GetOrganisation implements the operation.
func (s *service) GetOrganisation(ctx context.Context, r server.GetOrganisationRequestObject) (server.GetOrganisationResponseObject, error) {
	record, err := s.desk.OrganisationRecord(ctx, r.OdsCode)
	return server.GetOrganisation200JSONResponse{OrganisationAnswerJSONResponse: organisationAnswer(record)}, err
}

// RecordDirectoryLookUp implements the operation.
func (s *service) RecordDirectoryLookUp(ctx context.Context, r server.RecordDirectoryLookUpRequestObject) (server.RecordDirectoryLookUpResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	record, err := s.desk.RecordDirectoryLookUp(ctx, write, r.OdsCode, *r.Body)
	return server.RecordDirectoryLookUp200JSONResponse{OrganisationAnswerJSONResponse: organisationAnswer(record)}, err
}

// RecordRegisterLookUp implements the operation.
func (s *service) RecordRegisterLookUp(ctx context.Context, r server.RecordRegisterLookUpRequestObject) (server.RecordRegisterLookUpResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	record, err := s.desk.RecordRegisterLookUp(ctx, write, r.OdsCode, *r.Body)
	return server.RecordRegisterLookUp200JSONResponse{OrganisationAnswerJSONResponse: organisationAnswer(record)}, err
}

// RecordFlowDown implements the operation.
func (s *service) RecordFlowDown(ctx context.Context, r server.RecordFlowDownRequestObject) (server.RecordFlowDownResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	record, err := s.desk.RecordFlowDown(ctx, write, r.OdsCode, *r.Body)
	return server.RecordFlowDown200JSONResponse{OrganisationAnswerJSONResponse: organisationAnswer(record)}, err
}

// RecordDSPTLookUp implements the operation.
func (s *service) RecordDSPTLookUp(ctx context.Context, r server.RecordDSPTLookUpRequestObject) (server.RecordDSPTLookUpResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	record, err := s.desk.RecordDSPTLookUp(ctx, write, r.OdsCode, *r.Body)
	return server.RecordDSPTLookUp200JSONResponse{OrganisationAnswerJSONResponse: organisationAnswer(record)}, err
}

// organisationAnswer is what all operations about one organisation answer with.
func organisationAnswer(record api.OrganisationRecord) server.OrganisationAnswerJSONResponse {
	return server.OrganisationAnswerJSONResponse(record)
}

// ImportDSPT implements the operation.
func (s *service) ImportDSPT(ctx context.Context, r server.ImportDSPTRequestObject) (server.ImportDSPTResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	report, err := s.desk.ImportDSPT(ctx, write, r.Body, r.Params)
	return server.ImportDSPT200JSONResponse(report), err
}

// ListWaivers implements the operation.
func (s *service) ListWaivers(ctx context.Context, r server.ListWaiversRequestObject) (server.ListWaiversResponseObject, error) {
	page, err := s.desk.Waivers(ctx, r.Params)
	return server.ListWaivers200JSONResponse(page), err
}

// GrantWaiver implements the operation.
func (s *service) GrantWaiver(ctx context.Context, r server.GrantWaiverRequestObject) (server.GrantWaiverResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	waiver, err := s.desk.GrantWaiver(ctx, write, *r.Body)
	return server.GrantWaiver201JSONResponse(waiver), err
}

// EndWaiver implements the operation.
func (s *service) EndWaiver(ctx context.Context, r server.EndWaiverRequestObject) (server.EndWaiverResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	waiver, err := s.desk.EndWaiver(ctx, write, r.UID, r.Body.Reason)
	return server.EndWaiver200JSONResponse(waiver), err
}
