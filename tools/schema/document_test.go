package main

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// fixed is a provider that answers what the test gave it; every other call of the protocol panics.
type fixed struct {
	tfprotov6.ProviderServer
	schemas    *tfprotov6.GetProviderSchemaResponse
	identities *tfprotov6.GetResourceIdentitySchemasResponse
}

func (f fixed) GetProviderSchema(
	context.Context, *tfprotov6.GetProviderSchemaRequest,
) (*tfprotov6.GetProviderSchemaResponse, error) {
	return f.schemas, nil
}

func (f fixed) GetResourceIdentitySchemas(
	context.Context, *tfprotov6.GetResourceIdentitySchemasRequest,
) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return f.identities, nil
}

func schemaOf(attributes ...*tfprotov6.SchemaAttribute) *tfprotov6.Schema {
	return &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{Attributes: attributes}}
}

func TestWrite(t *testing.T) {
	t.Parallel()

	thing := schemaOf(
		&tfprotov6.SchemaAttribute{Name: "id", Type: tftypes.String, Computed: true, Description: "The id."},
		&tfprotov6.SchemaAttribute{
			Name: "sources", Type: tftypes.Map{ElementType: tftypes.String}, Required: true,
			DescriptionKind: tfprotov6.StringKindMarkdown,
		},
		&tfprotov6.SchemaAttribute{
			Name: "rules", Optional: true, Deprecated: true,
			NestedType: &tfprotov6.SchemaObject{
				Nesting: tfprotov6.SchemaObjectNestingModeMap,
				Attributes: []*tfprotov6.SchemaAttribute{
					{Name: "secret", Type: tftypes.String, Optional: true, Sensitive: true, WriteOnly: true},
				},
			},
		},
	)
	thing.Version = 2
	thing.Block.BlockTypes = []*tfprotov6.SchemaNestedBlock{{
		TypeName: "step", Nesting: tfprotov6.SchemaNestedBlockNestingModeList, MinItems: 1, MaxItems: 3,
		Block: schemaOf(&tfprotov6.SchemaAttribute{Name: "port", Type: tftypes.Number, Required: true}).Block,
	}}

	var got bytes.Buffer
	err := write(t.Context(), &got, fixed{
		schemas: &tfprotov6.GetProviderSchemaResponse{
			Provider:                 schemaOf(),
			ResourceSchemas:          map[string]*tfprotov6.Schema{"hscn_thing": thing},
			DataSourceSchemas:        map[string]*tfprotov6.Schema{"hscn_data": schemaOf()},
			EphemeralResourceSchemas: map[string]*tfprotov6.Schema{"hscn_ephemeral": schemaOf()},
			ListResourceSchemas:      map[string]*tfprotov6.Schema{"hscn_listed": schemaOf()},
			ActionSchemas:            map[string]*tfprotov6.ActionSchema{"hscn_action": {Schema: schemaOf()}},
			Functions: map[string]*tfprotov6.Function{"join": {
				Summary: "Joins.", Return: &tfprotov6.FunctionReturn{Type: tftypes.String},
				Parameters:        []*tfprotov6.FunctionParameter{{Name: "first", Type: tftypes.Bool, AllowNullValue: true}},
				VariadicParameter: &tfprotov6.FunctionParameter{Name: "rest", Type: tftypes.DynamicPseudoType},
			}},
		},
		identities: &tfprotov6.GetResourceIdentitySchemasResponse{
			IdentitySchemas: map[string]*tfprotov6.ResourceIdentitySchema{"hscn_thing": {
				Version: 1,
				IdentityAttributes: []*tfprotov6.ResourceIdentitySchemaAttribute{
					{Name: "name", Type: tftypes.String, RequiredForImport: true, Description: "The name."},
				},
			}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}

	const empty = `{"version": 0, "block": {"description_kind": "plain"}}`
	want := `{"format_version": "1.0", "provider_schemas": {"hscn": {
		"provider": ` + empty + `,
		"resource_schemas": {"hscn_thing": {"version": 2, "block": {
			"description_kind": "plain",
			"attributes": {
				"id": {"type": "string", "computed": true, "description": "The id.", "description_kind": "plain"},
				"sources": {"type": ["map", "string"], "required": true, "description_kind": "markdown"},
				"rules": {"optional": true, "deprecated": true, "description_kind": "plain", "nested_type": {
					"nesting_mode": "map",
					"attributes": {"secret": {
						"type": "string", "optional": true, "sensitive": true, "write_only": true, "description_kind": "plain"
					}}
				}}
			},
			"block_types": {"step": {"nesting_mode": "list", "min_items": 1, "max_items": 3, "block": {
				"description_kind": "plain",
				"attributes": {"port": {"type": "number", "required": true, "description_kind": "plain"}}
			}}}
		}}},
		"data_source_schemas": {"hscn_data": ` + empty + `},
		"ephemeral_resource_schemas": {"hscn_ephemeral": ` + empty + `},
		"list_resource_schemas": {"hscn_listed": ` + empty + `},
		"action_schemas": {"hscn_action": ` + empty + `},
		"functions": {"join": {
			"summary": "Joins.", "return_type": "string",
			"parameters": [{"name": "first", "type": "bool", "is_nullable": true}],
			"variadic_parameter": {"name": "rest", "type": "dynamic"}
		}},
		"resource_identity_schemas": {"hscn_thing": {"version": 1, "attributes": {
			"name": {"type": "string", "required_for_import": true, "description": "The name."}
		}}}
	}}}`
	if !reflect.DeepEqual(decoded(t, got.String()), decoded(t, want)) {
		t.Errorf("wrote\n%s\nwant\n%s", got.String(), want)
	}
}

func TestWriteReportsTheProvidersErrors(t *testing.T) {
	t.Parallel()

	broken := []*tfprotov6.Diagnostic{
		{Severity: tfprotov6.DiagnosticSeverityWarning, Summary: "only a warning"},
		{Severity: tfprotov6.DiagnosticSeverityError, Summary: "Invalid schema", Detail: "An attribute has no type."},
	}
	tests := map[string]fixed{
		"schemas": {
			schemas: &tfprotov6.GetProviderSchemaResponse{Diagnostics: broken},
		},
		"identities": {
			schemas:    &tfprotov6.GetProviderSchemaResponse{Provider: schemaOf()},
			identities: &tfprotov6.GetResourceIdentitySchemasResponse{Diagnostics: broken},
		},
	}
	for name, server := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var got bytes.Buffer
			err := write(t.Context(), &got, server)
			if err == nil || !strings.Contains(err.Error(), "Invalid schema: An attribute has no type.") {
				t.Errorf("error is %v, want the provider's", err)
			}
			if got.Len() != 0 {
				t.Errorf("wrote %q although the provider failed", got.String())
			}
		})
	}
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return value
}
