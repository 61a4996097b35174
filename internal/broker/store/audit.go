package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
)

// AuditEntry says who did what, when and on what grounds.
type AuditEntry struct {
	// Sequence counts from 1 without gaps; AppendAudit gives it.
	Sequence int64
	At       time.Time
	// Subject is whom the entry is about; ErasedSubject where the name was erased.
	Subject     string
	SubjectKind request.SubjectKind
	Account     string
	// Action is a noun and a verb, such as "connection.create".
	Action          string
	Object          string
	ObjectUID       string
	ChangeReference string
	RequestID       string
	// Details are what was decided and from which evidence. They are part of the chain for ever, so no name of a person
	// is in them. Numbers are read back as json.Number.
	Details map[string]any
	// PreviousHash and Hash are SHA-256 in hex, PreviousHash empty in the first entry; AppendAudit gives them.
	PreviousHash string
	Hash         string
}

// AuditFilter chooses entries for a listing.
type AuditFilter struct {
	// ObjectUID narrows it to one object where it is not empty.
	ObjectUID string
	// After is the sequence of the last entry of the page before; 0 for the first page.
	After int64
	// Limit is how many entries at the most.
	Limit int
}

// auditEntry is an entry as the chain holds it.
type auditEntry struct {
	bun.BaseModel `bun:"table:audit_entries"`

	Sequence        int64     `bun:"sequence,pk"`
	At              time.Time `bun:"at"`
	SubjectID       int64     `bun:"subject_id"`
	SubjectDigest   string    `bun:"subject_digest"`
	SubjectKind     string    `bun:"subject_kind"`
	Account         string    `bun:"account"`
	Action          string    `bun:"action"`
	Object          string    `bun:"object"`
	ObjectUID       string    `bun:"object_uid"`
	ChangeReference string    `bun:"change_reference"`
	RequestID       string    `bun:"request_id"`
	Details         string    `bun:"details"`
	PreviousHash    string    `bun:"previous_hash"`
	Hash            string    `bun:"hash"`

	// Name, Salt and Digest are the subject's, of which the first two are empty where it was erased.
	Name   string `bun:"name,scanonly"`
	Salt   string `bun:"salt,scanonly"`
	Digest string `bun:"digest,scanonly"`
}

// auditHead is where the chain ends.
type auditHead struct {
	bun.BaseModel `bun:"table:audit_head"`

	Sequence int64  `bun:"sequence"`
	Hash     string `bun:"hash"`
}

// hashed returns the entry's hash: SHA-256 over the members below, each as the number of its bytes, a colon, the bytes
// and a line feed, so that no two entries have the same text. Whoever has the rows can compute it without this program.
func (e auditEntry) hashed() string {
	sum := sha256.New()
	for _, member := range []string{
		"hscn-audit-1", e.PreviousHash, fmt.Sprint(e.Sequence), e.At.UTC().Format(auditTime), e.SubjectDigest, e.SubjectKind,
		e.Account, e.Action, e.Object, e.ObjectUID, e.ChangeReference, e.RequestID, e.Details,
	} {
		_, _ = fmt.Fprintf(sum, "%d:%s\n", len(member), member) // a hash takes everything
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// auditTime is how the time of an entry is hashed.
const auditTime = "2006-01-02T15:04:05.000000Z"

// AppendAudit adds the entry to the end of the chain. Until the transaction ends no other can append, so it comes last.
func (tx *Tx) AppendAudit(ctx context.Context, e *AuditEntry) error {
	details := []byte("{}")
	if len(e.Details) > 0 {
		var err error
		if details, err = json.Marshal(e.Details); err != nil {
			return fmt.Errorf("append to the audit: %w", err)
		}
	}
	who, err := tx.subjectNamed(ctx, storable(e.Subject))
	if err != nil {
		return err
	}
	var head auditHead
	if err := tx.forUpdate(tx.q.NewSelect().Model(&head)).Scan(ctx); err != nil {
		return failure("read the end of the audit", err)
	}

	row := auditEntry{
		Sequence: head.Sequence + 1, At: Instant(e.At), SubjectID: who.ID, SubjectDigest: who.Digest,
		SubjectKind: storable(string(e.SubjectKind)), Account: storable(e.Account), Action: storable(e.Action),
		Object: storable(e.Object), ObjectUID: storable(e.ObjectUID), ChangeReference: storable(e.ChangeReference),
		RequestID: storable(e.RequestID), Details: string(details), PreviousHash: head.Hash,
	}
	row.Hash = row.hashed()
	if _, err := tx.q.NewInsert().Model(&row).Exec(ctx); err != nil {
		return failure("append to the audit", err)
	}
	_, err = tx.q.NewUpdate().Table("audit_head").Set("sequence = ?", row.Sequence).Set("hash = ?", row.Hash).
		Where("singleton").Exec(ctx)
	if err != nil {
		return failure("move the end of the audit", err)
	}
	e.Sequence, e.At, e.PreviousHash, e.Hash = row.Sequence, row.At, row.PreviousHash, row.Hash
	return nil
}

// storable makes of a text what the databases can keep, so that what was hashed is what will be read: headers of a
// request may have any bytes.
func storable(text string) string {
	const replacement = "\uFFFD"
	return strings.ReplaceAll(strings.ToValidUTF8(text, replacement), "\x00", replacement)
}

// withSubject fills in what the table of subjects has of an entry.
func withSubject(query *bun.SelectQuery) *bun.SelectQuery {
	return query.ColumnExpr("audit_entry.*").ColumnExpr("subject.name, subject.salt, subject.digest").
		Join("JOIN subjects AS subject ON subject.id = audit_entry.subject_id")
}

// AuditEntries returns a page of entries, oldest first.
func (r *Reader) AuditEntries(ctx context.Context, filter AuditFilter) ([]AuditEntry, error) {
	var rows []auditEntry
	query := withSubject(r.q.NewSelect().Model(&rows)).Where("audit_entry.sequence > ?", filter.After)
	if filter.ObjectUID != "" {
		query = query.Where("audit_entry.object_uid = ?", filter.ObjectUID)
	}
	if err := query.OrderExpr("audit_entry.sequence").Limit(int64(filter.Limit)).Scan(ctx); err != nil {
		return nil, failure("list the audit", err)
	}
	entries := make([]AuditEntry, len(rows))
	for i, row := range rows {
		entry, err := row.entry()
		if err != nil {
			return nil, err
		}
		entries[i] = entry
	}
	return entries, nil
}

// entry returns the entry as its readers know it.
func (e auditEntry) entry() (AuditEntry, error) {
	entry := AuditEntry{
		Sequence: e.Sequence, At: e.At, Subject: e.Name, SubjectKind: request.SubjectKind(e.SubjectKind), Account: e.Account,
		Action: e.Action, Object: e.Object, ObjectUID: e.ObjectUID, ChangeReference: e.ChangeReference,
		RequestID: e.RequestID, PreviousHash: e.PreviousHash, Hash: e.Hash,
	}
	if e.Salt == "" {
		entry.Subject = ErasedSubject
	}
	decoder := json.NewDecoder(strings.NewReader(e.Details))
	decoder.UseNumber()
	if err := decoder.Decode(&entry.Details); err != nil && err != io.EOF {
		return AuditEntry{}, fmt.Errorf("read the details of audit entry %d: %w", e.Sequence, err)
	}
	return entry, nil
}
