package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
)

// refused opens a database that cannot be opened, and returns the error as the type that it must be of.
func refused[E error](t *testing.T, url string) E {
	t.Helper()
	var typed E
	db, err := store.Open(context.Background(), url, store.Options{})
	if err == nil {
		t.Fatalf("%s was opened, want %T", url, errors.Join(typed, db.Close()))
	}
	if !errors.As(err, &typed) {
		t.Fatalf("error is %v, want %T", err, typed)
	}
	return typed
}

// wantWords fails the test unless the text is what somebody must read.
func wantWords(t *testing.T, err error, want string) {
	t.Helper()
	if err.Error() != want {
		t.Errorf("words:\n got %s\nwant %s", err, want)
	}
}

// bothDatabases runs the test on SQLite and on PostgreSQL.
func bothDatabases(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	for name, newURL := range map[string]func(testing.TB) string{
		"SQLite": storetest.SQLiteURL, "PostgreSQL": storetest.PostgresURL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newURL(t))
		})
	}
}

// named is how an error calls the database.
func named(url string) string {
	if _, directory, found := strings.Cut(url, "?host="); found {
		directory = strings.ReplaceAll(directory, "%2F", "/")
		database := strings.TrimSuffix(strings.TrimPrefix(url, "postgres://hscn@/"), url[strings.Index(url, "?"):])
		return directory + ":5432/" + database
	}
	return url
}

func TestOpenLockedDatabase(t *testing.T) {
	t.Parallel()
	path := storetest.SQLiteURL(t)
	first, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	locked := refused[*store.LockedError](t, "sqlite:"+path)
	wantWords(t, locked, fmt.Sprintf("database %s is in use by another hscn-broker (process %d): stop that one first, "+
		"or name another file; several brokers can share a PostgreSQL database", path, os.Getpid()))

	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	storetest.Open(t, path, store.Options{})
}

func TestOpenNewerDatabase(t *testing.T) {
	t.Parallel()
	bothDatabases(t, func(t *testing.T, url string) {
		db, err := store.Open(t.Context(), url, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		storetest.Exec(t, url, "INSERT INTO hscn_schema (version_id, is_applied) VALUES (4711, true)")

		newer := refused[*store.NewerSchemaError](t, url)
		wantWords(t, newer, fmt.Sprintf("database %s has schema version 4711 and this hscn-broker knows versions up to %d: "+
			"it was used by a newer hscn-broker; start that version, or restore a backup from before the upgrade",
			named(url), newer.Known))
	})
}

func TestOpenForeignDatabase(t *testing.T) {
	t.Parallel()
	bothDatabases(t, func(t *testing.T, url string) {
		storetest.Exec(t, url, "CREATE TABLE customers (id integer)")
		foreign := refused[*store.ForeignDatabaseError](t, url)
		wantWords(t, foreign, fmt.Sprintf("database %s is not one of hscn-broker's: it has a table \"customers\" of another "+
			"program's; nothing in it was changed; name a database of hscn-broker's, an empty one, or a file that does not "+
			"exist yet", named(url)))
		storetest.Exec(t, url, "INSERT INTO customers VALUES (1)")
	})
}

func TestOpenForeignFile(t *testing.T) {
	t.Parallel()
	marked := storetest.SQLiteURL(t)
	storetest.Exec(t, marked, "PRAGMA application_id = 42")
	marker, err := os.ReadFile(marked)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, reason string
		content      []byte
	}{
		{"text", "the file is not a SQLite database", bytes.Repeat([]byte("dear diary\n"), 100)},
		{"short text", "the file is not a SQLite database", []byte("x")},
		{"half a header", "the file is not a SQLite database", []byte("SQLite format 3\x00")},
		{"marked by another program", "it is marked as another program's (application id 42)", marker},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := storetest.SQLiteURL(t)
			if err := os.WriteFile(path, test.content, 0o600); err != nil {
				t.Fatal(err)
			}
			foreign := refused[*store.ForeignDatabaseError](t, path)
			if foreign.Reason != test.reason {
				t.Errorf("reason is %q, want %q", foreign.Reason, test.reason)
			}

			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(after, test.content) {
				t.Error("the file was changed")
			}
			beside, err := os.ReadDir(filepath.Dir(path))
			if err != nil {
				t.Fatal(err)
			}
			if len(beside) != 1 {
				t.Errorf("files were left beside it: %v", beside)
			}
		})
	}
}

func TestOpenEmptyFiles(t *testing.T) {
	t.Parallel()
	empty := storetest.SQLiteURL(t)
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	withoutTables := storetest.SQLiteURL(t)
	storetest.Exec(t, withoutTables, "CREATE TABLE t (i)", "DROP TABLE t")
	odd := filepath.Join(t.TempDir(), "a database? 100%#1 & more;.db")
	for _, path := range []string{empty, withoutTables, odd} {
		storetest.Open(t, path, store.Options{})
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() == 0 {
			t.Errorf("nothing was written to %s", path)
		}
	}
}

func TestOpenKeepsFilesPrivate(t *testing.T) {
	t.Parallel()
	path := storetest.SQLiteURL(t)
	storetest.Open(t, path, store.Options{})
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 3 { // the database, its log, the lock
		t.Errorf("files are %v", files)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has permissions %v", file, info.Mode().Perm())
		}
	}
}

func TestOpenWrongAddress(t *testing.T) {
	t.Parallel()
	const advice = "; give the path of a SQLite file, such as hscn-broker.db, or a PostgreSQL URL, " +
		"such as postgres://broker@db.example/broker"
	for url, words := range map[string]string{
		"":                  "the database's address is empty",
		"sqlite:":           "the database's address is empty",
		":memory:":          "the database's address names no file: what the broker knows has to outlive it",
		"mysql://host/base": `the database's address begins with "mysql://", which is no kind of database known here`,
	} {
		wantWords(t, refused[*store.AddressError](t, url), words+advice)
	}
	unreadable := refused[*store.AddressError](t, "postgres://hscn:s3cret@db.example:port/broker")
	if words := unreadable.Error(); strings.Contains(words, "s3cret") || !strings.HasSuffix(words, advice) {
		t.Errorf("words: %s", words)
	}
}

func TestOpenUnusableFile(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	for _, path := range []string{directory, filepath.Join(directory, "missing", "broker.db")} {
		words := refused[*store.FileError](t, path).Error()
		if !strings.HasPrefix(words, "database "+path+" cannot be opened: ") ||
			!strings.HasSuffix(words, "; check that its directory exists and can be written to") {
			t.Errorf("words: %s", words)
		}
	}
}

func TestOpenUnreachableServer(t *testing.T) {
	t.Parallel()
	words := refused[*store.UnreachableError](t, "postgres://hscn:s3cret@127.0.0.1:1/broker").Error()
	if strings.Contains(words, "s3cret") || !strings.HasPrefix(words, "database 127.0.0.1:1/broker cannot be reached: ") ||
		!strings.Contains(words, "connection refused") ||
		!strings.HasSuffix(words, "; check that PostgreSQL runs there and admits this user") {
		t.Errorf("words: %s", words)
	}

	missing := strings.Replace(storetest.PostgresURL(t), "/test_", "/missing_", 1)
	words = refused[*store.UnreachableError](t, missing).Error()
	if !strings.Contains(words, "does not exist") {
		t.Errorf("words: %s", words)
	}
}

// TestOpenTogether opens a new database several times at once. On SQLite one broker gets it; on PostgreSQL all of them
// do, one migrates, and all are the same broker.
func TestOpenTogether(t *testing.T) {
	t.Parallel()
	bothDatabases(t, func(t *testing.T, url string) {
		const brokers = 4
		var mutex sync.Mutex
		var opened []*store.DB
		locked := 0
		var group sync.WaitGroup
		for range brokers {
			group.Go(func() {
				db, err := store.Open(context.Background(), url, store.Options{})
				mutex.Lock()
				defer mutex.Unlock()
				var inUse *store.LockedError
				switch {
				case errors.As(err, &inUse):
					locked++
				case err != nil:
					t.Errorf("open: %v", err)
				default:
					opened = append(opened, db)
				}
			})
		}
		group.Wait()
		if sqlite := filepath.IsAbs(url); len(opened) == 0 || sqlite && len(opened) != 1 || !sqlite && len(opened) != brokers {
			t.Fatalf("%d brokers opened it, %d found it locked", len(opened), locked)
		}
		for _, db := range opened {
			if db.BrokerID() != opened[0].BrokerID() {
				t.Errorf("broker ids %s and %s", db.BrokerID(), opened[0].BrokerID())
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestKilledBrokerLosesNothing takes the files as they are while the broker has them open, as a power cut would.
func TestKilledBrokerLosesNothing(t *testing.T) {
	t.Parallel()
	path := storetest.SQLiteURL(t)
	db := storetest.Open(t, path, store.Options{})
	at := time.Date(2026, time.November, 2, 9, 30, 0, 0, time.UTC)
	if err := db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.UpsertAccount(ctx, store.Account{ID: "acme", Title: "Acme", Kind: "customer"}, at)
		return err
	}); err != nil {
		t.Fatal(err)
	}

	found := storetest.SQLiteURL(t)
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(found+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := storetest.Open(t, found, store.Options{})
	if again.BrokerID() != db.BrokerID() {
		t.Errorf("broker id is %s, want %s", again.BrokerID(), db.BrokerID())
	}
	if err := again.Read(t.Context(), func(ctx context.Context, r *store.Reader) error {
		_, err := r.AccountByID(ctx, "acme")
		return err
	}); err != nil {
		t.Error(err)
	}
}

func TestOpenLogsMigrations(t *testing.T) {
	t.Parallel()
	bothDatabases(t, func(t *testing.T, url string) {
		for _, want := range []string{"migrated the database", ""} {
			var log bytes.Buffer
			db, err := store.Open(t.Context(), url, store.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if got := log.String(); !strings.Contains(got, want) || want == "" && got != "" {
				t.Errorf("log is %q, want %q", got, want)
			}
		}
	})
}
