package client

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// retryBase and retryCeiling bound the wait before a request is asked again: up to a quarter of a second, then up to
	// twice that, and so on, but never more than the ceiling.
	retryBase    = 250 * time.Millisecond
	retryCeiling = 10 * time.Second
	// maxRetryAfter is the longest wait that a server is granted. One that asks for more is taken at this word.
	maxRetryAfter = 30 * time.Second
)

// pacing is when a request is asked again.
type pacing struct {
	base, ceiling time.Duration
	random        func() float64 // in [0, 1)
	now           func() time.Time
}

// transient says that a status may pass by itself, and that it says nothing of whether what was asked is done: the broker
// remembers none of them for an idempotency key. All of 5xx is among them, those too by which a broker would mean that it
// never does it, such as 501: a gateway in front of it means something else.
func transient(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	default:
		return status >= 500 && status < 600
	}
}

// again implements retryablehttp.CheckRetry. Statuses that may pass and connections that broke are asked again, as long
// as the deadline leaves time for it; whatever the broker means stays its answer.
func (p pacing) again(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if err == nil && !transient(resp.StatusCode) {
		return false, nil // it is an answer, also where the context has ended meanwhile
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if askedOnce(ctx) {
		return false, nil
	}
	if err != nil {
		if errors.Is(err, errTooLarge) {
			return false, nil
		}
		switch reasonOf(err) {
		case NotTrusted, NoSuchHost, Interrupted:
			return false, nil
		default:
			return true, nil
		}
	}
	if after, ok := p.retryAfter(resp); ok {
		if deadline, limited := ctx.Deadline(); limited && p.now().Add(after).After(deadline) {
			return false, nil // the answer at hand is all that there will be
		}
	}
	return true, nil
}

// wait is how long to wait before attempt number attempt+2: a random time up to a bound that doubles, so that many
// clients which failed together do not come back together ("full jitter"), on top of what the server asks for.
func (p pacing) wait(attempt int, resp *http.Response) time.Duration {
	bound := p.ceiling
	if doubled := float64(p.base) * math.Pow(2, float64(attempt)); doubled < float64(p.ceiling) {
		bound = time.Duration(doubled)
	}
	jitter := time.Duration(p.random() * float64(bound))
	if after, ok := p.retryAfter(resp); ok {
		return after + min(jitter, p.base)
	}
	return jitter
}

// retryAfter is what the answer says of when to ask again, in either of its forms (RFC 9110, section 10.2.3), and never
// more than maxRetryAfter.
func (p pacing) retryAfter(resp *http.Response) (time.Duration, bool) {
	if resp == nil {
		return 0, false
	}
	value := strings.TrimSpace(resp.Header.Get("Retry-After"))
	// Of a number that is too large for its type ParseUint returns the largest, which is clamped like any other.
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil || errors.Is(err, strconv.ErrRange) {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter), true
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(p.now()), 0), maxRetryAfter), true
	}
	return 0, false
}
