package storetest

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	_ "modernc.org/sqlite"             // registers the driver "sqlite"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// SQLiteURL returns the address of a SQLite database of the test's own, which does not exist yet.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "broker.db")
}

// Open opens the database and closes it when the test ends.
func Open(t testing.TB, url string, options store.Options) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), url, options)
	if err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close %s: %v", url, err)
		}
	})
	return db
}

// Exec runs statements behind the store's back, as somebody does who has the database's password or file.
func Exec(t testing.TB, url string, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if err := execute(t, url, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func execute(t testing.TB, url, statement string) error {
	t.Helper()
	driver := "sqlite"
	if strings.HasPrefix(url, "postgres://") {
		driver = "pgx"
	} else {
		url += "?_busy_timeout=10000"
	}
	db, err := sql.Open(driver, url)
	if err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
	defer func() { _ = db.Close() }()
	_, err = db.ExecContext(context.Background(), statement)
	return err
}
