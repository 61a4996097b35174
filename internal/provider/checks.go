package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/assess"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// validateOffline judges what nobody can change, without a broker: terraform validate has none.
func validateOffline(ctx context.Context, order rules.Order, values map[string]attr.Value) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, finding := range rules.Evaluate(rules.Policy{}, rules.Facts{}, order, rules.AtValidate) {
		diags.Append(findingDiagnostic(assess.Finding(finding), attributePath(ctx, values, finding.Path), ""))
	}
	return diags
}

// check judges a subject of this plan by the broker's policy and facts, and by what the plan does elsewhere. Where facts
// cannot be had it says so once for the run: that the check did not run does not make the configuration bad. Every
// finding of the subject is shown at once.
func (s *session) check(ctx context.Context, about subject) diag.Diagnostics {
	var diags diag.Diagnostics
	asked := s.ledger.Asked(about.Kind)
	switch _, seen := s.seenAs(about.FullName); {
	case orders(about.Operation):
		if s.caller(&diags) == nil {
			return diags
		}
	case s.client == nil:
		return diags
	case judgesRemoval(about.Order):
		asked = asked || !seen // without a refresh nobody knows what there is to be given up
	case !asked:
		return diags // what is kept or given up is no reason to ask
	}
	policy, facts, err := s.factsFor(ctx, &about)
	if err != nil {
		return s.notJudged(ctx, err, about.Operation)
	}
	var held map[string]knownObject
	if asked {
		if held, err = s.listing(ctx, about.Kind); err != nil {
			diags.Append(s.notJudged(ctx, err, about.Operation)...) // what the plan shows is judged all the same
		}
	}
	about = s.asOfNow(about, held)
	facts = s.elsewhere(policy, facts, about, held)
	for _, finding := range rules.Evaluate(policy, facts, about.Order, rules.AtPlan) {
		if shown, ok := s.shown(finding, facts, about); ok {
			diags.Append(s.diagnostic(ctx, shown, about))
		}
	}
	return diags
}

// orders says that an operation asks the broker for something, so that what it rests on has to be known.
func orders(what rules.Operation) bool { return what == rules.Create || what == rules.Update }

// judgesRemoval says that there are rules about giving such an object up. Of what stays as it is the broker's own findings
// come with every read.
func judgesRemoval(order rules.Order) bool {
	return order.Operation == rules.Delete && slices.ContainsFunc(rules.Catalogue(), func(rule rules.Rule) bool {
		return rule.Applies == rules.AppliesDelete && rule.Where&rules.AtPlan != 0 && slices.Contains(rule.Kinds, order.Kind)
	})
}

// shown is a finding as the user sees it, and whether at all. Checks that only warn make warnings of what policy decides.
// A plan that gives something up is never refused for what it gives up. What stays as it is, is judged only by what the
// plan does elsewhere, and a warning of it is told once.
func (s *session) shown(finding rules.Finding, facts rules.Facts, about subject) (rules.Finding, bool) {
	if finding.Severity == rules.Error && !finding.Fixed && (s.checks == checksWarn || about.Operation == rules.Delete) {
		finding.Severity = rules.Warning
	}
	_, told := s.told.Swap(toldKey{about.FullName, finding.Rule}, true)
	if about.Operation == rules.Keep {
		_, clashes := facts.Clashes[finding.Rule]
		return finding, finding.Severity == rules.Error || clashes && !told
	}
	return finding, true
}

// diagnostic is a finding of a subject. A name that is taken can be adopted, with the block that does it; an apply plans
// once more, so that what it says of one may have other reasons.
func (s *session) diagnostic(ctx context.Context, finding rules.Finding, about subject) diag.Diagnostic {
	last, op := s.howToDestroy, operation{resourceType: about.resourceType, id: about.FullName}
	switch {
	case finding.Rule == nameTaken:
		last = op.adopt(s.ledger.Left(about.Kind, about.FullName)) + "\n\n" + createBeforeDestroy + "\n\n" + last
	case finding.Rule == nameMoved:
		last = deposed + "\n\n" + last
	case finding.Rule == connectionProtected && about.tainted:
		last = op.untaint() + "\n\n" + howToDestroyProtected
	case finding.Rule == connectionProtected:
		last = howToDestroyProtected
	}
	return findingDiagnostic(assess.Finding(finding), attributePath(ctx, about.values, finding.Path), last)
}

// standing tells of what the broker found of an object that stays as it is, in the answer with which this run read it:
// once in a run, and as a warning, whatever it would be of an order.
func (s *session) standing(ctx context.Context, about subject) diag.Diagnostics {
	var diags diag.Diagnostics
	seen, _ := s.seenAs(about.FullName)
	for _, finding := range seen.findings {
		if _, told := s.told.Swap(toldKey{about.FullName, finding.Rule}, true); told {
			continue
		}
		finding.Severity = api.Warning
		diags.Append(findingDiagnostic(finding, attributePath(ctx, about.values, pointerSegments(finding.Pointer)), ""))
	}
	return diags
}

// warnings tells of the findings that came with a write, those aside that this run has told of the same object already: an
// apply plans once more before it orders. They are warnings, whatever they would be of an order: this one stands, and an
// error would have Terraform replace it.
func (s *session) warnings(ctx context.Context, made order, values map[string]attr.Value) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, finding := range made.findings {
		if _, told := s.told.Load(toldKey{made.name, finding.Rule}); !told {
			finding.Severity = api.Warning
			diags.Append(findingDiagnostic(finding, attributePath(ctx, values, pointerSegments(finding.Pointer)), ""))
		}
	}
	return diags
}

const (
	// nameTaken is the rule about a name that a live object has, and nameMoved that about one that is given up and made.
	nameTaken, nameMoved = "name.taken", "name.moved"
	// connectionProtected is the rule about what may not be given up.
	connectionProtected = "connection.protected"
)

// toldKey is a finding of an object.
type toldKey struct{ object, rule string }

// inconsistentPlan explains what Terraform says next where policy could be had for the plan and not for its apply: a
// provider cannot tell the two from each other, and Terraform takes a value that was known and is not for a fault of it.
const inconsistentPlan = "If this is an apply and Terraform goes on to call the final plan inconsistent, this is why: this resource was not ordered. " +
	"Apply again once the broker answers."

// notJudged says why an order could not be judged: a credential that the broker refuses would be refused in the apply as
// well; whatever else went wrong says nothing of the configuration. What is kept or given up is not refused for it.
func (s *session) notJudged(ctx context.Context, err error, what rules.Operation) diag.Diagnostics {
	var diags diag.Diagnostics
	failed := operation{doing: "asking the broker for policy and facts", endpoint: s.endpoint}.failed(ctx, err)
	if client.IsRefused(err) && orders(what) {
		return failed
	}
	s.warnOnce.Do(func() {
		reason := failed[0].Detail()
		var incomprehensible *assess.MemberError
		if errors.As(err, &incomprehensible) {
			reason = fmt.Sprintf("The broker said something that this provider does not understand: %s. The broker may be newer: see whether the provider is.", err)
		}
		diags.AddWarning("Preconditions were not checked", "What this plan would be judged by could not be had, or not all of it, so that it was not checked. "+
			"The broker checks every order when it is made.\n\n"+reason+"\n\n"+inconsistentPlan)
	})
	return diags
}

// plannedCommitment is the length of a new connection's commitment, known at plan also where checks are off. It is
// unknown where policy cannot be had, which is told like facts that cannot be had.
func (s *session) plannedCommitment(ctx context.Context) (types.Int64, diag.Diagnostics) {
	if !s.asks() || s.client == nil {
		return types.Int64Unknown(), nil
	}
	policy, err := s.facts.Policy(ctx)
	if err != nil {
		return types.Int64Unknown(), s.notJudged(ctx, err, rules.Create)
	}
	return types.Int64Value(int64(policy.Connections.CommitmentMonths)), nil
}

// textOf is a string of Terraform's as an input of the rules.
func textOf(value types.String) rules.Value[string] {
	switch {
	case value.IsUnknown():
		return rules.UnknownValue[string]()
	case value.IsNull():
		return rules.Null[string]()
	default:
		return rules.Known(value.ValueString())
	}
}
