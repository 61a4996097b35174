package httpapi

import (
	"context"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api/server"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

// ListConnectionRecords implements the operation.
func (s *service) ListConnectionRecords(context.Context, server.ListConnectionRecordsRequestObject) (server.ListConnectionRecordsResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// LiftRestriction implements the operation.
func (s *service) LiftRestriction(context.Context, server.LiftRestrictionRequestObject) (server.LiftRestrictionResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// RestrictConnection implements the operation.
func (s *service) RestrictConnection(context.Context, server.RestrictConnectionRequestObject) (server.RestrictConnectionResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// TerminateConnection implements the operation.
func (s *service) TerminateConnection(context.Context, server.TerminateConnectionRequestObject) (server.TerminateConnectionResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// RecordAuthorityAnswer implements the operation.
func (s *service) RecordAuthorityAnswer(context.Context, server.RecordAuthorityAnswerRequestObject) (server.RecordAuthorityAnswerResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// CheckPreconditions implements the operation.
func (s *service) CheckPreconditions(context.Context, server.CheckPreconditionsRequestObject) (server.CheckPreconditionsResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}
