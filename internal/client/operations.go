package client

import (
	"bytes"
	"context"
	"net/http"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// Policy returns the CSP's policy that is in force now.
func (c *Client) Policy(ctx context.Context) (api.Policy, error) {
	return Decode[api.Policy](c.api.GetPolicy(ctx))
}

// ComplianceFacts returns what is known of the organisations that the account is bound to, and of those named.
func (c *Client) ComplianceFacts(ctx context.Context, odsCodes ...string) (api.ComplianceFacts, error) {
	return Decode[api.ComplianceFacts](c.api.GetComplianceFacts(ctx, &api.GetComplianceFactsParams{OdsCode: odsCodes}))
}

// Services returns every cloud service of the account that params selects; its page members are ignored.
func (c *Client) Services(ctx context.Context, params api.ListServicesParams) ([]api.Service, error) {
	return all[api.Service](func(size *int, token *string) (*http.Response, error) {
		params.PageSize, params.PageToken = size, token
		return c.api.ListServices(ctx, &params)
	})
}

// Gateways returns every gateway of the account's services that params selects; its page members are ignored.
func (c *Client) Gateways(ctx context.Context, params api.ListGatewaysParams) ([]api.Gateway, error) {
	return all[api.Gateway](func(size *int, token *string) (*http.Response, error) {
		params.PageSize, params.PageToken = size, token
		return c.api.ListGateways(ctx, &params)
	})
}

// Connections returns the account's connections that live, and those that were refused in the last 90 days.
func (c *Client) Connections(ctx context.Context) ([]api.Connection, error) {
	return all[api.Connection](func(size *int, token *string) (*http.Response, error) {
		return c.api.ListConnections(ctx, &api.ListConnectionsParams{PageSize: size, PageToken: token})
	})
}

// Connection returns the live connection of that name.
func (c *Client) Connection(ctx context.Context, name string) (api.Connection, error) {
	return Decode[api.Connection](c.api.GetConnection(ctx, name, &api.GetConnectionParams{}))
}

// CreateConnection orders a connection. The order is not cancelled with ctx, whose deadline holds all the same. Where no
// attempt is answered the broker is asked for the name, and what this order made is returned; see Unanswered.
func (c *Client) CreateConnection(ctx context.Context, name string, spec api.ConnectionSpec) (api.Connection, error) {
	return create(ctx, c, func(ctx context.Context, key string) (*http.Response, error) {
		none := api.CreateConnectionParamsIfNoneMatchAsterisk
		return c.api.CreateConnection(ctx, name, &api.CreateConnectionParams{IfNoneMatch: &none, IdempotencyKey: key}, spec)
	}, func(ctx context.Context) (api.Connection, error) { return c.Connection(ctx, name) })
}

// UpdateConnection changes a connection that still has the revision etag, as CreateConnection does as to ctx.
func (c *Client) UpdateConnection(ctx context.Context, name, etag string, patch api.MergePatch) (api.Connection, error) {
	return write[api.Connection](ctx, func(ctx context.Context, key string) (*http.Response, error) {
		match := quoted(etag)
		params := &api.UpdateConnectionParams{IfMatch: &match, IdempotencyKey: key}
		return c.api.UpdateConnectionWithApplicationMergePatchPlusJSONBody(ctx, name, params, patch)
	})
}

// DeleteConnection gives up the connection that has both name and uid, as CreateConnection does as to ctx.
func (c *Client) DeleteConnection(ctx context.Context, name, uid string) (api.Connection, error) {
	return write[api.Connection](ctx, func(ctx context.Context, key string) (*http.Response, error) {
		return c.api.DeleteConnection(ctx, name, &api.DeleteConnectionParams{UID: uid, IdempotencyKey: key})
	})
}

// AcrossParents stands for every parent where a listing takes the name of one.
const AcrossParents = "-"

// EdgeAttachments returns the edge attachments of a connection, or of all with AcrossParents.
func (c *Client) EdgeAttachments(ctx context.Context, connection string) ([]api.EdgeAttachment, error) {
	return all[api.EdgeAttachment](func(size *int, token *string) (*http.Response, error) {
		return c.api.ListEdgeAttachments(ctx, connection, &api.ListEdgeAttachmentsParams{PageSize: size, PageToken: token})
	})
}

// EdgeAttachment returns the live edge attachment of that name.
func (c *Client) EdgeAttachment(ctx context.Context, connection, name string) (api.EdgeAttachment, error) {
	return Decode[api.EdgeAttachment](c.api.GetEdgeAttachment(ctx, connection, name, &api.GetEdgeAttachmentParams{}))
}

// CreateEdgeAttachment orders an edge attachment, as CreateConnection does as to ctx. parentUID is the connection that
// is meant; it may be empty where that is not known.
func (c *Client) CreateEdgeAttachment(ctx context.Context, connection, name, parentUID string, spec api.EdgeAttachmentSpec) (api.EdgeAttachment, error) {
	return create(ctx, c, func(ctx context.Context, key string) (*http.Response, error) {
		none := api.CreateEdgeAttachmentParamsIfNoneMatchAsterisk
		params := &api.CreateEdgeAttachmentParams{IfNoneMatch: &none, IdempotencyKey: key}
		if parentUID != "" {
			params.ParentUID = &parentUID
		}
		return c.api.CreateEdgeAttachment(ctx, connection, name, params, spec)
	}, func(ctx context.Context) (api.EdgeAttachment, error) { return c.EdgeAttachment(ctx, connection, name) })
}

// UpdateEdgeAttachment changes an edge attachment that still has the revision etag, as CreateConnection does as to ctx.
func (c *Client) UpdateEdgeAttachment(ctx context.Context, connection, name, etag string, patch api.MergePatch) (api.EdgeAttachment, error) {
	return write[api.EdgeAttachment](ctx, func(ctx context.Context, key string) (*http.Response, error) {
		match := quoted(etag)
		params := &api.UpdateEdgeAttachmentParams{IfMatch: &match, IdempotencyKey: key}
		return c.api.UpdateEdgeAttachmentWithApplicationMergePatchPlusJSONBody(ctx, connection, name, params, patch)
	})
}

// DeleteEdgeAttachment gives up the edge attachment that has both name and uid, as CreateConnection does as to ctx.
func (c *Client) DeleteEdgeAttachment(ctx context.Context, connection, name, uid string) (api.EdgeAttachment, error) {
	return write[api.EdgeAttachment](ctx, func(ctx context.Context, key string) (*http.Response, error) {
		return c.api.DeleteEdgeAttachment(ctx, connection, name, &api.DeleteEdgeAttachmentParams{UID: uid, IdempotencyKey: key})
	})
}

// AllAgreementEvidence returns the account's agreement evidence that lives, and what was refused in the last 90 days.
func (c *Client) AllAgreementEvidence(ctx context.Context) ([]api.AgreementEvidence, error) {
	return all[api.AgreementEvidence](func(size *int, token *string) (*http.Response, error) {
		return c.api.ListAgreementEvidence(ctx, &api.ListAgreementEvidenceParams{PageSize: size, PageToken: token})
	})
}

// AgreementEvidence returns the live agreement evidence of that name.
func (c *Client) AgreementEvidence(ctx context.Context, name string) (api.AgreementEvidence, error) {
	return Decode[api.AgreementEvidence](c.api.GetAgreementEvidence(ctx, name))
}

// CreateAgreementEvidence hands in a signed copy whose document was uploaded before, as CreateConnection does as to ctx.
func (c *Client) CreateAgreementEvidence(ctx context.Context, name string, spec api.AgreementEvidenceSpec) (api.AgreementEvidence, error) {
	return create(ctx, c, func(ctx context.Context, key string) (*http.Response, error) {
		none := api.CreateAgreementEvidenceParamsIfNoneMatchAsterisk
		return c.api.CreateAgreementEvidence(ctx, name, &api.CreateAgreementEvidenceParams{IfNoneMatch: &none, IdempotencyKey: key}, spec)
	}, func(ctx context.Context) (api.AgreementEvidence, error) { return c.AgreementEvidence(ctx, name) })
}

// UpdateAgreementEvidence hands in a new version of evidence that still has the revision etag, as CreateConnection does
// as to ctx.
func (c *Client) UpdateAgreementEvidence(ctx context.Context, name, etag string, patch api.MergePatch) (api.AgreementEvidence, error) {
	return write[api.AgreementEvidence](ctx, func(ctx context.Context, key string) (*http.Response, error) {
		match := quoted(etag)
		params := &api.UpdateAgreementEvidenceParams{IfMatch: &match, IdempotencyKey: key}
		return c.api.UpdateAgreementEvidenceWithApplicationMergePatchPlusJSONBody(ctx, name, params, patch)
	})
}

// DeleteAgreementEvidence takes back the evidence that has both name and uid, as CreateConnection does as to ctx.
func (c *Client) DeleteAgreementEvidence(ctx context.Context, name, uid string) (api.AgreementEvidence, error) {
	return write[api.AgreementEvidence](ctx, func(ctx context.Context, key string) (*http.Response, error) {
		return c.api.DeleteAgreementEvidence(ctx, name, &api.DeleteAgreementEvidenceParams{UID: uid, IdempotencyKey: key})
	})
}

// UploadDocument sends a PDF, of which sum is the SHA-256 in lower-case hex. Sending it again changes nothing, so it ends
// with ctx.
func (c *Client) UploadDocument(ctx context.Context, sum string, content []byte) (api.DocumentReceipt, error) {
	return Decode[api.DocumentReceipt](c.api.UploadDocumentWithBody(ctx, sum, &api.UploadDocumentParams{}, "application/pdf", bytes.NewReader(content)))
}

// Organisations returns what is known of the organisations that params selects, by one of its members, and the broker's
// time.
func (c *Client) Organisations(ctx context.Context, params api.ListOrganisationsParams) (api.OrganisationList, error) {
	return Decode[api.OrganisationList](c.api.ListOrganisations(ctx, &params))
}

// Preconditions returns what the broker would say to orders that made it so. Nothing is ordered, so it ends with ctx.
func (c *Client) Preconditions(ctx context.Context, estate api.IntendedEstate) (api.EstateVerdict, error) {
	return Decode[api.EstateVerdict](c.api.CheckPreconditions(ctx, estate))
}

// Object returns an object by its uid, also one that was refused, ceases or has ceased.
func (c *Client) Object(ctx context.Context, uid string) (api.StoredObject, error) {
	return Decode[api.StoredObject](c.api.GetObject(ctx, uid))
}

// quoted is an etag as If-Match has it.
func quoted(etag string) string { return `"` + etag + `"` }
