package provider

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

var since = time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)

func stateOf(state hscn.State) order {
	return order{name: "connections/records", state: state, stateSince: since, reason: "A reason"}
}

// answer is one answer of a broker, after a while.
type answer struct {
	state hscn.State
	err   error
	after time.Duration
	// whole says that it comes after as long as the broker may hold it back.
	whole bool
}

// scene is a wait and what happens in it. It runs in a bubble with a clock of its own.
type scene struct {
	answers []answer // the last one is given for ever
	hold    time.Duration
	parent  hscn.State // of what it hangs on; empty where it hangs on nothing

	asked  []time.Duration // for how long each answer may be held back
	looks  []time.Duration // when each was asked for
	pauses []time.Duration
}

func (s *scene) wait() wait {
	start := time.Now()
	return wait{
		patience: patience{timeout: "timeouts.create", length: 20 * time.Minute, next: "The next apply goes on waiting."},
		noun:     "connection", within: s.hold, now: time.Now,
		look: func(ctx context.Context, within time.Duration) (order, error) {
			n := min(len(s.looks), len(s.answers)-1)
			s.looks, s.asked = append(s.looks, time.Since(start)), append(s.asked, within)
			after := s.answers[n].after
			if s.answers[n].whole {
				after += within
			}
			if err := sleep(ctx, after); err != nil {
				return order{}, &client.Unreachable{Reason: client.Interrupted, Err: err}
			}
			return stateOf(s.answers[n].state), s.answers[n].err
		},
		progress: func(_ context.Context, now order) (order, error) {
			if s.parent == "" || now.state != hscn.StatePendingConnection {
				return now, nil
			}
			return order{name: "connections/parent", state: s.parent, stateSince: since}, nil
		},
		explain: func(_ context.Context, err error) string { return "Because: " + err.Error() },
		pause: func(ctx context.Context, d time.Duration) error {
			s.pauses = append(s.pauses, d)
			return sleep(ctx, d)
		},
	}
}

func (s *scene) run(ctx context.Context, from hscn.State) diag.Diagnostics {
	return s.wait().untilActive(ctx, stateOf(from))
}

func through(states ...hscn.State) []answer {
	answers := make([]answer, len(states))
	for i, state := range states {
		answers[i] = answer{state: state}
	}
	return answers
}

func saysAll(t *testing.T, diags diag.Diagnostics, texts ...string) {
	t.Helper()
	if len(diags) != 1 || diags[0].Severity() != diag.SeverityWarning {
		t.Fatalf("it says %v", diags)
	}
	for _, text := range texts {
		if !strings.Contains(diags[0].Summary()+"\n"+diags[0].Detail(), text) {
			t.Errorf("nothing says %q: %s\n%s", text, diags[0].Summary(), diags[0].Detail())
		}
	}
}

func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	const person = "The connection is not active yet: a person has to act"
	tests := map[string]struct {
		from   hscn.State
		states []hscn.State
		looks  int
		says   []string
	}{
		"active at once":            {hscn.StateActive, nil, 0, nil},
		"active in the end":         {hscn.StateProvisioning, []hscn.State{"provisioning", "provisioning", "active"}, 3, nil},
		"a state that is not known": {"rehearsing", []hscn.State{"rehearsing", "active"}, 2, nil},
		"refused":                   {hscn.StateProvisioning, []hscn.State{"refused"}, 1, nil},
		"given up": {
			hscn.StateProvisioning,
			[]hscn.State{"ceasing"},
			1,
			[]string{"The connection is not active yet: it was given up", "connections/records is ceasing since"},
		},
		"given up, and long gone": {hscn.StateProvisioning, []hscn.State{"ceased"}, 1, []string{"it was given up"}},
		"a person": {
			hscn.StateProvisioning,
			[]hscn.State{"awaiting_fulfilment"},
			1,
			[]string{person, "connections/records is awaiting_fulfilment since 2 November 2026 at 09:30 UTC and waits for the operator. A reason."},
		},
		"a person at once": {hscn.StatePendingEvidence, nil, 0, []string{person, "waits for the operator, or the fact that arrives. A reason."}},
		"restricted":       {hscn.StateRestricted, nil, 0, []string{person}},
		"failed":           {hscn.StateFailed, nil, 0, []string{person, "connections/records is failed since"}},
		"terminated":       {hscn.StateTerminated, nil, 0, []string{person, "waits for its owner's destroy"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &scene{answers: through(test.states...)}
				diags := s.run(t.Context(), test.from)
				if len(s.looks) != test.looks {
					t.Errorf("it looked at %v", s.looks)
				}
				if test.says == nil {
					if len(diags) > 0 {
						t.Errorf("it says %v", diags)
					}
					return
				}
				saysAll(t, diags, test.says...)
			})
		})
	}
}

// What hangs on a connection that is not active waits as the connection does.
func TestWaitingForTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{parent: hscn.StatePendingApproval}
		saysAll(t, s.run(t.Context(), hscn.StatePendingConnection), "a person has to act",
			"connections/records is pending_connection since 2 November 2026 at 09:30 UTC. "+
				"It waits for connections/parent, which is pending_approval since 2 November 2026 at 09:30 UTC and waits for a person who may approve.")
		for _, parent := range []hscn.State{hscn.StateProvisioning, hscn.StateActive, "rehearsing"} {
			s = &scene{parent: parent, answers: through("pending_connection", "provisioning", "active")}
			if diags := s.run(t.Context(), hscn.StatePendingConnection); len(diags) > 0 || len(s.looks) != 3 {
				t.Errorf("behind one that is %s it looked at %v and says %v", parent, s.looks, diags)
			}
		}
	})
}

// A broker that answers at once is asked ever less often, from a second to half a minute.
func TestWaitsGrowAndStayBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{answers: through(append(slices.Repeat([]hscn.State{"provisioning"}, 40), "active")...), hold: 20 * time.Second}
		s.run(t.Context(), hscn.StateProvisioning)
		for i := 1; i < len(s.pauses); i++ {
			if s.pauses[i] < s.pauses[i-1] || s.pauses[i] > lastPause {
				t.Fatalf("pause %d is %v after %v", i, s.pauses[i], s.pauses[i-1])
			}
		}
		if s.looks[0] != 0 || s.pauses[0] != firstPause || s.pauses[len(s.pauses)-1] != lastPause {
			t.Errorf("it looked at %v, with pauses of %v", s.looks, s.pauses)
		}
	})
}

// A broker that holds back its answers is asked again at once, and never for longer than the wait lasts.
func TestWaitsUseTheBrokersPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 64500*time.Millisecond)
		defer cancel()
		s := &scene{answers: []answer{{state: hscn.StateProvisioning, whole: true}}, hold: 20 * time.Second}
		saysAll(t, s.run(ctx, hscn.StateProvisioning), "The connection is not active yet: the wait ran out")
		if want := seconds(20, 20, 20, 3, 0, 0); !slices.Equal(s.asked, want) {
			t.Errorf("it asked for %v", s.asked)
		}
		if len(s.pauses) != 2 {
			t.Errorf("it paused %v", s.pauses)
		}
	})
}

func seconds(counts ...int) []time.Duration {
	all := make([]time.Duration, len(counts))
	for i, count := range counts {
		all[i] = time.Duration(count) * time.Second
	}
	return all
}

// Something in between that has no such patience is asked for half of it, once a plain read has shown that the broker is
// there.
func TestWaitsGiveWayToLessPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		timeout := answer{err: &client.Problem{Problem: api.Problem{Status: http.StatusGatewayTimeout}}, after: 15 * time.Second}
		s := &scene{hold: 20 * time.Second, answers: []answer{
			timeout, {state: hscn.StateProvisioning}, {state: hscn.StateProvisioning, whole: true}, {state: hscn.StateActive},
		}}
		if diags := s.run(t.Context(), hscn.StateProvisioning); len(diags) > 0 {
			t.Errorf("it says %v", diags)
		}
		if want := seconds(20, 0, 10, 10); !slices.Equal(s.asked, want) {
			t.Errorf("it asked for %v", s.asked)
		}
	})
}

func TestAWaitThatRunsOutIsAWarning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
		defer cancel()
		due := since.Add(100 * time.Hour)
		s := &scene{answers: through("provisioning")}
		w := s.wait()
		now := stateOf(hscn.StateProvisioning)
		now.enablementDueAt = &due
		look := w.look
		w.look = func(ctx context.Context, within time.Duration) (order, error) {
			seen, err := look(ctx, within)
			seen.enablementDueAt = &due
			return seen, err
		}
		start := time.Now()
		saysAll(t, w.untilActive(ctx, now), "The connection is not active yet: the wait ran out",
			"connections/records is provisioning since 2 November 2026 at 09:30 UTC and waits for the confirmation that it works. A reason. "+
				"It is due by 6 November 2026 at 13:30 UTC.",
			"It was waited for until timeouts.create (20m) ran out. The order stands. The next apply goes on waiting.")
		if took := time.Since(start); took != 20*time.Minute {
			t.Errorf("it waited %v", took)
		}
	})
}

// Ctrl-C ends a wait at once, whatever it is doing.
func TestAWaitIsInterrupted(t *testing.T) {
	t.Parallel()
	for name, held := range map[string]bool{"in a pause": false, "in a read": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				s := &scene{answers: []answer{{state: "rehearsing", whole: held}}, hold: 50 * time.Second}
				start := time.Now()
				time.AfterFunc(30500*time.Millisecond, cancel)
				diags := s.run(ctx, "rehearsing")
				saysAll(t, diags, "The connection is not active yet: the wait was interrupted",
					"rehearsing since 2 November 2026 at 09:30 UTC, a state that this version of the provider does not know.",
					"The run was interrupted while it waited. The order stands. The next apply goes on waiting.")
				if strings.Contains(diags[0].Detail(), "could not be read") {
					t.Errorf("it blames the broker: %s", diags[0].Detail())
				}
				if took := time.Since(start); took != 30500*time.Millisecond {
					t.Errorf("it ended after %v", took)
				}
			})
		})
	}
}

// A broker that cannot be had for a while holds up a wait, and does not end it.
func TestAWaitOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := answer{err: &client.Unreachable{Reason: client.Refused, Err: errors.New("connection refused")}}
		s := &scene{answers: append(slices.Repeat([]answer{down}, 5), answer{state: hscn.StateActive}), hold: 20 * time.Second}
		if diags := s.run(t.Context(), hscn.StateProvisioning); len(diags) > 0 || len(s.looks) != 6 {
			t.Errorf("it looked at %v and says %v", s.looks, diags)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		s = &scene{answers: []answer{down}}
		saysAll(t, s.run(ctx, hscn.StateProvisioning), "the wait ran out", "This is how it was last seen. After that it could not be read: Because: ", "refused")
	})
}

// What the broker itself says against reading ends a wait at once: nobody is let in by waiting.
func TestAWaitEndsWhereItMayNotRead(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound} {
		synctest.Test(t, func(t *testing.T) {
			problem := &client.Problem{Problem: api.Problem{Status: status, Type: "urn:hscn:problem:p", Detail: "no"}}
			s := &scene{answers: []answer{{err: problem}}}
			saysAll(t, s.run(t.Context(), hscn.StateProvisioning), "The connection is not active yet: it cannot be read any more",
				"This is how it was last seen. Because: p: no")
			if len(s.looks) != 1 {
				t.Errorf("it looked at %v", s.looks)
			}
		})
	}
}

// Whatever a broker does, a wait ends with its deadline, and asks it no more often than once a second at the most.
func TestAWaitIsAlwaysBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		answers := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) answer {
			a := answer{
				state: rapid.SampledFrom([]hscn.State{"provisioning", "pending_connection", "rehearsing"}).Draw(rt, "state"),
				after: time.Duration(rapid.IntRange(0, 40_000).Draw(rt, "after")) * time.Millisecond,
				whole: rapid.Bool().Draw(rt, "whole"),
			}
			if rapid.Bool().Draw(rt, "fails") {
				a.err = &client.Unreachable{Reason: client.Broken, Err: errors.New("broken")}
			}
			return a
		}), 1, 50).Draw(rt, "answers")
		hold := time.Duration(rapid.IntRange(0, 60).Draw(rt, "hold")) * time.Second
		length := time.Duration(rapid.IntRange(1, 3_600_000).Draw(rt, "length")) * time.Millisecond
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), length)
			defer cancel()
			s := &scene{answers: answers, hold: hold}
			start := time.Now()
			diags := s.run(ctx, hscn.StateProvisioning)
			if took := time.Since(start); took > length || len(diags) != 1 {
				rt.Errorf("it took %v of %v and says %v", took, length, diags)
			}
			for i, asked := range s.asked {
				if asked > hold || asked > 0 && s.looks[i]+asked > length {
					rt.Errorf("at %v of %v it asks for %v", s.looks[i], length, asked)
				}
				if i > 0 && s.looks[i]-s.looks[i-1] < firstPause {
					rt.Errorf("it looks at %v and at %v", s.looks[i-1], s.looks[i])
				}
			}
		})
	})
}

func TestLengthsOfTime(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		20 * time.Minute: "20m", time.Hour: "1h", 90 * time.Minute: "1h30m", 3 * time.Second: "3s", 70 * time.Second: "1m10s",
		500 * time.Millisecond: "500ms", time.Hour + 30*time.Second: "1h0m30s",
	} {
		if got := lengthOfTime(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if err := sleep(t.Context(), time.Nanosecond); err != nil {
		t.Errorf("the error is %v", err)
	}
}
