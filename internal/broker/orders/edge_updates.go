package orders

import (
	"context"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// UpdateEdgeAttachment changes an edge attachment by a merge patch of its spec. ifMatch is the revision that the change
// was planned from, without quotes. What of it a person has to decide, or the network to follow, is pending until then.
// Refusals are problem.PreconditionRequired, ObjectGone, EtagMismatch, RequestInvalid, NotOffered, StateForbids and
// PreconditionsFailed.
func (d *Desk) UpdateEdgeAttachment(
	ctx context.Context, w request.Write, connection, name string, patch api.MergePatch, ifMatch string,
) (api.EdgeAttachment, error) {
	var row store.EdgeAttachment
	return update(ctx, d, w, patch, ifMatch, d.edgeNow,
		func(ctx context.Context, tx *store.Tx, account store.Account) (*changeable[api.EdgeAttachmentSpec], error) {
			parent, found, err := liveEdge(ctx, tx.Reader, account.ID, connection, name)
			row = found
			return d.changeableEdge(account, parent, &row), err
		},
		func(ctx context.Context, r *store.Reader, findings []api.Finding) (api.EdgeAttachment, error) {
			return d.edgeShown(ctx, r, row, findings)
		})
}

// changeableEdge is an edge attachment that stands, to be changed.
func (d *Desk) changeableEdge(account store.Account, parent store.Connection, row *store.EdgeAttachment) *changeable[api.EdgeAttachmentSpec] {
	c := &changeable[api.EdgeAttachmentSpec]{
		standing: edgeStanding(row), schema: "EdgeAttachmentSpec", spec: &row.Spec, canonical: canonicalEdge,
		confirm: func(spec api.EdgeAttachmentSpec) { row.Spec = spec },
		save:    func(ctx context.Context, tx *store.Tx) error { return tx.UpdateEdgeAttachment(ctx, row) },
		// Nobody approves what hangs on a connection that was approved.
		approval: func(api.Policy) bool { return false },
		leadTime: func(p api.Policy) int { return p.EdgeAttachments.LeadTimeWorkingDays },
	}
	c.judge = func(ctx context.Context, r *store.Reader, p *policy, now time.Time, operation rules.Operation, spec, prior api.EdgeAttachmentSpec) (ruling, error) {
		judged, _, err := d.judgeEdge(ctx, r, p, now, edgeOrder{
			operation: operation, account: account, parent: parent, name: row.Name, row: row, spec: spec, prior: &prior,
			address: row.IncludedAddress,
		})
		return ruling{judged: judged}, err
	}
	c.release = func(ctx context.Context, tx *store.Tx, p *policy, now time.Time, details map[string]any) error {
		details["released_address"] = row.IncludedAddress
		return tx.ReleaseAddress(ctx, row.UID, now, p.document.EdgeAttachments.AddressRestDays)
	}
	c.resettle = func(ctx context.Context, tx *store.Tx, _ *policy, now time.Time, _ *store.Order, update amended[api.EdgeAttachmentSpec]) error {
		c.Findings = update.judged.shown()
		if !isWaiting(c.State) {
			return nil
		}
		// Somebody has still to look at it: whoever does is to look at what is asked for now. The job judges all of it.
		return d.enqueue(ctx, tx, jobJudge, c.standing, now)
	}
	return c
}
