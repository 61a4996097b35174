package httpapi

import (
	"context"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api/server"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

// ListAgreementEvidence implements the operation.
func (s *service) ListAgreementEvidence(context.Context, server.ListAgreementEvidenceRequestObject) (server.ListAgreementEvidenceResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// DeleteAgreementEvidence implements the operation.
func (s *service) DeleteAgreementEvidence(context.Context, server.DeleteAgreementEvidenceRequestObject) (server.DeleteAgreementEvidenceResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// GetAgreementEvidence implements the operation.
func (s *service) GetAgreementEvidence(context.Context, server.GetAgreementEvidenceRequestObject) (server.GetAgreementEvidenceResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// UpdateAgreementEvidence implements the operation.
func (s *service) UpdateAgreementEvidence(context.Context, server.UpdateAgreementEvidenceRequestObject) (server.UpdateAgreementEvidenceResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// CreateAgreementEvidence implements the operation.
func (s *service) CreateAgreementEvidence(context.Context, server.CreateAgreementEvidenceRequestObject) (server.CreateAgreementEvidenceResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// UploadDocument implements the operation.
func (s *service) UploadDocument(context.Context, server.UploadDocumentRequestObject) (server.UploadDocumentResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// ListEvidenceRecords implements the operation.
func (s *service) ListEvidenceRecords(context.Context, server.ListEvidenceRecordsRequestObject) (server.ListEvidenceRecordsResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// GetEvidenceRecord implements the operation.
func (s *service) GetEvidenceRecord(context.Context, server.GetEvidenceRecordRequestObject) (server.GetEvidenceRecordResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// ReadEvidenceDocument implements the operation.
func (s *service) ReadEvidenceDocument(context.Context, server.ReadEvidenceDocumentRequestObject) (server.ReadEvidenceDocumentResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// RefuseEvidence implements the operation.
func (s *service) RefuseEvidence(context.Context, server.RefuseEvidenceRequestObject) (server.RefuseEvidenceResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}

// ValidateEvidence implements the operation.
func (s *service) ValidateEvidence(context.Context, server.ValidateEvidenceRequestObject) (server.ValidateEvidenceResponseObject, error) {
	return nil, problem.New(problem.NotOffered, "The broker does not offer this.")
}
