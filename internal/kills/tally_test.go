//go:build linux

package kills

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// result is what came of a round.
type result struct {
	took time.Duration
	// lost is how many objects were made and not recorded, and adopted how many were adopted by their blocks.
	lost, adopted int
	// applies is how many it took after the one that was interrupted.
	applies int
	// torn says that the state had to be mended, and survived that the interrupted apply succeeded all the same.
	torn, survived bool
}

func (r result) String() string {
	text := fmt.Sprintf("%d made and not recorded, %d adopted, %d applies more, %.1f s", r.lost, r.adopted, r.applies, r.took.Seconds())
	if r.torn {
		text += "; the state was torn"
	}
	if r.survived {
		text += "; the apply succeeded all the same"
	}
	return text
}

// tally counts what came of rounds, by victim.
type tally struct {
	mu      sync.Mutex
	results map[victim][]result
}

func (c *tally) add(killed victim, r result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.results == nil {
		c.results = map[victim][]result{}
	}
	c.results[killed] = append(c.results[killed], r)
}

func (c *tally) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var lines []string
	for _, killed := range []victim{theProvider, terraform, theBroker} {
		var lost, adopted, withLoss, torn, survived int
		var took, longest time.Duration
		applies := map[int]int{}
		for _, r := range c.results[killed] {
			lost, adopted = lost+r.lost, adopted+r.adopted
			took, longest = took+r.took, max(longest, r.took)
			applies[r.applies]++
			withLoss += count(r.lost > 0)
			torn += count(r.torn)
			survived += count(r.survived)
		}
		rounds := len(c.results[killed])
		lines = append(lines, fmt.Sprintf(
			"  %-12s %2d rounds, %4.1f s each, %4.1f s at most; %d objects lost in %d rounds, %d adopted; "+
				"done after %d, %d, %d applies more: %d, %d, %d rounds; %d states torn; %d applies succeeded all the same",
			killed, rounds, took.Seconds()/float64(max(rounds, 1)), longest.Seconds(), lost, withLoss, adopted,
			1, 2, 3, applies[1], applies[2], applies[3], torn, survived))
	}
	return strings.Join(lines, "\n")
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}
