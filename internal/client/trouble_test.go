package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
)

// trouble is what befalls one attempt.
type trouble int

// The troubles, each with what its caller sees.
const (
	lostBefore    trouble = iota // the request is lost: the connection is reset
	lostAfter                    // the answer is lost: the connection is reset
	gatewayBefore                // a gateway does not reach the broker: its own page, with 503
	gatewayAfter                 // a gateway does not hear from the broker what it did: its own page, with 502
	brokenBody                   // the answer breaks off in its body
	endedBody                    // the answer has no length and ends in mid-JSON
	sentTwice                    // a proxy sends the request twice, and hands on the second answer
	comesLate                    // the request arrives when its caller has given it up
	troubles
)

// String implements fmt.Stringer.
func (t trouble) String() string {
	return [...]string{"lost before", "lost after", "gateway before", "gateway after", "broken body", "ended body", "sent twice", "comes late"}[t]
}

// troubled is a transport on which troubles befall the next requests, one each.
type troubled struct {
	base http.RoundTripper

	mu       sync.Mutex
	next     []trouble
	late     []*http.Request
	befallen map[trouble]int
	key      string
}

// expect sets what befalls the next requests.
func (t *troubled) expect(next []trouble) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next, t.key = next, ""
}

// lastKey is the key of the last write since expect.
func (t *troubled) lastKey() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.key
}

// settle delivers the requests that come late, and ends all trouble. It returns how many those were.
func (t *troubled) settle() (int, error) {
	t.mu.Lock()
	late := t.late
	t.late, t.next = nil, nil
	t.mu.Unlock()
	for _, request := range late {
		response, err := t.base.RoundTrip(request)
		if err != nil {
			return 0, fmt.Errorf("deliver a request late: %w", err)
		}
		if _, err := drained(response); err != nil {
			return 0, fmt.Errorf("deliver a request late: %w", err)
		}
	}
	return len(late), nil
}

// count is how many troubles there were.
func (t *troubled) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, times := range t.befallen {
		n += times
	}
	return n
}

// befall takes the trouble of a request.
func (t *troubled) befall(request *http.Request) (trouble, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if key := request.Header.Get("Idempotency-Key"); key != "" {
		t.key = key
	}
	if len(t.next) == 0 {
		return 0, false
	}
	one := t.next[0]
	t.next = t.next[1:]
	if t.befallen == nil {
		t.befallen = make(map[trouble]int)
	}
	t.befallen[one]++
	return one, true
}

// RoundTrip implements http.RoundTripper.
func (t *troubled) RoundTrip(request *http.Request) (*http.Response, error) {
	one, troubled := t.befall(request)
	if !troubled {
		return t.base.RoundTrip(request)
	}
	var body []byte
	if request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
		request.Body.Close()
	}
	// Whoever is connected sends the request, be its answer lost: a transport of net/http says so.
	send := func() (*http.Response, []byte, error) {
		response, err := t.base.RoundTrip(again(request.Context(), request, body))
		if err != nil {
			return nil, nil, err
		}
		content, err := drained(response)
		return response, content, err
	}
	reset := fmt.Errorf("read: %w", syscall.ECONNRESET)
	switch one {
	case lostBefore:
		return nil, reset
	case gatewayBefore:
		return page(request, http.StatusServiceUnavailable), nil
	case comesLate:
		t.mu.Lock()
		defer t.mu.Unlock()
		t.late = append(t.late, again(context.WithoutCancel(request.Context()), request, body))
		return nil, context.DeadlineExceeded
	case sentTwice:
		if _, _, err := send(); err != nil {
			return nil, err
		}
	}
	response, content, err := send()
	if err != nil {
		return nil, err
	}
	switch one {
	case lostAfter:
		return nil, reset
	case gatewayAfter:
		return page(request, http.StatusBadGateway), nil
	case brokenBody:
		response.Body = io.NopCloser(io.MultiReader(bytes.NewReader(content[:len(content)/2]), broken{}))
	case endedBody:
		response.Body, response.ContentLength, response.TransferEncoding = io.NopCloser(bytes.NewReader(content[:len(content)/2])), -1, nil
	default:
		response.Body = io.NopCloser(bytes.NewReader(content))
	}
	return response, nil
}

// again is the request with its body once more.
func again(ctx context.Context, request *http.Request, body []byte) *http.Request {
	another := request.Clone(ctx)
	another.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) == 0 {
		another.Body = http.NoBody
	}
	return another
}

func drained(response *http.Response) ([]byte, error) {
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

// page is the answer of a gateway.
func page(request *http.Request, status int) *http.Response {
	const text = "<html><body>The service is not available.</body></html>"
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: request, ContentLength: int64(len(text)),
		Header: http.Header{"Content-Type": {"text/html"}, "Retry-After": {"0"}}, Body: io.NopCloser(strings.NewReader(text)),
	}
}

// broken is a body that the connection does not bring to its end.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("read: connection reset by peer") }
