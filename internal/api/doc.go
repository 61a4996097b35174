// Package api holds the types and the HTTP client that are generated from api/openapi.yaml. Its server is generated
// into internal/api/server, so that the provider does not link it. Nothing here is written by hand.
package api

//go:generate go tool -modfile=../../tools/oapi-codegen/go.mod oapi-codegen --config=oapi-codegen.yaml ../../api/openapi.yaml
