package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
)

// RestoreOptions are what Restore is told. By and Now must be given.
type RestoreOptions struct {
	// From is a copy of a SQLite database that is put in the place of the one at the address. Empty: what was put back is
	// there already.
	From string
	// Replace lets the copy take the place of a database that is there, which is kept under another name.
	Replace bool
	// By is who restores, for the audit.
	By string
	// Now is when.
	Now time.Time
	// Logger hears of migrations. Nil: nothing is logged.
	Logger *slog.Logger
}

// Restored is what Restore did.
type Restored struct {
	// Before is the broker's id in what was put back, and After the one that it has now.
	Before, After string
	// LastEntry and LastAt are the last entry of the audit in what was put back: what happened later is not known to it.
	LastEntry int64
	LastAt    time.Time
	// Kept is the file to which the database was moved whose place the copy took; empty where there was none.
	Kept string
}

// Restore makes a database that was put back from a copy another broker's than the one that it was copied from: it gets
// a new id, and the audit says so. Clients hold the id against what they know, so that nothing that was ordered after the
// copy was made is taken for gone. It refuses a database that a broker serves, where that can be known, and changes nothing
// where it fails. Errors are those of Open, *MissingError, *InUseError, *OccupiedError and *DamagedError.
func Restore(ctx context.Context, url string, options RestoreOptions) (Restored, error) {
	if options.From == "" {
		return renew(ctx, url, options)
	}
	if strings.Contains(url, "://") {
		return Restored{}, &AddressError{Reason: "is no file that a copy could be put in the place of: put a PostgreSQL database back with its own tools"}
	}
	return replace(ctx, strings.TrimPrefix(url, "sqlite:"), options)
}

// renew gives the database another id.
func renew(ctx context.Context, url string, options RestoreOptions) (_ Restored, err error) {
	db, err := Open(ctx, url, Options{Logger: options.Logger, Existing: true, Application: "hscn-broker restore"})
	if err != nil {
		return Restored{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.unused(ctx, url); err != nil {
		return Restored{}, err
	}
	restored := Restored{Before: db.brokerID, After: uuid.NewString()}
	err = db.Write(ctx, func(ctx context.Context, tx *Tx) error {
		var head struct {
			Sequence int64
			At       time.Time
		}
		err := tx.q.NewSelect().Table("audit_entries").Column("sequence", "at").Order("sequence DESC").Limit(1).Scan(ctx, &head)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return failure("read the end of the audit", err)
		}
		restored.LastEntry, restored.LastAt = head.Sequence, head.At
		_, err = tx.q.NewUpdate().Model((*broker)(nil)).Set("id = ?", restored.After).Set("minted_at = ?", Instant(options.Now)).
			Where("singleton").Exec(ctx)
		if err != nil {
			return failure("renew the broker's id", err)
		}
		return tx.AppendAudit(ctx, &AuditEntry{
			At: options.Now, Subject: options.By, SubjectKind: request.Person, Action: "broker.restore",
			Details: map[string]any{"broker_id_before": restored.Before, "broker_id": restored.After},
		})
	})
	return restored, err
}

// unused refuses a database that is damaged, or that a broker serves. A SQLite file is locked by whoever serves it.
func (db *DB) unused(ctx context.Context, url string) error {
	if db.flavour == sqliteFlavour {
		var found string
		if err := db.writer.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
			return failure("check the database", err)
		}
		if found != "ok" {
			return &DamagedError{Path: strings.TrimPrefix(url, "sqlite:"), Reason: found}
		}
		return nil
	}
	var sessions int
	query := "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name IN (?, ?)"
	if err := db.writer.QueryRowContext(ctx, query, application, db.servedAs).Scan(&sessions); err != nil {
		return failure("look for brokers on the database", err)
	}
	if sessions > 0 {
		return &InUseError{Sessions: sessions, Application: db.servedAs}
	}
	return nil
}

// The names that are added to a database's for what belongs to it, or stands in for it for a while.
var besideSQLite = []string{"", "-wal", "-shm"}

const restoringSuffix = ".restoring"

// replace puts the copy in the place of the file at path. The copy gets its new id before it has the place, so that no
// broker ever serves it under the old one.
func replace(ctx context.Context, path string, options RestoreOptions) (_ Restored, err error) {
	if err := checkHeader(path); err != nil {
		var foreign *ForeignDatabaseError
		if !errors.As(err, &foreign) || !options.Replace { // what is in ruins is replaced too
			return Restored{}, err
		}
	}
	lock, err := lockFile(path)
	if err != nil {
		return Restored{}, err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	occupied, err := hasContent(path)
	if err != nil {
		return Restored{}, err
	}
	if occupied && !options.Replace {
		return Restored{}, &OccupiedError{Path: path}
	}

	scratch := path + restoringSuffix
	if err := discard(scratch); err != nil { // what an earlier try may have left
		return Restored{}, err
	}
	defer func() { err = errors.Join(err, discard(scratch)) }()
	if err := copyDatabase(options.From, scratch); err != nil {
		return Restored{}, err
	}
	restored, err := renew(ctx, scratch, options)
	if err != nil {
		return Restored{}, named(err, options.From)
	}
	if unwritten, err := hasContent(scratch + "-wal"); err != nil || unwritten {
		return Restored{}, errors.Join(err, fmt.Errorf("the log of %s was not written into it", scratch))
	}
	if occupied {
		restored.Kept = path + ".before-restore-" + options.Now.UTC().Format("20060102T150405Z")
		if err := setAside(path, restored.Kept); err != nil {
			return Restored{}, err
		}
	}
	if err := os.Rename(scratch, path); err != nil {
		return Restored{}, &FileError{Path: path, Err: err}
	}
	return restored, nil
}

// named has an error about the scratch file be about the copy that its content is from.
func named(err error, from string) error {
	var (
		foreign *ForeignDatabaseError
		missing *MissingError
		newer   *NewerSchemaError
		damaged *DamagedError
	)
	var onSQLite *sqlite.Error
	switch {
	case errors.As(err, &onSQLite) && isDamage(onSQLite):
		return &DamagedError{Path: from, Reason: onSQLite.Error()}
	case errors.As(err, &foreign):
		foreign.Database = from
	case errors.As(err, &missing):
		missing.Database = from
	case errors.As(err, &newer):
		newer.Database = from
	case errors.As(err, &damaged):
		damaged.Path = from
	}
	return err
}

// isDamage says whether SQLite cannot read what it finds.
func isDamage(err *sqlite.Error) bool {
	const primary = 0xff
	code := err.Code() & primary
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}

// hasContent says whether there is anything at path.
func hasContent(path string) (bool, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, &FileError{Path: path, Err: err}
	default:
		return info.Size() > 0, nil
	}
}

// copyDatabase copies a SQLite file, with the log beside it in which its last changes may be, for its owner's eyes only.
func copyDatabase(from, to string) error {
	if err := checkHeader(from); err != nil {
		return err
	}
	if there, err := hasContent(from); err != nil || !there {
		return errors.Join(err, &MissingError{Database: from})
	}
	for _, suffix := range []string{"", "-wal"} {
		source, err := os.Open(from + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return &FileError{Path: from + suffix, Err: err}
		}
		target, err := os.OpenFile(to+suffix, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return errors.Join(&FileError{Path: to + suffix, Err: err}, source.Close())
		}
		_, err = io.Copy(target, source)
		if err = errors.Join(err, target.Sync(), target.Close(), source.Close()); err != nil {
			return &FileError{Path: to + suffix, Err: err}
		}
	}
	return nil
}

// setAside moves a database with what is beside it. The file itself comes last: without its log it lacks the last changes.
func setAside(path, to string) error {
	for i := len(besideSQLite) - 1; i >= 0; i-- {
		err := os.Rename(path+besideSQLite[i], to+besideSQLite[i])
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return &FileError{Path: path, Err: err}
		}
	}
	return nil
}

// discard removes a database with what is beside it.
func discard(path string) error {
	var failures []error
	for _, suffix := range append([]string{".lock"}, besideSQLite...) {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failures = append(failures, fmt.Errorf("remove %s: %w", filepath.Base(path+suffix), err))
		}
	}
	return errors.Join(failures...)
}
