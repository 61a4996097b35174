package rules

import (
	"net/netip"
	"regexp"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Policy is what the cloud service provider decides, as far as rules ask for it. Package assess makes it from the
// contract's policy. The zero Policy is enough at AtValidate.
type Policy struct {
	// Severities are by rule id. A rule that is not among them has its default severity at the broker and is a warning at
	// the most at plan: the broker whose policy this is may be older or of another make, and is not overruled.
	Severities map[string]Severity
	// CSP is the cloud service provider's name, such as "Example Cloud"; CSPContact says whom there to ask.
	CSP        string
	CSPContact Contact
	// NHS says whom to ask at the NHS.
	NHS Contact

	ServiceTypes map[string]ServiceType
	Zones        map[string]Zone

	Ages FactAges
	// SuccessorGraceDays is for how many days after an organisation's end an order of its is let through while a
	// successor exists.
	SuccessorGraceDays int
	// BindingRequests says that an order may ask for the binding that it lacks.
	BindingRequests bool
	// FlowDown are the documents that carry the agreement's terms; any one of them is enough.
	FlowDown []FlowDownTerms
	DSPT     DSPTPolicy
	// EvidenceCountersignedWithinDays is for how many days after it was signed a copy may do without the NHS's signature.
	EvidenceCountersignedWithinDays int
	// NHSRoles are the primary roles of the bodies that count as NHS bodies, such as "RO197".
	NHSRoles []string
	// AdequateCountries are the countries outside the UK and the EEA where data may be held, as ISO 3166-1 alpha-2 codes.
	AdequateCountries []string
	// ProfileReviewMonths is for how many months the review of a connection's profile counts.
	ProfileReviewMonths int

	// UnknownGatewaysWait says that an order for a gateway that nobody knows waits until the operator has looked at it.
	UnknownGatewaysWait bool
	// DNSResolvers are HSCN's resolvers, RetiredDNSResolvers those that no longer answer.
	DNSResolvers, RetiredDNSResolvers []netip.Addr
	// HSCNRanges are the pools of HSCN addresses that the provider publishes.
	HSCNRanges []netip.Prefix

	// LeadTimeWorkingDays and CommitmentMonths are a connection's, EdgeLeadTimeWorkingDays an edge attachment's.
	LeadTimeWorkingDays     int
	CommitmentMonths        int
	EdgeLeadTimeWorkingDays int
	// Calendar tells the working days of the lead time.
	Calendar *hscn.Calendar
}

// Contact is whom to ask. Only the title is always given.
type Contact struct{ Title, Email, Phone, URL string }

// ServiceType is a type of cloud service that can be connected.
type ServiceType struct {
	Title string
	// IDPattern matches the whole of an id; IDExample is one.
	IDPattern *regexp.Regexp
	IDExample string
}

// Zone is a part of the provider's cloud.
type Zone struct {
	// HSCNOffered says whether the provider offers HSCN there.
	HSCNOffered bool
	// SharedEdge says that one edge gateway there may carry HSCN beside other networks.
	SharedEdge bool
	// OneNetworkFrom is the day from which that an edge carries one network is more than a warning; zero where it is so
	// already.
	OneNetworkFrom hscn.Date
}

// FactAges is for how many days a look-up counts; an older one is as if nobody had looked.
type FactAges struct{ Directory, Register, FlowDown, DSPT int }

// FlowDownTerms is a kind of document that carries the agreement's terms from one version on.
type FlowDownTerms struct{ Kind, Title, MinimumVersion string }

// DSPTPolicy says what the provider asks of an organisation's DSPT.
type DSPTPolicy struct {
	// Accepted outcomes suffice, Tolerated ones warn, all others refuse.
	Accepted, Tolerated []hscn.DSPTStandard
	// Deadlines are by edition, where they differ from the NHS's.
	Deadlines map[hscn.Edition]hscn.Date
}

// deadline is the day on which an edition is due.
func (p DSPTPolicy) deadline(e hscn.Edition) hscn.Date {
	if day, ok := p.Deadlines[e]; ok {
		return day
	}
	return e.Deadline()
}
