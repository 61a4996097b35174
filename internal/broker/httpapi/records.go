package httpapi

import (
	"context"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api/server"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

// ListAccounts implements the operation.
func (s *service) ListAccounts(context.Context, server.ListAccountsRequestObject) (server.ListAccountsResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// UnbindOrganisation implements the operation.
func (s *service) UnbindOrganisation(context.Context, server.UnbindOrganisationRequestObject) (server.UnbindOrganisationResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// BindOrganisation implements the operation.
func (s *service) BindOrganisation(context.Context, server.BindOrganisationRequestObject) (server.BindOrganisationResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// ImportDSPT implements the operation.
func (s *service) ImportDSPT(context.Context, server.ImportDSPTRequestObject) (server.ImportDSPTResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// GetOrganisation implements the operation.
func (s *service) GetOrganisation(context.Context, server.GetOrganisationRequestObject) (server.GetOrganisationResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// RecordDirectoryLookUp implements the operation.
func (s *service) RecordDirectoryLookUp(context.Context, server.RecordDirectoryLookUpRequestObject) (server.RecordDirectoryLookUpResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// RecordDSPTLookUp implements the operation.
func (s *service) RecordDSPTLookUp(context.Context, server.RecordDSPTLookUpRequestObject) (server.RecordDSPTLookUpResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// RecordFlowDown implements the operation.
func (s *service) RecordFlowDown(context.Context, server.RecordFlowDownRequestObject) (server.RecordFlowDownResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// RecordRegisterLookUp implements the operation.
func (s *service) RecordRegisterLookUp(context.Context, server.RecordRegisterLookUpRequestObject) (server.RecordRegisterLookUpResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// ListWaivers implements the operation.
func (s *service) ListWaivers(context.Context, server.ListWaiversRequestObject) (server.ListWaiversResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// GrantWaiver implements the operation.
func (s *service) GrantWaiver(context.Context, server.GrantWaiverRequestObject) (server.GrantWaiverResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// EndWaiver implements the operation.
func (s *service) EndWaiver(context.Context, server.EndWaiverRequestObject) (server.EndWaiverResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// ListOrganisations implements the operation.
func (s *service) ListOrganisations(context.Context, server.ListOrganisationsRequestObject) (server.ListOrganisationsResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}
