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

func newAgreements(a *app) *cobra.Command {
	return a.group("agreements", "What the register of HSCN Connection Agreements and your own contracts show (calls a broker)",
		newAgreementsRecordRegister(a), newAgreementsRecordFlowDown(a))
}

// registerFlags are what the register showed.
type registerFlags struct {
	lookUp
	kind, reference, signedOn, endedOn, withdrawnOn string
}

func newAgreementsRecordRegister(a *app) *cobra.Command {
	var f registerFlags
	record := a.lookingUp(a.command("record-register CODE", "Records what the register of HSCN Connection Agreements showed", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			entry, err := f.registerRecord()
			if err != nil {
				return err
			}
			return a.record(f.lookUp, "what the register of agreements showed", func(broker api.ClientInterface, at time.Time) (api.OrganisationRecord, error) {
				entry.LookedUpAt = at
				params := &api.RecordRegisterLookUpParams{IdempotencyKey: client.NewIdempotencyKey()}
				return client.Decode[api.OrganisationRecord](broker.RecordRegisterLookUp(ctx, args[0], params, entry))
			})
		}), &f.lookUp)
	record.Long = `Records what NHS's register of HSCN Connection Agreements showed of the organisation of that code. Look it up again before
the policy's number of days is over (fact_ages_days.register): older look-ups count as not checked.

Where the policy wants a second person, whoever records the look-up does not approve the order that rests on it.`
	record.Example = `  hscn-broker agreements record-register A1B2C --reference CA-2041 --signed-on 2026-10-02
  hscn-broker agreements record-register A1B2C --reference CA-2041 --signed-on 2019-05-01 --ended-on 2026-09-30
  hscn-broker agreements record-register A1B2C --not-found --looked-up-at 2026-11-02T09:30:00Z`
	flags := record.Flags()
	flags.StringVar(&f.kind, "kind", "", "connection_agreement, or igsoc for the statement of compliance that came before (default connection_agreement)")
	flags.StringVar(&f.reference, "reference", "", "the register's own reference")
	flags.StringVar(&f.signedOn, "signed-on", "", "the `DAY` of the signature, such as 2026-10-02")
	flags.StringVar(&f.endedOn, "ended-on", "", "the `DAY` on which it ended or ends")
	flags.StringVar(&f.withdrawnOn, "withdrawn-on", "", "the `DAY` on which it was withdrawn")
	maybeNotFound(record, &f.lookUp, "the register", "kind", "reference", "signed-on", "ended-on", "withdrawn-on")
	return record
}

// registerRecord is the record that the flags make, but for its time.
func (f registerFlags) registerRecord() (api.RegisterRecord, error) {
	record := api.RegisterRecord{
		LookedUpBy: text(f.by), Found: !f.notFound, Reference: text(f.reference),
		SignedOn: text(f.signedOn), EndedOn: text(f.endedOn), WithdrawnOn: text(f.withdrawnOn),
	}
	if f.kind != "" {
		kind := api.RegisterRecordKind(f.kind)
		if !kind.Valid() {
			return record, &usageError{fmt.Sprintf("--kind is connection_agreement or igsoc, not %q", f.kind)}
		}
		record.Kind = &kind
	}
	return record, nil
}

func newAgreementsRecordFlowDown(a *app) *cobra.Command {
	var l lookUp
	var documents []string
	record := a.lookingUp(a.command("record-flow-down CODE", "Records which of your documents the organisation has signed", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			signed := make([]api.FlowDownDocument, len(documents))
			for i, words := range documents {
				var err error
				if signed[i], err = flowDownDocument(words); err != nil {
					return err
				}
			}
			return a.record(l, "what your own contracts show", func(broker api.ClientInterface, at time.Time) (api.OrganisationRecord, error) {
				params := &api.RecordFlowDownParams{IdempotencyKey: client.NewIdempotencyKey()}
				contracts := api.FlowDownRecord{LookedUpAt: at, LookedUpBy: text(l.by), Documents: signed}
				return client.Decode[api.OrganisationRecord](broker.RecordFlowDown(ctx, args[0], params, contracts))
			})
		}), &l)
	record.Long = `Records which of the documents that carry the terms of the HSCN Connection Agreement down to a customer the organisation
of that code has signed with you, and in which version: the policy lists their kinds and least versions
(agreements.flow_down_documents). It takes the place of what was recorded before: give all of them.`
	record.Example = `  hscn-broker agreements record-flow-down A1B2C --document kind=master_services_agreement,version=11.2,signed_on=2025-04-01
  hscn-broker agreements record-flow-down A1B2C --no-documents`
	flags := record.Flags()
	flags.StringArrayVar(&documents, "document", nil, "a document as `kind=...,version=...`, and signed_on=DAY and ended_on=DAY where they are known; may be repeated")
	flags.Bool("no-documents", false, "it has signed none")
	record.MarkFlagsMutuallyExclusive("document", "no-documents")
	record.MarkFlagsOneRequired("document", "no-documents")
	return record
}

// flowDownDocument reads a document that a flag gives.
func flowDownDocument(words string) (api.FlowDownDocument, error) {
	var document api.FlowDownDocument
	for pair := range strings.SplitSeq(words, ",") {
		name, given, _ := strings.Cut(pair, "=")
		given = strings.TrimSpace(given)
		switch strings.TrimSpace(name) {
		case "kind":
			document.Kind = given
		case "version":
			document.Version = given
		case "signed_on":
			document.SignedOn = text(given)
		case "ended_on":
			document.EndedOn = text(given)
		default:
			return document, &usageError{fmt.Sprintf("--document has kind, version, signed_on and ended_on, not %q", strings.TrimSpace(name))}
		}
	}
	if document.Kind == "" || document.Version == "" {
		return document, &usageError{fmt.Sprintf(
			"--document needs kind and version, such as kind=master_services_agreement,version=11.2, and %q lacks one", words)}
	}
	return document, nil
}
