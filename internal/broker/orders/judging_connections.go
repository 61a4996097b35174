package orders

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/assess"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// connectionOrder is an order about a connection.
type connectionOrder struct {
	operation rules.Operation
	account   store.Account
	name      string
	// row is the connection as it stands; nil before there is one.
	row  *store.Connection
	spec api.ConnectionSpec
	// prior is the confirmed spec, where there is one.
	prior *api.ConnectionSpec
	// holder is the connection that has the name which a create asks for.
	holder *store.Connection
}

// isItself says whether a row is the order's own connection. What has its name already is one finding, not two: whoever
// repeats an order reads that it stands.
func (o connectionOrder) isItself(row store.Connection) bool {
	return o.row != nil && row.UID == o.row.UID || o.holder != nil && row.UID == o.holder.UID
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
	facts, found, err := connectionFacts(ctx, r, p, now, o)
	if err != nil {
		return verdict{}, found, err
	}
	order, err := orderOf(rules.KindConnection, o.operation, o.name, hscn.ConnectionName(o.name), o.spec, o.prior)
	if err != nil {
		return verdict{}, found, err
	}
	if order.Standing, err = standingFor(o.row); err != nil {
		return verdict{}, found, err
	}
	if holder := o.holder; holder != nil {
		facts.Taken = &rules.Existing{UID: holder.UID, CreatedBy: holder.CreatedBy, CreatedAt: holder.CreatedAt}
	}
	if err := found.holders(ctx, r, p, &facts, o, order.Declared); err != nil {
		return verdict{}, found, err
	}
	judged := judge(p, facts, order)
	if judged.mayNotAct() {
		// What the provider has agreed with an organisation is told to those who may act for it, not to whoever asks: while
		// that is open nothing else of the order hangs on it, and the order is judged again when it is settled.
		facts.Organisations = withoutContracts(facts.Organisations)
		judged = judge(p, facts, order)
	}
	return judged, found, nil
}

// withoutContracts leaves out what the provider has agreed with organisations that the account may not act for.
func withoutContracts(organisations map[string]rules.Organisation) map[string]rules.Organisation {
	told := maps.Clone(organisations)
	for code, organisation := range told {
		if !organisation.Bound {
			organisation.FlowDown = rules.Fact[[]rules.FlowDownDocument]{}
			told[code] = organisation
		}
	}
	return told
}

// connectionFacts are what is known of what the order names.
func connectionFacts(
	ctx context.Context, r *store.Reader, p *policy, now time.Time, o connectionOrder,
) (rules.Facts, evidence, error) {
	var found evidence
	codes := []string{o.spec.OdsCode}
	for code := range o.spec.Profile.SharedWith {
		codes = append(codes, code)
	}
	organisations, err := organisationFacts(ctx, r, o.account, codes)
	if err != nil {
		return rules.Facts{}, found, err
	}
	for _, organisation := range organisations {
		if organisation.OdsCode == o.spec.OdsCode {
			found.organisation = organisation
		}
	}
	waivers, err := activeWaivers(ctx, r, o.account.ID, now)
	if err != nil {
		return rules.Facts{}, found, err
	}
	compliance := api.ComplianceFacts{
		Now: now, Account: o.account.ID, Organisations: organisations, Waivers: waivers, AgreementEvidence: []api.AgreementEvidenceFact{},
	}
	// An account may have many, and most orders name none.
	var refused map[string]string
	if id := o.spec.Agreement.EvidenceID; id != nil {
		if err := addEvidence(ctx, r, o.account.ID, &compliance); err != nil {
			return rules.Facts{}, found, err
		}
		if refused, err = refusedEvidence(ctx, r, o.account.ID, *id); err != nil {
			return rules.Facts{}, found, err
		}
	}
	var services []api.Service
	service, err := r.ServiceByKey(ctx, store.ServiceKey{Type: o.spec.Service.Type, ID: o.spec.Service.ID})
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return rules.Facts{}, found, err
	case service.Account == o.account.ID && !service.Retired:
		found.service = &service
		services = []api.Service{serviceShown(p, service, "")}
	}
	facts, err := assess.Facts(compliance, services)
	if err != nil {
		return facts, found, fmt.Errorf("facts of account %s: %w", o.account.ID, err)
	}
	facts.RefusedEvidence = refused
	return facts, found, nil
}

// holders looks for what holds the service already. Of a service that is not the account's nobody learns that another
// account connects it.
func (e *evidence) holders(
	ctx context.Context, r *store.Reader, p *policy, facts *rules.Facts, o connectionOrder, spec rules.Declared,
) error {
	holders, err := r.ConnectionsOfService(ctx, store.ServiceKey{Type: o.spec.Service.Type, ID: o.spec.Service.ID})
	if err != nil {
		return err
	}
	var own []rules.Object
	for i, holder := range holders {
		if o.isItself(holder) {
			continue
		}
		// While a change of its access is pending it has the place that it has, and the one that it is to have.
		asked, err := wantedConnection(holder)
		if err != nil {
			return err
		}
		for _, spec := range []api.ConnectionSpec{holder.Spec, asked} {
			if *spec.Access == *o.spec.Access {
				e.serviceHeldBy = &holders[i]
			}
			if holder.Account != o.account.ID {
				continue
			}
			theirs, err := declared(holder.FullName(), spec)
			if err != nil {
				return err
			}
			own = append(own, rules.Object{Name: holder.FullName(), Declared: theirs})
		}
	}
	facts.Clashes = clashesWith(p, *facts, rules.KindConnection, rules.Object{Name: hscn.ConnectionName(o.name), Declared: spec}, own)
	if held := e.serviceHeldBy; held != nil && held.Account != o.account.ID && e.service != nil {
		facts.Clashes["service.already-connected"] = elsewhere
	}
	return nil
}

// placeable refuses what the rules let through because policy has turned them down to warnings, and what cannot be done
// all the same: there is no zone to build it in, or no second place on the service.
func (e evidence) placeable(spec api.ConnectionSpec) error {
	if e.service == nil {
		return problem.New(problem.StateForbids, "The broker's inventory has no service %q of the type %q for this account, "+
			"so that nobody knows in which zone to connect it.", spec.Service.ID, spec.Service.Type)
	}
	if e.serviceHeldBy != nil {
		return problem.New(problem.StateForbids, "The service %q is connected already by the same kind of access.", spec.Service.ID)
	}
	return nil
}

// lookup is the look-up that an agreement rests on: when it was made, who recorded it, and for how many days it counts.
// The zero lookup is none.
type lookup struct {
	at        time.Time
	by        string
	validDays int
	// evidence is the full name of the signed copy that somebody looked at; empty of what was looked up elsewhere.
	evidence string
	// kept says that it is the version of the copy on which the connection rests already.
	kept bool
}

// rests is the look-up that the agreement of a connection rests on by the verdict.
func (e evidence) rests(v verdict, spec api.ConnectionSpec) lookup {
	ages := v.policy.document.FactAgesDays
	if name, copied := rules.CopyRestedOn(v.policy.engine, v.facts, v.order); name != "" {
		return lookup{at: copied.ValidatedAt, by: copied.ValidatedBy, validDays: ages.Register, evidence: name, kept: copied.Kept}
	}
	switch {
	case spec.Agreement.Basis == api.AgreementBasisFlowDown && e.organisation.FlowDown != nil:
		record := e.organisation.FlowDown
		return lookup{at: record.LookedUpAt, by: *orDefault(record.RecordedBy, ""), validDays: ages.FlowDown}
	case spec.Agreement.Basis == api.AgreementBasisConnectionAgreement && e.organisation.Register != nil:
		record := e.organisation.Register
		return lookup{at: record.LookedUpAt, by: *orDefault(record.RecordedBy, ""), validDays: ages.Register}
	default:
		return lookup{}
	}
}

// cited says for the audit when the facts were looked up that the verdict is by, and on which signed copy the agreement
// rests, if on one: when it was validated says which version that was.
func (e evidence) cited(v verdict, spec api.ConnectionSpec) map[string]any {
	cited := map[string]any{}
	for fact, at := range lookUpTimes(e.organisation) {
		cited[fact] = clockText(at)
	}
	if rests := e.rests(v, spec); rests.evidence != "" {
		cited["signed_copy"], cited["signed_copy_validated"] = rests.evidence, clockText(rests.at)
	}
	return cited
}
