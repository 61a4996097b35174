// Package problem holds the errors that the broker's callers read: RFC 9457 problem documents as Go errors. Whatever
// refuses a request returns one; internal/broker/httpapi writes it out. Any other error is a fault of the broker's and
// becomes a 500 without its text.
package problem

import (
	"fmt"
	"net/http"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// Type is a problem's `type` member without its prefix; api/openapi.yaml lists them.
type Type string

// The problem types of the contract.
const (
	RequestInvalid       Type = "request-invalid"
	Unauthenticated      Type = "unauthenticated"
	Forbidden            Type = "forbidden"
	ObjectGone           Type = "object-gone"
	NoSuchOperation      Type = "no-such-operation"
	StateForbids         Type = "state-forbids"
	TooLarge             Type = "too-large"
	NameTaken            Type = "name-taken"
	EtagMismatch         Type = "etag-mismatch"
	ParentChanged        Type = "parent-changed"
	PreconditionsFailed  Type = "preconditions-failed"
	KeyReused            Type = "key-reused"
	NotOffered           Type = "not-offered"
	PreconditionRequired Type = "precondition-required"
	TooManyRequests      Type = "too-many-requests"
	Internal             Type = "internal"
	Unavailable          Type = "unavailable"
)

// Prefix stands before every Type in a problem document.
const Prefix = "urn:hscn:problem:"

// kinds gives each type its status and its title.
var kinds = map[Type]struct {
	status int
	title  string
}{
	RequestInvalid:       {http.StatusBadRequest, "The request does not match the contract"},
	Unauthenticated:      {http.StatusUnauthorized, "No valid credential"},
	Forbidden:            {http.StatusForbidden, "The credential does not allow this"},
	ObjectGone:           {http.StatusNotFound, "There is no such object"},
	NoSuchOperation:      {http.StatusNotFound, "There is no such operation"},
	StateForbids:         {http.StatusConflict, "The object's state forbids this"},
	TooLarge:             {http.StatusRequestEntityTooLarge, "The document is too large"},
	NameTaken:            {http.StatusPreconditionFailed, "The name is taken"},
	EtagMismatch:         {http.StatusPreconditionFailed, "The object was changed since"},
	ParentChanged:        {http.StatusPreconditionFailed, "The parent is another object"},
	PreconditionsFailed:  {http.StatusUnprocessableEntity, "Preconditions are not met"},
	KeyReused:            {http.StatusUnprocessableEntity, "The idempotency key was used for another request"},
	NotOffered:           {http.StatusUnprocessableEntity, "Not offered"},
	PreconditionRequired: {http.StatusPreconditionRequired, "The write needs a precondition"},
	TooManyRequests:      {http.StatusTooManyRequests, "Too many requests"},
	Internal:             {http.StatusInternalServerError, "The broker failed"},
	Unavailable:          {http.StatusServiceUnavailable, "Not available now"},
}

// Problem is an error that its caller may read in full.
type Problem struct {
	Type   Type
	Detail string
	// Findings are the rules that refuse, and those that warn beside them.
	Findings []api.Finding
	// Invalid says which members of the request do not match the contract.
	Invalid []api.InvalidMember
	// Existing is the object that holds the name, for NameTaken, or the object as it is now, for EtagMismatch.
	Existing *api.ExistingObject
	// RetryAfter is sent with 429 and 503; zero means that nothing is known.
	RetryAfter time.Duration
}

// New makes a problem; format and args make its detail.
func New(t Type, format string, args ...any) *Problem {
	return &Problem{Type: t, Detail: fmt.Sprintf(format, args...)}
}

// Error implements error.
func (p *Problem) Error() string { return string(p.Type) + ": " + p.Detail }

// Status is the HTTP status of the problem's type.
func (p *Problem) Status() int { return kinds[p.Type].status }

// Title is the sentence that is the same for every problem of the type.
func (p *Problem) Title() string { return kinds[p.Type].title }

// Remembered says whether an idempotency key remembers the problem: findings and lost races are answers, whereas a
// missing credential or a broker that is overloaded may pass (design/0002).
func (p *Problem) Remembered() bool {
	switch p.Status() {
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity:
		return p.Type != KeyReused
	default:
		return false
	}
}
