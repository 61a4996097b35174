// Package request says who asks the broker for something and how the asking is told from its repetition.
package request

import (
	"slices"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// SubjectKind tells people from machines: an approval is a person's.
type SubjectKind string

// The kinds of subjects.
const (
	Person  SubjectKind = "person"
	Machine SubjectKind = "machine"
)

// Caller is the subject that a credential stands for.
type Caller struct {
	// TokenID is the uid of the token that was shown; empty for the broker's own jobs.
	TokenID string
	// Subject is the person or machine, as the administrator named it.
	Subject string
	// Kind says whether the subject is a person.
	Kind SubjectKind
	// Roles are what the subject may do.
	Roles []api.Role
	// Account is the customer's account that this request is about; empty for operations of the operator's.
	Account string
}

// Has says whether the caller has the role.
func (c Caller) Has(role api.Role) bool { return slices.Contains(c.Roles, role) }

// Write is a request that changes something.
type Write struct {
	Caller Caller
	// IdempotencyKey is one for an operation, however often it is sent. It is bound to account, method, path and body.
	IdempotencyKey string
	// Method and Path are the request's, with its query.
	Method, Path string
	// BodySHA256 is the hash of the body, in hex.
	BodySHA256 string
	// ChangeReference is the caller's change number, kept in the audit; may be empty.
	ChangeReference string
	// RequestID finds the request in the broker's log.
	RequestID string
}
