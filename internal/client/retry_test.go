package client

import (
	"context"
	"crypto/x509"
	"errors"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func testPacing() pacing {
	return pacing{base: time.Millisecond, ceiling: 4 * time.Millisecond, random: func() float64 { return 0.5 }, now: func() time.Time { return noon }}
}

// answer is a response of which only status and Retry-After matter.
type answer struct {
	status     int
	retryAfter string
}

func (a answer) response() http.Response {
	return http.Response{StatusCode: a.status, Header: http.Header{"Retry-After": {a.retryAfter}}, Body: http.NoBody}
}

func (a answer) isAskedAgain(ctx context.Context, pace pacing) (bool, error) {
	response := a.response()
	return pace.again(ctx, &response, nil)
}

func TestOnlyWhatMayPassIsAskedAgain(t *testing.T) {
	t.Parallel()
	for status := 200; status < 700; status++ {
		want := slices.Contains([]int{408, 425, 429}, status) || status >= 500 && status < 600
		if got, err := (answer{status, ""}).isAskedAgain(t.Context(), testPacing()); err != nil || got != want {
			t.Errorf("status %d: asked again %t, %v", status, got, err)
		}
	}
}

func TestOnlyConnectionsThatBrokeAreAskedAgain(t *testing.T) {
	t.Parallel()
	wrap := func(err error) error { return &url.Error{Op: "Get", URL: "https://broker.example/v1/policy", Err: err} }
	tests := map[string]struct {
		err    error
		reason Reason
		again  bool
	}{
		"refused":             {wrap(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), Refused, true},
		"reset":               {wrap(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), Broken, true},
		"attempt timed out":   {wrap(context.DeadlineExceeded), TimedOut, true},
		"name server is down": {wrap(&net.DNSError{IsTemporary: true}), Broken, true},
		"no such host":        {wrap(&net.DNSError{IsNotFound: true}), NoSuchHost, false},
		"unknown authority":   {wrap(x509.UnknownAuthorityError{}), NotTrusted, false},
		"other host":          {wrap(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "broker.example"}), NotTrusted, false},
		"no TLS there":        {wrap(http.ErrSchemeMismatch), NotTrusted, false},
		"interrupted":         {wrap(context.Canceled), Interrupted, false},
		"cut short":           {wrap(errCutShort), Broken, true},
		"too large":           {wrap(errTooLarge), Broken, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := reasonOf(test.err); got != test.reason {
				t.Errorf("the reason is %q, not %q", got, test.reason)
			}
			if got, err := testPacing().again(t.Context(), nil, test.err); got != test.again || err != nil {
				t.Errorf("asked again: %t, %v", got, err)
			}
		})
	}
}

func TestAnEndedContextEndsTheRetries(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := (answer{503, ""}).isAskedAgain(ctx, testPacing()); got || !errors.Is(err, context.Canceled) {
		t.Errorf("got %t, %v", got, err)
	}
	if got, err := (answer{200, ""}).isAskedAgain(ctx, testPacing()); got || err != nil {
		t.Errorf("an answer that came is thrown away: %t, %v", got, err)
	}
}

func TestARetryAfterBeyondTheDeadlineIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	deadline, _ := ctx.Deadline()
	pace := testPacing()
	pace.now = func() time.Time { return deadline.Add(-5 * time.Second) }
	if got, _ := (answer{503, "6"}).isAskedAgain(ctx, pace); got {
		t.Error("it would wait beyond the deadline")
	}
	if got, _ := (answer{503, "4"}).isAskedAgain(ctx, pace); !got {
		t.Error("it does not use the time that there is")
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		header string
		want   time.Duration
		given  bool
	}{
		"none":                  {"", 0, false},
		"seconds":               {"7", 7 * time.Second, true},
		"zero":                  {"0", 0, true},
		"date":                  {noon.Add(9 * time.Second).Format(http.TimeFormat), 9 * time.Second, true},
		"date in the past":      {noon.Add(-time.Hour).Format(http.TimeFormat), 0, true},
		"absurd seconds":        {"86400", maxRetryAfter, true},
		"seconds beyond 64 bit": {"99999999999999999999999", maxRetryAfter, true},
		"absurd date":           {noon.AddDate(10, 0, 0).Format(http.TimeFormat), maxRetryAfter, true},
		"negative":              {"-5", 0, false},
		"words":                 {"soon", 0, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			response := answer{503, test.header}.response()
			got, given := testPacing().retryAfter(&response)
			if got != test.want || given != test.given {
				t.Errorf("%q: %v, %t; want %v, %t", test.header, got, given, test.want, test.given)
			}
		})
	}
}

func TestWaitsAreRandomBoundedAndNeverShorterThanAskedFor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pace := pacing{base: retryBase, ceiling: retryCeiling, now: func() time.Time { return noon }}
		draw := rapid.Float64Range(0, 0.999999).Draw(t, "random")
		pace.random = func() float64 { return draw }
		attempt := rapid.IntRange(0, 100).Draw(t, "attempt")

		wait := pace.wait(attempt, nil)
		bound := math.Min(float64(retryBase)*math.Pow(2, float64(attempt)), float64(retryCeiling))
		if wait < 0 || float64(wait) > bound {
			t.Fatalf("attempt %d waits %v", attempt, wait)
		}

		asked := time.Duration(rapid.IntRange(0, 30).Draw(t, "asked")) * time.Second
		response := answer{503, strconv.Itoa(int(asked / time.Second))}.response()
		wait = pace.wait(attempt, &response)
		if wait < asked || wait > asked+retryBase {
			t.Fatalf("asked for %v, it waits %v", asked, wait)
		}
	})
}
