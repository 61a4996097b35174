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
			shown, err := view.connectionRemarked(ctx, row)
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

// connectionShown is the connection with the findings of the write that it answers; without any, with those that every
// reader of it is shown.
func (d *Desk) connectionShown(
	ctx context.Context, r *store.Reader, row store.Connection, findings []api.Finding,
) (api.Connection, error) {
	view, err := d.renderer(ctx, r, d.now())
	if err != nil {
		return api.Connection{}, err
	}
	if findings == nil {
		return view.connectionRemarked(ctx, row)
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
// Refusals are problem.PreconditionRequired, RequestInvalid, NameTaken, StateForbids and PreconditionsFailed.
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
	account, err := openAccount(ctx, tx, w.Caller.Account)
	if err != nil {
		return store.Connection{}, nil, err
	}
	if spec, err = canonicalConnection(spec); err != nil {
		return store.Connection{}, nil, err
	}
	placed, err := d.placeConnection(ctx, tx, w, now, account, name, spec)
	if err != nil {
		return placed.row, nil, err
	}
	if err := tx.InsertOrder(ctx, &placed.item); err != nil {
		return placed.row, nil, err
	}
	if err := d.enqueueFor(ctx, tx, connectionStanding(&placed.row), placed.row.Spec.ActivateAt, now); err != nil {
		return placed.row, nil, err
	}
	return placed.row, placed.judged.shown(), record(ctx, tx, w, now, placed.entry())
}

// placedConnection is a connection that was ordered, or that the rules would not have.
type placedConnection struct {
	row    store.Connection
	item   store.Order
	judged verdict
	found  evidence
}

// entry is the audit's entry of an order that stands.
func (c placedConnection) entry() entry {
	return entry{
		action: "connection.create", account: c.row.Account, object: c.row.FullName(), uid: c.row.UID,
		details: map[string]any{
			"order": c.item.ID, "state": string(c.row.State), "spec_sha256": sumOf(c.row.Spec), "ods_code": c.row.ODSCode,
			"policy_version": c.judged.policy.versionText(), "findings": ruleIDs(c.row.Findings, findingRule),
			"evidence": c.found.cited(c.judged, c.row.Spec),
		},
	}
}

// placeConnection judges a new connection of a canonical spec and adds it. Its order is left to the caller to write. Where
// the rules refuse it, their verdict is in the result beside the error.
func (d *Desk) placeConnection(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, account store.Account, name string, spec api.ConnectionSpec,
) (placedConnection, error) {
	var placed placedConnection
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return placed, err
	}
	order := connectionOrder{operation: rules.Create, account: account, name: name, spec: spec}
	var holder *api.ExistingObject
	switch held, err := tx.ConnectionByName(ctx, account.ID, name); {
	case err == nil:
		order.holder, holder = &held, connectionStanding(&held).existing()
	case !errors.Is(err, store.ErrNotFound):
		return placed, err
	}
	if placed.judged, placed.found, err = d.judgeConnection(ctx, tx.Reader, p, now, order); err != nil {
		return placed, err
	}
	if err := placed.judged.err(hscn.ConnectionName(name), holder); err != nil {
		return placed, err
	}
	if err := placed.found.placeable(spec); err != nil {
		return placed, err
	}

	placed.row = store.Connection{
		Standing: store.Standing{
			UID: uuid.NewString(), Account: account.ID, Name: name, Zone: placed.found.service.Zone, Revision: 1, Progress: store.Progress{StateSince: now},
			CreatedAt: now, CreatedBy: w.Caller.Subject, UpdatedAt: now, UpdatedBy: w.Caller.Subject,
			CreateKeySHA256: store.KeySHA256(w.IdempotencyKey), PolicyVersion: p.version,
		},
		ODSCode: spec.OdsCode, ServiceType: spec.Service.Type, ServiceID: spec.Service.ID, Access: hscn.Access(*spec.Access),
		Spec: spec, CommitmentMonths: int64(p.document.Connections.CommitmentMonths),
	}
	placed.item = store.Order{
		Kind: store.OrderProvide, ObjectKind: store.ObjectConnection, ObjectUID: placed.row.UID, Object: placed.row.FullName(),
		Account: account.ID, Open: true, CreatedAt: now, CreatedBy: w.Caller.Subject,
		ChangeReference: w.ChangeReference, PolicyVersion: p.version,
	}
	if err := d.settleConnection(ctx, tx, now, &placed.row, &placed.item, placed.judged, placed.found); err != nil {
		return placed, err
	}
	return placed, tx.InsertConnection(ctx, &placed.row)
}

func findingRule(finding api.Finding) string { return finding.Rule }

// openAccount locks the account for a new order, which a retired one does not make.
func openAccount(ctx context.Context, tx *store.Tx, id string) (store.Account, error) {
	account, err := lockAccount(ctx, tx, id)
	if err == nil {
		err = mayOrder(account)
	}
	return account, err
}

// mayOrder refuses what a retired account orders.
func mayOrder(account store.Account) error {
	if !account.Retired {
		return nil
	}
	return problem.New(problem.Forbidden, "The account %q is retired: it keeps what it has, and orders nothing new.", account.ID)
}

// settleConnection puts a connection that nothing refuses where its order stands by the verdict, and notes what the order
// rests on. Neither row is written.
func (d *Desk) settleConnection(
	ctx context.Context, tx *store.Tx, now time.Time, row *store.Connection, item *store.Order, judged verdict, found evidence,
) error {
	s, p := connectionStanding(row), judged.policy
	s.Findings = judged.shown()
	rests := found.rests(judged, row.Spec)
	item.Recorders = nil
	if rests.by != "" {
		item.Recorders = []string{rests.by}
	}
	awaiting := judged.awaiting()
	state := s.next(awaiting, p.document.Connections.Approval)
	if state != hscn.StateProvisioning {
		return d.wait(s, p, state, awaiting, now, p.document.Connections.LeadTimeWorkingDays, item)
	}
	return d.assureConnection(ctx, tx, p, now, row, item, rests)
}

// wait puts an order where it waits before its assurance is complete. Whoever ends the wait has as long for it as policy
// gives for the work itself, counted from when it began, so that the queue shows first what has waited longest.
func (d *Desk) wait(
	s standing, p *policy, state hscn.State, awaiting []rules.Finding, now time.Time, workingDays int, item *store.Order,
) error {
	s.enter(state, reasonWaiting(p, state, s.stillAwaiting(awaiting)), now)
	s.AssuredAt, s.EnablementDueAt = nil, nil
	var err error
	if item.DueAt, err = dueAt(d.calendar, p.document.WorkingHours, s.StateSince, workingDays); err != nil {
		return fmt.Errorf("when %s is due: %w", s.fullName, err)
	}
	return nil
}

// assureConnection is the moment at which assurance is complete, from which the time to enable counts.
func (d *Desk) assureConnection(
	ctx context.Context, tx *store.Tx, p *policy, now time.Time, row *store.Connection, item *store.Order, rests lookup,
) error {
	s := connectionStanding(row)
	assured := now
	s.AssuredAt = &assured
	s.enter(hscn.StateProvisioning, reasonProvisioning(row.Spec.ActivateAt, now), now)
	if err := restOn(ctx, tx.Reader, row, rests, now, p); err != nil {
		return err
	}
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
// look-up, where policy asks for none, it is the day on which the order was let through. Of a signed copy it keeps the
// version, whatever becomes of the copy.
func restOn(ctx context.Context, r *store.Reader, row *store.Connection, rests lookup, now time.Time, p *policy) error {
	day, validDays := hscn.DateIn(now), p.document.FactAgesDays.Register
	if !rests.at.IsZero() {
		day, validDays = hscn.DateIn(rests.at), rests.validDays
	}
	row.AgreementValidatedOn, row.RevalidateOn = day.String(), day.AddDays(validDays).String()
	if rests.kept {
		return nil
	}
	row.EvidenceVersionUID = ""
	if rests.evidence == "" {
		return nil
	}
	version, err := restingOn(ctx, r, row.Account, rests.evidence)
	if err == nil && version != nil {
		row.EvidenceVersionUID = version.UID
	}
	return err
}
