package provider

import (
	"context"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// connections is how connections are asked for.
var connections = kind[api.Connection]{
	noun: "connection", resourceType: "hscn_connection",
	get: func(ctx context.Context, c *client.Client, id string) (api.Connection, error) {
		name, err := hscn.ParseConnectionName(id)
		if err != nil {
			return api.Connection{}, err
		}
		return c.Connection(ctx, name)
	},
	member: func(o api.StoredObject) *api.Connection { return o.Connection },
	order: func(c api.Connection) order {
		return order{
			identity: identity{UID: c.UID, Account: c.Account, BrokerID: c.BrokerID, Etag: c.Etag, Version: c.Version},
			name:     c.Name, state: hscn.State(c.State), reason: given(c.StateReason), stateSince: c.StateSince,
			enablementDueAt: c.EnablementDueAt, findings: c.Findings,
		}
	},
}

// edgeAttachments is how edge attachments are asked for.
var edgeAttachments = kind[api.EdgeAttachment]{
	noun: "edge attachment", resourceType: "hscn_edge_attachment",
	get: func(ctx context.Context, c *client.Client, id string) (api.EdgeAttachment, error) {
		connection, name, err := hscn.ParseEdgeAttachmentName(id)
		if err != nil {
			return api.EdgeAttachment{}, err
		}
		return c.EdgeAttachment(ctx, connection, name)
	},
	member: func(o api.StoredObject) *api.EdgeAttachment { return o.EdgeAttachment },
	order: func(e api.EdgeAttachment) order {
		return order{
			identity: identity{UID: e.UID, Account: e.Account, BrokerID: e.BrokerID, Etag: e.Etag, Version: e.Version},
			name:     e.Name, state: hscn.State(e.State), reason: given(e.StateReason), stateSince: e.StateSince,
			enablementDueAt: e.EnablementDueAt, findings: e.Findings,
		}
	},
}

func given(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func nounOf(kind rules.Kind) string { return strings.ReplaceAll(string(kind), "_", " ") }

// The types of attributes are asked of the schemas once, since every read needs them.
var (
	connectionTypes     = sync.OnceValue(func() map[string]attr.Type { return typesOf(connectionSchema(context.Background())) })
	edgeAttachmentTypes = sync.OnceValue(func() map[string]attr.Type { return typesOf(edgeAttachmentSchema(context.Background())) })
)

func typesOf(s schema.Schema) map[string]attr.Type {
	all := make(map[string]attr.Type, len(s.Attributes))
	for name, attribute := range s.Attributes {
		all[name] = attribute.GetType()
	}
	return all
}

// attributeTypes are the types of a resource's attributes.
func attributeTypes(kind rules.Kind) map[string]attr.Type {
	if kind == rules.KindConnection {
		return connectionTypes()
	}
	return edgeAttachmentTypes()
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
