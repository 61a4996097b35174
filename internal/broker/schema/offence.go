package schema

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Offence is one way in which a value does not match its schema.
type Offence struct {
	// Path leads from the value to the offending member: member names, and indices of lists.
	Path []string
	// Keyword is the schema's keyword that is not met, such as "required" or "enum". "properties" is a member that the
	// schema does not know.
	Keyword string
	// Schema is the schema that is not met, nil where the validator names none.
	Schema *openapi3.Schema
	// Reason continues the sentence that the member begins, such as "is missing". It never repeats the value.
	Reason string
}

// Pointer is the path as a JSON pointer (RFC 6901).
func (o Offence) Pointer() string { return Pointer(o.Path...) }

// Pointer makes a JSON pointer (RFC 6901) of the names and indices that lead to a member.
func Pointer(path ...string) string {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	var pointer strings.Builder
	for _, segment := range path {
		pointer.WriteByte('/')
		pointer.WriteString(escape.Replace(segment))
	}
	return pointer.String()
}

// Validate checks a JSON value (nil, bool, string, float64, []any, map[string]any) and returns every offence. The error
// is one of the validator's own.
func Validate(s *openapi3.Schema, value any) ([]Offence, error) {
	err := s.VisitJSON(value, append(Options(), openapi3.MultiErrors())...)
	if err == nil {
		return nil, nil
	}
	offences, rest := Offences(err)
	if rest != nil {
		return nil, fmt.Errorf("validate against the API's contract: %w", rest)
	}
	return offences, nil
}

// Offences takes what a validation returned apart. What is no verdict about a value comes back as the error.
func Offences(err error) ([]Offence, error) {
	var found []Offence
	for _, single := range flatten(err) {
		schemaError, ok := single.(*openapi3.SchemaError) //nolint:errorlint // flatten has unwrapped it
		if !ok {
			return nil, single
		}
		for _, offence := range offencesOf(schemaError) {
			if !slices.ContainsFunc(found, offence.same) {
				found = append(found, offence)
			}
		}
	}
	return found, nil
}

func (o Offence) same(other Offence) bool {
	return o.Keyword == other.Keyword && slices.Equal(o.Path, other.Path)
}

// flatten returns the innermost errors that say something about one value.
func flatten(err error) []error {
	multi, ok := err.(openapi3.MultiError) //nolint:errorlint // the validator returns it bare; errors.As would take the first
	if !ok {
		return []error{err}
	}
	var all []error
	for _, single := range multi {
		all = append(all, flatten(single)...)
	}
	return all
}

// offencesOf is one offence, except for members that the schema does not know: the validator reports the object, once
// for each of them, and names the member only in its text.
func offencesOf(err *openapi3.SchemaError) []Offence {
	path := err.JSONPointer()
	object, isObject := err.Value.(map[string]any)
	if err.SchemaField != "properties" || !isObject || err.Schema == nil {
		return []Offence{{Path: path, Keyword: err.SchemaField, Schema: err.Schema, Reason: reason(err)}}
	}
	var all []Offence
	for _, member := range slices.Sorted(maps.Keys(object)) {
		if _, known := err.Schema.Properties[member]; known {
			continue
		}
		all = append(all, Offence{
			Path: append(slices.Clone(path), member), Keyword: err.SchemaField, Schema: err.Schema,
			Reason: "is not known here" + suggestion(member, err.Schema.Properties),
		})
	}
	return all
}

// reason puts the keyword into words for somebody who writes the value, not the schema.
func reason(err *openapi3.SchemaError) string {
	s := err.Schema
	if s == nil {
		return "does not match: " + err.Reason
	}
	switch err.SchemaField {
	case "required":
		return "is missing"
	case "nullable":
		return "has no value: give " + Kind(s) + " or leave it out"
	case "type":
		return "must be " + Kind(s)
	case "enum":
		return "must be " + alternatives(s.Enum)
	case "pattern":
		if s.Description != "" {
			return fmt.Sprintf("does not have the form %s (%s)", s.Pattern, strings.TrimSuffix(s.Description, "."))
		}
		return "does not have the form " + s.Pattern
	case "format":
		return "is not " + format(s.Format)
	case "minLength":
		if s.MinLength == 1 {
			return "is empty"
		}
		return fmt.Sprintf("is too short: it needs at least %d characters", s.MinLength)
	case "maxLength":
		return fmt.Sprintf("is too long: it may have at most %d characters", *s.MaxLength)
	case "minimum":
		return fmt.Sprintf("must be at least %g", *s.Min)
	case "maximum":
		return fmt.Sprintf("must be at most %g", *s.Max)
	case "minItems":
		return fmt.Sprintf("needs at least %d", s.MinItems)
	case "maxItems":
		return fmt.Sprintf("may have at most %d", *s.MaxItems)
	case "minProperties":
		return fmt.Sprintf("needs at least %d", s.MinProps)
	case "maxProperties":
		return fmt.Sprintf("may have at most %d", *s.MaxProps)
	default:
		return "does not match: " + err.Reason
	}
}

// Kind says what a value of the schema is, in words, such as "a whole number".
func Kind(s *openapi3.Schema) string {
	switch {
	case s.Type.Is(openapi3.TypeString):
		return "text"
	case s.Type.Is(openapi3.TypeInteger):
		return "a whole number"
	case s.Type.Is(openapi3.TypeNumber):
		return "a number"
	case s.Type.Is(openapi3.TypeBoolean):
		return "true or false"
	case s.Type.Is(openapi3.TypeArray):
		return "a list"
	case s.Type.Is(openapi3.TypeObject):
		return "an object with named members"
	default:
		return "a value of another type"
	}
}

func format(name string) string {
	switch name {
	case "date-time":
		return "a time with zone (RFC 3339), such as 2026-11-02T09:30:00Z"
	case "ipv4":
		return "an IPv4 address, such as 192.0.2.10"
	default:
		return "of the format " + name
	}
}

func alternatives(values []any) string {
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = fmt.Sprint(value)
	}
	if len(words) == 1 {
		return words[0]
	}
	return "one of " + strings.Join(words, ", ")
}

// suggestion names the known member that was probably meant, or all of them where they are few.
func suggestion(member string, known openapi3.Schemas) string {
	const few = 8
	names := slices.Sorted(maps.Keys(known))
	best, distance := "", len(member)/3+1
	for _, name := range names {
		if d := editDistance(member, name); d <= distance {
			best, distance = name, d-1
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("; did you mean %q?", best)
	case len(names) > 0 && len(names) <= few:
		return "; known are " + strings.Join(names, ", ")
	default:
		return ""
	}
}

// editDistance is Levenshtein's, by bytes: the names are ASCII, and where the member is not, it is far from all of them.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
