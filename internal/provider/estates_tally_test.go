package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// tally counts what estates had in them, since laws hold easily of what never happens.
type tally struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *tally) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = make(map[string]int)
	}
	c.counts[what]++
}

// add counts what a trial had in it.
func (c *tally) add(t *trial) {
	for _, n := range t.nodes {
		outcome := "clean"
		v, ordered := t.verdicts[n]
		switch {
		case n.refused():
			outcome = "impossible"
		case len(n.remarks) > 0:
			outcome = "with warnings"
		}
		if ordered && v.reached {
			outcome += ", then " + map[bool]string{true: "accepted", false: "refused"}[v.accepted]
		}
		c.count(fmt.Sprintf("%s: %s", n.effect, outcome))
		for _, r := range n.remarks {
			c.count("at plan: " + r.rule + " " + string(r.severity))
		}
		for _, f := range v.findings {
			if f.Severity == api.Error {
				c.count("refused by " + f.Rule)
			}
		}
	}
}

func (c *tally) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var lines []string
	for _, what := range slices.Sorted(maps.Keys(c.counts)) {
		lines = append(lines, fmt.Sprintf("%6d %s", c.counts[what], what))
	}
	return strings.Join(lines, "\n")
}
