package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"maragu.dev/goqite"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

const (
	// applicationID is "HSCN" in ASCII. The first migration writes it into the file's header, where SQLite has a place
	// for it (SQLite, "Database File Format", section 1.3.17).
	applicationID = 0x4853434E

	// sqliteReaders is how many snapshots can be read at once.
	sqliteReaders = 4
)

// sqliteDialect writes times as this schema has them: always with six digits of a fraction, so that they sort as text.
type sqliteDialect struct{ *sqlitedialect.Dialect }

// AppendTime appends a literal.
func (sqliteDialect) AppendTime(b []byte, t time.Time) []byte {
	return append(t.UTC().AppendFormat(append(b, '\''), sqliteTime), '\'')
}

const sqliteTime = "2006-01-02T15:04:05.000000Z"

func openSQLite(ctx context.Context, path string, options Options) (_ *DB, err error) {
	if err := checkHeader(path); err != nil {
		return nil, err
	}
	lock, err := lockFile(path)
	if err != nil {
		return nil, err
	}
	db := &DB{flavour: sqliteFlavour, lock: lock, logger: options.Logger, writeWait: options.WriteWait}
	defer func() {
		var foreign *ForeignDatabaseError
		var missing *MissingError
		switch {
		case errors.As(err, &foreign), errors.As(err, &missing):
			// Nothing of ours is left beside somebody else's file, or beside nothing.
			err = errors.Join(err, lock.release(), os.Remove(lock.path()))
		case err != nil:
			err = errors.Join(err, lock.release())
		}
	}()

	if err := checkTables(ctx, path, options.Existing); err != nil {
		return nil, err
	}
	if err := createPrivately(path); err != nil {
		return nil, err
	}

	writer, err := sql.Open("sqlite", sqliteDSN(path, url.Values{
		"_txlock":       {"immediate"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"}, // an order that was acknowledged is there after a power cut
		"_foreign_keys": {"on"},
		"_busy_timeout": {strconv.FormatInt(options.WriteWait.Milliseconds(), 10)},
	}))
	if err != nil {
		return nil, &FileError{Path: path, Err: err}
	}
	writer.SetMaxOpenConns(1)
	if err := writer.PingContext(ctx); err != nil {
		return nil, errors.Join(&FileError{Path: path, Err: err}, writer.Close())
	}
	if err := migrate(ctx, goose.DialectSQLite3, writer, path, options.Logger); err != nil {
		return nil, errors.Join(err, writer.Close())
	}

	reader, err := sql.Open("sqlite", sqliteDSN(path, url.Values{
		"_query_only":   {"on"},
		"_busy_timeout": {strconv.FormatInt(options.WriteWait.Milliseconds(), 10)},
	}))
	if err != nil {
		return nil, errors.Join(&FileError{Path: path, Err: err}, writer.Close())
	}
	reader.SetMaxOpenConns(sqliteReaders)
	reader.SetMaxIdleConns(sqliteReaders)

	dialect := sqliteDialect{sqlitedialect.New()}
	db.writer = bun.NewDB(writer, dialect)
	db.reader = bun.NewDB(reader, dialect)
	db.queues = newQueues(goqite.NewOpts{
		DB: writer, SQLFlavor: goqite.SQLFlavorSQLite, Timeout: options.JobLease, MaxReceive: jobReceives,
	})
	return db, nil
}

// sqliteDSN returns what the driver opens: a URI, in which every character that a path can have is escaped.
func sqliteDSN(path string, parameters url.Values) string {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // C:/...
		path = "/" + path
	}
	uri := url.URL{Scheme: "file", Path: path, RawQuery: parameters.Encode()}
	return uri.String()
}

// checkHeader looks at the file before anything is made beside it. A file that is not there, or is empty, is a new one.
func checkHeader(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &FileError{Path: path, Err: err}
	}
	defer func() { _ = file.Close() }() // nothing was written

	const headerSize = 72
	header := make([]byte, headerSize)
	n, err := io.ReadFull(file, header)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return nil
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return &FileError{Path: path, Err: err}
	case n < headerSize || !bytes.HasPrefix(header, []byte("SQLite format 3\x00")):
		return &ForeignDatabaseError{Database: path, Reason: "the file is not a SQLite database"}
	}
	return nil
}

// checkTables looks for what another program may have made in a SQLite database, or where it has to exist, for what a
// broker has. Nothing is written.
func checkTables(ctx context.Context, path string, existing bool) error {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		if existing {
			return &MissingError{Database: path}
		}
		return nil // a new database; if it is another trouble, it shows when the file is opened
	}
	db, err := sql.Open("sqlite", sqliteDSN(path, url.Values{"mode": {"ro"}}))
	if err != nil {
		return &FileError{Path: path, Err: err}
	}
	defer func() { _ = db.Close() }() // nothing was written

	var id int64
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return &FileError{Path: path, Err: err}
	}
	if id == applicationID {
		return nil
	}
	var table string
	err = db.QueryRowContext(ctx, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') "+
		"AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name <> ? ORDER BY name LIMIT 1", versionTable).Scan(&table)
	switch {
	case err == nil:
		return &ForeignDatabaseError{Database: path, Reason: fmt.Sprintf("it has a table %q of another program's", table)}
	case !errors.Is(err, sql.ErrNoRows):
		return &FileError{Path: path, Err: err}
	case id != 0:
		return &ForeignDatabaseError{Database: path, Reason: fmt.Sprintf("it is marked as another program's (application id %d)", id)}
	case existing:
		return &MissingError{Database: path}
	}
	return nil
}

// createPrivately makes the file where it is not there, for its owner's eyes only: it will hold people's names and the
// hashes of tokens. SQLite gives the files beside it the same permissions.
func createPrivately(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return &FileError{Path: path, Err: err}
	}
	return file.Close()
}
