package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"maragu.dev/goqite"
)

// oldestPostgres is the oldest major version of PostgreSQL that the schema is tested with.
const oldestPostgres = 15

// postgresConnectTimeout is how long a server that does not answer is waited for.
const postgresConnectTimeout = 10 * time.Second

func openPostgres(ctx context.Context, url string, options Options) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, &AddressError{Reason: "cannot be read: " + err.Error()} // the driver leaves passwords out
	}
	// Queries come with their values in them, so a prepared statement would be used once.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = postgresConnectTimeout
	}
	servedAs := cmp.Or(config.RuntimeParams["application_name"], application)
	config.RuntimeParams["application_name"] = cmp.Or(options.Application, servedAs)
	name := net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))) + "/" + config.Database

	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(scanTimesInUTC))
	pool.SetMaxOpenConns(options.MaxConnections)
	pool.SetMaxIdleConns(options.MaxConnections)
	if err := preparePostgres(ctx, pool, name, options); err != nil {
		return nil, errors.Join(err, pool.Close())
	}

	db := bun.NewDB(pool, pgdialect.New())
	return &DB{
		flavour: postgresFlavour, writer: db, reader: db, servedAs: servedAs, logger: options.Logger, writeWait: options.WriteWait,
		queues: newQueues(goqite.NewOpts{
			DB: pool, SQLFlavor: goqite.SQLFlavorPostgreSQL, Timeout: options.JobLease, MaxReceive: jobReceives,
		}),
	}, nil
}

// scanTimesInUTC keeps the zone of the machine out of what is read.
func scanTimesInUTC(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

// preparePostgres makes sure of the server and of whose database it is, and migrates it.
func preparePostgres(ctx context.Context, pool *sql.DB, name string, options Options) error {
	if err := pool.PingContext(ctx); err != nil {
		return &UnreachableError{Database: name, Err: err}
	}

	var number int
	var version string
	query := "SELECT current_setting('server_version_num')::int, current_setting('server_version')"
	if err := pool.QueryRowContext(ctx, query).Scan(&number, &version); err != nil {
		return fmt.Errorf("ask database %s for its version: %w", name, err)
	}
	if err := checkServer(name, number, version); err != nil {
		return err
	}
	if err := checkSchema(ctx, pool, name, options.Existing); err != nil {
		return err
	}
	return migrate(ctx, goose.DialectPostgres, pool, name, options.Logger, goose.WithSessionLocker(migrationLock{}))
}

// checkServer refuses a server that is older than the schema was tested with. number is what PostgreSQL compares versions
// by, ten thousand times the major version, and version what it calls itself.
func checkServer(name string, number int, version string) error {
	if number < oldestPostgres*10_000 {
		return &OldServerError{Database: name, Version: version}
	}
	return nil
}

// checkSchema looks for what another program may have made in the schema that the connection works in; tables that
// belong to extensions are nobody's. Where it has to exist, there is what a broker has.
func checkSchema(ctx context.Context, pool *sql.DB, name string, existing bool) error {
	var ours bool
	var table sql.NullString
	err := pool.QueryRowContext(ctx, `
		SELECT coalesce(bool_or(relname = $1), false), min(relname)
		FROM pg_class
		WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
		AND NOT EXISTS (
		  SELECT 1 FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')`,
		versionTable).Scan(&ours, &table)
	if err != nil {
		return fmt.Errorf("look for tables in database %s: %w", name, err)
	}
	if table.Valid && !ours {
		return &ForeignDatabaseError{Database: name, Reason: fmt.Sprintf("it has a table %q of another program's", table.String)}
	}
	if existing && !ours {
		return &MissingError{Database: name}
	}
	return nil
}

// The keys of the advisory locks, in one place: they are one space in each database.
const (
	migrationLockKey = 0x4853434E_0000 + iota
	factsLockKey
	policiesLockKey
	jobsLockKey
	poolsLockKey
)

// migrationLock lets one of several brokers that start together migrate, while the others wait.
type migrationLock struct{}

// SessionLock implements goose's lock.SessionLocker.
func (migrationLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLockKey))
	return err
}

// SessionUnlock implements goose's lock.SessionLocker.
func (migrationLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", int64(migrationLockKey))
	return err
}
