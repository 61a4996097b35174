package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
)

// made makes a broker's database and returns its id.
func made(t *testing.T, address string) string {
	t.Helper()
	db, err := store.Open(t.Context(), address, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return db.BrokerID()
}

func TestRestore(t *testing.T) {
	t.Parallel()
	database := filepath.Join(t.TempDir(), "broker.db")
	server := serveInBackground(t, "--database", database)
	invoke(t, nil, "", "restore", "--database", database).says(t, exitError, "is in use by another hscn-broker", "stop that one first")
	if code := server.stop(); code != exitOK {
		t.Fatalf("serve ended with %d", code)
	}

	before := made(t, database)
	out := invoke(t, map[string]string{envDatabase: database}, "", "restore").ok(t)
	after := made(t, database)
	if before == after {
		t.Error("the broker's id is the same")
	}
	for _, words := range []string{before, after, database, "it knows", "of the audit)", "What customers see"} {
		if !strings.Contains(out, words) {
			t.Errorf("it does not say %q:\n%s", words, out)
		}
	}

	// The broker starts on it as ever, and says who it is.
	again := serveInBackground(t, "--database", database)
	if code := again.stop(); code != exitOK {
		t.Errorf("serve ended with %d", code)
	}
}

func TestRestoreFrom(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	database, copied := filepath.Join(directory, "broker.db"), filepath.Join(directory, "monday.db")
	before := made(t, copied)
	out := invoke(t, nil, "", "restore", "--database", database, "--from", copied).ok(t)
	if after := made(t, database); after == before || !strings.Contains(out, copied+" was put in the place of "+database) {
		t.Errorf("the id is %s, and was %s:\n%s", after, before, out)
	}
	if strings.Contains(out, "kept as") {
		t.Errorf("nothing was there to be kept:\n%s", out)
	}
	invoke(t, nil, "", "restore", "--database", database, "--from", copied).says(t, exitError, "there is a database at "+database, "--force")
	out = invoke(t, nil, "", "restore", "--database", database, "--from", copied, "--force").ok(t)
	if !strings.Contains(out, "What was there is kept as "+database+".before-restore-") {
		t.Errorf("it does not say where the old one is:\n%s", out)
	}
	invoke(t, nil, "", "restore", "--database", database, "--force").says(t, exitUsage, "--force goes with --from")
	invoke(t, nil, "", "restore", "--database", filepath.Join(directory, "none.db")).says(t, exitError, "there is no database of hscn-broker's at")
}

func TestRestorePostgreSQL(t *testing.T) {
	t.Parallel()
	address := storetest.PostgresURL(t)
	before := made(t, address)
	out := invoke(t, map[string]string{envDatabase: address}, "", "restore").ok(t)
	if after := made(t, address); after == before || !strings.Contains(out, after) {
		t.Errorf("the id is %s, and was %s:\n%s", after, before, out)
	}
	invoke(t, nil, "", "restore", "--database", address, "--from", "copy.db").says(t, exitError, "with its own tools")
}
