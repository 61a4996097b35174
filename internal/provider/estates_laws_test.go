package provider_test

import (
	"maps"
	"slices"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	problems "github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// catalogue is every rule by its id.
var catalogue = func() map[string]rules.Rule {
	all := make(map[string]rules.Rule)
	for _, rule := range rules.Catalogue() {
		all[rule.ID] = rule
	}
	return all
}()

// together are the rules that objects break with each other: whose finding stands at which of them depends on the order
// in which they come.
func together(rule string) bool {
	for _, kind := range kindsInOrder() {
		if slices.ContainsFunc(rules.Pairs(kind), func(p rules.Pair) bool { return p.Rule == rule }) {
			return true
		}
	}
	return false
}

// shapes are the rules about a plan's shape, which the broker does not see.
func shapes(rule string) bool { return rule == "name.duplicate" || rule == "name.moved" }

// cleanIsAccepted is the law that what a plan lets through is not refused: by no rule that was silent at the plan, and
// for no reason beside the rules.
func (t *trial) cleanIsAccepted(n *node) {
	v := t.verdicts[n]
	if !v.reached || v.accepted || !t.known(n) || !t.settled(n) {
		return
	}
	for _, f := range v.findings {
		if f.Severity == api.Error && len(t.saidOf(n, f.Rule)) == 0 && !t.hidden(n, f) {
			t.breaks(n, "the plan says nothing of %s, and the broker refuses the order for it: %s", f.Rule, f.Detail)
		}
	}
	if len(v.findings) == 0 && !t.loose(v) {
		t.breaks(n, "the plan is clean, and the broker refuses the order as %s: %s", v.kind, v.detail)
	}
}

// loose says that the broker refuses what the rules let through only because policy, or a waiver, has turned one of them
// down: what takes a place that is taken, or one that nobody knows, cannot be done all the same.
func (t *trial) loose(v verdict) bool {
	return v.kind == problems.StateForbids && slices.ContainsFunc([]string{"service.unknown", "service.already-connected", "edge.gateway-unknown"}, func(rule string) bool {
		return t.policy.Rules[rule] != api.Error || slices.ContainsFunc(t.r.Waivers, func(w api.WaiverSpec) bool { return w.Rule == rule })
	})
}

// saidOf returns what the plan said of a rule about an object, be it at another one: what completes a violation may be
// any of those that take part.
func (t *trial) saidOf(n *node, rule string) []remark {
	said := n.said(rule)
	name := t.r.target(n.instance)
	for _, other := range t.nodes {
		switch {
		case together(rule):
			for _, r := range other.said(rule) {
				if mentions(r.detail, name) {
					said = append(said, r)
				}
			}
		case rule == nameTaken && slices.Contains(t.names(other), name):
			// Two instances of one name are told as such, at one of the two.
			said = slices.Concat(said, other.said("name.duplicate"), other.said("name.moved"))
			if other != n {
				said = append(said, other.said(nameTaken)...)
			}
		}
	}
	return said
}

// names are the full names that an instance has in state and in the configuration.
func (t *trial) names(n *node) []string {
	names := []string{n.State}
	if n.Config != nil {
		names = append(names, t.r.target(n.instance))
	}
	return names
}

// shaped says that the plan has no fault in its shape at a name, also none that only shows once every name is known: where
// it has, nobody can say which of two instances is the one that counts.
func (t *trial) shaped(name string) bool {
	made := 0
	for _, n := range t.nodes {
		if slices.Contains(t.names(n), name) && slices.ContainsFunc(n.remarks, func(r remark) bool { return shapes(r.rule) }) {
			return false
		}
		if n.Config != nil && t.r.target(n.instance) == name {
			made++
		}
	}
	return made <= 1
}

// settled says that what an instance hangs on and rests on is settled: it is one, and where the plan makes it or gives it
// up, the instance refers to it. An id that is written out says nothing of what comes first.
func (t *trial) settled(n *node) bool {
	moves := func(name string) bool {
		return slices.ContainsFunc(t.nodes, func(other *node) bool {
			return slices.Contains(t.names(other), name) && other.effect != keeps && other.effect != updates
		})
	}
	if parent, _, hangs := strings.Cut(t.r.target(n.instance), "/edge-attachments/"); hangs && (!t.shaped(parent) || n.Connection == "" && moves(parent)) {
		return false
	}
	agreement, _ := n.Config["agreement"].(obj)
	evidence, written := agreement["evidence_id"].(string)
	return !written || !moves(evidence)
}

// left says that an instance has the name in state and gives it up for another one, or for one that is not known yet: whether
// the name is free in time is then not for the plan to say.
func (t *trial) left(name string) bool {
	return slices.ContainsFunc(t.nodes, func(n *node) bool {
		return n.State == name && (n.Config == nil || t.r.target(n.instance) != name || !t.named(n))
	})
}

// named says that the full name of an instance is known at plan.
func (t *trial) named(n *node) bool {
	return !slices.Contains(n.Unknown, "name") && (n.Connection == "" || t.idOf(n.Connection) != unknown)
}

const (
	// nameTaken is the rule about a name that a live object has.
	nameTaken = "name.taken"
	// connectionProtected is the rule about what may not be given up.
	connectionProtected = "connection.protected"
)

// mentions says that a text has a full name in it, and not only the beginning of another.
func mentions(text, name string) bool {
	for {
		_, after, found := strings.Cut(text, name)
		if !found {
			return false
		}
		if after == "" || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-/", rune(after[0])) {
			return true
		}
		text = after
	}
}

// hidden says that a plan cannot know what the broker refuses an order for.
func (t *trial) hidden(n *node, f api.Finding) bool {
	rule, known := catalogue[f.Rule]
	switch {
	case f.Rule == "address.pool-empty":
		return true
	case !known:
		return false
	case rule.Where&rules.AtPlan == 0 && rule.Where&rules.AtValidate == 0:
		return true
	case f.Rule == "edge.overlap" && slices.ContainsFunc(t.nodes, func(other *node) bool {
		return other.Kind == rules.KindEdgeAttachment && (other.effect == creates || other.effect == replaces)
	}):
		return true // the address of an edge attachment is given with the order
	case f.Rule == nameTaken && t.r.NoRefresh && n.State != "":
		return true // without a refresh whatever is there passes for what is in state
	case f.Rule == nameTaken && !t.shaped(t.r.target(n.instance)):
		return true // another one's name turns out to be the same
	case t.unseen(n, f.Rule):
		return true
	case together(f.Rule):
		// The other one's values may not have been known, or two instances may have had its name.
		return slices.ContainsFunc(t.nodes, func(other *node) bool {
			return other.Kind == n.Kind && (!t.known(other) || !t.shaped(t.r.target(other.instance)))
		})
	default:
		return false
	}
}

// unseen says that a rule judges what the account does not see: which documents an organisation has signed with the
// provider is told only to those who may act for it.
func (t *trial) unseen(n *node, rule string) bool {
	if !strings.HasPrefix(rule, "agreement.") && rule != "profile.shared-organisation" {
		return false
	}
	spec := t.r.spec(n.instance)
	codes := []string{hscn.CanonicalODSCode(textIn(spec, "ods_code"))}
	profile, _ := spec["profile"].(obj)
	shared, _ := profile["shared_with"].(obj)
	codes = slices.AppendSeq(codes, maps.Keys(shared))
	return slices.ContainsFunc(codes, func(code string) bool { return !slices.Contains(t.r.bound(), code) })
}

// known says that everything that an order mentions was known at plan.
func (t *trial) known(n *node) bool {
	return len(n.Unknown) == 0 && !slices.ContainsFunc(t.referred(n), func(other *node) bool { return other.id == nil || !t.known(other) })
}

// findingsAgree is the law that plan and broker say the same of an order that both know all of: the same rules, each with
// the same severity. What objects break together is left aside: the plan says it once, at the one that completes it, and
// warns of what the apply then lifts.
func (t *trial) findingsAgree(n *node) {
	v := t.verdicts[n]
	if !v.reached || v.kind != "" && len(v.findings) == 0 || !t.known(n) || !t.settled(n) {
		return
	}
	atPlan, atBroker := make(map[string]api.Severity), make(map[string]api.Severity)
	for _, r := range n.remarks {
		if t.compared(r.rule) && !t.unseen(n, r.rule) {
			atPlan[r.rule] = r.severity
		}
	}
	for _, f := range v.findings {
		if t.compared(f.Rule) && !t.hidden(n, f) {
			atBroker[f.Rule] = f.Severity
		}
	}
	for rule, severity := range atPlan {
		if atBroker[rule] != severity {
			t.breaks(n, "of %s the plan says %s, and the broker %q", rule, severity, atBroker[rule])
		}
	}
	for rule, severity := range atBroker {
		if atPlan[rule] == "" {
			t.breaks(n, "of %s the plan says nothing, and the broker %s", rule, severity)
		}
	}
}

// compared says that plan and broker judge a rule alike. A replacement is told what it gives up as well, which is no
// finding about the order; and without a refresh a plan that asks for no more does not hear of what was stopped since.
func (t *trial) compared(rule string) bool {
	known, listed := catalogue[rule]
	if !listed || known.Applies == rules.AppliesDelete || known.Watches && t.r.NoRefresh {
		return false
	}
	return !together(rule) && !shapes(rule) && rule != nameTaken && known.Where&(rules.AtPlan|rules.AtValidate) != 0
}

// impossibleIsRefused is the law that what a plan says no to cannot be had: the order is refused by the same rule.
func (t *trial) impossibleIsRefused(n *node) {
	if v := t.verdicts[n]; n.malformed && v.accepted {
		t.breaks(n, "the configuration is not valid, and the broker accepts the order")
	}
	for _, r := range n.remarks {
		// What is said of giving up is held against the broker's word where it is given up.
		if r.severity != api.Error || shapes(r.rule) || r.rule == connectionProtected || n.effect == destroys || n.malformed || !t.settled(n) {
			continue
		}
		if name := t.r.target(n.instance); r.rule == nameTaken && (!mentions(r.detail, name) || !t.shaped(name) || t.left(name)) {
			continue
		}
		v, others := t.verdicts[n], t.others(n, r)
		if slices.ContainsFunc(others, func(other *node) bool { return !t.shaped(t.r.target(other.instance)) }) {
			continue
		}
		inTheWay := !slices.ContainsFunc(others, func(other *node) bool { return !t.stoodBefore(other, n) })
		switch {
		case t.there(n) && !slices.ContainsFunc(others, func(other *node) bool { return !t.there(other) }) && (n.effect != keeps || len(others) > 0):
			t.breaks(n, "the plan says no because of %s, and the broker accepts all of it: %s", r.rule, r.detail)
		case v.reached && !v.accepted && inTheWay && !t.refusedBy(n, r.rule):
			t.breaks(n, "the plan says no because of %s, and the broker says no without it (%s: %s)", r.rule, v.kind, v.detail)
		}
	}
}

// there says that the broker has what an instance is to be, after everything was ordered.
func (t *trial) there(n *node) bool { return n.effect == keeps || t.verdicts[n].accepted }

// stoodBefore says that an instance was there when another was ordered.
func (t *trial) stoodBefore(n, other *node) bool {
	return n.effect == keeps || t.verdicts[n].accepted && slices.Index(t.ordered, n) < slices.Index(t.ordered, other)
}

// refusedBy says that the order was refused by the rule, or by one that says the same better.
func (t *trial) refusedBy(n *node, rule string) bool {
	return slices.ContainsFunc(append(slices.Clone(catalogue[rule].YieldsTo), rule), t.verdicts[n].refusedBy)
}

// others are the instances of the plan that break a rule together with one, as the finding names them.
func (t *trial) others(n *node, r remark) []*node {
	var all []*node
	for _, other := range t.nodes {
		if together(r.rule) && other != n && other.Kind == n.Kind && mentions(r.detail, t.r.target(other.instance)) {
			all = append(all, other)
		}
	}
	return all
}
