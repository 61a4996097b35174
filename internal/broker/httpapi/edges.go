package httpapi

import (
	"context"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api/server"
)

// ListEdgeAttachments implements the operation.
func (s *service) ListEdgeAttachments(ctx context.Context, r server.ListEdgeAttachmentsRequestObject) (server.ListEdgeAttachmentsResponseObject, error) {
	page, err := s.desk.EdgeAttachments(ctx, exchangeOf(ctx).caller, r.Connection, r.Params)
	return server.ListEdgeAttachments200JSONResponse(page), err
}

// GetEdgeAttachment implements the operation.
func (s *service) GetEdgeAttachment(ctx context.Context, r server.GetEdgeAttachmentRequestObject) (server.GetEdgeAttachmentResponseObject, error) {
	edge, err := s.desk.EdgeAttachment(ctx, exchangeOf(ctx).caller, r.Connection, r.EdgeAttachment)
	return server.GetEdgeAttachment200JSONResponse(edge), err
}

// CreateEdgeAttachment implements the operation.
func (s *service) CreateEdgeAttachment(ctx context.Context, r server.CreateEdgeAttachmentRequestObject) (server.CreateEdgeAttachmentResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	parentUID := ""
	if r.Params.ParentUID != nil {
		parentUID = *r.Params.ParentUID
	}
	edge, err := s.desk.CreateEdgeAttachment(ctx, write, r.Connection, r.EdgeAttachment, parentUID, *r.Body, r.Params.IfNoneMatch != nil)
	return server.CreateEdgeAttachment202JSONResponse(edge), err
}

// UpdateEdgeAttachment implements the operation.
func (s *service) UpdateEdgeAttachment(ctx context.Context, r server.UpdateEdgeAttachmentRequestObject) (server.UpdateEdgeAttachmentResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	edge, err := s.desk.UpdateEdgeAttachment(ctx, write, r.Connection, r.EdgeAttachment, *r.Body, etagOf(r.Params.IfMatch))
	return server.UpdateEdgeAttachment200JSONResponse(edge), err
}

// DeleteEdgeAttachment implements the operation.
func (s *service) DeleteEdgeAttachment(ctx context.Context, r server.DeleteEdgeAttachmentRequestObject) (server.DeleteEdgeAttachmentResponseObject, error) {
	write := exchangeOf(ctx).write(r.Params.IdempotencyKey, r.Params.HscnChangeReference)
	edge, err := s.desk.DeleteEdgeAttachment(ctx, write, r.Connection, r.EdgeAttachment, r.Params.UID)
	return server.DeleteEdgeAttachment202JSONResponse(edge), err
}
