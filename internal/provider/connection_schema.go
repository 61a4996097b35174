package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/defaults"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

const (
	// requiredText is the least that a text must be: an empty one is neither a value nor none.
	requiredText = 1
	// What several descriptions end with.
	knownAfterApply = " Known after the apply."
)

// connectionInputs are the attributes of a connection that its owner declares to the broker.
func connectionInputs() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		// Required.
		"ods_code": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "The ODS code of the organisation that the connection is for, such as `A1B2C`. Your account must be allowed to act for it. " +
				"Upper and lower case are the same.",
		},
		"service": schema.SingleNestedAttribute{
			Required:            true,
			MarkdownDescription: "The cloud service that is joined to HSCN. It is the billed unit: every service has a connection of its own.",
			Attributes: map[string]schema.Attribute{
				"type": schema.StringAttribute{
					Required: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 63)},
					MarkdownDescription: "The type of service, one of those that the CSP's policy lists: see the data source `hscn_policy`.",
				},
				"id": schema.StringAttribute{
					Required: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 256)},
					MarkdownDescription: "The service's id as the CSP writes it: see the data source `hscn_services`.",
				},
			},
		},
		"agreement": schema.SingleNestedAttribute{
			Required:            true,
			MarkdownDescription: "What the organisation's use of HSCN rests on. Nobody is connected without the terms of the HSCN Connection Agreement.",
			Attributes: map[string]schema.Attribute{
				"basis": schema.StringAttribute{
					Required: true, Validators: []validator.String{oneOf(hscn.AgreementBases())},
					MarkdownDescription: "`connection_agreement`: the organisation's own HSCN Connection Agreement with the NHS. " +
						"`flow_down`: terms of the CSP that carry the agreement's, such as its Master Services Agreement.",
				},
				"evidence_id": schema.StringAttribute{
					Optional: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 512)},
					MarkdownDescription: "With `connection_agreement`, the id of a signed copy that the connection rests on until the register shows the agreement: " +
						"`hscn_agreement_evidence.<name>.id`. The order waits until a person at the CSP has validated the copy, and goes on by itself.",
				},
				"reference": schema.StringAttribute{
					Optional: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 128)},
					MarkdownDescription: "A reference of the agreement's, for people.",
				},
			},
		},
		"profile": profileAttribute(),

		// Optional.
		"access": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(string(hscn.AccessSharedLink)),
			Validators: []validator.String{oneOf(hscn.Accesses())},
			MarkdownDescription: "`shared_link` (the default): a share of the CSP's own link to HSCN. " +
				"`dedicated_circuit`: a circuit of your own into the CSP's data centres, which needs the organisation's own agreement.",
		},
		"purpose": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(string(hscn.PurposeProduction)),
			Validators:          []validator.String{oneOf(hscn.Purposes())},
			MarkdownDescription: "What the connection is for: `production` (the default), `proof_of_concept` or `readiness_test`.",
		},
		"circuits": schema.MapNestedAttribute{
			Optional: true, Computed: true, Default: emptyMap(circuitType), Validators: []validator.Map{namedKeys{}},
			MarkdownDescription: "With `dedicated_circuit`, the circuits, by a name of yours: 3 to 63 characters of `a-z`, `0-9` and `-`, starting with a letter.",
			NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
				"reference": schema.StringAttribute{
					Optional: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 128)},
					MarkdownDescription: "The supplier's reference of the circuit.",
				},
				"cn_sp": schema.StringAttribute{
					Optional: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 128)},
					MarkdownDescription: "The consumer network service provider (CN-SP) that supplies it.",
				},
				"data_centre": schema.StringAttribute{
					Optional: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 128)},
					MarkdownDescription: "The CSP's data centre in which it ends.",
				},
				"bandwidth_mbps": schema.Int64Attribute{
					Optional: true, Validators: []validator.Int64{int64validator.AtLeast(1)},
					MarkdownDescription: "Its bandwidth in megabits a second.",
				},
			}},
		},
		"purchase_order": schema.StringAttribute{
			Optional: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 128)},
			MarkdownDescription: "A purchase order number that the CSP puts on its invoices.",
		},
		"activate_at": schema.StringAttribute{
			Optional: true, Validators: []validator.String{instantValidator()},
			MarkdownDescription: "When the connection is to go live at the earliest, as a date and time with a zone (RFC 3339), such as `2027-01-12T10:00:00Z`. " +
				"Without it the connection goes live as soon as it can.",
		},
		"accepted_setup_charge_gbp": schema.StringAttribute{
			Optional: true, Validators: []validator.String{moneyValidator()},
			MarkdownDescription: "The one-off charge that you accept, as the CSP quoted it for a complex order: pounds and pence excluding VAT, such as `1250.00`.",
		},
		"deletion_protection": deletionProtectionAttribute(),
	}
}

func connectionSchema(ctx context.Context) schema.Schema {
	attributes := asDeclared(rules.KindConnection, connectionInputs())

	// What only Terraform knows.
	attributes["name"] = nameAttribute("connection", "unique in your account, such as `records-prod`")
	attributes["wait_for"] = waitForAttribute()
	attributes["timeouts"] = timeoutsAttribute(ctx)

	// Computed.
	attributes["id"] = idAttribute("connections/<name>")
	attributes["uid"] = uidAttribute()
	attributes["state"] = stateAttribute()
	attributes["state_reason"] = stateReasonAttribute()
	attributes["pending_change"] = pendingChangeAttribute()
	for name, description := range map[string]string{
		"region":                 "The region that the service is in.",
		"zone":                   "The zone of the CSP's cloud that the service is in.",
		"external_network_id":    "The network of the CSP's cloud that leads to HSCN.",
		"monthly_charge_gbp":     "What the connection costs a month, in pounds and pence excluding VAT; null where the CSP has published no price.",
		"setup_charge_gbp":       "What setting it up costs once, in pounds and pence excluding VAT; null where the CSP has published no price.",
		"commitment_ends_on":     "The last day of the commitment, counted from the day on which the connection was enabled.",
		"enablement_due_at":      "When the CSP is to have enabled it at the latest, counted from the moment at which nothing was left to prove.",
		"enabled_at":             "When it was enabled; null before that.",
		"agreement_validated_on": "The day on which the CSP last saw that the agreement holds.",
		"revalidate_on":          "The day on which the CSP looks again.",
	} {
		attributes[name] = schema.StringAttribute{Computed: true, MarkdownDescription: description + knownAfterApply}
	}
	attributes["data_centres"] = schema.SetAttribute{
		Computed: true, ElementType: types.StringType,
		MarkdownDescription: "The CSP's data centres of that zone." + knownAfterApply,
	}
	attributes["commitment_months"] = schema.Int64Attribute{
		Computed: true,
		MarkdownDescription: "For how many months the connection is taken at the least. Known at plan for a new connection, " +
			"and fixed once it is ordered.",
	}
	return schema.Schema{
		MarkdownDescription: "A consumed cloud service joined to HSCN: the billed unit. What hangs on it are edge attachments (`hscn_edge_attachment`). " +
			"An order goes through checks and a person's hands before it is `active`; its `state` says where it stands.",
		Attributes: attributes,
	}
}

// profileAttribute is what the HSCN terms ask a consumer to keep up to date.
func profileAttribute() schema.SingleNestedAttribute {
	person := func(description string, phone bool) schema.SingleNestedAttribute {
		attributes := map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Required: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 256)},
				MarkdownDescription: "The person's name.",
			},
			"email": schema.StringAttribute{
				Required: true, Validators: []validator.String{emailValidator()},
				MarkdownDescription: "The person's e-mail address. Upper and lower case are the same.",
			},
		}
		if phone {
			attributes["phone"] = schema.StringAttribute{
				Optional: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 64)},
				MarkdownDescription: "The person's telephone number.",
			}
		}
		return schema.SingleNestedAttribute{Required: true, MarkdownDescription: description, Attributes: attributes}
	}
	date := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, Validators: []validator.String{dateValidator()}, MarkdownDescription: description + " A date such as `2026-11-02`."}
	}
	return schema.SingleNestedAttribute{
		Required:            true,
		MarkdownDescription: "What the HSCN terms ask a consumer to tell, and to keep up to date.",
		Attributes: map[string]schema.Attribute{
			"business_sponsor": person("Who answers for the connection in the organisation.", false),
			"security_lead":    person("Whom to reach when something happens on the network.", true),
			"shared_with": schema.MapNestedAttribute{
				Optional: true, Computed: true, Default: emptyMap(sharedOrganisationType),
				Validators:          []validator.Map{distinctKeys{hscn.CanonicalODSCode, "organisation"}},
				MarkdownDescription: "Other organisations that route through the connection, by ODS code. Upper and lower case are the same.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"basis": schema.StringAttribute{
						Optional: true, Validators: []validator.String{oneOf(hscn.AgreementBases())},
						MarkdownDescription: "What its use of HSCN rests on: `connection_agreement` or `flow_down`.",
					},
					"bound_by_terms": schema.BoolAttribute{
						Optional:            true,
						MarkdownDescription: "That you attest it to be bound by identical terms.",
					},
				}},
			},
			"handles_patient_data": schema.BoolAttribute{
				Optional: true, MarkdownDescription: "Whether patient data goes over the connection. Left out counts as yes.",
			},
			"encryption": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "How patient data is encrypted: HSCN itself encrypts nothing.",
				Attributes: map[string]schema.Attribute{
					"in_application": schema.BoolAttribute{Required: true, MarkdownDescription: "That the application encrypts what it sends."},
					"standard": schema.StringAttribute{
						Optional: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 128)},
						MarkdownDescription: "By which standard, such as `AES-256`.",
					},
					"attested_on": date("The day on which that was attested."),
				},
			},
			"risk_assessment": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "The organisation's own risk assessment of the connection.",
				Attributes: map[string]schema.Attribute{
					"reference": schema.StringAttribute{
						Required: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 256)},
						MarkdownDescription: "Where it is to be found.",
					},
					"completed_on": date("The day on which it was completed."),
				},
			},
			"monitoring_acknowledged_on": date("The day on which the organisation acknowledged that traffic on HSCN is monitored."),
			"reviewed_on":                date("The day on which this profile was last reviewed; once a year is asked for."),
			"outside_england": schema.SingleNestedAttribute{
				Optional: true, MarkdownDescription: "What is asked of an organisation whose seat or whose data is outside England.",
				Attributes: map[string]schema.Attribute{
					"data_locations": schema.SetAttribute{
						Optional: true, ElementType: types.StringType,
						Validators:          []validator.Set{countriesValidator()},
						MarkdownDescription: "The countries in which data is held, as codes of two letters (ISO 3166-1), such as `IE`. None means `GB`.",
					},
					"policy_attested": schema.BoolAttribute{
						Optional: true, MarkdownDescription: "That you attest to follow the policy for access from outside England.",
					},
					"nhs_clarification": schema.StringAttribute{
						Optional: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 1024)},
						MarkdownDescription: "What the NHS said about it, with its reference.",
					},
				},
			},
		},
	}
}

var circuitType = map[string]attr.Type{
	"reference": types.StringType, "cn_sp": types.StringType, "data_centre": types.StringType, "bandwidth_mbps": types.Int64Type,
}

var sharedOrganisationType = map[string]attr.Type{"basis": types.StringType, "bound_by_terms": types.BoolType}

// emptyMap is the default of a map of objects. With null as the default, a map that is written down empty would differ
// from what an import finds, and a plan after it would not be empty.
func emptyMap(members map[string]attr.Type) defaults.Map {
	return mapdefault.StaticValue(types.MapValueMust(types.ObjectType{AttrTypes: members}, nil))
}
