package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/dspt"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

func newDSPT(a *app) *cobra.Command {
	return a.group("dspt", "What the public DSPT register shows (calls a broker)", newDSPTImport(a), newDSPTRecord(a))
}

func newDSPTImport(a *app) *cobra.Command {
	var exportedAt string
	var dryRun, allowGone bool
	load := a.writing(a.command("import FILE", "Records an export of the whole public register", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			params := &api.ImportDSPTParams{IdempotencyKey: client.NewIdempotencyKey(), DryRun: &dryRun, AllowGone: &allowGone}
			if made, named := dspt.ExportedAt(filepath.Base(args[0])); exportedAt == "" && named {
				params.ExportedAt = &made
			}
			if exportedAt != "" {
				made, err := timeFlag("exported-at", exportedAt)
				if err != nil {
					return err
				}
				params.ExportedAt = &made
			}
			return a.importDSPT(ctx, args[0], params)
		}))
	load.Long = `Records the CSV file that the search page of dsptoolkit.nhs.uk offers, with the statuses of every organisation in health
and social care. "-" reads standard input. Export the whole register, without any filter: an organisation that the file
does not have is recorded as having no status. One that lacks more than a tenth of those that had a status looks filtered
and is refused, unless --allow-gone says that they may be gone.

The columns are found by their headings, as they were spelt in any year. All rows are recorded in one transaction or none
is; one that cannot be read is named with its line. What was looked up of a single organisation after the export stays.
Orders that wait are judged again.

When the export was made stands in the name of the file, "DSPT search results DD_MM_YYYY HH_MM_SS.csv", by London's
clocks; from a file of another name it is taken to be made now, unless --exported-at says otherwise.`
	load.Example = `  hscn-broker dspt import "DSPT search results 02_11_2026 09_30_00.csv" --dry-run
  hscn-broker dspt import dspt.csv --exported-at 2026-11-02T09:30:00Z`
	load.Flags().StringVar(&exportedAt, "exported-at", "", "when the register was exported, such as 2026-11-02T09:30:00Z")
	load.Flags().BoolVar(&allowGone, "allow-gone", false, "take an export that lacks many organisations that had a status until now")
	load.Flags().BoolVar(&dryRun, "dry-run", false, "say what would change, and change nothing")
	return load
}

func (a *app) importDSPT(ctx context.Context, file string, params *api.ImportDSPTParams) error {
	export, err := a.read(file, "the export")
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(export)) == 0 {
		return fmt.Errorf("read the export: %s is empty: export the register again", file)
	}
	broker, err := a.call()
	if err != nil {
		return err
	}
	report, err := client.Decode[api.DSPTImportReport](broker.ImportDSPTWithBody(ctx, params, "text/csv", bytes.NewReader(export)))
	if err != nil {
		return err
	}
	return a.show(report, func() {
		if len(report.Changes) > 0 {
			rows := make([][]string, len(report.Changes))
			for i, change := range report.Changes {
				rows[i] = []string{change.OdsCode, orDash(value(change.Before)), orDash(value(change.After))}
			}
			a.table([]string{"CODE", "BEFORE", "NOW"}, rows)
			if all := report.Changed + report.Gone; int64(len(rows)) < all {
				fmt.Fprintf(a.stdout, "These are the first %d of %d changes, those of organisations that an account is bound to before others.\n", len(rows), all)
			}
			fmt.Fprintln(a.stdout)
		}
		count := func(n int64) string { return strconv.FormatInt(n, 10) }
		a.facts("Exported", at(&report.ExportedAt), "Rows", count(report.Rows), "Added", count(report.Added),
			"Changed", count(report.Changed), "Gone", count(report.Gone), "As before", count(report.Unchanged))
		if report.DryRun {
			fmt.Fprintln(a.stdout, "Nothing was changed.")
			return
		}
		fmt.Fprintln(a.stdout, "All of it is recorded. Orders that wait are judged again.")
	})
}

func newDSPTRecord(a *app) *cobra.Command {
	var l lookUp
	var status, publishedOn string
	record := a.lookingUp(a.command("record CODE", "Records what the public register showed of one organisation", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			return a.record(l, "what the DSPT register showed", func(broker api.ClientInterface, at time.Time) (api.OrganisationRecord, error) {
				params := &api.RecordDSPTLookUpParams{IdempotencyKey: client.NewIdempotencyKey()}
				return client.Decode[api.OrganisationRecord](broker.RecordDSPTLookUp(ctx, args[0], params, api.DSPTRecord{
					LookedUpAt: at, LookedUpBy: text(l.by), Found: !l.notFound, Status: text(status), PublishedOn: text(publishedOn),
				}))
			})
		}), &l)
	record.Long = `Records what dsptoolkit.nhs.uk showed of the organisation of that code, between two imports of the whole register.`
	record.Example = `  hscn-broker dspt record A1B2C --status "25/26 Standards Met" --published-on 2026-06-20
  hscn-broker dspt record A1B2C --not-found`
	record.Flags().StringVar(&status, "status", "", "the register's own words, such as \"25/26 Standards Met\"")
	record.Flags().StringVar(&publishedOn, "published-on", "", "the `DAY` of the publication, such as 2026-06-20")
	maybeNotFound(record, &l, "the register", "status", "published-on")
	record.MarkFlagsOneRequired("status", "not-found")
	return record
}
