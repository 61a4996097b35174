package rules

import (
	"maps"
	"slices"
)

// Value is an input that may be known, null or unknown. At plan Terraform does not know what another resource gives in
// apply; a rule that needs an unknown value gives no finding.
type Value[T any] struct {
	value T
	state valueState
}

type valueState uint8

const (
	stateNull valueState = iota
	stateUnknown
	stateKnown
)

// Known is a value that is at hand.
func Known[T any](v T) Value[T] { return Value[T]{value: v, state: stateKnown} }

// Null is a value that is not given. It is also the zero Value.
func Null[T any]() Value[T] { return Value[T]{} }

// UnknownValue is a value that is only known later.
func UnknownValue[T any]() Value[T] { return Value[T]{state: stateUnknown} }

// Get returns the value and whether it is known.
func (v Value[T]) Get() (T, bool) { return v.value, v.state == stateKnown }

// IsUnknown says that the value is only known later.
func (v Value[T]) IsUnknown() bool { return v.state == stateUnknown }

// IsNull says that the value is not given.
func (v Value[T]) IsNull() bool { return v.state == stateNull }

// unknownMark stands for a value that is only known later, anywhere in a Declared.
type unknownMark struct{}

// Unknown is put into a Declared where a value, or a whole object or collection, is only known later.
var Unknown any = unknownMark{}

// Declared is what an owner declares of an object, as the contract's spec has it: plain JSON values by attribute name
// (nil, bool, string, float64, []any, map[string]any), and Unknown where Terraform does not know yet. Both callers make
// it from what they have, so that a rule reads the same names on both sides.
type Declared map[string]any

// Text returns the string at a path of attribute names and map keys. It is null where the value, or anything on the way
// to it, is not given, and unknown where one of them is.
func (d Declared) Text(path ...string) Value[string] { return valueAt[string](d, path) }

// Flag returns the truth value at a path, as Text does.
func (d Declared) Flag(path ...string) Value[bool] { return valueAt[bool](d, path) }

// Keys returns the keys of the map at a path, sorted.
func (d Declared) Keys(path ...string) Value[[]string] {
	members, ok := valueAt[map[string]any](d, path).Get()
	switch {
	case ok:
		return Known(slices.Sorted(maps.Keys(members)))
	case d.at(path) == Unknown:
		return UnknownValue[[]string]()
	default:
		return Null[[]string]()
	}
}

// at returns what is at a path: Unknown where anything on the way is, nil where it is not given.
func (d Declared) at(path []string) any {
	var value any = map[string]any(d)
	for _, name := range path {
		members, ok := value.(map[string]any)
		if !ok {
			if value == Unknown {
				return Unknown
			}
			return nil
		}
		value = members[name]
	}
	return value
}

func valueAt[T any](d Declared, path []string) Value[T] {
	switch value := d.at(path).(type) {
	case T:
		return Known(value)
	case unknownMark:
		return UnknownValue[T]()
	default:
		return Null[T]()
	}
}

// texts returns the strings of the list at a path that are known.
func (d Declared) texts(path ...string) []string {
	elements, _ := valueAt[[]any](d, path).Get()
	var known []string
	for _, element := range elements {
		if text, ok := element.(string); ok {
			known = append(known, text)
		}
	}
	return known
}
