package rules

import (
	"fmt"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

var gatewayPath = []string{"gateway_id"}

func edgeRules() []Rule {
	edges := []Kind{KindEdgeAttachment}
	faq := "HSCN connectivity FAQ, UKCloud, 2021"
	return []Rule{
		{
			ID: "edge.gateway-unknown", Title: "No such gateway", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: edges,
			Source: Source{SourcePolicy, faq + ": HSCN is for the provider's own cloud services"},
			Owner:  OwnerCustomer,
			Remedy: "Check the id: the data source hscn_gateways lists the gateways of the account's services. If the gateway is new, ask {csp} to record it.",
			check:  edgeGatewayUnknown,
		},
		{
			ID: "edge.one-network", Title: "The gateway carries another network", Severity: Error, Retryable: true,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: edges,
			Source: Source{SourcePolicy, "UKCloud, \"Services by region\": where an edge carries one network, none carries HSCN and another"},
			Owner:  OwnerCustomer,
			Remedy: "Attach a gateway of its own to HSCN, or take the other network off this one and ask {csp} to look again.",
			check:  edgeOneNetwork,
		},
		{
			ID: "edge.already-attached", Title: "The gateway is attached already", Severity: Error, Fixed: true, Retryable: true,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: edges,
			Source: Source{SourcePolicy, faq + ": one included address for each edge or router"},
			Owner:  OwnerCustomer,
			Remedy: "Use the edge attachment that there is, or destroy it first.",
			check:  edgeAlreadyAttached,
		},
		{
			ID: "edge.bridging", Title: "A network could bridge HSCN and another network", Severity: Warning,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: edges,
			Source: Source{SourceTerms, "HSCN Mandatory Supplemental Terms, clause 2.2: measures keep others from routing through a connection"},
			Owner:  OwnerCustomer,
			Remedy: "Put a network of its own behind the gateway, or say in bridging_controls what keeps traffic from passing between the two.",
			check:  edgeBridging,
		},
		{
			ID: "edge.overlap", Title: "An internal network overlaps HSCN addresses", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: edges,
			Source: Source{SourcePractice, "N3 connectivity FAQ, UKCloud, 2019: static routes must not conflict with the network's addresses"},
			Owner:  OwnerCustomer,
			Remedy: "Renumber the internal network: replies to HSCN addresses in it would never leave it.",
			check:  edgeOverlap,
		},
		{
			ID: "edge.resolver", Title: "A network asks resolvers that are not HSCN's", Severity: Warning,
			Where: AtPlan | AtBroker, Applies: AppliesAny, Kinds: edges,
			Source: Source{SourcePractice, "NHS Digital, \"Live HSCN\": names on HSCN are answered by HSCN's own resolvers"},
			Owner:  OwnerCustomer,
			Remedy: "Set dns_servers to HSCN's resolvers, or to servers of your own that forward to them.",
			check:  edgeResolver,
		},
	}
}

// gateway returns the gateway of the order, and whether it is known. Its id is known in any case.
func (j *judgement) gateway() (id string, gateway Gateway, known bool) {
	id, given := j.order.Declared.Text("gateway_id").Get()
	if !given || !j.facts.GatewaysKnown {
		return "", Gateway{}, false
	}
	gateway, there := j.facts.Gateways[id]
	return id, gateway, there
}

func edgeGatewayUnknown(j *judgement) *hit {
	id, gateway, there := j.gateway()
	if id == "" {
		return nil
	}
	var service ServiceKey
	if j.facts.Parent != nil {
		service = j.facts.Parent.Service
	}
	whose := "No service of the account " + j.facts.Account + " has a gateway " + quoted(id) + "."
	if service != (ServiceKey{}) {
		whose = fmt.Sprintf("The service %s (%s), which the connection is for, has no gateway %s.",
			quoted(service.ID), j.policy.serviceTypeTitle(service.Type), quoted(id))
	}
	h := &hit{path: gatewayPath, detail: whose}
	switch {
	case there && (service == (ServiceKey{}) || gateway.Service == service):
		return nil
	case there:
		h.detail += fmt.Sprintf(" It is one of the service %s (%s).", quoted(gateway.Service.ID), j.policy.serviceTypeTitle(gateway.Service.Type))
		h.remedy = "Check the id, or attach the gateway to the connection of its own service."
	case j.policy.UnknownGatewaysWait:
		h.mild, h.awaits = true, hscn.StatePendingVerification
		h.waiting = "There is nothing to do if the id is right: the order waits until " + j.policy.askCSP() + " has recorded the gateway."
	}
	return h
}

func edgeOneNetwork(j *judgement) *hit {
	id, gateway, there := j.gateway()
	if !there || len(gateway.Networks) == 0 {
		return nil
	}
	name := gateway.Zone
	if name == "" && j.facts.Parent != nil {
		name = j.facts.Parent.Zone
	}
	zone, known := j.policy.Zones[name]
	if !known {
		return nil
	}
	h := &hit{path: gatewayPath, detail: fmt.Sprintf("The gateway %s carries %s already", quoted(id), firstOf(gateway.Networks))}
	switch {
	case zone.SharedEdge:
		h.mild = true
		h.detail += fmt.Sprintf(". In the zone %s a gateway may carry HSCN beside that, and nothing but its rules keeps the two apart.", quoted(name))
		h.remedy = "Check that the gateway's rules let nothing pass between the two, or attach a gateway of its own to HSCN."
	case !zone.OneNetworkFrom.IsZero() && j.today.Before(zone.OneNetworkFrom):
		h.mild = true
		h.detail += fmt.Sprintf(", and from %s a gateway in the zone %s carries one network.", day(zone.OneNetworkFrom), quoted(name))
	default:
		h.detail += fmt.Sprintf(", and a gateway in the zone %s carries one network.", quoted(name))
	}
	return h
}

func edgeAlreadyAttached(j *judgement) *hit {
	id, known := j.order.Declared.Text("gateway_id").Get()
	clash, clashes := j.facts.Clashes["edge.already-attached"]
	if !known || !clashes {
		return nil
	}
	return &hit{
		path: gatewayPath, mild: !clash.Certain, remedy: clash.releaseRemedy(),
		detail: fmt.Sprintf("A gateway is attached once, and the gateway %s has another edge attachment%s.", quoted(id), j.opponents(clash)) +
			clash.unlessReleased(),
	}
}

// networkPath leads to an attribute of a network.
func networkPath(network, attribute string) []string { return []string{"networks", network, attribute} }

func edgeResolver(j *judgement) *hit {
	var path []string
	var wrong []string
	names, _ := j.order.Declared.Keys("networks").Get()
	for _, name := range names {
		for _, server := range j.order.Declared.texts("networks", name, "dns_servers") {
			problem := j.resolverProblem(server)
			if problem == "" {
				continue
			}
			if path == nil {
				path = networkPath(name, "dns_servers")
			}
			wrong = append(wrong, fmt.Sprintf("%s of %s %s", strings.TrimSpace(server), quoted(name), problem))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	h := &hit{path: path, detail: "The resolver " + wrong[0] + "."}
	if len(wrong) > 1 {
		h.detail = fmt.Sprintf("%d resolvers do not answer for HSCN: %s.", len(wrong), firstOf(wrong))
	}
	if servers := j.policy.DNSResolvers; len(servers) > 0 {
		texts := make([]string, len(servers))
		for i, server := range servers {
			texts[i] = server.String()
		}
		h.remedy = "Set dns_servers to HSCN's resolvers, " + listed(texts, "and") + ", or to servers of your own that forward to them."
	}
	return h
}
