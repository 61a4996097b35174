package provider_test

import (
	"fmt"
	"strings"
)

// story tells what the plan said of each instance, and what came of its order.
func (t *trial) story() string {
	var b strings.Builder
	for _, n := range t.nodes {
		fmt.Fprintf(&b, "%s: %s %s", n.Label, n.effect, n.State)
		if n.Config != nil {
			fmt.Fprintf(&b, " -> %s", t.r.target(n.instance))
		}
		for _, r := range n.remarks {
			fmt.Fprintf(&b, "\n    plan:   %-7s %s: %s", r.severity, r.rule, firstLine(r.detail))
		}
		v, ordered := t.verdicts[n]
		switch {
		case !ordered:
			b.WriteString("\n    broker: not asked")
		case !v.reached:
			b.WriteString("\n    broker: not asked, for want of what it hangs on or because what it replaces is still there")
		case v.accepted:
			b.WriteString("\n    broker: accepted")
		default:
			fmt.Fprintf(&b, "\n    broker: %s: %s", v.kind, v.detail)
		}
		for _, f := range v.findings {
			fmt.Fprintf(&b, "\n    broker: %-7s %s: %s", f.Severity, f.Rule, f.Detail)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
