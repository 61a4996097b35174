package rules

import "fmt"

var gatewayPath = []string{"gateway_id"}

func edgeRules() []Rule {
	edges := []Kind{KindEdgeAttachment}
	return []Rule{
		{
			ID: "edge.gateway-unknown", Title: "No such gateway", Severity: Error,
			Where: AtBroker, Applies: AppliesNew, Kinds: edges,
			Source: Source{SourcePolicy, "HSCN connectivity FAQ, UKCloud, 2021: HSCN is for the provider's own cloud services"},
			Owner:  OwnerCustomer,
			Remedy: "Check the id: the data source hscn_gateways lists the gateways of the account's services. If the gateway is new, ask {csp} to record it.",
			check:  edgeGatewayUnknown,
		},
		{
			ID: "edge.already-attached", Title: "The gateway is attached already", Severity: Error, Fixed: true, Retryable: true,
			Where: AtBroker, Applies: AppliesNew, Kinds: edges,
			Source: Source{SourcePolicy, "HSCN connectivity FAQ, UKCloud, 2021: one included address for each edge or router"},
			Owner:  OwnerCustomer,
			Remedy: "Use the edge attachment that there is, or destroy it first.",
			check:  edgeAlreadyAttached,
		},
	}
}

func edgeGatewayUnknown(j *judgement) *hit {
	id, known := j.order.Declared.Text("gateway_id").Get()
	if !known || j.facts.Broker == nil || j.facts.Broker.GatewayKnown {
		return nil
	}
	service := j.facts.Broker.ParentService
	return &hit{
		path: gatewayPath,
		detail: fmt.Sprintf("The service %s (%s), which the connection is for, has no gateway %s.",
			quoted(service.ID), j.policy.serviceTypeTitle(service.Type), quoted(id)),
	}
}

func edgeAlreadyAttached(j *judgement) *hit {
	id, known := j.order.Declared.Text("gateway_id").Get()
	if !known || j.facts.Broker == nil || j.facts.Broker.GatewayHolder == nil {
		return nil
	}
	by := "another edge attachment"
	if name := j.facts.Broker.GatewayHolder.Name; name != "" {
		by = name
	}
	return &hit{path: gatewayPath, detail: fmt.Sprintf("The gateway %s is attached to HSCN already, by %s.", quoted(id), by)}
}
