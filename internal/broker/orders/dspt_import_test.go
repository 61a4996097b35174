package orders_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
)

// exportOf is an export of the register with these lines.
func exportOf(lines ...string) string {
	return "Code,Organisation Name,Status,Date Of Publication,Primary Sector\r\n" + strings.Join(lines, "\r\n") + "\r\n"
}

func (b *bundle) importDSPT(w request.Write, export string, at time.Time, dryRun bool) (api.DSPTImportReport, error) {
	b.Helper()
	return b.ImportDSPT(context.Background(), w, strings.NewReader(export), api.ImportDSPTParams{ExportedAt: &at, DryRun: &dryRun})
}

// imported is the report of an import that has to succeed.
func (b *bundle) imported(at time.Time, lines ...string) api.DSPTImportReport {
	b.Helper()
	report, err := b.importDSPT(b.alice(), exportOf(lines...), at, false)
	if err != nil {
		b.Fatalf("import: %v", err)
	}
	return report
}

func countsOf(r api.DSPTImportReport) string {
	return fmt.Sprintf("rows %d added %d changed %d gone %d unchanged %d", r.Rows, r.Added, r.Changed, r.Gone, r.Unchanged)
}

func dsptChanges(r api.DSPTImportReport) []string {
	texts := make([]string, len(r.Changes))
	for i, c := range r.Changes {
		texts[i] = c.OdsCode + ": "
		for j, text := range []*string{c.Before, c.After} {
			if j > 0 {
				texts[i] += " -> "
			}
			if text != nil {
				texts[i] += *text
			}
		}
	}
	return texts
}

// dsptOf is what is recorded from the register of the organisations, as a text; "-" of one that was never looked up.
func (b *bundle) dsptOf(codes ...string) []string {
	b.Helper()
	var texts []string
	err := b.db.Read(context.Background(), func(ctx context.Context, r *store.Reader) error {
		known, err := r.DSPTRecords(ctx)
		for _, code := range codes {
			text := code + ": -"
			if record := known[code]; record != nil {
				text = code + ": not found"
				if record.Found {
					text = code + ": " + *record.Status
					if record.PublishedOn != nil {
						text += " " + *record.PublishedOn
					}
				}
				text += record.LookedUpAt.Format(" 15:04 ") + *record.RecordedBy
			}
			texts = append(texts, text)
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return texts
}

func TestImportDSPT(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		waiting := b.connect("dale", "D3E4F", "project-2")
		b.clock.Set(monday.Add(4 * time.Hour)) // 12:30 UTC
		at := monday.Add(time.Hour)            // 9:30

		// A1B2C and X1Y2Z were looked up before: the first is as it was, the second is another. D3E4F is bound and was not.
		lines := []string{
			"a1b2c,Meadow,25/26 Standards Met,,GP", "X1Y2Z,Hill,25/26 Standards Exceeded,01/06/2026,GP",
			"d3e4f,Dale,25/26 Standards Met,20/05/2026,GP", "R0A,Trust,Not Published,,NHS Trust", "R0B,Trust,24/25 Standards Met,30/06/2025,NHS Trust",
		}
		wanted := []string{
			"D3E4F:  -> 25/26 Standards Met, published on 2026-05-20",
			"X1Y2Z: 25/26 Standards Met -> 25/26 Standards Exceeded, published on 2026-06-01",
		}
		dry, err := b.importDSPT(b.alice(), exportOf(lines...), at, true)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "dry run", fmt.Sprint(dry.DryRun, " ", countsOf(dry)), "true rows 5 added 3 changed 1 gone 0 unchanged 1")
		assertSlice(t, "changes of the dry run", dsptChanges(dry), wanted)
		assertSlice(t, "what the dry run recorded", b.dsptOf("D3E4F", "R0A"), []string{"D3E4F: -", "R0A: -"})

		write := b.bob()
		write.BodySHA256 = "sum"
		report, err := b.importDSPT(write, exportOf(lines...), at, false)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "report", fmt.Sprint(report.DryRun, " ", report.ExportedAt.Equal(at), " ", countsOf(report)),
			"false true rows 5 added 3 changed 1 gone 0 unchanged 1")
		assertSlice(t, "changes", dsptChanges(report), wanted)
		replayed, err := b.importDSPT(write, exportOf(lines...), at, false)
		if err != nil || countsOf(replayed) != countsOf(report) {
			t.Errorf("the replay: %+v, %v", replayed, err)
		}
		assertSlice(t, "records", b.dsptOf("A1B2C", "X1Y2Z", "D3E4F", "R0A"), []string{
			"A1B2C: 25/26 Standards Met 09:30 bob", "X1Y2Z: 25/26 Standards Exceeded 2026-06-01 09:30 bob",
			"D3E4F: 25/26 Standards Met 2026-05-20 09:30 bob", "R0A: Not Published 09:30 bob",
		})

		entries := b.audited("dspt.import")
		if len(entries) != 1 {
			t.Fatalf("entries are %+v", entries)
		}
		assertEqual(t, "entry", fmt.Sprint(entries[0].Subject, " ", entries[0].Details), "bob map[added:3 changed:1 "+
			"changes_of_bound:[D3E4F: no row -> 25/26 Standards Met, published on 2026-05-20 X1Y2Z: 25/26 Standards Met -> "+
			"25/26 Standards Exceeded, published on 2026-06-01] export_sha256:sum exported_at:2026-06-01T09:30:00Z gone:0 rows:5 unchanged:1]")

		// The order that waits has what it waited for, but for the rest.
		facts := organisation("D3E4F", b.clock.Now())
		facts.Dspt = nil
		b.load(organisations(facts))
		b.jobs()
		assertEqual(t, "state of what waited", b.connection(waiting.UID).State, "awaiting_fulfilment")

		// What was looked up after the export stays; who is absent has no row; what is not bound comes last.
		if _, err := b.RecordDSPTLookUp(context.Background(), b.alice(), "A1B2C", api.DSPTRecord{
			LookedUpAt: monday.Add(3 * time.Hour), Found: true, Status: ptr("25/26 Standards Exceeded"),
		}); err != nil {
			t.Fatal(err)
		}
		next := b.imported(monday.Add(2*time.Hour), "A1B2C,Meadow,25/26 Approaching Standards,,GP", "R0B,Trust,25/26 Standards Met,01/06/2026,NHS Trust",
			"X1Y2Z,Hill,25/26 Standards Exceeded,01/06/2026,GP")
		assertEqual(t, "the next report", countsOf(next), "rows 3 added 0 changed 1 gone 2 unchanged 2")
		assertSlice(t, "the next changes", dsptChanges(next), []string{
			"D3E4F: 25/26 Standards Met, published on 2026-05-20 -> ", "R0A: Not Published -> ",
			"R0B: 24/25 Standards Met, published on 2025-06-30 -> 25/26 Standards Met, published on 2026-06-01",
		})
		assertSlice(t, "the next records", b.dsptOf("A1B2C", "D3E4F", "R0A"), []string{
			"A1B2C: 25/26 Standards Exceeded 11:30 alice", "D3E4F: not found 10:30 alice", "R0A: not found 10:30 alice",
		})

		// The same export again changes nothing, and an older one is refused.
		again := b.imported(monday.Add(2*time.Hour), "R0B,Trust,25/26 Standards Met,01/06/2026,NHS Trust", "X1Y2Z,Hill,25/26 Standards Exceeded,01/06/2026,GP")
		assertEqual(t, "the same again", countsOf(again), "rows 2 added 0 changed 0 gone 0 unchanged 2")
		_, err = b.importDSPT(b.alice(), exportOf(lines...), at, false)
		assertContains(t, "refusal", b.asProblem(err, problem.StateForbids).Detail, "2026-06-01T09:30:00Z", "2026-06-01T10:30:00Z")
	})
}

// Of an organisation of which nobody looked anything up, the whole register says that it has no row, so that its
// successor's counts.
func TestImportTellsOfThoseWithoutARow(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLiteURL(t))
	merged := organisation("D3E4F", monday)
	merged.Directory.Successors, merged.Dspt = []string{"X1Y2Z"}, nil
	b.load(organisations(merged))
	c := b.connect("dale", "D3E4F", "project-2")
	assertEqual(t, "state", c.State, "pending_evidence")
	report := b.imported(monday, "X1Y2Z,Hill,25/26 Standards Met,,GP", "A1B2C,Meadow,25/26 Standards Met,,GP")
	assertEqual(t, "report", countsOf(report), "rows 2 added 0 changed 0 gone 0 unchanged 2")
	b.jobs()
	assertEqual(t, "state after the import", b.connection(c.UID).State, "awaiting_fulfilment")
}

// Facts that had grown too old to count are fresh again by an import that changes nothing.
func TestImportRefreshes(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLiteURL(t), func(p *api.Policy) { p.FactAgesDays.Dspt = 1 })
	b.clock.Advance(72 * time.Hour)
	c := b.connect("records", "A1B2C", "project-1")
	assertEqual(t, "state", c.State, "pending_evidence")
	report := b.imported(b.clock.Now(), "A1B2C,Meadow,25/26 Standards Met,,GP", "X1Y2Z,Hill,25/26 Standards Met,,GP")
	assertEqual(t, "report", countsOf(report), "rows 2 added 0 changed 0 gone 0 unchanged 2")
	b.jobs()
	assertEqual(t, "state after the import", b.connection(c.UID).State, "awaiting_fulfilment")
}

func TestImportsThatAreRefused(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		good := "A1B2C,Meadow,25/26 Standards Met,,GP"
		_, err := b.importDSPT(b.alice(), exportOf(good), monday.Add(time.Hour), false)
		p := b.asProblem(err, problem.RequestInvalid)
		assertSlice(t, "pointers", pointersOf(p.Invalid), []string{"exported_at"})
		assertContains(t, "refusal", p.Detail, "2026-06-01T09:30:00Z", "2026-06-01T08:30:00Z")

		_, err = b.importDSPT(b.alice(), exportOf(good, "A!,Dale,25/26 Standards Met,,GP", "R0A,Trust,25/26 Exeeded,2026-06-01,NHS Trust"), monday, false)
		p = b.asProblem(err, problem.RequestInvalid)
		assertSlice(t, "pointers", pointersOf(p.Invalid), []string{"line 3, Code", "line 4, Date Of Publication", "line 4, Status"})
		assertContains(t, "refusal", p.Detail, "nothing of it was recorded", "line 3, Code", `"A!"`, "2 more")
		assertEqual(t, "entries", len(b.audited("dspt.import")), 0)

		// Without a time it is made now.
		report, err := b.ImportDSPT(context.Background(), b.alice(), strings.NewReader(exportOf(good)), api.ImportDSPTParams{})
		if err != nil || !report.ExportedAt.Equal(monday) {
			t.Errorf("an import without a time: %+v, %v", report, err)
		}
	})
}

func TestImportNamesTheFirstChanges(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLiteURL(t))
	lines := func(status string) []string {
		rows := make([]string, 0, 1201)
		for i := range 1200 {
			rows = append(rows, fmt.Sprintf("T%04d,Trust,%s,,NHS Trust", i, status))
		}
		return append(rows, "X1Y2Z,Hill,"+status+",,GP")
	}
	if first := b.imported(monday, lines("24/25 Standards Met")...); len(first.Changes) != 2 || first.Added != 1200 {
		t.Errorf("of %d rows that are new, %d are named: %v", first.Added, len(first.Changes), dsptChanges(first))
	}
	second := b.imported(monday, lines("Not Published")...)
	if second.Changed != 1201 || len(second.Changes) != 1000 || second.Changes[0].OdsCode != "X1Y2Z" || second.Changes[1].OdsCode != "T0000" {
		t.Errorf("%d changes, %d named, %v first", second.Changed, len(second.Changes), dsptChanges(second)[:2])
	}
}

// An export that lacks many of the rows that were there would refuse orders of all whom it lacks.
func TestImportOfAFilteredExport(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLiteURL(t))
	lines := []string{"A1B2C,Meadow,25/26 Standards Met,,GP", "X1Y2Z,Hill,25/26 Standards Met,,GP"}
	for i := range 108 {
		lines = append(lines, fmt.Sprintf("T%04d,Trust,25/26 Standards Met,,NHS Trust", i))
	}
	b.imported(monday, lines...)
	_, err := b.importDSPT(b.alice(), exportOf(lines[:98]...), monday, false)
	assertContains(t, "refusal", b.asProblem(err, problem.StateForbids).Detail, "98 rows", "12 of the 110", "--allow-gone")
	_, err = b.importDSPT(b.alice(), exportOf(lines[:98]...), monday, true)
	b.refused(err, problem.StateForbids)
	assertEqual(t, "entries", len(b.audited("dspt.import")), 1)
	assertSlice(t, "records", b.dsptOf("T0107"), []string{"T0107: 25/26 Standards Met 08:30 alice"})

	assertEqual(t, "a tenth", countsOf(b.imported(monday, lines[:99]...)), "rows 99 added 0 changed 0 gone 11 unchanged 99")
	b.clock.Advance(time.Hour)
	report, err := b.ImportDSPT(context.Background(), b.alice(), strings.NewReader(exportOf(lines[:2]...)), api.ImportDSPTParams{AllowGone: ptr(true)})
	if err != nil || report.Gone != 97 {
		t.Errorf("an export that may lack rows: %+v, %v", report, err)
	}
}

// Whatever row of an export is bad, wherever it stands, nothing of the export is recorded; without it, everything is.
func TestImportIsAllOrNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLiteURL(t))
	statuses := []string{"Not Published", "24/25 Standards Met", "25/26 Standards Exceeded"}
	at := monday
	rapid.Check(t, func(t *rapid.T) {
		at = at.Add(time.Second)
		b.clock.Set(at)
		codes := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A1B2C", "X1Y2Z", "D3E4F", "R0A", "R0B", "R0C", "R0D"}), 1, 7, rapid.ID).Draw(t, "codes")
		lines := make([]string, len(codes))
		for i, code := range codes {
			lines[i] = code + ",Trust," + rapid.SampledFrom(statuses).Draw(t, "status") + ",,NHS Trust"
		}
		all := []string{"A1B2C", "X1Y2Z", "D3E4F", "R0A", "R0B", "R0C", "R0D"}
		before := b.dsptOf(all...)

		bad := append([]string{}, lines...)
		place := rapid.IntRange(0, len(bad)-1).Draw(t, "place")
		bad[place] = rapid.SampledFrom([]string{
			",Trust,Not Published,,NHS Trust", "R0!,Trust,Not Published,,NHS Trust", codes[place] + ",Trust,Met,,NHS Trust",
			codes[place] + ",Trust,Not Published,31/31/2026,NHS Trust", codes[place] + ",Trust,Not Published,", codes[place] + `,"Trust,Not Published,,`,
		}).Draw(t, "bad row")
		if _, err := b.importDSPT(b.alice(), exportOf(bad...), at, false); err == nil {
			t.Fatalf("an export with the row %q was recorded", bad[place])
		}
		if after := b.dsptOf(all...); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Fatalf("an export that was refused changed\n%v to\n%v", before, after)
		}

		report, err := b.importDSPT(b.alice(), exportOf(lines...), at, false)
		if err != nil {
			t.Fatal(err)
		}
		if report.Added+report.Changed+report.Unchanged != int64(len(lines)) {
			t.Fatalf("%d rows came to %s", len(lines), countsOf(report))
		}
		known := strings.Join(b.dsptOf(all...), "\n")
		for i, code := range codes {
			status := strings.Split(lines[i], ",")[2]
			if want := code + ": " + status + at.Format(" 15:04 ") + "alice"; !strings.Contains(known, want) {
				t.Fatalf("%q is not in\n%s", want, known)
			}
		}
		for _, code := range all {
			if absent := !strings.Contains(strings.Join(lines, "\n"), code); absent && strings.Contains(known, code+": ") &&
				!strings.Contains(known, code+": not found") && !strings.Contains(known, code+": -") {
				t.Fatalf("%s is not in the export, and known as\n%s", code, known)
			}
		}
	})
}
