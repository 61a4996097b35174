package document

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Offence is one thing that is wrong with a file.
type Offence struct {
	Position
	// Path names the member as people write it, such as `zones.2E.architecture` or `accounts[3].id`; empty for the whole
	// document.
	Path string
	// Value is the offending scalar as it is written; empty for a list, a mapping, and what is not there.
	Value string
	// Reason continues the sentence that Path and Value begin, such as "is missing".
	Reason string
}

// compare orders offences as they stand in the file.
func (o Offence) compare(other Offence) int {
	return cmp.Or(cmp.Compare(o.Line, other.Line), cmp.Compare(o.Column, other.Column), cmp.Compare(o.Path, other.Path))
}

// quotedRunes bounds what a message repeats of a value.
const quotedRunes = 80

// String is the offence without the file, such as `line 12, column 7: zones.2E.architecture "shared" must be one of ...`.
func (o Offence) String() string {
	words := make([]string, 0, 3)
	if o.Path != "" {
		words = append(words, o.Path)
	}
	// A reason that begins with a value says which one it means, perhaps in its one spelling.
	if o.Value != "" && !strings.HasPrefix(o.Reason, `"`) {
		value := []rune(o.Value)
		if len(value) > quotedRunes {
			words = append(words, strconv.Quote(string(value[:quotedRunes]))+"...")
		} else {
			words = append(words, strconv.Quote(o.Value))
		}
	}
	words = append(words, o.Reason)
	text := strings.Join(words, " ")
	switch {
	case o.Line == 0:
		return text
	case o.Column == 0:
		return fmt.Sprintf("line %d: %s", o.Line, text)
	default:
		return fmt.Sprintf("line %d, column %d: %s", o.Line, o.Column, text)
	}
}

// Error says that a file does not have its form. It holds every offence, in the order of the file.
type Error struct {
	File     string
	Offences []Offence
}

// Error has one line for each offence, each with the file's name.
func (e *Error) Error() string {
	lines := make([]string, len(e.Offences))
	for i, o := range e.Offences {
		lines[i] = e.File + ": " + o.String()
	}
	return strings.Join(lines, "\n")
}
