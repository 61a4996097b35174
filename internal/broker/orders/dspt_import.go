package orders

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/dspt"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

const (
	// mostChanges is how many changes a report of an import names.
	mostChanges = 1000

	// An export that lacks more than one in this many of the rows that were there looks like one that was filtered, unless
	// those are few: a register of few rows may well lose some.
	goneAtMostOneIn, fewGone = 10, 10
)

// ImportDSPT records an export of the whole public DSPT register: every row of it, and of the organisations that are
// known here and that it does not have, that they have none. What was looked up of a single organisation after the export
// stays. It is all recorded in one transaction or nothing is, and then orders that wait are judged again; a dry run says
// what would change. An export without a time was made now.
//
// Refusals are problem.RequestInvalid for an export that cannot be read, with every line, and for one that lies in the
// future, and StateForbids where a newer export is recorded already, and where so many rows are gone that it looks
// filtered and nobody says that they may be.
func (d *Desk) ImportDSPT(
	ctx context.Context, w request.Write, export io.Reader, params api.ImportDSPTParams,
) (api.DSPTImportReport, error) {
	now, dryRun := d.now(), *orDefault(params.DryRun, false)
	at := store.Instant(*orDefault(params.ExportedAt, now))
	if at.After(now.Add(clockSkew)) {
		pointer := "exported_at"
		return api.DSPTImportReport{}, invalid(api.InvalidMember{Pointer: &pointer, Detail: fmt.Sprintf(
			"is %s and lies in the future: the broker's clock shows %s", clockText(at), clockText(now))})
	}
	rows, err := dspt.Read(export, hscn.DateIn(at))
	if err != nil {
		return api.DSPTImportReport{}, unreadable(err)
	}
	return recordFacts(ctx, d, w, dryRun, func(ctx context.Context, tx *store.Tx, now time.Time) (recorded[api.DSPTImportReport], error) {
		none := recorded[api.DSPTImportReport]{}
		newest, err := tx.NewestDSPTExport(ctx)
		switch {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return none, err
		case newest.After(at):
			return none, problem.New(problem.StateForbids, "The export was made at %s, and a newer one, of %s, is recorded already: "+
				"export the register again.", clockText(at), clockText(newest))
		}
		known, err := tx.DSPTRecords(ctx)
		if err != nil {
			return none, err
		}
		bound, err := tx.BoundOrganisations(ctx)
		if err != nil {
			return none, err
		}
		i := dsptImport{at: at, by: w.Caller.Subject, known: known, bound: bound, report: api.DSPTImportReport{
			DryRun: dryRun, ExportedAt: at, Rows: int64(len(rows)),
		}}
		i.compare(rows)
		if i.looksFiltered() && !*orDefault(params.AllowGone, false) {
			return none, problem.New(problem.StateForbids, "The export has %d rows, and lacks %d of the %d organisations that had one until now: "+
				"it looks as if it was filtered. Nothing of it was recorded. Export the whole register, without any filter; or, where the "+
				"register itself has lost them, say so: %s --allow-gone.", len(rows), i.report.Gone, i.before, commandImportDSPT)
		}
		if err := tx.RecordDSPTExport(ctx, at, i.kept, now); err != nil {
			return none, err
		}
		// What nothing changed of is fresh again, which an order may wait for.
		return recorded[api.DSPTImportReport]{answer: i.report, changed: true, entry: entry{action: "dspt.import", details: map[string]any{
			"export_sha256": w.BodySHA256, "exported_at": clockText(at), "rows": i.report.Rows, "added": i.report.Added,
			"changed": i.report.Changed, "gone": i.report.Gone, "unchanged": i.report.Unchanged, "changes_of_bound": i.ofBound,
		}}}, nil
	})
}

// unreadable is the answer to an export that cannot be read.
func unreadable(err error) error {
	var wrong *dspt.Error
	if !errors.As(err, &wrong) {
		return err
	}
	p := problem.New(problem.RequestInvalid, "The export cannot be read, and nothing of it was recorded: %s.", wrong)
	for _, offence := range wrong.Offences {
		where := offence.Where()
		p.Invalid = append(p.Invalid, api.InvalidMember{Pointer: &where, Detail: offence.Reason})
	}
	return p
}

// dsptImport compares an export with what is known.
type dsptImport struct {
	at time.Time
	by string
	// known is what is recorded of every organisation, and bound are those that any account may act for, in order.
	known map[string]*api.DSPTRecord
	bound []string

	kept   []store.DSPTRow
	report api.DSPTImportReport
	// before counts the organisations that had a row, of which the export could say something else.
	before int64
	// ofBound says for the audit what changed of organisations that are bound.
	ofBound []string
}

func (i *dsptImport) compare(rows []dspt.Row) {
	exported := make(map[string]struct{}, len(rows))
	for _, row := range rows {
		exported[row.Code] = struct{}{}
		record := i.record()
		record.Found, record.Status, record.PublishedOn = true, &row.Status, given(row.PublishedOn.String())
		i.keep(row.Code, record)
	}
	// That the whole register has no row of an organisation is known of those without a record too, since its successor's
	// row counts for one that has none.
	absent := make(map[string]struct{}, len(i.bound))
	for code := range i.known {
		absent[code] = struct{}{}
	}
	for _, code := range i.bound {
		absent[code] = struct{}{}
	}
	for _, code := range slices.Sorted(maps.Keys(absent)) {
		if _, found := exported[code]; !found {
			i.keep(code, i.record())
		}
	}
	i.conclude()
}

// record is one of this import's.
func (i *dsptImport) record() api.DSPTRecord {
	return api.DSPTRecord{LookedUpAt: i.at, LookedUpBy: &i.by, RecordedBy: &i.by}
}

// keep takes in what the export says of an organisation, and counts what is another than before.
func (i *dsptImport) keep(code string, record api.DSPTRecord) {
	was := i.known[code]
	if was == nil {
		was = &api.DSPTRecord{}
	}
	if was.LookedUpAt.After(i.at) {
		if record.Found {
			i.report.Unchanged++
		}
		return
	}
	if was.Found {
		i.before++
	}
	i.kept = append(i.kept, store.DSPTRow{ODSCode: code, Record: record})
	_, isBound := slices.BinarySearch(i.bound, code)
	switch {
	case !was.Found && !record.Found:
		return
	case !was.Found:
		i.report.Added++
		if !isBound {
			return // the first import adds them all
		}
	case !record.Found:
		i.report.Gone++
	case *dsptText(*was) != *dsptText(record):
		i.report.Changed++
	default:
		i.report.Unchanged++
		return
	}
	change := api.DSPTChange{OdsCode: code, Before: dsptText(*was), After: dsptText(record)}
	i.report.Changes = append(i.report.Changes, change)
}

// looksFiltered says that more rows are gone than a register loses from one export to the next. Each would refuse orders.
func (i *dsptImport) looksFiltered() bool {
	return i.report.Gone > fewGone && i.report.Gone*goneAtMostOneIn > i.before
}

// dsptText is what a row of the register says; nil where there is none.
func dsptText(record api.DSPTRecord) *string {
	if !record.Found {
		return nil
	}
	text := *orDefault(record.Status, "")
	if record.PublishedOn != nil {
		text += ", published on " + *record.PublishedOn
	}
	return &text
}

// conclude puts the changes in order, those of organisations that are bound first, and cuts them off.
func (i *dsptImport) conclude() {
	rank := func(change api.DSPTChange) int {
		if _, isBound := slices.BinarySearch(i.bound, change.OdsCode); isBound {
			return 0
		}
		return 1
	}
	slices.SortFunc(i.report.Changes, func(a, b api.DSPTChange) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.OdsCode, b.OdsCode))
	})
	i.report.Changes = append([]api.DSPTChange{}, i.report.Changes[:min(mostChanges, len(i.report.Changes))]...)
	i.ofBound = []string{}
	for _, change := range i.report.Changes {
		if rank(change) == 0 {
			i.ofBound = append(i.ofBound, fmt.Sprintf("%s: %s -> %s", change.OdsCode,
				*orDefault(change.Before, "no row"), *orDefault(change.After, "no row")))
		}
	}
}
