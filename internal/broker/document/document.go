// Package document reads the operator's YAML files, policies and inventories, strictly: what the contract's schema does
// not know is an error, not a member that is silently ignored, and every error says where it stands in the file. It
// knows YAML and the contract's schemas; what values mean together is for the packages that read a file through it.
package document

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/schema"
)

// Position is a place in a file; both numbers count from 1, and 0 is a place that is not known.
type Position struct{ Line, Column int }

// Document is a file that has the form that the contract gives it.
type Document struct {
	file    string
	json    []byte
	members members
}

// Option changes what Parse expects.
type Option func(*settings)

type settings struct {
	without []string
}

// Without leaves members of the schema's topmost object out: in a file they are as unknown as any other. It is for what
// the broker itself adds to an object.
func Without(members ...string) Option {
	return func(s *settings) { s.without = append(s.without, members...) }
}

// Parse reads a YAML document that has to match the contract's schema of that name. The file name is only used to say
// where an offence stands. The error is an *Error with every offence, unless the program itself is broken.
//
// YAML guesses types, and guesses wrong: a zone 21 becomes a number, 2E1 another, a day a timestamp. The schema says
// what a value is, so days and times are taken as they are written, and a number where text belongs is an offence that
// says to quote it. Keys are always text. Anchors, aliases, tags and merge keys are not read: nobody who looks at one
// line of an inventory should have to look elsewhere.
func Parse(file string, data []byte, component string, options ...Option) (*Document, error) {
	var set settings
	for _, option := range options {
		option(&set)
	}
	expected, err := expectedSchema(component, set.without)
	if err != nil {
		return nil, err
	}

	root, offence := parseYAML(data)
	if offence != nil {
		return nil, &Error{File: file, Offences: []Offence{*offence}}
	}
	r := reader{members: members{}}
	value := r.read(root, positionOf(root), place{}, expected)
	found, err := schema.Validate(expected, value)
	if err != nil {
		return nil, err
	}
	for _, o := range found {
		r.offend(o.Pointer(), o.Reason)
	}
	if len(r.offences) > 0 {
		return nil, &Error{File: file, Offences: slices.SortedStableFunc(slices.Values(r.offences), Offence.compare)}
	}

	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &Document{file: file, json: encoded, members: r.members}, nil
}

func expectedSchema(component string, without []string) (*openapi3.Schema, error) {
	s, err := schema.Component(component)
	if err != nil || len(without) == 0 {
		return s, err
	}
	narrowed := *s
	narrowed.Properties = maps.Clone(s.Properties)
	for _, member := range without {
		delete(narrowed.Properties, member)
	}
	return &narrowed, nil
}

// parseYAML returns the one document's topmost value.
func parseYAML(data []byte) (*yaml.Node, *Offence) {
	decoder := yaml.NewDecoder(strings.NewReader(string(data)))
	var document yaml.Node
	if err := decoder.Decode(&document); err != nil || len(document.Content) == 0 {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, syntaxOffence(err)
		}
		return nil, &Offence{Position: Position{Line: 1, Column: 1}, Reason: "the file holds no YAML document"}
	}
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		return nil, &Offence{
			Position: positionOf(&second), Reason: "a second YAML document begins here: a file holds one",
		}
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxOffence(err)
	}
	return document.Content[0], nil
}

// syntaxOffence takes the line out of the parser's message, the only place where it stands. The parser means the line
// where what it could not finish began, or the one before it, or the offending one: hence "near".
func syntaxOffence(err error) *Offence {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	offence := &Offence{Reason: "the file is not YAML: " + message}
	if _, scanErr := fmt.Sscanf(message, "line %d:", &offence.Line); scanErr == nil {
		_, text, _ := strings.Cut(message, ": ")
		offence.Reason = "here or near by, the file is not YAML: " + text
	}
	return offence
}

// Decode stores the document in the value that into points to, by its JSON names.
func (d *Document) Decode(into any) error {
	if err := json.Unmarshal(d.json, into); err != nil {
		return fmt.Errorf("%s: %w", d.file, err)
	}
	return nil
}

// JSON returns the document as JSON, which callers must not change.
func (d *Document) JSON() []byte { return d.json }

// Offence says that the member at the JSON pointer offends, with its place in the file and its value. Where the
// document has no such member, the place is that of the nearest member around it.
func (d *Document) Offence(pointer, reason string) Offence { return d.members.offence(pointer, reason) }

// Reject returns an *Error with the offences in the order of the file, or nil where there are none.
func (d *Document) Reject(offences []Offence) error {
	if len(offences) == 0 {
		return nil
	}
	return &Error{File: d.file, Offences: slices.SortedStableFunc(slices.Values(offences), Offence.compare)}
}
