package orders

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/page"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// activeWaivers returns the account's waivers that count now, oldest first.
func activeWaivers(ctx context.Context, r *store.Reader, account string, now time.Time) ([]api.Waiver, error) {
	rows, err := r.WaiversCountingOn(ctx, account, hscn.DateIn(now).String())
	if err != nil {
		return nil, err
	}
	waivers := make([]api.Waiver, len(rows))
	for i, row := range rows {
		waivers[i] = api.Waiver{
			Rule: row.Rule, Connection: given(row.Connection), Until: row.Until, Reason: row.Reason, Reference: row.Reference,
		}
	}
	return waivers, nil
}

// waiverShown is a waiver in the operator's words.
func waiverShown(row store.Waiver) api.WaiverRecord {
	return api.WaiverRecord{
		UID: row.UID, Account: row.Account, Connection: given(row.Connection), Rule: row.Rule, Until: row.Until,
		Reason: row.Reason, Reference: row.Reference, GrantedAt: row.GrantedAt, GrantedBy: row.GrantedBy,
		EndedAt: row.EndedAt, EndedBy: given(row.EndedBy), EndedBecause: given(row.EndedBecause),
	}
}

// Waivers returns a page of the waivers of all accounts, newest first: those that count, and on request those that no
// longer do.
func (d *Desk) Waivers(ctx context.Context, params api.ListWaiversParams) (api.WaiverPage, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.WaiverPage, error) {
		answer := api.WaiverPage{Items: []api.WaiverRecord{}}
		size := page.Size(params.PageSize)
		after, err := pageAfter[store.WaiverKey](params.PageToken)
		if err != nil {
			return answer, err
		}
		filter := store.WaiverFilter{After: after, Limit: size + 1}
		if !*orDefault(params.Ended, false) {
			filter.CountingOn = hscn.DateIn(d.now()).String()
		}
		rows, err := r.Waivers(ctx, filter)
		if err != nil {
			return answer, err
		}
		if rows, answer.NextPageToken, err = page.Cut(rows, size, func(w store.Waiver) any { return w.Key() }); err != nil {
			return answer, err
		}
		for _, row := range rows {
			answer.Items = append(answer.Items, waiverShown(row))
		}
		return answer, nil
	})
}

// GrantWaiver grants a dated exception from a rule, for an account or for one of its connections, which may be ordered
// later; orders that wait are judged again. It counts to the end of its last day, in London. Refusals are
// problem.Forbidden for a machine, and RequestInvalid with all that is wrong: an account that is not there, a rule that
// is not, or that nobody waives, a day that is past; and StateForbids where one that counts waives the same for as long,
// since ending either would leave the other.
func (d *Desk) GrantWaiver(ctx context.Context, w request.Write, spec api.WaiverSpec) (api.WaiverRecord, error) {
	if err := aPersons(w, "A waiver"); err != nil {
		return api.WaiverRecord{}, err
	}
	return recordFacts(ctx, d, w, false, func(ctx context.Context, tx *store.Tx, now time.Time) (recorded[api.WaiverRecord], error) {
		none := recorded[api.WaiverRecord]{}
		var wrong offences
		switch _, err := tx.AccountByID(ctx, spec.Account); {
		case errors.Is(err, store.ErrNotFound):
			wrong.add(fmt.Sprintf("%q is no account of this broker's", spec.Account), "account")
		case err != nil:
			return none, err
		}
		checkWaiver(spec, now, &wrong)
		if err := wrong.err(); err != nil {
			return none, err
		}
		if err := notWaived(ctx, tx, spec, now); err != nil {
			return none, err
		}
		row := store.Waiver{
			UID: uuid.NewString(), Account: spec.Account, Connection: *orDefault(spec.Connection, ""), Rule: spec.Rule,
			Until: spec.Until, Reason: spec.Reason, Reference: spec.Reference, GrantedAt: now, GrantedBy: w.Caller.Subject,
		}
		if err := tx.InsertWaiver(ctx, &row); err != nil {
			return none, err
		}
		return recorded[api.WaiverRecord]{answer: waiverShown(row), changed: true, entry: waiverEntry("waiver.grant", row, map[string]any{
			"until": row.Until, "reference": row.Reference, "reason_sha256": sumOf(row.Reason),
		})}, nil
	})
}

// notWaived refuses what is waived already, for as long.
func notWaived(ctx context.Context, tx *store.Tx, spec api.WaiverSpec, now time.Time) error {
	rows, err := tx.WaiversCountingOn(ctx, spec.Account, hscn.DateIn(now).String())
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Rule == spec.Rule && row.Connection == *orDefault(spec.Connection, "") && row.Until >= spec.Until {
			return problem.New(problem.StateForbids, "%s granted the waiver %s of %s, which counts until %s (%s), for the same already: "+
				"there is nothing to grant.", row.GrantedBy, row.UID, row.Rule, row.Until, row.Reference)
		}
	}
	return nil
}

// checkWaiver adds to the offences what is wrong with a waiver, whatever the account.
func checkWaiver(spec api.WaiverSpec, now time.Time, wrong *offences) {
	if spec.Connection != nil {
		_, err := hscn.ParseConnectionName(*spec.Connection)
		wrong.word(err, "connection")
	}
	catalogue := rules.Catalogue()
	i := slices.IndexFunc(catalogue, func(rule rules.Rule) bool { return rule.ID == spec.Rule })
	switch {
	case i < 0:
		wrong.add(fmt.Sprintf("%q is no rule: a finding names its rule in its last line, and so does GET /v1/policy", spec.Rule), "rule")
	case catalogue[i].Fixed:
		wrong.add(fmt.Sprintf("%q is about format or contract, which nobody waives", spec.Rule), "rule")
	}
	until, err := hscn.ParseDate(spec.Until)
	wrong.word(err, "until")
	if today := hscn.DateIn(now); err == nil && until.Before(today) {
		wrong.add(fmt.Sprintf("%s is past: today is %s", until, today), "until")
	}
}

// EndWaiver ends a waiver at once; orders that wait are judged again, without it. Refusals are problem.Forbidden for a
// machine, ObjectGone, and StateForbids for one that counts no longer.
func (d *Desk) EndWaiver(ctx context.Context, w request.Write, uid, reason string) (api.WaiverRecord, error) {
	if err := aPersons(w, "Ending a waiver"); err != nil {
		return api.WaiverRecord{}, err
	}
	return recordFacts(ctx, d, w, false, func(ctx context.Context, tx *store.Tx, now time.Time) (recorded[api.WaiverRecord], error) {
		none := recorded[api.WaiverRecord]{}
		row, err := tx.WaiverByUID(ctx, uid)
		switch {
		case err != nil:
			return none, orGone(err, "waiver "+uid)
		case row.EndedAt != nil:
			return none, problem.New(problem.StateForbids, "The waiver %s of %s was ended at %s by %s.",
				uid, row.Rule, clockText(*row.EndedAt), row.EndedBy)
		case row.Until < hscn.DateIn(now).String():
			return none, problem.New(problem.StateForbids, "The waiver %s of %s ran out on %s: there is nothing to end.", uid, row.Rule, row.Until)
		}
		row.EndedAt, row.EndedBy, row.EndedBecause = &now, w.Caller.Subject, reason
		if err := tx.EndWaiver(ctx, &row); err != nil {
			return none, err
		}
		return recorded[api.WaiverRecord]{answer: waiverShown(row), changed: true, entry: waiverEntry("waiver.end", row, map[string]any{
			"reason_sha256": sumOf(reason),
		})}, nil
	})
}

// waiverEntry is what the audit says of a waiver.
func waiverEntry(action string, row store.Waiver, details map[string]any) entry {
	details["rule"] = row.Rule
	if row.Connection != "" {
		details["connection"] = row.Connection
	}
	return entry{action: action, account: row.Account, object: "waivers/" + row.UID, uid: row.UID, details: details}
}

// aPersons refuses what a machine may not do.
func aPersons(w request.Write, what string) error {
	if w.Caller.Kind == request.Person {
		return nil
	}
	return problem.New(problem.Forbidden, "%s is a person's, and this credential stands for a machine.", what)
}
