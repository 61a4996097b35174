package assess

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// Declared makes a declaration of a spec of the contract's, or of anything else that is a JSON object.
func Declared(spec any) (rules.Declared, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("write %T as JSON: %w", spec, err)
	}
	if !bytes.HasPrefix(text, []byte("{")) {
		return nil, fmt.Errorf("%T is no JSON object", spec)
	}
	var declared rules.Declared
	if err := json.Unmarshal(text, &declared); err != nil {
		return nil, fmt.Errorf("read %T as JSON: %w", spec, err)
	}
	return declared, nil
}

// Finding makes the contract's finding of the engine's.
func Finding(f rules.Finding) api.Finding {
	source := f.Source.String()
	finding := api.Finding{
		Rule: f.Rule, Severity: api.Severity(f.Severity), Title: f.Title, Detail: f.Detail,
		Remedy: f.Remedy, Owner: string(f.Owner), Source: &source,
	}
	if len(f.Path) > 0 {
		pointer := f.Pointer()
		finding.Pointer = &pointer
	}
	if f.Retryable {
		retryable := true
		finding.Retryable = &retryable
	}
	if f.Waiver != nil {
		waiver := f.Waiver.String()
		finding.Waiver = &waiver
	}
	return finding
}

// MemberError says which member of a document means nothing to the engine.
type MemberError struct {
	// Member is the path to it, such as "dspt.edition_deadlines.25/26" or "organisations[2].register.signed_on".
	Member string
	Err    error
}

// Error implements error.
func (e *MemberError) Error() string { return e.Member + ": " + e.Err.Error() }

// Unwrap returns what is wrong with the member.
func (e *MemberError) Unwrap() error { return e.Err }

// reader reads members of one document. It keeps the first error, so that a translation reads like what it makes.
type reader struct{ err error }

// fail keeps what is wrong with a member, unless something was wrong before.
func (r *reader) fail(member string, err error) {
	if err != nil && r.err == nil {
		r.err = &MemberError{Member: member, Err: err}
	}
}

// date reads a day that may be left out.
func (r *reader) date(member string, text *api.Date) hscn.Date {
	if text == nil {
		return hscn.Date{}
	}
	day, err := hscn.ParseDate(*text)
	r.fail(member, err)
	return day
}

// given returns what is given, and the zero value of what is left out.
func given[T any](value *T) T {
	if value == nil {
		var none T
		return none
	}
	return *value
}
