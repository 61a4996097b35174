package orders

import (
	"context"
	"errors"
	"fmt"
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

// refusedFor is how long what was refused stays in listings, so that its owner finds the reason.
const refusedFor = 90 * 24 * time.Hour

// Connections returns a page of the account's connections that live, and of those that were refused lately.
func (d *Desk) Connections(
	ctx context.Context, caller request.Caller, params api.ListConnectionsParams,
) (api.ConnectionPage, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.ConnectionPage, error) {
		answer := api.ConnectionPage{Items: []api.Connection{}}
		size := page.Size(params.PageSize)
		after, err := pageAfter[store.NameKey](params.PageToken)
		if err != nil {
			return answer, err
		}
		now := d.now()
		rows, err := r.Connections(ctx, store.ConnectionFilter{
			Account: caller.Account, RefusedSince: now.Add(-refusedFor), After: after, Limit: size + 1,
		})
		if err != nil {
			return answer, err
		}
		view, err := d.renderer(ctx, r, now)
		if err != nil {
			return answer, err
		}
		if rows, answer.NextPageToken, err = page.Cut(rows, size, func(c store.Connection) any {
			return store.NameKey{Name: c.Name, UID: c.UID}
		}); err != nil {
			return answer, err
		}
		for _, row := range rows {
			shown, err := view.connection(ctx, row)
			if err != nil {
				return answer, err
			}
			answer.Items = append(answer.Items, shown)
		}
		return answer, nil
	})
}

// Connection returns the account's live connection of that name.
func (d *Desk) Connection(ctx context.Context, caller request.Caller, name string) (api.Connection, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.Connection, error) {
		row, err := liveConnection(ctx, r, caller.Account, name)
		if err != nil {
			return api.Connection{}, err
		}
		return d.connectionShown(ctx, r, row, nil)
	})
}

// liveConnection returns the connection that holds the name, or a problem.ObjectGone.
func liveConnection(ctx context.Context, r *store.Reader, account, name string) (store.Connection, error) {
	row, err := r.ConnectionByName(ctx, account, name)
	return row, orGone(err, hscn.ConnectionName(name))
}

// connectionShown is the connection with the findings of the write that it answers.
func (d *Desk) connectionShown(
	ctx context.Context, r *store.Reader, row store.Connection, findings []api.Finding,
) (api.Connection, error) {
	view, err := d.renderer(ctx, r, d.now())
	if err != nil {
		return api.Connection{}, err
	}
	shown, err := view.connection(ctx, row)
	shown.Findings = findings
	return shown, err
}

// connectionNow is the connection of that uid as it is now, in whatever state.
func (d *Desk) connectionNow(ctx context.Context, r *store.Reader, uid string) (api.Connection, error) {
	row, err := r.ConnectionByUID(ctx, uid)
	if err != nil {
		return api.Connection{}, fmt.Errorf("connection %s: %w", uid, err)
	}
	return d.connectionShown(ctx, r, row, nil)
}

// CreateConnection orders a connection. ifNoneMatch says that the request had the precondition that a create needs.
// Refusals are problem.PreconditionRequired, RequestInvalid, NotOffered, NameTaken and PreconditionsFailed.
func (d *Desk) CreateConnection(
	ctx context.Context, w request.Write, name string, spec api.ConnectionSpec, ifNoneMatch bool,
) (api.Connection, error) {
	if !ifNoneMatch {
		return api.Connection{}, problem.New(problem.PreconditionRequired, "A create needs the header If-None-Match: *.")
	}
	now := d.now()
	return once(ctx, d, w, now, d.connectionNow,
		func(ctx context.Context, tx *store.Tx) (store.Outcome[api.Connection], error) {
			row, findings, err := d.createConnection(ctx, tx, w, now, name, spec)
			if err != nil {
				return store.Outcome[api.Connection]{}, err
			}
			shown, err := d.connectionShown(ctx, tx.Reader, row, findings)
			return store.Outcome[api.Connection]{Answer: shown, ObjectUID: row.UID}, err
		})
}

func (d *Desk) createConnection(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, name string, spec api.ConnectionSpec,
) (store.Connection, []api.Finding, error) {
	var none store.Connection
	account, err := openAccount(ctx, tx, w.Caller.Account)
	if err != nil {
		return none, nil, err
	}
	if spec, err = canonicalConnection(spec); err != nil {
		return none, nil, err
	}
	if err := connectionNotOffered(spec); err != nil {
		return none, nil, err
	}
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return none, nil, err
	}
	order := connectionOrder{operation: rules.Create, account: account, name: name, spec: spec}
	var holder *api.ExistingObject
	switch held, err := tx.ConnectionByName(ctx, account.ID, name); {
	case err == nil:
		order.holder, holder = &held, existingConnection(held)
	case !errors.Is(err, store.ErrNotFound):
		return none, nil, err
	}
	judged, found, err := d.judgeConnection(ctx, tx.Reader, p, now, order)
	if err != nil {
		return none, nil, err
	}
	if err := judged.err(hscn.ConnectionName(name), holder); err != nil {
		return none, nil, err
	}
	if err := found.placeable(spec); err != nil {
		return none, nil, err
	}

	row := store.Connection{
		Standing: store.Standing{
			UID: uuid.NewString(), Account: account.ID, Name: name, Zone: found.service.Zone, Revision: 1, StateSince: now,
			CreatedAt: now, CreatedBy: w.Caller.Subject, UpdatedAt: now, UpdatedBy: w.Caller.Subject,
			CreateKeySHA256: store.KeySHA256(w.IdempotencyKey), PolicyVersion: p.version,
		},
		ODSCode: spec.OdsCode, ServiceType: spec.Service.Type, ServiceID: spec.Service.ID, Access: hscn.Access(*spec.Access),
		Spec: spec, CommitmentMonths: int64(p.document.Connections.CommitmentMonths),
	}
	item := store.Order{
		Kind: store.OrderProvide, ObjectKind: store.ObjectConnection, ObjectUID: row.UID, Object: row.FullName(),
		Account: account.ID, Open: true, CreatedAt: now, CreatedBy: w.Caller.Subject,
		ChangeReference: w.ChangeReference, PolicyVersion: p.version,
	}
	if err := d.settleConnection(p, now, &row, &item, judged, found); err != nil {
		return none, nil, err
	}
	if err := tx.InsertConnection(ctx, &row); err != nil {
		return none, nil, err
	}
	if err := tx.InsertOrder(ctx, &item); err != nil {
		return none, nil, err
	}
	if err := d.enqueueFor(ctx, tx, connectionStanding(&row), row.Spec.ActivateAt, now); err != nil {
		return none, nil, err
	}
	return row, judged.shown(), record(ctx, tx, w, now, entry{
		action: "connection.create", account: account.ID, object: row.FullName(), uid: row.UID,
		details: map[string]any{
			"order": item.ID, "state": string(row.State), "spec_sha256": sumOf(row.Spec), "ods_code": row.ODSCode,
			"policy_version": p.versionText(), "findings": ruleIDs(row.Findings, findingRule),
			"evidence": evidenceTimes(found.organisation),
		},
	})
}

func findingRule(finding api.Finding) string { return finding.Rule }

// openAccount locks the account for a new order, which a retired one does not make.
func openAccount(ctx context.Context, tx *store.Tx, id string) (store.Account, error) {
	account, err := lockAccount(ctx, tx, id)
	if err == nil && account.Retired {
		err = problem.New(problem.Forbidden, "The account %q is retired: it keeps what it has, and orders nothing new.", id)
	}
	return account, err
}

// placeable refuses what the rules let through because policy has turned them down to warnings, and what cannot be done
// all the same: there is no zone to build it in, or no second place on the service.
func (e evidence) placeable(spec api.ConnectionSpec) error {
	if e.service == nil {
		return problem.New(problem.StateForbids, "The broker's inventory has no service %q of the type %q for this account, "+
			"so that nobody knows in which zone to connect it.", spec.Service.ID, spec.Service.Type)
	}
	if e.serviceHeldBy != nil {
		return problem.New(problem.StateForbids, "The service %q is connected already by the same kind of access.", spec.Service.ID)
	}
	return nil
}

// settleConnection puts a connection that nothing refuses where its order stands by the verdict, and notes what the order
// rests on. Nothing is written.
func (d *Desk) settleConnection(
	p *policy, now time.Time, row *store.Connection, item *store.Order, judged verdict, found evidence,
) error {
	s := connectionStanding(row)
	s.Findings = judged.shown()
	rests := agreementLookup(p, row.Spec, found.organisation)
	item.Recorders = nil
	if rests.by != "" {
		item.Recorders = []string{rests.by}
	}
	awaits, awaited := judged.awaits()
	state := nextState(awaits, p.document.Connections.Approval && !s.hasPassed(hscn.StatePendingApproval))
	if state != hscn.StateProvisioning {
		s.enter(state, reasonWaiting(p, state, s.Findings, awaited), now)
		s.AssuredAt, s.EnablementDueAt, item.DueAt = nil, nil, nil
		return nil
	}
	return d.assureConnection(p, now, row, item, rests)
}

// assureConnection is the moment at which assurance is complete, from which the time to enable counts.
func (d *Desk) assureConnection(p *policy, now time.Time, row *store.Connection, item *store.Order, rests lookup) error {
	s := connectionStanding(row)
	assured := now
	s.AssuredAt = &assured
	s.enter(hscn.StateProvisioning, reasonProvisioning(row.Spec.ActivateAt, now), now)
	restOn(row, rests, now, p)
	return d.setConnectionDue(p, row, item)
}

// setConnectionDue says by when the connection is to be enabled: so many working days after assurance, or after the time
// before which its owner does not want it.
func (d *Desk) setConnectionDue(p *policy, row *store.Connection, item *store.Order) error {
	from := *row.AssuredAt
	if at := row.Spec.ActivateAt; at != nil && at.After(from) {
		from = *at
	}
	due, err := dueAt(d.calendar, p.document.WorkingHours, from, p.document.Connections.LeadTimeWorkingDays)
	if err != nil {
		return fmt.Errorf("when %s is due: %w", row.FullName(), err)
	}
	row.EnablementDueAt, item.DueAt = due, due
	return nil
}

// restOn notes the day of the look-up that the connection's agreement rests on, and when to look again. Without a
// look-up, where policy asks for none, it is the day on which the order was let through.
func restOn(row *store.Connection, rests lookup, now time.Time, p *policy) {
	day, validDays := hscn.DateIn(now), p.document.FactAgesDays.Register
	if !rests.at.IsZero() {
		day, validDays = hscn.DateIn(rests.at), rests.validDays
	}
	row.AgreementValidatedOn, row.RevalidateOn = day.String(), day.AddDays(validDays).String()
}
