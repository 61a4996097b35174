// Package gatewaytest holds what every gateway.Driver must do, as tests. A driver's own tests call Exercise.
package gatewaytest

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/gateway"
)

// Fixture is a driver with nothing provided yet, and a view of what it drives that does not go through the driver.
type Fixture struct {
	Driver gateway.Driver
	// Tasks are about different objects that the driver fulfils, at least two, without keys.
	Tasks []gateway.Task
	// Provided says whether anything of the object of that uid is there.
	Provided func(tb testing.TB, uid string) bool
	// Changes counts the changes that were ever made to what it drives.
	Changes func(tb testing.TB) int
	// Pass has so much time pass for what it drives. Nil: that is the machine's time.
	Pass func(d time.Duration)
	// Slow has the work on the object go on until release is called. Nil: the driver is never Working.
	Slow func(task gateway.Task) (release func())
}

// How long a driver may take: for a call, also one whose context has ended, and for work that it calls Working.
const (
	answersWithin = 20 * time.Second
	asksAtMost    = 100
)

// Exercise runs every test of the suite, each with a fixture of its own.
func Exercise(t *testing.T, fixture func(t *testing.T) Fixture) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *suite){
		"Fulfils":                fulfils,
		"OncePerKey":             oncePerKey,
		"ManyAtOnceForOneKey":    manyAtOnceForOneKey,
		"ManyObjectsAtOnce":      manyObjectsAtOnce,
		"AnotherKeyAnew":         anotherKeyAnew,
		"RevokeAfterProvide":     revokeAfterProvide,
		"RevokeOfNothing":        revokeOfNothing,
		"ProvideAfterRevoke":     provideAfterRevoke,
		"AfterACancelledContext": afterACancelledContext,
		"RevokeOfUnfinished":     revokeOfUnfinished,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fixture(t)
			if len(f.Tasks) < 2 {
				t.Fatal("the fixture has fewer than two tasks")
			}
			test(t, &suite{T: t, Fixture: f})
		})
	}
}

// suite is a fixture in a test.
type suite struct {
	*testing.T
	Fixture
}

// call is Provide or Revoke.
type call func(ctx context.Context, task gateway.Task) (gateway.Outcome, error)

// keyed is the task as the n-th piece of work on its object.
func keyed(task gateway.Task, n int) gateway.Task {
	task.Key = fmt.Sprintf("%s-%d", task.UID, n)
	return task
}

// once calls and checks the outcome's form.
func (s *suite) once(ctx context.Context, ask call, task gateway.Task, providing bool) gateway.Outcome {
	s.Helper()
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	outcome, err := ask(ctx, task)
	if err != nil {
		s.Errorf("%s: %v", task.Name, err)
		return outcome
	}
	if err := outcome.Check(task, providing); err != nil {
		s.Errorf("%s: %v", task.Name, err)
	}
	return outcome
}

// finished calls until the work is not Working any more, as the broker does.
func (s *suite) finished(ask call, task gateway.Task, providing bool) gateway.Outcome {
	s.Helper()
	for range asksAtMost {
		outcome := s.once(s.Context(), ask, task, providing)
		if outcome.Status != gateway.StatusWorking {
			return outcome
		}
		if s.Pass != nil {
			s.Pass(outcome.AskAgain)
			continue
		}
		select {
		case <-time.After(outcome.AskAgain):
		case <-s.Context().Done():
			s.Fatal(s.Context().Err())
		}
	}
	s.Fatalf("%s is not done after %d calls", task.Name, asksAtMost)
	return gateway.Outcome{}
}

func (s *suite) provide(task gateway.Task) gateway.Outcome {
	s.Helper()
	outcome := s.finished(s.Driver.Provide, task, true)
	if outcome.Status != gateway.StatusConfirmed {
		s.Errorf("%s is provided with %+v", task.Name, outcome)
	}
	return outcome
}

func (s *suite) revoke(task gateway.Task) {
	s.Helper()
	if outcome := s.finished(s.Driver.Revoke, task, false); outcome.Status != gateway.StatusConfirmed {
		s.Errorf("%s is revoked with %+v", task.Name, outcome)
	}
}

// there says what must be there of the objects.
func (s *suite) there(want bool, tasks ...gateway.Task) {
	s.Helper()
	for _, task := range tasks {
		if got := s.Provided(s, task.UID); got != want {
			s.Errorf("%s is there: %t, want %t", task.Name, got, want)
		}
	}
}

// unchanged says that f changes nothing in what the driver drives.
func (s *suite) unchanged(what string, f func()) {
	s.Helper()
	before := s.Changes(s)
	f()
	if made := s.Changes(s) - before; made != 0 {
		s.Errorf("%s makes %d changes", what, made)
	}
}

func fulfils(t *testing.T, s *suite) {
	if !regexp.MustCompile(`^[a-z0-9-]{1,32}$`).MatchString(s.Driver.Name()) {
		t.Errorf("the name %q is none", s.Driver.Name())
	}
	s.unchanged("Fulfils", func() {
		for _, task := range s.Tasks {
			if !s.Driver.Fulfils(task) || !s.Driver.Fulfils(keyed(task, 1)) {
				t.Errorf("%s is not fulfilled", task.Name)
			}
		}
	})
}

func oncePerKey(t *testing.T, s *suite) {
	task := keyed(s.Tasks[0], 1)
	first := s.provide(task)
	s.there(true, task)
	s.there(false, s.Tasks[1])
	s.unchanged("the same work again", func() {
		if again := s.provide(task); again != first {
			t.Errorf("the same work is %+v first and %+v then", first, again)
		}
	})
}

func manyAtOnceForOneKey(_ *testing.T, s *suite) {
	const callers = 8
	task := keyed(s.Tasks[0], 1)
	outcomes := make([]gateway.Outcome, callers)
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() { outcomes[i] = s.once(s.Context(), s.Driver.Provide, task, true) })
	}
	group.Wait()
	first := s.provide(task)
	for _, outcome := range outcomes {
		if outcome != first && outcome.Status != gateway.StatusWorking {
			s.Errorf("one of %d callers at once is told %+v, and later %+v", callers, outcome, first)
		}
	}
	atOnce := s.Changes(s)
	s.revoke(keyed(task, 2))
	before := s.Changes(s)
	s.provide(keyed(task, 3))
	if alone := s.Changes(s) - before; alone != atOnce {
		s.Errorf("%d callers at once make %d changes, one alone %d", callers, atOnce, alone)
	}
}

func manyObjectsAtOnce(_ *testing.T, s *suite) {
	var group sync.WaitGroup
	for _, task := range s.Tasks {
		group.Go(func() { s.once(s.Context(), s.Driver.Provide, keyed(task, 1), true) })
	}
	group.Wait()
	for _, task := range s.Tasks {
		s.provide(keyed(task, 1))
	}
	s.there(true, s.Tasks...)
	s.revoke(keyed(s.Tasks[0], 2))
	s.there(false, s.Tasks[0])
	s.there(true, s.Tasks[1:]...)
}

func anotherKeyAnew(_ *testing.T, s *suite) {
	s.provide(keyed(s.Tasks[0], 1))
	s.provide(keyed(s.Tasks[0], 2))
	s.there(true, s.Tasks[0])
	s.revoke(keyed(s.Tasks[0], 3)) // whatever key made it
	s.there(false, s.Tasks[0])
}

func revokeAfterProvide(_ *testing.T, s *suite) {
	task := s.Tasks[0]
	s.provide(keyed(task, 1))
	s.revoke(keyed(task, 2))
	s.there(false, task)
	s.unchanged("revoking again", func() { s.revoke(keyed(task, 2)) })
	// A late copy of a call that was answered long ago brings nothing back.
	s.unchanged("providing again under the old key", func() { s.once(s.Context(), s.Driver.Provide, keyed(task, 1), true) })
	s.there(false, task)
}

func revokeOfNothing(_ *testing.T, s *suite) {
	s.unchanged("revoking nothing", func() { s.revoke(keyed(s.Tasks[0], 1)) })
	s.there(false, s.Tasks[0])
}

func provideAfterRevoke(_ *testing.T, s *suite) {
	task := s.Tasks[0]
	s.provide(keyed(task, 1))
	s.revoke(keyed(task, 2))
	s.provide(keyed(task, 3))
	s.there(true, task)
}

// afterACancelledContext is what a broker does that stops in mid-call, and starts again.
func afterACancelledContext(t *testing.T, s *suite) {
	for n, step := range []struct {
		ask       call
		providing bool
	}{{s.Driver.Provide, true}, {s.Driver.Revoke, false}} {
		task := keyed(s.Tasks[0], n+1)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			outcome, err := step.ask(ctx, task)
			if err == nil && outcome.Check(task, step.providing) != nil {
				t.Errorf("after its context ended, a call answers %+v", outcome)
			}
		}()
		select {
		case <-answered:
		case <-time.After(answersWithin):
			t.Fatalf("a call whose context ended does not return within %s", answersWithin)
		}
		if outcome := s.finished(step.ask, task, step.providing); outcome.Status != gateway.StatusConfirmed {
			t.Errorf("after a call was cut off, the work is %+v", outcome)
		}
		s.there(step.providing, task)
	}
}

func revokeOfUnfinished(t *testing.T, s *suite) {
	if s.Slow == nil {
		t.Skip("the driver's work never takes longer than a call")
	}
	task := s.Tasks[0]
	release := s.Slow(task)
	if outcome := s.once(t.Context(), s.Driver.Provide, keyed(task, 1), true); outcome.Status != gateway.StatusWorking {
		t.Errorf("work that goes on is %+v", outcome)
	}
	s.once(t.Context(), s.Driver.Revoke, keyed(task, 2), false)
	release()
	s.revoke(keyed(task, 2))
	s.there(false, task)
}
