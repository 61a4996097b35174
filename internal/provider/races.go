package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// What a lost race shows at the most: so many attributes, and so many characters of a value, of which so many stand before
// those that differ.
const (
	maxDifferences = 20
	maxShownValue  = 60
	shownBefore    = 20
)

// notChanged says why a change was not made. Where no answer told whether it was, it reads the object: one that is as it
// was to be is returned without an error, since only the answer was lost.
func (l *lifecycle[A, M, P]) notChanged(
	ctx context.Context, c *client.Client, op operation, state, plan P, known identity, err error,
) (A, diag.Diagnostics) {
	var none A
	problem, isProblem := client.AsProblem(err)
	overtaken := isProblem && problem.Kind() == "etag-mismatch"
	if client.IsObjectGone(err) {
		if diags := l.goneFor(err, "updating", state.own().id.ValueString(), known); diags.HasError() {
			return none, diags
		}
	}
	if !overtaken && !client.MayBeDone(err) {
		return none, op.failed(ctx, err)
	}
	seen, r := l.race(ctx, c, state, plan, known)
	if overtaken {
		return none, diag.Diagnostics{diag.NewErrorDiagnostic("Error "+op.doing, r.since(problem.Existing)+" Nothing was changed now."+r.shows()+planAgain+reference(problem))}
	}
	switch {
	case r.gone:
		op.unanswered = "The broker was asked afterwards: there is no " + r.id + " any more." + planAgain
	case r.unread:
		op.unanswered = "Whether it was changed is not known: the broker was asked afterwards, and that was not answered either." + planAgain
	case r.another():
		op.unanswered = "The broker was asked afterwards: " + r.since(nil) + planAgain
	case !slices.ContainsFunc(r.differing, difference.open):
		return seen, nil
	case r.now.Etag == known.Etag:
		op.unanswered = "The broker was asked afterwards: " + r.id + " is as it was, so that nothing was changed. Apply again."
	default:
		op.unanswered = "The broker was asked afterwards, and this change is not what it has. " + r.since(nil) + r.shows() + planAgain
	}
	return none, op.failed(ctx, err)
}

// planAgain ends what is said of a change that was not made.
const planAgain = "\n\nPlan again: the new plan shows what it is now and what would change."

// race is what there is of an object beside what a change of it was planned from and was to make of it.
type race struct {
	id string
	// uid and reason are those that it was planned from.
	uid, reason string
	// now is the object as it was read; it is nothing where unread says that it could not be, or gone that it is not there.
	now          order
	unread, gone bool
	differing    []difference
}

// race reads the object of a change.
func (l *lifecycle[A, M, P]) race(ctx context.Context, c *client.Client, state, plan P, known identity) (A, race) {
	ctx, cancel := c.Afterwards(ctx)
	defer cancel()
	own := state.own()
	r := race{id: own.id.ValueString(), uid: known.UID, reason: own.stateReason.ValueString()}
	seen, err := l.get(ctx, c, r.id)
	r.gone = client.IsObjectGone(err)
	now := *state
	// What cannot be made sense of counts as not read: the next plan says what is wrong with it.
	if r.unread = err != nil || P(&now).fromAPI(ctx, seen).HasError(); !r.unread {
		r.now = l.order(seen)
		r.differing = differences(l.rulesKind, state.values(), plan.values(), P(&now).values())
	}
	return seen, r
}

// another says that the name is that of another object by now.
func (r race) another() bool { return !r.unread && r.uid != "" && r.now.UID != r.uid }

// since says what happened to the object after the plan was made, as far as it is known: refused is what a refusal showed
// of it, and may be nil.
func (r race) since(refused *api.ExistingObject) string {
	by, at := r.now.updatedBy, r.now.updatedAt
	switch {
	case r.another():
		return fmt.Sprintf("%s is another object now than the one that this plan is of: %s made it on %s (uid %s).",
			r.id, r.now.createdBy, moment(r.now.createdAt), r.now.UID)
	case r.unread && (refused == nil || refused.UpdatedBy == nil || refused.UpdatedAt == nil):
		return r.id + " was changed after this plan was made."
	case r.unread:
		by, at = *refused.UpdatedBy, *refused.UpdatedAt
	}
	return fmt.Sprintf("%s was changed after this plan was made, by %s on %s.", r.id, by, moment(at))
}

// shows tells of every attribute what was planned from, what was wanted and what there is, where they differ. Of an object
// that was not read, and of another one, there is nothing to compare.
func (r race) shows() string {
	switch {
	case r.unread || r.another():
		return ""
	case !slices.ContainsFunc(r.differing, difference.moved):
		return " What is declared of it is as it was, though: it was changed and put back."
	}
	var text strings.Builder
	text.WriteString("\n")
	for _, d := range r.differing[:min(len(r.differing), maxDifferences)] {
		before, wanted, now := shown(d.before, d.wanted, d.now)
		fmt.Fprintf(&text, "\n  %s: planned from %s, wanted %s, is now %s", d.attribute, before, wanted, now)
	}
	if more := len(r.differing) - maxDifferences; more > 0 {
		fmt.Fprintf(&text, "\n  and %d more", more)
	}
	if r.now.reason != "" && r.now.reason != r.reason {
		text.WriteString("\n\nIts state_reason is now: " + sentence(r.now.reason))
	}
	return text.String()
}

// difference is an attribute of which what was planned from, what was wanted and what there is are not all the same, each
// as JSON, or empty where there is none.
type difference struct {
	attribute           string
	before, wanted, now string
}

// open says that what there is is not what was wanted, and moved that it is not what was planned from.
func (d difference) open() bool  { return d.wanted != d.now }
func (d difference) moved() bool { return d.before != d.now }

// differences compares what was planned from, what was wanted and what there is, attribute by attribute. None of them is
// sensitive: a test holds the schemas to that.
func differences(kind rules.Kind, before, wanted, now map[string]attr.Value) []difference {
	words := spellingsOf(kind)
	of := func(values map[string]attr.Value) map[string]string {
		members := make(map[string]string)
		for name, value := range values {
			leaves(name, plain(value, name, words), members)
		}
		return members
	}
	b, w, n := of(before), of(wanted), of(now)
	every := maps.Clone(b)
	maps.Copy(every, w)
	maps.Copy(every, n)
	var all []difference
	for _, name := range slices.Sorted(maps.Keys(every)) {
		if b[name] != w[name] || w[name] != n[name] {
			all = append(all, difference{attribute: name, before: b[name], wanted: w[name], now: n[name]})
		}
	}
	return all
}

// leaves adds to members what has no names inside it, each as JSON under its path. What is not given is left out.
func leaves(at string, value any, members map[string]string) {
	switch value := value.(type) {
	case nil:
	case map[string]any:
		for name, member := range value {
			leaves(at+"."+name, member, members)
		}
	default:
		text, err := json.Marshal(value)
		if value == rules.Unknown || err != nil {
			text = []byte("known after the apply")
		}
		members[at] = string(text)
	}
}

// shown are the values of a difference as far as a line has room for them. Of long ones it is the part in which they
// differ that counts.
func shown(before, wanted, now string) (a, b, c string) {
	values := [][]rune{[]rune(before), []rune(wanted), []rune(now)}
	same := 0
	for same < len(values[0]) && same < len(values[1]) && same < len(values[2]) &&
		values[0][same] == values[1][same] && values[1][same] == values[2][same] {
		same++
	}
	short := func(value []rune) string {
		from := max(same-shownBefore, 0)
		to := from + maxShownValue
		switch {
		case len(value) == 0:
			return "none"
		case len(value) <= maxShownValue:
			return string(value)
		}
		before, after := "...", "..."
		if from == 0 {
			before = ""
		}
		if to >= len(value) {
			to, after = len(value), ""
		}
		return before + string(value[from:to]) + after
	}
	return short(values[0]), short(values[1]), short(values[2])
}
