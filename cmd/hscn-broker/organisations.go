package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

func newOrganisations(a *app) *cobra.Command {
	return a.group("organisations", "What is known of organisations, and what the directory (ODS) says of them (calls a broker)",
		newOrganisationsShow(a), newOrganisationsRecord(a))
}

func newOrganisationsShow(a *app) *cobra.Command {
	show := a.calling(a.command("show CODE", "Shows everything that was recorded of an organisation, when and by whom", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			broker, err := a.call()
			if err != nil {
				return err
			}
			record, err := client.Decode[api.OrganisationRecord](broker.GetOrganisation(ctx, args[0]))
			if err != nil {
				return err
			}
			return a.show(record, func() { a.showOrganisation(record) })
		}))
	show.Example = `  hscn-broker organisations show A1B2C`
	return show
}

func (a *app) showOrganisation(o api.OrganisationRecord) {
	a.facts("Organisation", o.OdsCode, "Accounts that may act for it", orDash(strings.Join(o.Accounts, ", ")))
	section := func(title string, checked bool, facts ...string) {
		fmt.Fprintf(a.stdout, "\n%s\n", title)
		if !checked {
			fmt.Fprintln(a.stdout, "Not checked: nobody has looked yet.")
			return
		}
		a.facts(facts...)
	}
	var directory, register, flowDown, dspt []string
	if r := o.Directory; r != nil {
		directory = append(provenance(r.LookedUpAt, r.LookedUpBy, r.RecordedBy, r.Found),
			"Title", value(r.Title), "Active", yesNo(r.Active), "Record class", value(r.RecordClass), "Primary role", value(r.PrimaryRole),
			"Country", value(r.Country), "Operational end", value(r.OperationalEnd), "Legal end", value(r.LegalEnd),
			"Parent", value(r.Parent), "Sites", strings.Join(r.Sites, ", "), "Successors", strings.Join(r.Successors, ", "))
	}
	if r := o.Register; r != nil {
		kind := ""
		if r.Kind != nil {
			kind = string(*r.Kind)
		}
		register = append(provenance(r.LookedUpAt, r.LookedUpBy, r.RecordedBy, r.Found),
			"Kind", kind, "Reference", value(r.Reference), "Signed on", value(r.SignedOn), "Ended on", value(r.EndedOn),
			"Withdrawn on", value(r.WithdrawnOn))
	}
	if r := o.FlowDown; r != nil {
		flowDown = provenance(r.LookedUpAt, r.LookedUpBy, r.RecordedBy, len(r.Documents) > 0)
		for _, d := range r.Documents {
			words := d.Kind + " " + d.Version
			if d.SignedOn != nil {
				words += ", signed on " + *d.SignedOn
			}
			if d.EndedOn != nil {
				words += ", ended on " + *d.EndedOn
			}
			flowDown = append(flowDown, "Document", words)
		}
	}
	if r := o.Dspt; r != nil {
		dspt = append(provenance(r.LookedUpAt, r.LookedUpBy, r.RecordedBy, r.Found),
			"Status", value(r.Status), "Published on", value(r.PublishedOn))
	}
	section("Directory of organisations (ODS)", o.Directory != nil, directory...)
	section("Register of HSCN Connection Agreements", o.Register != nil, register...)
	section("Your own contracts that carry the agreement's terms", o.FlowDown != nil, flowDown...)
	section("Public DSPT register", o.Dspt != nil, dspt...)
}

// provenance says of a look-up when it was made, by whom, and whether it found anything.
func provenance(lookedUpAt time.Time, by, recordedBy *string, found bool) []string {
	words := at(&lookedUpAt)
	if by != nil {
		words += " by " + *by
	}
	if recordedBy != nil && value(by) != *recordedBy {
		words += ", recorded by " + *recordedBy
	}
	result := "yes"
	if !found {
		result = "no"
	}
	return []string{"Looked up", words, "Found", result}
}

func yesNo(known *bool) string {
	switch {
	case known == nil:
		return ""
	case *known:
		return "yes"
	default:
		return "no"
	}
}

// directoryFlags are what the directory said.
type directoryFlags struct {
	lookUp
	title, class, role, country, operationalEnd, legalEnd, parent string
	sites, successors                                             []string
	inactive                                                      bool
}

func newOrganisationsRecord(a *app) *cobra.Command {
	var f directoryFlags
	record := a.lookingUp(a.command("record CODE", "Records what the directory (ODS) said of an organisation", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			return a.record(f.lookUp, "what the directory said", func(broker api.ClientInterface, at time.Time) (api.OrganisationRecord, error) {
				params := &api.RecordDirectoryLookUpParams{IdempotencyKey: client.NewIdempotencyKey()}
				return client.Decode[api.OrganisationRecord](broker.RecordDirectoryLookUp(ctx, args[0], params, f.directoryRecord(at)))
			})
		}), &f.lookUp)
	record.Long = `Records what the directory of organisations (the Organisation Data Service, ODS) said of the organisation of that code. It
takes the place of what was recorded of it from there before: give everything that the directory shows.

An organisation that was merged has a legal end and a successor, whose DSPT row counts for it where it has none of its
own. A site (record class RC2) has a parent, under which the agreement stands.`
	record.Example = `  hscn-broker organisations record A1B2C --title "Meadow Trust" --record-class RC1 --role RO197 --country ENGLAND
  hscn-broker organisations record D3E4F --title "Dale Surgery" --inactive --legal-end 2026-09-30 --successor A1B2C
  hscn-broker organisations record ZZZZZ --not-found`
	flags := record.Flags()
	flags.StringVar(&f.title, "title", "", "the organisation's name")
	flags.BoolVar(&f.inactive, "inactive", false, "its operational status is not Active")
	flags.StringVar(&f.class, "record-class", "", "RC1 for an organisation, RC2 for a site")
	flags.StringVar(&f.role, "role", "", "the primary role, such as RO197")
	flags.StringVar(&f.country, "country", "", "the country of its seat, as the directory writes it, such as ENGLAND")
	flags.StringVar(&f.operationalEnd, "operational-end", "", "the last `DAY` of its operation, such as 2026-09-30")
	flags.StringVar(&f.legalEnd, "legal-end", "", "the last `DAY` of its legal existence, such as 2026-09-30")
	flags.StringVar(&f.parent, "parent", "", "the `CODE` of the organisation that it is part of")
	flags.StringSliceVar(&f.sites, "site", nil, "the `CODE` of a site of it; may be repeated")
	flags.StringSliceVar(&f.successors, "successor", nil, "the `CODE` of an organisation that took over from it; may be repeated")
	maybeNotFound(record, &f.lookUp, "the directory", "title", "inactive", "record-class", "role", "country", "operational-end",
		"legal-end", "parent", "site", "successor")
	return record
}

// directoryRecord is the record that the flags make.
func (f directoryFlags) directoryRecord(at time.Time) api.DirectoryRecord {
	record := api.DirectoryRecord{LookedUpAt: at, LookedUpBy: text(f.by), Found: !f.notFound}
	if f.notFound {
		return record
	}
	active := !f.inactive
	record.Active = &active
	record.Title, record.RecordClass, record.PrimaryRole, record.Country = text(f.title), text(f.class), text(f.role), text(f.country)
	record.OperationalEnd, record.LegalEnd, record.Parent = text(f.operationalEnd), text(f.legalEnd), text(f.parent)
	record.Sites, record.Successors = f.sites, f.successors
	return record
}
