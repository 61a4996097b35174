package main

import (
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The types below are the document that `terraform providers schema -json` writes, format 1.0, as far as a provider of
// protocol 6 can fill it. They are written out here because the published Go types of that document hold values of
// another type system, into which every attribute's type would have to be translated.
type (
	document struct {
		FormatVersion string                    `json:"format_version"`
		Providers     map[string]providerSchema `json:"provider_schemas"`
	}

	providerSchema struct {
		Provider           *schema             `json:"provider,omitempty"`
		Resources          map[string]*schema  `json:"resource_schemas,omitempty"`
		DataSources        map[string]*schema  `json:"data_source_schemas,omitempty"`
		EphemeralResources map[string]*schema  `json:"ephemeral_resource_schemas,omitempty"`
		ListResources      map[string]*schema  `json:"list_resource_schemas,omitempty"`
		Actions            map[string]*schema  `json:"action_schemas,omitempty"`
		Functions          map[string]function `json:"functions,omitempty"`
		Identities         map[string]identity `json:"resource_identity_schemas,omitempty"`
	}

	schema struct {
		Version int64  `json:"version"`
		Block   *block `json:"block,omitempty"`
	}

	block struct {
		Attributes      map[string]attribute   `json:"attributes,omitempty"`
		Blocks          map[string]nestedBlock `json:"block_types,omitempty"`
		Description     string                 `json:"description,omitempty"`
		DescriptionKind string                 `json:"description_kind,omitempty"`
		Deprecated      bool                   `json:"deprecated,omitempty"`
	}

	nestedBlock struct {
		Nesting  string `json:"nesting_mode"`
		Block    *block `json:"block"`
		MinItems int64  `json:"min_items,omitempty"`
		MaxItems int64  `json:"max_items,omitempty"`
	}

	attribute struct {
		Type            tftypes.Type  `json:"type,omitempty"`
		Nested          *nestedObject `json:"nested_type,omitempty"`
		Description     string        `json:"description,omitempty"`
		DescriptionKind string        `json:"description_kind,omitempty"`
		Deprecated      bool          `json:"deprecated,omitempty"`
		Required        bool          `json:"required,omitempty"`
		Optional        bool          `json:"optional,omitempty"`
		Computed        bool          `json:"computed,omitempty"`
		Sensitive       bool          `json:"sensitive,omitempty"`
		WriteOnly       bool          `json:"write_only,omitempty"`
	}

	nestedObject struct {
		Attributes map[string]attribute `json:"attributes,omitempty"`
		Nesting    string               `json:"nesting_mode"`
	}

	function struct {
		Description        string       `json:"description,omitempty"`
		Summary            string       `json:"summary,omitempty"`
		DeprecationMessage string       `json:"deprecation_message,omitempty"`
		ReturnType         tftypes.Type `json:"return_type"`
		Parameters         []parameter  `json:"parameters,omitempty"`
		Variadic           *parameter   `json:"variadic_parameter,omitempty"`
	}

	parameter struct {
		Name        string       `json:"name"`
		Description string       `json:"description,omitempty"`
		Nullable    bool         `json:"is_nullable,omitempty"`
		Type        tftypes.Type `json:"type"`
	}

	identity struct {
		Version    int64                        `json:"version"`
		Attributes map[string]identityAttribute `json:"attributes,omitempty"`
	}

	identityAttribute struct {
		Type              tftypes.Type `json:"type"`
		Description       string       `json:"description,omitempty"`
		RequiredForImport bool         `json:"required_for_import,omitempty"`
		OptionalForImport bool         `json:"optional_for_import,omitempty"`
	}
)

// newDocument puts a provider's answers into the document, under the provider's short name.
func newDocument(
	name string, schemas *tfprotov6.GetProviderSchemaResponse, identities *tfprotov6.GetResourceIdentitySchemasResponse,
) document {
	return document{
		FormatVersion: "1.0",
		Providers: map[string]providerSchema{name: {
			Provider:           newSchema(schemas.Provider),
			Resources:          mapped(schemas.ResourceSchemas, newSchema),
			DataSources:        mapped(schemas.DataSourceSchemas, newSchema),
			EphemeralResources: mapped(schemas.EphemeralResourceSchemas, newSchema),
			ListResources:      mapped(schemas.ListResourceSchemas, newSchema),
			Actions:            mapped(schemas.ActionSchemas, newActionSchema),
			Functions:          mapped(schemas.Functions, newFunction),
			Identities:         mapped(identities.IdentitySchemas, newIdentity),
		}},
	}
}

func newSchema(from *tfprotov6.Schema) *schema {
	return &schema{Version: from.Version, Block: newBlock(from.Block)}
}

func newActionSchema(from *tfprotov6.ActionSchema) *schema { return newSchema(from.Schema) }

func newBlock(from *tfprotov6.SchemaBlock) *block {
	blocks := make(map[string]nestedBlock, len(from.BlockTypes))
	for _, nested := range from.BlockTypes {
		blocks[nested.TypeName] = nestedBlock{
			Nesting:  strings.ToLower(nested.Nesting.String()),
			Block:    newBlock(nested.Block),
			MinItems: nested.MinItems,
			MaxItems: nested.MaxItems,
		}
	}
	return &block{
		Attributes:      newAttributes(from.Attributes),
		Blocks:          blocks,
		Description:     from.Description,
		DescriptionKind: strings.ToLower(from.DescriptionKind.String()),
		Deprecated:      from.Deprecated,
	}
}

func newAttributes(from []*tfprotov6.SchemaAttribute) map[string]attribute {
	attributes := make(map[string]attribute, len(from))
	for _, a := range from {
		var nested *nestedObject
		if a.NestedType != nil {
			nested = &nestedObject{
				Attributes: newAttributes(a.NestedType.Attributes),
				Nesting:    strings.ToLower(a.NestedType.Nesting.String()),
			}
		}
		attributes[a.Name] = attribute{
			Type:            a.Type,
			Nested:          nested,
			Description:     a.Description,
			DescriptionKind: strings.ToLower(a.DescriptionKind.String()),
			Deprecated:      a.Deprecated,
			Required:        a.Required,
			Optional:        a.Optional,
			Computed:        a.Computed,
			Sensitive:       a.Sensitive,
			WriteOnly:       a.WriteOnly,
		}
	}
	return attributes
}

func newFunction(from *tfprotov6.Function) function {
	parameters := make([]parameter, 0, len(from.Parameters))
	for _, p := range from.Parameters {
		parameters = append(parameters, newParameter(p))
	}
	var variadic *parameter
	if from.VariadicParameter != nil {
		last := newParameter(from.VariadicParameter)
		variadic = &last
	}
	return function{
		Description:        from.Description,
		Summary:            from.Summary,
		DeprecationMessage: from.DeprecationMessage,
		ReturnType:         from.Return.Type,
		Parameters:         parameters,
		Variadic:           variadic,
	}
}

func newParameter(from *tfprotov6.FunctionParameter) parameter {
	return parameter{
		Name:        from.Name,
		Description: from.Description,
		Nullable:    from.AllowNullValue,
		Type:        from.Type,
	}
}

func newIdentity(from *tfprotov6.ResourceIdentitySchema) identity {
	attributes := make(map[string]identityAttribute, len(from.IdentityAttributes))
	for _, a := range from.IdentityAttributes {
		attributes[a.Name] = identityAttribute{
			Type:              a.Type,
			Description:       a.Description,
			RequiredForImport: a.RequiredForImport,
			OptionalForImport: a.OptionalForImport,
		}
	}
	return identity{Version: from.Version, Attributes: attributes}
}

// mapped converts every value of a map and keeps the keys.
func mapped[From, To any](from map[string]From, convert func(From) To) map[string]To {
	to := make(map[string]To, len(from))
	for key, value := range from {
		to[key] = convert(value)
	}
	return to
}
