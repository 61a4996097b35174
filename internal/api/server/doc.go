// Package server holds the HTTP server's interface, generated from api/openapi.yaml over the types of internal/api. What
// answers it is internal/broker; nothing here is written by hand.
package server

//go:generate go tool -modfile=../../../tools/oapi-codegen/go.mod oapi-codegen --config=oapi-codegen.yaml ../../../api/openapi.yaml
