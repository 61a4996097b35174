package store

import (
	"context"
	"fmt"
)

// AuditVerification is what a walk along the chain found.
type AuditVerification struct {
	Intact bool
	// Entries is how many entries hold, from the first.
	Entries int64
	// Head is the hash of the newest entry that holds, which an auditor may keep: no later chain without it is this one.
	// Empty where there is none.
	Head string
	// BrokenAt is the sequence of the first entry that does not hold, and Reason says why; both are zero where it is
	// intact.
	BrokenAt int64
	Reason   string
}

// VerifyAudit walks the chain from its first entry and says where it first does not hold: an entry was altered, is
// missing or stands in another place, or the newest are gone.
func (r *Reader) VerifyAudit(ctx context.Context) (AuditVerification, error) {
	var head auditHead
	if err := r.q.NewSelect().Model(&head).Scan(ctx); err != nil {
		return AuditVerification{}, failure("read the end of the audit", err)
	}
	walked := AuditVerification{Intact: true}
	for {
		const batch = 1000
		var rows []auditEntry
		err := r.q.NewSelect().Model(&rows).
			ColumnExpr("audit_entry.*").ColumnExpr("subject.name, subject.salt, subject.digest").
			Join("LEFT JOIN subjects AS subject ON subject.id = audit_entry.subject_id").
			Where("audit_entry.sequence > ?", walked.Entries).
			OrderExpr("audit_entry.sequence").Limit(batch).Scan(ctx)
		if err != nil {
			return AuditVerification{}, failure("walk along the audit", err)
		}
		for _, row := range rows {
			if reason := row.broken(walked); reason != "" {
				walked.Intact, walked.BrokenAt, walked.Reason = false, walked.Entries+1, reason
				return walked, nil
			}
			walked.Entries, walked.Head = row.Sequence, row.Hash
		}
		if len(rows) < batch {
			break
		}
	}
	if walked.Entries != head.Sequence || walked.Head != head.Hash {
		walked.Intact, walked.BrokenAt = false, walked.Entries+1
		walked.Reason = fmt.Sprintf("the audit ends with entry %d, and its end is recorded as entry %d",
			walked.Entries, head.Sequence)
		if walked.Entries == head.Sequence {
			walked.BrokenAt = walked.Entries
			walked.Reason = "it is not the entry that is recorded as the end"
		}
	}
	return walked, nil
}

// broken says why the entry does not follow what was walked; empty where it does.
func (e auditEntry) broken(walked AuditVerification) string {
	switch {
	case e.Sequence != walked.Entries+1:
		return fmt.Sprintf("it is missing: entry %d comes next", e.Sequence)
	case e.PreviousHash != walked.Head:
		return "it does not follow the entry before it"
	case e.Hash != e.hashed():
		return "its content was altered"
	case e.SubjectDigest != e.Digest || e.Salt != "" && subjectDigest(e.Salt, e.Name) != e.Digest:
		return "the name of its subject was altered"
	}
	return ""
}
