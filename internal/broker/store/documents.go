package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// Document is what is known of a document that an account has sent, without its bytes. It is named by its sum: the same
// bytes are the same document.
type Document struct {
	bun.BaseModel `bun:"table:documents"`

	Account string `bun:"account,pk"`
	// SHA256 is the sum of the bytes, in lower-case hex.
	SHA256     string    `bun:"sha256,pk"`
	SizeBytes  int64     `bun:"size_bytes"`
	ReceivedAt time.Time `bun:"received_at"`
	// LastSentAt is when it was last sent or named: what nothing names is forgotten some time after.
	LastSentAt time.Time `bun:"last_sent_at"`
}

// documentContent is the bytes, which are read only where they are asked for.
type documentContent struct {
	bun.BaseModel `bun:"table:documents"`

	Content []byte `bun:"content"`
}

// DocumentContent returns the bytes of the account's document of that sum, or ErrNotFound.
func (r *Reader) DocumentContent(ctx context.Context, account, sha256 string) ([]byte, error) {
	var row documentContent
	err := r.q.NewSelect().Model(&row).Where("account = ? AND sha256 = ?", account, sha256).Scan(ctx)
	return row.Content, failure("read a document", err)
}

// CountLooseDocuments returns how many documents the account has sent that no version of its evidence needs, and when the
// one was last sent that is forgotten first; the time is zero where there is none.
func (r *Reader) CountLooseDocuments(ctx context.Context, account string) (int, time.Time, error) {
	var rows []Document
	err := r.q.NewSelect().Model(&rows).Where("document.account = ?", account).
		Where("NOT EXISTS (SELECT 1 FROM evidence_versions AS v " +
			"WHERE v.account = document.account AND v.document_sha256 = document.sha256 AND v.released_at IS NULL)").
		Order("last_sent_at").Scan(ctx)
	if err != nil || len(rows) == 0 {
		return 0, time.Time{}, failure("count documents", err)
	}
	return len(rows), rows[0].LastSentAt, nil
}

// NameDocument notes that the account's document of that sum was sent again, or is named now, and returns it, or
// ErrNotFound. It is not forgotten while the transaction runs.
func (tx *Tx) NameDocument(ctx context.Context, account, sha256 string, now time.Time) (Document, error) {
	_, err := tx.q.NewUpdate().Table("documents").Set("last_sent_at = ?", Instant(now)).
		Where("account = ? AND sha256 = ?", account, sha256).Exec(ctx)
	if err != nil {
		return Document{}, failure("name a document", err)
	}
	var row Document
	err = tx.q.NewSelect().Model(&row).Where("account = ? AND sha256 = ?", account, sha256).Scan(ctx)
	return row, failure("read a document", err)
}

// InsertDocument adds the document with its bytes. It returns ErrConflict where the account has it already.
func (tx *Tx) InsertDocument(ctx context.Context, d *Document, content []byte) error {
	d.ReceivedAt, d.LastSentAt = Instant(d.ReceivedAt), Instant(d.LastSentAt)
	if _, err := tx.q.NewInsert().Model(d).Value("content", "?", []byte{}).Exec(ctx); err != nil {
		return failure("add a document", err)
	}
	// bun writes values into its statements, and a database may log a statement that fails: the bytes travel as a
	// parameter, past it.
	fill := "UPDATE documents SET content = ? WHERE account = ? AND sha256 = ?"
	if tx.db.flavour == postgresFlavour {
		fill = "UPDATE documents SET content = $1 WHERE account = $2 AND sha256 = $3"
	}
	_, err := tx.tx.Tx.ExecContext(ctx, fill, content, d.Account, d.SHA256)
	return failure("add a document", err)
}

// PurgeDocuments forgets the documents that were last sent before sentBefore and that no version of evidence needs, or
// that the last one released before releasedBefore; it returns how many those were.
func (tx *Tx) PurgeDocuments(ctx context.Context, sentBefore, releasedBefore time.Time) (int64, error) {
	result, err := tx.q.NewDelete().Model((*Document)(nil)).Where("document.last_sent_at < ?", Instant(sentBefore)).
		Where("NOT EXISTS (SELECT 1 FROM evidence_versions AS v "+
			"WHERE v.account = document.account AND v.document_sha256 = document.sha256 "+
			"AND (v.released_at IS NULL OR v.released_at >= ?))", Instant(releasedBefore)).Exec(ctx)
	if err != nil {
		return 0, failure("purge documents", err)
	}
	purged, err := result.RowsAffected()
	return purged, failure("purge documents", err)
}
