package rules

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Outlook is what is to be expected of an order that is made now. Dates are zero where they cannot be told.
type Outlook struct {
	// EnabledOn is the earliest working day on which it can be enabled; of what is enabled, the day on which it was.
	EnabledOn hscn.Date
	// CommittedTo is the day to which it is taken at the least. Only a connection has one.
	CommittedTo hscn.Date
	// Lapses is what ends before CommittedTo, by day.
	Lapses []Lapse
}

// Lapse is something that an order rests on and that ends before the commitment does.
type Lapse struct {
	// Rule is the one that it matters to.
	Rule string
	// What names it, as the beginning of a sentence.
	What string
	// On is the last day on which it counts.
	On hscn.Date
}

// Horizon says what is to be expected of an order that is made now. Of what is refused, or waits for a person, it says
// what would be if nothing stood in the way.
func Horizon(policy Policy, facts Facts, order Order) Outlook {
	j := &judgement{policy: policy, facts: facts, order: order, today: hscn.DateIn(facts.Now), where: AtBroker}
	switch order.Kind {
	case KindConnection:
		outlook := j.connectionOutlook()
		outlook.Lapses = j.lapses(outlook.CommittedTo)
		return outlook
	case KindEdgeAttachment:
		return Outlook{EnabledOn: j.edgeEnabledOn()}
	default:
		return Outlook{}
	}
}

// connectionOutlook says when the connection can be enabled and for how long it is taken. A connection that is enabled
// keeps its dates, whatever is ordered of it.
func (j *judgement) connectionOutlook() Outlook {
	if standing := j.order.Standing; !standing.EnabledAt.IsZero() {
		return Outlook{EnabledOn: hscn.DateIn(standing.EnabledAt), CommittedTo: standing.CommitmentEndsOn}
	}
	enabled := j.enabledOn(j.order.Declared)
	return Outlook{EnabledOn: enabled, CommittedTo: enabled.AddMonths(j.policy.CommitmentMonths)}
}

// enabledOn is the earliest working day on which a connection can be enabled that is ordered today: after the lead time,
// and not before the time at which its owner wants it.
func (j *judgement) enabledOn(connection Declared) hscn.Date {
	earliest := j.afterWorkingDays(j.policy.LeadTimeWorkingDays)
	text, known := connection.Text("activate_at").Get()
	if wanted, ok := instant(text); known && ok && hscn.DateIn(wanted).After(earliest) {
		return j.workingDayFrom(hscn.DateIn(wanted))
	}
	return j.workingDayFrom(earliest)
}

// edgeEnabledOn is the earliest working day on which an edge attachment can be enabled, never before its connection.
func (j *judgement) edgeEnabledOn() hscn.Date {
	if enabled := j.order.Standing.EnabledAt; !enabled.IsZero() {
		return hscn.DateIn(enabled)
	}
	own := j.workingDayFrom(j.afterWorkingDays(j.policy.EdgeLeadTimeWorkingDays))
	if j.facts.Parent == nil || j.order.Standing.ParentState == hscn.StateActive {
		return own
	}
	if connection := j.enabledOn(j.facts.Parent.Declared); connection.After(own) {
		return connection
	}
	return own
}

// lapses are what the order rests on and what ends before a day, the first to end first.
func (j *judgement) lapses(before hscn.Date) []Lapse {
	var lapses []Lapse
	add := func(rule, what string, on hscn.Date) {
		if !on.IsZero() && on.Before(before) {
			lapses = append(lapses, Lapse{Rule: rule, What: what, On: on})
		}
	}
	if _, a, ok := j.chosen(); ok && a.holds() {
		add("agreement.ends-early", a.what, a.lastDay)
	}
	if d, ok := j.dspt(); ok && d.counts(j) {
		add("dspt.ends-early", fmt.Sprintf("The DSPT status %s of %s", quoted(d.words), d.whose), d.status.Edition.CountsUntil(j.policy.DSPT.deadline))
	}
	if reviewed, due := j.reviewDue(); !reviewed.IsZero() {
		add("profile.review-due", "The review of the profile of "+day(reviewed), due)
	}
	for _, finding := range Evaluate(j.policy, j.facts, j.order, AtBroker) {
		if finding.Waiver != nil && finding.refuses {
			add(finding.Rule, "The waiver of "+finding.Rule, finding.Waiver.Until)
		}
	}
	slices.SortStableFunc(lapses, func(a, b Lapse) int { return cmp.Or(a.On.Compare(b.On), cmp.Compare(a.Rule, b.Rule)) })
	return lapses
}
