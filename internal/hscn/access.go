package hscn

// Access is the way in which a cloud service reaches HSCN.
type Access string

const (
	// AccessSharedLink is a share of the cloud service provider's own HSCN link.
	AccessSharedLink Access = "shared_link"
	// AccessDedicatedCircuit is a circuit of the customer's own into the provider's data centres, which needs the
	// customer's own agreement (HSCN connectivity FAQ, UKCloud, 2021, "Can UKCloud accept dedicated HSCN connections?").
	AccessDedicatedCircuit Access = "dedicated_circuit"
)

// Accesses returns every kind of access.
func Accesses() []Access { return []Access{AccessSharedLink, AccessDedicatedCircuit} }

// Valid reports whether a is one of Accesses.
func (a Access) Valid() bool { return contains(Accesses(), a) }

// Purpose is what a connection is for.
type Purpose string

const (
	// PurposeProduction is a live service.
	PurposeProduction Purpose = "production"
	// PurposeProofOfConcept is a trial, which the same agreement terms apply to (HSCN connectivity FAQ, UKCloud, 2021,
	// "Can I use UKCloud's HSCN connection for my PoC").
	PurposeProofOfConcept Purpose = "proof_of_concept"
	// PurposeReadinessTest is a test with a supplier's test addresses before going live (NHS Digital, "HSCN readiness
	// testing guidance note").
	PurposeReadinessTest Purpose = "readiness_test"
)

// Purposes returns every purpose.
func Purposes() []Purpose {
	return []Purpose{PurposeProduction, PurposeProofOfConcept, PurposeReadinessTest}
}

// Valid reports whether p is one of Purposes.
func (p Purpose) Valid() bool { return contains(Purposes(), p) }

// Fulfilment says who writes a gateway's rules.
type Fulfilment string

const (
	// FulfilmentCSP leaves the gateway to the cloud service provider.
	FulfilmentCSP Fulfilment = "csp"
	// FulfilmentCustomer leaves it to the customer, who reads the addresses and writes the rules.
	FulfilmentCustomer Fulfilment = "customer"
)

// Fulfilments returns every kind of fulfilment.
func Fulfilments() []Fulfilment { return []Fulfilment{FulfilmentCSP, FulfilmentCustomer} }

// Valid reports whether f is one of Fulfilments.
func (f Fulfilment) Valid() bool { return contains(Fulfilments(), f) }

// WaitFor says how far an order must be before an apply is done with it.
type WaitFor string

const (
	// WaitForAccepted ends the wait when the order stands.
	WaitForAccepted WaitFor = "accepted"
	// WaitForActive goes on until the object is confirmed to work, or until only a person can take it further.
	WaitForActive WaitFor = "active"
)

// WaitFors returns everything that can be waited for.
func WaitFors() []WaitFor { return []WaitFor{WaitForAccepted, WaitForActive} }

// Valid reports whether w is one of WaitFors.
func (w WaitFor) Valid() bool { return contains(WaitFors(), w) }
