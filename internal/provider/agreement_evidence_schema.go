package provider

import (
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

func agreementEvidenceSchema() schema.Schema {
	attributes := asDeclared(rules.KindAgreementEvidence, map[string]schema.Attribute{
		// Required.
		"ods_code": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "The ODS code of the organisation that signed the agreement, such as `A1B2C`. Your account must be allowed to act for it. " +
				"Upper and lower case are the same.",
		},
		"signed_on": schema.StringAttribute{
			Required: true, Validators: []validator.String{dateValidator()},
			MarkdownDescription: "The day on which the organisation signed, as the copy shows it. A date such as `2026-10-02`.",
		},

		// Optional.
		"countersigned_on": schema.StringAttribute{
			Optional: true, Validators: []validator.String{dateValidator()},
			MarkdownDescription: "The day on which the NHS countersigned, as the copy shows it; left out as long as it has not. A date such as `2026-10-20`.",
		},
		// Given or computed: an import writes it out, which is a complete configuration.
		"document_sha256": schema.StringAttribute{
			Optional: true, Computed: true, Validators: []validator.String{sumValidator()},
			PlanModifiers: []planmodifier.String{documentSum{}},
			MarkdownDescription: "The SHA-256 sum of the document in hex, best as `filesha256(\"ca-signed.pdf\")`. Another sum is a new version, and a document of another sum " +
				"is refused before anything is sent. Left out, it is the sum of the document that is sent first, and a file that changes later is not noticed. " +
				"Alone, it names a document that was uploaded apart.",
		},
	})

	// What only Terraform knows.
	attributes["name"] = nameAttribute("evidence", "unique in your account, such as `ca-2026`")
	attributes["document_path"] = schema.StringAttribute{
		Optional: true, WriteOnly: true,
		Validators: []validator.String{
			stringvalidator.UTF8LengthAtLeast(requiredText), stringvalidator.ConflictsWith(path.MatchRoot("document_wo")),
		},
		MarkdownDescription: "The file that holds the document, a PDF. It is read once, when the evidence is sent: later it may be gone, and another path alone is no change. " +
			"It is in neither plan nor state. Needs Terraform 1.11 or OpenTofu 1.11.",
	}
	attributes["document_wo"] = schema.StringAttribute{
		Optional: true, WriteOnly: true, Sensitive: true,
		MarkdownDescription: "The document itself, a PDF in base64, instead of `document_path`: for one that comes from elsewhere than a file, such as an ephemeral resource. " +
			"It is in neither plan nor state. Needs Terraform 1.11 or OpenTofu 1.11.",
	}
	attributes["document_wo_version"] = schema.Int64Attribute{
		Optional: true, Validators: []validator.Int64{int64validator.AtLeast(0)},
		MarkdownDescription: "A number of yours that changes whenever `document_wo` does, since Terraform cannot tell: another number sends it again. " +
			"It is not needed where `document_sha256` is given.",
	}

	// Computed.
	attributes["id"] = idAttribute("agreement-evidence/<name>")
	attributes["uid"] = uidAttribute()
	attributes["state"] = schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "`received`: it waits for a person at the CSP to validate it. `validated`: a connection can rest on it. " +
			"One that is `refused` is planned as replaced." + knownAfterApply,
	}
	attributes["state_reason"] = stateReasonAttribute()
	attributes["pending_change"] = schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "A newer version that waits to be validated, as a JSON merge patch; null where none does. The attributes show it as if it were, " +
			"and connections rest on the version before until it is." + knownAfterApply,
	}
	attributes["register_update_pending"] = schema.BoolAttribute{
		Computed: true,
		MarkdownDescription: "Whether it is validated and the register of HSCN Connection Agreements does not show the agreement yet. " +
			"The CSP has a letter to the NHS ready that asks for it." + knownAfterApply,
	}
	return schema.Schema{
		MarkdownDescription: "A signed copy of an organisation's HSCN Connection Agreement, for access before the NHS's register shows the agreement. " +
			"A person at the CSP validates it; a connection that names it in `agreement.evidence_id` waits for that and goes on by itself. " +
			"The document is sent to the CSP and kept out of plans, state and logs.",
		Attributes: attributes,
	}
}

var sha256Sum = regexp.MustCompile(`^[0-9A-Fa-f]{64}$`)

func sumValidator() formatValidator {
	return formatValidator{"Malformed SHA-256 sum", "a SHA-256 sum in hex, such as filesha256() gives", func(s string) error {
		if !sha256Sum.MatchString(s) {
			return &hscn.FormatError{Word: "SHA-256 sum", Value: s, Problem: "is not 64 characters of 0-9 and a-f, as filesha256() gives them"}
		}
		return nil
	}}
}
