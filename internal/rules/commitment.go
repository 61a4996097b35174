package rules

import (
	"fmt"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// committedTo is the day to which a connection that is ordered today is taken at the least: the lead time until it is
// enabled, and the commitment after that.
func (j *judgement) committedTo() hscn.Date {
	return j.afterWorkingDays(j.policy.LeadTimeWorkingDays).AddMonths(j.policy.CommitmentMonths)
}

// afterWorkingDays is the day on which as many working days have passed since today. Without the bank holidays of the
// years in question days are taken as they come: that is never later than the real day, so that nobody is warned for
// nothing.
func (j *judgement) afterWorkingDays(days int) hscn.Date {
	if j.policy.Calendar != nil {
		if exact, err := j.policy.Calendar.AddWorkingDays(j.today, days); err == nil {
			return exact
		}
	}
	return j.today.AddDays(days)
}

// workingDayFrom is the first working day from a day on; the day itself where the bank holidays of its year are not known.
func (j *judgement) workingDayFrom(from hscn.Date) hscn.Date {
	if j.policy.Calendar == nil {
		return from
	}
	if next, err := j.policy.Calendar.AddWorkingDays(from.AddDays(-1), 1); err == nil {
		return next
	}
	return from
}

// commitmentSentence says what committedTo counts.
func (j *judgement) commitmentSentence() string {
	return fmt.Sprintf("A connection that is ordered on %s is taken until %s at the least: %s to enable it, then %s of commitment.",
		day(j.today), day(j.committedTo()),
		count(j.policy.LeadTimeWorkingDays, "working day"), count(j.policy.CommitmentMonths, "month"))
}
