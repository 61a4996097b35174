package hscn

import (
	"fmt"
	"slices"
	"strconv"
)

// FormatError says that a value does not have the form that its kind of word has. Every Parse and Validate function of
// this package returns this type, so that a caller can put the finding beside the value with errors.As.
type FormatError struct {
	// Word is the kind of word that was expected, such as "ODS code".
	Word string
	// Value is the value at hand, as it was given.
	Value string
	// Problem continues the sentence that Word and Value begin: what is wrong, and what is expected.
	Problem string
}

// Error returns one sentence in lower case without a full stop. A very long value is shortened.
func (e *FormatError) Error() string {
	return fmt.Sprintf("%s %s %s", e.Word, quote(e.Value), e.Problem)
}

// quotedRunes bounds what an error repeats of a value: enough to recognise it, too little to flood a terminal when
// somebody gives a whole file where a code is expected.
const quotedRunes = 80

func quote(s string) string {
	if runes := []rune(s); len(runes) > quotedRunes {
		return strconv.Quote(string(runes[:quotedRunes])) + "..."
	}
	return strconv.Quote(s)
}

// asciiUpper and asciiLower leave everything but ASCII letters alone. The mappings of package strings would turn
// letters of other scripts into Latin ones (the Kelvin sign into "k", a dotless i into "I"), and so make two values
// equal that nobody sees as equal.
func asciiUpper(s string) string { return mapASCII(s, 'a', 'z', 'A') }

func asciiLower(s string) string { return mapASCII(s, 'A', 'Z', 'a') }

func mapASCII(s string, first, last, onto byte) string {
	b := []byte(s)
	for i, c := range b {
		if first <= c && c <= last {
			b[i] = c - first + onto
		}
	}
	return string(b)
}

// contains is the Valid method of every closed set of words.
func contains[W comparable](words []W, w W) bool { return slices.Contains(words, w) }
