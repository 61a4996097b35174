package provider

import (
	"context"
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework/attr"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/assess"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/ledger"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// subject is an order of this plan with what the rules do not see of it.
type subject struct {
	rules.Order
	// parent is the full name of the connection that it hangs on; empty where it hangs on none, or none is known.
	parent string
	// uid is which object of that name is meant; empty of one that is new, or of which only the name is known.
	uid string
	// named says that what the plan does elsewhere under its full name is looked at.
	named bool
	// renews says that it orders again what was refused, so that whoever lives under its name is another.
	renews bool
	// tainted says that it is given up because Terraform's state marks it so.
	tainted bool
	// values are by attribute, which tell the user's spelling of keys; resourceType is what a configuration calls it.
	values       map[string]attr.Value
	resourceType string
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
	if service, known := serviceOf(order.Declared); known {
		need.Services = append(need.Services, service)
	}
	if order.Kind == rules.KindEdgeAttachment && order.Operation != rules.Delete {
		need.Gateways = true
		if id, known := order.Declared.Text("gateway_id").Get(); known && id != "" {
			need.GatewayIDs = append(need.GatewayIDs, id)
		}
	}
	return need
}

// serviceOf is the service that a connection declares, where all of its name is known.
func serviceOf(connection rules.Declared) (api.ServiceReference, bool) {
	kind, kindKnown := connection.Text("service", "type").Get()
	id, idKnown := connection.Text("service", "id").Get()
	return api.ServiceReference{Type: kind, ID: id}, kindKnown && idKnown && kind != "" && id != ""
}

// factsFor returns the policy and everything that this run can know about a subject, as far as other objects of the plan
// do not come in.
func (s *session) factsFor(ctx context.Context, about *subject) (rules.Policy, rules.Facts, error) {
	need := needOf(about.Order)
	parent, parentKnown, err := s.parentOf(ctx, about)
	if err != nil {
		return rules.Policy{}, rules.Facts{}, err
	}
	service, serviceKnown := serviceOf(parent.declared)
	if serviceKnown {
		need.Services = append(need.Services, service)
	}
	policy, facts, err := s.judgeBy(ctx, need)
	if err != nil {
		return rules.Policy{}, rules.Facts{}, err
	}
	if parentKnown {
		about.Standing.ParentState = parent.standing.State
		facts.Parent = &rules.Parent{Name: about.parent, Declared: parent.declared}
		if serviceKnown {
			key := rules.ServiceKey{Type: service.Type, ID: service.ID}
			facts.Parent.Service, facts.Parent.Zone = key, facts.Services[key].Zone
		}
	}
	facts.Evidence = s.withPlannedEvidence(facts.Evidence, about.Order)
	return policy, facts, nil
}

// parentOf returns the connection that a subject hangs on: as the plan makes it, or else as the broker has it.
func (s *session) parentOf(ctx context.Context, about *subject) (knownObject, bool, error) {
	if about.parent == "" {
		return knownObject{}, false, nil
	}
	parent, known := s.seenAs(about.parent)
	if !known {
		// Without a refresh nothing was read, and what a plan is of may have been stopped since.
		held, err := s.listing(ctx, rules.KindConnection)
		if err != nil {
			return knownObject{}, false, err
		}
		parent, known = held[about.parent]
	}
	if declared, planned := s.ledger.Declared(rules.KindConnection, about.parent); planned {
		parent.declared, known = declared, true
	}
	return parent, known, nil
}

// asOfNow is a subject as far as it is now: by what this run has read of it, or else by the broker's listing, since without
// a refresh state may be long behind. What is given up is judged by what its owner declared last, whoever's state that is
// in; of one that the listing does not have there is nothing left to say.
func (s *session) asOfNow(about subject, held map[string]knownObject) subject {
	if about.Operation == rules.Create {
		return about
	}
	now, there := s.seenAs(about.FullName)
	if !there {
		now, there = held[about.FullName]
	}
	there = there && (about.uid == "" || about.uid == now.UID)
	parent := about.Standing.ParentState
	switch {
	case there:
		about.Standing = now.standing
		about.Standing.ParentState = parent
		if about.Operation == rules.Delete {
			about.Prior = now.declared
		}
	case about.Operation == rules.Delete && held != nil:
		about.Prior, about.Standing = nil, rules.Standing{}
	}
	return about
}

// withPlannedEvidence adds to the account's evidence what this plan makes and a connection rests on.
func (s *session) withPlannedEvidence(evidence map[string]rules.Evidence, order rules.Order) map[string]rules.Evidence {
	id, known := order.Declared.Text("agreement", "evidence_id").Get()
	if !known {
		return evidence
	}
	if _, there := evidence[id]; there {
		return evidence
	}
	declared, planned := s.ledger.Declared(rules.KindAgreementEvidence, id)
	if !planned {
		return evidence
	}
	day := func(attribute string) hscn.Date {
		text, _ := declared.Text(attribute).Get()
		date, err := hscn.ParseDate(text)
		if err != nil {
			return hscn.Date{} // not known, not given, or for the rules about the evidence itself to tell
		}
		return date
	}
	code, _ := declared.Text("ods_code").Get()
	evidence = maps.Clone(evidence)
	if evidence == nil {
		evidence = make(map[string]rules.Evidence)
	}
	evidence[id] = rules.Evidence{
		ODSCode: hscn.CanonicalODSCode(code), SignedOn: day("signed_on"), CountersignedOn: day("countersigned_on"), Planned: true,
	}
	return evidence
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
		f.Gateways, f.GatewaysKnown = assess.Gateways(known.Gateways), known.Gateways != nil
		s.translated.known, s.translated.policy, s.translated.facts = known, p, f
	}
	return s.translated.policy, s.translated.facts, nil
}

// elsewhere adds to the facts about a subject what the plan does with other objects, and what the broker has of them as
// far as that is known. The ledger knows of the call already, which is what makes concurrent ones see each other.
func (s *session) elsewhere(policy rules.Policy, facts rules.Facts, about subject, held map[string]knownObject) rules.Facts {
	kind, name := about.Kind, about.FullName
	if !about.named || name == "" {
		return facts
	}
	facts.Clashes = make(map[string]rules.Clash)
	if s.ledger.Duplicate(kind, name) {
		facts.Clashes["name.duplicate"] = rules.Clash{Certain: true, Added: []string{name}}
	}
	if s.ledger.Moved(kind, name) {
		facts.Clashes["name.moved"] = rules.Clash{Certain: true, Added: []string{name}}
	}
	existing, there := held[name]
	if s.ledger.Taken(kind, name) || about.renews && there {
		facts.Taken = &rules.Existing{UID: existing.UID, CreatedBy: existing.createdBy, CreatedAt: existing.createdAt}
	}
	if about.Operation == rules.Delete {
		return facts
	}
	for _, pair := range rules.Pairs(kind) {
		violation := s.ledger.Conflicting(kind, name, func(a, b ledger.Object) bool {
			return pair.Conflicts(policy, facts, rules.Object(a), rules.Object(b))
		})
		if violation != nil {
			facts.Clashes[pair.Rule] = rules.Clash{
				Certain: violation.Certain, Added: violation.Added, Changed: violation.Changed, Kept: violation.Kept,
				Removed: violation.Removed, Unseen: violation.Unseen,
			}
		}
	}
	return facts
}
