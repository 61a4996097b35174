package hscn

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The least and greatest number of characters in the name of an object.
const (
	MinNameLength = 3
	MaxNameLength = 63
)

// resourceKind is one row of the table of resource names. A name is an identity: the full resource name is the path
// of the API, the id in Terraform and the id of an import, each segment of it the plural of the resource type
// (Google AIP-122, "Resource names").
type resourceKind struct {
	noun       string        // singular, as a sentence says it
	collection string        // plural, as a path says it
	example    string        // a name that shows the form in an error
	parent     *resourceKind // nil at the root
}

// The table. Another kind is another row, with a function to build its name and one to read it.
var (
	connectionKind     = resourceKind{noun: "connection", collection: "connections", example: "records-prod"}
	edgeAttachmentKind = resourceKind{
		noun: "edge attachment", collection: "edge-attachments", example: "web", parent: &connectionKind,
	}
	// Evidence is never told apart from more of it: its collection reads the same in the singular.
	agreementEvidenceKind = resourceKind{noun: "agreement evidence", collection: "agreement-evidence", example: "ca-2026"}
)

// ValidateName reports whether s may be the name of an object: 3 to 63 characters of a-z, 0-9 and "-", the first a
// letter. The error is a *FormatError that says everything that is wrong with s, with the number of characters, and
// the first offending character with its position, counted from 1.
func ValidateName(s string) error {
	if s == "" {
		return &FormatError{
			Word: "name", Value: s,
			Problem: fmt.Sprintf("is empty: a name has %d to %d characters", MinNameLength, MaxNameLength),
		}
	}

	var problems []string
	length := utf8.RuneCountInString(s)
	switch {
	case length < MinNameLength:
		problems = append(problems,
			fmt.Sprintf("is too short: it has %s and needs at least %d", characters(length), MinNameLength))
	case length > MaxNameLength:
		problems = append(problems,
			fmt.Sprintf("is too long: it has %s and may have at most %d", characters(length), MaxNameLength))
	}
	position := 0
	for _, r := range s {
		position++
		if position == 1 {
			if r < 'a' || 'z' < r {
				problems = append(problems, fmt.Sprintf("starts with %q: the first character must be a letter a-z", r))
			}
			continue
		}
		if !isNameCharacter(r) {
			problems = append(problems,
				fmt.Sprintf("has %q as character %d: only a-z, 0-9 and \"-\" are allowed", r, position))
			break
		}
	}

	if len(problems) > 0 {
		return &FormatError{Word: "name", Value: s, Problem: strings.Join(problems, "; it ")}
	}
	return nil
}

func isNameCharacter(r rune) bool {
	return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-'
}

func characters(n int) string {
	if n == 1 {
		return "1 character"
	}
	return fmt.Sprintf("%d characters", n)
}

// ConnectionName returns the full resource name of the connection of that name: "connections/<name>". It does not
// check the name: use ValidateName where it comes from outside.
func ConnectionName(name string) string { return connectionKind.join(name) }

// EdgeAttachmentName returns the full resource name of an edge attachment:
// "connections/<connection>/edge-attachments/<name>". It does not check the names: use ValidateName where they come from
// outside.
func EdgeAttachmentName(connection, name string) string {
	return edgeAttachmentKind.join(connection, name)
}

// AgreementEvidenceName returns the full resource name of the agreement evidence of that name:
// "agreement-evidence/<name>". It does not check the name: use ValidateName where it comes from outside.
func AgreementEvidenceName(name string) string { return agreementEvidenceKind.join(name) }

// ParseConnectionName returns the name in the full resource name "connections/<name>". The error is a *FormatError
// that shows the expected form with an example.
func ParseConnectionName(id string) (name string, err error) {
	names, err := connectionKind.parse(id)
	if err != nil {
		return "", err
	}
	return names[0], nil
}

// ParseEdgeAttachmentName returns the two names in the full resource name
// "connections/<connection>/edge-attachments/<name>". The error is a *FormatError that shows the expected form with an
// example.
func ParseEdgeAttachmentName(id string) (connection, name string, err error) {
	names, err := edgeAttachmentKind.parse(id)
	if err != nil {
		return "", "", err
	}
	return names[0], names[1], nil
}

// ParseAgreementEvidenceName returns the name in the full resource name "agreement-evidence/<name>". The error is a
// *FormatError that shows the expected form with an example.
func ParseAgreementEvidenceName(id string) (name string, err error) {
	names, err := agreementEvidenceKind.parse(id)
	if err != nil {
		return "", err
	}
	return names[0], nil
}

// lineage returns the kinds from the root to k, one for each name in a full resource name.
func (k *resourceKind) lineage() []*resourceKind {
	if k == nil {
		return nil
	}
	return append(k.parent.lineage(), k)
}

// join builds a full resource name from one name for each kind of the lineage.
func (k *resourceKind) join(names ...string) string {
	segments := make([]string, 0, 2*len(names))
	for i, ancestor := range k.lineage() {
		segments = append(segments, ancestor.collection, names[i])
	}
	return strings.Join(segments, "/")
}

// parse returns the names in a full resource name of kind k, outermost first.
func (k *resourceKind) parse(id string) ([]string, error) {
	lineage := k.lineage()
	segments := strings.Split(id, "/")
	if len(segments) != 2*len(lineage) {
		return nil, k.formError(id, "")
	}
	names := make([]string, len(lineage))
	for i, ancestor := range lineage {
		collection, name := segments[2*i], segments[2*i+1]
		if collection != ancestor.collection {
			return nil, k.formError(id, "")
		}
		if err := ValidateName(name); err != nil {
			return nil, k.formError(id, ": "+err.Error())
		}
		names[i] = name
	}
	return names, nil
}

func (k *resourceKind) formError(id, reason string) error {
	var placeholders, examples []string
	for _, ancestor := range k.lineage() {
		placeholders = append(placeholders, "<"+ancestor.noun+">")
		examples = append(examples, ancestor.example)
	}
	placeholders[len(placeholders)-1] = "<name>"
	return &FormatError{
		Word: k.noun + " id", Value: id,
		Problem: fmt.Sprintf("does not have the form %s, as in %q%s", k.join(placeholders...), k.join(examples...), reason),
	}
}
