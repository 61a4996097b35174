package provider

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

var (
	_ resource.ResourceWithConfigure      = (*agreementEvidenceResource)(nil)
	_ resource.ResourceWithValidateConfig = (*agreementEvidenceResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*agreementEvidenceResource)(nil)
	_ resource.ResourceWithImportState    = (*agreementEvidenceResource)(nil)
	_ resource.ResourceWithIdentity       = (*agreementEvidenceResource)(nil)
)

type agreementEvidenceResource struct {
	lifecycle[api.AgreementEvidence, agreementEvidenceModel, *agreementEvidenceModel]
}

func newAgreementEvidenceResource() resource.Resource {
	r := &agreementEvidenceResource{}
	r.kind, r.rulesKind, r.nameParts = agreementEvidence, rules.KindAgreementEvidence, []string{"name"}
	r.parseID = func(id string) error { _, err := hscn.ParseAgreementEvidenceName(id); return err }
	r.create = func(ctx context.Context, _ *session, c *client.Client, plan *agreementEvidenceModel) (api.AgreementEvidence, error) {
		spec, err := plan.toAPI()
		if err != nil {
			return api.AgreementEvidence{}, err
		}
		return c.CreateAgreementEvidence(ctx, plan.Name.ValueString(), spec)
	}
	r.update = func(ctx context.Context, c *client.Client, state *agreementEvidenceModel, etag string, patch api.MergePatch) (api.AgreementEvidence, error) {
		return c.UpdateAgreementEvidence(ctx, state.Name.ValueString(), etag, patch)
	}
	r.remove = func(ctx context.Context, c *client.Client, state *agreementEvidenceModel) error {
		_, err := c.DeleteAgreementEvidence(ctx, state.Name.ValueString(), state.UID.ValueString())
		return err
	}
	return r
}

func (r *agreementEvidenceResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_agreement_evidence"
}

func (r *agreementEvidenceResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = agreementEvidenceSchema()
}

func (r *agreementEvidenceResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config agreementEvidenceModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if _, err := base64.StdEncoding.DecodeString(config.DocumentWO.ValueString()); err != nil {
		resp.Diagnostics.Append(malformedBase64.diagnostic())
	}
	// Days compare as text; one that is only known later is empty.
	if signed, countersigned := config.SignedOn.ValueString(), config.CountersignedOn.ValueString(); countersigned != "" && countersigned < signed {
		resp.Diagnostics.AddAttributeError(path.Root("countersigned_on"), "Countersigned before it was signed",
			fmt.Sprintf("countersigned_on is %s and signed_on %s, and the NHS signs after the organisation. Give both days as the copy shows them.", countersigned, signed))
	}
	order := rules.Order{Kind: rules.KindAgreementEvidence, Operation: rules.Create, Name: textOf(config.Name), Declared: declaredOf(config.declared())}
	resp.Diagnostics.Append(validateOffline(ctx, order, config.values())...)
}

// ModifyPlan demands a document for evidence that is new. Of evidence that exists everything that says which may be gone.
func (r *agreementEvidenceResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.State.Raw.IsNull() && r.session.judges() {
		given, diags := configuredDocument(ctx, req.Config)
		resp.Diagnostics.Append(diags...)
		if !given.named() {
			resp.Diagnostics.Append(errNoDocument(r.session.howToDestroy))
		}
	}
	r.lifecycle.ModifyPlan(ctx, req, resp)
}

// Create sends the document, so that the broker has it when the evidence names its sum.
func (r *agreementEvidenceResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var planned types.String
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("document_sha256"), &planned)...)
	sum, diags := r.send(ctx, req.Config, planned)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(req.Plan.SetAttribute(ctx, path.Root("document_sha256"), sum)...)
	r.lifecycle.Create(ctx, req, resp)
}

// Update sends a document that is new. One whose sum stays is at the broker.
func (r *agreementEvidenceResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var planned, before types.String
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("document_sha256"), &planned)...)
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("document_sha256"), &before)...)
	if !planned.Equal(before) {
		sum, diags := r.send(ctx, req.Config, planned)
		resp.Diagnostics.Append(diags...)
		if resp.Diagnostics.HasError() {
			return
		}
		resp.Diagnostics.Append(req.Plan.SetAttribute(ctx, path.Root("document_sha256"), sum)...)
	}
	r.lifecycle.Update(ctx, req, resp)
}

// send sends the document of a configuration and returns its sum. Where there is none at hand, it was uploaded apart, and
// the sum is the planned one.
func (r *agreementEvidenceResource) send(ctx context.Context, config tfsdk.Config, planned types.String) (types.String, diag.Diagnostics) {
	given, diags := configuredDocument(ctx, config)
	c := r.session.caller(&diags)
	switch {
	case diags.HasError():
		return planned, diags
	case !given.named():
		diags.Append(errNoDocument(""))
		return planned, diags
	case !given.atHand():
		return planned, diags
	}

	op := operation{doing: "sending the document of agreement evidence", endpoint: r.session.endpoint}
	policy, err := r.session.facts.Policy(ctx)
	if err != nil {
		diags.Append(op.failed(ctx, err)...)
		return planned, diags
	}
	content, sum, err := given.read(policy.Agreements.Evidence.MaximumBytes)
	var problem *documentProblem
	switch {
	case errors.As(err, &problem):
		diags.Append(problem.diagnostic())
		return planned, diags
	case err != nil:
		diags.Append(providerFault(op.doing, err))
		return planned, diags
	}
	if _, err := c.UploadDocument(ctx, sum, content); err != nil {
		diags.Append(op.failed(ctx, err)...)
		return planned, diags
	}
	if planned.IsUnknown() || planned.IsNull() {
		return types.StringValue(sum), diags
	}
	return planned, diags
}
