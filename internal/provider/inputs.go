package provider

import (
	"fmt"

	datasource "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	resource "github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// asInputs makes arguments of a data source from the attributes that the owner of a resource declares, so that both are
// written in the same words and judged by the same validators. What a resource fills in where nothing is given, the
// broker fills in here.
func asInputs(attributes map[string]resource.Attribute) map[string]datasource.Attribute {
	inputs := make(map[string]datasource.Attribute, len(attributes))
	for name, attribute := range attributes {
		inputs[name] = asInput(name, attribute)
	}
	return inputs
}

func asInput(name string, attribute resource.Attribute) datasource.Attribute {
	switch a := attribute.(type) {
	case resource.StringAttribute:
		return datasource.StringAttribute{
			Required: a.Required, Optional: a.Optional, Validators: a.Validators, MarkdownDescription: a.MarkdownDescription,
		}
	case resource.BoolAttribute:
		return datasource.BoolAttribute{
			Required: a.Required, Optional: a.Optional, Validators: a.Validators, MarkdownDescription: a.MarkdownDescription,
		}
	case resource.Int64Attribute:
		return datasource.Int64Attribute{
			Required: a.Required, Optional: a.Optional, Validators: a.Validators, MarkdownDescription: a.MarkdownDescription,
		}
	case resource.SetAttribute:
		return datasource.SetAttribute{
			Required: a.Required, Optional: a.Optional, ElementType: a.ElementType,
			Validators: a.Validators, MarkdownDescription: a.MarkdownDescription,
		}
	case resource.SingleNestedAttribute:
		return datasource.SingleNestedAttribute{
			Required: a.Required, Optional: a.Optional, Attributes: asInputs(a.Attributes),
			Validators: a.Validators, MarkdownDescription: a.MarkdownDescription,
		}
	case resource.MapNestedAttribute:
		return datasource.MapNestedAttribute{
			Required: a.Required, Optional: a.Optional,
			NestedObject: datasource.NestedAttributeObject{
				Attributes: asInputs(a.NestedObject.Attributes), Validators: a.NestedObject.Validators,
			},
			Validators: a.Validators, MarkdownDescription: a.MarkdownDescription,
		}
	default:
		// A schema is asked for in every test of the provider, so that this never reaches a user.
		panic(fmt.Sprintf("%s: there is no argument of a data source for a %T", name, attribute))
	}
}
