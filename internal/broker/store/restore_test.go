package store_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
)

var restoredAt = time.Date(2026, time.November, 2, 9, 30, 0, 0, time.UTC)

func options() store.RestoreOptions { return store.RestoreOptions{By: "olive", Now: restoredAt} }

// brokerAt is the id of the database at the address, and the audit's actions.
func brokerAt(t *testing.T, url string) (id string, actions []string) {
	t.Helper()
	db, err := store.Open(t.Context(), url, store.Options{Existing: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Read(t.Context(), func(ctx context.Context, r *store.Reader) error {
		entries, err := r.AuditEntries(ctx, store.AuditFilter{Limit: 100})
		for _, e := range entries {
			actions = append(actions, e.Subject+" "+e.Action)
		}
		if err != nil {
			return err
		}
		verified, err := r.VerifyAudit(ctx)
		if !verified.Intact {
			t.Errorf("the audit is broken: %+v", verified)
		}
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return db.BrokerID(), actions
}

// noted makes a database, or opens it, and leaves an entry in its audit.
func noted(t *testing.T, url, action string) string {
	t.Helper()
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.AppendAudit(ctx, &store.AuditEntry{At: restoredAt.Add(-time.Hour), Subject: "anne", Action: action})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return db.BrokerID()
}

// What was put back becomes another broker's, once for each time, and its audit says so.
func TestRestore(t *testing.T) {
	t.Parallel()
	for name, newURL := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := newURL(t)
			before := noted(t, address, "first")
			restored, err := store.Restore(t.Context(), address, options())
			if err != nil {
				t.Fatal(err)
			}
			if restored.Before != before || restored.After == before || restored.LastEntry != 1 ||
				!restored.LastAt.Equal(restoredAt.Add(-time.Hour)) || restored.Kept != "" {
				t.Errorf("restored %+v, and before it was %s", restored, before)
			}
			id, actions := brokerAt(t, address)
			if id != restored.After || strings.Join(actions, ", ") != "anne first, olive broker.restore" {
				t.Errorf("then it is %s with the audit %v", id, actions)
			}
			again, err := store.Restore(t.Context(), address, options())
			if err != nil || again.Before != restored.After || again.After == restored.After {
				t.Errorf("restored again %+v, %v", again, err)
			}
		})
	}
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	t.Run("served, sqlite", func(t *testing.T) {
		t.Parallel()
		address := storetest.SQLiteURL(t)
		db := storetest.Open(t, address, store.Options{})
		var locked *store.LockedError
		if _, err := store.Restore(ctx, address, options()); !errors.As(err, &locked) {
			t.Errorf("err = %v", err)
		}
		from := options()
		from.From, from.Replace = filepath.Join(t.TempDir(), "copy.db"), true
		noted(t, from.From, "copied")
		if _, err := store.Restore(ctx, address, from); !errors.As(err, &locked) {
			t.Errorf("with a copy: %v", err)
		}
		if err := db.Ping(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Run("served, postgres", func(t *testing.T) {
		t.Parallel()
		address := storetest.PostgresURL(t)
		db := storetest.Open(t, address, store.Options{})
		var inUse *store.InUseError
		if _, err := store.Restore(ctx, address, options()); !errors.As(err, &inUse) {
			t.Errorf("err = %v", err)
		}
		if err := db.Ping(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Run("served under a name of the operator's, postgres", func(t *testing.T) {
		t.Parallel()
		address, err := url.Parse(storetest.PostgresURL(t))
		if err != nil {
			t.Fatal(err)
		}
		query := address.Query()
		query.Set("application_name", "connections-broker")
		address.RawQuery = query.Encode()
		storetest.Open(t, address.String(), store.Options{})
		var inUse *store.InUseError
		if _, err := store.Restore(ctx, address.String(), options()); !errors.As(err, &inUse) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("never a broker's", func(t *testing.T) {
		t.Parallel()
		for _, address := range []string{storetest.SQLiteURL(t), storetest.PostgresURL(t)} {
			var missing *store.MissingError
			if _, err := store.Restore(ctx, address, options()); !errors.As(err, &missing) {
				t.Errorf("%s: %v", address, err)
			}
			if strings.HasPrefix(address, "postgres://") {
				continue
			}
			if beside, _ := filepath.Glob(address + "*"); len(beside) > 0 {
				t.Errorf("it leaves %v", beside)
			}
		}
	})
	t.Run("a copy for PostgreSQL", func(t *testing.T) {
		t.Parallel()
		from := options()
		from.From = "copy.db"
		var address *store.AddressError
		if _, err := store.Restore(ctx, "postgres://broker@db.example/broker", from); !errors.As(err, &address) {
			t.Errorf("err = %v", err)
		}
	})
}

// A copy takes the place that is free, or by force another database's, which is kept.
func TestRestoreFromCopy(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	directory := t.TempDir()
	place, copied := filepath.Join(directory, "broker.db"), filepath.Join(directory, "copy.db")
	original := noted(t, copied, "copied")
	from := options()
	from.From = copied
	first, err := store.Restore(ctx, place, from)
	if err != nil {
		t.Fatal(err)
	}
	if id, actions := brokerAt(t, place); id != first.After || strings.Join(actions, ", ") != "anne copied, olive broker.restore" {
		t.Errorf("in the place is %s with %v", id, actions)
	}
	if id, actions := brokerAt(t, copied); id != original || len(actions) != 1 {
		t.Errorf("the copy is %s with %v now", id, actions)
	}

	noted(t, place, "lost")
	var occupied *store.OccupiedError
	if _, err := store.Restore(ctx, place, from); !errors.As(err, &occupied) {
		t.Errorf("without force: %v", err)
	}
	from.Replace = true
	second, err := store.Restore(ctx, place, from)
	if err != nil {
		t.Fatal(err)
	}
	if id, actions := brokerAt(t, place); id != second.After || second.After == first.After || len(actions) != 2 {
		t.Errorf("in the place is %s with %v", id, actions)
	}
	if id, actions := brokerAt(t, second.Kept); id != first.After || len(actions) != 3 {
		t.Errorf("kept is %s with %v", id, actions)
	}
	if left, _ := filepath.Glob(place + ".restoring*"); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
	info, err := os.Stat(place)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the file is %v for others, %v", info.Mode(), err)
	}
}

// A copy that was made while a broker served has its last changes in the log beside it.
func TestRestoreFromCopyWithItsLog(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	served, copied, place := filepath.Join(directory, "served.db"), filepath.Join(directory, "copy.db"), filepath.Join(directory, "broker.db")
	db := storetest.Open(t, served, store.Options{})
	err := db.Write(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		return tx.AppendAudit(ctx, &store.AuditEntry{At: restoredAt, Subject: "anne", Action: "in.the.log"})
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(served + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	from := options()
	from.From = copied
	if _, err := store.Restore(t.Context(), place, from); err != nil {
		t.Fatal(err)
	}
	if _, actions := brokerAt(t, place); strings.Join(actions, ", ") != "anne in.the.log, olive broker.restore" {
		t.Errorf("the audit has %v", actions)
	}
}

// A copy that is none is refused by its own name, and what is in its place stays.
func TestRestoreFromNoCopy(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	foreign := filepath.Join(directory, "foreign.db")
	other, err := sql.Open("sqlite", foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.ExecContext(t.Context(), "CREATE TABLE others (id INTEGER)"); err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	whole := filepath.Join(directory, "whole.db")
	noted(t, whole, "copied")
	content, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}

	place := filepath.Join(directory, "broker.db")
	before := noted(t, place, "kept")
	for name, copied := range map[string]string{
		"not there": filepath.Join(directory, "nowhere.db"), "empty": write("empty.db", ""), "a text": write("text.db", strings.Repeat("text", 100)),
		"another program's": foreign, "cut off": write("cut.db", string(content[:len(content)/2])),
	} {
		from := options()
		from.From, from.Replace = copied, true
		if _, err := store.Restore(t.Context(), place, from); err == nil || !strings.Contains(err.Error(), filepath.Base(copied)) ||
			strings.Contains(err.Error(), "restoring") {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := filepath.Glob(place + ".*"); len(left) != 1 { // the lock
			t.Errorf("%s: it leaves %v", name, left)
		}
	}
	if id, _ := brokerAt(t, place); id != before {
		t.Errorf("in the place is %s, and it was %s", id, before)
	}
}

// PostgreSQL shows who serves by a name that a URL may change; then it cannot be known.
func TestRestoreUnderAnotherName(t *testing.T) {
	t.Parallel()
	address := storetest.PostgresURL(t)
	noted(t, address, "first")
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("application_name", "something else")
	u.RawQuery = query.Encode()
	if _, err := store.Restore(t.Context(), u.String(), options()); err != nil {
		t.Error(err)
	}
}
