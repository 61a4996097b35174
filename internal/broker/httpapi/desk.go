package httpapi

import (
	"context"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
)

// Desk is what answers behind the API. internal/broker/orders is the one; it is named here so that the API's own tests
// can have it fail.
type Desk interface {
	GetPolicy(ctx context.Context) (api.Policy, error)
	ComplianceFacts(ctx context.Context, caller request.Caller, odsCodes []string) (api.ComplianceFacts, error)
	Services(ctx context.Context, caller request.Caller, params api.ListServicesParams) (api.ServicePage, error)
	Gateways(ctx context.Context, caller request.Caller, params api.ListGatewaysParams) (api.GatewayPage, error)

	Connections(ctx context.Context, caller request.Caller, params api.ListConnectionsParams) (api.ConnectionPage, error)
	Connection(ctx context.Context, caller request.Caller, name string) (api.Connection, error)
	CreateConnection(ctx context.Context, write request.Write, name string, spec api.ConnectionSpec, ifNoneMatch bool) (api.Connection, error)
	UpdateConnection(ctx context.Context, write request.Write, name string, patch api.MergePatch, ifMatch string) (api.Connection, error)
	DeleteConnection(ctx context.Context, write request.Write, name, uid string) (api.Connection, error)

	EdgeAttachments(ctx context.Context, caller request.Caller, connection string, params api.ListEdgeAttachmentsParams) (api.EdgeAttachmentPage, error)
	EdgeAttachment(ctx context.Context, caller request.Caller, connection, name string) (api.EdgeAttachment, error)
	CreateEdgeAttachment(
		ctx context.Context, write request.Write, connection, name, parentUID string, spec api.EdgeAttachmentSpec, ifNoneMatch bool,
	) (api.EdgeAttachment, error)
	UpdateEdgeAttachment(
		ctx context.Context, write request.Write, connection, name string, patch api.MergePatch, ifMatch string,
	) (api.EdgeAttachment, error)
	DeleteEdgeAttachment(ctx context.Context, write request.Write, connection, name, uid string) (api.EdgeAttachment, error)

	Object(ctx context.Context, caller request.Caller, uid string) (api.StoredObject, error)

	LoadInventory(ctx context.Context, write request.Write, inventory api.Inventory, dryRun bool) (api.InventoryReport, error)
	Orders(ctx context.Context, params api.ListOrdersParams) (api.OrderPage, error)
	Order(ctx context.Context, id int64) (api.Order, error)
	ApproveOrder(ctx context.Context, write request.Write, id int64, note string) (api.Order, error)
	ConfirmOrder(ctx context.Context, write request.Write, id int64, note string) (api.Order, error)
	RefuseOrder(ctx context.Context, write request.Write, id int64, reason string) (api.Order, error)
	FailOrder(ctx context.Context, write request.Write, id int64, reason string) (api.Order, error)
}
