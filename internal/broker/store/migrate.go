package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
)

// versionTable is where goose keeps which migrations were made.
const versionTable = "hscn_schema"

//go:embed migrations
var migrations embed.FS

// migrate brings the schema up to date. A schema that is newer than this program is left alone: what it means is not
// known here. There is no way down; that is a backup's job.
func migrate(
	ctx context.Context, dialect goose.Dialect, db *sql.DB, name string, logger *slog.Logger, more ...goose.ProviderOption,
) error {
	directory := "migrations/sqlite"
	if dialect == goose.DialectPostgres {
		directory = "migrations/postgres"
	}
	files, err := fs.Sub(migrations, directory)
	if err != nil {
		return fmt.Errorf("find the migrations: %w", err)
	}
	options := append([]goose.ProviderOption{
		goose.WithTableName(versionTable), goose.WithLogger(goose.NopLogger()), goose.WithDisableGlobalRegistry(true),
	}, more...)
	provider, err := goose.NewProvider(dialect, db, files, options...)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}

	current, known, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version of database %s: %w", name, err)
	}
	if current > known {
		return &NewerSchemaError{Database: name, Version: current, Known: known}
	}
	done, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("bring the schema of database %s up to date: %w", name, err)
	}
	for _, migration := range done {
		logger.InfoContext(ctx, "migrated the database", "version", migration.Source.Version, "took", migration.Duration)
	}
	return nil
}
