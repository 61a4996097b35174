package orders

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// UpdateConnection changes a connection by a merge patch of its spec. ifMatch is the revision that the change was planned
// from, without quotes. Refusals are problem.PreconditionRequired, ObjectGone, EtagMismatch, RequestInvalid, NotOffered
// and PreconditionsFailed.
func (d *Desk) UpdateConnection(
	ctx context.Context, w request.Write, name string, patch api.MergePatch, ifMatch string,
) (api.Connection, error) {
	if ifMatch == "" {
		return api.Connection{}, problem.New(problem.PreconditionRequired, "An update needs the header If-Match with the object's etag.")
	}
	now := d.now()
	return once(ctx, d, w, now, d.connectionNow,
		func(ctx context.Context, tx *store.Tx) (store.Outcome[api.Connection], error) {
			row, findings, err := d.updateConnection(ctx, tx, w, now, name, patch, ifMatch)
			if err != nil {
				return store.Outcome[api.Connection]{}, err
			}
			shown, err := d.connectionShown(ctx, tx.Reader, row, findings)
			return store.Outcome[api.Connection]{Answer: shown}, err
		})
}

func (d *Desk) updateConnection(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, name string, patch api.MergePatch, ifMatch string,
) (store.Connection, []api.Finding, error) {
	account, err := lockAccount(ctx, tx, w.Caller.Account)
	if err != nil {
		return store.Connection{}, nil, err
	}
	row, err := liveConnection(ctx, tx.Reader, account.ID, name)
	if err != nil {
		return row, nil, err
	}
	if ifMatch != etagOf(row.UID, row.Revision) {
		return row, nil, etagMismatch(existingConnection(row))
	}
	prior := row.Spec
	spec, err := patched("ConnectionSpec", prior, patch)
	if err != nil {
		return row, nil, err
	}
	if spec, err = canonicalConnection(spec); err != nil {
		return row, nil, err
	}
	if sameJSON(prior, spec) {
		return row, nil, nil
	}
	if err := connectionNotOffered(spec); err != nil {
		return row, nil, err
	}
	changes, err := changesOf(rules.KindConnection, prior, spec)
	if err != nil {
		return row, nil, err
	}
	if err := immutable("connection", changes); err != nil {
		return row, nil, err
	}
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return row, nil, err
	}
	order := connectionOrder{operation: rules.Update, account: account, name: name, uid: row.UID, spec: spec, prior: &prior}
	judged, found, err := d.judgeConnection(ctx, tx.Reader, p, now, order)
	if err != nil {
		return row, nil, err
	}
	if err := judged.err(row.FullName(), nil); err != nil {
		return row, nil, err
	}
	if found.serviceHeldBy != nil {
		return row, nil, found.placeable(spec)
	}

	before := row.State
	row.Spec, row.ODSCode, row.Access, row.PolicyVersion = spec, spec.OdsCode, hscn.Access(*spec.Access), p.version
	row.Revision++
	row.UpdatedAt, row.UpdatedBy = now, w.Caller.Subject
	change := connectionChange{order: order, changes: changes, widens: widens(changes), judged: judged, found: found}
	if err := d.resettle(ctx, tx, p, now, &row, change); err != nil {
		return row, nil, err
	}
	return row, judged.shown(), record(ctx, tx, w, now, entry{
		action: "connection.update", account: account.ID, object: row.FullName(), uid: row.UID,
		details: map[string]any{
			"state_before": string(before), "state": string(row.State), "spec_sha256": sumOf(row.Spec), "ods_code": row.ODSCode,
			"revision": row.Revision, "policy_version": p.versionText(), "findings": ruleIDs(judged.shown(), findingRule),
			"evidence": evidenceTimes(found.organisation),
		},
	})
}

// etagMismatch says who changed the object since the revision that an update was planned from.
func etagMismatch(now *api.ExistingObject) error {
	p := problem.New(problem.EtagMismatch, "%s was changed by %s at %s, after the state that this update was planned from.",
		now.Name, *now.UpdatedBy, now.UpdatedAt.Format(time.RFC3339))
	p.Existing = now
	return p
}

// connectionChange is an update that the rules let through.
type connectionChange struct {
	order   connectionOrder
	changes []rules.AttributeChange
	widens  bool
	judged  verdict
	found   evidence
}

// restElsewhere notes what the agreement rests on after a change of the organisation or of the basis. Where nobody has
// looked yet it rests on nothing that could be named.
func (c connectionChange) restElsewhere(row *store.Connection, p *policy) {
	moved := slices.ContainsFunc(c.changes, func(change rules.AttributeChange) bool {
		return slices.Equal(change.Path, []string{"ods_code"}) || slices.Equal(change.Path, []string{"agreement", "basis"})
	})
	if !moved {
		return
	}
	row.AgreementValidatedOn, row.RevalidateOn = "", ""
	if rests := agreementLookup(p, row.Spec, c.found.organisation); !rests.at.IsZero() {
		restOn(row, rests, rests.at, p)
	}
}

// resettle puts a connection that was changed where its order stands now, and writes it.
func (d *Desk) resettle(
	ctx context.Context, tx *store.Tx, p *policy, now time.Time, row *store.Connection, change connectionChange,
) error {
	s := connectionStanding(row)
	item, err := tx.OpenOrderOf(ctx, row.UID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		// Nothing is ordered any more: the change takes effect at once and leaves the state alone.
		s.Findings = change.judged.shown()
		change.restElsewhere(row, p)
		return tx.UpdateConnection(ctx, row)
	case err != nil:
		return err
	}
	item.PolicyVersion = p.version
	if change.widens {
		// What was approved is not what is asked for now.
		s.unpass(hscn.StatePendingApproval)
	}
	if err := d.rejudge(ctx, tx, p, now, row, &item, change); err != nil {
		return err
	}
	if err := tx.UpdateConnection(ctx, row); err != nil {
		return err
	}
	if err := tx.UpdateOrder(ctx, &item); err != nil {
		return err
	}
	return d.enqueueFor(ctx, tx, s, row.Spec.ActivateAt, now)
}

// rejudge settles an open order after a change.
func (d *Desk) rejudge(
	ctx context.Context, tx *store.Tx, p *policy, now time.Time, row *store.Connection, item *store.Order, change connectionChange,
) error {
	s := connectionStanding(row)
	if isWaiting(row.State) {
		// Assurance is not complete: the whole order is judged, not only what the update asks for beyond it.
		whole := change.order
		whole.operation, whole.prior = rules.Create, nil
		judged, found, err := d.judgeConnection(ctx, tx.Reader, p, now, whole)
		if err != nil {
			return err
		}
		if len(judged.refusing()) > 0 {
			// The update itself is in order. What has turned bad since refuses the order, for which the job looks again.
			return d.enqueue(ctx, tx, jobJudge, s, now)
		}
		return d.settleConnection(p, now, row, item, judged, found)
	}
	awaits, _ := change.judged.awaits()
	if change.widens && (len(awaits) > 0 || p.document.Connections.Approval) {
		// Nobody has assured what is asked for now. Somebody may have begun to build what was asked for before.
		if s.mayBeBuilt() {
			s.pass(hscn.StateAwaitingFulfilment)
		}
		return d.settleConnection(p, now, row, item, change.judged, change.found)
	}
	s.Findings = change.judged.shown()
	change.restElsewhere(row, p)
	if row.State == hscn.StateProvisioning {
		s.StateReason = reasonProvisioning(row.Spec.ActivateAt, now)
		return d.setConnectionDue(p, row, item)
	}
	return nil
}
