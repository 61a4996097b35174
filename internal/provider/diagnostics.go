package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

// asError makes an error of diagnostics that can only come from a fault of the provider's.
func asError(diags diag.Diagnostics) error {
	if !diags.HasError() {
		return nil
	}
	first := diags.Errors()[0]
	return errors.New(first.Summary() + ": " + first.Detail())
}

// providerFault is the error for what cannot happen unless the provider is at fault.
func providerFault(doing string, err error) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Error "+doing, fmt.Sprintf("%s.\n\nThis is a fault of the provider's: please report it.", err))
}

// howToDestroy ends every plan-time error: a destroy plans the configuration first, and a provider cannot tell that plan
// from another. What the provider block says goes before the environment.
func howToDestroy(checksInBlock bool) string {
	if checksInBlock {
		return "To destroy none the less what the state has, set plan_checks = \"off\" in the provider block, or run terraform destroy with -refresh=false."
	}
	return "To destroy none the less what the state has, run terraform destroy with HSCN_PLAN_CHECKS=off, or with -refresh=false."
}

// howToDestroyProtected is said instead where it is not the plan's checks that are in the way.
const howToDestroyProtected = "To destroy it none the less, take the protection off first: HSCN_PLAN_CHECKS=off and -refresh=false do not lift it, " +
	"since the broker holds it against every client."

// owners say who can put a finding right.
var owners = map[string]string{
	"customer": "You can put this right.",
	"csp":      "Your cloud service provider can put this right.",
	"nhs":      "The NHS can put this right.",
}

// findingDiagnostic is a finding as the user reads it, in the same words at plan and in the apply. Its summary is the
// rule's title, since Terraform merges warnings of the same summary. last is what an error ends with: at plan how to destroy
// none the less, in the apply what became of asking again; it may be empty.
func findingDiagnostic(f api.Finding, at path.Path, last string) diag.Diagnostic {
	var detail strings.Builder
	detail.WriteString(f.Detail)
	detail.WriteString("\n\n" + strings.TrimSpace(f.Remedy+" "+owners[f.Owner]))
	if f.Source != nil {
		detail.WriteString("\nSource: " + *f.Source)
	}
	if f.Severity == api.Error && last != "" {
		detail.WriteString("\n\n" + last)
	}
	detail.WriteString("\nRule: " + f.Rule)
	switch {
	case f.Severity == api.Error && at.Equal(path.Empty()):
		return diag.NewErrorDiagnostic(f.Title, detail.String())
	case f.Severity == api.Error:
		return diag.NewAttributeErrorDiagnostic(at, f.Title, detail.String())
	case at.Equal(path.Empty()):
		return diag.NewWarningDiagnostic(f.Title, detail.String())
	default:
		return diag.NewAttributeWarningDiagnostic(at, f.Title, detail.String())
	}
}

// operation is a request whose failure is told.
type operation struct {
	// doing is what failed, such as "creating connection".
	doing string
	// endpoint is the broker's address as configured.
	endpoint string
	// address and id are where the object is in a configuration, such as "hscn_connection", and its full name; empty where
	// it is about no object of its own.
	resourceType, id string
	// unanswered is said where it may have been done although no answer says so; may be empty.
	unanswered string
	// values are the planned values by attribute, which tell the user's spelling of keys; nil in a data source.
	values map[string]attr.Value
}

// failed says why an operation failed, and what to do next.
func (o operation) failed(ctx context.Context, err error) diag.Diagnostics {
	var (
		diags       diag.Diagnostics
		notOrdered  *client.Unanswered
		refusal     *stillRefused
		foreign     *client.NotOurFormat
		unreachable *client.Unreachable
	)
	done, last := "", ""
	if client.MayBeDone(err) && o.unanswered != "" {
		done = "\n\n" + o.unanswered
	}
	if errors.As(err, &notOrdered) {
		if notOrdered.Holder != nil {
			diags.Append(o.nameTaken(notOrdered.Holder, ""))
			return diags
		}
		done = "\n\n" + o.notOrdered()
	}
	if errors.As(err, &refusal) {
		last = refusal.whatNext()
	}
	problem, isProblem := client.AsProblem(err)
	switch {
	case isProblem:
		diags.Append(o.refused(ctx, problem, last, done)...)
	case errors.As(err, &foreign):
		diags.AddError("Error "+o.doing, o.foreignAnswer(foreign)+done)
	case errors.As(err, &unreachable):
		diags.AddError("Error "+o.doing, o.noAnswer(unreachable)+done+lastWord(unreachable.Problem))
	default:
		diags.Append(providerFault(o.doing, err))
	}
	return diags
}

// refused tells of a problem document. last is what an error of a finding ends with, and done what is known of whether it
// was done; both may be empty.
func (o operation) refused(ctx context.Context, p *client.Problem, last, done string) diag.Diagnostics {
	var diags diag.Diagnostics
	if p.Kind() == "name-taken" {
		diags.Append(o.nameTaken(p.Existing, ""))
		return diags
	}
	for _, finding := range p.Findings {
		if finding.Rule == nameTaken {
			diags.Append(o.nameTaken(p.Existing, finding.Detail))
			continue
		}
		ends := last
		if finding.Rule == connectionProtected {
			ends = o.untaint()
		}
		diags.Append(findingDiagnostic(finding, attributePath(ctx, o.values, pointerSegments(finding.Pointer)), ends))
	}
	if diags.HasError() {
		return diags
	}
	told := false
	for _, invalid := range p.Invalid {
		if at := attributePath(ctx, o.values, pointerSegments(invalid.Pointer)); !at.Equal(path.Empty()) {
			diags.AddAttributeError(at, "Error "+o.doing, fmt.Sprintf("The broker does not accept this value: %s%s", sentence(invalid.Detail), reference(p)))
			told = true
		}
	}
	if told {
		return diags
	}
	details := p.Detail
	for _, invalid := range p.Invalid {
		details += "\n  " + invalid.Detail
	}
	diags.AddError("Error "+o.doing, fmt.Sprintf("%s: %s\n\n%s%s%s",
		strings.TrimSuffix(p.Title, "."), details, o.whatNext(p), done, reference(p)))
	return diags
}

// reference is what finds the request in the broker's log.
func reference(p *client.Problem) string {
	return fmt.Sprintf("\n\nBroker: %s\nRequest: %s", p.BrokerID, p.RequestID)
}

// lastWord is what the broker said before it did not answer any more; may be nil.
func lastWord(p *client.Problem) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("\n\nAn earlier attempt was answered. %s: %s%s", strings.TrimSuffix(p.Title, "."), sentence(p.Detail), reference(p))
}

// whatNext says what to do about a problem that is no finding.
func (o operation) whatNext(p *client.Problem) string {
	switch p.Kind() {
	case "unauthenticated":
		return fmt.Sprintf("The broker at %s does not accept the token. Check token (HSCN_TOKEN): it may be mistyped, revoked, expired, "+
			"or another broker's. Your cloud service provider gives out tokens.", o.endpoint)
	case "forbidden":
		return "The token is good, but not for this. Check account (HSCN_ACCOUNT), and ask your cloud service provider what the token is for."
	case "object-gone":
		return "There is no such object for this account, or no longer. Plan again to see what there is."
	case "parent-changed":
		return o.parentChanged(p)
	case "state-forbids":
		return "Plan again to see the state that it is in, and who can change that."
	case "not-offered":
		return "Take it out of the configuration, or ask your cloud service provider when it will be offered."
	case "too-many-requests", "unavailable":
		return "This may pass by itself: apply again in a few minutes. If it stays, tell your cloud service provider, with the request below."
	case "internal":
		return "The broker failed. Tell your cloud service provider, with the request below."
	case "no-such-operation":
		return fmt.Sprintf("The broker at %s does not know this operation. Check endpoint (HSCN_ENDPOINT): it is the broker's address as your cloud service provider "+
			"gave it to you, without /v1. Otherwise the broker may be older than this provider, or the token may be one for other work.", o.endpoint)
	case "too-large":
		return "Scan the document with a lower resolution, or in black and white."
	case "request-invalid", "precondition-required", "key-reused":
		return "Provider and broker do not agree on the contract between them: one of the two may be newer. Please report it, with the request below."
	default:
		return "Plan again to see what there is. If it stays, tell your cloud service provider, with the request below."
	}
}

// parentChanged says that what an object was to hang on is another one by now.
func (o operation) parentChanged(p *client.Problem) string {
	parent := "what it hangs on"
	if p.Existing != nil {
		parent = p.Existing.Name
	}
	return fmt.Sprintf("Nothing was ordered: %s was replaced behind this apply's back, so that this order would have hung on what nobody planned it for. "+
		"Plan again: the new plan shows what there is now.", parent)
}

// createBeforeDestroy is said of every name that is taken. Whether an apply is to replace something Terraform does not tell:
// what is to be given up afterwards is out of a provider's sight when the new one is planned in the apply, and made.
const createBeforeDestroy = "If an apply was to replace it, create_before_destroy is set on this resource or on one that depends on it: Terraform passes " +
	"it on to everything that a resource depends on. The new one is then made before the old one is given up, so that it needs another name, and a " +
	"service or gateway that the old one does not have. Take create_before_destroy away where it is set."

// deposed is said of a name that moves: a plan shows a provider what an apply left deposed as it shows any other resource.
const deposed = "If the plan shows a deposed object of this very resource, an apply with create_before_destroy left it, and there is nothing to move: it is the " +
	"object itself. Take the resource out of state with terraform state rm, and adopt the object again with an import block."

// nameTaken says whose the name is and how to adopt it. It is never adopted without asking. Where nothing is known of what
// has it, the rule's own words are said; they may be empty.
func (o operation) nameTaken(existing *api.ExistingObject, words string) diag.Diagnostic {
	detail := words
	switch {
	case existing != nil:
		detail = fmt.Sprintf("%s exists already: %s made it on %s (uid %s).", existing.Name, existing.CreatedBy, moment(existing.CreatedAt), existing.UID)
	case detail == "":
		detail = o.id + " exists already."
	}
	detail += " It is never taken over without being asked for." +
		"\n\nIf this state does not have it and it is the object that you mean, adopt it with this block, with your resource's address in it:\n\n" +
		o.importBlock() + "\n\n" + createBeforeDestroy + "\n\nOtherwise choose another name.\nRule: name.taken"
	return diag.NewAttributeErrorDiagnostic(path.Root("name"), "The name is taken", detail)
}

// adopt says how to adopt what has the name. Where the state still has what had it before, Terraform passes over the block
// without a word, and a plan that fails does not take it out.
func (o operation) adopt(stateHasAnother bool) string {
	block := "his block adopts it, with your resource's address in it:\n\n" + o.importBlock()
	if !stateHasAnother {
		return "T" + block
	}
	return "Your state has another object of that name, which is gone, and Terraform imports nothing to an address that its state has. " +
		"Have it forget first what is gone:\n\n  terraform apply -refresh-only\n\nThen t" + block
}

// importBlock is the block that adopts the object.
func (o operation) importBlock() string {
	return fmt.Sprintf("  import {\n    to = %s\n    id = %q\n  }", o.address(), o.id)
}

// untaint says how to keep what is protected where the plan could not: Terraform plans the replacement of a tainted object
// as a create, and shows a provider nothing of what it gives up.
func (o operation) untaint() string {
	return "If this apply replaces it because it is tainted, this keeps it, with your resource's address in it:\n\n  terraform untaint " + o.address()
}

// address is where the object is in a configuration. The label of the resource is not known to a provider; a name with its
// hyphens replaced is often it.
func (o operation) address() string {
	label := o.id[strings.LastIndex(o.id, "/")+1:]
	return o.resourceType + "." + strings.ReplaceAll(label, "-", "_")
}

// maybeOrdered says what to do where an order may stand although no answer came.
func (o operation) maybeOrdered() string {
	return "Whether the order was taken is not known: the broker was asked afterwards, and that was not answered either. " +
		"Apply again; if the name is then taken, the order stands, and this block adopts it, with your resource's address in it:\n\n" + o.importBlock()
}

// notOrdered says what to do where the broker was asked afterwards and had no such object. A request that nobody waits for any
// longer may still be on its way.
func (o operation) notOrdered() string {
	return fmt.Sprintf("The broker was asked afterwards: there was no %s, so that no order stood then. Apply again; if the name is then taken, "+
		"the order came in late, and this block adopts it, with your resource's address in it:\n\n", o.id) + o.importBlock()
}

// foreignAnswer tells of an answer that no broker gave.
func (o operation) foreignAnswer(e *client.NotOurFormat) string {
	kind := e.ContentType
	if kind == "" {
		kind = "no content type"
	}
	text := fmt.Sprintf("%s %s was answered with status %d and %s, which is not how a broker answers.", e.Method, e.URL, e.Status, kind)
	if e.Location != "" {
		text += fmt.Sprintf(" It sends to %s.", e.Location)
	}
	if e.Excerpt != "" {
		text += fmt.Sprintf(" It begins: %q.", e.Excerpt)
	}
	return text + fmt.Sprintf("\n\nCheck endpoint (HSCN_ENDPOINT), which is %s: it is the address of your cloud service provider's broker, "+
		"without /v1. A proxy or a login page may stand in between.", o.endpoint)
}

// noAnswer tells of a request that was not answered.
func (o operation) noAnswer(e *client.Unreachable) string {
	request := fmt.Sprintf("%s %s", e.Method, e.URL)
	check := "Check endpoint (HSCN_ENDPOINT)"
	switch e.Reason {
	case client.Refused:
		return fmt.Sprintf("Nothing listens at %s: the connection was refused (%s, tried %s).\n\n%s, and whether the broker runs.",
			e.Host, request, times(e.Attempts), check)
	case client.NoSuchHost:
		return fmt.Sprintf("The host of %s is not known (%s).\n\n%s for a spelling mistake, and the name server that this machine uses.", e.Host, request, check)
	case client.NotTrusted:
		return fmt.Sprintf("No secure connection to %s came about (%s): %s.\n\n"+
			"If the broker's certificate comes from a private authority, name that authority's certificate in ca_certificate_file "+
			"(HSCN_CA_CERTIFICATE_FILE); if the broker asks for a certificate of yours, set client_certificate_file and client_key_file. "+
			"%s: host and scheme must be those that your cloud service provider gave you.", e.Host, request, e.Err, check)
	case client.TimedOut:
		return fmt.Sprintf("%s did not answer in time (%s, tried %s).\n\n%s, whether a firewall stands in between, and request_timeout.",
			e.Host, request, times(e.Attempts), check)
	case client.Interrupted:
		return fmt.Sprintf("The run was interrupted before %s answered (%s).", e.Host, request)
	default:
		return fmt.Sprintf("The connection to %s broke (%s, tried %s): %s.\n\nThis may pass by itself: try again. If it stays, check the network in between.",
			e.Host, request, times(e.Attempts), e.Err)
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// moment writes a time as a person reads it.
func moment(t time.Time) string { return t.UTC().Format("2 January 2006 at 15:04 UTC") }

// sentence ends a text with a full stop.
func sentence(text string) string {
	if text == "" || strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}
