package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/assess"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
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

// check judges an order of this plan by the broker's policy and facts. It stays quiet where checks are off and while the
// provider's configuration is unknown, and where facts cannot be had it says so once for the run: that the check did not
// run does not make the configuration bad. Every finding of the order is shown at once.
func (s *session) check(ctx context.Context, order rules.Order, values map[string]attr.Value) diag.Diagnostics {
	var diags diag.Diagnostics
	if !s.asks() || s.checks == checksOff {
		return diags
	}
	if s.caller(&diags) == nil {
		return diags
	}
	policy, facts, err := s.judgeBy(ctx, needOf(order))
	if err != nil {
		diags.Append(s.notJudged(ctx, err)...)
		return diags
	}
	for _, finding := range rules.Evaluate(policy, facts, order, rules.AtPlan) {
		if s.checks == checksWarn && !finding.Fixed && finding.Severity == rules.Error {
			finding.Severity = rules.Warning
		}
		diags.Append(findingDiagnostic(assess.Finding(finding), attributePath(ctx, values, finding.Path), s.howToDestroy))
		s.told.Store(toldKey{order.FullName, finding.Rule}, true)
	}
	return diags
}

// warnings tells of the warnings that came with a write, those aside that this run has told of the same object already:
// an apply plans once more before it orders.
func (s *session) warnings(ctx context.Context, made order, values map[string]attr.Value) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, finding := range made.findings {
		if _, told := s.told.Load(toldKey{made.name, finding.Rule}); !told {
			diags.Append(findingDiagnostic(finding, attributePath(ctx, values, pointerSegments(finding.Pointer)), ""))
		}
	}
	return diags
}

// toldKey is a finding of an object.
type toldKey struct{ object, rule string }

// inconsistentPlan explains what Terraform says next where policy could be had for the plan and not for its apply: a
// provider cannot tell the two from each other, and Terraform takes a value that was known and is not for a fault of it.
const inconsistentPlan = "If this is an apply and Terraform goes on to call the final plan inconsistent, this is why: this resource was not ordered. " +
	"Apply again once the broker answers."

// notJudged says why an order could not be judged: a credential that the broker refuses would be refused in the apply as
// well; whatever else went wrong says nothing of the configuration.
func (s *session) notJudged(ctx context.Context, err error) diag.Diagnostics {
	var diags diag.Diagnostics
	failed := operation{doing: "asking the broker for policy and facts", endpoint: s.endpoint}.failed(ctx, err)
	if client.IsRefused(err) {
		return failed
	}
	s.warnOnce.Do(func() {
		reason := failed[0].Detail()
		var incomprehensible *assess.MemberError
		if errors.As(err, &incomprehensible) {
			reason = fmt.Sprintf("The broker said something that this provider does not understand: %s. The broker may be newer: see whether the provider is.", err)
		}
		diags.AddWarning("Preconditions were not checked", "The facts that this plan would be judged by could not be had, so nothing of it was checked. "+
			"The broker checks every order when it is made.\n\n"+reason+"\n\n"+inconsistentPlan)
	})
	return diags
}

// needOf is what has to be known of the things that an order mentions.
func needOf(order rules.Order) client.Need {
	var need client.Need
	organisation := func(code string) {
		if hscn.ValidateODSCode(code) == nil {
			need.ODSCodes = append(need.ODSCodes, hscn.CanonicalODSCode(code))
		}
	}
	if code, known := order.Declared.Text("ods_code").Get(); known {
		organisation(code)
	}
	if codes, known := order.Declared.Keys("profile", "shared_with").Get(); known {
		for _, code := range codes {
			organisation(code)
		}
	}
	kind, kindKnown := order.Declared.Text("service", "type").Get()
	id, idKnown := order.Declared.Text("service", "id").Get()
	if kindKnown && idKnown && kind != "" && id != "" {
		need.Services = append(need.Services, api.ServiceReference{Type: kind, ID: id})
	}
	return need
}

// judgeBy returns policy and facts in the engine's terms.
func (s *session) judgeBy(ctx context.Context, need client.Need) (rules.Policy, rules.Facts, error) {
	policy, known, err := s.facts.For(ctx, need)
	if err != nil {
		return rules.Policy{}, rules.Facts{}, err
	}
	s.translated.mu.Lock()
	defer s.translated.mu.Unlock()
	if s.translated.known != known {
		p, err := assess.Policy(policy)
		if err != nil {
			return rules.Policy{}, rules.Facts{}, fmt.Errorf("reading the broker's policy: %w", err)
		}
		f, err := assess.Facts(known.Compliance, known.Services)
		if err != nil {
			return rules.Policy{}, rules.Facts{}, fmt.Errorf("reading the broker's facts: %w", err)
		}
		s.translated.known, s.translated.policy, s.translated.facts = known, p, f
	}
	return s.translated.policy, s.translated.facts, nil
}

// plannedCommitment is the length of a new connection's commitment, known at plan also where checks are off. It is
// unknown where policy cannot be had, which is told like facts that cannot be had.
func (s *session) plannedCommitment(ctx context.Context) (types.Int64, diag.Diagnostics) {
	if !s.asks() || s.client == nil {
		return types.Int64Unknown(), nil
	}
	policy, err := s.facts.Policy(ctx)
	if err != nil {
		return types.Int64Unknown(), s.notJudged(ctx, err)
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
