package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// source is what all data sources do in the same way.
type source struct {
	session *session
}

func (s *source) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	s.session = sessionFrom(req.ProviderData, &resp.Diagnostics)
}

// operation is a request that reads.
func (s *source) operation(doing string) operation {
	return operation{doing: "reading " + doing, endpoint: s.session.endpoint}
}

// fill puts members of the contract into the state of a data source, each into the attribute of its name.
func fill(ctx context.Context, doing string, members map[string]any, state *tfsdk.State) diag.Diagnostics {
	var diags diag.Diagnostics
	value, err := nativeObject(ctx, types.ObjectType{AttrTypes: typesOfState(state)}, members, nil, "", nil)
	if err != nil {
		diags.Append(providerFault("reading "+doing, err))
		return diags
	}
	diags.Append(state.Set(ctx, value)...)
	return diags
}

func typesOfState(state *tfsdk.State) map[string]attr.Type {
	all := make(map[string]attr.Type)
	for name, attribute := range state.Schema.GetAttributes() {
		all[name] = attribute.GetType()
	}
	return all
}

// documents returns the attributes of several objects of the contract.
func documents[T any](values []T, membersOf func(T) (map[string]any, error)) ([]any, error) {
	all := make([]any, len(values))
	for i, value := range values {
		members, err := membersOf(value)
		if err != nil {
			return nil, err
		}
		all[i] = members
	}
	return all, nil
}

// What data sources have is computed; these make it short to write.

func text(description string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

func flag(description string) schema.BoolAttribute {
	return schema.BoolAttribute{Computed: true, MarkdownDescription: description}
}

func number(description string) schema.Int64Attribute {
	return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
}

func texts(description string) schema.SetAttribute {
	return schema.SetAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: description}
}

func object(description string, attributes map[string]schema.Attribute) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{Computed: true, MarkdownDescription: description, Attributes: attributes}
}

func objects(description string, attributes map[string]schema.Attribute) schema.MapNestedAttribute {
	return schema.MapNestedAttribute{
		Computed: true, MarkdownDescription: description, NestedObject: schema.NestedAttributeObject{Attributes: attributes},
	}
}

func listed(description string, attributes map[string]schema.Attribute) schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		Computed: true, MarkdownDescription: description, NestedObject: schema.NestedAttributeObject{Attributes: attributes},
	}
}
