package orders

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/page"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Accounts returns a page of all accounts, with the organisations that they may act for.
func (d *Desk) Accounts(ctx context.Context, params api.ListAccountsParams) (api.AccountPage, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.AccountPage, error) {
		answer := api.AccountPage{Items: []api.Account{}}
		size := page.Size(params.PageSize)
		after, err := pageAfter[string](params.PageToken)
		if err != nil {
			return answer, err
		}
		rows, err := r.Accounts(ctx, store.AccountFilter{After: *orDefault(after, ""), Limit: size + 1})
		if err != nil {
			return answer, err
		}
		if rows, answer.NextPageToken, err = page.Cut(rows, size, func(a store.Account) any { return a.ID }); err != nil {
			return answer, err
		}
		for _, row := range rows {
			answer.Items = append(answer.Items, accountShown(row))
		}
		return answer, nil
	})
}

// accountShown is an account in the contract's words.
func accountShown(row store.Account) api.Account {
	return api.Account{
		ID: row.ID, Title: row.Title, Kind: row.Kind, Retired: row.Retired, Organisations: append([]string{}, row.Organisations...),
	}
}

// BindOrganisation records that the account may act for the organisation of that code; orders that asked for it go on.
// It may be said again. Refusals are problem.RequestInvalid for what is no code, and ObjectGone where there is no such
// account.
func (d *Desk) BindOrganisation(ctx context.Context, w request.Write, account, code string, spec api.BindingSpec) (api.Account, error) {
	return d.rebind(ctx, w, account, code, func(bound []string, code string) ([]string, entry, error) {
		e := entry{action: "account.bind", details: map[string]any{"ods_code": code}}
		if spec.Reference != nil {
			e.details["reference"] = *spec.Reference
		}
		return append(bound, code), e, nil
	})
}

// UnbindOrganisation records that the account may no longer act for the organisation; what it has stays as it is. Beside
// the refusals of BindOrganisation, ObjectGone says that it might not act for it anyway: of a code that was mistyped
// nobody should believe that it is done.
func (d *Desk) UnbindOrganisation(ctx context.Context, w request.Write, account, code string) (api.Account, error) {
	return d.rebind(ctx, w, account, code, func(bound []string, code string) ([]string, entry, error) {
		if !slices.Contains(bound, code) {
			return nil, entry{}, gone("Account %q may not act for %s anyway.", account, code)
		}
		rest := slices.DeleteFunc(bound, func(other string) bool { return other == code })
		return rest, entry{action: "account.unbind", details: map[string]any{"ods_code": code}}, nil
	})
}

// rebind changes what the account may act for. change is given a list of its own.
func (d *Desk) rebind(
	ctx context.Context, w request.Write, id, code string,
	change func(bound []string, code string) ([]string, entry, error),
) (api.Account, error) {
	code, err := canonicalCode(code)
	if err != nil {
		return api.Account{}, err
	}
	return recordFacts(ctx, d, w, false, func(ctx context.Context, tx *store.Tx, now time.Time) (recorded[api.Account], error) {
		none := recorded[api.Account]{}
		row, err := tx.AccountByID(ctx, id)
		if err != nil {
			return none, orGone(err, "account \""+id+"\"")
		}
		bound, e, err := change(append([]string{}, row.Organisations...), code)
		if err != nil {
			return none, err
		}
		row.Organisations = bound
		did, err := tx.UpsertAccount(ctx, row, now)
		if err != nil {
			return none, err
		}
		if row, err = tx.AccountByID(ctx, id); err != nil {
			return none, err
		}
		e.account, e.object = id, "accounts/"+id
		return recorded[api.Account]{answer: accountShown(row), changed: did != store.Unchanged, entry: e}, nil
	})
}

// canonicalCode is the one spelling of a code that a path or a query gives. The error is a problem.RequestInvalid.
func canonicalCode(code string) (string, error) {
	if err := hscn.ValidateODSCode(code); err != nil {
		var wrong offences
		wrong.word(err)
		pointer := "ods_code"
		wrong[0].Pointer = &pointer
		return "", wrong.err()
	}
	return hscn.CanonicalODSCode(code), nil
}

// OrganisationRecord returns everything that was recorded of the organisation, by whom, and which accounts may act for
// it. It is problem.ObjectGone where nothing was, and none may.
func (d *Desk) OrganisationRecord(ctx context.Context, code string) (api.OrganisationRecord, error) {
	code, err := canonicalCode(code)
	if err != nil {
		return api.OrganisationRecord{}, err
	}
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.OrganisationRecord, error) {
		found, err := organisationRecord(ctx, r, code)
		if err == nil && found.Directory == nil && found.Register == nil && found.FlowDown == nil && found.Dspt == nil &&
			len(found.Accounts) == 0 {
			err = gone("Nothing was ever recorded of the organisation %s, and no account may act for it.", code)
		}
		return found, err
	})
}

// organisationRecord is what is known of an organisation in the operator's words.
func organisationRecord(ctx context.Context, r *store.Reader, code string) (api.OrganisationRecord, error) {
	answer := api.OrganisationRecord{OdsCode: code, Accounts: []string{}}
	rows, err := r.OrganisationsByCode(ctx, []string{code})
	if err != nil {
		return answer, err
	}
	if len(rows) > 0 {
		row := rows[0]
		answer.Directory, answer.Register, answer.FlowDown, answer.Dspt = row.Directory, row.Register, row.FlowDown, row.DSPT
	}
	accounts, err := r.AccountsOfOrganisation(ctx, code)
	answer.Accounts = append(answer.Accounts, accounts...)
	return answer, err
}

const (
	// mostOrganisations is how many organisations a search answers with: it is for finding one.
	mostOrganisations = 100
	// leastTitle is how many characters of a title a search needs.
	leastTitle = 3
)

// Organisations returns what is known of the organisation of a code, in any spelling, or of those whose title in the
// directory contains a text. What the account has no business with it does not learn, as of ComplianceFacts. A
// problem.RequestInvalid says that it was asked for neither or both.
func (d *Desk) Organisations(ctx context.Context, caller request.Caller, params api.ListOrganisationsParams) (api.OrganisationList, error) {
	now := d.now()
	answer := api.OrganisationList{Now: now, Items: []api.OrganisationFacts{}}
	refuse := func(parameter, reason string) (api.OrganisationList, error) {
		return answer, invalid(api.InvalidMember{Pointer: &parameter, Detail: reason})
	}
	code := ""
	switch {
	case params.OdsCode == nil && params.Title == nil:
		return refuse("ods_code", "is missing: give exactly one of ods_code and title")
	case params.OdsCode != nil && params.Title != nil:
		return refuse("title", "is given beside ods_code: give exactly one of the two")
	case params.Title != nil && len([]rune(strings.TrimSpace(*params.Title))) < leastTitle:
		return refuse("title", "has fewer than 3 characters, white space around it aside")
	case params.OdsCode != nil:
		var err error
		if code, err = canonicalCode(*params.OdsCode); err != nil {
			return answer, err
		}
	}
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.OrganisationList, error) {
		account, err := r.AccountByID(ctx, caller.Account)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return answer, err
		}
		var rows []store.Organisation
		if params.Title != nil {
			rows, err = r.OrganisationsByTitle(ctx, *params.Title, mostOrganisations)
		} else if rows, err = r.OrganisationsByCode(ctx, []string{code}); err == nil && len(rows) == 0 {
			rows = []store.Organisation{{ODSCode: code}}
		}
		if err != nil {
			return answer, err
		}
		for _, row := range rows {
			answer.Items = append(answer.Items, shownToCustomer(factsOf(account, row)))
		}
		return answer, nil
	})
}

// RecordDirectoryLookUp records what the directory of organisations said of one. Orders that wait are judged again.
//
// The four operations that record a look-up check and keep it as an inventory's is. Refusals are problem.RequestInvalid
// for what does not make sense or lies in the future, and StateForbids where a later look-up is recorded already.
func (d *Desk) RecordDirectoryLookUp(
	ctx context.Context, w request.Write, code string, record api.DirectoryRecord,
) (api.OrganisationRecord, error) {
	return d.recordLookUp(ctx, w, code, "directory", api.InventoryOrganisation{Directory: &record})
}

// RecordRegisterLookUp records what the register of HSCN Connection Agreements showed of an organisation.
func (d *Desk) RecordRegisterLookUp(
	ctx context.Context, w request.Write, code string, record api.RegisterRecord,
) (api.OrganisationRecord, error) {
	return d.recordLookUp(ctx, w, code, "register", api.InventoryOrganisation{Register: &record})
}

// RecordFlowDown records which of the CSP's documents an organisation has signed.
func (d *Desk) RecordFlowDown(
	ctx context.Context, w request.Write, code string, record api.FlowDownRecord,
) (api.OrganisationRecord, error) {
	return d.recordLookUp(ctx, w, code, "flow_down", api.InventoryOrganisation{FlowDown: &record})
}

// RecordDSPTLookUp records what the public DSPT register showed of an organisation.
func (d *Desk) RecordDSPTLookUp(
	ctx context.Context, w request.Write, code string, record api.DSPTRecord,
) (api.OrganisationRecord, error) {
	return d.recordLookUp(ctx, w, code, "dspt", api.InventoryOrganisation{Dspt: &record})
}

// recordLookUp records one look-up: fact is the member of the organisation that it is, and the only one that is given.
func (d *Desk) recordLookUp(
	ctx context.Context, w request.Write, code, fact string, given api.InventoryOrganisation,
) (api.OrganisationRecord, error) {
	code, err := canonicalCode(code)
	if err != nil {
		return api.OrganisationRecord{}, err
	}
	given.OdsCode = code
	return recordFacts(ctx, d, w, false, func(ctx context.Context, tx *store.Tx, now time.Time) (recorded[api.OrganisationRecord], error) {
		none := recorded[api.OrganisationRecord]{}
		p, err := d.policyInForce(ctx, tx.Reader, now)
		if err != nil {
			return none, err
		}
		l := lookUps{now: now, policy: p, by: w.Caller.Subject}
		var wrong offences
		l.check(given, &wrong)
		for _, member := range wrong {
			*member.Pointer = strings.TrimPrefix(*member.Pointer, "/"+fact) // the body is the record itself
		}
		if err := wrong.err(); err != nil {
			return none, err
		}
		was := store.Organisation{ODSCode: code}
		rows, err := tx.OrganisationsByCode(ctx, []string{code})
		if err != nil {
			return none, err
		}
		if len(rows) > 0 {
			was = rows[0]
		}
		lookedUpAt := lookUpTimes(api.OrganisationFacts{
			Directory: given.Directory, Register: given.Register, FlowDown: given.FlowDown, Dspt: given.Dspt,
		})[fact]
		if known := lookUpTimes(factsOf(store.Account{}, was))[fact]; known.After(lookedUpAt) {
			return none, problem.New(problem.StateForbids, "The look-up of %s was made at %s, and a later one, of %s, is recorded already: "+
				"look it up again, and record what you find then.", code, clockText(lookedUpAt), clockText(known))
		}
		did, err := tx.UpsertOrganisation(ctx, l.kept(given, was), now)
		if err != nil {
			return none, err
		}
		after, err := organisationRecord(ctx, tx.Reader, code)
		return recorded[api.OrganisationRecord]{answer: after, changed: did != store.Unchanged, entry: entry{
			action: "organisation.record", object: "organisations/" + code,
			details: map[string]any{
				"fact": fact, "looked_up_at": clockText(lookedUpAt), "record_sha256": sumOf(given), "change": string(did),
			},
		}}, err
	})
}

// lookUpTimes says when each of the facts was looked up that there are, by its name in the contract.
func lookUpTimes(o api.OrganisationFacts) map[string]time.Time {
	times := make(map[string]time.Time)
	if o.Directory != nil {
		times["directory"] = store.Instant(o.Directory.LookedUpAt)
	}
	if o.Register != nil {
		times["register"] = store.Instant(o.Register.LookedUpAt)
	}
	if o.FlowDown != nil {
		times["flow_down"] = store.Instant(o.FlowDown.LookedUpAt)
	}
	if o.Dspt != nil {
		times["dspt"] = store.Instant(o.Dspt.LookedUpAt)
	}
	return times
}
