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
// from, without quotes. Refusals are problem.PreconditionRequired, ObjectGone, EtagMismatch, RequestInvalid, NotOffered,
// StateForbids and PreconditionsFailed.
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
	changed, err := d.changeConnection(ctx, tx, w, now, account, row, spec)
	if err != nil {
		return row, nil, err
	}
	row = changed.row
	return row, changed.judged.shown(), record(ctx, tx, w, now, entry{
		action: "connection.update", account: account.ID, object: row.FullName(), uid: row.UID,
		details: map[string]any{
			"state_before": string(changed.before), "state": string(row.State), "spec_sha256": sumOf(row.Spec), "ods_code": row.ODSCode,
			"revision": row.Revision, "policy_version": changed.judged.policy.versionText(),
			"findings": ruleIDs(changed.judged.shown(), findingRule), "evidence": changed.found.cited(changed.judged, row.Spec),
		},
	})
}

// changeConnection judges another spec, a canonical one, of a connection that stands and has it take effect. Where the
// rules refuse it, their verdict is in the result beside the error.
func (d *Desk) changeConnection(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, account store.Account, row store.Connection, spec api.ConnectionSpec,
) (placedConnection, error) {
	changed := placedConnection{row: row, before: row.State}
	if err := connectionNotOffered(spec); err != nil {
		return changed, err
	}
	prior := row.Spec
	changes, err := changesOf(rules.KindConnection, prior, spec)
	if err != nil {
		return changed, err
	}
	if err := immutable("connection", changes); err != nil {
		return changed, err
	}
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return changed, err
	}
	order := connectionOrder{operation: rules.Update, account: account, name: row.Name, row: &row, spec: spec, prior: &prior}
	if changed.judged, changed.found, err = d.judgeConnection(ctx, tx.Reader, p, now, order); err != nil {
		return changed, err
	}
	if err := changed.judged.err(row.FullName(), nil); err != nil {
		return changed, err
	}
	if changed.found.serviceHeldBy != nil {
		return changed, changed.found.placeable(spec)
	}

	next := &changed.row
	next.Spec, next.ODSCode, next.Access, next.PolicyVersion = spec, spec.OdsCode, hscn.Access(*spec.Access), p.version
	next.Revision++
	next.UpdatedAt, next.UpdatedBy = now, w.Caller.Subject
	return changed, d.resettle(ctx, tx, p, now, next, connectionChange{
		order: order, changes: changes, widens: widens(changes), judged: changed.judged, found: changed.found,
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
func (c connectionChange) restElsewhere(ctx context.Context, r *store.Reader, row *store.Connection, p *policy) error {
	moved := slices.ContainsFunc(c.changes, func(change rules.AttributeChange) bool {
		return slices.Equal(change.Path, []string{"ods_code"}) || slices.Equal(change.Path, []string{"agreement", "basis"}) ||
			slices.Equal(change.Path, []string{"agreement", "evidence_id"})
	})
	if !moved {
		return nil
	}
	row.AgreementValidatedOn, row.RevalidateOn, row.EvidenceVersionUID = "", "", ""
	rests := c.found.rests(c.judged, row.Spec)
	if rests.at.IsZero() {
		return nil
	}
	return restOn(ctx, r, row, rests, rests.at, p)
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
		if err := change.restElsewhere(ctx, tx.Reader, row, p); err != nil {
			return err
		}
		return tx.UpdateConnection(ctx, row)
	case err != nil:
		return err
	}
	item.PolicyVersion = p.version
	if change.widens {
		// What was approved, or granted, is not what is asked for now.
		s.unpass(hscn.StatePendingApproval)
		s.unpass(hscn.StateAwaitingAuthority)
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
		whole.operation = rules.Create
		judged, found, err := d.judgeConnection(ctx, tx.Reader, p, now, whole)
		if err != nil {
			return err
		}
		if len(judged.refusing()) > 0 {
			// The update itself is in order. What has turned bad since refuses the order, for which the job looks again.
			return d.enqueue(ctx, tx, jobJudge, s, now)
		}
		return d.settleConnection(ctx, tx, now, row, item, judged, found)
	}
	if change.widens && s.next(change.judged.awaiting(), p.document.Connections.Approval) != hscn.StateProvisioning {
		// Nobody has assured what is asked for now. Somebody may have begun to build what was asked for before.
		if s.mayBeBuilt() {
			s.pass(hscn.StateAwaitingFulfilment)
		}
		return d.settleConnection(ctx, tx, now, row, item, change.judged, change.found)
	}
	s.Findings = change.judged.shown()
	if err := change.restElsewhere(ctx, tx.Reader, row, p); err != nil {
		return err
	}
	if row.State == hscn.StateProvisioning {
		s.StateReason = reasonProvisioning(row.Spec.ActivateAt, now)
		return d.setConnectionDue(p, row, item)
	}
	return nil
}
