package orders

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/page"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// dossier is an order with all that it is about.
type dossier struct {
	order store.Order
	// connection is the order's object, or the connection that its edge attachment hangs on.
	connection store.Connection
	// edge is the order's object, nil where that is a connection.
	edge *store.EdgeAttachment
	// gateway is what is known of the edge attachment's gateway, whosever it is; nil where nothing is.
	gateway *store.Gateway
	// copied is the order's object where that is a signed copy, which has neither connection nor standing; nil elsewhere.
	copied *signedCopy
}

// standing is that of the order's object, which is no signed copy.
func (f *dossier) standing() standing {
	if f.edge != nil {
		return edgeStanding(f.edge)
	}
	return connectionStanding(&f.connection)
}

// orderNumber says which order is meant, as commands name it.
func orderNumber(id int64) string { return fmt.Sprintf("order %d", id) }

func openDossier(ctx context.Context, r *store.Reader, order store.Order) (*dossier, error) {
	f := &dossier{order: order}
	if order.ObjectKind == store.ObjectAgreementEvidence {
		var err error
		if f.copied, err = copyByUID(ctx, r, order.ObjectUID); err != nil {
			return nil, fmt.Errorf("object of %s: %w", orderNumber(order.ID), err)
		}
		return f, nil
	}
	connectionUID := order.ObjectUID
	if order.ObjectKind == store.ObjectEdgeAttachment {
		edge, err := r.EdgeAttachmentByUID(ctx, order.ObjectUID)
		if err != nil {
			return nil, fmt.Errorf("object of %s: %w", orderNumber(order.ID), err)
		}
		f.edge, connectionUID = &edge, edge.ConnectionUID
		gateway, err := r.GatewayByID(ctx, cmp.Or(edge.GatewayID, *orDefault(edge.Spec.GatewayID, "")))
		switch {
		case err == nil:
			f.gateway = &gateway
		case !errors.Is(err, store.ErrNotFound):
			return nil, err
		}
	}
	var err error
	if f.connection, err = r.ConnectionByUID(ctx, connectionUID); err != nil {
		return nil, fmt.Errorf("connection of %s: %w", orderNumber(order.ID), err)
	}
	return f, nil
}

// hanging are the live edge attachments of the order's connection, with the order of each that has one: what is active has
// one only while it is changed.
func (f *dossier) hanging(ctx context.Context, tx *store.Tx) ([]*dossier, error) {
	edges, err := tx.EdgeAttachmentsOf(ctx, f.connection.UID)
	if err != nil {
		return nil, err
	}
	all := make([]*dossier, len(edges))
	for i := range edges {
		order, err := tx.OpenOrderOf(ctx, edges[i].UID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("order of %s: %w", edges[i].FullName(), err)
		}
		all[i] = &dossier{order: order, connection: f.connection, edge: &edges[i]}
	}
	return all, nil
}

// save writes the order, where there is one, and its object. What the object hangs on is not the order's to change.
func (f *dossier) save(ctx context.Context, tx *store.Tx) error {
	if f.order.ID != 0 {
		if err := tx.UpdateOrder(ctx, &f.order); err != nil {
			return err
		}
	}
	if f.edge != nil {
		return tx.UpdateEdgeAttachment(ctx, f.edge)
	}
	return tx.UpdateConnection(ctx, &f.connection)
}

// Orders returns a page of the operator's queue: what is due first, then what is due at no time yet.
func (d *Desk) Orders(ctx context.Context, params api.ListOrdersParams) (api.OrderPage, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.OrderPage, error) {
		answer := api.OrderPage{Items: []api.Order{}}
		size := page.Size(params.PageSize)
		after, err := pageAfter[store.OrderKey](params.PageToken)
		if err != nil {
			return answer, err
		}
		rows, err := r.Orders(ctx, store.OrderFilter{Closed: *orDefault(params.Closed, false), After: after, Limit: size + 1})
		if err != nil {
			return answer, err
		}
		view, err := d.renderer(ctx, r, d.now())
		if err != nil {
			return answer, err
		}
		if rows, answer.NextPageToken, err = page.Cut(rows, size, func(o store.Order) any {
			return store.OrderKey{DueAt: o.DueAt, ID: o.ID}
		}); err != nil {
			return answer, err
		}
		for _, row := range rows {
			f, err := openDossier(ctx, r, row)
			if err != nil {
				return answer, err
			}
			shown, err := view.order(ctx, f)
			if err != nil {
				return answer, err
			}
			answer.Items = append(answer.Items, shown)
		}
		return answer, nil
	})
}

// Order returns one order, with the steps that fulfil it, or a problem.ObjectGone.
func (d *Desk) Order(ctx context.Context, id int64) (api.Order, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.Order, error) {
		row, err := r.OrderByID(ctx, id)
		if err != nil {
			return api.Order{}, orGone(err, orderNumber(id))
		}
		f, err := openDossier(ctx, r, row)
		if err != nil {
			return api.Order{}, err
		}
		return d.orderShown(ctx, r, f)
	})
}

func (d *Desk) orderShown(ctx context.Context, r *store.Reader, f *dossier) (api.Order, error) {
	view, err := d.renderer(ctx, r, d.now())
	if err != nil {
		return api.Order{}, err
	}
	return view.order(ctx, f)
}

func (v renderer) order(ctx context.Context, f *dossier) (api.Order, error) {
	o := f.order
	shown := api.Order{
		ID: o.ID, Kind: string(o.Kind), Object: o.Object, ObjectUID: o.ObjectUID, Account: o.Account, Open: o.Open,
		CreatedAt: o.CreatedAt.UTC(), CreatedBy: o.CreatedBy, DueAt: utc(o.DueAt),
		ClosedAt: utc(o.ClosedAt), ClosedBy: given(o.ClosedBy), Note: given(o.Note),
		ChangeReference: given(o.ChangeReference), PolicyVersion: fmt.Sprint(o.PolicyVersion), Steps: []string{},
	}
	if f.copied != nil {
		return copyOrder(shown, v.inForce.document, f.copied), nil
	}
	how := f.progress()
	shown.State, shown.StateReason = string(how.State), given(how.StateReason)
	if !o.Open {
		return shown, nil
	}
	shown.WaitsFor = given(waitsFor(how.State))
	if o.Kind != store.OrderRemove {
		shown.Findings = how.Findings
	}
	var differences []string
	if o.Kind == store.OrderChange {
		shown.Change = &f.standing().PendingChange
		a, err := v.d.amendment(ctx, v.r, f)
		if err != nil {
			return api.Order{}, err
		}
		if differences, err = a.differences(); err != nil {
			return api.Order{}, err
		}
		// What there is to do about a change is about what is asked for.
		if f, err = f.asAsked(); err != nil {
			return api.Order{}, err
		}
	}
	zone, err := v.zone(ctx, f.connection.Zone, f.connection.PolicyVersion)
	if err != nil {
		return api.Order{}, err
	}
	connection, err := v.connection(ctx, f.connection)
	if err != nil {
		return api.Order{}, err
	}
	task := work{order: shown, connection: connection, zone: zone, policy: v.inForce.document, differences: differences}
	if f.edge != nil {
		edge, err := v.edge(*f.edge)
		if err != nil {
			return api.Order{}, err
		}
		task.edge = &edge
		if f.gateway != nil {
			task.gatewayTitle, task.gatewayNetworks = f.gateway.Title, f.gateway.Networks
			task.recorded = f.gateway
		}
		if task.heir, err = v.heir(ctx, f); err != nil {
			return api.Order{}, err
		}
	}
	if kept := f.standing().Fulfilment; kept != nil && v.d.driver != nil && kept.Driver == v.d.driver.Name() && o.Kind != store.OrderChange {
		task.driven = kept
	}
	shown.Steps = steps(task)
	return shown, nil
}

// heir is the edge attachment that the gateway of one that was given up carries by now; nil where there is none. One that is
// still to be attached is none: who attaches it finds the gateway as the removal leaves it.
func (v renderer) heir(ctx context.Context, f *dossier) (*store.EdgeAttachment, error) {
	if f.edge.State != hscn.StateCeasing || f.edge.GatewayID == "" {
		return nil, nil
	}
	heir, err := v.r.EdgeAttachmentOfGateway(ctx, f.edge.GatewayID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case heir.State != hscn.StateActive && heir.State != hscn.StateRestricted:
		return nil, nil
	}
	return &heir, nil
}

// decided is what a person or a job did about an order, for the audit.
type decided struct {
	action string
	// before is the state of the order's object, and changeBefore of a change how far that was.
	before, changeBefore hscn.State
	details              map[string]any
	// also is what the decision did to other objects.
	also []entry
}

// entry is the audit's entry of what was decided about the order.
func (f *dossier) entry(what decided) entry {
	s := f.standing()
	details := map[string]any{"state_before": string(what.before), "state": string(s.State)}
	if f.order.ID != 0 {
		details["order"] = f.order.ID
	}
	if what.changeBefore != "" {
		details["change_before"], details["change"] = string(what.changeBefore), string(f.progress().State)
	}
	maps.Copy(details, what.details)
	return entry{action: what.action, account: s.Account, object: s.fullName, uid: s.UID, details: details}
}

// conclude writes what was decided and then appends it to the audit.
func (d *Desk) conclude(ctx context.Context, tx *store.Tx, w request.Write, now time.Time, f *dossier, what decided) error {
	if err := f.save(ctx, tx); err != nil {
		return err
	}
	for _, e := range append(what.also, f.entry(what)) {
		if err := record(ctx, tx, w, now, e); err != nil {
			return err
		}
	}
	return nil
}
