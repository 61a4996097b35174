package provider

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

// The pauses before a refused change is asked for again are random up to a bound that doubles from the first of these to
// the second ("full jitter"), so that changes that wait for the same thing do not ask in step.
const (
	firstAskPause   = 250 * time.Millisecond
	longestAskPause = 5 * time.Second
	// askingLimit is for how long it is asked at the most. What other changes of the apply free beside this one, they free
	// within that; what is not free by then is freed after this one has ended, if at all.
	askingLimit = 2 * time.Minute
	// lastAnswer is what is left of an operation's time for the last answer: were it cut off, nobody would know whether
	// the order was taken.
	lastAnswer = time.Second
)

// pace is how often, and for how long, a change is asked for again that was refused for what may pass.
type pace struct {
	first, longest, limit time.Duration
	random                func() float64 // in [0, 1)
	now                   func() time.Time
	// after waits for a time or for the end of the context.
	after func(ctx context.Context, d time.Duration) error
}

func newPace() pace {
	return pace{first: firstAskPause, longest: longestAskPause, limit: askingLimit, random: rand.Float64, now: time.Now, after: sleep}
}

// stillRefused is a refusal that another change of the same apply might have lifted, and that stayed.
type stillRefused struct {
	// problem is the last refusal: what stands in the way may have changed since the first.
	problem *client.Problem
	// asked is how often it was asked, over which time.
	asked int
	took  time.Duration
	// interrupted says that the run was stopped, rather than that the time was over.
	interrupted bool
}

// Error implements error.
func (e *stillRefused) Error() string {
	return fmt.Sprintf("refused %s within %s: %v", times(e.asked), lengthOfTime(e.took.Round(time.Second)), e.problem)
}

// Unwrap returns the last refusal.
func (e *stillRefused) Unwrap() error { return e.problem }

// mayPass returns the refusal that another change of the same apply may lift: one of which every error says so. Terraform
// orders changes by what refers to what, so that it may ask for a thing before it gives that thing up.
func mayPass(err error) (*client.Problem, bool) {
	problem, ok := client.AsProblem(err)
	if !ok {
		return nil, false
	}
	errors := slices.DeleteFunc(slices.Clone(problem.Findings), func(f api.Finding) bool { return f.Severity != api.Error })
	stays := func(f api.Finding) bool { return f.Retryable == nil || !*f.Retryable }
	return problem, len(errors) > 0 && !slices.ContainsFunc(errors, stays)
}

// askAgain runs a request that creates, changes or gives up, and runs it again, which is with another idempotency key, as
// long as it is refused for what another change of the same apply may lift. It ends with the limit, in time before the
// context's deadline, and with the end of the context, which ends a pause and never a request under way. The error is then
// a *stillRefused.
func askAgain[T any](ctx context.Context, p pace, what string, ask func(ctx context.Context) (T, error)) (T, error) {
	start := p.now()
	until := start.Add(p.limit)
	if deadline, ok := ctx.Deadline(); ok && deadline.Add(-lastAnswer).Before(until) {
		until = deadline.Add(-lastAnswer)
	}
	bound := p.first
	for asked := 1; ; asked++ {
		answer, err := ask(ctx)
		problem, passes := mayPass(err)
		if !passes {
			return answer, err
		}
		still := &stillRefused{problem: problem, asked: asked, took: p.now().Sub(start)}
		left := until.Sub(p.now())
		if left <= 0 {
			return answer, still
		}
		// What is left is used to the end: the last pause is cut short.
		pause := min(time.Duration(p.random()*float64(bound)), left)
		tflog.Debug(ctx, "refused for what another change may lift: it is asked again", map[string]any{
			"doing": what, "rules": rulesIn(problem), "asked": asked, "pause": pause.String(), "request": problem.RequestID,
		})
		if err := p.after(ctx, pause); err != nil {
			still.took, still.interrupted = p.now().Sub(start), true
			return answer, still
		}
		bound = min(2*bound, p.longest)
	}
}

// rulesIn are the rules that a refusal names, for the log.
func rulesIn(p *client.Problem) string {
	rules := make([]string, len(p.Findings))
	for i, finding := range p.Findings {
		rules[i] = finding.Rule
	}
	return strings.Join(rules, " ")
}

// whatNext says how long it was asked, and what to do about a refusal that stayed.
func (e *stillRefused) whatNext() string {
	asked := fmt.Sprintf("It was asked for %s within %s", times(e.asked), lengthOfTime(max(e.took, time.Second).Round(time.Second)))
	if e.interrupted {
		return asked + ", until the run was interrupted: apply again."
	}
	return asked + ", in case another change of this apply lifts that. If one does, apply again: a change that waits holds one of Terraform's " +
		"slots (-parallelism), and where none is left, what it waits for only comes once it has ended. If none does, to apply again does not help: " +
		"put right first what is said above."
}
