package rules

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Order is what is asked for.
type Order struct {
	Kind      Kind
	Operation Operation
	// Name is the object's own name, the last segment; FullName the whole, such as "connections/records-prod", or empty
	// where a segment is not known yet.
	Name     Value[string]
	FullName string
	// Declared is the spec that is asked for; nil for a Delete. Prior is the confirmed one before an Update.
	Declared, Prior Declared
	// Standing is how far the object is before the order; zero for one that is new.
	Standing Standing
}

// Standing is how far an object is before an order about it. Members are zero where they are not known, or where there is
// nothing of the kind.
type Standing struct {
	// State is the object's own; ParentState that of the connection that it hangs on, also where the object is new.
	State, ParentState hscn.State
	EnabledAt          time.Time
	CommitmentEndsOn   hscn.Date
	// MonthlyChargeGBP is a decimal, such as "450.00".
	MonthlyChargeGBP string
}

// Evaluate judges an order and returns the findings in the order of the catalogue, one for a rule at the most. The same
// input always gives the same findings.
func Evaluate(policy Policy, facts Facts, order Order, where Where) []Finding {
	return evaluate(catalogue(), policy, facts, order, where)
}

// evaluate is Evaluate over any catalogue.
func evaluate(rules []Rule, policy Policy, facts Facts, order Order, where Where) []Finding {
	j := &judgement{policy: policy, facts: facts, order: order, where: where, today: hscn.DateIn(facts.Now)}
	j.widened = sync.OnceValue(func() bool {
		return slices.ContainsFunc(Changes(order.Kind, order.Prior, order.Declared),
			func(change AttributeChange) bool { return change.Widens })
	})

	var findings []Finding
	refusing := make(map[string]bool)
	yields := make(map[string][]string)
	for i := range rules {
		rule := &rules[i]
		severity := policy.severity(rule, where)
		if severity == Off || !rule.shownAt(where) || !j.concerns(rule) {
			continue
		}
		h := rule.check(j)
		if h == nil {
			continue
		}
		finding := j.finding(rule, h, severity)
		findings = append(findings, finding)
		refusing[rule.ID] = finding.Severity == Error
		yields[rule.ID] = rule.YieldsTo
	}
	return slices.DeleteFunc(findings, func(finding Finding) bool {
		return slices.ContainsFunc(yields[finding.Rule], func(better string) bool { return refusing[better] })
	})
}

// shownAt says whether the rule is evaluated at a place.
func (r *Rule) shownAt(where Where) bool {
	switch where {
	case AtValidate:
		return r.Fixed && r.Where&AtValidate != 0
	case AtPlan:
		return r.Where&(AtValidate|AtPlan) != 0
	default:
		return !r.PlanOnly
	}
}

// severity is what a finding of the rule does under this policy.
func (p Policy) severity(r *Rule, where Where) Severity {
	if r.Fixed {
		return Error
	}
	severity, listed := p.Severities[r.ID]
	if !listed {
		severity = r.Severity
	}
	if severity == Error && (r.Applies == AppliesAll || !listed && where != AtBroker) {
		return Warning
	}
	return severity
}

// judgement is one order under judgement: what a rule's check may ask.
type judgement struct {
	policy  Policy
	facts   Facts
	order   Order
	where   Where
	today   hscn.Date
	widened func() bool
}

// concerns says whether a rule applies to the order.
func (j *judgement) concerns(r *Rule) bool {
	if !slices.Contains(r.Kinds, j.order.Kind) {
		return false
	}
	operation := j.order.Operation
	if r.everyOperation || j.completes(r) || r.Watches && operation != Delete {
		return true
	}
	switch r.Applies {
	case AppliesNew:
		return j.asksForMore()
	case AppliesAny:
		return operation == Create || operation == Update
	case AppliesAll:
		return operation != Delete
	case AppliesDelete:
		return operation == Delete
	default:
		return false
	}
}

// asksForMore says that the order is for something new, for more capacity or for wider access.
func (j *judgement) asksForMore() bool {
	return j.order.Operation == Create || j.order.Operation == Update && j.widened()
}

// completes says that it is with this order that a plan breaks the rule, because of what it asks for elsewhere. A plan
// shows one object at a time, in no order, so that the last one to be shown may be one that stays as it is.
func (j *judgement) completes(r *Rule) bool {
	clash := j.facts.Clashes[r.ID]
	return clash.Certain && len(clash.Added)+len(clash.Changed) > 0 && j.order.Operation != Delete
}

// hit is what a check says of an order that breaks its rule.
type hit struct {
	path   []string
	detail string
	// remedy and owner stand in for the rule's own where they are given.
	remedy string
	owner  Owner
	// mild says that in this case the rule warns at the most.
	mild bool
	// awaits is the state in which the order waits, unless it is refused; waiting is the remedy while it does.
	awaits  hscn.State
	waiting string
}

// waitsForLookUp is what there is to do while somebody else looks a fact up.
func (j *judgement) waitsForLookUp() string {
	return "There is nothing to do: the order waits until " + j.policy.askCSP() + " has looked it up."
}

func (j *judgement) finding(r *Rule, h *hit, severity Severity) Finding {
	finding := Finding{
		Rule: r.ID, Title: r.Title, Severity: severity,
		Path: slices.Clone(h.path), Detail: h.detail, Remedy: h.remedy, Owner: h.owner,
		Source: r.Source, Retryable: r.Retryable, Fixed: r.Fixed,
	}
	if finding.Remedy == "" {
		finding.Remedy = r.RemedyFor(j.policy)
	}
	if finding.Owner == "" {
		finding.Owner = r.Owner
	}
	if h.mild || r.Watches && !j.asksForMore() {
		finding.Severity = Warning
	}
	finding.refuses = finding.Severity == Error
	if waiver := j.waiver(r); waiver != nil {
		finding.Severity, finding.Waiver = Warning, waiver
		finding.Detail += " An operator waived this rule " + waiver.String() + "."
		// Whoever waives that nobody has looked means the order to go on.
		return finding
	}
	if finding.Severity == Warning && h.awaits != "" {
		finding.Awaits, finding.Remedy = h.awaits, h.waiting
	}
	return finding
}

// waiver returns the waiver of a rule that counts today for this order, or nil: that of its connection before that of
// the account, the longer one first.
func (j *judgement) waiver(r *Rule) *Waiver {
	if r.Fixed {
		return nil
	}
	var best *Waiver
	for i := range j.facts.Waivers {
		waiver := &j.facts.Waivers[i]
		if waiver.Rule != r.ID || j.today.After(waiver.Until) || !waiver.covers(j.order.FullName) {
			continue
		}
		if best == nil || best.Connection == "" && waiver.Connection != "" ||
			(best.Connection == "") == (waiver.Connection == "") && waiver.Until.After(best.Until) {
			best = waiver
		}
	}
	if best == nil {
		return nil
	}
	found := *best
	return &found
}

// covers says whether the waiver is for the object of a full name: for the account, for the connection, or for the
// connection that the object hangs on.
func (w *Waiver) covers(fullName string) bool {
	return w.Connection == "" || w.Connection == fullName || strings.HasPrefix(fullName, w.Connection+"/")
}
