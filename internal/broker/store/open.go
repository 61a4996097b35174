package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"maragu.dev/goqite"
)

// Options are what may be chosen of a database.
type Options struct {
	// Logger hears of migrations and of transactions that are repeated. Nil: nothing is logged.
	Logger *slog.Logger
	// WriteWait is how long a write waits for another before ErrBusy. Zero: 10 seconds.
	WriteWait time.Duration
	// JobLease is how long a job that was received is kept from other runners; longer jobs extend it. Zero: 1 minute.
	JobLease time.Duration
	// MaxConnections bounds the connections to PostgreSQL. Zero: 10.
	MaxConnections int
	// Existing refuses a database that has never been a broker's, instead of making it one.
	Existing bool
	// Application is what PostgreSQL's administrators see of the connections. Empty: the name of those who serve, by which
	// they are found, which is what the URL says, else "hscn-broker".
	Application string
}

// application is the name under which PostgreSQL shows the connections of brokers, unless their URL says otherwise.
const application = "hscn-broker"

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.WriteWait == 0 {
		o.WriteWait = 10 * time.Second
	}
	if o.JobLease == 0 {
		o.JobLease = time.Minute
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = 10
	}
	return o
}

// flavour is which of the two databases it is.
type flavour int

const (
	sqliteFlavour flavour = iota
	postgresFlavour
)

// DB is a database of the broker's. It may be used by several goroutines.
type DB struct {
	flavour  flavour
	brokerID string
	// writer and reader are the same pool on PostgreSQL. On SQLite writer has one connection, since only one can write.
	writer, reader *bun.DB
	queues         map[Lane]*goqite.Queue
	// servedAs is the name under which PostgreSQL shows who serves the database by this URL; empty on SQLite.
	servedAs string
	// lock keeps other brokers from a SQLite file; nil on PostgreSQL.
	lock      *fileLock
	logger    *slog.Logger
	writeWait time.Duration
	watches   watches
}

// Open opens the database at url, and makes or brings its schema up to date. url is the path of a SQLite file, also as
// "sqlite:PATH", or a "postgres://" URL. Errors that an operator can act on are *AddressError, *FileError, *LockedError,
// *ForeignDatabaseError, *NewerSchemaError, *UnreachableError, *OldServerError and, with Options.Existing, *MissingError. A
// SQLite file is locked until Close.
func Open(ctx context.Context, url string, options Options) (*DB, error) {
	options = options.withDefaults()
	scheme, rest, hasScheme := strings.Cut(url, "://")
	path := strings.TrimPrefix(url, "sqlite:")

	var db *DB
	var err error
	switch {
	case scheme == "postgres" || scheme == "postgresql":
		db, err = openPostgres(ctx, url, options)
	case path == url && hasScheme && rest != "":
		return nil, &AddressError{Reason: fmt.Sprintf("begins with %q, which is no kind of database known here", scheme+"://")}
	case path == "":
		return nil, &AddressError{Reason: "is empty"}
	case path == ":memory:":
		return nil, &AddressError{Reason: "names no file: what the broker knows has to outlive it"}
	default:
		db, err = openSQLite(ctx, path, options)
	}
	if err != nil {
		return nil, err
	}

	if err := db.mintBrokerID(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Close gives the database back.
func (db *DB) Close() error {
	var failures []error
	if db.reader != db.writer {
		failures = append(failures, db.reader.Close())
	}
	failures = append(failures, db.writer.Close())
	if db.lock != nil {
		failures = append(failures, db.lock.release())
	}
	return errors.Join(failures...)
}

// BrokerID is the id that was minted with the database, or renewed by Restore: a UUID.
func (db *DB) BrokerID() string { return db.brokerID }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.reader.PingContext(ctx) }

// broker is the one row that says which broker this is.
type broker struct {
	bun.BaseModel `bun:"table:broker"`

	// Singleton is true, so that there is one row.
	Singleton bool      `bun:"singleton,pk"`
	ID        string    `bun:"id"`
	MintedAt  time.Time `bun:"minted_at"`
}

// mintBrokerID makes the broker's id where the database is new, and reads it. Of several brokers that start on a new
// PostgreSQL database at once, one mints.
func (db *DB) mintBrokerID(ctx context.Context) error {
	return db.Write(ctx, func(ctx context.Context, tx *Tx) error {
		minted := broker{Singleton: true, ID: uuid.NewString(), MintedAt: Instant(time.Now())}
		if _, err := tx.q.NewInsert().Model(&minted).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return failure("mint the broker's id", err)
		}
		var stored broker
		if err := tx.q.NewSelect().Model(&stored).Scan(ctx); err != nil {
			return failure("read the broker's id", err)
		}
		db.brokerID = stored.ID
		return nil
	})
}

// Instant returns t as the database gives it back: in UTC, to the microsecond.
func Instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
