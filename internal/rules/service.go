package rules

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func serviceRules() []Rule {
	connections := []Kind{KindConnection}
	return []Rule{
		{
			ID: "service.unknown", Title: "No such cloud service", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections, YieldsTo: []string{"service.id-format"},
			Source: Source{SourceTerms, "HSCN connectivity FAQ, UKCloud, 2021: HSCN is for customers who use the provider's cloud services"},
			Owner:  OwnerCustomer,
			Remedy: "Check type and id: the data source hscn_services lists what the account has. If the service is new, ask {csp} to record it.",
			check:  serviceUnknown,
		},
		{
			ID: "service.id-format", Title: "Malformed service id", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesAny, Kinds: connections,
			Source: Source{SourcePolicy, "the cloud service provider's own identifiers"},
			Owner:  OwnerCustomer,
			Remedy: "Give the id as {csp} writes it.",
			check:  serviceIDFormat,
		},
		{
			ID: "service.no-hscn", Title: "HSCN is not offered there", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourcePolicy, "UKCloud, \"Services by region\": HSCN in the Assured domain only"},
			Owner:  OwnerCustomer,
			Remedy: "Use a service in a zone where {csp} offers HSCN.",
			check:  serviceNoHSCN,
		},
		{
			ID: "service.already-connected", Title: "The service is connected already", Severity: Error, Retryable: true,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourcePolicy, "HSCN connectivity FAQ, UKCloud, 2021, \"How will I be billed?\": the service is the billed unit"},
			Owner:  OwnerCustomer,
			Remedy: "Use the connection that there is, or destroy it first; further gateways of the service are edge attachments of one connection.",
			check:  serviceAlreadyConnected,
		},
	}
}

// serviceOf returns the service of a connection, unless a part of its name is not known.
func serviceOf(connection Declared) (ServiceKey, bool) {
	kind, kindKnown := connection.Text("service", "type").Get()
	id, idKnown := connection.Text("service", "id").Get()
	return ServiceKey{kind, id}, kindKnown && idKnown
}

// serviceOf returns the service of the order.
func (j *judgement) serviceOf() (ServiceKey, bool) { return serviceOf(j.order.Declared) }

// serviceTypeTitle names a type of service.
func (p Policy) serviceTypeTitle(name string) string {
	if known, ok := p.ServiceTypes[name]; ok {
		return known.Title
	}
	return name
}

func serviceUnknown(j *judgement) *hit {
	key, ok := j.serviceOf()
	if !ok || !j.facts.ServicesKnown {
		return nil
	}
	if _, consumed := j.facts.Services[key]; consumed {
		return nil
	}
	if _, offered := j.policy.ServiceTypes[key.Type]; !offered {
		types := slices.Sorted(maps.Keys(j.policy.ServiceTypes))
		for i, name := range types {
			types[i] = quoted(name) + " (" + j.policy.ServiceTypes[name].Title + ")"
		}
		return &hit{
			path: []string{"service", "type"},
			detail: fmt.Sprintf("%s is no type of service that %s connects: there is %s.",
				quoted(key.Type), j.policy.csp(), listed(types, "and")),
		}
	}
	return &hit{
		path: []string{"service", "id"},
		detail: fmt.Sprintf("The account %s has no service %s of the type %s (%s).",
			j.facts.Account, quoted(key.ID), quoted(key.Type), j.policy.serviceTypeTitle(key.Type)),
	}
}

func serviceIDFormat(j *judgement) *hit {
	key, ok := j.serviceOf()
	kind, offered := j.policy.ServiceTypes[key.Type]
	if !ok || !offered || kind.IDPattern == nil || kind.IDPattern.MatchString(key.ID) {
		return nil
	}
	return &hit{
		path:   []string{"service", "id"},
		detail: fmt.Sprintf("%s is not the id of a %s, which looks like %s.", quoted(key.ID), kind.Title, quoted(kind.IDExample)),
	}
}

func serviceNoHSCN(j *judgement) *hit {
	key, ok := j.serviceOf()
	service, consumed := j.facts.Services[key]
	if !ok || !consumed || service.HSCNOffered {
		return nil
	}
	h := &hit{
		path:   []string{"service", "id"},
		detail: fmt.Sprintf("The service %s is in the zone %s, where %s does not offer HSCN.", quoted(key.ID), quoted(service.Zone), j.policy.csp()),
	}
	var zones []string
	for _, zone := range slices.Sorted(maps.Keys(j.policy.Zones)) {
		if j.policy.Zones[zone].HSCNOffered {
			zones = append(zones, zone)
		}
	}
	if len(zones) > 0 {
		h.remedy = fmt.Sprintf("Use a service in a zone where %s offers HSCN: %s.", j.policy.csp(), listed(zones, "or"))
	}
	return h
}

func serviceAlreadyConnected(j *judgement) *hit {
	key, ok := j.serviceOf()
	access, accessKnown := j.access()
	clash, clashes := j.facts.Clashes["service.already-connected"]
	if !ok || !accessKnown || !clashes {
		return nil
	}
	link := "the shared link"
	if access == hscn.AccessDedicatedCircuit {
		link = "a dedicated circuit"
	}
	return &hit{
		path: []string{"service", "id"}, mild: !clash.Certain, remedy: clash.releaseRemedy(),
		detail: fmt.Sprintf("A service has one connection over %s, and the service %s has another%s.",
			link, quoted(key.ID), j.opponents(clash)) + clash.unlessReleased(),
	}
}
