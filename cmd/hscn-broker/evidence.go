package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func newEvidence(a *app) *cobra.Command {
	return a.group("evidence", "Signed copies of agreements: lists, reads and decides (calls a broker)",
		newEvidenceList(a), newEvidenceShow(a), newEvidenceDocument(a), newEvidenceValidate(a), newEvidenceRefuse(a), newEvidenceLetter(a))
}

func newEvidenceList(a *app) *cobra.Command {
	var all bool
	var account string
	list := a.calling(a.command("list", "Lists the signed copies, what waits longest first", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		broker, err := a.call()
		if err != nil {
			return err
		}
		records, err := evidenceRecords(ctx, broker, account, all)
		if err != nil {
			return err
		}
		return a.show(records, func() {
			if len(records) == 0 {
				fmt.Fprintln(a.stdout, "There is nothing to look at.")
				return
			}
			rows := make([][]string, len(records))
			for i, r := range records {
				rows[i] = []string{
					r.Evidence.UID, orDash(waitsSince(r)), r.Evidence.State, r.Evidence.Account, r.Evidence.Name, r.Evidence.OdsCode,
					orDash(value(r.OrganisationTitle)),
				}
			}
			a.table([]string{"UID", "WAITS SINCE", "STATE", "ACCOUNT", "NAME", "ODS CODE", "ORGANISATION"}, rows)
		})
	}))
	list.Flags().BoolVar(&all, "all", false, "list those that wait for nobody as well")
	list.Flags().StringVar(&account, "account", "", "only those of this account")
	return list
}

func evidenceRecords(ctx context.Context, broker api.ClientInterface, account string, decided bool) ([]api.EvidenceRecord, error) {
	params := api.ListEvidenceRecordsParams{Decided: &decided}
	if account != "" {
		params.Account = &account
	}
	return everything(func(size *int, token *string) ([]api.EvidenceRecord, *string, error) {
		params.PageSize, params.PageToken = size, token
		page, err := client.Decode[api.EvidenceRecordPage](broker.ListEvidenceRecords(ctx, &params))
		return page.Items, page.NextPageToken, err
	})
}

// waiting is the version that waits for a person; nil where none does.
func waiting(r api.EvidenceRecord) *api.EvidenceVersion {
	if len(r.Versions) == 0 {
		return nil
	}
	newest := &r.Versions[len(r.Versions)-1]
	if newest.State != "received" || hscn.EvidenceState(r.Evidence.State).Final() {
		return nil
	}
	return newest
}

func waitsSince(r api.EvidenceRecord) string {
	if version := waiting(r); version != nil {
		return at(&version.ReceivedAt)
	}
	return ""
}

// evidenceID is how commands name a signed copy.
const evidenceID = `ID is the uid of a signed copy, or ACCOUNT/NAME, as "hscn-broker evidence list" shows both.`

// findEvidence returns the signed copy of that uid, or of that account and name; of several under one name the one that
// lives, or else the last that did.
func findEvidence(ctx context.Context, broker api.ClientInterface, id string) (api.EvidenceRecord, error) {
	if uuid.Validate(id) == nil {
		return client.Decode[api.EvidenceRecord](broker.GetEvidenceRecord(ctx, id))
	}
	account, name, _ := strings.Cut(id, "/")
	name = strings.TrimPrefix(name, hscn.AgreementEvidenceName(""))
	if account == "" || hscn.ValidateName(name) != nil {
		return api.EvidenceRecord{}, &usageError{fmt.Sprintf("%q is neither a uid nor ACCOUNT/NAME, as \"hscn-broker evidence list\" shows them", id)}
	}
	records, err := evidenceRecords(ctx, broker, account, true)
	if err != nil {
		return api.EvidenceRecord{}, err
	}
	var found *api.EvidenceRecord
	for i, r := range records {
		if r.Evidence.Name != hscn.AgreementEvidenceName(name) {
			continue
		}
		lives := hscn.EvidenceState(r.Evidence.State).Holds()
		if lives || found == nil || !hscn.EvidenceState(found.Evidence.State).Holds() && r.Evidence.CreatedAt.After(found.Evidence.CreatedAt) {
			found = &records[i]
		}
	}
	if found == nil {
		return api.EvidenceRecord{}, fmt.Errorf("the account %s has no signed copy %s: see \"hscn-broker evidence list --all --account %s\"",
			account, hscn.AgreementEvidenceName(name), account)
	}
	return *found, nil
}

func newEvidenceShow(a *app) *cobra.Command {
	show := a.calling(a.command("show ID", "Shows a signed copy with its versions, never its document", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			broker, err := a.call()
			if err != nil {
				return err
			}
			record, err := findEvidence(ctx, broker, args[0])
			if err != nil {
				return err
			}
			return a.show(record, func() { a.showEvidence(record) })
		}))
	show.Long = show.Short + ".\n\n" + evidenceID
	return show
}

func (a *app) showEvidence(r api.EvidenceRecord) {
	e := r.Evidence
	pending := ""
	if e.RegisterUpdatePending {
		pending = "the register does not show the agreement; the letter that asks for it: hscn-broker evidence letter " + e.UID
	}
	a.facts(
		"Name", e.Name,
		"Uid", e.UID,
		"Account", e.Account,
		"Organisation", strings.TrimSpace(e.OdsCode+" "+value(r.OrganisationTitle)),
		"State", e.State,
		"Reason", value(e.StateReason),
		"Handed in", at(&e.CreatedAt)+" by "+e.CreatedBy,
		"Connections", strings.Join(r.Connections, ", "),
		"To do", pending,
	)
	rows := make([][]string, len(r.Versions))
	for i, v := range r.Versions {
		decided := orDash(strings.TrimSuffix(at(v.DecidedAt)+" by "+value(v.DecidedBy), " by "))
		rows[i] = []string{
			strconv.FormatInt(v.Number, 10), v.State, v.SignedOn, orDash(value(v.CountersignedOn)), at(&v.ReceivedAt) + " by " + v.ReceivedBy,
			decided, strconv.FormatInt(v.SizeBytes, 10), v.DocumentSha256,
		}
	}
	fmt.Fprintln(a.stdout)
	a.table([]string{"VERSION", "STATE", "SIGNED", "COUNTER-SIGNED", "RECEIVED", "DECIDED", "BYTES", "SHA-256"}, rows)
	for _, v := range r.Versions {
		if v.Saw != nil {
			fmt.Fprintf(a.stdout, "\nVersion %d, what was seen: %s\n", v.Number, *v.Saw)
		}
		if v.Reason != nil {
			fmt.Fprintf(a.stdout, "\nVersion %d, why it was refused: %s\n", v.Number, *v.Reason)
		}
	}
	var findings strings.Builder
	writeFindings(&findings, e.Findings)
	if findings.Len() > 0 {
		fmt.Fprintf(a.stdout, "\nFindings:%s\n", findings.String())
	}
}

func newEvidenceLetter(a *app) *cobra.Command {
	letter := a.calling(a.command("letter ID", "Writes the letter that asks NHS to enter the agreement in its register", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			broker, err := a.call()
			if err != nil {
				return err
			}
			record, err := findEvidence(ctx, broker, args[0])
			if err != nil {
				return err
			}
			if record.RegisterLetter == nil {
				why := "the register shows the agreement"
				if record.Evidence.State != string(hscn.EvidenceValidated) {
					why = "nobody has validated it: it is " + record.Evidence.State
				}
				return fmt.Errorf("there is no letter to write about %s: %s", record.Evidence.Name, why)
			}
			return a.show(*record.RegisterLetter, func() { fmt.Fprint(a.stdout, *record.RegisterLetter) })
		}))
	letter.Long = letter.Short + ", ready to be sent.\n\n" + evidenceID
	return letter
}

func newEvidenceDocument(a *app) *cobra.Command {
	var out string
	var version int64
	document := a.calling(a.command("document ID", "Writes the document to a file; that it was read is written to the audit", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error { return a.readEvidence(ctx, args[0], version, out) }))
	document.Long = document.Short + ".\n\n" + evidenceID
	document.Flags().StringVar(&out, "out", "", "`FILE` to write it to, which only its owner can read; it must not be there yet")
	document.Flags().Int64Var(&version, "version", 0, "the version's number (default: the one that waits, else the one that holds)")
	if err := document.MarkFlagRequired("out"); err != nil {
		panic(err) // the flag is defined above
	}
	return document
}

func (a *app) readEvidence(ctx context.Context, id string, number int64, out string) error {
	broker, err := a.call()
	if err != nil {
		return err
	}
	record, err := findEvidence(ctx, broker, id)
	if err != nil {
		return err
	}
	if number == 0 {
		number = record.Evidence.DocumentVersion
		if version := waiting(record); version != nil {
			number = version.Number
		}
	}
	// Before the document is asked for: reading it leaves a trace, and is not to be done twice for a file that is in the way.
	file, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	content, err := documentOf(ctx, broker, record, number)
	if err != nil {
		return errors.Join(err, file.Close(), os.Remove(out))
	}
	_, err = file.Write(content)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write the document: %w", errors.Join(err, os.Remove(out)))
	}
	written := map[string]any{"file": out, "version": number, "size_bytes": len(content)}
	return a.show(written, func() {
		fmt.Fprintf(a.stdout, "Version %d of %s is in %s, %d bytes. Delete the file when you have looked at it.\n",
			number, record.Evidence.Name, out, len(content))
	})
}

// documentOf asks for the document of a version and holds it against the sum that the version has.
func documentOf(ctx context.Context, broker api.ClientInterface, r api.EvidenceRecord, number int64) ([]byte, error) {
	answer, err := broker.ReadEvidenceDocument(ctx, r.Evidence.UID, number)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "application/pdf" {
		_, err := client.Decode[api.Problem](answer, nil)
		return nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	sum := sha256.Sum256(content)
	if got, want := hex.EncodeToString(sum[:]), versionNumbered(r, number).DocumentSha256; got != want {
		return nil, fmt.Errorf("the document that arrived is not the one of version %d: its SHA-256 is %s, and that of the version %s", number, got, want)
	}
	return content, nil
}

// versionNumbered is the version of that number; an empty one where there is none.
func versionNumbered(r api.EvidenceRecord, number int64) api.EvidenceVersion {
	for _, version := range r.Versions {
		if version.Number == number {
			return version
		}
	}
	return api.EvidenceVersion{}
}

// verdictOnCopy sends what a person decided about a version.
type verdictOnCopy func(ctx context.Context, broker api.ClientInterface, uid string, version int64, key string) (api.EvidenceRecord, error)

func (a *app) decideEvidence(use, short string, decide verdictOnCopy) *cobra.Command {
	var version int64
	command := a.writing(a.command(use, short, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		broker, err := a.call()
		if err != nil {
			return err
		}
		record, err := findEvidence(ctx, broker, args[0])
		if err != nil {
			return err
		}
		number := version
		if number == 0 {
			newest := waiting(record)
			if newest == nil {
				return fmt.Errorf("no version of %s waits for a decision: it is %s", record.Evidence.Name, record.Evidence.State)
			}
			number = newest.Number
		}
		decided, err := decide(ctx, broker, record.Evidence.UID, number, client.NewIdempotencyKey())
		if err != nil {
			return err
		}
		return a.show(decided, func() {
			fmt.Fprintf(a.stdout, "Version %d of %s is %s; the evidence is %s.\n",
				number, decided.Evidence.Name, versionNumbered(decided, number).State, decided.Evidence.State)
			if len(decided.Connections) > 0 {
				fmt.Fprintf(a.stdout, "What waits for it is judged again: %s.\n", strings.Join(decided.Connections, ", "))
			}
			if decided.RegisterLetter != nil {
				fmt.Fprintf(a.stdout, "The register does not show the agreement. The letter that asks for it: hscn-broker evidence letter %s\n", decided.Evidence.UID)
			}
		})
	}))
	command.Long = short + ".\n\n" + evidenceID
	command.Flags().Int64Var(&version, "version", 0, "the version's number (default: the one that waits)")
	return command
}

func newEvidenceValidate(a *app) *cobra.Command {
	var saw string
	command := a.decideEvidence("validate ID", "Validates a signed copy: what waits for it goes on",
		func(ctx context.Context, broker api.ClientInterface, uid string, version int64, key string) (api.EvidenceRecord, error) {
			params := &api.ValidateEvidenceParams{IdempotencyKey: key}
			return client.Decode[api.EvidenceRecord](broker.ValidateEvidence(ctx, uid, version, params, api.EvidenceValidation{Saw: saw}))
		})
	command.Flags().StringVar(&saw, "saw", "", "what you saw: whose signatures, of which day, on which version of the agreement")
	if err := command.MarkFlagRequired("saw"); err != nil {
		panic(err) // the flag is defined above
	}
	return command
}

func newEvidenceRefuse(a *app) *cobra.Command {
	var reason string
	command := a.decideEvidence("refuse ID", "Refuses a signed copy; a version that was validated before holds on",
		func(ctx context.Context, broker api.ClientInterface, uid string, version int64, key string) (api.EvidenceRecord, error) {
			params := &api.RefuseEvidenceParams{IdempotencyKey: key}
			return client.Decode[api.EvidenceRecord](broker.RefuseEvidence(ctx, uid, version, params, api.OrderReason{Reason: reason}))
		})
	return needsReason(command, &reason)
}
