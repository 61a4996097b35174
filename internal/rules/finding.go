package rules

import (
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Finding is one rule's answer for one object.
type Finding struct {
	// Rule and Title are the rule's.
	Rule, Title string
	Severity    Severity
	// Path leads to the value that it is about: names of attributes and keys of maps. It is empty for the object itself.
	Path []string
	// Detail is what is wrong with the values at hand, Remedy what to do about it, Owner who can.
	Detail, Remedy string
	Owner          Owner
	Source         Source
	// Retryable says that another change of the same apply may lift it.
	Retryable bool
	// Fixed says that nobody may make less of it than an error.
	Fixed bool
	// Waiver is the operator's exception that makes a warning of it; nil without one.
	Waiver *Waiver
	// Awaits is the state in which the order waits because of it: StatePendingEvidence, StatePendingVerification,
	// StateAwaitingAuthority, or none.
	Awaits hscn.State

	// refuses says that it would refuse the order but for its Waiver.
	refuses bool
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

// Pointer is Path as a JSON pointer (RFC 6901).
func (f Finding) Pointer() string {
	var b strings.Builder
	for _, segment := range f.Path {
		b.WriteByte('/')
		b.WriteString(pointerEscapes.Replace(segment))
	}
	return b.String()
}
