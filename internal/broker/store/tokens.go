package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
)

// Token is a credential, without its secret: only the secret's hash is kept.
type Token struct {
	bun.BaseModel `bun:"table:tokens"`

	// ID is a UUID.
	ID string `bun:"id,pk"`
	// SecretSHA256 is the SHA-256 of the secret, in hex.
	SecretSHA256 string `bun:"secret_sha256"`
	// Subject is whom it stands for, and CreatedBy who made it; ErasedSubject where that was erased.
	Subject   string              `bun:"subject,scanonly"`
	CreatedBy string              `bun:"created_by,scanonly"`
	Kind      request.SubjectKind `bun:"kind"`
	Roles     []api.Role          `bun:"roles,type:jsonb"`
	// Accounts are those that a customer's token may act in.
	Accounts  []string   `bun:"accounts,type:jsonb"`
	CreatedAt time.Time  `bun:"created_at"`
	ExpiresAt *time.Time `bun:"expires_at"`
	RevokedAt *time.Time `bun:"revoked_at"`

	// SubjectID and CreatedByID are the store's own.
	SubjectID   int64 `bun:"subject_id"`
	CreatedByID int64 `bun:"created_by_id"`
}

// TokenKey is where a listing of tokens stands: the last row of the page before.
type TokenKey struct {
	CreatedAt time.Time
	ID        string
}

// withSubjects fills in the names of a token's subjects.
func withSubjects(query *bun.SelectQuery) *bun.SelectQuery {
	return query.ColumnExpr("token.*").
		ColumnExpr("coalesce(subject.name, ?) AS subject", ErasedSubject).
		ColumnExpr("coalesce(creator.name, ?) AS created_by", ErasedSubject).
		Join("JOIN subjects AS subject ON subject.id = token.subject_id").
		Join("JOIN subjects AS creator ON creator.id = token.created_by_id")
}

// TokenBySecret returns the token whose secret has that SHA-256 (hex), also one that expired or was revoked, or
// ErrNotFound.
func (r *Reader) TokenBySecret(ctx context.Context, secretSHA256 string) (Token, error) {
	var row Token
	err := withSubjects(r.q.NewSelect().Model(&row)).Where("token.secret_sha256 = ?", secretSHA256).Scan(ctx)
	return row, failure("read a token", err)
}

// TokenByID returns the token, also one that expired or was revoked, or ErrNotFound.
func (r *Reader) TokenByID(ctx context.Context, id string) (Token, error) {
	var row Token
	err := withSubjects(r.q.NewSelect().Model(&row)).Where("token.id = ?", id).Scan(ctx)
	return row, failure("read a token", err)
}

// Tokens returns a page of at most limit tokens, newest first; after is the last row of the page before, nil for the
// first page.
func (r *Reader) Tokens(ctx context.Context, after *TokenKey, limit int) ([]Token, error) {
	var rows []Token
	query := withSubjects(r.q.NewSelect().Model(&rows))
	if after != nil {
		query = query.Where("(token.created_at < ? OR (token.created_at = ? AND token.id > ?))",
			after.CreatedAt, after.CreatedAt, after.ID)
	}
	err := query.OrderExpr("token.created_at DESC, token.id").Limit(int64(limit)).Scan(ctx)
	return rows, failure("list tokens", err)
}

// AnyToken reports whether a token was ever made: a database without one is a new one.
func (r *Reader) AnyToken(ctx context.Context) (bool, error) {
	exists, err := r.q.NewSelect().Model((*Token)(nil)).Exists(ctx)
	return exists, failure("look for a token", err)
}

// InsertToken adds the token.
func (tx *Tx) InsertToken(ctx context.Context, t *Token) error {
	holder, err := tx.subjectNamed(ctx, t.Subject)
	if err != nil {
		return err
	}
	creator, err := tx.subjectNamed(ctx, t.CreatedBy)
	if err != nil {
		return err
	}
	t.SubjectID, t.CreatedByID = holder.ID, creator.ID
	t.Roles, t.Accounts = append([]api.Role{}, t.Roles...), append([]string{}, t.Accounts...) // lists, never null
	t.CreatedAt = Instant(t.CreatedAt)
	t.ExpiresAt, t.RevokedAt = instantPointer(t.ExpiresAt), instantPointer(t.RevokedAt)
	_, err = tx.q.NewInsert().Model(t).Exec(ctx)
	return failure("add a token", err)
}

// RevokeToken marks the token as revoked; one that was revoked before keeps its time. It returns the token, or
// ErrNotFound.
func (tx *Tx) RevokeToken(ctx context.Context, id string, now time.Time) (Token, error) {
	_, err := tx.q.NewUpdate().Table("tokens").Set("revoked_at = ?", Instant(now)).
		Where("id = ? AND revoked_at IS NULL", id).Exec(ctx)
	if err != nil {
		return Token{}, failure("revoke a token", err)
	}
	return tx.TokenByID(ctx, id)
}
