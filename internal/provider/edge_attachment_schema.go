package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// edgeAttachmentInputs are the attributes of an edge attachment that its owner declares to the broker.
func edgeAttachmentInputs() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		// Exactly one of these is required.
		"gateway_id": schema.StringAttribute{
			Optional: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 256)},
			MarkdownDescription: "The id of an edge gateway or router of the connection's service, as the CSP's cloud writes it: " +
				"see the data source `hscn_gateways`. It may be made in the same apply. Give it or `vdc_id`.",
		},
		"vdc_id": schema.StringAttribute{
			Optional: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 256)},
			MarkdownDescription: "The id of the virtual data centre in which the CSP is to build the edge, as the CSP's cloud writes it, instead of `gateway_id`. " +
				"What it built is then `attached_gateway_id`.",
		},

		// Optional.
		"networks": schema.MapNestedAttribute{
			Optional: true, Computed: true, Default: emptyMap(networkType), Validators: []validator.Map{namedKeys{}},
			MarkdownDescription: "The networks of yours behind the edge that are to reach HSCN, by a name of yours: " +
				"3 to 63 characters of `a-z`, `0-9` and `-`, starting with a letter.",
			NestedObject: schema.NestedAttributeObject{Validators: []validator.Object{networkHasRange{}}, Attributes: map[string]schema.Attribute{
				"id": schema.StringAttribute{
					Optional: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 256)},
					MarkdownDescription: "The network's id in the CSP's cloud.",
				},
				// Required, but not to the framework: it misses a required attribute in an element of a map that is only known later.
				"cidr": schema.StringAttribute{
					Optional: true, Validators: []validator.String{networkValidator()},
					MarkdownDescription: "Its range of IPv4 addresses, such as `192.168.10.0/24`. It must be given.",
				},
				"dns_servers": schema.SetAttribute{
					Optional: true, ElementType: types.StringType, Validators: []validator.Set{addressesValidator()},
					MarkdownDescription: "The IPv4 addresses of the name servers that it uses.",
				},
			}},
		},
		"bridging_controls": schema.StringAttribute{
			Optional: true, Validators: []validator.String{stringvalidator.UTF8LengthBetween(requiredText, 4096)},
			MarkdownDescription: "How traffic between HSCN and other networks is controlled, where one of these networks is also behind another edge.",
		},
		"fulfilment": schema.StringAttribute{
			Optional: true, Computed: true, Default: stringdefault.StaticString(string(hscn.FulfilmentCSP)),
			Validators:          []validator.String{oneOf(hscn.Fulfilments())},
			MarkdownDescription: "Who writes the gateway's rules: `csp` (the default) or `customer`.",
		},
		"deletion_protection": deletionProtectionAttribute(),
	}
}

func edgeAttachmentSchema(ctx context.Context) schema.Schema {
	attributes := asDeclared(rules.KindEdgeAttachment, edgeAttachmentInputs())

	// What only Terraform knows.
	attributes["name"] = nameAttribute("edge attachment", "unique in its connection, such as `web`")
	attributes["connection_id"] = schema.StringAttribute{
		Required:            true,
		Validators:          []validator.String{idValidator(func(id string) error { _, err := hscn.ParseConnectionName(id); return err })},
		MarkdownDescription: "The id of the connection that it belongs to: `hscn_connection.<name>.id`. " + rules.Immutable.Sentence(),
	}
	attributes["wait_for"] = waitForAttribute()
	attributes["timeouts"] = timeoutsAttribute(ctx)

	// Computed.
	attributes["id"] = idAttribute("connections/<connection>/edge-attachments/<name>")
	attributes["uid"] = uidAttribute()
	attributes["state"] = stateAttribute()
	attributes["state_reason"] = stateReasonAttribute()
	attributes["pending_change"] = pendingChangeAttribute()
	for name, description := range map[string]string{
		"included_address":    "The HSCN address that comes with the edge. It stays as long as the edge attachment does.",
		"attached_gateway_id": "The gateway that is attached; null while the CSP has yet to build it.",
		"fulfilment_state": "Whether the gateway does what was ordered: `pending`, `in_sync`, `drifted` or `failed`; " +
			"null where you write the gateway's rules.",
	} {
		attributes[name] = schema.StringAttribute{Computed: true, MarkdownDescription: description + knownAfterApply}
	}
	for name, description := range map[string]string{
		"translated_addresses": "The HSCN addresses that the edge translates to yours.",
		"dns_resolvers":        "The HSCN name servers to use behind the edge.",
	} {
		attributes[name] = schema.SetAttribute{
			Computed: true, ElementType: types.StringType, MarkdownDescription: description + knownAfterApply,
		}
	}
	return schema.Schema{
		MarkdownDescription: "An edge gateway or router joined to a connection. It brings one included HSCN address, " +
			"which is assigned when it is ordered. It becomes `active` after its connection, by an order of its own.",
		Attributes: attributes,
	}
}

var networkType = map[string]attr.Type{
	"id": types.StringType, "cidr": types.StringType, "dns_servers": types.SetType{ElemType: types.StringType},
}
