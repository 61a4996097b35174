package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// appendEntries appends one entry for each subject.
func (d *database) appendEntries(t testing.TB, subjects ...string) []store.AuditEntry {
	t.Helper()
	entries := make([]store.AuditEntry, len(subjects))
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		for i, who := range subjects {
			entries[i] = store.AuditEntry{
				At: now, Subject: who, SubjectKind: request.Person, Account: "acme", Action: "connection.create",
				Object: fmt.Sprintf("connections/c-%d", i), ObjectUID: fmt.Sprintf("uid-%d", i%2),
				ChangeReference: "CHG-1", RequestID: "r-1", Details: map[string]any{"number": json.Number("9007199254740993")},
			}
			if err := tx.AppendAudit(ctx, &entries[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return entries
}

func (d *database) entries(t testing.TB, filter store.AuditFilter) []store.AuditEntry {
	t.Helper()
	return get(t, d, func(ctx context.Context, r *store.Reader) ([]store.AuditEntry, error) {
		return r.AuditEntries(ctx, filter)
	})
}

func (d *database) verify(t testing.TB) store.AuditVerification {
	t.Helper()
	return get(t, d, func(ctx context.Context, r *store.Reader) (store.AuditVerification, error) { return r.VerifyAudit(ctx) })
}

func auditChain(t *testing.T, d *database) {
	wantEqual(t, "an empty audit", d.verify(t), store.AuditVerification{Intact: true})

	appended := d.appendEntries(t, "anne", "bob", "anne")
	previous := ""
	for i, entry := range appended {
		wantEqual(t, "sequence", entry.Sequence, int64(i+1))
		wantEqual(t, "previous hash", entry.PreviousHash, previous)
		previous = entry.Hash
	}
	wantEqual(t, "verification", d.verify(t), store.AuditVerification{Intact: true, Entries: 3, Head: previous})

	for i := range appended {
		appended[i].At = store.Instant(now)
	}
	wantEqual(t, "all", d.entries(t, store.AuditFilter{Limit: 100}), appended)
	wantEqual(t, "second page", d.entries(t, store.AuditFilter{After: 1, Limit: 1}), appended[1:2])
	wantEqual(t, "of an object", d.entries(t, store.AuditFilter{ObjectUID: "uid-0", Limit: 100}),
		[]store.AuditEntry{appended[0], appended[2]})
	wantEqual(t, "of nothing", d.entries(t, store.AuditFilter{ObjectUID: "uid-9", Limit: 100}), []store.AuditEntry{})

	// What is undone leaves no gap.
	err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		if err := tx.AppendAudit(ctx, &store.AuditEntry{At: now, Subject: "eve", Action: "undone"}); err != nil {
			return err
		}
		return errDeliberate
	})
	wantError(t, err, errDeliberate)
	wantEqual(t, "next", d.appendEntries(t, "bob")[0].Sequence, int64(4))
	wantEqual(t, "intact", d.verify(t).Intact, true)
}

// auditOddText appends what headers of a request can carry, and what databases do not take or take apart.
func auditOddText(t *testing.T, d *database) {
	for _, odd := range []string{"", "it's", `\"quoted\" ?`, "über\n", "latin \xfc", "nul \x00 byte", "\u2028"} {
		d.write(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.AppendAudit(ctx, &store.AuditEntry{
				At: now, Subject: "anne " + odd, Action: odd, Object: odd, ChangeReference: odd, RequestID: odd,
				Details: map[string]any{odd: odd},
			})
		})
		if got := d.verify(t); !got.Intact {
			t.Fatalf("after %q: %+v", odd, got)
		}
	}
	entries := d.entries(t, store.AuditFilter{Limit: 100})
	wantEqual(t, "as it was given", entries[2].Object, `\"quoted\" ?`)
	wantEqual(t, "with a replacement", entries[5].Subject, "anne nul \uFFFD byte")
	wantEqual(t, "details", entries[3].Details, map[string]any{"über\n": "über\n"})
}

func auditIsAppendOnly(t *testing.T, d *database) {
	d.appendEntries(t, "anne", "bob")
	around := "INSERT OR REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE sequence = 1"
	if strings.HasPrefix(d.url, "postgres://") {
		around = "TRUNCATE audit_entries"
	}
	for _, statement := range []string{
		"UPDATE audit_entries SET action = 'nothing' WHERE sequence = 1",
		"DELETE FROM audit_entries WHERE sequence = 2",
		around,
	} {
		err := execute(t, d.url, statement)
		if err == nil || !strings.Contains(err.Error(), "the audit is append-only") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	wantEqual(t, "intact", d.verify(t).Intact, true)
}

func auditTampering(t *testing.T, d *database) {
	entry := func(sequence int) string { return fmt.Sprintf("audit_entries WHERE sequence = %d", sequence) }
	const all = "sequence, at, subject_id, subject_digest, subject_kind, account, action, object, object_uid, " +
		"change_reference, request_id, details, previous_hash, hash"
	for _, test := range []struct {
		what       string
		statements []string
		brokenAt   int64
		reason     string
	}{
		{"altered details", []string{"UPDATE audit_entries SET details = '{}' WHERE sequence = 3"}, 3, "its content was altered"},
		{"altered time", []string{"UPDATE audit_entries SET at = (SELECT minted_at FROM broker) WHERE sequence = 2"}, 2, "its content was altered"},
		{"text moved between members", []string{"UPDATE audit_entries SET account = 'acm', action = 'e' || action WHERE sequence = 2"}, 2, "its content was altered"},
		{"altered hash", []string{"UPDATE audit_entries SET hash = 'abc' WHERE sequence = 2"}, 2, "its content was altered"},
		{"altered link", []string{"UPDATE audit_entries SET previous_hash = hash WHERE sequence = 2"}, 2, "it does not follow the entry before it"},
		{"another subject", []string{"UPDATE audit_entries SET subject_id = (SELECT max(subject_id) FROM audit_entries) WHERE sequence = 1"}, 1, "the name of its subject was altered"},
		{"another name", []string{"UPDATE subjects SET name = 'mallory' WHERE name = 'bob'"}, 2, "the name of its subject was altered"},
		{"the first gone", []string{"DELETE FROM " + entry(1)}, 1, "it is missing: entry 2 comes next"},
		{"one gone", []string{"DELETE FROM " + entry(2)}, 2, "it is missing: entry 3 comes next"},
		{"one gone and closed up", []string{"DELETE FROM " + entry(2), "UPDATE audit_entries SET sequence = 2 WHERE sequence = 3"}, 2, "it does not follow the entry before it"},
		{"the newest gone", []string{"DELETE FROM " + entry(4)}, 4, "the audit ends with entry 3, and its end is recorded as entry 4"},
		{"all gone", []string{"DELETE FROM audit_entries"}, 1, "the audit ends with entry 0, and its end is recorded as entry 4"},
		{"two in each other's place", []string{
			"UPDATE audit_entries SET sequence = -sequence WHERE sequence IN (2, 3)",
			"UPDATE audit_entries SET sequence = 5 + sequence WHERE sequence < 0",
		}, 2, "it does not follow the entry before it"},
		{"one copied to the end", []string{
			"INSERT INTO audit_entries (" + all + ") SELECT 5" + strings.TrimPrefix(all, "sequence") + " FROM " + entry(4),
		}, 5, "it does not follow the entry before it"},
		{"the end set back", []string{
			"UPDATE audit_head SET sequence = 3, hash = (SELECT hash FROM " + entry(3) + ")",
		}, 5, "the audit ends with entry 4, and its end is recorded as entry 3"},
		{"another end", []string{"UPDATE audit_head SET hash = 'abc'"}, 4, "it is not the entry that is recorded as the end"},
	} {
		t.Run(test.what, func(t *testing.T) { // one after the other: each takes back the tampering of the one before
			d.rebuildAudit(t)
			if got := d.verify(t); !got.Intact || got.Entries != 4 {
				t.Fatalf("before: %+v", got)
			}
			Exec(t, d.url, test.statements...)
			got := d.verify(t)
			if got.Intact || got.BrokenAt != test.brokenAt || got.Reason != test.reason {
				t.Errorf("broken at %d because %q, want %d because %q", got.BrokenAt, got.Reason, test.brokenAt, test.reason)
			}
			wantEqual(t, "entries that hold", got.Entries, min(test.brokenAt, 5)-1+boolean(test.what == "another end"))
		})
	}
}

func boolean(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// rebuildAudit makes an audit of four entries that nothing keeps from tampering.
func (d *database) rebuildAudit(t testing.TB) {
	t.Helper()
	drop := []string{
		"DROP TRIGGER IF EXISTS audit_entries_no_update", "DROP TRIGGER IF EXISTS audit_entries_no_delete",
		"DROP TRIGGER IF EXISTS audit_entries_no_replace",
	}
	if strings.HasPrefix(d.url, "postgres://") {
		drop = []string{"DROP TRIGGER IF EXISTS audit_entries_append_only ON audit_entries"}
	}
	Exec(t, d.url, append(drop,
		"DELETE FROM audit_entries", "DELETE FROM subjects", "UPDATE audit_head SET sequence = 0, hash = ''")...)
	d.appendEntries(t, "anne", "bob", "anne", "carol")
}

// auditErasedNames erases a name as the table of subjects is made for: the chain stays as it was.
func auditErasedNames(t *testing.T, d *database) {
	d.appendEntries(t, "anne", "bob", "anne")
	before := d.verify(t)
	Exec(t, d.url, "UPDATE subjects SET name = NULL, salt = NULL WHERE name = 'anne'")
	wantEqual(t, "verification", d.verify(t), before)

	var names []string
	for _, entry := range d.entries(t, store.AuditFilter{Limit: 100}) {
		names = append(names, entry.Subject)
	}
	wantEqual(t, "names", names, []string{store.ErasedSubject, "bob", store.ErasedSubject})

	// Somebody of that name who comes later is somebody else, and a token of hers stands for her.
	wantEqual(t, "a later namesake", d.appendEntries(t, "anne")[0].Sequence, int64(4))
	wantEqual(t, "intact", d.verify(t).Intact, true)
}

func auditConcurrent(t *testing.T, d *database) {
	const writers, each = 4, 5
	var group sync.WaitGroup
	for writer := range writers {
		group.Go(func() {
			for i := range each {
				err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
					return tx.AppendAudit(ctx, &store.AuditEntry{
						At: now, Subject: fmt.Sprintf("writer %d", (writer+i)%2), Action: "test",
					})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	got := d.verify(t)
	if !got.Intact || got.Entries != writers*each {
		t.Errorf("verification: %+v", got)
	}
}
