// Command schema writes the provider's schemas to standard output, as `terraform providers schema -json` would, but from
// the provider itself in this process: so the documentation has pages for identities, list resources and actions
// whatever Terraform is installed, and none needs to be.
//
// It is not a part of the provider; `make generate` runs it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/hscn-connect/terraform-provider-hscn/internal/provider"
)

func main() {
	if err := write(context.Background(), os.Stdout, provider.Server("docs")()); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

// write asks a provider for its schemas and writes the document to w.
func write(ctx context.Context, w io.Writer, server tfprotov6.ProviderServer) error {
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return fmt.Errorf("asking the provider for its schemas: %w", err)
	}
	if err := firstError(schemas.Diagnostics); err != nil {
		return fmt.Errorf("the provider's schemas: %w", err)
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return fmt.Errorf("asking the provider for its resource identities: %w", err)
	}
	if err := firstError(identities.Diagnostics); err != nil {
		return fmt.Errorf("the provider's resource identities: %w", err)
	}

	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(newDocument("hscn", schemas, identities)); err != nil {
		return fmt.Errorf("writing the schemas: %w", err)
	}
	return nil
}

// firstError returns the first of the diagnostics that is an error, or nil.
func firstError(diagnostics []*tfprotov6.Diagnostic) error {
	for _, d := range diagnostics {
		if d.Severity == tfprotov6.DiagnosticSeverityError {
			return errors.New(d.Summary + ": " + d.Detail)
		}
	}
	return nil
}
