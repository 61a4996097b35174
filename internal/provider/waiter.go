package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// The pauses between two looks at an order grow from the first of these to the last, where the broker does not hold back
// its answers.
const (
	firstPause  = time.Second
	lastPause   = 30 * time.Second
	pauseGrowth = 1.5
)

// patience is what bounds a wait, and what comes after it.
type patience struct {
	// timeout is the attribute that bounds it, such as "timeouts.create", and length for how long.
	timeout string
	length  time.Duration
	// next is what takes the wait up again.
	next string
	// revision is the one of what is waited for, as an apply has it in state; empty where whatever is there is read.
	revision string
}

// wait is one wait for an order to become active. All waits are one of these, whatever is waited for.
type wait struct {
	patience
	// noun is what a sentence calls what is waited for.
	noun string
	// look reads the order as it is now, or as it is within that time where the broker holds back its answer.
	look func(ctx context.Context, within time.Duration) (order, error)
	// progress is the order by whose state that of one which was looked at is judged.
	progress func(ctx context.Context, now order) (order, error)
	// within is the longest time for which a broker is asked to hold back an answer.
	within time.Duration
	// explain says why an order could not be read, and what to do.
	explain func(ctx context.Context, err error) string
	now     func() time.Time
	// pause waits for a time or for the end of the context.
	pause func(ctx context.Context, d time.Duration) error
}

// untilActive waits until an order is active, and says why where it is not in the end. It ends at once where only a
// person can take the order further, since an apply that waits for a person holds up everybody else. That it runs out is
// a warning, since the order stands. A refusal is for the caller to judge.
func (w wait) untilActive(ctx context.Context, ordered order) diag.Diagnostics {
	var begun time.Time // of the last look; the first needs no pause before it
	within, pause := w.within, firstPause
	last := sight{seen: ordered, progress: ordered}
	err := w.judge(ctx, &last)
	for {
		switch {
		case ctx.Err() != nil && err != nil:
			// Nobody waited for that answer any longer, which says nothing of the broker.
			return w.ended(ctx, last, nil)
		case err == nil && (last.seen.state == hscn.StateActive || last.seen.state == hscn.StateRefused):
			return nil
		case err == nil && isOver(last.seen.state):
			return w.givenUp(last)
		case err == nil && last.progress.state.WaitsForPerson():
			return w.needsPerson(last)
		case err != nil && !client.IsUnavailable(err):
			return w.unreadable(ctx, last, err)
		}
		// An answer that was held back is pause enough. By the clock, since one that comes at once must never be asked for
		// again at once, whatever it says of itself.
		if rest := pause - w.now().Sub(begun); rest > 0 {
			if w.pause(ctx, rest) != nil {
				return w.ended(ctx, last, err)
			}
			pause = min(time.Duration(float64(pause)*pauseGrowth), lastPause)
		}
		asked := w.atMost(ctx, within)
		if err != nil {
			asked = 0 // whether the broker is there at all is told by a plain read, which is asked again where that helps
		}
		before := err
		begun = w.now()
		err = w.observe(ctx, asked, &last)
		if err != nil && ctx.Err() != nil {
			return w.ended(ctx, last, before)
		}
		if err != nil && asked > 0 {
			within /= 2 // something in between may not have the patience for it
		}
	}
}

// sight is an order as it was last seen, and the order by whose state it is judged.
type sight struct{ seen, progress order }

// observe looks at the order. Where it cannot be read, the sight stays what it was.
func (w wait) observe(ctx context.Context, within time.Duration, last *sight) error {
	now, err := w.look(ctx, within)
	if err != nil {
		return err
	}
	last.seen = now
	return w.judge(ctx, last)
}

// judge looks at the order by whose state the one at hand is judged.
func (w wait) judge(ctx context.Context, last *sight) error {
	progress, err := w.progress(ctx, last.seen)
	if err == nil {
		last.progress = progress
	}
	return err
}

// atMost is for how long a broker may hold back an answer that is to come before the wait ends. It is nothing where less
// than a second is left.
func (w wait) atMost(ctx context.Context, within time.Duration) time.Duration {
	if deadline, ok := ctx.Deadline(); ok {
		within = min(within, deadline.Sub(w.now())-time.Second)
	}
	return max(within, 0).Truncate(time.Second)
}

// isOver says that an order has come to an end without having become active.
func isOver(state hscn.State) bool { return state.Final() || state == hscn.StateCeasing }

// passes says that an order goes on from a state by itself. From one that this provider does not know it does: a newer
// broker has more states, and those that need a person are the exception.
func passes(state hscn.State) bool {
	return state != hscn.StateActive && !isOver(state) && !state.WaitsForPerson()
}

// needsPerson says who has to act.
func (w wait) needsPerson(last sight) diag.Diagnostics {
	return w.notYet("a person has to act", last.status(), "Waiting longer does not help. The order stands; once it has gone on, the next plan shows it.")
}

// givenUp says that somebody gave the order up.
func (w wait) givenUp(last sight) diag.Diagnostics {
	return w.notYet("it was given up", last.status(), "Somebody gave it up while it was waited for. The next plan orders it again; to leave it at that, take it out of the configuration.")
}

// ended says that the time was up, or that somebody stopped the run, and what goes on all the same. The error is why the
// order could not be read in the end; nil where it could.
func (w wait) ended(ctx context.Context, last sight, err error) diag.Diagnostics {
	how, why := "the wait ran out", fmt.Sprintf("It was waited for until %s (%s) ran out.", w.timeout, lengthOfTime(w.length))
	if errors.Is(ctx.Err(), context.Canceled) {
		how, why = "the wait was interrupted", "The run was interrupted while it waited."
	}
	parts := []string{last.status(), why + " The order stands. " + w.next}
	if err != nil {
		parts = append(parts, "This is how it was last seen. After that it could not be read: "+w.explain(ctx, err))
	}
	return w.notYet(how, parts...)
}

// unreadable says that the broker does not tell any more what became of the order.
func (w wait) unreadable(ctx context.Context, last sight, err error) diag.Diagnostics {
	return w.notYet("it cannot be read any more", last.status(), "This is how it was last seen. "+w.explain(ctx, err))
}

// notYet is the one form of what is said of a wait that ended without what it waited for.
func (w wait) notYet(how string, parts ...string) diag.Diagnostics {
	return diag.Diagnostics{diag.NewWarningDiagnostic("The "+w.noun+" is not active yet: "+how, strings.Join(parts, "\n\n"))}
}

// status says what an order waits for, since when, and who or what takes it further.
func (s sight) status() string {
	waitsForOther := s.progress.name != s.seen.name
	text := standsAt(s.seen.name, s.seen, !waitsForOther)
	if waitsForOther {
		text += " It waits for " + standsAt(s.progress.name+", which", s.progress, true)
	}
	if s.progress.reason != "" {
		text += " " + sentence(s.progress.reason)
	}
	if due := s.seen.enablementDueAt; due != nil && !isOver(s.seen.state) {
		text += fmt.Sprintf(" It is due by %s.", moment(*due))
	}
	return text
}

// standsAt is one sentence of a status.
func standsAt(subject string, o order, whole bool) string {
	text := fmt.Sprintf("%s is %s since %s", subject, o.state, moment(o.stateSince))
	switch by := o.state.LeftBy(); {
	case !o.state.Known():
		text += ", a state that this version of the provider does not know"
	case whole && by != "":
		text += " and waits for " + by
	}
	return text + "."
}

// lengthOfTime writes a length of time as a person does: 20m and not 20m0s.
func lengthOfTime(d time.Duration) string {
	text := d.String()
	for _, nothing := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, nothing) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// sleep waits on the clock.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
