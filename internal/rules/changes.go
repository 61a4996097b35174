package rules

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// AttributeChange is a difference between two declarations of an object.
type AttributeChange struct {
	// Path leads to the value that differs: names of attributes and keys of maps, in the spelling of the later declaration
	// where it has them.
	Path []string
	// Change is what the table says of the attribute.
	Change Change
	// Widens says that the difference asks for more.
	Widens bool
	// Fulfilled says that somebody has to make the network follow it.
	Fulfilled bool
}

// Changes is what differs between two declarations by meaning, in the order of the table. Another spelling of a value,
// and a default that is left out, are no differences; a value that is only known later is none yet. An entry that one of
// two maps lacks is one difference, without those of its attributes.
func Changes(kind Kind, prior, proposed Declared) []AttributeChange {
	table := Attributes(kind)
	canonicalKeys := make(map[string]func(string) string)
	for _, attribute := range table {
		if attribute.keys {
			canonicalKeys[attribute.Path] = attribute.canonical
		}
	}
	var changes []AttributeChange
	for _, attribute := range table {
		comparison{attribute: attribute, canonicalKeys: canonicalKeys, changes: &changes}.
			compare(nil, strings.Split(attribute.Path, "."), "", map[string]any(prior), map[string]any(proposed))
	}
	return changes
}

// comparison compares one attribute of two declarations.
type comparison struct {
	attribute     Attribute
	canonicalKeys map[string]func(string) string
	changes       *[]AttributeChange
}

// compare follows the attribute's path into both declarations at once. Walked is the way so far, in the words of the
// proposed declaration, and table in those of the table.
func (c comparison) compare(walked, ahead []string, table string, prior, proposed any) {
	if proposed == Unknown || prior == Unknown {
		return
	}
	if len(ahead) == 0 {
		c.compareHere(walked, prior, proposed)
		return
	}
	before, _ := prior.(map[string]any)
	after, _ := proposed.(map[string]any)
	name, ahead := ahead[0], ahead[1:]
	if name != "*" {
		c.compare(append(slices.Clone(walked), name), ahead, strings.TrimPrefix(table+"."+name, "."), before[name], after[name])
		return
	}
	for _, pair := range pairKeys(before, after, c.canonicalKeys[table]) {
		if pair.inPrior && pair.inProposed {
			c.compare(append(slices.Clone(walked), pair.proposed), ahead, table+".*", before[pair.prior], after[pair.proposed])
		}
	}
}

// compareHere compares what is at the end of the path.
func (c comparison) compareHere(path []string, prior, proposed any) {
	if c.attribute.keys {
		before, _ := prior.(map[string]any)
		after, _ := proposed.(map[string]any)
		for _, pair := range pairKeys(before, after, c.attribute.canonical) {
			switch {
			case !pair.inPrior:
				c.add(append(slices.Clone(path), pair.proposed), c.attribute.Change == Widening)
			case !pair.inProposed:
				c.add(append(slices.Clone(path), pair.prior), false)
			}
		}
		return
	}
	before, beforeKnown := c.attribute.meaning(prior)
	after, afterKnown := c.attribute.meaning(proposed)
	if !beforeKnown || !afterKnown || reflect.DeepEqual(before, after) {
		return
	}
	widens := c.attribute.Change == Widening
	if widens && c.attribute.widens != nil {
		widens = c.attribute.widens(before, after)
	}
	c.add(path, widens)
}

func (c comparison) add(path []string, widens bool) {
	*c.changes = append(*c.changes, AttributeChange{
		Path: path, Change: c.attribute.Change, Widens: widens, Fulfilled: c.attribute.Fulfilled,
	})
}

// canonical is the one spelling of a value or a key of the attribute.
func (a Attribute) canonical(s string) string {
	if a.Canonical == nil {
		return s
	}
	return a.Canonical(s)
}

// meaning is the value in its one spelling, with the default in the place of none, and whether it is known. Lists are
// sets of strings: the contract has no other.
func (a Attribute) meaning(value any) (meaning any, known bool) {
	switch value := value.(type) {
	case nil:
		return a.fallback, true
	case string:
		return a.canonical(value), true
	case []any:
		if len(value) == 0 {
			return a.fallback, true
		}
		set := make([]string, 0, len(value))
		for _, element := range value {
			text, known := element.(string)
			if !known {
				return nil, false
			}
			set = append(set, a.canonical(text))
		}
		slices.Sort(set)
		return slices.Compact(set), true
	default:
		return value, true
	}
}

// keyPair is a key of two maps, in the spelling that each has.
type keyPair struct {
	prior, proposed     string
	inPrior, inProposed bool
}

// pairKeys returns the keys of both maps by their canonical spelling, sorted by it.
func pairKeys(prior, proposed map[string]any, canonical func(string) string) []keyPair {
	pairs := make(map[string]keyPair)
	for _, key := range slices.Sorted(maps.Keys(prior)) {
		pair := pairs[canonical(key)]
		pair.prior, pair.inPrior = key, true
		pairs[canonical(key)] = pair
	}
	for _, key := range slices.Sorted(maps.Keys(proposed)) {
		pair := pairs[canonical(key)]
		pair.proposed, pair.inProposed = key, true
		pairs[canonical(key)] = pair
	}
	sorted := make([]keyPair, 0, len(pairs))
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		sorted = append(sorted, pairs[key])
	}
	return sorted
}
