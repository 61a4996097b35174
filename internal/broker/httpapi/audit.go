package httpapi

import (
	"context"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/api/server"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/page"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// ListAuditEntries implements the operation.
func (s *service) ListAuditEntries(ctx context.Context, r server.ListAuditEntriesRequestObject) (server.ListAuditEntriesResponseObject, error) {
	size := page.Size(r.Params.PageSize)
	filter := store.AuditFilter{Limit: size + 1}
	if _, err := page.After(r.Params.PageToken, &filter.After); err != nil {
		return nil, err
	}
	if r.Params.ObjectUID != nil {
		filter.ObjectUID = *r.Params.ObjectUID
	}
	var entries []store.AuditEntry
	err := s.db.Read(ctx, func(ctx context.Context, r *store.Reader) error {
		var err error
		entries, err = r.AuditEntries(ctx, filter)
		return err
	})
	if err != nil {
		return nil, err
	}
	entries, next, err := page.Cut(entries, size, func(e store.AuditEntry) any { return e.Sequence })
	if err != nil {
		return nil, err
	}
	listed := server.ListAuditEntries200JSONResponse{Items: make([]api.AuditEntry, len(entries)), NextPageToken: next}
	for i, entry := range entries {
		listed.Items[i] = auditEntry(entry)
	}
	return listed, nil
}

// VerifyAudit implements the operation.
func (s *service) VerifyAudit(ctx context.Context, _ server.VerifyAuditRequestObject) (server.VerifyAuditResponseObject, error) {
	var walked store.AuditVerification
	err := s.db.Read(ctx, func(ctx context.Context, r *store.Reader) error {
		var err error
		walked, err = r.VerifyAudit(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	verification := server.VerifyAudit200JSONResponse{Intact: walked.Intact, Entries: walked.Entries}
	verification.Head, verification.Reason = given(walked.Head), given(walked.Reason)
	if walked.BrokenAt != 0 {
		verification.BrokenAt = &walked.BrokenAt
	}
	return verification, nil
}

func auditEntry(e store.AuditEntry) api.AuditEntry {
	details := e.Details
	if details == nil {
		details = map[string]any{}
	}
	return api.AuditEntry{
		Sequence: e.Sequence, At: e.At, Subject: e.Subject, SubjectKind: given(string(e.SubjectKind)), Account: given(e.Account),
		Action: e.Action, Object: given(e.Object), ObjectUID: given(e.ObjectUID),
		ChangeReference: given(e.ChangeReference), RequestID: given(e.RequestID),
		Details: details, PreviousHash: e.PreviousHash, Hash: e.Hash,
	}
}

// given leaves out what has no value.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
