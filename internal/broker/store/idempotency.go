package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
)

// KeptFor is how long an idempotency key is remembered.
const KeptFor = 7 * 24 * time.Hour

// retryAfterBusy is how long somebody is told to stay away who waited in vain for another write.
const retryAfterBusy = 2 * time.Second

// KeySHA256 is what is kept and shown of an idempotency key: its SHA-256 in hex.
func KeySHA256(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// Outcome is what a write came to.
type Outcome[T any] struct {
	// Answer is what its caller is told.
	Answer T
	// ObjectUID is the object that the answer shows. Where it is set, a repetition of the write is answered by the object
	// as it is then; where it is empty, by this Answer, which goes through JSON.
	ObjectUID string
}

// idempotencyKey is what is remembered of a write. One of the last three is set.
type idempotencyKey struct {
	bun.BaseModel `bun:"table:idempotency_keys"`

	// Owner is the account, or the subject where there is none: each has keys of its own, so that nobody learns of, or
	// stumbles over, another's.
	Owner string `bun:"owner,pk"`
	// KeySHA256 stands for the key, which is not kept.
	KeySHA256 string `bun:"key_sha256,pk"`
	// Fingerprint is what the key was used for.
	Fingerprint string    `bun:"fingerprint"`
	CreatedAt   time.Time `bun:"created_at"`

	ObjectUID string `bun:"object_uid,nullzero"`
	Problem   string `bun:"problem,nullzero"`
	Answer    string `bun:"answer,nullzero"`
}

func newIdempotencyKey(w request.Write, now time.Time) idempotencyKey {
	owner := "account:" + w.Caller.Account
	if w.Caller.Account == "" {
		// The key's row outlives the erasure of a person's name only as a digest, and for 7 days.
		owner = "subject:" + KeySHA256(w.Caller.Subject)
	}
	fingerprint := sha256.New()
	for _, member := range []string{w.Method, w.Path, w.BodySHA256} {
		_, _ = fmt.Fprintf(fingerprint, "%d:%s\n", len(member), member) // a hash takes everything
	}
	return idempotencyKey{
		Owner: owner, KeySHA256: KeySHA256(w.IdempotencyKey),
		Fingerprint: hex.EncodeToString(fingerprint.Sum(nil)), CreatedAt: Instant(now),
	}
}

// Idempotent runs write in a transaction, once for its idempotency key however often it is sent, and remembers what came
// of it with the change itself.
//
// The key belongs to the account, or to the subject where there is no account. Used for another method, path or body it
// is refused by problem.KeyReused. A *problem.Problem for which Remembered is true is remembered without the changes that
// write made before it; any other error leaves neither a change nor the key. A repetition that arrives while the first
// request runs waits for it, and gets problem.Unavailable when that takes longer than Options.WriteWait.
//
// render reads the object of that uid for a repetition. It is called in the transaction; an error of it is returned.
func Idempotent[T any](
	ctx context.Context, db *DB, w request.Write, now time.Time,
	render func(ctx context.Context, r *Reader, uid string) (T, error),
	write func(ctx context.Context, tx *Tx) (Outcome[T], error),
) (T, error) {
	var none, answer T
	if w.IdempotencyKey == "" {
		return none, errors.New("a write without an idempotency key cannot be remembered")
	}
	var refused *problem.Problem
	err := db.Write(ctx, func(ctx context.Context, tx *Tx) (err error) {
		answer, refused = none, nil // the transaction may be repeated
		row := newIdempotencyKey(w, now)
		first, err := tx.claim(ctx, &row)
		switch {
		case err != nil:
			return err
		case !first && row.Problem != "":
			refused, err = row.problem()
			return err
		case !first && row.ObjectUID != "":
			answer, err = render(ctx, tx.Reader, row.ObjectUID)
			return err
		case !first:
			return row.read(&answer)
		}
		answer, refused, err = attempt(ctx, tx, &row, write)
		if err != nil {
			return err
		}
		_, err = tx.q.NewUpdate().Model(&row).WherePK().Exec(ctx)
		return failure("remember an idempotency key", err)
	})
	switch {
	case errors.Is(err, ErrBusy):
		busy := problem.New(problem.Unavailable, "Another write took too long; nothing was changed. Send the request again.")
		busy.RetryAfter = retryAfterBusy
		return none, busy
	case err != nil:
		return none, err
	case refused != nil:
		return none, refused
	}
	return answer, nil
}

// claim adds the key and reports true, or fills in what is remembered of it and reports false. It waits for another
// transaction that has added it. A key that was kept for long enough is forgotten here already: purging comes in its own
// time.
func (tx *Tx) claim(ctx context.Context, row *idempotencyKey) (bool, error) {
	_, err := tx.q.NewDelete().Model(row).WherePK().Where("created_at < ?", row.CreatedAt.Add(-KeptFor)).Exec(ctx)
	if err != nil {
		return false, failure("forget an idempotency key", err)
	}
	result, err := tx.q.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return false, failure("look up an idempotency key", err)
	}
	added, err := result.RowsAffected()
	if err != nil || added > 0 {
		return added > 0, failure("look up an idempotency key", err)
	}
	wanted := row.Fingerprint
	if err := tx.q.NewSelect().Model(row).WherePK().Scan(ctx); err != nil {
		return false, failure("look up an idempotency key", err)
	}
	if row.Fingerprint != wanted {
		return false, problem.New(problem.KeyReused,
			"This Idempotency-Key was used on %s for another method, path or body. Take a new key for each operation.",
			row.CreatedAt.Format(time.RFC3339))
	}
	return false, nil
}

// attempt runs write and puts what came of it into the row. What write changed before a problem that is remembered is
// undone, and so is what it would have called after the commit.
func attempt[T any](
	ctx context.Context, tx *Tx, row *idempotencyKey, write func(ctx context.Context, tx *Tx) (Outcome[T], error),
) (answer T, refused *problem.Problem, err error) {
	var outcome Outcome[T]
	err = tx.Try(ctx, func(ctx context.Context) (err error) {
		outcome, err = write(ctx, tx)
		return err
	})
	switch {
	case errors.As(err, &refused) && refused.Remembered():
		return answer, refused, row.remember(&row.Problem, refused)
	case err != nil:
		return answer, nil, err
	case outcome.ObjectUID != "":
		row.ObjectUID = outcome.ObjectUID
		return outcome.Answer, nil, nil
	default:
		return outcome.Answer, nil, row.remember(&row.Answer, outcome.Answer)
	}
}

// remember puts the value into one of the row's columns.
func (*idempotencyKey) remember(column *string, value any) error {
	document, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("remember an idempotency key: %w", err)
	}
	*column = string(document)
	return nil
}

// problem is the problem that is remembered.
func (row *idempotencyKey) problem() (*problem.Problem, error) {
	var remembered problem.Problem
	if err := json.Unmarshal([]byte(row.Problem), &remembered); err != nil {
		return nil, fmt.Errorf("read the problem of an idempotency key: %w", err)
	}
	return &remembered, nil
}

// read puts the answer that is remembered into answer.
func (row *idempotencyKey) read(answer any) error {
	if err := json.Unmarshal([]byte(row.Answer), answer); err != nil {
		return fmt.Errorf("read the answer of an idempotency key: %w", err)
	}
	return nil
}

// PurgeIdempotencyKeys forgets the keys that were first used before that time, and returns how many those were.
func (tx *Tx) PurgeIdempotencyKeys(ctx context.Context, before time.Time) (int64, error) {
	result, err := tx.q.NewDelete().Model((*idempotencyKey)(nil)).Where("created_at < ?", before).Exec(ctx)
	if err != nil {
		return 0, failure("purge idempotency keys", err)
	}
	purged, err := result.RowsAffected()
	return purged, failure("purge idempotency keys", err)
}
