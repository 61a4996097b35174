package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

func accountListing(t *testing.T, d *database) {
	d.seed(t)
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		for _, account := range []store.Account{
			{ID: "acme", Title: "Account acme", Kind: "customer", Organisations: []string{"X26", "A1B"}},
			{ID: "none", Title: "No organisations", Kind: "partner", Retired: true},
		} {
			if _, err := tx.UpsertAccount(ctx, account, now); err != nil {
				return err
			}
		}
		return nil
	})
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		var listed []string
		for filter := (store.AccountFilter{Limit: 1}); ; {
			page, err := r.Accounts(ctx, filter)
			if err != nil || len(page) == 0 {
				wantEqual(t, "accounts", listed, []string{"acme [A1B X26] false", "none [] true", "other [X26] false"})
				return err
			}
			listed = append(listed, fmt.Sprintf("%s %v %t", page[0].ID, page[0].Organisations, page[0].Retired))
			filter.After = page[0].ID
		}
	})
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		all, err := r.Accounts(ctx, store.AccountFilter{Limit: 10})
		if err != nil {
			return err
		}
		single, err := r.AccountByID(ctx, "acme")
		wantEqual(t, "an account of the listing", all[0], single)
		if err != nil {
			return err
		}
		accounts, err := r.AccountsOfOrganisation(ctx, "X26")
		wantEqual(t, "accounts of X26", accounts, []string{"acme", "other"})
		if err != nil {
			return err
		}
		nobody, err := r.AccountsOfOrganisation(ctx, "ZZZ")
		wantEqual(t, "accounts of ZZZ", len(nobody), 0)
		if err != nil {
			return err
		}
		bound, err := r.BoundOrganisations(ctx)
		wantEqual(t, "organisations that are bound", bound, []string{"A1B", "X26"})
		return err
	})
}

func organisationTitles(t *testing.T, d *database) {
	record := func(code string, directory *api.DirectoryRecord) {
		d.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.UpsertOrganisation(ctx, store.Organisation{ODSCode: code, Directory: directory}, now)
			return err
		})
	}
	titled := func(title string) *api.DirectoryRecord {
		return &api.DirectoryRecord{LookedUpAt: now.UTC(), Found: true, Title: &title}
	}
	record("B2B", titled("Meadow Surgery"))
	record("A1A", titled("THE  MEADOW\tTRUST"))
	record("C3C", titled(`100% _Côté_ \ Care`))
	record("D4D", nil)
	record("E5E", &api.DirectoryRecord{LookedUpAt: now.UTC()})
	for text, want := range map[string][]string{
		"meadow":      {"A1A", "B2B"},
		"  MEADOW  s": {"B2B"},
		"the meadow":  {"A1A"},
		"CÔTÉ":        {"C3C"},
		"100%":        {"C3C"},
		"0% _":        {"C3C"},
		"%eadow":      nil,
		"_eadow":      nil,
		`\ care`:      {"C3C"},
		"nothing":     nil,
	} {
		found := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Organisation, error) {
			return r.OrganisationsByTitle(ctx, text, 10)
		})
		var codes []string
		for _, o := range found {
			codes = append(codes, o.ODSCode)
		}
		wantEqual(t, "organisations of the title "+text, codes, want)
	}
	limited := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Organisation, error) {
		return r.OrganisationsByTitle(ctx, "meadow", 1)
	})
	wantEqual(t, "of two that fit, one is asked for", len(limited), 1)
	record("B2B", titled("Harbour Surgery"))
	renamed := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Organisation, error) {
		return r.OrganisationsByTitle(ctx, "meadow s", 10)
	})
	wantEqual(t, "under the title before", len(renamed), 0)
}

func dsptExports(t *testing.T, d *database) {
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		_, err := r.NewestDSPTExport(ctx)
		wantError(t, err, store.ErrNotFound)
		return nil
	})
	title := "NHS England"
	known := store.Organisation{
		ODSCode:   "X26",
		Directory: &api.DirectoryRecord{LookedUpAt: now.UTC(), Found: true, Title: &title},
		DSPT:      &api.DSPTRecord{LookedUpAt: now.UTC()},
	}
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.UpsertOrganisation(ctx, store.Organisation{ODSCode: "R0A", Directory: known.Directory}, now); err != nil {
			return err
		}
		_, err := tx.UpsertOrganisation(ctx, known, now)
		return err
	})
	record := func(status string) api.DSPTRecord {
		return api.DSPTRecord{LookedUpAt: now.UTC(), LookedUpBy: pointer("carol"), Found: true, Status: &status}
	}
	// More than go in one statement, some of organisations that are known.
	rows := []store.DSPTRow{{ODSCode: "X26", Record: record("24/25 Standards Met")}}
	for i := range 1234 {
		rows = append(rows, store.DSPTRow{ODSCode: fmt.Sprintf("T%05d", i), Record: record("Not Published")})
	}
	exportedAt := now.Add(-time.Hour)
	export := func(exportedAt time.Time, rows []store.DSPTRow) {
		d.write(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.RecordDSPTExport(ctx, exportedAt, rows, now.Add(day))
		})
	}
	export(exportedAt, rows)
	export(exportedAt.Add(-day), []store.DSPTRow{{ODSCode: "T00007", Record: record("23/24 Standards Met")}})

	d.read(t, func(ctx context.Context, r *store.Reader) error {
		newest, err := r.NewestDSPTExport(ctx)
		wantEqual(t, "the newest export", newest, store.Instant(exportedAt))
		if err != nil {
			return err
		}
		records, err := r.DSPTRecords(ctx)
		wantEqual(t, "organisations", len(records), 1236)
		wantEqual(t, "a record of the import", *records["T01233"].Status, "Not Published")
		wantEqual(t, "a record that was replaced", *records["T00007"].Status, "23/24 Standards Met")
		if nobody, found := records["R0A"]; !found || nobody != nil {
			t.Errorf("an organisation without a record: %v, %v", nobody, found)
		}
		if err != nil {
			return err
		}
		kept, err := r.OrganisationsByCode(ctx, []string{"T00000", "X26"})
		if err != nil {
			return err
		}
		imported := record("24/25 Standards Met")
		wantEqual(t, "an organisation that was known", kept[1], store.Organisation{
			ODSCode: "X26", Directory: known.Directory, DSPT: &imported, TitleKey: "nhs england",
			CreatedAt: store.Instant(now), UpdatedAt: store.Instant(now.Add(day)),
		})
		wantEqual(t, "when a new one came", kept[0].CreatedAt, store.Instant(now.Add(day)))
		return nil
	})
}

func waivers(t *testing.T, d *database) {
	d.seed(t)
	waiver := func(uid, account string, granted time.Duration, until string) store.Waiver {
		return store.Waiver{
			UID: uid, Account: account, Rule: "dspt.stale", Until: until, Reason: "Being renewed.", Reference: "CHG-1",
			GrantedAt: now.Add(granted), GrantedBy: "alice",
		}
	}
	all := []store.Waiver{
		waiver("w1", "acme", 0, "2026-11-01"), waiver("w2", "acme", day, "2026-11-02"),
		waiver("w3", "other", day, "2027-03-31"), waiver("w4", "acme", 2*day, "2027-03-31"),
	}
	all[3].Connection = "connections/records"
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		for i := range all {
			if err := tx.InsertWaiver(ctx, &all[i]); err != nil {
				return err
			}
		}
		return nil
	})
	list := func(countingOn string) []string {
		var uids []string
		for filter := (store.WaiverFilter{CountingOn: countingOn, Limit: 1}); ; {
			page := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Waiver, error) { return r.Waivers(ctx, filter) })
			if len(page) == 0 {
				return uids
			}
			uids = append(uids, page[0].UID)
			key := page[0].Key()
			filter.After = &key
		}
	}
	counting := func(account, day string) []string {
		rows := get(t, d, func(ctx context.Context, r *store.Reader) ([]store.Waiver, error) {
			return r.WaiversCountingOn(ctx, account, day)
		})
		uids := make([]string, len(rows))
		for i, row := range rows {
			uids[i] = row.UID
		}
		return uids
	}
	wantEqual(t, "all, newest first", list(""), []string{"w4", "w2", "w3", "w1"})
	wantEqual(t, "those that count", list("2026-11-02"), []string{"w4", "w2", "w3"})
	wantEqual(t, "acme's on the last day of one", counting("acme", "2026-11-02"), []string{"w2", "w4"})
	wantEqual(t, "acme's a day later", counting("acme", "2026-11-03"), []string{"w4"})

	ended := all[3]
	ended.EndedAt, ended.EndedBy, ended.EndedBecause = pointer(now.Add(3*day)), "bob", "It was renewed."
	d.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.EndWaiver(ctx, &ended) })
	got := get(t, d, func(ctx context.Context, r *store.Reader) (store.Waiver, error) { return r.WaiverByUID(ctx, "w4") })
	wantEqual(t, "a waiver that was ended", got, ended)
	again := ended
	again.EndedBy = "carol"
	wantError(t, d.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error { return tx.EndWaiver(ctx, &again) }), store.ErrStale)
	wantEqual(t, "those that count after an end", list("2026-11-02"), []string{"w2", "w3"})
	wantEqual(t, "acme's after an end", counting("acme", "2026-11-03"), []string{})
	if all := list(""); !slices.Contains(all, "w4") {
		t.Errorf("a waiver that was ended is gone: %v", all)
	}
	d.read(t, func(ctx context.Context, r *store.Reader) error {
		_, err := r.WaiverByUID(ctx, "none")
		wantError(t, err, store.ErrNotFound)
		return nil
	})
}
