package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// newDocument is a document of acme's.
func newDocument(content string) store.Document {
	sum := sha256.Sum256([]byte(content))
	return store.Document{
		Account: "acme", SHA256: hex.EncodeToString(sum[:]), SizeBytes: int64(len(content)), ReceivedAt: now, LastSentAt: now,
	}
}

func (d *database) insertDocument(t testing.TB, content string) store.Document {
	t.Helper()
	row := newDocument(content)
	d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.InsertDocument(ctx, &row, []byte(content)) })
	return row
}

func newEvidence(account, name string) store.Evidence {
	uid := uuid.NewString()
	return store.Evidence{
		UID: uid, Account: account, Name: name, ODSCode: "A1B2C", State: hscn.EvidenceReceived, StateSince: now,
		WaitsSince: pointer(now), Revision: 1, CreatedAt: now, CreatedBy: "anne", UpdatedAt: now, UpdatedBy: "anne",
		CreateKeySHA256: store.KeySHA256("key of " + uid), PolicyVersion: 1,
	}
}

func newVersion(of store.Evidence, number int64, document string) store.EvidenceVersion {
	return store.EvidenceVersion{
		UID: uuid.NewString(), EvidenceUID: of.UID, Number: number, Account: of.Account, DocumentSHA256: document, SizeBytes: 7,
		SignedOn: "2026-10-02", State: store.VersionReceived, ReceivedAt: now, ReceivedBy: "anne",
	}
}

func (d *database) insertEvidence(t testing.TB, rows ...*store.Evidence) {
	t.Helper()
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		for _, row := range rows {
			if err := tx.InsertEvidence(ctx, row); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *database) insertVersions(t testing.TB, rows ...*store.EvidenceVersion) {
	t.Helper()
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		for _, row := range rows {
			if err := tx.InsertEvidenceVersion(ctx, row); err != nil {
				return err
			}
		}
		return nil
	})
}

func evidenceNames(rows []store.Evidence) []string {
	var names []string
	for _, row := range rows {
		names = append(names, row.Account+"/"+row.Name)
	}
	return names
}

func documentRoundTrip(t *testing.T, d *database) {
	d.seed(t)
	content := "%PDF-1.7 \x00\x01\xff'?\\ %%EOF"
	row := d.insertDocument(t, content)
	got := get(t, d, func(ctx context.Context, r *store.Reader) ([]byte, error) {
		return r.DocumentContent(ctx, "acme", row.SHA256)
	})
	wantEqual(t, "content", string(got), content)

	again := newDocument(content)
	err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertDocument(ctx, &again, []byte(content))
	})
	wantError(t, err, store.ErrConflict)

	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		named, err := tx.NameDocument(ctx, "acme", row.SHA256, now.Add(time.Hour))
		want := row
		want.LastSentAt = store.Instant(now.Add(time.Hour))
		wantEqual(t, "named again", named, want)
		if err != nil {
			return err
		}
		_, err = tx.NameDocument(ctx, "other", row.SHA256, now)
		wantError(t, err, store.ErrNotFound)
		return nil
	})
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		_, err := r.DocumentContent(ctx, "other", row.SHA256)
		wantError(t, err, store.ErrNotFound)
		return nil
	})
}

func documentsPurge(t *testing.T, d *database) {
	d.seed(t)
	const released, sent = 7 * day, day
	later := now.Add(30 * day)
	copied := newEvidence("acme", "copied")
	d.insertEvidence(t, &copied)
	// What each version is of says what has to become of it.
	for number, c := range []struct {
		document   string
		state      store.VersionState
		releasedAt *time.Time
	}{
		{"needed", store.VersionReceived, nil},
		{"held", store.VersionSuperseded, nil},
		{"released lately", store.VersionRefused, pointer(later.Add(-released))},
		{"released long ago", store.VersionRefused, pointer(later.Add(-released - time.Microsecond))},
		{"released and needed", store.VersionRefused, pointer(now)},
		{"released and needed", store.VersionSuperseded, nil},
	} {
		document := newDocument(c.document)
		if number != 5 {
			document = d.insertDocument(t, c.document)
		}
		version := newVersion(copied, int64(number+1), document.SHA256)
		version.State, version.ReleasedAt = c.state, c.releasedAt
		d.insertVersions(t, &version)
	}
	d.insertDocument(t, "loose")
	fresh := d.insertDocument(t, "loose and fresh")
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.NameDocument(ctx, "acme", fresh.SHA256, later.Add(-sent))
		return err
	})

	count := func() int {
		return get(t, d, func(ctx context.Context, r *store.Reader) (int, error) {
			n, first, err := r.CountLooseDocuments(ctx, "acme")
			if n > 0 && first.IsZero() {
				t.Error("loose documents, and none of them is the first")
			}
			return n, err
		})
	}
	wantEqual(t, "loose before", count(), 4)
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		n, err := tx.PurgeDocuments(ctx, later.Add(-sent), later.Add(-released))
		wantEqual(t, "purged", n, int64(2))
		return err
	})
	wantEqual(t, "loose after", count(), 2)
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		for content, kept := range map[string]bool{
			"needed": true, "held": true, "released lately": true, "released long ago": false, "released and needed": true,
			"loose": false, "loose and fresh": true,
		} {
			_, err := r.DocumentContent(ctx, "acme", newDocument(content).SHA256)
			switch {
			case kept && err != nil:
				t.Errorf("%s: %v", content, err)
			case !kept:
				wantError(t, err, store.ErrNotFound)
			}
		}
		n, _, err := r.CountLooseDocuments(ctx, "other")
		wantEqual(t, "another account's", n, 0)
		return err
	})
}

func evidenceRoundTrip(t *testing.T, d *database) {
	d.seed(t)
	bare, full := newEvidence("acme", "bare"), newEvidence("acme", "full")
	bare.WaitsSince = nil
	full.StateReason = "it's waiting"
	full.Findings = []api.Finding{{Rule: "organisation.not-bound", Severity: "warning", Owner: "csp"}}
	for _, row := range []store.Evidence{bare, full} {
		d.insertEvidence(t, &row)
		byUID := func(ctx context.Context, r *store.Reader) (store.Evidence, error) {
			return r.EvidenceByUID(ctx, row.UID)
		}
		wantEqual(t, "as it was inserted", get(t, d, byUID), row)
		stale := row
		row.State, row.StateSince, row.WaitsSince, row.Findings = hscn.EvidenceCeased, now.Add(day), nil, nil
		d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateEvidence(ctx, &row) })
		got := get(t, d, byUID)
		wantEqual(t, "as it was updated", got, row)
		if got.Version != 2 || got.Holds {
			t.Errorf("version %d, holds %t; want 2, false", got.Version, got.Holds)
		}
		err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error { return tx.UpdateEvidence(ctx, &stale) })
		wantError(t, err, store.ErrStale)
	}
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		_, err := r.EvidenceByUID(ctx, "nobody")
		wantError(t, err, store.ErrNotFound)
		_, err = r.EvidenceByName(ctx, "acme", "bare")
		wantError(t, err, store.ErrNotFound)
		last, err := r.LastEvidenceByName(ctx, "acme", "bare")
		wantEqual(t, "what was the last to have the name", last.State, hscn.EvidenceCeased)
		if err != nil {
			return err
		}
		_, err = r.LastEvidenceByName(ctx, "acme", "nothing")
		wantError(t, err, store.ErrNotFound)
		return nil
	})
}

func evidenceHoldsAreUnique(t *testing.T, d *database) {
	d.seed(t)
	first, second, foreign := newEvidence("acme", "ca-2026"), newEvidence("acme", "ca-2026"), newEvidence("other", "ca-2026")
	d.insertEvidence(t, &first, &foreign)
	err := d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error { return tx.InsertEvidence(ctx, &second) })
	wantError(t, err, store.ErrConflict)
	first.State = hscn.EvidenceRefused
	d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateEvidence(ctx, &first) })
	d.insertEvidence(t, &second)
	row := get(t, d, func(ctx context.Context, r *store.Reader) (store.Evidence, error) {
		return r.EvidenceByName(ctx, "acme", "ca-2026")
	})
	wantEqual(t, "by name", row.UID, second.UID)
	last := get(t, d, func(ctx context.Context, r *store.Reader) (store.Evidence, error) {
		return r.LastEvidenceByName(ctx, "acme", "ca-2026")
	})
	wantEqual(t, "the last by name", last.UID, second.UID)
	held := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Evidence, error) {
		return r.HeldEvidence(ctx, "acme")
	})
	wantEqual(t, "held", evidenceNames(held), []string{"acme/ca-2026"})
}

func evidenceVersions(t *testing.T, d *database) {
	d.seed(t)
	row := newEvidence("acme", "ca-2026")
	d.insertEvidence(t, &row)
	first, second := newVersion(row, 1, "aa"), newVersion(row, 2, "bb")
	second.CountersignedOn = "2026-10-20"
	d.insertVersions(t, &first)
	insert := func(v store.EvidenceVersion) error {
		return d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error { return tx.InsertEvidenceVersion(ctx, &v) })
	}
	wantError(t, insert(second), store.ErrConflict) // two that are received

	first.State, first.DecidedAt, first.DecidedBy, first.Saw = store.VersionValidated, pointer(now.Add(day)), "bob", "two signatures"
	d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.UpdateEvidenceVersion(ctx, &first) })
	twice := second
	twice.State = store.VersionValidated
	wantError(t, insert(twice), store.ErrConflict) // two that are validated
	twice.Number, twice.State = 1, store.VersionRefused
	wantError(t, insert(twice), store.ErrConflict) // two of one number

	second.State, second.Reason, second.ReleasedAt = store.VersionRefused, "it's another's", pointer(now)
	d.insertVersions(t, &second)
	versions := get(t, d, func(ctx context.Context, r *store.Reader) (map[string][]store.EvidenceVersion, error) {
		return r.EvidenceVersions(ctx, row.UID, "nobody")
	})
	wantEqual(t, "versions", versions, map[string][]store.EvidenceVersion{row.UID: {first, second}})
}

func evidenceListing(t *testing.T, d *database) {
	d.seed(t)
	for _, name := range []string{"web", "we-b", "web2"} {
		row := newEvidence("acme", name)
		d.insertEvidence(t, &row)
	}
	refused, old, ceased, foreign := newEvidence("acme", "web"), newEvidence("acme", "old"), newEvidence("acme", "ceased"), newEvidence("other", "web")
	refused.State, old.State, ceased.State = hscn.EvidenceRefused, hscn.EvidenceRefused, hscn.EvidenceCeased
	old.StateSince = now.Add(-91 * day)
	d.insertEvidence(t, &refused, &old, &ceased, &foreign)
	for _, limit := range []int{1, 2, 100} {
		var rows []store.Evidence
		var after *store.NameKey
		for {
			page := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Evidence, error) {
				return r.AgreementEvidence(ctx, store.EvidenceFilter{
					Account: "acme", RefusedSince: now.Add(-90 * day), After: after, Limit: limit,
				})
			})
			rows = append(rows, page...)
			if len(page) < limit {
				break
			}
			last := page[len(page)-1]
			after = &store.NameKey{Name: last.Name, UID: last.UID}
		}
		wantEqual(t, "names", evidenceNames(rows), []string{"acme/we-b", "acme/web", "acme/web", "acme/web2"})
	}
}

func evidenceQueue(t *testing.T, d *database) {
	d.seed(t)
	for i, c := range []struct {
		account, name string
		waits         *time.Time
	}{
		{"acme", "decided-later", nil},
		{"acme", "today", pointer(now)},
		{"other", "yesterday", pointer(now.Add(-day))},
		{"acme", "today-too", pointer(now)},
		{"other", "decided", nil},
	} {
		row := newEvidence(c.account, c.name)
		row.WaitsSince, row.CreatedAt = c.waits, now.Add(time.Duration(i)*time.Minute)
		if c.name == "decided-later" {
			row.CreatedAt = now.Add(time.Hour)
		}
		d.insertEvidence(t, &row)
	}
	waiting := []string{"other/yesterday", "acme/today", "acme/today-too"}
	for _, c := range []struct {
		account string
		decided bool
		want    []string
	}{
		{"", false, waiting},
		{"", true, append(slices.Clone(waiting), "other/decided", "acme/decided-later")},
		{"acme", true, []string{"acme/today", "acme/today-too", "acme/decided-later"}},
	} {
		for _, limit := range []int{1, 2, 100} {
			var rows []store.Evidence
			var after *store.EvidenceKey
			for {
				page := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Evidence, error) {
					return r.EvidenceQueue(ctx, store.EvidenceQueueFilter{Account: c.account, Decided: c.decided, After: after, Limit: limit})
				})
				rows = append(rows, page...)
				if len(page) < limit {
					break
				}
				after = pointer(page[len(page)-1].Key())
			}
			wantEqual(t, "queue", evidenceNames(rows), c.want)
		}
	}
}

func evidenceOfConnections(t *testing.T, d *database) {
	d.seed(t)
	naming, resting, plain, foreign, refused := newConnection("acme", "naming"), newConnection("acme", "resting"),
		newConnection("acme", "plain"), newConnection("other", "naming"), newConnection("acme", "refused")
	changing := newConnection("acme", "changing")
	changing.PendingChange = api.MergePatch{"agreement": map[string]any{"evidence_id": "agreement-evidence/ca-2026"}}
	for _, row := range []*store.Connection{&naming, &foreign, &refused} {
		row.Spec.Agreement.EvidenceID = pointer("agreement-evidence/ca-2026")
	}
	resting.EvidenceVersionUID = "a version"
	refused.State = hscn.StateRefused
	d.insertConnections(t, &naming, &resting, &plain, &foreign, &refused, &changing)
	rows := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Connection, error) {
		return r.ConnectionsNamingEvidence(ctx, "acme")
	})
	rests := make(map[string]string, len(rows))
	for _, row := range rows {
		rests[row.Name] = row.EvidenceVersionUID
	}
	wantEqual(t, "what rests on which version", rests, map[string]string{"changing": "", "naming": "", "resting": "a version"})
}

// What a connection rests on is there whatever became of the evidence, as long as the connection holds its name.
func evidenceThatIsKept(t *testing.T, d *database) {
	d.seed(t)
	document := d.insertDocument(t, "one").SHA256
	gone := newEvidence("acme", "ca-2026")
	gone.State = hscn.EvidenceCeased
	d.insertEvidence(t, &gone)
	first, second := newVersion(gone, 1, document), newVersion(gone, 2, document)
	first.State, second.State = store.VersionSuperseded, store.VersionValidated
	d.insertVersions(t, &first, &second)
	resting, plain, refused := newConnection("acme", "resting"), newConnection("acme", "plain"), newConnection("acme", "refused")
	resting.EvidenceVersionUID, refused.EvidenceVersionUID = first.UID, second.UID
	refused.State = hscn.StateRefused
	d.insertConnections(t, &resting, &plain, &refused)
	for account, want := range map[string]int{"acme": 1, "other": 0} {
		kept := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.KeptVersion, error) {
			return r.KeptVersions(ctx, account)
		})
		wantEqual(t, "how many "+account+" keeps", len(kept), want)
		if want > 0 {
			wantEqual(t, "kept", kept[0], store.KeptVersion{
				EvidenceVersion: first, Connection: "resting", EvidenceName: "ca-2026", ODSCode: "A1B2C",
			})
		}
	}
}
