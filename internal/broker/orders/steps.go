package orders

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// work is what an operator has to do for an order: the order, what it is about, and the policy in force.
type work struct {
	order      api.Order
	connection api.Connection
	// edge is the order's object; nil where that is the connection.
	edge            *api.EdgeAttachment
	gatewayTitle    string
	gatewayNetworks []string
	// recorded is the edge attachment's gateway as the inventory has it, under whatever service; nil where it does not.
	recorded *store.Gateway
	// heir is the edge attachment that has the gateway of one that was given up, and is confirmed; nil where there is none.
	heir   *store.EdgeAttachment
	zone   api.Zone
	policy api.Policy
	// driven is how far the broker's driver is with the order's object; nil where it has no part in it.
	driven *store.Fulfilment
	// differences are what a change asks for beside what is confirmed, in sentences; connection and edge are as it asks for.
	differences []string
}

// steps are the sentences that tell an operator what to do now, in their order. They follow from the work alone.
func steps(w work) []string {
	if !w.order.Open {
		return []string{}
	}
	if w.order.Kind == string(store.OrderChange) && stopped(hscn.State(w.state())) {
		return []string{fmt.Sprintf("Do nothing while %s is %s: the change goes on where it was when the restriction is lifted "+
			"(hscn-broker connections lift %s). To turn it down without that: %s.", w.order.Object, w.state(), w.connection.UID, commandRefuse(w.order.ID))}
	}
	told, alone := w.byDriver()
	if alone {
		return told
	}
	return slices.Concat(w.differences, told, w.todo())
}

// state is that of the order's object, where the order itself says how far a change of it is.
func (w work) state() string {
	if w.edge != nil {
		return w.edge.State
	}
	return w.connection.State
}

func (w work) todo() []string {
	switch hscn.State(w.order.State) {
	case hscn.StatePendingVerification, hscn.StatePendingEvidence:
		return w.lookUp()
	case hscn.StatePendingApproval:
		return w.approve()
	case hscn.StateAwaitingAuthority:
		return w.askAuthority()
	case hscn.StatePendingConnection:
		if w.connection.State == string(hscn.StateRestricted) {
			return []string{fmt.Sprintf("Do nothing while %s is restricted: this goes on where it was when the restriction is lifted "+
				"(hscn-broker connections lift %s).", w.connection.Name, w.connection.UID)}
		}
		return []string{fmt.Sprintf("Do nothing yet: %s is %s, and this goes on by itself when it is active.",
			w.connection.Name, w.connection.State)}
	case hscn.StateProvisioning:
		return w.wait()
	case hscn.StateAwaitingFulfilment, hscn.StateFailed:
		if w.order.Kind == string(store.OrderChange) {
			return append(w.follow(), w.confirm()...)
		}
		if w.edge != nil {
			return append(w.attach(), w.confirm()...)
		}
		return append(w.connect(), w.confirm()...)
	case hscn.StateCeasing:
		if w.edge != nil {
			return append(w.detach(), w.confirmRemoval())
		}
		return append(w.disconnect(), w.confirmRemoval())
	default:
		return []string{fmt.Sprintf("Take it up with %s: the state %s is none that a command of this broker leaves.",
			w.policy.Csp.Contact.Title, w.order.State)}
	}
}

// lookUp says what to look up and where, for each finding that the order waits for, and how it is recorded.
func (w work) lookUp() []string {
	code := w.connection.OdsCode
	// Nothing waits for what a waiver lets pass.
	awaited := slices.DeleteFunc(slices.Clone(w.order.Findings), func(f api.Finding) bool { return f.Waiver != nil })
	binding := slices.ContainsFunc(awaited, func(f api.Finding) bool { return f.Rule == ruleNotBound })
	var todo []string
	for _, finding := range awaited {
		switch finding.Rule {
		case ruleNotBound:
			todo = append(todo, fmt.Sprintf("Check with the organisation %s that the account %s may act for it. If it may: %s.",
				code, w.order.Account, commandBind(w.order.Account, code)))
		case "organisation.not-checked":
			todo = append(todo, fmt.Sprintf("Look %s up in the directory of organisations (ODS, by code) and record what it says, also that it has no "+
				"such code: %s.", code, commandRecordDirectory(code)))
		case "agreement.not-checked":
			if binding && w.connection.Agreement.Basis == api.AgreementBasisFlowDown {
				continue // it may be recorded: the account is told of contracts once it may act for the organisation
			}
			todo = append(todo, w.lookUpAgreement(finding)...)
		case "dspt.not-checked":
			// It may be a relative's row that is missing: which, and what of it, the finding says.
			todo = append(todo, fmt.Sprintf("%s Look that organisation up in the DSPT's register (its organisation search, by code) and record the "+
				"status in the register's own words, also that it has none: %s. Or import the register's whole export: %s.",
				finding.Detail, commandRecordDSPT("CODE"), commandImportDSPT))
		case "edge.gateway-unknown":
			todo = append(todo, w.lookUpGateway())
		}
	}
	if len(todo) == 0 {
		todo = append(todo, "Look up what the order waits for: "+*orDefault(w.order.StateReason, "see its findings."))
	}
	return append(todo,
		fmt.Sprintf("Nothing else is to do: the order is judged again by itself when something is recorded, also by an inventory (%s). "+
			"What is good lets it go on, what is bad refuses it.", commandLoad),
		fmt.Sprintf("To turn it down without that: %s.", commandRefuse(w.order.ID)))
}

// lookUpAgreement says where to look for the agreement that a finding misses. It may be another organisation's, which
// routes through the connection: whose, the finding says.
func (w work) lookUpAgreement(finding api.Finding) []string {
	code := w.connection.OdsCode
	if len(w.connection.Profile.SharedWith) > 0 {
		code = "CODE"
	}
	if w.connection.Agreement.Basis == api.AgreementBasisFlowDown {
		var terms []string
		for _, document := range w.policy.Agreements.FlowDownDocuments {
			terms = append(terms, fmt.Sprintf("%s (%s) of version %s or later", document.Title, document.Kind, document.MinimumVersion))
		}
		return []string{fmt.Sprintf("%s Look in the contracts of %s with that organisation for %s, and record them, also that there are none: %s.",
			finding.Detail, w.policy.Csp.Title, strings.Join(terms, " or "), commandRecordFlowDown(code))}
	}
	register := fmt.Sprintf("%s Look that organisation up in the register of HSCN Connection Agreements (by ODS code) and record the entry, also "+
		"that there is none: %s.", finding.Detail, commandRecordRegister(code))
	if url := w.policy.NhsContact.URL; url != nil {
		register += fmt.Sprintf(" %s answers for the register: %s.", w.policy.NhsContact.Title, *url)
	}
	todo := []string{register}
	if id := w.connection.Agreement.EvidenceID; id != nil {
		evidence := w.order.Account + "/" + strings.TrimPrefix(*id, hscn.AgreementEvidenceName(""))
		todo = append(todo, fmt.Sprintf("Or read the signed copy %s, which the order rests on while the register does not show the agreement (%s), "+
			"and validate it: %s.", *id, commandReadEvidence(evidence), commandValidateEvidence(evidence)))
	}
	return todo
}

// lookUpGateway says what to do about a gateway that the inventory does not have where it should be.
func (w work) lookUpGateway() string {
	id, service := *orDefault(w.edge.GatewayID, ""), w.connection.Service
	if other := w.recorded; other != nil {
		as := fmt.Sprintf("under the service %s (%s) of the account %s", other.ServiceID, other.ServiceType, other.Account)
		if other.Retired {
			as += ", as retired"
		}
		return fmt.Sprintf("The inventory has the gateway %s %s; the order takes it for one of the service %s (%s) of the account %s. "+
			"Correct the inventory where it is wrong (%s), or turn the order down.", id, as, service.ID, service.Type, w.order.Account, commandLoad)
	}
	return fmt.Sprintf("Look for the gateway %s among those of the service %s (%s) of the account %s in %s. If it is there, record it in the inventory "+
		"as a gateway of that service, with the networks that it carries besides HSCN: %s, where FILE has\n"+
		"version: 1\ngateways: [{ id: %q, service: { type: %q, id: %q }, networks: [] }]",
		id, service.ID, service.Type, w.order.Account, w.place(), commandLoad, id, service.Type, service.ID)
}

// askAuthority says whom to ask what, and how the answer is recorded.
func (w work) askAuthority() []string {
	ask := "Ask the HSCN Authority"
	if url := w.policy.NhsContact.URL; url != nil {
		ask += fmt.Sprintf(" (%s: %s)", w.policy.NhsContact.Title, *url)
	}
	ask += fmt.Sprintf(" whether the organisation %s may have this connection, for %s.", w.connection.OdsCode,
		strings.ReplaceAll(string(w.connection.Purpose), "_", " "))
	for _, finding := range w.order.Findings {
		if finding.Rule == "location.nhs-outside-england" {
			ask += " " + finding.Detail
		}
	}
	return []string{
		ask,
		fmt.Sprintf("Record its answer, with its reference: %s. Or, where it does not grant it: %s.",
			commandGranted(w.order.ID), commandNotGranted(w.order.ID)),
		fmt.Sprintf("To turn it down without asking: %s.", commandRefuse(w.order.ID)),
	}
}

// approve says what a person has to check before approving.
func (w work) approve() []string {
	c := w.connection
	basis := "an HSCN Connection Agreement of its own"
	if c.Agreement.Basis == api.AgreementBasisFlowDown {
		basis = "terms of " + w.policy.Csp.Title + " that carry the agreement"
	}
	link := "the shared link"
	if c.Access == api.DedicatedCircuit {
		link = w.circuits()
	}
	todo := []string{
		fmt.Sprintf("Check that the organisation %s, for which the account %s orders, rests on %s.", c.OdsCode, c.Account, basis),
		fmt.Sprintf("Check that the service %s (%s) in the zone %s is to be joined to HSCN over %s, for %s.",
			c.Service.ID, c.Service.Type, c.Zone, link, strings.ReplaceAll(string(c.Purpose), "_", " ")),
		fmt.Sprintf("Check that the profile names people who answer for it: sponsor %s, security lead %s.",
			c.Profile.BusinessSponsor.Name, c.Profile.SecurityLead.Name),
	}
	for _, finding := range w.order.Findings {
		todo = append(todo, fmt.Sprintf("Weigh the warning %s: %s", finding.Rule, finding.Detail))
	}
	if w.policy.SecondPerson {
		todo = append(todo, "Be another person than the one who recorded the look-up of the agreement.")
	}
	return append(todo, fmt.Sprintf("Approve it: %s. Or turn it down: %s.", commandApprove(w.order.ID), commandRefuse(w.order.ID)))
}

func (w work) wait() []string {
	if at := w.connection.ActivateAt; at != nil && w.edge == nil && w.order.Kind != string(store.OrderChange) {
		return []string{fmt.Sprintf("Do nothing before %s: its owner does not want it earlier. The broker then asks for it by itself.", londonText(*at))}
	}
	return []string{"Do nothing: the broker asks for it by itself in a moment."}
}

// place is the zone with its region and data centres, as people find it.
func (w work) place() string {
	place := fmt.Sprintf("the zone %s (region %s", w.connection.Zone, w.zone.Region)
	if len(w.zone.DataCentres) > 0 {
		place += ", " + plural(len(w.zone.DataCentres), "data centre", "data centres") + " " + strings.Join(w.zone.DataCentres, ", ")
	}
	return place + ")"
}

// network is the network that gateways are joined to.
func (w work) network() string {
	if id := w.zone.ExternalNetworkID; id != nil {
		return "the external network " + *id
	}
	return "the HSCN network of the zone"
}

// builds says that the CSP is to build the edge attachment's gateway, and has not said yet which it is.
func (w work) builds() bool {
	return w.edge != nil && w.edge.VdcID != nil && w.edge.AttachedGatewayID == nil
}

func (w work) gateway() string {
	if w.builds() {
		return "that gateway"
	}
	gateway := "the gateway " + *orDefault(w.edge.AttachedGatewayID, "(unknown)")
	if w.gatewayTitle != "" {
		gateway += " (" + w.gatewayTitle + ")"
	}
	return gateway
}

func (w work) again() []string {
	if w.order.State != string(hscn.StateFailed) {
		return nil
	}
	return []string{"Put right what failed: " + *orDefault(w.order.Note, "see the order's note.")}
}

func (w work) connect() []string {
	c := w.connection
	todo := append(w.again(), fmt.Sprintf("In %s, make %s available to the service %s (%s) of the account %s.",
		w.place(), w.network(), c.Service.ID, c.Service.Type, c.Account))
	if c.Access == api.DedicatedCircuit {
		todo = append(todo, "Join it to "+w.circuits()+", not to the shared link.")
	}
	return append(todo, "Leave everything at drop-all: nothing passes until an edge attachment is active and its allow-lists are.")
}

// follow says how the network follows a change of what is active.
func (w work) follow() []string {
	todo := w.again()
	if w.edge != nil {
		hand := "Take the gateway's rules for HSCN over from the customer: from then on nobody but you writes them."
		if w.edge.Fulfilment == api.FulfilmentCustomer {
			hand = "Give the gateway's rules for HSCN to the customer: from then on they write them, and you leave them alone."
		}
		return append(todo, fmt.Sprintf("In %s, on %s: %s", w.place(), w.gateway(), hand))
	}
	c, link := w.connection, "the shared link, and take it off the circuits that it had"
	if c.Access == api.DedicatedCircuit {
		link = w.circuits() + ", not to the shared link or to any other circuit"
	}
	return append(todo, fmt.Sprintf("In %s, join what the service %s (%s) of the account %s has of %s to %s.",
		w.place(), c.Service.ID, c.Service.Type, c.Account, w.network(), link))
}

func (w work) circuits() string {
	if len(w.connection.Circuits) == 0 {
		return "the customer's own circuit"
	}
	var circuits []string
	for name, circuit := range w.connection.Circuits {
		text := name
		if circuit.Reference != nil {
			text += " (" + *circuit.Reference + ")"
		}
		circuits = append(circuits, text)
	}
	slices.Sort(circuits)
	return "the customer's " + plural(len(circuits), "circuit", "circuits") + " " + strings.Join(circuits, ", ")
}

func (w work) attach() []string {
	e, todo := w.edge, w.again()
	if w.builds() {
		todo = append(todo, fmt.Sprintf("In %s, build an edge gateway in the VDC %s of the service %s (%s).",
			w.place(), *e.VdcID, w.connection.Service.ID, w.connection.Service.Type))
	}
	todo = append(todo,
		fmt.Sprintf("In %s, join %s of the service %s (%s) to %s.",
			w.place(), w.gateway(), w.connection.Service.ID, w.connection.Service.Type, w.network()),
		fmt.Sprintf("Give the gateway the address %s on that network.", e.IncludedAddress))
	if others := w.gatewayNetworks; len(others) > 0 {
		todo = append(todo, fmt.Sprintf("Keep HSCN apart from what the gateway carries already (%s): no route and no rule leads from one to the other.",
			strings.Join(others, ", ")))
	}
	todo = append(todo, "Set the gateway's rules for that network to drop-all, in and out: nothing passes until an allow-list says so.")
	if e.Fulfilment == api.FulfilmentCustomer {
		todo = append(todo, "Leave all further rules of the gateway alone: the customer writes them.")
	}
	return todo
}

func (w work) confirm() []string {
	otherwise := fmt.Sprintf("If it cannot be done: %s, or for good: %s.", commandFail(w.order.ID), commandRefuse(w.order.ID))
	if w.order.State == string(hscn.StateFailed) {
		otherwise = fmt.Sprintf("If it can never be done: %s.", commandRefuse(w.order.ID))
	}
	done := commandDone(w.order.ID)
	if w.builds() {
		done += " --gateway-id ID, with the id of the gateway that was built"
	}
	return []string{fmt.Sprintf("Confirm it: %s.", done), otherwise}
}

func (w work) detach() []string {
	if w.heir != nil {
		todo := []string{fmt.Sprintf("In %s, leave the rules of %s for %s as they are: %s has the gateway by now.",
			w.place(), w.gateway(), w.network(), w.heir.FullName())}
		if w.heir.IncludedAddress != w.edge.IncludedAddress {
			todo = append(todo, fmt.Sprintf("Take the address %s off the gateway.", w.edge.IncludedAddress))
		}
		return todo
	}
	return []string{
		fmt.Sprintf("In %s, set the rules of %s for %s to drop-all, in and out.", w.place(), w.gateway(), w.network()),
		fmt.Sprintf("Take the address %s off the gateway and the gateway off %s.", w.edge.IncludedAddress, w.network()),
	}
}

func (w work) disconnect() []string {
	c := w.connection
	return []string{fmt.Sprintf("In %s, take %s away from the service %s (%s) of the account %s, unless another of its connections uses it.",
		w.place(), w.network(), c.Service.ID, c.Service.Type, c.Account)}
}

func (w work) confirmRemoval() string {
	return fmt.Sprintf("Confirm that it is removed: %s.", commandDone(w.order.ID))
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
