package rules

import (
	"fmt"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// committedTo is the day to which a connection that is ordered today is taken at the least: the lead time until it is
// enabled, and the commitment after that.
func (j *judgement) committedTo() hscn.Date {
	// Without the bank holidays of the years in question the days of the lead time are taken as they come: that is never
	// later than the real day, so that nobody is warned for nothing.
	enabled := j.today.AddDays(j.policy.LeadTimeWorkingDays)
	if j.policy.Calendar != nil {
		if exact, err := j.policy.Calendar.AddWorkingDays(j.today, j.policy.LeadTimeWorkingDays); err == nil {
			enabled = exact
		}
	}
	return enabled.AddMonths(j.policy.CommitmentMonths)
}

// commitmentSentence says what committedTo counts.
func (j *judgement) commitmentSentence() string {
	return fmt.Sprintf("A connection that is ordered on %s is taken until %s at the least: %s to enable it, then %s of commitment.",
		day(j.today), day(j.committedTo()),
		count(j.policy.LeadTimeWorkingDays, "working day"), count(j.policy.CommitmentMonths, "month"))
}
