package provider

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/assess"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// connections is how connections are asked for.
var connections = kind[api.Connection]{
	noun: "connection", resourceType: "hscn_connection",
	types: sync.OnceValue(func() map[string]attr.Type { return typesOf(connectionSchema(context.Background())) }),
	get: func(ctx context.Context, c *client.Client, id string) (api.Connection, error) {
		name, err := hscn.ParseConnectionName(id)
		if err != nil {
			return api.Connection{}, err
		}
		return c.Connection(ctx, name)
	},
	await: func(ctx context.Context, c *client.Client, id string, within time.Duration) (api.Connection, error) {
		name, err := hscn.ParseConnectionName(id)
		if err != nil {
			return api.Connection{}, err
		}
		return c.AwaitConnection(ctx, name, within)
	},
	list:   func(ctx context.Context, c *client.Client) ([]api.Connection, error) { return c.Connections(ctx) },
	member: func(o api.StoredObject) *api.Connection { return o.Connection },
	order: func(c api.Connection) order {
		return order{
			identity: identity{UID: c.UID, Account: c.Account, BrokerID: c.BrokerID, Etag: c.Etag, Version: c.Version},
			name:     c.Name, state: hscn.State(c.State), reason: given(c.StateReason), stateSince: c.StateSince,
			holds: hscn.State(c.State).Holds(), createdBy: c.CreatedBy, createdAt: c.CreatedAt,
			updatedBy: c.UpdatedBy, updatedAt: c.UpdatedAt,
			enablementDueAt: c.EnablementDueAt, findings: c.Findings, pending: c.PendingChange != nil,
		}
	},
	judged: func(c api.Connection) (rules.Declared, rules.Standing, error) {
		spec, err := client.ApplyMergePatch(connectionSpec(c), c.PendingChange)
		if err != nil {
			return nil, rules.Standing{}, err
		}
		declared, err := assess.Declared(spec)
		standing := rules.Standing{State: hscn.State(c.State), MonthlyChargeGBP: given(c.MonthlyChargeGbp)}
		if c.EnabledAt != nil {
			standing.EnabledAt = *c.EnabledAt
		}
		if c.CommitmentEndsOn != nil && err == nil {
			standing.CommitmentEndsOn, err = hscn.ParseDate(*c.CommitmentEndsOn)
		}
		return declared, standing, err
	},
}

// edgeAttachments is how edge attachments are asked for.
var edgeAttachments = kind[api.EdgeAttachment]{
	noun: "edge attachment", resourceType: "hscn_edge_attachment",
	types: sync.OnceValue(func() map[string]attr.Type { return typesOf(edgeAttachmentSchema(context.Background())) }),
	get: func(ctx context.Context, c *client.Client, id string) (api.EdgeAttachment, error) {
		connection, name, err := hscn.ParseEdgeAttachmentName(id)
		if err != nil {
			return api.EdgeAttachment{}, err
		}
		return c.EdgeAttachment(ctx, connection, name)
	},
	await: func(ctx context.Context, c *client.Client, id string, within time.Duration) (api.EdgeAttachment, error) {
		connection, name, err := hscn.ParseEdgeAttachmentName(id)
		if err != nil {
			return api.EdgeAttachment{}, err
		}
		return c.AwaitEdgeAttachment(ctx, connection, name, within)
	},
	parent: func(ctx context.Context, c *client.Client, id string) (order, error) {
		name, _, err := hscn.ParseEdgeAttachmentName(id)
		if err != nil {
			return order{}, err
		}
		connection, err := c.Connection(ctx, name)
		return connections.order(connection), err
	},
	list: func(ctx context.Context, c *client.Client) ([]api.EdgeAttachment, error) {
		return c.EdgeAttachments(ctx, client.AcrossParents)
	},
	member: func(o api.StoredObject) *api.EdgeAttachment { return o.EdgeAttachment },
	order: func(e api.EdgeAttachment) order {
		return order{
			identity: identity{UID: e.UID, Account: e.Account, BrokerID: e.BrokerID, Etag: e.Etag, Version: e.Version},
			name:     e.Name, state: hscn.State(e.State), reason: given(e.StateReason), stateSince: e.StateSince,
			holds: hscn.State(e.State).Holds(), createdBy: e.CreatedBy, createdAt: e.CreatedAt,
			updatedBy: e.UpdatedBy, updatedAt: e.UpdatedAt,
			enablementDueAt: e.EnablementDueAt, findings: e.Findings, pending: e.PendingChange != nil,
		}
	},
	judged: func(e api.EdgeAttachment) (rules.Declared, rules.Standing, error) {
		spec, err := client.ApplyMergePatch(edgeAttachmentSpec(e), e.PendingChange)
		if err != nil {
			return nil, rules.Standing{}, err
		}
		declared, err := assess.Declared(spec)
		if err != nil {
			return nil, rules.Standing{}, err
		}
		if e.IncludedAddress != "" {
			declared["included_address"] = e.IncludedAddress
		}
		standing := rules.Standing{State: hscn.State(e.State)}
		if e.EnabledAt != nil {
			standing.EnabledAt = *e.EnabledAt
		}
		return declared, standing, nil
	},
}

// agreementEvidence is how agreement evidence is asked for.
var agreementEvidence = kind[api.AgreementEvidence]{
	noun: "agreement evidence", resourceType: "hscn_agreement_evidence",
	types: sync.OnceValue(func() map[string]attr.Type { return typesOf(agreementEvidenceSchema()) }),
	get: func(ctx context.Context, c *client.Client, id string) (api.AgreementEvidence, error) {
		name, err := hscn.ParseAgreementEvidenceName(id)
		if err != nil {
			return api.AgreementEvidence{}, err
		}
		return c.AgreementEvidence(ctx, name)
	},
	list: func(ctx context.Context, c *client.Client) ([]api.AgreementEvidence, error) {
		return c.AllAgreementEvidence(ctx)
	},
	member: func(o api.StoredObject) *api.AgreementEvidence { return o.AgreementEvidence },
	order: func(e api.AgreementEvidence) order {
		return order{
			identity: identity{UID: e.UID, Account: e.Account, BrokerID: e.BrokerID, Etag: e.Etag, Version: e.Version},
			// Its states are words of their own; the one that planning asks for, refused, is everybody's.
			name: e.Name, state: hscn.State(e.State), reason: given(e.StateReason), stateSince: e.StateSince,
			holds: hscn.EvidenceState(e.State).Holds(), createdBy: e.CreatedBy, createdAt: e.CreatedAt,
			updatedBy: e.UpdatedBy, updatedAt: e.UpdatedAt, findings: e.Findings,
		}
	},
	judged: func(e api.AgreementEvidence) (rules.Declared, rules.Standing, error) {
		spec, err := client.ApplyMergePatch(agreementEvidenceSpec(e), e.PendingChange)
		if err != nil {
			return nil, rules.Standing{}, err
		}
		declared, err := assess.Declared(spec)
		return declared, rules.Standing{State: hscn.State(e.State)}, err
	},
}

// resourceKind is a kind of resource, whatever the contract's object is.
type resourceKind interface {
	// resource is what a configuration calls one, such as "hscn_connection", and attributeTypes are those of its schema.
	resource() string
	attributeTypes() map[string]attr.Type
	// listing is what the broker has that holds its name, by full name and across parents.
	listing(ctx context.Context, facts *client.Facts) (map[string]knownObject, error)
}

// kindOf returns a kind of resource by what the rules call it.
func kindOf(kind rules.Kind) resourceKind {
	switch kind {
	case rules.KindConnection:
		return connections
	case rules.KindEdgeAttachment:
		return edgeAttachments
	case rules.KindAgreementEvidence:
		return agreementEvidence
	default:
		return nil
	}
}

// kinds are all of them.
func kinds() []rules.Kind {
	return []rules.Kind{rules.KindConnection, rules.KindEdgeAttachment, rules.KindAgreementEvidence}
}

// knownObject is what a run knows of an object of the broker's: what it has in common with every other, and what the rules
// see of it, a change that waits for a person included.
type knownObject struct {
	order
	declared rules.Declared
	standing rules.Standing
}

func (k kind[T]) resource() string { return k.resourceType }

func (k kind[T]) attributeTypes() map[string]attr.Type { return k.types() }

// known is what a run remembers of an object.
func (k kind[T]) known(object T) (knownObject, error) {
	declared, standing, err := k.judged(object)
	return knownObject{order: k.order(object), declared: declared, standing: standing}, err
}

func (k kind[T]) listing(ctx context.Context, facts *client.Facts) (map[string]knownObject, error) {
	all, err := client.Listed(ctx, facts, k.resourceType, k.list)
	if err != nil {
		return nil, err
	}
	held := make(map[string]knownObject, len(all))
	for _, listed := range all {
		o, err := k.known(listed)
		if err != nil {
			return nil, &assess.MemberError{Member: k.order(listed).name, Err: err}
		}
		if o.holds {
			held[o.name] = o
		}
	}
	return held, nil
}

func given(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func nounOf(kind rules.Kind) string { return strings.ReplaceAll(string(kind), "_", " ") }

func typesOf(s schema.Schema) map[string]attr.Type {
	all := make(map[string]attr.Type, len(s.Attributes))
	for name, attribute := range s.Attributes {
		all[name] = attribute.GetType()
	}
	return all
}

// rootsOf are the attributes that the owner of an object declares, without what is inside them.
func rootsOf(kind rules.Kind) map[string]bool {
	roots := make(map[string]bool)
	for _, attribute := range rules.Attributes(kind) {
		root, _, _ := strings.Cut(attribute.Path, ".")
		roots[root] = true
	}
	return roots
}
