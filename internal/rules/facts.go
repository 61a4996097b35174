package rules

import (
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Facts is what is known when an order is judged.
type Facts struct {
	// Now is the broker's clock, at plan too: both sides judge by one.
	Now time.Time
	// Account is the account that orders.
	Account string
	// Organisations are by ODS code in its canonical spelling. Of a code that is not among them nobody asked, which is no
	// finding; of one that is, a Fact says what was looked up.
	Organisations map[string]Organisation
	// Services are the cloud services that the account consumes. Without ServicesKnown nobody asked for them.
	Services      map[ServiceKey]Service
	ServicesKnown bool
	// Waivers are the operator's exceptions for the account.
	Waivers []Waiver
	// Broker is what only the broker knows; nil elsewhere.
	Broker *BrokerFacts
}

// Fact is what a look-up gave. The zero Fact is one that was never made: nobody has looked yet, which is neither good
// nor bad.
type Fact[T any] struct {
	// Checked says that somebody looked, and recently enough.
	Checked bool
	// At and By are when and by whom.
	At time.Time
	By string
	// Found says that there was something, which is the Record.
	Found  bool
	Record T
}

// Organisation is what is known of an organisation.
type Organisation struct {
	// Bound says that the account may act for it.
	Bound bool
	// Directory is what the directory of organisations (ODS) said.
	Directory Fact[DirectoryRecord]
	// Register is what the register of HSCN Connection Agreements showed.
	Register Fact[RegisterRecord]
	// FlowDown is which documents of the provider's the organisation has signed.
	FlowDown Fact[[]FlowDownDocument]
	// DSPT is what the public DSPT register showed.
	DSPT Fact[DSPTRecord]
}

// DirectoryRecord is an entry of the directory of organisations (ODS).
type DirectoryRecord struct {
	Title string
	// Inactive says that the operational status is not "Active".
	Inactive bool
	// RecordClass is RC1 for an organisation, RC2 for a site.
	RecordClass string
	// OperationalEnd and LegalEnd are the last days of the organisation's operation and of its legal existence.
	OperationalEnd, LegalEnd hscn.Date
	// Parent, Sites and Successors are ODS codes.
	Parent     string
	Sites      []string
	Successors []string
}

// RegisterRecord is an entry of the register of HSCN Connection Agreements.
type RegisterRecord struct {
	// IGSoC says that it is the statement of compliance of N3, which the agreement replaced.
	IGSoC bool
	// Reference is the entry's own; may be empty.
	Reference string
	// EndedOn is the last day on which the agreement holds, WithdrawnOn the first on which it does not.
	SignedOn, EndedOn, WithdrawnOn hscn.Date
}

// FlowDownDocument is a document between provider and organisation.
type FlowDownDocument struct {
	Kind, Version string
	// EndedOn is the last day on which it holds.
	SignedOn, EndedOn hscn.Date
}

// DSPTRecord is an organisation's row in the public DSPT register.
type DSPTRecord struct {
	// Status is in the register's own words, such as "25/26 Standards Met".
	Status      string
	PublishedOn hscn.Date
}

// ServiceKey identifies a cloud service.
type ServiceKey struct{ Type, ID string }

// Service is a cloud service that the account consumes.
type Service struct {
	Zone string
	// HSCNOffered says whether the provider offers HSCN in that zone.
	HSCNOffered bool
}

// Waiver is an operator's dated exception from a rule.
type Waiver struct {
	Rule string
	// Connection is the full name of the connection that it is for; empty for the whole account.
	Connection string
	// Until is the last day on which it counts.
	Until             hscn.Date
	Reason, Reference string
}

// BrokerFacts is what only the broker knows of an order.
type BrokerFacts struct {
	// Existing is the live object of this account that has the name which a create asks for.
	Existing *Existing
	// ServiceHolder is the live connection, another than this one, that holds the service with the same kind of access.
	ServiceHolder *Holder
	// ParentService is the service of the connection that an edge attachment belongs to, and GatewayKnown says that the
	// gateway is one of that service's.
	ParentService ServiceKey
	GatewayKnown  bool
	// GatewayHolder is the live edge attachment, another than this one, that holds the gateway.
	GatewayHolder *Holder
	// Children are the full names of the live objects that hang on this one.
	Children []string
}

// Existing is an object that is there already.
type Existing struct {
	CreatedBy string
	CreatedAt time.Time
}

// Holder is an object that holds what the order asks for. Its Name is its full name, and empty where it belongs to
// another account, of which nothing is said.
type Holder struct{ Name string }
