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

// AllParents stands in the place of a parent's name for all of them.
const AllParents = "-"

// EdgeAttachments returns a page of the edge attachments of a connection, or of all with AllParents: those that live, and
// those that were refused lately.
func (d *Desk) EdgeAttachments(
	ctx context.Context, caller request.Caller, connection string, params api.ListEdgeAttachmentsParams,
) (api.EdgeAttachmentPage, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.EdgeAttachmentPage, error) {
		answer := api.EdgeAttachmentPage{Items: []api.EdgeAttachment{}}
		size := page.Size(params.PageSize)
		after, err := pageAfter[store.NameKey](params.PageToken)
		if err != nil {
			return answer, err
		}
		now := d.now()
		filter := store.EdgeAttachmentFilter{
			Account: caller.Account, RefusedSince: now.Add(-refusedFor), After: after, Limit: size + 1,
		}
		if connection != AllParents {
			if _, err := liveConnection(ctx, r, caller.Account, connection); err != nil {
				return answer, err
			}
			filter.Connection = connection
		}
		rows, err := r.EdgeAttachments(ctx, filter)
		if err != nil {
			return answer, err
		}
		view, err := d.renderer(ctx, r, now)
		if err != nil {
			return answer, err
		}
		if rows, answer.NextPageToken, err = page.Cut(rows, size, func(e store.EdgeAttachment) any {
			return store.NameKey{Connection: e.ConnectionName, Name: e.Name, UID: e.UID}
		}); err != nil {
			return answer, err
		}
		uids := make([]string, len(rows))
		for i, row := range rows {
			uids[i] = row.ConnectionUID
		}
		parents, err := r.ConnectionsByUID(ctx, uids)
		if err != nil {
			return answer, err
		}
		for _, row := range rows {
			shown, err := view.edgeRemarked(ctx, row, parents[row.ConnectionUID])
			if err != nil {
				return answer, err
			}
			answer.Items = append(answer.Items, shown)
		}
		return answer, nil
	})
}

// EdgeAttachment returns the live edge attachment of that name under the account's live connection.
func (d *Desk) EdgeAttachment(
	ctx context.Context, caller request.Caller, connection, name string,
) (api.EdgeAttachment, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.EdgeAttachment, error) {
		_, row, err := liveEdge(ctx, r, caller.Account, connection, name)
		if err != nil {
			return api.EdgeAttachment{}, err
		}
		return d.edgeShown(ctx, r, row, nil)
	})
}

// liveEdge returns the edge attachment that holds the name, with its connection, or a problem.ObjectGone.
func liveEdge(
	ctx context.Context, r *store.Reader, account, connection, name string,
) (store.Connection, store.EdgeAttachment, error) {
	parent, err := liveConnection(ctx, r, account, connection)
	if err != nil {
		return parent, store.EdgeAttachment{}, err
	}
	row, err := r.EdgeAttachmentByName(ctx, parent.UID, name)
	return parent, row, orGone(err, hscn.EdgeAttachmentName(connection, name))
}

// edgeShown is the edge attachment with the findings of the write that it answers; without any, with those that every
// reader of it is shown.
func (d *Desk) edgeShown(
	ctx context.Context, r *store.Reader, row store.EdgeAttachment, findings []api.Finding,
) (api.EdgeAttachment, error) {
	view, err := d.renderer(ctx, r, d.now())
	if err != nil {
		return api.EdgeAttachment{}, err
	}
	if findings == nil {
		parent, err := r.ConnectionByUID(ctx, row.ConnectionUID)
		if err != nil {
			return api.EdgeAttachment{}, fmt.Errorf("connection of %s: %w", row.FullName(), err)
		}
		return view.edgeRemarked(ctx, row, parent)
	}
	shown, err := view.edge(row)
	shown.Findings = findings
	return shown, err
}

// edgeNow is the edge attachment of that uid as it is now, in whatever state.
func (d *Desk) edgeNow(ctx context.Context, r *store.Reader, uid string) (api.EdgeAttachment, error) {
	row, err := r.EdgeAttachmentByUID(ctx, uid)
	if err != nil {
		return api.EdgeAttachment{}, fmt.Errorf("edge attachment %s: %w", uid, err)
	}
	return d.edgeShown(ctx, r, row, nil)
}

// CreateEdgeAttachment orders an edge attachment; its included address is assigned in the same transaction. parentUID is
// the connection that is meant, where the caller knows it, and ifNoneMatch says that the request had the precondition
// that a create needs. Refusals are problem.PreconditionRequired, ObjectGone, ParentChanged, RequestInvalid,
// NameTaken, StateForbids and PreconditionsFailed.
func (d *Desk) CreateEdgeAttachment(
	ctx context.Context, w request.Write, connection, name, parentUID string, spec api.EdgeAttachmentSpec, ifNoneMatch bool,
) (api.EdgeAttachment, error) {
	if !ifNoneMatch {
		return api.EdgeAttachment{}, problem.New(problem.PreconditionRequired, "A create needs the header If-None-Match: *.")
	}
	now := d.now()
	return once(ctx, d, w, now, d.edgeNow,
		func(ctx context.Context, tx *store.Tx) (store.Outcome[api.EdgeAttachment], error) {
			account, parent, err := d.parentOf(ctx, tx, w, connection, parentUID)
			if err != nil {
				return store.Outcome[api.EdgeAttachment]{}, err
			}
			row, findings, err := d.createEdge(ctx, tx, w, now, account, parent, name, spec)
			if err != nil {
				return store.Outcome[api.EdgeAttachment]{}, err
			}
			shown, err := d.edgeShown(ctx, tx.Reader, row, findings)
			return store.Outcome[api.EdgeAttachment]{Answer: shown, ObjectUID: row.UID}, err
		})
}

// parentOf finds the connection that a new edge attachment is to hang on.
func (d *Desk) parentOf(
	ctx context.Context, tx *store.Tx, w request.Write, connection, parentUID string,
) (store.Account, store.Connection, error) {
	account, err := openAccount(ctx, tx, w.Caller.Account)
	if err != nil {
		return account, store.Connection{}, err
	}
	parent, err := liveConnection(ctx, tx.Reader, account.ID, connection)
	if err != nil {
		return account, parent, err
	}
	if parentUID != "" && parentUID != parent.UID {
		p := problem.New(problem.ParentChanged, "%s is another object now than the one that this order was planned for: %s made it at %s.",
			parent.FullName(), parent.CreatedBy, parent.CreatedAt.UTC().Format(time.RFC3339))
		p.Existing = connectionStanding(&parent).existing()
		return account, parent, p
	}
	return account, parent, nil
}

func (d *Desk) createEdge(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time,
	account store.Account, parent store.Connection, name string, spec api.EdgeAttachmentSpec,
) (store.EdgeAttachment, []api.Finding, error) {
	spec, err := canonicalEdge(spec)
	if err != nil {
		return store.EdgeAttachment{}, nil, err
	}
	placed, err := d.placeEdge(ctx, tx, w, now, account, parent, name, spec)
	if err != nil {
		return placed.row, nil, err
	}
	row := placed.row
	if err := tx.InsertOrder(ctx, &placed.item); err != nil {
		return row, nil, err
	}
	if err := d.enqueueFor(ctx, tx, edgeStanding(&row), nil, now); err != nil {
		return row, nil, err
	}
	return row, placed.judged.shown(), record(ctx, tx, w, now, entry{
		action: "edge_attachment.create", account: account.ID, object: row.FullName(), uid: row.UID,
		details: map[string]any{
			"order": placed.item.ID, "state": string(row.State), "spec_sha256": sumOf(row.Spec), "connection_uid": parent.UID,
			"gateway_id": *orDefault(spec.GatewayID, ""), "included_address": row.IncludedAddress,
			"policy_version": placed.judged.policy.versionText(), "findings": ruleIDs(row.Findings, findingRule),
		},
	})
}

// placedEdge is an edge attachment that was ordered, or that the rules would not have.
type placedEdge struct {
	row    store.EdgeAttachment
	item   store.Order
	judged verdict
}

// placeEdge judges a new edge attachment of a canonical spec and adds it. It is judged with the address that comes with
// it, which an internal network must not cover either; where its connection is in no zone, none does. Its order is left to
// the caller to write. Where the rules refuse it, their verdict is in the result beside the error.
func (d *Desk) placeEdge(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time,
	account store.Account, parent store.Connection, name string, spec api.EdgeAttachmentSpec,
) (placedEdge, error) {
	var placed placedEdge
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return placed, err
	}
	order := edgeOrder{operation: rules.Create, account: account, parent: parent, name: name, spec: spec}
	var holder *api.ExistingObject
	switch held, err := tx.EdgeAttachmentByName(ctx, parent.UID, name); {
	case err == nil:
		order.holder, holder = &held, edgeStanding(&held).existing()
	case !errors.Is(err, store.ErrNotFound):
		return placed, err
	}
	fullName, uid := order.fullName(), uuid.NewString()
	poolIsEmpty := false
	if order.holder == nil && parent.Zone != "" {
		address, err := tx.AllocateAddress(ctx, store.AddressRequest{
			Zone: parent.Zone, Account: account.ID, FullName: fullName, OwnerUID: uid, Now: now,
		})
		switch {
		case err == nil:
			order.address = address.String()
		case errors.Is(err, store.ErrPoolEmpty):
			poolIsEmpty = true
		default:
			return placed, err
		}
	}
	var ground edgeGround
	if placed.judged, ground, err = d.judgeEdge(ctx, tx.Reader, p, now, order); err != nil {
		return placed, err
	}
	if err := placed.judged.err(fullName, holder); err != nil {
		return placed, err
	}
	if poolIsEmpty {
		return placed, poolEmpty(p, fullName, parent.Zone, placed.judged.shown())
	}

	row := &placed.row
	*row = store.EdgeAttachment{
		Standing: store.Standing{
			UID: uid, Account: account.ID, Name: name, Zone: parent.Zone, Revision: 1, Progress: store.Progress{StateSince: now},
			CreatedAt: now, CreatedBy: w.Caller.Subject, UpdatedAt: now, UpdatedBy: w.Caller.Subject,
			CreateKeySHA256: store.KeySHA256(w.IdempotencyKey), PolicyVersion: p.version,
		},
		ConnectionUID: parent.UID, ConnectionName: parent.Name, IncludedAddress: order.address, Spec: spec,
	}
	placed.item = store.Order{
		Kind: store.OrderProvide, ObjectKind: store.ObjectEdgeAttachment, ObjectUID: row.UID, Object: fullName,
		Account: account.ID, Open: true, CreatedAt: now, CreatedBy: w.Caller.Subject,
		ChangeReference: w.ChangeReference, PolicyVersion: p.version,
	}
	if err := d.settleEdge(now, row, &placed.item, placed.judged, parent); err != nil {
		return placed, err
	}
	if row.GatewayID != "" {
		if err := ground.attachable(order); err != nil {
			return placed, err
		}
	}
	return placed, tx.InsertEdgeAttachment(ctx, row)
}

// poolEmpty refuses an order for want of addresses. It is a finding like those of the rule catalogue, but only the
// allocation knows it.
func poolEmpty(p *policy, fullName, zone string, findings []api.Finding) error {
	const rule = "address.pool-empty"
	retryable := true
	source := string(rules.SourcePolicy) + ": the cloud service provider's address pools"
	refused := problem.New(problem.PreconditionsFailed, "The order for %s is refused: 1 precondition is not met (%s).", fullName, rule)
	refused.Findings = append(findings, api.Finding{
		Rule: rule, Severity: api.Error, Title: "No free address", Owner: string(rules.OwnerCSP), Retryable: &retryable,
		Detail: fmt.Sprintf("Every address of the pools in the zone %s is in use, reserved or resting.", zone),
		Remedy: fmt.Sprintf("Ask %s to add a pool to the zone, or give an edge attachment up that is not needed.", p.document.Csp.Contact.Title),
		Source: &source,
	})
	return refused
}

// settleEdge puts an edge attachment that nothing refuses where its order stands: it goes on only when its connection is
// active. A gateway that somebody has yet to look at is only claimed: it is held when it is known to be the service's, so
// that nobody keeps another account's gateway from it by naming it first. Neither row is written.
func (d *Desk) settleEdge(now time.Time, row *store.EdgeAttachment, item *store.Order, judged verdict, parent store.Connection) error {
	s, p := edgeStanding(row), judged.policy
	s.Findings = judged.shown()
	awaiting := judged.awaiting()
	if state := s.next(awaiting, false); state != hscn.StateProvisioning {
		row.GatewayID = ""
		return d.wait(s, p, state, awaiting, now, p.document.EdgeAttachments.LeadTimeWorkingDays, item)
	}
	row.GatewayID = *orDefault(row.Spec.GatewayID, "")
	if parent.State != hscn.StateActive {
		s.AssuredAt, s.EnablementDueAt, item.DueAt = nil, nil, nil
		s.enter(hscn.StatePendingConnection, reasonPendingConnection(parent.FullName()), now)
		return nil
	}
	return d.assureEdge(p, now, row, item)
}

// assureEdge is the moment from which the time to attach the gateway counts.
func (d *Desk) assureEdge(p *policy, now time.Time, row *store.EdgeAttachment, item *store.Order) error {
	due, err := dueAt(d.calendar, p.document.WorkingHours, now, p.document.EdgeAttachments.LeadTimeWorkingDays)
	if err != nil {
		return fmt.Errorf("when %s is due: %w", row.FullName(), err)
	}
	assured := now
	row.AssuredAt, row.EnablementDueAt, item.DueAt = &assured, due, due
	edgeStanding(row).enter(hscn.StateProvisioning, reasonProvisioning(nil, now), now)
	return nil
}
