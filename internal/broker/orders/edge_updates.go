package orders

import (
	"context"
	"fmt"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// UpdateEdgeAttachment changes an edge attachment by a merge patch of its spec. ifMatch is the revision that the change
// was planned from, without quotes. Refusals are problem.PreconditionRequired, ObjectGone, EtagMismatch, RequestInvalid,
// NotOffered, StateForbids and PreconditionsFailed.
func (d *Desk) UpdateEdgeAttachment(
	ctx context.Context, w request.Write, connection, name string, patch api.MergePatch, ifMatch string,
) (api.EdgeAttachment, error) {
	if ifMatch == "" {
		return api.EdgeAttachment{}, problem.New(problem.PreconditionRequired, "An update needs the header If-Match with the object's etag.")
	}
	now := d.now()
	return once(ctx, d, w, now, d.edgeNow,
		func(ctx context.Context, tx *store.Tx) (store.Outcome[api.EdgeAttachment], error) {
			row, findings, err := d.updateEdge(ctx, tx, w, now, connection, name, patch, ifMatch)
			if err != nil {
				return store.Outcome[api.EdgeAttachment]{}, err
			}
			shown, err := d.edgeShown(ctx, tx.Reader, row, findings)
			return store.Outcome[api.EdgeAttachment]{Answer: shown}, err
		})
}

func (d *Desk) updateEdge(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time,
	connection, name string, patch api.MergePatch, ifMatch string,
) (store.EdgeAttachment, []api.Finding, error) {
	account, err := lockAccount(ctx, tx, w.Caller.Account)
	if err != nil {
		return store.EdgeAttachment{}, nil, err
	}
	parent, row, err := liveEdge(ctx, tx.Reader, account.ID, connection, name)
	if err != nil {
		return row, nil, err
	}
	if ifMatch != etagOf(row.UID, row.Revision) {
		return row, nil, etagMismatch(existingEdge(row))
	}
	prior := row.Spec
	spec, err := patched("EdgeAttachmentSpec", prior, patch)
	if err != nil {
		return row, nil, err
	}
	if spec, err = canonicalEdge(spec); err != nil {
		return row, nil, err
	}
	if sameJSON(prior, spec) {
		return row, nil, nil
	}
	changed, err := d.changeEdge(ctx, tx, w, now, account, parent, row, spec)
	if err != nil {
		return row, nil, err
	}
	before := row.State
	row = changed.row
	return row, changed.judged.shown(), record(ctx, tx, w, now, entry{
		action: "edge_attachment.update", account: account.ID, object: row.FullName(), uid: row.UID,
		details: map[string]any{
			"state_before": string(before), "state": string(row.State), "spec_sha256": sumOf(row.Spec), "revision": row.Revision,
			"policy_version": changed.judged.policy.versionText(), "findings": ruleIDs(changed.judged.shown(), findingRule),
		},
	})
}

// changeEdge judges another spec, a canonical one, of an edge attachment that stands and has it take effect. Where the
// rules refuse it, their verdict is in the result beside the error.
func (d *Desk) changeEdge(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time,
	account store.Account, parent store.Connection, row store.EdgeAttachment, spec api.EdgeAttachmentSpec,
) (placedEdge, error) {
	changed := placedEdge{row: row}
	if err := edgeNotOffered(spec); err != nil {
		return changed, err
	}
	prior := row.Spec
	changes, err := changesOf(rules.KindEdgeAttachment, prior, spec)
	if err != nil {
		return changed, err
	}
	if err := immutable("edge attachment", changes); err != nil {
		return changed, err
	}
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return changed, err
	}
	order := edgeOrder{
		operation: rules.Update, account: account, parent: parent, name: row.Name, row: &row, spec: spec, prior: &prior,
		address: row.IncludedAddress,
	}
	if changed.judged, _, err = d.judgeEdge(ctx, tx.Reader, p, now, order); err != nil {
		return changed, err
	}
	if err := changed.judged.err(row.FullName(), nil); err != nil {
		return changed, err
	}
	next := &changed.row
	next.Spec, next.PolicyVersion, next.Findings = spec, p.version, changed.judged.shown()
	next.Revision++
	next.UpdatedAt, next.UpdatedBy = now, w.Caller.Subject
	if isWaiting(row.State) {
		// Somebody has still to look at it: whoever does is to look at what is asked for now. The job judges all of it.
		item, err := tx.OpenOrderOf(ctx, row.UID)
		if err != nil {
			return changed, fmt.Errorf("order of %s: %w", row.FullName(), err)
		}
		item.PolicyVersion = p.version
		if err := tx.UpdateOrder(ctx, &item); err != nil {
			return changed, err
		}
		if err := d.enqueue(ctx, tx, jobJudge, edgeStanding(next), now); err != nil {
			return changed, err
		}
	}
	return changed, tx.UpdateEdgeAttachment(ctx, next)
}
