// Package contract holds the API's OpenAPI document, the contract between provider and broker, so that programs carry
// it with them. It holds nothing else: the types made from it are in internal/api.
package contract

import _ "embed"

// OpenAPI is the document, in YAML.
//
//go:embed openapi.yaml
var OpenAPI []byte
