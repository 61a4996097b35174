package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// create is a request of the account "acme" that creates something.
func create(key string) request.Write {
	return request.Write{
		Caller:         request.Caller{Subject: "anne", Kind: request.Person, Account: "acme"},
		IdempotencyKey: key, Method: "PUT", Path: "/v1/connections/records", BodySHA256: "body",
	}
}

// title renders an account by its title: it stands for an object that changes after it was made.
func title(ctx context.Context, r *store.Reader, uid string) (string, error) {
	account, err := r.AccountByID(ctx, uid)
	return account.Title, err
}

// counted returns a write that counts its calls and makes the account that is called as the request's key.
func counted(calls *int, key string) func(ctx context.Context, tx *store.Tx) (store.Outcome[string], error) {
	return func(ctx context.Context, tx *store.Tx) (store.Outcome[string], error) {
		*calls++
		return store.Outcome[string]{Answer: key, ObjectUID: key}, insertAccount(ctx, tx, key)
	}
}

func wantProblem(t testing.TB, err error, want problem.Type) *problem.Problem {
	t.Helper()
	var got *problem.Problem
	if !errors.As(err, &got) {
		t.Fatalf("error is %v, want the problem %s", err, want)
	}
	wantEqual(t, "problem", got.Type, want)
	return got
}

func idempotencyReplay(t *testing.T, d *database) {
	calls := 0
	send := func() string {
		answer, err := store.Idempotent(t.Context(), d.DB, create("key-1"), now, title, counted(&calls, "key-1"))
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	wantEqual(t, "first answer", send(), "key-1")
	wantEqual(t, "second answer", send(), "key-1")
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.UpsertAccount(ctx, store.Account{ID: "key-1", Title: "renamed"}, now)
		return err
	})
	wantEqual(t, "the object as it is now", send(), "renamed")
	wantEqual(t, "calls", calls, 1)

	// An answer without an object is repeated as it was.
	type report struct {
		Numbers []int      `json:"numbers"`
		At      *time.Time `json:"at,omitempty"`
	}
	want := report{Numbers: []int{1, 2}, At: pointer(now.UTC())}
	for range 2 {
		got, err := store.Idempotent(t.Context(), d.DB, create("key-2"), now, nil,
			func(context.Context, *store.Tx) (store.Outcome[report], error) {
				calls++
				return store.Outcome[report]{Answer: want}, nil
			})
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, "report", got, want)
	}
	wantEqual(t, "calls", calls, 2)
}

func idempotencyKeys(t *testing.T, d *database) {
	operator := func(subject string) func(*request.Write) {
		return func(w *request.Write) { w.Caller.Subject, w.Caller.Account = subject, "" }
	}
	for i, test := range []struct {
		what          string
		first, second func(*request.Write)
		reused, ran   bool
	}{
		{what: "the same request"},
		{what: "by another subject of the account", second: func(w *request.Write) { w.Caller.Subject = "bob" }},
		{what: "with another token", second: func(w *request.Write) { w.Caller.TokenID = "token-2" }},
		{what: "as another request in the log", second: func(w *request.Write) { w.RequestID = "r-2" }},
		{what: "for another method", second: func(w *request.Write) { w.Method = "PATCH" }, reused: true},
		{what: "for another path", second: func(w *request.Write) { w.Path += "?uid=1" }, reused: true},
		{what: "for another body", second: func(w *request.Write) { w.BodySHA256 = "other" }, reused: true},
		{what: "for a path and a body that run into each other", second: func(w *request.Write) { w.Path, w.BodySHA256 = w.Path+"b", "ody" }, reused: true},
		{what: "by another account", second: func(w *request.Write) { w.Caller.Account = "other" }, ran: true},
		{what: "by the operator", second: operator("olga"), ran: true},
		{what: "by the same operator", first: operator("olga"), second: operator("olga")},
		{what: "by another operator", first: operator("olga"), second: operator("otto"), ran: true},
		{what: "by an operator called like an account", second: operator("acme"), ran: true},
	} {
		key := fmt.Sprintf("key-%d", i)
		calls := 0
		first, second := create(key), create(key)
		for change, w := range map[*func(*request.Write)]*request.Write{&test.first: &first, &test.second: &second} {
			if *change != nil {
				(*change)(w)
			}
		}
		if _, err := store.Idempotent(t.Context(), d.DB, first, now, title, counted(&calls, key)); err != nil {
			t.Fatalf("%s: %v", test.what, err)
		}
		_, err := store.Idempotent(t.Context(), d.DB, second, now, title,
			func(context.Context, *store.Tx) (store.Outcome[string], error) {
				calls++
				return store.Outcome[string]{}, nil
			})
		switch {
		case test.reused:
			_ = wantProblem(t, err, problem.KeyReused)
		case err != nil:
			t.Fatalf("%s: %v", test.what, err)
		}
		if ran := calls == 2; ran != test.ran {
			t.Errorf("%s: ran %d times", test.what, calls)
		}
	}

	_, err := store.Idempotent(t.Context(), d.DB, create(""), now, title, counted(new(int), "none"))
	if err == nil {
		t.Error("a write without a key was taken")
	}
}

func idempotencyProblems(t *testing.T, d *database) {
	refusal := problem.New(problem.PreconditionsFailed, "refused: %s", "it's \"so\"")
	refusal.Findings = []api.Finding{{Rule: "dspt.not-met", Severity: "error", Pointer: pointer("/ods_code"), Owner: "customer"}}
	taken := problem.New(problem.NameTaken, "taken")
	taken.Existing = &api.ExistingObject{Name: "connections/x", UID: "1", CreatedAt: now.UTC()}
	unavailable := problem.New(problem.Unavailable, "not now")
	unavailable.RetryAfter = time.Minute

	for i, test := range []struct {
		failure    error
		remembered bool
	}{
		{refusal, true},
		{fmt.Errorf("wrapped: %w", refusal), true},
		{taken, true},
		{problem.New(problem.StateForbids, "no"), true},
		{problem.New(problem.Unauthenticated, "who"), false},
		{problem.New(problem.Forbidden, "no"), false},
		{problem.New(problem.TooManyRequests, "slower"), false},
		{unavailable, false},
		{errDeliberate, false},
	} {
		key := fmt.Sprintf("key-%d", i)
		calls, committed := 0, 0
		send := func() error {
			_, err := store.Idempotent(t.Context(), d.DB, create(key), now, title,
				func(ctx context.Context, tx *store.Tx) (store.Outcome[string], error) {
					calls++
					tx.AfterCommit(func() { committed++ })
					if err := insertAccount(ctx, tx, key); err != nil {
						return store.Outcome[string]{}, err
					}
					return store.Outcome[string]{ObjectUID: key}, test.failure
				})
			return err
		}
		first, second := send(), send()
		var want *problem.Problem
		if errors.As(test.failure, &want) {
			wantEqual(t, "first", *wantProblem(t, first, want.Type), *want)
			wantEqual(t, "second", *wantProblem(t, second, want.Type), *want)
		} else {
			wantError(t, first, test.failure)
			wantError(t, second, test.failure)
		}
		wantEqual(t, fmt.Sprintf("calls for %v", test.failure), calls, 2-int(boolean(test.remembered)))
		wantEqual(t, "calls after a commit", committed, 0)
		if d.hasAccount(t, key) {
			t.Errorf("%v: what was changed before it was kept", test.failure)
		}
	}
}

// idempotencySecondWaits sends the same request while the first runs: the second is answered by what the first did.
func idempotencySecondWaits(t *testing.T, d *database) {
	calls := 0
	begun, let := make(chan struct{}), make(chan struct{})
	first, second := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := store.Idempotent(context.Background(), d.DB, create("key-1"), now, title,
			func(ctx context.Context, tx *store.Tx) (store.Outcome[string], error) {
				close(begun)
				<-let
				return counted(&calls, "key-1")(ctx, tx)
			})
		first <- err
	}()
	<-begun
	go func() {
		answer, err := store.Idempotent(context.Background(), d.DB, create("key-1"), now, title, counted(&calls, "key-1"))
		if err == nil && answer != "key-1" {
			err = fmt.Errorf("answer is %q", answer)
		}
		second <- err
	}()
	close(let)
	for _, done := range []chan error{first, second} {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	wantEqual(t, "calls", calls, 1)
}

func idempotencySecondWaitsInVain(t *testing.T, d *database) {
	d.reopen(t, store.Options{WriteWait: shortWait})
	calls := 0
	begun, let, first := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := store.Idempotent(context.Background(), d.DB, create("key-1"), now, title,
			func(ctx context.Context, tx *store.Tx) (store.Outcome[string], error) {
				close(begun)
				<-let
				return counted(&calls, "key-1")(ctx, tx)
			})
		first <- err
	}()
	<-begun
	_, err := store.Idempotent(t.Context(), d.DB, create("key-1"), now, title, counted(&calls, "key-1"))
	if wantProblem(t, err, problem.Unavailable).RetryAfter <= 0 {
		t.Error("the problem does not say when to ask again")
	}
	close(let)
	if err := <-first; err != nil {
		t.Error(err)
	}
	wantEqual(t, "calls", calls, 1)
}

func idempotencyPurge(t *testing.T, d *database) {
	calls := 0
	send := func(at time.Time) {
		_, err := store.Idempotent(t.Context(), d.DB, create("key-1"), at, title,
			func(context.Context, *store.Tx) (store.Outcome[string], error) {
				calls++
				return store.Outcome[string]{Answer: "done"}, nil
			})
		if err != nil {
			t.Fatal(err)
		}
	}
	purge := func(before time.Time) (purged int64) {
		d.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			purged, err = tx.PurgeIdempotencyKeys(ctx, before)
			return err
		})
		return purged
	}
	send(now)
	wantEqual(t, "purged too early", purge(now), int64(0))
	send(now.Add(store.KeptFor))
	wantEqual(t, "calls", calls, 1)
	wantEqual(t, "purged", purge(now.Add(time.Second)), int64(1))
	send(now.Add(store.KeptFor))
	wantEqual(t, "calls", calls, 2)
}
