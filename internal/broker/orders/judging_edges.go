package orders

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/assess"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// edgeOrder is an order about an edge attachment.
type edgeOrder struct {
	operation rules.Operation
	account   store.Account
	parent    store.Connection
	name      string
	// row is the edge attachment as it stands; nil before there is one.
	row  *store.EdgeAttachment
	spec api.EdgeAttachmentSpec
	// prior is the confirmed spec, where there is one.
	prior *api.EdgeAttachmentSpec
	// address is the included address; empty where it has none.
	address string
	// holder is the edge attachment that has the name which a create asks for.
	holder *store.EdgeAttachment
}

func (o edgeOrder) fullName() string { return hscn.EdgeAttachmentName(o.parent.Name, o.name) }

// gatewayID is the gateway that it names; empty where the CSP is to build one.
func (o edgeOrder) gatewayID() string { return *orDefault(o.spec.GatewayID, "") }

// networkIDs are the networks behind it that have an id.
func (o edgeOrder) networkIDs() []string {
	var ids []string
	for _, network := range o.spec.Networks {
		if network.ID != nil {
			ids = append(ids, *network.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// isItself says whether a row is the order's own edge attachment. What has its name already is one finding, not two:
// whoever repeats an order reads that it stands.
func (o edgeOrder) isItself(row store.EdgeAttachment) bool {
	return o.row != nil && row.UID == o.row.UID || o.holder != nil && row.UID == o.holder.UID
}

// edgeGround is what an edge attachment's order stands on.
type edgeGround struct {
	// heldBy is another edge attachment, of whatever account, that holds the gateway.
	heldBy *store.EdgeAttachment
}

// attachable refuses what the rules let through and what cannot be done all the same, whether or not they may say why.
func (g edgeGround) attachable(o edgeOrder) error {
	if g.heldBy == nil {
		return nil
	}
	return problem.New(problem.StateForbids, "The gateway %q cannot be attached: it is not free.", o.gatewayID())
}

// judgeEdge puts the order to the rules over the broker's own facts.
func (d *Desk) judgeEdge(
	ctx context.Context, r *store.Reader, p *policy, now time.Time, o edgeOrder,
) (verdict, edgeGround, error) {
	var ground edgeGround
	fullName := o.fullName()
	order, err := orderOf(rules.KindEdgeAttachment, o.operation, o.name, fullName, o.spec, o.prior)
	if err != nil {
		return verdict{}, ground, err
	}
	giveTo(order.Declared, "", o.address)
	order.Standing = edgeStandingFor(o.row, o.parent.State)
	beside, err := r.EdgeAttachmentsBeside(ctx, store.Beside{
		Account: o.account.ID, ConnectionUID: o.parent.UID, GatewayID: o.gatewayID(), NetworkIDs: o.networkIDs(),
	})
	if err != nil {
		return verdict{}, ground, err
	}
	beside = slices.DeleteFunc(beside, o.isItself)
	facts, err := edgeFacts(ctx, r, now, o, beside)
	if err != nil {
		return verdict{}, ground, err
	}
	own := rules.Object{Name: fullName, Declared: maps.Clone(order.Declared)}
	if o.row != nil {
		giveTo(own.Declared, o.row.GatewayID, "")
	}
	var others []rules.Object
	for _, other := range beside {
		asked, err := wantedEdge(other)
		if err != nil {
			return verdict{}, ground, err
		}
		for _, spec := range []api.EdgeAttachmentSpec{other.Spec, asked} {
			theirs := rules.Object{Name: other.FullName()}
			if theirs.Declared, err = declared(other.FullName(), spec); err != nil {
				return verdict{}, ground, err
			}
			giveTo(theirs.Declared, other.GatewayID, other.IncludedAddress)
			others = append(others, theirs)
		}
	}
	facts.Clashes = clashesWith(p, facts, rules.KindEdgeAttachment, own, others)
	if o.spec.GatewayID != nil {
		holder, err := r.EdgeAttachmentOfGateway(ctx, *o.spec.GatewayID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return verdict{}, ground, err
		}
		if err == nil && !o.isItself(holder) {
			ground.heldBy = &holder
		}
		// Of a gateway that is not the account's nobody learns that another account has attached it.
		if _, ours := facts.Gateways[*o.spec.GatewayID]; ours && ground.heldBy != nil && holder.Account != o.account.ID {
			facts.Clashes["edge.already-attached"] = elsewhere
		}
	}
	return judge(p, facts, order), ground, nil
}

// edgeFacts are what is known of what the order names, and of what the account's other edge attachments do.
func edgeFacts(
	ctx context.Context, r *store.Reader, now time.Time, o edgeOrder, beside []store.EdgeAttachment,
) (rules.Facts, error) {
	waivers, err := activeWaivers(ctx, r, o.account.ID, now)
	if err != nil {
		return rules.Facts{}, err
	}
	facts, err := assess.Facts(api.ComplianceFacts{Now: now, Account: o.account.ID, Waivers: waivers}, nil)
	if err != nil {
		return facts, fmt.Errorf("facts of account %s: %w", o.account.ID, err)
	}
	if facts.Parent, err = parentFacts(o.parent); err != nil {
		return facts, err
	}
	if o.holder != nil {
		facts.Taken = &rules.Existing{UID: o.holder.UID, CreatedBy: o.holder.CreatedBy, CreatedAt: o.holder.CreatedAt}
	}
	ids := make([]string, 0, len(beside)+1)
	if o.spec.GatewayID != nil {
		ids = append(ids, *o.spec.GatewayID)
	}
	for _, other := range beside {
		if other.GatewayID != "" {
			ids = append(ids, other.GatewayID)
		}
	}
	rows, err := r.GatewaysBeside(ctx, o.account.ID, ids, o.networkIDs())
	if err != nil {
		return facts, err
	}
	gateways := make([]api.Gateway, len(rows))
	for i, row := range rows {
		gateways[i] = gatewayShown(row, "")
	}
	facts.Gateways, facts.GatewaysKnown = assess.Gateways(gateways), true
	return facts, nil
}

// parentFacts is the connection that an edge attachment hangs on, as the rules read it.
func parentFacts(parent store.Connection) (*rules.Parent, error) {
	spec, err := declared(parent.FullName(), parent.Spec)
	if err != nil {
		return nil, err
	}
	return &rules.Parent{
		Name: parent.FullName(), Service: rules.ServiceKey{Type: parent.ServiceType, ID: parent.ServiceID}, Zone: parent.Zone, Declared: spec,
	}, nil
}

// giveTo adds to what the owner of an edge attachment declares what it was given: the gateway that it is attached to, which
// its owner may not have named, and its included address. Either is empty where it has none.
func giveTo(spec rules.Declared, gatewayID, address string) {
	if gatewayID != "" {
		spec["gateway_id"] = gatewayID
	}
	if address != "" {
		spec["included_address"] = address
	}
}
