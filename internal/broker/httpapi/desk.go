package httpapi

import (
	"context"
	"io"

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
	// Settle waits until the object does not go on by itself, and says whether it did when it was called.
	Settle(ctx context.Context, uid string) (held bool, err error)

	// UploadDocument reads the body to its end; size is what the request says of it, -1 where it says nothing.
	UploadDocument(ctx context.Context, write request.Write, sha256 string, size int64, body io.Reader) (api.DocumentReceipt, error)
	AgreementEvidences(ctx context.Context, caller request.Caller, params api.ListAgreementEvidenceParams) (api.AgreementEvidencePage, error)
	AgreementEvidence(ctx context.Context, caller request.Caller, name string) (api.AgreementEvidence, error)
	CreateAgreementEvidence(
		ctx context.Context, write request.Write, name string, spec api.AgreementEvidenceSpec, ifNoneMatch bool,
	) (api.AgreementEvidence, error)
	UpdateAgreementEvidence(
		ctx context.Context, write request.Write, name string, patch api.MergePatch, ifMatch string,
	) (api.AgreementEvidence, error)
	DeleteAgreementEvidence(ctx context.Context, write request.Write, name, uid string) (api.AgreementEvidence, error)
	EvidenceRecords(ctx context.Context, params api.ListEvidenceRecordsParams) (api.EvidenceRecordPage, error)
	EvidenceRecord(ctx context.Context, uid string) (api.EvidenceRecord, error)
	// EvidenceDocument writes to the audit that the document was read.
	EvidenceDocument(ctx context.Context, write request.Write, uid string, version int64) (fileName string, content []byte, err error)
	ValidateEvidence(ctx context.Context, write request.Write, uid string, version int64, saw string) (api.EvidenceRecord, error)
	RefuseEvidence(ctx context.Context, write request.Write, uid string, version int64, reason string) (api.EvidenceRecord, error)

	Organisations(ctx context.Context, caller request.Caller, params api.ListOrganisationsParams) (api.OrganisationList, error)
	Accounts(ctx context.Context, params api.ListAccountsParams) (api.AccountPage, error)
	BindOrganisation(ctx context.Context, write request.Write, account, code string, spec api.BindingSpec) (api.Account, error)
	UnbindOrganisation(ctx context.Context, write request.Write, account, code string) (api.Account, error)
	OrganisationRecord(ctx context.Context, code string) (api.OrganisationRecord, error)
	RecordDirectoryLookUp(ctx context.Context, write request.Write, code string, record api.DirectoryRecord) (api.OrganisationRecord, error)
	RecordRegisterLookUp(ctx context.Context, write request.Write, code string, record api.RegisterRecord) (api.OrganisationRecord, error)
	RecordFlowDown(ctx context.Context, write request.Write, code string, record api.FlowDownRecord) (api.OrganisationRecord, error)
	RecordDSPTLookUp(ctx context.Context, write request.Write, code string, record api.DSPTRecord) (api.OrganisationRecord, error)
	ImportDSPT(ctx context.Context, write request.Write, export io.Reader, params api.ImportDSPTParams) (api.DSPTImportReport, error)
	Waivers(ctx context.Context, params api.ListWaiversParams) (api.WaiverPage, error)
	GrantWaiver(ctx context.Context, write request.Write, spec api.WaiverSpec) (api.WaiverRecord, error)
	EndWaiver(ctx context.Context, write request.Write, uid, reason string) (api.WaiverRecord, error)

	// CheckPreconditions orders nothing.
	CheckPreconditions(ctx context.Context, caller request.Caller, intended api.IntendedEstate) (api.EstateVerdict, error)
	ConnectionRecords(ctx context.Context, params api.ListConnectionRecordsParams) (api.ConnectionPage, error)
	ConnectionRecord(ctx context.Context, uid string) (api.ConnectionRecord, error)
	RestrictConnection(ctx context.Context, write request.Write, uid string, decision api.AuthorityDecision) (api.Connection, error)
	TerminateConnection(ctx context.Context, write request.Write, uid string, decision api.AuthorityDecision) (api.Connection, error)
	LiftRestriction(ctx context.Context, write request.Write, uid string, decision api.AuthorityDecision) (api.Connection, error)
	RecordAuthorityAnswer(ctx context.Context, write request.Write, id int64, answer api.AuthorityAnswer) (api.Order, error)

	LoadInventory(ctx context.Context, write request.Write, inventory api.Inventory, dryRun bool) (api.InventoryReport, error)
	Orders(ctx context.Context, params api.ListOrdersParams) (api.OrderPage, error)
	Order(ctx context.Context, id int64) (api.Order, error)
	ApproveOrder(ctx context.Context, write request.Write, id int64, note string) (api.Order, error)
	ConfirmOrder(ctx context.Context, write request.Write, id int64, note, gatewayID string) (api.Order, error)
	RefuseOrder(ctx context.Context, write request.Write, id int64, reason string) (api.Order, error)
	FailOrder(ctx context.Context, write request.Write, id int64, reason string) (api.Order, error)
	RetryOrder(ctx context.Context, write request.Write, id int64, note string) (api.Order, error)
}
