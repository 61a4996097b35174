package orders

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

const (
	// documentKeptFor is how long a document is kept that no evidence names.
	documentKeptFor = 24 * time.Hour
	// maxLooseDocuments is how many such documents an account may have, so that nobody fills the database with what
	// nobody needs: more than one apply sends before it names them.
	maxLooseDocuments = 20
	// maxUnvalidatedCopies is how many signed copies an account may have of which nobody at the CSP has validated a version:
	// each keeps a document, and a person has to look at it.
	maxUnvalidatedCopies = 200
)

// UploadDocument keeps a document of the account's under its sum, until evidence names it or a day is over. The body is
// read to its end and no further than policy allows; size is what the request says of it, -1 where it says nothing. A
// document that is there already changes nothing. Refusals are problem.TooLarge, RequestInvalid for what is no PDF or
// another document than the sum's, StateForbids and Forbidden.
func (d *Desk) UploadDocument(
	ctx context.Context, w request.Write, sum string, size int64, body io.Reader,
) (api.DocumentReceipt, error) {
	inForce, err := d.GetPolicy(ctx)
	if err != nil {
		return api.DocumentReceipt{}, err
	}
	content, err := readPDF(body, size, inForce.Agreements.Evidence.MaximumBytes)
	if err != nil {
		return api.DocumentReceipt{}, err
	}
	if arrived := sha256.Sum256(content); hex.EncodeToString(arrived[:]) != sum {
		parameter := "sha256"
		return api.DocumentReceipt{}, invalid(api.InvalidMember{Pointer: &parameter, Detail: fmt.Sprintf(
			"is not the sum of the document that arrived: its %d bytes have the SHA-256 %s", len(content), hex.EncodeToString(arrived[:]))})
	}
	var row store.Document
	err = d.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		var err error
		row, err = d.keepDocument(ctx, tx, w, d.now(), sum, content)
		return err
	})
	return api.DocumentReceipt{Sha256: row.SHA256, SizeBytes: row.SizeBytes, ReceivedAt: row.ReceivedAt.UTC()}, overtaken(err)
}

func (d *Desk) keepDocument(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, sum string, content []byte,
) (store.Document, error) {
	account, err := openAccount(ctx, tx, w.Caller.Account)
	if err != nil {
		return store.Document{}, err
	}
	known, err := tx.NameDocument(ctx, account.ID, sum, now)
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		return known, err
	}
	loose, sentAt, err := tx.CountLooseDocuments(ctx, account.ID)
	if err != nil {
		return store.Document{}, err
	}
	if loose >= maxLooseDocuments {
		return store.Document{}, problem.New(problem.StateForbids, "The account has %d documents that no evidence rests on, and may have no more. "+
			"Name them as document_sha256 of agreement evidence. What nothing names is forgotten a day after it was last sent, and what "+
			"was refused, replaced or taken back a week after that; the first of these not before %s.",
			loose, londonText(sentAt.Add(documentKeptFor)))
	}
	row := store.Document{Account: account.ID, SHA256: sum, SizeBytes: int64(len(content)), ReceivedAt: now, LastSentAt: now}
	if err := tx.InsertDocument(ctx, &row, content); err != nil {
		return store.Document{}, err
	}
	return row, record(ctx, tx, w, now, entry{
		action: "document.upload", account: account.ID, object: "documents/" + sum,
		details: map[string]any{"document_sha256": sum, "size_bytes": row.SizeBytes},
	})
}

// readPDF takes a document in that has no more bytes than the limit. What is no PDF is turned down at its first bytes.
func readPDF(body io.Reader, size, limit int64) ([]byte, error) {
	if size > limit {
		return nil, problem.New(problem.TooLarge, "The document has %d bytes, and the policy allows %d (agreements.evidence.maximum_bytes). "+
			"Scan it with fewer dots or in grey, or leave out what is not the agreement.", size, limit)
	}
	bounded := io.LimitReader(body, limit+1)
	head := make([]byte, hscn.PDFHeaderWithin)
	n, err := io.ReadFull(bounded, head)
	head = head[:n]
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, cutShort()
	}
	if err := checkPDFHeader(head); err != nil {
		return nil, err
	}
	rest, err := io.ReadAll(bounded)
	if err != nil {
		return nil, cutShort()
	}
	content := slices.Concat(head, rest)
	if int64(len(content)) > limit {
		return nil, problem.New(problem.TooLarge, "The document has more than the %d bytes that the policy allows "+
			"(agreements.evidence.maximum_bytes). Scan it with fewer dots or in grey, or leave out what is not the agreement.", limit)
	}
	return content, checkPDFEnd(content)
}

func cutShort() error {
	return problem.New(problem.RequestInvalid, "The body ended before it was complete.")
}

func checkPDFHeader(head []byte) error {
	switch {
	case len(head) == 0:
		return noPDF("is empty: it has to be the PDF itself")
	case !hscn.HasPDFHeader(head):
		return noPDF(`is not a PDF: "%%PDF-" is not among its first %d bytes`, hscn.PDFHeaderWithin)
	}
	return nil
}

func checkPDFEnd(content []byte) error {
	if !hscn.HasPDFEnd(content) {
		return noPDF(`is not a whole PDF: "%%%%EOF" is not among the last %d of its %d bytes; the file may be cut off`,
			hscn.PDFEndWithin, len(content))
	}
	return nil
}

// noPDF says what of the body is not as it is in a PDF; the detail continues the sentence that "the body" begins.
func noPDF(format string, args ...any) error {
	whole := ""
	return invalid(api.InvalidMember{Pointer: &whole, Detail: fmt.Sprintf(format, args...)})
}
