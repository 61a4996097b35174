package provider

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// handedIn is where a configuration has the document of evidence. Its content is personal data of those who signed: it
// goes to the broker and nowhere else, so that no error repeats any of it. Terraform prints the values of what an argument
// refers to beside an error about it, so that errors about document_wo are about the resource as a whole.
type handedIn struct {
	path, content types.String
	// sum is the SHA-256 that the configuration expects; unknown or null where it expects none.
	sum types.String
}

// configuredDocument is the document of a configuration, which alone holds write-only values.
func configuredDocument(ctx context.Context, config tfsdk.Config) (handedIn, diag.Diagnostics) {
	var d handedIn
	diags := config.GetAttribute(ctx, path.Root("document_path"), &d.path)
	diags.Append(config.GetAttribute(ctx, path.Root("document_wo"), &d.content)...)
	diags.Append(config.GetAttribute(ctx, path.Root("document_sha256"), &d.sum)...)
	return d, diags
}

// atHand says that there is a document to send. Without one, the sum is that of a document which was uploaded apart.
func (d handedIn) atHand() bool { return !d.path.IsNull() || !d.content.IsNull() }

// named says that the configuration says at all which document is meant.
func (d handedIn) named() bool { return d.atHand() || !d.sum.IsNull() }

// errNoDocument says that a configuration does not say which document is meant.
func errNoDocument(howToDestroy string) diag.Diagnostic {
	detail := "Say which document this is: document_path, a file; or document_wo, its content in base64; " +
		"or document_sha256 alone, of a document that was uploaded apart."
	if howToDestroy != "" {
		detail += "\n\n" + howToDestroy
	}
	return diag.NewErrorDiagnostic("No document given", detail)
}

// documentProblem is why a document is not sent, with the attribute that it is about; empty for the resource as a whole.
type documentProblem struct{ attribute, summary, detail string }

// Error implements error.
func (p *documentProblem) Error() string { return p.summary + ": " + p.detail }

func (p *documentProblem) diagnostic() diag.Diagnostic {
	if p.attribute == "" {
		return diag.NewErrorDiagnostic(p.summary, p.detail)
	}
	return diag.NewAttributeErrorDiagnostic(path.Root(p.attribute), p.summary, p.detail)
}

// read returns the document and its sum, or a *documentProblem: it is no larger than limit bytes, it is a PDF, and it is
// the one whose sum was expected.
func (d handedIn) read(limit int64) (content []byte, sum string, err error) {
	what, attribute := "The document of document_wo", ""
	if d.path.IsNull() {
		content, err = decoded(d.content.ValueString(), limit)
	} else {
		what, attribute = d.path.ValueString(), "document_path"
		content, err = readFile(d.path.ValueString(), limit)
	}
	if err != nil {
		return nil, "", err
	}
	switch {
	case !hscn.HasPDFHeader(content):
		return nil, "", &documentProblem{attribute, "The document is no PDF", what + " does not begin as a PDF does (%PDF-). " +
			"Nothing was sent. The signed agreement is handed in as a PDF."}
	case !hscn.HasPDFEnd(content):
		return nil, "", &documentProblem{attribute, "The document is not whole", what + " does not end as a PDF does (%%EOF). " +
			"Nothing was sent. The file may have been cut off: see whether it opens."}
	}
	digest := sha256.Sum256(content)
	sum = hex.EncodeToString(digest[:])
	if !d.sum.IsNull() && !d.sum.IsUnknown() && !strings.EqualFold(d.sum.ValueString(), sum) {
		return nil, "", &documentProblem{attribute, "The document is another one", fmt.Sprintf(
			"%s has the sum %s, and document_sha256 is %s. Nothing was sent. If the document changed after the plan was made, plan again; "+
				"otherwise hand in the one that is meant.", what, sum, d.sum.ValueString())}
	}
	return content, sum, nil
}

func tooLarge(attribute, what string, size, limit int64) *documentProblem {
	return &documentProblem{attribute, "The document is too large", fmt.Sprintf(
		"%s has %d bytes, and your cloud service provider takes %d at the most. Nothing was sent. "+
			"Scan it with a lower resolution, or in black and white.", what, size, limit)}
}

// readFile reads a file of that many bytes at the most.
func readFile(name string, limit int64) ([]byte, error) {
	unreadable := func(why string) *documentProblem {
		return &documentProblem{"document_path", "The document cannot be read", fmt.Sprintf(
			"%s %s. A path that is not absolute counts from the directory that Terraform runs in; "+
				"write ${path.module}/ in front of a file that lies beside the configuration.", name, why)}
	}
	information, err := os.Stat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, unreadable("does not exist")
	case err != nil:
		return nil, unreadable("cannot be opened: " + withoutPath(err))
	case !information.Mode().IsRegular():
		return nil, unreadable("is no file")
	case information.Size() > limit:
		return nil, tooLarge("document_path", name, information.Size(), limit)
	}
	content, err := os.ReadFile(name)
	switch {
	case err != nil:
		return nil, unreadable("cannot be read: " + withoutPath(err))
	case int64(len(content)) > limit: // it grew meanwhile
		return nil, tooLarge("document_path", name, int64(len(content)), limit)
	}
	return content, nil
}

// withoutPath is the reason of an error that otherwise repeats the file's name.
func withoutPath(err error) string {
	var inPath *os.PathError
	if errors.As(err, &inPath) {
		return inPath.Err.Error()
	}
	return err.Error()
}

// decoded reads base64 that stands for that many bytes at the most. Line breaks in it do not count.
func decoded(text string, limit int64) ([]byte, error) {
	content, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, malformedBase64
	}
	if int64(len(content)) > limit {
		return nil, tooLarge("", "The document of document_wo", int64(len(content)), limit)
	}
	return content, nil
}

// malformedBase64 does not say where: what stands there is the document.
var malformedBase64 = &documentProblem{"", "Malformed document", "document_wo is not base64. " +
	"Write filebase64(\"ca-signed.pdf\"), or hand on what the source of the document gives through base64encode()."}

// documentSum is the plan modifier of a sum that the configuration does not give: it stays, since a file is read when it
// is sent and never again, but where another version of the write-only content is announced.
type documentSum struct{}

var _ planmodifier.String = documentSum{}

func (documentSum) Description(context.Context) string {
	return "Left out, it changes only with document_wo_version."
}

func (d documentSum) MarkdownDescription(ctx context.Context) string { return d.Description(ctx) }

func (documentSum) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if !req.ConfigValue.IsNull() || req.State.Raw.IsNull() {
		return
	}
	var planned, before types.Int64
	resp.Diagnostics.Append(req.Plan.GetAttribute(ctx, path.Root("document_wo_version"), &planned)...)
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("document_wo_version"), &before)...)
	given, diags := configuredDocument(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	if given.content.IsNull() || planned.Equal(before) {
		resp.PlanValue = req.StateValue
	} else {
		resp.PlanValue = types.StringUnknown()
	}
}
