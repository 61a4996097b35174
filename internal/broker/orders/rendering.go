package orders

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/assess"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// Object returns the account's object of that uid, in whatever state it is.
func (d *Desk) Object(ctx context.Context, caller request.Caller, uid string) (api.StoredObject, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.StoredObject, error) {
		connection, err := r.ConnectionByUID(ctx, uid)
		switch {
		case err == nil && connection.Account == caller.Account:
			shown, err := d.connectionShown(ctx, r, connection, nil)
			return api.StoredObject{Kind: string(store.ObjectConnection), Connection: &shown}, err
		case err == nil:
			return api.StoredObject{}, noObject(uid)
		case !errors.Is(err, store.ErrNotFound):
			return api.StoredObject{}, err
		}
		edge, err := r.EdgeAttachmentByUID(ctx, uid)
		switch {
		case err == nil && edge.Account == caller.Account:
			shown, err := d.edgeShown(ctx, r, edge, nil)
			return api.StoredObject{Kind: string(store.ObjectEdgeAttachment), EdgeAttachment: &shown}, err
		case err == nil:
			return api.StoredObject{}, noObject(uid)
		case !errors.Is(err, store.ErrNotFound):
			return api.StoredObject{}, err
		}
		copied, err := copyByUID(ctx, r, uid)
		switch {
		case err == nil && copied.row.Account == caller.Account:
			shown, err := d.copyShown(copied, nil)
			return api.StoredObject{Kind: string(store.ObjectAgreementEvidence), AgreementEvidence: &shown}, err
		case err == nil || errors.Is(err, store.ErrNotFound):
			return api.StoredObject{}, noObject(uid)
		default:
			return api.StoredObject{}, err
		}
	})
}

func noObject(uid string) error { return gone("There is no object with the uid %s.", uid) }

// renderer makes the contract's objects of rows, over one snapshot.
type renderer struct {
	d       *Desk
	r       *store.Reader
	inForce *policy
	now     time.Time
	// waivers are those of the accounts that were rendered, so that a listing asks for them once.
	waivers map[string][]rules.Waiver
}

func (d *Desk) renderer(ctx context.Context, r *store.Reader, now time.Time) (renderer, error) {
	inForce, err := d.policyInForce(ctx, r, now)
	return renderer{d: d, r: r, inForce: inForce, now: now, waivers: make(map[string][]rules.Waiver)}, err
}

// remarks are the findings of those rules that look at every object that lives, whoever asks for it and whatever is
// ordered of it. They are judged by the policy in force, now.
func (v renderer) remarks(ctx context.Context, account string, order rules.Order, parent *rules.Parent) ([]api.Finding, error) {
	if !order.Standing.State.Holds() {
		return nil, nil
	}
	waivers, known := v.waivers[account]
	if !known {
		rows, err := activeWaivers(ctx, v.r, account, v.now)
		if err != nil {
			return nil, err
		}
		facts, err := assess.Facts(api.ComplianceFacts{Now: v.now, Account: account, Waivers: rows}, nil)
		if err != nil {
			return nil, fmt.Errorf("waivers of account %s: %w", account, err)
		}
		waivers = facts.Waivers
		v.waivers[account] = waivers
	}
	order.Operation = rules.Keep
	return judge(v.inForce, rules.Facts{Now: v.now, Account: account, Waivers: waivers, Parent: parent}, order).shown(), nil
}

// connectionRemarked is the connection with what is to be remarked on it now.
func (v renderer) connectionRemarked(ctx context.Context, c store.Connection) (api.Connection, error) {
	shown, err := v.connection(ctx, c)
	if err != nil {
		return shown, err
	}
	order := rules.Order{Kind: rules.KindConnection, Name: rules.Known(c.Name), FullName: c.FullName()}
	if order.Standing, err = standingFor(&c); err != nil {
		return shown, err
	}
	if order.Declared, err = declared(c.FullName(), c.Spec); err != nil {
		return shown, err
	}
	shown.Findings, err = v.remarks(ctx, c.Account, order, nil)
	return shown, err
}

// edgeRemarked is the edge attachment with what is to be remarked on it now.
func (v renderer) edgeRemarked(ctx context.Context, e store.EdgeAttachment, parent store.Connection) (api.EdgeAttachment, error) {
	shown, err := v.edge(e)
	if err != nil {
		return shown, err
	}
	order := rules.Order{
		Kind: rules.KindEdgeAttachment, Name: rules.Known(e.Name), FullName: e.FullName(), Standing: edgeStandingFor(&e, parent.State),
	}
	if order.Declared, err = declared(e.FullName(), e.Spec); err != nil {
		return shown, err
	}
	giveTo(order.Declared, "", e.IncludedAddress)
	shown.Findings, err = v.remarks(ctx, e.Account, order, &rules.Parent{
		Name: parent.FullName(), Service: rules.ServiceKey{Type: parent.ServiceType, ID: parent.ServiceID}, Zone: parent.Zone,
	})
	return shown, err
}

// zone is what policy says of a zone now, so that a correction shows at once; of a zone that policy has dropped, what it
// said when the object was ordered.
func (v renderer) zone(ctx context.Context, name string, policyVersion int64) (api.Zone, error) {
	if zone, found := v.inForce.document.Zones[name]; found {
		return zone, nil
	}
	judgedBy, err := v.d.policyOfVersion(ctx, v.r, policyVersion)
	if err != nil {
		return api.Zone{}, err
	}
	return judgedBy.document.Zones[name], nil
}

func (v renderer) connection(ctx context.Context, c store.Connection) (api.Connection, error) {
	zone, err := v.zone(ctx, c.Zone, c.PolicyVersion)
	if err != nil {
		return api.Connection{}, err
	}
	spec := c.Spec
	shown := api.Connection{
		Name: c.FullName(), UID: c.UID, Account: c.Account, BrokerID: v.d.db.BrokerID(),
		Etag: etagOf(c.UID, c.Revision), CreateKeySha256: c.CreateKeySHA256,
		CreatedAt: c.CreatedAt.UTC(), CreatedBy: c.CreatedBy, UpdatedAt: c.UpdatedAt.UTC(), UpdatedBy: c.UpdatedBy,

		OdsCode: spec.OdsCode, Service: spec.Service,
		Access: *orDefault(spec.Access, api.SharedLink), Purpose: *orDefault(spec.Purpose, api.Production),
		Agreement: spec.Agreement, Profile: spec.Profile, Circuits: spec.Circuits, PurchaseOrder: spec.PurchaseOrder,
		ActivateAt: spec.ActivateAt, AcceptedSetupChargeGbp: spec.AcceptedSetupChargeGbp,
		DeletionProtection: *orDefault(spec.DeletionProtection, false),

		State: string(c.State), StateReason: given(c.StateReason), StateSince: c.StateSince.UTC(),
		Zone: c.Zone, Region: zone.Region, DataCentres: zone.DataCentres, ExternalNetworkID: zone.ExternalNetworkID,
		PolicyVersion: fmt.Sprint(c.PolicyVersion), CommitmentMonths: c.CommitmentMonths,
		CommitmentEndsOn: given(c.CommitmentEndsOn), EnablementDueAt: utc(c.EnablementDueAt), EnabledAt: utc(c.EnabledAt),
		AgreementValidatedOn: given(c.AgreementValidatedOn), RevalidateOn: given(c.RevalidateOn),
	}
	if c.PendingChange != nil {
		shown.PendingChange = &c.PendingChange
	}
	shown.Version, err = versionOf(shown)
	return shown, err
}

func (v renderer) edge(e store.EdgeAttachment) (api.EdgeAttachment, error) {
	spec := e.Spec
	shown := api.EdgeAttachment{
		Name: e.FullName(), UID: e.UID, ConnectionUID: e.ConnectionUID, Account: e.Account, BrokerID: v.d.db.BrokerID(),
		Etag: etagOf(e.UID, e.Revision), CreateKeySha256: e.CreateKeySHA256,
		CreatedAt: e.CreatedAt.UTC(), CreatedBy: e.CreatedBy, UpdatedAt: e.UpdatedAt.UTC(), UpdatedBy: e.UpdatedBy,

		GatewayID: spec.GatewayID, VdcID: spec.VdcID, Networks: spec.Networks, BridgingControls: spec.BridgingControls,
		Fulfilment:         *orDefault(spec.Fulfilment, api.FulfilmentCsp),
		DeletionProtection: *orDefault(spec.DeletionProtection, false),

		State: string(e.State), StateReason: given(e.StateReason), StateSince: e.StateSince.UTC(),
		Zone: e.Zone, PolicyVersion: fmt.Sprint(e.PolicyVersion),
		IncludedAddress: e.IncludedAddress, DNSResolvers: v.inForce.document.DNSResolvers,
		AttachedGatewayID: given(e.GatewayID), FulfilmentState: fulfilmentState(e),
		EnablementDueAt: utc(e.EnablementDueAt), EnabledAt: utc(e.EnabledAt),
	}
	if e.PendingChange != nil {
		shown.PendingChange = &e.PendingChange
	}
	var err error
	shown.Version, err = versionOf(shown)
	return shown, err
}

// fulfilmentState is how far the CSP is with the gateway's rules; nil where the customer writes them, and where nothing
// is to be written any more.
func fulfilmentState(e store.EdgeAttachment) *string {
	if *orDefault(e.Spec.Fulfilment, api.FulfilmentCsp) == api.FulfilmentCustomer {
		return nil
	}
	state := "pending"
	switch e.State {
	case hscn.StateActive, hscn.StateRestricted:
		state = "in_sync"
	case hscn.StateFailed:
		state = "failed"
	case hscn.StateRefused, hscn.StateCeased, hscn.StateTerminated:
		return nil
	}
	return &state
}

// etagOf is the revision of what the owner declared. It holds the object's uid, so that the revision of an object is not
// taken for that of another that has its name later.
func etagOf(uid string, revision int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", uid, revision))
	return hex.EncodeToString(sum[:8])
}

// versionOf is a sum of all that is shown, so that nothing that is shown can change without it. Findings are no part of
// it: they belong to a write, or to the moment of a read, and not to the object.
func versionOf(shown any) (string, error) {
	text, err := json.Marshal(shown)
	if err != nil {
		return "", fmt.Errorf("encode %T: %w", shown, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}

// existing is what a lost race shows of the object that won it.
func existing(
	name, uid, key string, revision int64, createdAt time.Time, createdBy string, updatedAt time.Time, updatedBy string,
) *api.ExistingObject {
	etag, updated := etagOf(uid, revision), updatedAt.UTC()
	return &api.ExistingObject{
		Name: name, UID: uid, CreateKeySha256: key, Etag: &etag,
		CreatedAt: createdAt.UTC(), CreatedBy: createdBy, UpdatedAt: &updated, UpdatedBy: &updatedBy,
	}
}

// given is nil for what is not given.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	in := t.UTC()
	return &in
}
