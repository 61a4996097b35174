package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// The attributes that every resource has.

func nameAttribute(noun, unique string) schema.StringAttribute {
	return schema.StringAttribute{
		Required: true,
		MarkdownDescription: fmt.Sprintf("The %s's name, %s: 3 to 63 characters of `a-z`, `0-9` and `-`, starting with a letter. "+
			"It is the last part of its id. %s", noun, unique, rules.Immutable.Sentence()),
	}
}

func waitForAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true, Default: stringdefault.StaticString(string(hscn.WaitForAccepted)),
		Validators: []validator.String{oneOf(hscn.WaitFors())},
		MarkdownDescription: "How far the order must be before an apply is done with it. `accepted` (the default): it stands. " +
			"`active`: it is confirmed to work, or a person has to act first, which ends the wait with a warning that says who. " +
			"A wait that runs out is a warning too, and the next apply goes on waiting. It is Terraform's alone: a change of it orders nothing. " +
			"The guide [Orders and waiting](../guides/orders-and-waiting.md) has every state and every message.",
	}
}

func deletionProtectionAttribute() schema.BoolAttribute {
	return schema.BoolAttribute{
		Optional: true, Computed: true, Default: booldefault.StaticBool(false),
		MarkdownDescription: "Whether it is protected from being given up by mistake; `false` by default. As soon as it has been active, " +
			"the broker refuses to delete what is protected, whoever asks, and a plan that destroys or replaces it fails. " +
			"To give it up, set this to `false`, apply that by itself, and then destroy or replace it. " +
			"Terraform's own `prevent_destroy` stands in the configuration only and is gone with the block; this stays until it is taken off.",
	}
}

func timeoutsAttribute(ctx context.Context) schema.Attribute {
	const form = "as a length of time such as `45m`."
	attribute := timeouts.Attributes(ctx, timeouts.Opts{
		Create: true, Update: true, Delete: true,
		CreateDescription: fmt.Sprintf("How long ordering it may take, the wait of `wait_for` included (%s where it is left out), %s", lengthOfTime(createTimeout), form),
		UpdateDescription: fmt.Sprintf("How long changing it may take, the wait of `wait_for` included (%s where it is left out), %s", lengthOfTime(updateTimeout), form),
		DeleteDescription: fmt.Sprintf("How long giving it up may take (%s where it is left out), %s", lengthOfTime(deleteTimeout), form),
	})
	nested, ok := attribute.(schema.SingleNestedAttribute)
	if !ok {
		return attribute
	}
	nested.MarkdownDescription = "How long the provider may take over it."
	for name, limit := range nested.Attributes {
		// The library takes 0s, and what is below it: with either nothing is ever asked.
		if text, ok := limit.(schema.StringAttribute); ok {
			text.Validators = append(text.Validators, durationValidator{})
			nested.Attributes[name] = text
		}
	}
	return nested
}

func idAttribute(form string) schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: fmt.Sprintf("The full name, `%s`: what other resources refer to and what an import takes. "+
			"Known at plan where the names are.", form),
	}
}

func uidAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: "The id that the broker gave, which no other object ever has, whatever its name." + knownAfterApply,
	}
}

func stateAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "Where the order stands, such as `pending_evidence`, `awaiting_fulfilment` or `active`. Only `active` means that it is confirmed to work. " +
			"One that is `refused` is planned as replaced." + knownAfterApply,
	}
}

func stateReasonAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true, MarkdownDescription: "Why it is in that state, and who can move it on." + knownAfterApply,
	}
}

func pendingChangeAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "A change of yours that waits for a person, as a JSON merge patch; null where none does. " +
			"The attributes show it as if it were made." + knownAfterApply,
	}
}

// oneOf allows the values of one of the domain's words.
func oneOf[T ~string](values []T) validator.String {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	return stringvalidator.OneOf(texts...)
}
