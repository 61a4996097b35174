package store

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrNotFound is what a query for one row returns when there is none.
	ErrNotFound = errors.New("no such row")

	// ErrConflict is returned by a write that breaks a unique key: a name, a service, a gateway or an address is held
	// already. Callers look before they write and answer in words of their own, so this is what remains of a race;
	// DB.Write repeats the transaction before it gives it to its caller.
	ErrConflict = errors.New("another row holds this key")

	// ErrStale is returned when a row was changed since it was read.
	ErrStale = errors.New("the row was changed since it was read")

	// ErrPoolEmpty is returned when no pool of a zone has an address to give.
	ErrPoolEmpty = errors.New("no free address in the zone's pools")

	// ErrBusy is returned when another write kept this one waiting for longer than Options.WriteWait. Asking again later
	// is safe: nothing was changed.
	ErrBusy = errors.New("the database is busy with another write")
)

// LockedError says that another broker serves the SQLite file. SQLite is for one broker: PostgreSQL is for several.
type LockedError struct {
	// Path is the database's file.
	Path string
	// Holder is what the other broker wrote of itself, such as "process 4711"; empty where it cannot be read.
	Holder string
}

// Error implements error.
func (e *LockedError) Error() string {
	holder := "another hscn-broker"
	if e.Holder != "" {
		holder += " (" + e.Holder + ")"
	}
	return fmt.Sprintf("database %s is in use by %s: stop that one first, or name another file; "+
		"several brokers can share a PostgreSQL database", e.Path, holder)
}

// NewerSchemaError says that a newer hscn-broker has used the database.
type NewerSchemaError struct {
	// Database names it without secrets.
	Database string
	// Version is the database's, Known the newest that this program can work with.
	Version, Known int64
}

// Error implements error.
func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("database %s has schema version %d and this hscn-broker knows versions up to %d: "+
		"it was used by a newer hscn-broker; start that version, or restore a backup from before the upgrade",
		e.Database, e.Version, e.Known)
}

// ForeignDatabaseError says that there is something at the address, but no database of hscn-broker's. It is left as it
// was found.
type ForeignDatabaseError struct {
	// Database names it without secrets.
	Database string
	// Reason says what was found there, as the end of a sentence.
	Reason string
}

// Error implements error.
func (e *ForeignDatabaseError) Error() string {
	return fmt.Sprintf("database %s is not one of hscn-broker's: %s; nothing in it was changed; "+
		"name a database of hscn-broker's, an empty one, or a file that does not exist yet", e.Database, e.Reason)
}

// MissingError says that there is no database of hscn-broker's at the address, where there has to be one.
type MissingError struct {
	// Database names it without secrets.
	Database string
}

// Error implements error.
func (e *MissingError) Error() string {
	return fmt.Sprintf("there is no database of hscn-broker's at %s: name the one that was put back", e.Database)
}

// OccupiedError says that there is a database where a copy is to be put.
type OccupiedError struct {
	// Path is the database's file.
	Path string
}

// Error implements error.
func (e *OccupiedError) Error() string {
	return fmt.Sprintf("there is a database at %s: with --force the copy takes its place, and it is kept beside it under another name", e.Path)
}

// InUseError says that brokers serve the PostgreSQL database.
type InUseError struct {
	// Sessions is how many connections they have.
	Sessions int
	// Application is the name under which PostgreSQL shows those who use the same URL.
	Application string
}

// Error implements error.
func (e *InUseError) Error() string {
	return fmt.Sprintf("the database is in use: %d sessions on it are a broker's (application_name %s); stop every hscn-broker "+
		"that serves it first", e.Sessions, e.Application)
}

// DamagedError says that a SQLite file is not whole.
type DamagedError struct {
	// Path is the file.
	Path string
	// Reason is what SQLite found.
	Reason string
}

// Error implements error.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("database %s is damaged: %s; put another copy back", e.Path, e.Reason)
}

// UnreachableError says that there is no answer from PostgreSQL, or that it does not let the broker in.
type UnreachableError struct {
	// Database names it without secrets.
	Database string
	// Err is what the driver said.
	Err error
}

// Error implements error.
func (e *UnreachableError) Error() string {
	return fmt.Sprintf("database %s cannot be reached: %v; check that PostgreSQL runs there and admits this user",
		e.Database, e.Err)
}

// Unwrap returns what the driver said.
func (e *UnreachableError) Unwrap() error { return e.Err }

// OldServerError says that the PostgreSQL server is older than the broker needs.
type OldServerError struct {
	// Database names it without secrets.
	Database string
	// Version is what the server calls itself, such as "14.11".
	Version string
}

// Error implements error.
func (e *OldServerError) Error() string {
	return fmt.Sprintf("database %s is served by PostgreSQL %s: hscn-broker needs PostgreSQL %d or later",
		e.Database, e.Version, oldestPostgres)
}

// AddressError says that the text given as the database's address is not one.
type AddressError struct {
	// Reason says what is wrong, as the end of a sentence, without secrets.
	Reason string
}

// Error implements error.
func (e *AddressError) Error() string {
	return "the database's address " + e.Reason + "; give the path of a SQLite file, such as hscn-broker.db, " +
		"or a PostgreSQL URL, such as postgres://broker@db.example/broker"
}

// FileError says that the SQLite file cannot be used.
type FileError struct {
	// Path is the database's file.
	Path string
	// Err is what the operating system or SQLite said.
	Err error
}

// Error implements error.
func (e *FileError) Error() string {
	return fmt.Sprintf("database %s cannot be opened: %v; check that its directory exists and can be written to",
		e.Path, e.Err)
}

// Unwrap returns what the operating system or SQLite said.
func (e *FileError) Unwrap() error { return e.Err }

// PoolOverlapError says that a pool has addresses in common with another, from which they might be given twice.
type PoolOverlapError struct {
	// Name and CIDR are the pool's that was refused.
	Name, CIDR string
	// Other and OtherCIDR are the pool's that is there.
	Other, OtherCIDR string
}

// Error implements error.
func (e *PoolOverlapError) Error() string {
	return fmt.Sprintf("pool %s (%s) has addresses in common with pool %s (%s)", e.Name, e.CIDR, e.Other, e.OtherCIDR)
}

// InvalidPoolError says that a pool's range or a reserved address of it cannot be read.
type InvalidPoolError struct {
	Name string
	// Reason says what is wrong, as the end of a sentence.
	Reason string
}

// Error implements error.
func (e *InvalidPoolError) Error() string { return fmt.Sprintf("pool %s %s", e.Name, e.Reason) }

// UnknownReferenceError says that an inventory row names another that is not there.
type UnknownReferenceError struct {
	// Kind and Key are of the row that is missing: "account" and its id, "service" and its type and id.
	Kind string
	Key  []string
}

// Error implements error.
func (e *UnknownReferenceError) Error() string {
	return fmt.Sprintf("there is no %s %s", e.Kind, strings.Join(e.Key, " "))
}

// The codes of PostgreSQL that mean something here (PostgreSQL, appendix A).
const (
	pgUniqueViolation      = "23505"
	pgSerializationFailure = "40001"
	pgDeadlockDetected     = "40P01"
	pgLockNotAvailable     = "55P03"
)

// failure turns what a database said into what this package says, and keeps the words of both. It is nil for nil.
func failure(doing string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}

	var onPostgres *pgconn.PgError
	if errors.As(err, &onPostgres) {
		switch onPostgres.Code {
		case pgUniqueViolation:
			return fmt.Errorf("%s: %w: %w", doing, ErrConflict, err)
		case pgLockNotAvailable:
			return fmt.Errorf("%s: %w: %w", doing, ErrBusy, err)
		}
	}
	var onSQLite *sqlite.Error
	if errors.As(err, &onSQLite) {
		const primary = 0xff
		switch {
		case onSQLite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE, onSQLite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return fmt.Errorf("%s: %w: %w", doing, ErrConflict, err)
		case onSQLite.Code()&primary == sqlite3.SQLITE_BUSY:
			return fmt.Errorf("%s: %w: %w", doing, ErrBusy, err)
		}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// endedForAnother reports whether PostgreSQL ended the transaction because it stood in another's way.
func endedForAnother(err error) bool {
	var onPostgres *pgconn.PgError
	return errors.As(err, &onPostgres) &&
		(onPostgres.Code == pgSerializationFailure || onPostgres.Code == pgDeadlockDetected)
}
