package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/uptrace/bun"
)

// ErasedSubject stands where a person's name was erased.
const ErasedSubject = "erased"

// subject is whom tokens and audit entries are about. Names stand here and nowhere else in the audit: its chain holds
// digests, so that a name can be erased (name and salt become null) and the chain still be verified. Without the salt
// nobody can try names until one fits.
type subject struct {
	bun.BaseModel `bun:"table:subjects"`

	ID     int64  `bun:"id,pk,autoincrement"`
	Name   string `bun:"name,nullzero"`
	Salt   string `bun:"salt,nullzero"`
	Digest string `bun:"digest"`
}

// subjectDigest is what the chain knows of a name.
func subjectDigest(salt, name string) string {
	sum := sha256.Sum256([]byte(salt + "\n" + name))
	return hex.EncodeToString(sum[:])
}

// subjectNamed returns the subject of that name, which it adds where it is not there.
func (tx *Tx) subjectNamed(ctx context.Context, name string) (subject, error) {
	known, err := tx.subjectByName(ctx, name)
	if !errors.Is(err, ErrNotFound) {
		return known, err
	}
	const saltBytes = 16
	random := make([]byte, saltBytes)
	_, _ = rand.Read(random) // never fails
	salt := hex.EncodeToString(random)
	row := subject{Name: name, Salt: salt, Digest: subjectDigest(salt, name)}
	if _, err := tx.q.NewInsert().Model(&row).On("CONFLICT (name) DO NOTHING").Returning("NULL").Exec(ctx); err != nil {
		return subject{}, failure("add a subject", err)
	}
	return tx.subjectByName(ctx, name) // which is another transaction's where that was quicker
}

func (tx *Tx) subjectByName(ctx context.Context, name string) (subject, error) {
	var row subject
	err := tx.q.NewSelect().Model(&row).Where("name = ?", name).Scan(ctx)
	return row, failure("read a subject", err)
}
