// Package schema is the API's contract as the broker's validators read it: requests, answers and the operator's files
// are all checked against the one document in api/openapi.yaml. It checks nothing itself.
package schema

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	contract "github.com/hscn-connect/terraform-provider-hscn/api"
)

// validatedAs is the version that the document is declared to have once it has been checked as what it is. For 3.1 the
// validator compiles a JSON Schema anew for every value that it sees, each parameter included; for 3.0 it visits the
// schemas as they stand, and its errors say where and why. The contract uses no keyword that the two read differently,
// and a test holds it to that.
const validatedAs = "3.0.3"

var document = sync.OnceValues(func() (*openapi3.T, error) {
	loaded, err := openapi3.NewLoader().LoadFromData(contract.OpenAPI)
	if err != nil {
		return nil, fmt.Errorf("load the API's contract: %w", err)
	}
	// The document is part of the program: there is no caller whose context could matter.
	if err := loaded.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("the API's contract is not a valid OpenAPI document: %w", err)
	}
	loaded.OpenAPI = validatedAs
	for _, item := range loaded.Paths.Map() {
		for _, operation := range item.Operations() {
			takeAsTheyAre(operation)
		}
	}
	return loaded, nil
})

// takeAsTheyAre has the validators look at the type of bodies that are not JSON, and leave their bytes to whoever reads
// them: of such a type a validator knows nothing, or takes it apart by rules that are not the contract's.
func takeAsTheyAre(operation *openapi3.Operation) {
	contents := []openapi3.Content{}
	if operation.RequestBody != nil {
		contents = append(contents, operation.RequestBody.Value.Content)
	}
	for _, answer := range operation.Responses.Map() {
		contents = append(contents, answer.Value.Content)
	}
	for _, content := range contents {
		for mediaType, body := range content {
			if !IsJSON(mediaType) {
				body.Schema = nil
			}
		}
	}
}

// IsJSON says whether bodies of the media type are JSON: application/json, and whatever ends in +json (RFC 6839).
func IsJSON(mediaType string) bool {
	name, _, _ := strings.Cut(strings.ToLower(mediaType), ";")
	name = strings.TrimSpace(name)
	return name == "application/json" || strings.HasSuffix(name, "+json")
}

// Document returns the contract, loaded and checked once for the process. Callers share it and must not change it. It
// fails only where the program was built with a broken document.
func Document() (*openapi3.T, error) { return document() }

// Component returns the contract's schema of that name, which callers share and must not change.
func Component(name string) (*openapi3.Schema, error) {
	doc, err := Document()
	if err != nil {
		return nil, err
	}
	ref, found := doc.Components.Schemas[name]
	if !found {
		return nil, fmt.Errorf("the API's contract has no schema %q", name)
	}
	return ref.Value, nil
}

// Options are what every validation against the contract needs: the formats that it uses and that the validator does
// not check by itself.
func Options() []openapi3.SchemaValidationOption {
	return []openapi3.SchemaValidationOption{
		openapi3.WithStringFormatValidator("ipv4", openapi3.NewIPValidator(true)),
	}
}
