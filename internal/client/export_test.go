package client

import (
	"math/rand/v2"
	"net/http"
	"time"
)

// NewPaced is New with short waits between attempts, over a transport that is New's own where it is nil. The
// configuration has a RequestTimeout.
func NewPaced(config Config, transport http.RoundTripper) (*Client, error) {
	if transport == nil {
		transport = pooled(config.RequestTimeout)
	}
	return newClient(config, transport, pacing{base: 2 * time.Millisecond, ceiling: 20 * time.Millisecond, random: rand.Float64, now: time.Now})
}
