package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/uptrace/bun"
)

// Reader reads rows. From DB.Read it is a snapshot; as part of a Tx it sees the transaction's own changes too.
type Reader struct {
	db *DB
	q  bun.IDB
}

// Tx is a transaction that writes. It reads by the Reader in it.
type Tx struct {
	*Reader
	tx    bun.Tx
	after []func()
}

// AfterCommit has f called when the transaction is committed, and not otherwise. Functions are called in the order in
// which they were given, outside the transaction; they do not block.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Try runs f and, where f returns an error, undoes what it changed and what it would have called after the commit; the
// transaction itself goes on. It returns the error of f.
func (tx *Tx) Try(ctx context.Context, f func(ctx context.Context) error) error {
	if _, err := tx.tx.ExecContext(ctx, "SAVEPOINT try"); err != nil {
		return failure("begin a try", err)
	}
	after := len(tx.after)
	tried := f(ctx)
	if tried != nil {
		// Whoever reads the error of f goes on as if nothing had been changed, so it is none where undoing failed.
		if _, err := tx.tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT try"); err != nil {
			return failure(fmt.Sprintf("undo what failed (%v)", tried), err)
		}
		tx.after = tx.after[:after]
	}
	if _, err := tx.tx.ExecContext(ctx, "RELEASE SAVEPOINT try"); err != nil {
		return failure("end a try", err)
	}
	return tried
}

// LockAccount makes the transaction the only one that writes for the account until it ends, and returns the account as
// it is then. Whatever an order's answer rests on is read after it. Facts that LockFacts guards stand still meanwhile.
// It returns ErrNotFound where there is no such account. Lock accounts before anything else, several in the order of
// their ids.
func (tx *Tx) LockAccount(ctx context.Context, id string) (Account, error) {
	if err := tx.advisoryLock(ctx, "pg_advisory_xact_lock_shared", factsLockKey); err != nil {
		return Account{}, err
	}
	var locked []string
	query := tx.q.NewSelect().Table("accounts").Column("id").Where("id = ?", id)
	if err := tx.forUpdate(query).Scan(ctx, &locked); err != nil {
		return Account{}, failure("lock the account", err)
	}
	return tx.AccountByID(ctx, id)
}

// LockFacts makes the transaction the only one that changes facts, and keeps every transaction that has locked an account
// out until it ends: so an order that is judged while a fact is being recorded is either judged by the new fact or found
// by the transaction that records it. It comes before LockAccount.
func (tx *Tx) LockFacts(ctx context.Context) error {
	return tx.advisoryLock(ctx, "pg_advisory_xact_lock", factsLockKey)
}

// advisoryLock takes one of PostgreSQL's locks that belong to no row. On SQLite the transaction is alone anyway.
func (tx *Tx) advisoryLock(ctx context.Context, function string, key int64) error {
	if tx.db.flavour != postgresFlavour {
		return nil
	}
	_, err := tx.q.NewRaw("SELECT "+function+"(?)", key).Exec(ctx)
	return failure("wait for another write", err)
}

// forUpdate locks the rows that the query finds. On SQLite the transaction is alone anyway.
func (tx *Tx) forUpdate(query *bun.SelectQuery) *bun.SelectQuery {
	if tx.db.flavour != postgresFlavour {
		return query
	}
	return query.For("UPDATE")
}

const (
	// writeAttempts is how often a transaction is begun before its failure is its caller's.
	writeAttempts = 8

	// conflictAttempts is how often it is begun where a key was held already: one that lost a race sees the winner's row
	// the next time.
	conflictAttempts = 3

	// firstPause is the longest pause before the second attempt; each further one may be twice as long. How long it is
	// within that is left to chance, so that two transactions that ran into each other do not do so again.
	firstPause = 10 * time.Millisecond
)

// Write runs f in a transaction and commits it when f returns nil. It repeats the transaction, f included, when the
// database ends it for the sake of another, a few times. It returns ErrBusy when it waited for another write for longer
// than Options.WriteWait. A Write within a Write never ends.
func (db *DB) Write(ctx context.Context, f func(ctx context.Context, tx *Tx) error) error {
	for attempt := 1; ; attempt++ {
		after, err := db.writeOnce(ctx, f)
		if err == nil {
			for _, call := range after {
				call()
			}
			return nil
		}
		if !db.repeats(err, attempt) {
			return err
		}
		db.logger.InfoContext(ctx, "repeating a transaction that ran into another", "attempt", attempt, "error", err)
		select {
		case <-time.After(rand.N(firstPause << (attempt - 1))): //nolint:gosec // chance, not secrecy
		case <-ctx.Done():
			return err
		}
	}
}

// repeats reports whether the transaction may succeed when it is begun again after that attempt. On SQLite writes never
// overlap, so none ever fails for another's sake.
func (db *DB) repeats(err error, attempt int) bool {
	switch {
	case db.flavour != postgresFlavour:
		return false
	case errors.Is(err, ErrConflict):
		return attempt < conflictAttempts
	default:
		return attempt < writeAttempts && endedForAnother(err)
	}
}

func (db *DB) writeOnce(ctx context.Context, f func(ctx context.Context, tx *Tx) error) (_ []func(), err error) {
	conn, err := db.writeConnection(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }() // back to the pool, which sees for itself whether it is still good

	var begin sql.TxOptions
	if db.flavour == postgresFlavour {
		// What has to stand still is locked; each statement after the lock then sees what was committed before it.
		begin.Isolation = sql.LevelReadCommitted
	}
	bunTx, err := conn.BeginTx(ctx, &begin)
	if err != nil {
		return nil, failure("begin a transaction", err)
	}
	open := true
	defer func() {
		if open { // f failed or panicked
			if failed := bunTx.Rollback(); failed != nil && !errors.Is(failed, sql.ErrTxDone) {
				err = errors.Join(err, fmt.Errorf("roll back: %w", failed))
			}
		}
	}()

	if db.flavour == postgresFlavour {
		if _, err := bunTx.NewRaw("SET LOCAL lock_timeout = ?", db.writeWait.Milliseconds()).Exec(ctx); err != nil {
			return nil, failure("begin a transaction", err)
		}
	}
	tx := &Tx{Reader: &Reader{db: db, q: bunTx}, tx: bunTx}
	if err := f(ctx, tx); err != nil {
		return nil, err
	}
	open = false
	if err := bunTx.Commit(); err != nil {
		return nil, failure("commit", err)
	}
	return tx.after, nil
}

// writeConnection waits for a connection to write on: on SQLite there is one.
func (db *DB) writeConnection(ctx context.Context) (bun.Conn, error) {
	waiting, cancel := context.WithTimeout(ctx, db.writeWait)
	defer cancel()
	conn, err := db.writer.Conn(waiting)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return bun.Conn{}, ErrBusy
	}
	if err != nil {
		return bun.Conn{}, failure("connect", err)
	}
	return conn, nil
}

// Read runs f over a snapshot of the database.
func (db *DB) Read(ctx context.Context, f func(ctx context.Context, r *Reader) error) (err error) {
	begin := sql.TxOptions{ReadOnly: true}
	if db.flavour == postgresFlavour {
		begin.Isolation = sql.LevelRepeatableRead
	}
	bunTx, err := db.reader.BeginTx(ctx, &begin)
	if err != nil {
		return failure("begin to read", err)
	}
	defer func() {
		if failed := bunTx.Rollback(); failed != nil && !errors.Is(failed, sql.ErrTxDone) {
			err = errors.Join(err, fmt.Errorf("end reading: %w", failed))
		}
	}()
	return f(ctx, &Reader{db: db, q: bunTx})
}

// instantPointer is Instant where there is one.
func instantPointer(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	kept := Instant(*t)
	return &kept
}
