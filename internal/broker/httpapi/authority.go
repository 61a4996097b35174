package httpapi

import (
	"context"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api/server"
)

// ListConnectionRecords implements the operation.
func (s *service) ListConnectionRecords(ctx context.Context, r server.ListConnectionRecordsRequestObject) (server.ListConnectionRecordsResponseObject, error) {
	page, err := s.desk.ConnectionRecords(ctx, r.Params)
	return server.ListConnectionRecords200JSONResponse(page), err
}

// GetConnectionRecord implements the operation.
func (s *service) GetConnectionRecord(ctx context.Context, r server.GetConnectionRecordRequestObject) (server.GetConnectionRecordResponseObject, error) {
	record, err := s.desk.ConnectionRecord(ctx, r.UID)
	return server.GetConnectionRecord200JSONResponse(record), err
}

// RestrictConnection implements the operation.
func (s *service) RestrictConnection(ctx context.Context, r server.RestrictConnectionRequestObject) (server.RestrictConnectionResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	connection, err := s.desk.RestrictConnection(ctx, write, r.UID, *r.Body)
	return server.RestrictConnection200JSONResponse(connection), err
}

// TerminateConnection implements the operation.
func (s *service) TerminateConnection(ctx context.Context, r server.TerminateConnectionRequestObject) (server.TerminateConnectionResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	connection, err := s.desk.TerminateConnection(ctx, write, r.UID, *r.Body)
	return server.TerminateConnection200JSONResponse(connection), err
}

// LiftRestriction implements the operation.
func (s *service) LiftRestriction(ctx context.Context, r server.LiftRestrictionRequestObject) (server.LiftRestrictionResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	connection, err := s.desk.LiftRestriction(ctx, write, r.UID, *r.Body)
	return server.LiftRestriction200JSONResponse(connection), err
}

// RecordAuthorityAnswer implements the operation.
func (s *service) RecordAuthorityAnswer(ctx context.Context, r server.RecordAuthorityAnswerRequestObject) (server.RecordAuthorityAnswerResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	order, err := s.desk.RecordAuthorityAnswer(ctx, write, r.Order, *r.Body)
	return server.RecordAuthorityAnswer200JSONResponse(order), err
}

// CheckPreconditions implements the operation.
func (s *service) CheckPreconditions(ctx context.Context, r server.CheckPreconditionsRequestObject) (server.CheckPreconditionsResponseObject, error) {
	verdict, err := s.desk.CheckPreconditions(ctx, exchangeOf(ctx).caller, *r.Body)
	return server.CheckPreconditions200JSONResponse(verdict), err
}
