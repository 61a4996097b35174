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
	// Parent is the connection that an edge attachment hangs on; nil where nothing is known of it.
	Parent *Parent
	// Gateways are the gateways of the account's services, by id. Without GatewaysKnown nobody asked for them.
	Gateways      map[string]Gateway
	GatewaysKnown bool
	// Evidence is the account's live agreement evidence, by full name ("agreement-evidence/<name>"); what was refused or
	// deleted is not among it. Without EvidenceKnown nobody asked for it.
	Evidence      map[string]Evidence
	EvidenceKnown bool
	// RefusedEvidence says why, in a sentence, of evidence that an order names, that is not among Evidence and whose last copy
	// was refused; by full name. Only the broker says it.
	RefusedEvidence map[string]string
	// Kept are the versions of signed copies that connections of the account rest on and that Evidence does not have any
	// more, by the full name of the connection.
	Kept map[string]KeptEvidence
	// Clashes say, by rule id, which objects break a rule together with the order's: the ledger of a plan finds them
	// there, and the broker among its own objects. A rule that is not among them is not broken so.
	Clashes map[string]Clash
	// Taken is the live object of this account that has the name which the order asks for; nil where there is none.
	Taken *Existing
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
	// Country is where its seat is, in the directory's spelling, such as "ENGLAND"; empty where the directory does not say.
	Country string
	// PrimaryRole is the role that says what type of organisation it is, such as "RO197" of an NHS trust.
	PrimaryRole string
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

// Parent is the connection that an edge attachment hangs on. Its members are zero where they are not known.
type Parent struct {
	// Name is its full name.
	Name    string
	Service ServiceKey
	// Zone is that of its service.
	Zone     string
	Declared Declared
}

// Gateway is an edge gateway or router of one of the account's services.
type Gateway struct {
	Service ServiceKey
	Zone    string
	// Networks are the networks other than HSCN that it carries, by whatever name the provider gives them.
	Networks []string
	// InternalNetworks are the ids of the networks behind it.
	InternalNetworks []string
}

// Evidence is a signed copy of an HSCN Connection Agreement. One that a person has validated stays validated while a
// newer version of it waits.
type Evidence struct {
	// ODSCode is the organisation's that signed it; empty where this plan makes it and it is only known later, as SignedOn
	// is zero then.
	ODSCode   string
	Validated bool
	// CountersignedOn is zero where the NHS has not signed it, or nobody says when.
	SignedOn, CountersignedOn hscn.Date
	// Planned says that it is this plan that makes it.
	Planned bool
	// Kept says that it counts for the order's connection alone, which rests on it.
	Kept                    bool
	ReceivedAt, ValidatedAt time.Time
	ValidatedBy             string
}

// KeptEvidence is a signed copy that a connection rests on.
type KeptEvidence struct {
	// Name is its full name, which nothing or another copy may have by now.
	Name string
	Evidence
}

// Clash is what breaks a rule together with the order's object. The lists are full names, the object's own left out or
// not.
type Clash struct {
	// Certain says that what is there and what is asked for break the rule whatever else happens. Without it the rule warns
	// at the most: another change of the same apply may lift it.
	Certain bool
	// Added, Changed, Kept and Removed are what a plan does with them; Unseen is what it has not shown, or does not have.
	// The broker, which sees no plan, says Kept of whatever lives.
	Added, Changed, Kept, Removed, Unseen []string
	// Elsewhere says that it is an object of another account, of which nothing is said.
	Elsewhere bool
}

// Existing is an object that is there already. Where only its name is known, CreatedBy is empty.
type Existing struct {
	UID       string
	CreatedBy string
	CreatedAt time.Time
}

// BrokerFacts is what only the broker knows of an order.
type BrokerFacts struct {
	// Children are the full names of the live objects that hang on this one.
	Children []string
}
