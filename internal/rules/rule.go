package rules

import "strings"

// Kind is the kind of object that an order is about.
type Kind string

// The kinds.
const (
	KindConnection        Kind = "connection"
	KindEdgeAttachment    Kind = "edge_attachment"
	KindAgreementEvidence Kind = "agreement_evidence"
)

// Operation is what an order does with its object.
type Operation uint8

// The operations.
const (
	// Create makes the object.
	Create Operation = iota + 1
	// Update changes it.
	Update
	// Delete gives it up.
	Delete
	// Keep leaves it as it is: only rules that apply to every object look at it, those that watch, and those about what a
	// plan does to it with another object.
	Keep
)

// Where is a place at which rules are evaluated, or in a Rule a set of them.
type Where uint8

// The places.
const (
	// AtValidate is before there is a policy: only what nobody can change is judged there.
	AtValidate Where = 1 << iota
	// AtPlan is while changes are planned, over facts that were fetched.
	AtPlan
	// AtBroker is on a write, over the broker's own facts: the authority.
	AtBroker
)

// Severity is what a finding does to an order.
type Severity string

// The severities.
const (
	// Error refuses the order.
	Error Severity = "error"
	// Warning lets it through, and says so.
	Warning Severity = "warning"
	// Off means that the rule is not evaluated.
	Off Severity = "off"
)

// Applies says to which orders a rule applies.
type Applies uint8

// What a rule can apply to.
const (
	// AppliesNew is to a new order, more capacity or wider access, so that the rule never stands in the way of removing,
	// narrowing or correcting anything.
	AppliesNew Applies = iota + 1
	// AppliesAny is to every create and every update.
	AppliesAny
	// AppliesAll is to every object, unchanged ones too; such a rule warns at the most.
	AppliesAll
	// AppliesDelete is to every delete, and to nothing else.
	AppliesDelete
)

// Owner is who can put right what a finding says.
type Owner string

// The owners.
const (
	OwnerCustomer Owner = "customer"
	OwnerCSP      Owner = "csp"
	OwnerNHS      Owner = "nhs"
)

// SourceKind is the kind of authority that a rule has.
type SourceKind string

// The kinds of sources.
const (
	// SourceTerms is the terms that every consumer of HSCN is bound by.
	SourceTerms SourceKind = "HSCN terms"
	// SourcePolicy is a decision of the cloud service provider's.
	SourcePolicy SourceKind = "CSP policy"
	// SourcePractice is what experience recommends.
	SourcePractice SourceKind = "good practice"
)

// Source is where a rule comes from.
type Source struct {
	Kind SourceKind
	// Reference is a public document.
	Reference string
}

// String returns kind and reference as one phrase.
func (s Source) String() string { return string(s.Kind) + ": " + s.Reference }

// Rule is one entry of the catalogue.
type Rule struct {
	// ID is the rule's name for good.
	ID string
	// Title says what is wrong in a few words, without values: Terraform merges warnings of the same title.
	Title string
	// Severity is the default, which policy may change.
	Severity Severity
	// Fixed rules are format or contract: always errors, whatever policy says, and never waived.
	Fixed bool
	// Where is at which places a finding is first shown. The broker evaluates every rule all the same, so that a policy
	// that makes an error of one is obeyed by all its callers.
	Where Where
	// Applies is to which orders it applies.
	Applies Applies
	// Watches says that it also warns of an object that stays as it is or asks for no more.
	Watches bool
	// PlanOnly says that it is about the shape of a plan, which the broker does not see.
	PlanOnly bool
	// Kinds are the kinds of objects that it looks at.
	Kinds []Kind
	// Retryable says that another change of the same apply may lift it, so that asking again is worth while.
	Retryable bool
	// YieldsTo are rules that say the same better: where one of them refuses the order, this one is silent. A rule that is
	// off, waived or warns silences nothing.
	YieldsTo []string
	// Source is where the rule comes from.
	Source Source
	// Owner is who can usually put it right.
	Owner Owner
	// Remedy is what to do, with {csp} and {nhs} for whom to ask; RemedyFor fills them in.
	Remedy string

	// everyOperation says that it is about the object's name, which a plan can break with any operation, also by giving the
	// object up.
	everyOperation bool
	check          func(*judgement) *hit
}

// Anchor is the rule's anchor on a page of documentation.
func (r Rule) Anchor() string { return strings.ReplaceAll(r.ID, ".", "-") }

// RemedyFor is Remedy in the words of a policy: where somebody is to be asked, how to reach them stands once. With the
// zero Policy it speaks of nobody by name.
func (r Rule) RemedyFor(policy Policy) string {
	text := strings.Replace(r.Remedy, "{csp}", policy.askCSP(), 1)
	text = strings.Replace(text, "{nhs}", policy.askNHS(), 1)
	return strings.NewReplacer("{csp}", policy.csp(), "{nhs}", policy.nhs()).Replace(text)
}
