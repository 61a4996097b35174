package document

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/schema"
)

// member is what an offence says of a member of the document.
type member struct {
	Position
	name string // as people write it
	text string // of a scalar, as it is written
}

// members are by JSON pointer.
type members map[string]member

// offence finds the member, or the nearest one around it.
func (m members) offence(pointer, reason string) Offence {
	if at, found := m[pointer]; found {
		return Offence{Position: at.Position, Path: at.name, Value: at.text, Reason: reason}
	}
	around, missing := pointer, ""
	for {
		cut := strings.LastIndexByte(around, '/')
		if cut < 0 {
			return Offence{Path: strings.TrimPrefix(missing, "."), Reason: reason}
		}
		name := strings.NewReplacer("~1", "/", "~0", "~").Replace(around[cut+1:])
		around, missing = around[:cut], "."+name+missing
		if at, found := m[around]; found {
			return Offence{Position: at.Position, Path: strings.TrimPrefix(at.name+missing, "."), Reason: reason}
		}
	}
}

// place is where in the document the reader is.
type place struct {
	path []string
	name string
}

func (p place) member(key string) place {
	return place{path: p.below(key), name: strings.TrimPrefix(p.name+"."+key, ".")}
}

func (p place) item(i int) place {
	return place{path: p.below(strconv.Itoa(i)), name: fmt.Sprintf("%s[%d]", p.name, i)}
}

// below copies, since two members must not share what is appended.
func (p place) below(segment string) []string {
	return append(append(make([]string, 0, len(p.path)+1), p.path...), segment)
}

// reader turns YAML into JSON values, under the guidance of a schema.
type reader struct {
	members  members
	offences []Offence
}

// offend records an offence. What the schema says of a member that the reader has refused already adds nothing.
func (r *reader) offend(pointer, reason string) {
	next := r.members.offence(pointer, reason)
	for _, o := range r.offences {
		if o.Position == next.Position && o.Path == next.Path {
			return
		}
	}
	r.offences = append(r.offences, next)
}

// read returns the JSON value of a node: nil, bool, string, float64, []any or map[string]any. The position is where the
// member begins: at its key, if it has one, since a long value begins on another line.
func (r *reader) read(node *yaml.Node, position Position, at place, expected *openapi3.Schema) any {
	pointer := schema.Pointer(at.path...)
	here := member{Position: position, name: at.name}
	if node.Kind == yaml.ScalarNode {
		here.text = node.Value
	}
	r.members[pointer] = here

	switch {
	case node.Kind == yaml.AliasNode:
		r.offend(pointer, "is an alias, which is not read here: write the value out")
		return nil
	case node.Anchor != "":
		r.offend(pointer, "has an anchor, which is not read here: leave out &"+node.Anchor)
	case node.Style&yaml.TaggedStyle != 0:
		r.offend(pointer, "has a tag, which is not read here: leave out "+node.Tag)
	}
	switch node.Kind {
	case yaml.MappingNode:
		return r.mapping(node, at, expected)
	case yaml.SequenceNode:
		return r.sequence(node, at, expected)
	default:
		return r.scalar(node, pointer, expected)
	}
}

func (r *reader) mapping(node *yaml.Node, at place, expected *openapi3.Schema) map[string]any {
	object := make(map[string]any, len(node.Content)/2)
	lines := make(map[string]int, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			r.offences = append(r.offences, Offence{
				Position: positionOf(key), Path: at.name, Reason: "has a key that is not plain text",
			})
			continue
		}
		if first, found := lines[key.Value]; found {
			r.offences = append(r.offences, Offence{
				Position: positionOf(key), Path: at.member(key.Value).name,
				Reason: fmt.Sprintf("is given twice: the first is in line %d", first),
			})
			continue
		}
		lines[key.Value] = key.Line
		object[key.Value] = r.read(value, positionOf(key), at.member(key.Value), memberSchema(expected, key.Value))
	}
	return object
}

func positionOf(node *yaml.Node) Position { return Position{Line: node.Line, Column: node.Column} }

func (r *reader) sequence(node *yaml.Node, at place, expected *openapi3.Schema) []any {
	list := make([]any, len(node.Content))
	var items *openapi3.Schema
	if expected != nil && expected.Items != nil {
		items = expected.Items.Value
	}
	for i, item := range node.Content {
		list[i] = r.read(item, positionOf(item), at.item(i), items)
	}
	return list
}

// memberSchema is nil where the schema says nothing of the member; the validator then says that it is unknown.
func memberSchema(object *openapi3.Schema, name string) *openapi3.Schema {
	if object == nil {
		return nil
	}
	if ref := object.Properties[name]; ref != nil {
		return ref.Value
	}
	if ref := object.AdditionalProperties.Schema; ref != nil {
		return ref.Value
	}
	return nil
}

// guesses says what YAML takes a plain scalar for that was not quoted.
var guesses = map[string]string{
	"!!int":   "a number",
	"!!float": "a number",
	"!!bool":  "true or false",
}

func (r *reader) scalar(node *yaml.Node, pointer string, expected *openapi3.Schema) any {
	if expected != nil && expected.Type.Is(openapi3.TypeString) {
		if guess, guessed := guesses[node.Tag]; guessed {
			r.offend(pointer, fmt.Sprintf("must be text, and YAML reads it as %s: write it in quotes, %q", guess, node.Value))
		}
		if node.Tag != "!!null" {
			return node.Value
		}
		return nil
	}
	switch node.Tag {
	case "!!null":
		return nil
	case "!!bool":
		var value bool
		if err := node.Decode(&value); err == nil {
			return value
		}
	case "!!int", "!!float":
		var value float64
		if err := node.Decode(&value); err == nil && !math.IsNaN(value) && !math.IsInf(value, 0) {
			return value
		}
		r.offend(pointer, "is not a number that can be read here")
		return nil
	case "!!str":
		if node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 && readsOtherwise(node.Value, expected) {
			r.offend(pointer, "is text because of the quotes: leave them out")
		}
	}
	return node.Value
}

// readsOtherwise says whether the text would be what the schema wants, had it not been quoted.
func readsOtherwise(text string, expected *openapi3.Schema) bool {
	if expected == nil {
		return false
	}
	var unquoted yaml.Node
	if err := yaml.Unmarshal([]byte(text), &unquoted); err != nil || len(unquoted.Content) == 0 {
		return false
	}
	switch unquoted.Content[0].Tag {
	case "!!int", "!!float":
		return expected.Type.Is(openapi3.TypeInteger) || expected.Type.Is(openapi3.TypeNumber)
	case "!!bool":
		return expected.Type.Is(openapi3.TypeBoolean)
	default:
		return false
	}
}
