package orders

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// standing is what connections and edge attachments have in common: how far their order is. It points into the row of
// either.
type standing struct {
	*store.Standing
	*progress

	kind     store.ObjectKind
	fullName string
}

func connectionStanding(c *store.Connection) standing {
	return standing{Standing: &c.Standing, progress: (*progress)(&c.Progress), kind: store.ObjectConnection, fullName: c.FullName()}
}

func edgeStanding(e *store.EdgeAttachment) standing {
	return standing{Standing: &e.Standing, progress: (*progress)(&e.Progress), kind: store.ObjectEdgeAttachment, fullName: e.FullName()}
}

// existing is what a lost race shows of the object that won it.
func (s standing) existing() *api.ExistingObject {
	return existing(s.fullName, s.UID, s.CreateKeySHA256, s.Revision, s.CreatedAt, s.CreatedBy, s.UpdatedAt, s.UpdatedBy)
}

// progress is how far something is that was ordered: an object, or the change of one that is active.
type progress store.Progress

// enter puts it into a state. The reason says why it is there and who can move it on; entering the state in which it is
// already changes the reason alone.
func (p *progress) enter(state hscn.State, reason string, now time.Time) {
	if p.State != state {
		p.State, p.StateSince = state, now
	}
	p.StateReason = reason
}

// pass notes that a person has ended the wait, so that judging the order again does not return to it.
func (p *progress) pass(wait hscn.State) {
	if !p.hasPassed(wait) {
		p.Passed = append(slices.Clone(p.Passed), wait)
	}
}

// unpass takes such a note back.
func (p *progress) unpass(wait hscn.State) {
	p.Passed = slices.DeleteFunc(slices.Clone(p.Passed), func(state hscn.State) bool { return state == wait })
}

func (p *progress) hasPassed(wait hscn.State) bool { return slices.Contains(p.Passed, wait) }

// waiting are the states before assurance is complete: an order in one of them is judged again when a fact arrives. Of an
// edge attachment only the first is.
var waiting = []hscn.State{
	hscn.StatePendingVerification, hscn.StatePendingEvidence, hscn.StatePendingQuote, hscn.StatePendingApproval,
	hscn.StateAwaitingAuthority,
}

// next is where an order stands that nothing refuses: the first of the states that something awaits, else a person's
// approval where policy wants one, else provisioning. A wait that a person has ended is over.
func (p *progress) next(awaiting []rules.Finding, approval bool) hscn.State {
	var awaits []hscn.State
	for _, finding := range p.stillAwaiting(awaiting) {
		awaits = append(awaits, finding.Awaits)
	}
	return nextState(awaits, approval && !p.hasPassed(hscn.StatePendingApproval))
}

// stillAwaiting are those of the findings whose wait nobody has ended.
func (p *progress) stillAwaiting(awaiting []rules.Finding) []rules.Finding {
	return slices.DeleteFunc(slices.Clone(awaiting), func(f rules.Finding) bool { return p.hasPassed(f.Awaits) })
}

// nextState is the first of the states that an order has still to go through.
func nextState(awaits []hscn.State, approval bool) hscn.State {
	for _, state := range hscn.ConnectionStates() {
		if slices.Contains(awaits, state) || approval && state == hscn.StatePendingApproval {
			return state
		}
	}
	return hscn.StateProvisioning
}

// mayBeBuilt says whether somebody may have begun to make the network do it, so that giving the object up leaves
// something to remove. What never got beyond the broker's own desk is gone at once.
func (s standing) mayBeBuilt() bool {
	state := s.State
	if s.Former != nil {
		state = s.Former.State
	}
	switch state {
	case hscn.StateAwaitingFulfilment, hscn.StateActive, hscn.StateRestricted, hscn.StateFailed, hscn.StateTerminated:
		return true
	default:
		return s.EnabledAt != nil || s.hasPassed(hscn.StateAwaitingFulfilment) || s.Fulfilment.Left()
	}
}

// waitsFor says in the contract's words what an order about an object in this state waits for.
func waitsFor(state hscn.State) string {
	switch state {
	case hscn.StatePendingVerification:
		return "verification"
	case hscn.StatePendingEvidence:
		return "evidence"
	case hscn.StateAwaitingAuthority:
		return "authority"
	case hscn.StatePendingQuote, hscn.StatePendingApproval:
		return "approval"
	case hscn.StatePendingConnection:
		return "connection"
	case hscn.StateProvisioning:
		return "activation"
	case hscn.StateAwaitingFulfilment, hscn.StateFailed:
		return "fulfilment"
	case hscn.StateCeasing:
		return "removal"
	default:
		return ""
	}
}

// dueAt is when something is due that may take so many working days from an instant: at the end of the working hours of
// that day. It is nil where the calendar does not reach that far, since an order is not refused for want of bank holidays.
func dueAt(calendar *hscn.Calendar, hours api.WorkingHours, from time.Time, workingDays int) (*time.Time, error) {
	day, err := calendar.AddWorkingDays(hscn.DateIn(from), workingDays)
	if errors.Is(err, hscn.ErrBeyondHorizon) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	end, err := time.Parse("15:04", hours.End)
	if err != nil {
		return nil, fmt.Errorf("working hours: %w", err)
	}
	due := day.At(end.Hour(), end.Minute()).UTC()
	return &due, nil
}

// londonText writes an instant for people.
func londonText(t time.Time) string {
	return t.In(hscn.London()).Format("Monday 2 January 2006, 15:04 MST")
}

// The reasons that customers read. Each says why the object is in its state and who can move it on.

// reasonWaiting is that of an order that waits before its assurance is complete; awaiting is what it has still to wait for.
func reasonWaiting(p *policy, state hscn.State, awaiting []rules.Finding) string {
	var details []string
	for _, finding := range awaiting {
		if finding.Awaits == state {
			details = append(details, finding.Detail)
		}
	}
	switch state {
	case hscn.StatePendingVerification:
		return fmt.Sprintf("Waits for %s to confirm what the order asks for: %s", p.operator(), strings.Join(details, " "))
	case hscn.StatePendingEvidence:
		return fmt.Sprintf("Waits for %s to look up what nobody has looked up yet; the order then goes on by itself. %s",
			p.operator(), strings.Join(details, " "))
	case hscn.StatePendingApproval:
		if slices.ContainsFunc(awaiting, func(f rules.Finding) bool { return f.Awaits == hscn.StateAwaitingAuthority }) {
			return fmt.Sprintf("Waits for a person at %s to approve it, and then for %s.",
				p.document.Csp.Title, hscn.StateAwaitingAuthority.LeftBy())
		}
		return fmt.Sprintf("Every precondition is met. Waits for a person at %s to approve it.", p.document.Csp.Title)
	default:
		return strings.TrimSpace(fmt.Sprintf("Waits for %s. %s", state.LeftBy(), strings.Join(details, " ")))
	}
}

func reasonProvisioning(activateAt *time.Time, now time.Time) string {
	if activateAt != nil && activateAt.After(now) {
		return "Every precondition is met. Waits for activate_at, " + londonText(*activateAt) + "."
	}
	return "Every precondition is met. The order is on its way to fulfilment."
}

func reasonAwaitingFulfilment(p *policy, due *time.Time) string {
	reason := fmt.Sprintf("Waits for %s to make the network do it and to confirm it", p.operator())
	if due != nil {
		reason += ", by " + londonText(*due)
	}
	return reason + "."
}

func reasonPendingConnection(connection string) string {
	return "Waits for " + connection + " to become active."
}

func reasonRestricted(p *policy, decision api.AuthorityDecision) string {
	return fmt.Sprintf("Restricted by the HSCN Authority (reference %s): %s Waits for the Authority to have it lifted, which %s then records.",
		decision.AuthorityReference, ended(decision.Reason), p.operator())
}

func reasonTerminated(decision api.AuthorityDecision) string {
	return fmt.Sprintf("Terminated by the HSCN Authority (reference %s): %s Waits for its owner to destroy it.",
		decision.AuthorityReference, ended(decision.Reason))
}

// reasonStoppedWith is that of an edge attachment whose connection was restricted or terminated.
func reasonStoppedWith(connection, why string) string {
	return fmt.Sprintf("Stopped with %s, on which it hangs. %s", connection, why)
}

// reasonPendingLift is that of an edge attachment that was on its way when its connection was restricted.
func reasonPendingLift(connection string) string {
	return "Waits for the restriction of " + connection + " to be lifted, and then goes on where it was."
}

func reasonNotGranted(reference, why string) string {
	return fmt.Sprintf("Refused by the HSCN Authority (reference %s): %s", reference, ended(why))
}

func reasonGatewayNotFree(id string) string {
	return fmt.Sprintf("Refused: the gateway %q cannot be attached, since it is not free.", id)
}

func reasonFailed(p *policy, why string) string {
	return fmt.Sprintf("Fulfilment failed: %s %s puts it right and confirms it, or refuses the order.",
		ended(why), capital(p.operator()))
}

func reasonRemovalFailed(p *policy, why string) string {
	return fmt.Sprintf("Given up by its owner. The removal failed: %s Waits for %s to remove it and to confirm that.", ended(why), p.operator())
}

func reasonRefusedByPerson(p *policy, why string) string {
	return fmt.Sprintf("Refused by %s: %s", p.operator(), ended(why))
}

// reasonRefusedByFacts names every finding that refuses, with its remedy.
func reasonRefusedByFacts(findings []api.Finding) string {
	sentences := []string{"Refused by what was recorded since."}
	for _, finding := range findings {
		if finding.Severity == api.Error {
			sentences = append(sentences, finding.Detail, finding.Remedy, "Rule: "+finding.Rule+".")
		}
	}
	return strings.Join(sentences, " ")
}

func reasonRefusedWith(connection, why string) string {
	return fmt.Sprintf("Refused with %s, on which it hangs. %s", connection, why)
}

func reasonCeasing(p *policy) string {
	return "Given up by its owner. Waits for " + p.operator() + " to remove it and to confirm that."
}

const (
	reasonRevoking   = "Given up by its owner. It is being removed."
	reasonCeased     = "Given up by its owner; the removal is confirmed."
	reasonNeverBuilt = "Given up by its owner before anything was built."
)

// ended ends a sentence that somebody wrote.
func ended(sentence string) string {
	sentence = strings.TrimSpace(sentence)
	if sentence == "" || strings.ContainsAny(sentence[len(sentence)-1:], ".!?") {
		return sentence
	}
	return sentence + "."
}

func capital(sentence string) string {
	if sentence == "" {
		return sentence
	}
	return strings.ToUpper(sentence[:1]) + sentence[1:]
}
