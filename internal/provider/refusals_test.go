package provider

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"
	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

func finding(rule string, severity api.Severity, retryable bool) api.Finding {
	return api.Finding{Rule: rule, Severity: severity, Title: "A title", Detail: "A detail.", Remedy: "A remedy.", Owner: "customer", Retryable: &retryable}
}

func refusalOf(id string, findings ...api.Finding) *client.Problem {
	return &client.Problem{Problem: api.Problem{
		Type: "urn:hscn:problem:preconditions-failed", Title: "Preconditions are not met", Status: 422, RequestID: id, BrokerID: "b-1", Findings: findings,
	}}
}

var (
	taken    = finding("service.already-connected", api.Error, true)
	attached = finding("edge.already-attached", api.Error, true)
	stale    = finding("dspt.stale", api.Error, false)
	warning  = finding("profile.review", api.Warning, false)
)

// paced is a pace of which time passes in pauses only, from a day that no context's deadline has to do with.
func paced(pauses *[]time.Duration) (pace, time.Time) {
	start := time.Now().AddDate(1, 0, 0)
	now := start
	return pace{
		first: firstAskPause, longest: longestAskPause, limit: askingLimit, random: func() float64 { return 0.999 },
		now: func() time.Time { return now },
		after: func(ctx context.Context, d time.Duration) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			*pauses, now = append(*pauses, d), now.Add(d)
			return nil
		},
	}, start
}

// answers is a request that is answered with one after the other, the last of them for ever.
func answers(asked *int, errs ...error) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		err := errs[min(*asked, len(errs)-1)]
		*asked++
		if err != nil {
			return "", err
		}
		return "made", nil
	}
}

func TestWhatIsAskedAgain(t *testing.T) {
	t.Parallel()
	broken := &client.Unreachable{Reason: client.Broken, Sent: true}
	tests := map[string]struct {
		errs []error
		// asked is how often, and ends what it ends with.
		asked int
		ends  error
	}{
		"what is made":                     {[]error{nil}, 1, nil},
		"what is lifted":                   {[]error{refusalOf("r-1", taken), refusalOf("r-2", taken, attached, warning), nil}, 3, nil},
		"what no change lifts":             {[]error{refusalOf("r-1", stale)}, 1, refusalOf("r-1", stale)},
		"what no change lifts beside that": {[]error{refusalOf("r-1", taken, stale)}, 1, refusalOf("r-1", taken, stale)},
		"what no change lifts in the end":  {[]error{refusalOf("r-1", taken), refusalOf("r-2", stale)}, 2, refusalOf("r-2", stale)},
		"a warning is no refusal":          {[]error{refusalOf("r-1", warning)}, 1, refusalOf("r-1", warning)},
		"a problem without findings":       {[]error{refusalOf("r-1")}, 1, refusalOf("r-1")},
		"no answer":                        {[]error{refusalOf("r-1", taken), broken}, 2, broken},
		"a fault of the provider's":        {[]error{errors.ErrUnsupported}, 1, errors.ErrUnsupported},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var pauses []time.Duration
			p, _ := paced(&pauses)
			asked := 0
			got, err := askAgain(t.Context(), p, "creating", answers(&asked, test.errs...))
			problem, isProblem := client.AsProblem(err)
			want, wantProblem := client.AsProblem(test.ends)
			if asked != test.asked || len(pauses) != asked-1 || (got == "made") != (test.ends == nil) || isProblem != wantProblem {
				t.Errorf("it asked %d times and got %q, %v", asked, got, err)
			}
			if isProblem && problem.RequestID != want.RequestID || !isProblem && !errors.Is(err, test.ends) {
				t.Errorf("it ends with %v", err)
			}
			var still *stillRefused
			if errors.As(err, &still) {
				t.Error("it says that it waited for what nothing lifts")
			}
		})
	}
}

func TestARefusalThatStaysIsAskedForTwoMinutes(t *testing.T) {
	t.Parallel()
	var pauses []time.Duration
	p, start := paced(&pauses)
	asked := 0
	_, err := askAgain(t.Context(), p, "creating", answers(&asked, refusalOf("r-1", taken), refusalOf("r-2", attached)))
	var still *stillRefused
	if !errors.As(err, &still) || still.problem.RequestID != "r-2" || still.asked != asked || still.took != askingLimit || p.now().Sub(start) != askingLimit {
		t.Fatalf("after %v it ends with %v", p.now().Sub(start), err)
	}
	if want := []time.Duration{249750 * time.Microsecond, 499500 * time.Microsecond, 999 * time.Millisecond}; !slices.Equal(pauses[:3], want) {
		t.Errorf("it begins with %v", pauses[:3])
	}
	for _, pause := range pauses {
		if pause > longestAskPause {
			t.Errorf("it pauses for %v", pause)
		}
	}
	if asked < 20 || asked > 40 {
		t.Errorf("it asked %d times", asked)
	}
}

// However the pauses fall, there is time for the last answer before the deadline, and none is left unused.
func TestTheDeadlineIsKeptWhileItIsAskedAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var pauses []time.Duration
		p, start := paced(&pauses)
		p.random = func() float64 { return rapid.Float64Range(0.01, 0.99).Draw(t, "random") }
		allowed := time.Duration(rapid.Int64Range(0, int64(4*time.Minute)).Draw(t, "timeout"))
		ctx, cancel := context.WithDeadline(context.Background(), start.Add(allowed))
		defer cancel()
		asked := 0
		_, err := askAgain(ctx, p, "creating", answers(&asked, refusalOf("r-1", taken)))
		var still *stillRefused
		if !errors.As(err, &still) || still.interrupted || still.asked != asked {
			t.Fatalf("it ends with %v", err)
		}
		if want := min(max(allowed-lastAnswer, 0), askingLimit); still.took != want {
			t.Fatalf("of %v it used %v", allowed, still.took)
		}
	})
}

func TestAnInterruptionEndsThePause(t *testing.T) {
	t.Parallel()
	var pauses []time.Duration
	p, _ := paced(&pauses)
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	ask := answers(&asked, refusalOf("r-1", taken))
	_, err := askAgain(ctx, p, "creating", func(ctx context.Context) (string, error) {
		if asked == 2 {
			cancel() // while it is asked
		}
		return ask(ctx)
	})
	var still *stillRefused
	if !errors.As(err, &still) || !still.interrupted || asked != 3 {
		t.Errorf("after %d it ends with %v", asked, err)
	}
	if text := still.whatNext(); !strings.Contains(text, "until the run was interrupted: apply again") {
		t.Errorf("it says %q", text)
	}
}

// What is said of a refusal that stayed is said once.
func TestARefusalThatStaysSaysHowLongAndHowOften(t *testing.T) {
	t.Parallel()
	err := &stillRefused{problem: refusalOf("r-9", taken), asked: 14, took: 118 * time.Second}
	diags := operation{doing: "creating connection"}.failed(t.Context(), err)
	if len(diags) != 1 || diags[0].Summary() != "A title" {
		t.Fatalf("it says %v", diags)
	}
	text := diags[0].Detail()
	for _, want := range []string{"A detail.", "A remedy.", "14 times within 1m58s", "-parallelism", "Rule: service.already-connected"} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %q: %s", want, text)
		}
	}
	if n := strings.Count(text, "apply again"); n != 2 { // that it helps, and where it does not
		t.Errorf("it says %d times to apply again: %s", n, text)
	}
	// At plan there is nothing to ask again.
	if text := findingDiagnostic(taken, path.Empty(), "").Detail(); strings.Contains(text, "apply again") {
		t.Errorf("it says %s", text)
	}
}

func TestAskingAgainIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var pauses []time.Duration
	p, _ := paced(&pauses)
	asked := 0
	if _, err := askAgain(tflogtest.RootLogger(t.Context(), &log), p, "creating connection", answers(&asked, refusalOf("r-7", taken), nil)); err != nil {
		t.Fatal(err)
	}
	lines, err := tflogtest.MultilineJSONDecode(&log)
	if err != nil || len(lines) != 1 {
		t.Fatalf("it logs %v: %v", lines, err)
	}
	if line := lines[0]; line["@level"] != "debug" || line["doing"] != "creating connection" || line["rules"] != taken.Rule || line["request"] != "r-7" || line["pause"] == "" {
		t.Errorf("it logs %v", line)
	}
}
