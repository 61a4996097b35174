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
		for _, row := range rows {
			shown, err := view.edge(row)
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

// edgeShown is the edge attachment with the findings of the write that it answers.
func (d *Desk) edgeShown(
	ctx context.Context, r *store.Reader, row store.EdgeAttachment, findings []api.Finding,
) (api.EdgeAttachment, error) {
	view, err := d.renderer(ctx, r, d.now())
	if err != nil {
		return api.EdgeAttachment{}, err
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
// that a create needs. Refusals are problem.PreconditionRequired, ObjectGone, ParentChanged, RequestInvalid, NotOffered,
// NameTaken and PreconditionsFailed.
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
		p.Existing = existingConnection(parent)
		return account, parent, p
	}
	return account, parent, nil
}

func (d *Desk) createEdge(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time,
	account store.Account, parent store.Connection, name string, spec api.EdgeAttachmentSpec,
) (store.EdgeAttachment, []api.Finding, error) {
	var none store.EdgeAttachment
	spec, err := canonicalEdge(spec)
	if err != nil {
		return none, nil, err
	}
	if err := edgeNotOffered(spec); err != nil {
		return none, nil, err
	}
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return none, nil, err
	}
	order := edgeOrder{operation: rules.Create, account: account, parent: parent, name: name, spec: spec}
	var holder *api.ExistingObject
	switch held, err := tx.EdgeAttachmentByName(ctx, parent.UID, name); {
	case err == nil:
		order.holder, holder = &held, existingEdge(held)
	case !errors.Is(err, store.ErrNotFound):
		return none, nil, err
	}
	judged, taken, err := d.judgeEdge(ctx, tx.Reader, p, now, order)
	if err != nil {
		return none, nil, err
	}
	fullName := hscn.EdgeAttachmentName(parent.Name, name)
	if err := judged.err(fullName, holder); err != nil {
		return none, nil, err
	}
	if taken {
		return none, nil, problem.New(problem.StateForbids, "The gateway %q cannot be attached: it is not free.", *spec.GatewayID)
	}

	row := store.EdgeAttachment{
		Standing: store.Standing{
			UID: uuid.NewString(), Account: account.ID, Name: name, Zone: parent.Zone, Revision: 1, StateSince: now,
			CreatedAt: now, CreatedBy: w.Caller.Subject, UpdatedAt: now, UpdatedBy: w.Caller.Subject,
			CreateKeySHA256: store.KeySHA256(w.IdempotencyKey), PolicyVersion: p.version,
		},
		ConnectionUID: parent.UID, ConnectionName: parent.Name, GatewayID: *spec.GatewayID, Spec: spec,
	}
	item := store.Order{
		Kind: store.OrderProvide, ObjectKind: store.ObjectEdgeAttachment, ObjectUID: row.UID, Object: fullName,
		Account: account.ID, Open: true, CreatedAt: now, CreatedBy: w.Caller.Subject,
		ChangeReference: w.ChangeReference, PolicyVersion: p.version,
	}
	address, err := tx.AllocateAddress(ctx, store.AddressRequest{
		Zone: row.Zone, Account: account.ID, FullName: fullName, OwnerUID: row.UID, Now: now,
	})
	if errors.Is(err, store.ErrPoolEmpty) {
		return none, nil, poolEmpty(p, fullName, row.Zone, judged.shown())
	}
	if err != nil {
		return none, nil, err
	}
	row.IncludedAddress = address.String()
	if err := d.settleEdge(p, now, &row, &item, judged, parent); err != nil {
		return none, nil, err
	}
	if err := tx.InsertEdgeAttachment(ctx, &row); err != nil {
		return none, nil, err
	}
	if err := tx.InsertOrder(ctx, &item); err != nil {
		return none, nil, err
	}
	if err := d.enqueueFor(ctx, tx, edgeStanding(&row), nil, now); err != nil {
		return none, nil, err
	}
	return row, judged.shown(), record(ctx, tx, w, now, entry{
		action: "edge_attachment.create", account: account.ID, object: fullName, uid: row.UID,
		details: map[string]any{
			"order": item.ID, "state": string(row.State), "spec_sha256": sumOf(row.Spec), "connection_uid": parent.UID,
			"gateway_id": row.GatewayID, "included_address": row.IncludedAddress,
			"policy_version": p.versionText(), "findings": ruleIDs(row.Findings, findingRule),
		},
	})
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
// active.
func (d *Desk) settleEdge(
	p *policy, now time.Time, row *store.EdgeAttachment, item *store.Order, judged verdict, parent store.Connection,
) error {
	s := edgeStanding(row)
	s.Findings = judged.shown()
	awaits, awaited := judged.awaits()
	s.AssuredAt, s.EnablementDueAt, item.DueAt = nil, nil, nil
	switch state := nextState(awaits, false); {
	case state != hscn.StateProvisioning:
		s.enter(state, reasonWaiting(p, state, s.Findings, awaited), now)
		return nil
	case parent.State != hscn.StateActive:
		s.enter(hscn.StatePendingConnection, reasonPendingConnection(parent.FullName()), now)
		return nil
	default:
		return d.assureEdge(p, now, row, item)
	}
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

// UpdateEdgeAttachment changes an edge attachment by a merge patch of its spec. ifMatch is the revision that the change
// was planned from, without quotes. Refusals are problem.PreconditionRequired, ObjectGone, EtagMismatch, RequestInvalid,
// NotOffered and PreconditionsFailed.
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
	if err := edgeNotOffered(spec); err != nil {
		return row, nil, err
	}
	changes, err := changesOf(rules.KindEdgeAttachment, prior, spec)
	if err != nil {
		return row, nil, err
	}
	if err := immutable("edge attachment", changes); err != nil {
		return row, nil, err
	}
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return row, nil, err
	}
	judged, _, err := d.judgeEdge(ctx, tx.Reader, p, now, edgeOrder{
		operation: rules.Update, account: account, parent: parent, name: name, uid: row.UID, spec: spec, prior: &prior,
	})
	if err != nil {
		return row, nil, err
	}
	if err := judged.err(row.FullName(), nil); err != nil {
		return row, nil, err
	}
	row.Spec, row.PolicyVersion, row.Findings = spec, p.version, judged.shown()
	row.Revision++
	row.UpdatedAt, row.UpdatedBy = now, w.Caller.Subject
	if err := tx.UpdateEdgeAttachment(ctx, &row); err != nil {
		return row, nil, err
	}
	return row, judged.shown(), record(ctx, tx, w, now, entry{
		action: "edge_attachment.update", account: account.ID, object: row.FullName(), uid: row.UID,
		details: map[string]any{
			"state": string(row.State), "spec_sha256": sumOf(row.Spec), "revision": row.Revision,
			"policy_version": p.versionText(), "findings": ruleIDs(judged.shown(), findingRule),
		},
	})
}
