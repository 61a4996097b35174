package orders

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/assess"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// verdict is what the rules say of an order.
type verdict struct {
	findings []rules.Finding
	// policy, facts and order are what they judged by; policy is nil of the zero verdict.
	policy *policy
	facts  rules.Facts
	order  rules.Order
}

// judge puts an order to the rules.
func judge(p *policy, facts rules.Facts, order rules.Order) verdict {
	return verdict{findings: rules.Evaluate(p.engine, facts, order, rules.AtBroker), policy: p, facts: facts, order: order}
}

// refusing are the findings for which the order is refused.
func (v verdict) refusing() []rules.Finding {
	return slices.DeleteFunc(slices.Clone(v.findings), func(f rules.Finding) bool { return f.Severity != rules.Error })
}

// awaiting are the findings because of which the order waits.
func (v verdict) awaiting() []rules.Finding {
	return slices.DeleteFunc(slices.Clone(v.findings), func(f rules.Finding) bool { return f.Awaits == "" })
}

// mayNotAct says that the order is refused, or waits, because the account may not act for the organisation.
func (v verdict) mayNotAct() bool {
	return slices.ContainsFunc(v.findings, func(f rules.Finding) bool {
		return f.Rule == ruleNotBound && (f.Severity == rules.Error || f.Awaits != "")
	})
}

// shown is the verdict in the contract's words.
func (v verdict) shown() []api.Finding {
	if len(v.findings) == 0 {
		return nil
	}
	shown := make([]api.Finding, len(v.findings))
	for i, finding := range v.findings {
		shown[i] = assess.Finding(finding)
	}
	return shown
}

const (
	// ruleNameTaken is the one rule whose finding is a lost race and not an unmet precondition.
	ruleNameTaken = "name.taken"
	// ruleNotBound is about what the account may do for anybody, whatever is known of the organisation.
	ruleNotBound = "organisation.not-bound"
	// ruleSuspended is about the state that the HSCN Authority has put a connection into, whatever is asked of it.
	ruleSuspended = "connection.suspended"
)

// err is the problem that refuses the order, or nil. holder is what holds its name.
func (v verdict) err(fullName string, holder *api.ExistingObject) error {
	refusing := v.refusing()
	suspended := slices.IndexFunc(refusing, func(f rules.Finding) bool { return f.Rule == ruleSuspended })
	var p *problem.Problem
	switch {
	case len(refusing) == 0:
		return nil
	case suspended >= 0:
		p = problem.New(problem.StateForbids, "The order for %s is refused: %s", fullName, refusing[suspended].Detail)
	case len(refusing) == 1 && refusing[0].Rule == ruleNameTaken && holder != nil:
		p = problem.New(problem.NameTaken, "%s", refusing[0].Detail)
	default:
		p = problem.New(problem.PreconditionsFailed, "The order for %s is refused: %s.", fullName, unmet(refusing))
	}
	p.Existing, p.Findings = holder, v.shown()
	return p
}

func unmet(refusing []rules.Finding) string {
	ids := strings.Join(ruleIDs(refusing, func(f rules.Finding) string { return f.Rule }), ", ")
	if len(refusing) == 1 {
		return "1 precondition is not met (" + ids + ")"
	}
	return fmt.Sprintf("%d preconditions are not met (%s)", len(refusing), ids)
}

// forbidden is the problem of a delete that the rules refuse, or nil: the object's state forbids it, not its spec.
func (v verdict) forbidden(fullName string) error {
	refusing := v.refusing()
	if len(refusing) == 0 {
		return nil
	}
	p := problem.New(problem.StateForbids, "%s cannot be deleted now: %s", fullName, refusing[0].Detail)
	p.Findings = v.shown()
	return p
}

// evaluate puts an order to the rules of which only the specs matter.
func evaluate[Spec any](
	p *policy, facts rules.Facts, kind rules.Kind, operation rules.Operation, name, fullName string, spec Spec, prior *Spec,
) (verdict, error) {
	order, err := orderOf(kind, operation, name, fullName, spec, prior)
	if err != nil {
		return verdict{}, err
	}
	return judge(p, facts, order), nil
}

// orderOf is an order as the rules read it; prior is nil where there is none.
func orderOf[Spec any](kind rules.Kind, operation rules.Operation, name, fullName string, spec Spec, prior *Spec) (rules.Order, error) {
	order := rules.Order{Kind: kind, Operation: operation, Name: rules.Known(name), FullName: fullName}
	var err error
	if order.Declared, err = declared(fullName, spec); err != nil {
		return order, err
	}
	if prior != nil {
		order.Prior, err = declared(fullName, *prior)
	}
	return order, err
}

// declared is a spec as the rules read it.
func declared(fullName string, spec any) (rules.Declared, error) {
	d, err := assess.Declared(spec)
	if err != nil {
		return nil, fmt.Errorf("spec of %s: %w", fullName, err)
	}
	return d, nil
}

// standingFor is what the rules ask of how far the connection is; the zero Standing where there is none yet.
func standingFor(row *store.Connection) (rules.Standing, error) {
	if row == nil {
		return rules.Standing{}, nil
	}
	standing := rules.Standing{State: row.State, EnabledAt: instantOf(row.EnabledAt)}
	if row.CommitmentEndsOn != "" {
		ends, err := hscn.ParseDate(row.CommitmentEndsOn)
		if err != nil {
			return standing, fmt.Errorf("commitment of %s: %w", row.FullName(), err)
		}
		standing.CommitmentEndsOn = ends
	}
	return standing, nil
}

// edgeStandingFor is what the rules ask of how far the edge attachment is, which may be none yet, and of its connection.
func edgeStandingFor(row *store.EdgeAttachment, parent hscn.State) rules.Standing {
	standing := rules.Standing{ParentState: parent}
	if row != nil {
		standing.State, standing.EnabledAt = row.State, instantOf(row.EnabledAt)
	}
	return standing
}

func instantOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// clashesWith are the rules that the object breaks together with others of its account that live. One that is about to
// change may be among them twice, as it is and as it is to be.
func clashesWith(p *policy, facts rules.Facts, kind rules.Kind, object rules.Object, live []rules.Object) map[string]rules.Clash {
	clashes := make(map[string]rules.Clash)
	for _, pair := range rules.Pairs(kind) {
		clash := rules.Clash{Certain: true}
		for _, other := range live {
			if pair.Conflicts(p.engine, facts, object, other) && !slices.Contains(clash.Kept, other.Name) {
				clash.Kept = append(clash.Kept, other.Name)
			}
		}
		if len(clash.Kept) > 0 {
			clashes[pair.Rule] = clash
		}
	}
	return clashes
}

// elsewhere is a clash with an object of another account, of which nothing is said.
var elsewhere = rules.Clash{Certain: true, Elsewhere: true}

// changesOf is what differs between two specs by meaning.
func changesOf[Spec any](kind rules.Kind, prior, proposed Spec) ([]rules.AttributeChange, error) {
	before, err := assess.Declared(prior)
	if err != nil {
		return nil, err
	}
	after, err := assess.Declared(proposed)
	if err != nil {
		return nil, err
	}
	return rules.Changes(kind, before, after), nil
}

// immutable refuses changes that another object would be needed for, or is nil.
func immutable(kind string, changes []rules.AttributeChange) error {
	var wrong offences
	for _, change := range changes {
		if change.Change == rules.Immutable {
			wrong.add("cannot be changed: order another "+kind+" in the place of this one", change.Path...)
		}
	}
	return notOffered(wrong)
}

func widens(changes []rules.AttributeChange) bool {
	return slices.ContainsFunc(changes, func(change rules.AttributeChange) bool { return change.Widens })
}
