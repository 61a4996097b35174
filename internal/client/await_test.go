package client

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

func TestWhatAReadThatWaitsAsksFor(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) { write200(w, api.Connection{UID: "u-1"}) })
	c := rec.client(t, nil)
	for _, within := range []time.Duration{20 * time.Second, 1999 * time.Millisecond, 999 * time.Millisecond, 0, -time.Second} {
		if _, err := c.AwaitConnection(t.Context(), "records-prod", within); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.AwaitEdgeAttachment(t.Context(), "records-prod", "web", time.Minute); err != nil {
		t.Fatal(err)
	}
	want := []string{"wait=20", "wait=1", "", "", "", "wait=60"}
	for i, request := range rec.seen() {
		if got := request.header.Get("Prefer"); got != want[i] {
			t.Errorf("request %d prefers %q, want %q", i, got, want[i])
		}
	}
}

// What goes wrong while an answer is held back is for whoever waits to judge; a plain read is asked again.
func TestAReadThatWaitsIsAskedOnce(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		writeProblem(w, http.StatusServiceUnavailable, "unavailable")
	})
	c := rec.client(t, func(config *Config) { config.MaxRetries = 2 })
	if _, err := c.AwaitConnection(t.Context(), "records-prod", time.Second); !IsUnavailable(err) || len(rec.seen()) != 1 {
		t.Errorf("it was asked %d times: %v", len(rec.seen()), err)
	}
	if _, err := c.AwaitConnection(t.Context(), "records-prod", 0); !IsUnavailable(err) || len(rec.seen()) != 4 {
		t.Errorf("it was asked %d times: %v", len(rec.seen()), err)
	}

	broken := record(t, func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) })
	var unreachable *Unreachable
	if _, err := broken.client(t, nil).AwaitConnection(t.Context(), "records-prod", time.Second); !errors.As(err, &unreachable) || unreachable.Attempts != 1 {
		t.Errorf("the error is %v", err)
	}
}

func TestTheLongestWaitLeavesTimeForTheAnswer(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]time.Duration{
		DefaultRequestTimeout: 20 * time.Second, 5 * time.Minute: time.Minute, 2 * time.Second: time.Second, time.Second: 0,
	} {
		c, err := New(Config{Endpoint: "https://broker.example", RequestTimeout: timeout})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.LongestAwait(); got != want {
			t.Errorf("of %v it waits %v, want %v", timeout, got, want)
		}
	}
}
