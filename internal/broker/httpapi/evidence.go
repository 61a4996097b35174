package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api/server"
)

// UploadDocument implements the operation.
func (s *service) UploadDocument(ctx context.Context, r server.UploadDocumentRequestObject) (server.UploadDocumentResponseObject, error) {
	x := exchangeOf(ctx)
	// It has no idempotency key: the sum is one.
	receipt, err := s.desk.UploadDocument(ctx, x.write("", r.Params.HscnChangeReference), r.Sha256, x.bodySize, r.Body)
	return server.UploadDocument200JSONResponse(receipt), err
}

// ListAgreementEvidence implements the operation.
func (s *service) ListAgreementEvidence(ctx context.Context, r server.ListAgreementEvidenceRequestObject) (server.ListAgreementEvidenceResponseObject, error) {
	page, err := s.desk.AgreementEvidences(ctx, exchangeOf(ctx).caller, r.Params)
	return server.ListAgreementEvidence200JSONResponse(page), err
}

// GetAgreementEvidence implements the operation.
func (s *service) GetAgreementEvidence(ctx context.Context, r server.GetAgreementEvidenceRequestObject) (server.GetAgreementEvidenceResponseObject, error) {
	evidence, err := s.desk.AgreementEvidence(ctx, exchangeOf(ctx).caller, r.AgreementEvidence)
	return server.GetAgreementEvidence200JSONResponse(evidence), err
}

// CreateAgreementEvidence implements the operation.
func (s *service) CreateAgreementEvidence(ctx context.Context, r server.CreateAgreementEvidenceRequestObject) (server.CreateAgreementEvidenceResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	evidence, err := s.desk.CreateAgreementEvidence(ctx, write, r.AgreementEvidence, *r.Body, r.Params.IfNoneMatch != nil)
	return server.CreateAgreementEvidence202JSONResponse(evidence), err
}

// UpdateAgreementEvidence implements the operation.
func (s *service) UpdateAgreementEvidence(ctx context.Context, r server.UpdateAgreementEvidenceRequestObject) (server.UpdateAgreementEvidenceResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	evidence, err := s.desk.UpdateAgreementEvidence(ctx, write, r.AgreementEvidence, *r.Body, etagOf(r.Params.IfMatch))
	return server.UpdateAgreementEvidence200JSONResponse(evidence), err
}

// DeleteAgreementEvidence implements the operation.
func (s *service) DeleteAgreementEvidence(ctx context.Context, r server.DeleteAgreementEvidenceRequestObject) (server.DeleteAgreementEvidenceResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	evidence, err := s.desk.DeleteAgreementEvidence(ctx, write, r.AgreementEvidence, r.Params.UID)
	return server.DeleteAgreementEvidence202JSONResponse(evidence), err
}

// ListEvidenceRecords implements the operation.
func (s *service) ListEvidenceRecords(ctx context.Context, r server.ListEvidenceRecordsRequestObject) (server.ListEvidenceRecordsResponseObject, error) {
	page, err := s.desk.EvidenceRecords(ctx, r.Params)
	return server.ListEvidenceRecords200JSONResponse(page), err
}

// GetEvidenceRecord implements the operation.
func (s *service) GetEvidenceRecord(ctx context.Context, r server.GetEvidenceRecordRequestObject) (server.GetEvidenceRecordResponseObject, error) {
	record, err := s.desk.EvidenceRecord(ctx, r.UID)
	return server.GetEvidenceRecord200JSONResponse(record), err
}

// ReadEvidenceDocument implements the operation.
func (s *service) ReadEvidenceDocument(ctx context.Context, r server.ReadEvidenceDocumentRequestObject) (server.ReadEvidenceDocumentResponseObject, error) {
	// A GET that writes: that a document was read is in the audit before anybody has it.
	fileName, content, err := s.desk.EvidenceDocument(ctx, exchangeOf(ctx).write("", nil), r.UID, r.Version)
	return documentAnswer{fileName, content}, err
}

// documentAnswer sends a document as a file that no browser opens by itself. Its name has no character that would have to
// be escaped.
type documentAnswer struct {
	fileName string
	content  []byte
}

// VisitReadEvidenceDocumentResponse implements server.ReadEvidenceDocumentResponseObject.
func (a documentAnswer) VisitReadEvidenceDocumentResponse(w http.ResponseWriter) error {
	header := w.Header()
	header.Set("Content-Type", "application/pdf")
	header.Set("Content-Length", strconv.Itoa(len(a.content)))
	header.Set("Content-Disposition", `attachment; filename="`+a.fileName+`"`)
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(a.content)
	return err
}

// ValidateEvidence implements the operation.
func (s *service) ValidateEvidence(ctx context.Context, r server.ValidateEvidenceRequestObject) (server.ValidateEvidenceResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	record, err := s.desk.ValidateEvidence(ctx, write, r.UID, r.Version, r.Body.Saw)
	return server.ValidateEvidence200JSONResponse(record), err
}

// RefuseEvidence implements the operation.
func (s *service) RefuseEvidence(ctx context.Context, r server.RefuseEvidenceRequestObject) (server.RefuseEvidenceResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	record, err := s.desk.RefuseEvidence(ctx, write, r.UID, r.Version, r.Body.Reason)
	return server.RefuseEvidence200JSONResponse(record), err
}
