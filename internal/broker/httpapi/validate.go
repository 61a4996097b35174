package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	nethttpmiddleware "github.com/oapi-codegen/nethttp-middleware"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/schema"
)

// readBody takes the body in, within bounds, and sums it up for the idempotency key.
func (s *service) readBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := exchangeOf(r.Context())
		x.method, x.path = r.Method, r.URL.RequestURI()
		if s.operations.handsOn[x.operation] {
			handOn(x, r)
			next.ServeHTTP(w, r)
			return
		}
		limit := s.operations.bodies[x.operation]
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &tooLarge):
			s.refuse(w, r, problem.New(problem.RequestInvalid, "The body has more than the %d bytes that are read.", limit))
			return
		case err != nil:
			s.refuse(w, r, problem.New(problem.RequestInvalid, "The body ended before it was complete."))
			return
		}
		if err := checkJSON(r, body); err != nil {
			s.refuse(w, r, err)
			return
		}
		sum := sha256.Sum256(body)
		x.bodySHA256 = hex.EncodeToString(sum[:])

		r.ContentLength = int64(len(body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		r.Body, _ = r.GetBody() // it has no way to fail
		next.ServeHTTP(w, r)
	})
}

// handOn leaves the body where it is. The validator, which would read all of it, is shown a byte in its place, since it
// looks at the type alone; putBack has the body again.
func handOn(x *exchange, r *http.Request) {
	x.body, x.bodySize = r.Body, r.ContentLength
	if r.ContentLength == 0 {
		return
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("-")), nil }
	r.Body, _ = r.GetBody() // it has no way to fail
}

// putBack gives a request whose body was handed on that body.
func putBack(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if x := exchangeOf(r.Context()); x.body != nil {
			r.Body, r.GetBody, r.ContentLength = x.body, nil, x.bodySize
		}
		next.ServeHTTP(w, r)
	})
}

// checkJSON refuses a body that is not one JSON value from beginning to end. The validator reads the first value and
// leaves alone what follows. Bodies of another type are the contract's to refuse.
func checkJSON(r *http.Request, body []byte) error {
	if len(body) == 0 || !schema.IsJSON(r.Header.Get("Content-Type")) {
		return nil
	}
	var whole json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(body, &whole); errors.As(err, &syntax) {
		return invalid("", "the body is not JSON: byte %d", syntax.Offset)
	}
	if bytes.Contains(body, []byte(`\u0000`)) && holdsNUL(body) {
		return invalid("", "the body holds the character U+0000, which no database keeps in a text")
	}
	return nil
}

// holdsNUL says whether a string of a JSON document, be it a value or a name, has the character U+0000.
func holdsNUL(document []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(document))
	for {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		if text, ok := token.(string); ok && strings.ContainsRune(text, 0) {
			return true
		}
	}
}

// checkText refuses a path or a query that is not text: neither a name nor a uid has such bytes, and not every database
// takes them.
func checkText(r *http.Request) error {
	query, err := url.QueryUnescape(r.URL.RawQuery)
	if err != nil {
		return invalid("", "the query is not escaped as it should be")
	}
	for _, text := range []string{r.URL.Path, query} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return invalid("", "path and query must be text in UTF-8, without the character U+0000")
		}
	}
	return nil
}

// matchContract lets nothing through that the contract does not describe.
func (s *service) matchContract(document *openapi3.T) func(http.Handler) http.Handler {
	validate := nethttpmiddleware.OapiRequestValidatorWithOptions(document, &nethttpmiddleware.Options{
		Options: openapi3filter.Options{
			MultiError: true,
			// Defaults are the handlers' to apply: a body stays what was sent, and its sum with it.
			SkipSettingDefaults:     true,
			AuthenticationFunc:      openapi3filter.NoopAuthenticationFunc, // identify has seen to it
			SchemaValidationOptions: schema.Options(),
		},
		ErrorHandlerWithOpts: func(
			_ context.Context, err error, w http.ResponseWriter, r *http.Request, opts nethttpmiddleware.ErrorHandlerOpts,
		) {
			if opts.MatchedRoute == nil {
				s.refuse(w, r, noSuchOperation(r))
				return
			}
			s.refuse(w, r, mismatch(err))
		},
		SilenceServersWarning: true, // the document's server is a path
	})
	return func(next http.Handler) http.Handler {
		validated := validate(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := checkText(r); err != nil {
				s.refuse(w, r, err)
				return
			}
			if err := s.checkQuery(r); err != nil {
				s.refuse(w, r, err)
				return
			}
			validated.ServeHTTP(w, r)
		})
	}
}

// checkQuery refuses parameters that the contract does not have, which the validator ignores: whoever misspells dry_run
// must not find out by what was done. A parameter is given once, unless it is a list.
func (s *service) checkQuery(r *http.Request) error {
	if r.URL.RawQuery == "" {
		return nil
	}
	values := r.URL.Query()
	found := s.operations.find(r)
	if found.route == nil {
		return noSuchOperation(r)
	}
	known := queryNames(found.route)
	for name, given := range values {
		if !slices.Contains(known, name) {
			detail := "is not a parameter of this operation"
			if len(known) > 0 {
				detail += "; those are " + strings.Join(known, ", ")
			}
			return invalid(name, "%s", detail)
		}
		parameter := parameterOf(found, name)
		if len(given) > 1 && !parameter.Schema.Value.Type.Is(openapi3.TypeArray) {
			return invalid(name, "is given %d times", len(given))
		}
	}
	return nil
}

func parameterOf(found meant, name string) *openapi3.Parameter {
	if p := found.route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name); p != nil {
		return p
	}
	return found.route.PathItem.Parameters.GetByInAndName(openapi3.ParameterInQuery, name)
}

// mismatch makes a problem of what the validator says.
func mismatch(err error) error {
	p := problem.New(problem.RequestInvalid, "")
	for _, single := range requestErrors(err) {
		members, err := membersOf(single)
		if err != nil {
			return err
		}
		p.Invalid = append(p.Invalid, members...)
	}
	const shown = 3
	texts := make([]string, 0, shown)
	for _, member := range p.Invalid[:min(shown, len(p.Invalid))] {
		texts = append(texts, strings.TrimSpace(*member.Pointer+" "+member.Detail))
	}
	p.Detail = "The request does not match the contract: " + strings.Join(texts, "; ")
	if more := len(p.Invalid) - shown; more > 0 {
		p.Detail += fmt.Sprintf("; and %d more", more)
	}
	p.Detail += "."
	return p
}

// requestErrors flattens what the validator returns for several offences.
func requestErrors(err error) []error {
	multi, ok := err.(openapi3.MultiError) //nolint:errorlint // the validator returns it bare; errors.As would take the first
	if !ok {
		return []error{err}
	}
	var all []error
	for _, single := range multi {
		all = append(all, requestErrors(single)...)
	}
	return all
}

// membersOf says what is wrong with a parameter or the body. What is no mismatch comes back as the error.
func membersOf(err error) ([]api.InvalidMember, error) {
	wrong := (*openapi3filter.RequestError)(nil)
	if !errors.As(err, &wrong) {
		return nil, fmt.Errorf("hold a request against the contract: %w", err)
	}
	if p := wrong.Parameter; p != nil {
		return parameterMembers(p, wrong.Err)
	}
	member := func(pointer, detail string) []api.InvalidMember {
		return []api.InvalidMember{{Pointer: &pointer, Detail: detail}}
	}
	switch {
	case wrong.RequestBody == nil:
		return nil, fmt.Errorf("hold a request against the contract: %w", err)
	case errors.Is(wrong.Err, openapi3filter.ErrInvalidRequired):
		return member("", "the body is missing"), nil
	case wrong.Err == nil:
		// The one offence that the validator gives no error of its own is a type that the contract does not have.
		return member("Content-Type", "must be "+contentTypes(wrong.RequestBody)), nil
	}
	offences, err := schema.Offences(wrong.Err)
	if err != nil {
		return nil, fmt.Errorf("hold a request against the contract: %w", err)
	}
	members := make([]api.InvalidMember, len(offences))
	for i, o := range offences {
		pointer := o.Pointer()
		members[i] = api.InvalidMember{Pointer: &pointer, Detail: o.Reason}
	}
	return members, nil
}

func parameterMembers(p *openapi3.Parameter, cause error) ([]api.InvalidMember, error) {
	member := func(detail string) []api.InvalidMember {
		return []api.InvalidMember{{Pointer: &p.Name, Detail: detail}}
	}
	unreadable := (*openapi3filter.ParseError)(nil)
	switch {
	case errors.Is(cause, openapi3filter.ErrInvalidRequired):
		return member("is missing"), nil
	case errors.Is(cause, openapi3filter.ErrInvalidEmptyValue):
		return member("is empty"), nil
	case errors.As(cause, &unreadable):
		return member("must be " + schema.Kind(p.Schema.Value)), nil
	}
	offences, err := schema.Offences(cause)
	if err != nil {
		return nil, fmt.Errorf("hold a parameter against the contract: %w", err)
	}
	var members []api.InvalidMember
	for _, o := range offences {
		members = append(members, member(o.Reason)...)
	}
	return members, nil
}

func contentTypes(body *openapi3.RequestBody) string {
	var types []string
	for name := range body.Content {
		types = append(types, name)
	}
	slices.Sort(types)
	return strings.Join(types, " or ")
}
