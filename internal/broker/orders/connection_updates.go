package orders

import (
	"context"
	"slices"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// UpdateConnection changes a connection by a merge patch of its spec. ifMatch is the revision that the change was planned
// from, without quotes. What of it a person has to decide, or the network to follow, is pending until then. Refusals are
// problem.PreconditionRequired, ObjectGone, EtagMismatch, RequestInvalid, NotOffered, StateForbids and PreconditionsFailed.
func (d *Desk) UpdateConnection(
	ctx context.Context, w request.Write, name string, patch api.MergePatch, ifMatch string,
) (api.Connection, error) {
	var row store.Connection
	return update(ctx, d, w, patch, ifMatch, d.connectionNow,
		func(ctx context.Context, tx *store.Tx, account store.Account) (_ *changeable[api.ConnectionSpec], err error) {
			row, err = liveConnection(ctx, tx.Reader, account.ID, name)
			return d.changeableConnection(account, &row), err
		},
		func(ctx context.Context, r *store.Reader, findings []api.Finding) (api.Connection, error) {
			return d.connectionShown(ctx, r, row, findings)
		})
}

// changeableConnection is a connection that stands, to be changed.
func (d *Desk) changeableConnection(account store.Account, row *store.Connection) *changeable[api.ConnectionSpec] {
	c := &changeable[api.ConnectionSpec]{
		standing: connectionStanding(row), schema: "ConnectionSpec", spec: &row.Spec, canonical: canonicalConnection,
		save:     func(ctx context.Context, tx *store.Tx) error { return tx.UpdateConnection(ctx, row) },
		approval: func(p api.Policy) bool { return p.Connections.Approval },
		leadTime: func(p api.Policy) int { return p.Connections.LeadTimeWorkingDays },
	}
	c.confirm = func(spec api.ConnectionSpec) {
		row.Spec, row.ODSCode, row.Access = spec, spec.OdsCode, hscn.Access(*spec.Access)
	}
	c.judge = func(ctx context.Context, r *store.Reader, p *policy, now time.Time, operation rules.Operation, spec, prior api.ConnectionSpec) (ruling, error) {
		judged, found, err := d.judgeConnection(ctx, r, p, now, connectionOrder{
			operation: operation, account: account, name: row.Name, row: row, spec: spec, prior: &prior,
		})
		if err != nil {
			return ruling{}, err
		}
		ruled := ruling{
			judged: judged, found: found, rests: found.rests(judged, spec),
			details: map[string]any{"ods_code": spec.OdsCode, "evidence": found.cited(judged, spec)},
		}
		if found.serviceHeldBy != nil {
			ruled.blocked = found.placeable(spec)
		}
		return ruled, nil
	}
	c.children = func(ctx context.Context, r *store.Reader) ([]string, error) {
		edges, err := r.EdgeAttachmentsOf(ctx, row.UID)
		names := make([]string, len(edges))
		for i, edge := range edges {
			names[i] = edge.FullName()
		}
		return names, err
	}
	c.rest = func(ctx context.Context, r *store.Reader, p *policy, changes []rules.AttributeChange, ruled ruling) error {
		return restElsewhere(ctx, r, row, p, changes, ruled.rests)
	}
	c.resettle = func(ctx context.Context, tx *store.Tx, p *policy, now time.Time, item *store.Order, update amended[api.ConnectionSpec]) error {
		if update.widens {
			// What was approved, or granted, is not what is asked for now.
			c.unpass(hscn.StatePendingApproval)
			c.unpass(hscn.StateAwaitingAuthority)
		}
		if err := d.rejudge(ctx, tx, p, now, account, row, item, update); err != nil {
			return err
		}
		return d.enqueueFor(ctx, tx, c.standing, row.Spec.ActivateAt, now)
	}
	return c
}

// restElsewhere notes what the agreement rests on after a change of the organisation or of the basis. Where nobody has
// looked yet it rests on nothing that could be named.
func restElsewhere(
	ctx context.Context, r *store.Reader, row *store.Connection, p *policy, changes []rules.AttributeChange, rests lookup,
) error {
	moved := slices.ContainsFunc(changes, func(change rules.AttributeChange) bool {
		return slices.Equal(change.Path, []string{"ods_code"}) || slices.Equal(change.Path, []string{"agreement", "basis"}) ||
			slices.Equal(change.Path, []string{"agreement", "evidence_id"})
	})
	if !moved {
		return nil
	}
	row.AgreementValidatedOn, row.RevalidateOn, row.EvidenceVersionUID = "", "", ""
	if rests.at.IsZero() {
		return nil
	}
	return restOn(ctx, r, row, rests, rests.at, p)
}

// rejudge settles the open order of a connection that is not active yet after an update of it.
func (d *Desk) rejudge(
	ctx context.Context, tx *store.Tx, p *policy, now time.Time,
	account store.Account, row *store.Connection, item *store.Order, update amended[api.ConnectionSpec],
) error {
	s := connectionStanding(row)
	if isWaiting(row.State) {
		// Assurance is not complete: the whole order is judged, not only what the update asks for beyond it.
		judged, found, err := d.judgeConnection(ctx, tx.Reader, p, now, connectionOrder{
			operation: rules.Create, account: account, name: row.Name, row: row, spec: row.Spec, prior: &update.asked,
		})
		if err != nil {
			return err
		}
		if len(judged.refusing()) > 0 {
			// The update itself is in order. What has turned bad since refuses the order, for which the job looks again.
			return d.enqueue(ctx, tx, jobJudge, s, now)
		}
		return d.settleConnection(ctx, tx, now, row, item, judged, found)
	}
	if update.widens && s.next(update.judged.awaiting(), p.document.Connections.Approval) != hscn.StateProvisioning {
		// Nobody has assured what is asked for now. A person may have begun to build what was asked for before: what a driver
		// made is kept apart.
		if row.State != hscn.StateProvisioning {
			s.pass(hscn.StateAwaitingFulfilment)
		}
		return d.settleConnection(ctx, tx, now, row, item, update.judged, update.found)
	}
	s.Findings = update.judged.shown()
	if err := restElsewhere(ctx, tx.Reader, row, p, update.changes, update.rests); err != nil {
		return err
	}
	if row.State == hscn.StateProvisioning {
		s.StateReason = reasonProvisioning(row.Spec.ActivateAt, now)
		return d.setConnectionDue(p, row, item)
	}
	return nil
}
