package orders

import (
	"context"
	"errors"
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
type verdict struct{ findings []rules.Finding }

// refusing are the findings for which the order is refused.
func (v verdict) refusing() []rules.Finding {
	return slices.DeleteFunc(slices.Clone(v.findings), func(f rules.Finding) bool { return f.Severity != rules.Error })
}

// awaits are the states in which the order waits, and the rules because of which it does.
func (v verdict) awaits() (states []hscn.State, ruleIDs []string) {
	for _, finding := range v.findings {
		if finding.Awaits != "" {
			states = append(states, finding.Awaits)
			ruleIDs = append(ruleIDs, finding.Rule)
		}
	}
	return states, ruleIDs
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

// ruleNameTaken is the one rule whose finding is a lost race and not an unmet precondition.
const ruleNameTaken = "name.taken"

// err is the problem that refuses the order, or nil. holder is what holds its name.
func (v verdict) err(fullName string, holder *api.ExistingObject) error {
	refusing := v.refusing()
	var p *problem.Problem
	switch {
	case len(refusing) == 0:
		return nil
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

// connectionOrder is an order about a connection.
type connectionOrder struct {
	operation rules.Operation
	account   store.Account
	name      string
	// uid is the connection's own; empty before there is one.
	uid  string
	spec api.ConnectionSpec
	// prior is the confirmed spec before an update.
	prior *api.ConnectionSpec
	// holder is the connection that has the name which a create asks for.
	holder *store.Connection
}

// evidence is what a connection's order rests on.
type evidence struct {
	// organisation is what is known of the connection's own organisation.
	organisation api.OrganisationFacts
	// service is the cloud service, nil where the account has none such.
	service *store.Service
	// serviceHeldBy is another connection that holds the service with the same kind of access.
	serviceHeldBy *store.Connection
}

// judgeConnection puts the order to the rules over the broker's own facts.
func (d *Desk) judgeConnection(
	ctx context.Context, r *store.Reader, p *policy, now time.Time, o connectionOrder,
) (verdict, evidence, error) {
	var found evidence
	codes := []string{o.spec.OdsCode}
	for code := range o.spec.Profile.SharedWith {
		codes = append(codes, code)
	}
	organisations, err := organisationFacts(ctx, r, o.account, codes)
	if err != nil {
		return verdict{}, found, err
	}
	for _, organisation := range organisations {
		if organisation.OdsCode == o.spec.OdsCode {
			found.organisation = organisation
		}
	}
	key := store.ServiceKey{Type: o.spec.Service.Type, ID: o.spec.Service.ID}
	var services []api.Service
	service, err := r.ServiceByKey(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return verdict{}, found, err
	case service.Account == o.account.ID && !service.Retired:
		found.service = &service
		services = []api.Service{serviceShown(p, service, "")}
	}
	holders, err := r.ConnectionsOfService(ctx, key)
	if err != nil {
		return verdict{}, found, err
	}
	for i, holder := range holders {
		// What has the name already is one finding, not two: whoever repeats an order reads that it stands.
		itself := holder.UID == o.uid || o.holder != nil && holder.UID == o.holder.UID
		if !itself && holder.Access == hscn.Access(*o.spec.Access) {
			found.serviceHeldBy = &holders[i]
		}
	}

	facts, err := assess.Facts(api.ComplianceFacts{
		Now: now, Account: o.account.ID, Organisations: organisations, Waivers: []api.Waiver{},
	}, services)
	if err != nil {
		return verdict{}, found, fmt.Errorf("facts of account %s: %w", o.account.ID, err)
	}
	facts.Broker = &rules.BrokerFacts{}
	if holder := o.holder; holder != nil {
		facts.Broker.Existing = &rules.Existing{CreatedBy: holder.CreatedBy, CreatedAt: holder.CreatedAt}
	}
	// Of a service that is not the account's nobody learns that another account connects it.
	if holder := found.serviceHeldBy; holder != nil && found.service != nil {
		facts.Broker.ServiceHolder = &rules.Holder{Name: nameFor(o.account.ID, holder.Account, holder.FullName())}
	}
	judged, err := evaluate(p, facts, rules.KindConnection, o.operation, o.name, hscn.ConnectionName(o.name), o.spec, o.prior)
	return judged, found, err
}

// edgeOrder is an order about an edge attachment.
type edgeOrder struct {
	operation rules.Operation
	account   store.Account
	parent    store.Connection
	name      string
	// uid is the edge attachment's own; empty before there is one.
	uid  string
	spec api.EdgeAttachmentSpec
	// prior is the confirmed spec before an update.
	prior *api.EdgeAttachmentSpec
	// holder is the edge attachment that has the name which a create asks for.
	holder *store.EdgeAttachment
}

// judgeEdge puts the order to the rules over the broker's own facts. taken says that something else holds the gateway,
// whether or not the rules may speak of it.
func (d *Desk) judgeEdge(
	ctx context.Context, r *store.Reader, p *policy, now time.Time, o edgeOrder,
) (judged verdict, taken bool, err error) {
	facts, err := assess.Facts(api.ComplianceFacts{
		Now: now, Account: o.account.ID, Organisations: []api.OrganisationFacts{}, Waivers: []api.Waiver{},
	}, nil)
	if err != nil {
		return verdict{}, false, fmt.Errorf("facts of account %s: %w", o.account.ID, err)
	}
	service := store.ServiceKey{Type: o.parent.ServiceType, ID: o.parent.ServiceID}
	facts.Broker = &rules.BrokerFacts{ParentService: rules.ServiceKey{Type: service.Type, ID: service.ID}}
	if o.holder != nil {
		facts.Broker.Existing = &rules.Existing{CreatedBy: o.holder.CreatedBy, CreatedAt: o.holder.CreatedAt}
	}
	if o.spec.GatewayID != nil {
		gateway, err := r.GatewayByID(ctx, *o.spec.GatewayID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return verdict{}, false, err
		}
		facts.Broker.GatewayKnown = err == nil && !gateway.Retired && gateway.Service() == service
		holder, err := r.EdgeAttachmentOfGateway(ctx, *o.spec.GatewayID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return verdict{}, false, err
		}
		// What has the name already is one finding, not two: whoever repeats an order reads that it stands.
		itself := holder.UID == o.uid || o.holder != nil && holder.UID == o.holder.UID
		taken = err == nil && !itself
		// Of a gateway that is not the account's nobody learns that another account has attached it.
		if taken && (facts.Broker.GatewayKnown || holder.Account == o.account.ID) {
			facts.Broker.GatewayHolder = &rules.Holder{Name: nameFor(o.account.ID, holder.Account, holder.FullName())}
		}
	}
	fullName := hscn.EdgeAttachmentName(o.parent.Name, o.name)
	judged, err = evaluate(p, facts, rules.KindEdgeAttachment, o.operation, o.name, fullName, o.spec, o.prior)
	return judged, taken, err
}

// judgeDelete asks the rules whether an object may go on which these hang.
func judgeDelete(p *policy, now time.Time, kind rules.Kind, name, fullName string, spec any, children []string) (verdict, error) {
	declared, err := assess.Declared(spec)
	if err != nil {
		return verdict{}, fmt.Errorf("spec of %s: %w", fullName, err)
	}
	facts := rules.Facts{Now: now, Broker: &rules.BrokerFacts{Children: children}}
	return verdict{rules.Evaluate(p.engine, facts, rules.Order{
		Kind: kind, Operation: rules.Delete, Name: rules.Known(name), FullName: fullName, Prior: declared,
	}, rules.AtBroker)}, nil
}

func evaluate[Spec any](
	p *policy, facts rules.Facts, kind rules.Kind, operation rules.Operation, name, fullName string, spec Spec, prior *Spec,
) (verdict, error) {
	order := rules.Order{Kind: kind, Operation: operation, Name: rules.Known(name), FullName: fullName}
	var err error
	if order.Declared, err = assess.Declared(spec); err != nil {
		return verdict{}, fmt.Errorf("spec of %s: %w", fullName, err)
	}
	if prior != nil {
		if order.Prior, err = assess.Declared(*prior); err != nil {
			return verdict{}, fmt.Errorf("prior spec of %s: %w", fullName, err)
		}
	}
	return verdict{rules.Evaluate(p.engine, facts, order, rules.AtBroker)}, nil
}

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

// nameFor is the name of an object for an account: what belongs to another is not named.
func nameFor(account, owner, fullName string) string {
	if account != owner {
		return ""
	}
	return fullName
}

// lookup is the look-up that an agreement rests on: when it was made, who recorded it, and for how many days it counts.
// The zero lookup is none.
type lookup struct {
	at        time.Time
	by        string
	validDays int
}

func agreementLookup(p *policy, spec api.ConnectionSpec, organisation api.OrganisationFacts) lookup {
	ages := p.document.FactAgesDays
	switch {
	case spec.Agreement.Basis == api.AgreementBasisFlowDown && organisation.FlowDown != nil:
		record := organisation.FlowDown
		return lookup{at: record.LookedUpAt, by: *orDefault(record.RecordedBy, ""), validDays: ages.FlowDown}
	case spec.Agreement.Basis == api.AgreementBasisConnectionAgreement && organisation.Register != nil:
		record := organisation.Register
		return lookup{at: record.LookedUpAt, by: *orDefault(record.RecordedBy, ""), validDays: ages.Register}
	default:
		return lookup{}
	}
}

// evidenceTimes says for the audit when the facts were looked up that an order was judged by.
func evidenceTimes(organisation api.OrganisationFacts) map[string]any {
	times := map[string]any{}
	note := func(fact string, at time.Time) { times[fact] = at.UTC().Format(time.RFC3339) }
	if record := organisation.Directory; record != nil {
		note("directory", record.LookedUpAt)
	}
	if record := organisation.Register; record != nil {
		note("register", record.LookedUpAt)
	}
	if record := organisation.FlowDown; record != nil {
		note("flow_down", record.LookedUpAt)
	}
	if record := organisation.Dspt; record != nil {
		note("dspt", record.LookedUpAt)
	}
	return times
}
