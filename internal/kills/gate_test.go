//go:build linux

package kills

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"
)

// trap is what the gate does at one request.
type trap struct {
	kill kill
	// spring does it. The request goes on when it returns.
	spring func()
}

// gate stands between the provider and the broker, at an address that stays. While the broker is away it breaks
// connections, as those to a broker break that dies.
type gate struct {
	server *httptest.Server
	proxy  *httputil.ReverseProxy

	mu     sync.Mutex
	idle   *sync.Cond
	open   int // requests that are under way
	target *url.URL
	trap   *trap
	seen   int // of the requests that the trap counts
	// creates are the sums of the idempotency keys that creates carried, by path.
	creates map[string]map[string]bool
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{creates: map[string]map[string]bool{}}
	g.idle = sync.NewCond(&g.mu)
	g.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(targetOf(r.In)) },
		// A connection for each request: none is left over from a broker that has died.
		Transport:    &http.Transport{DisableKeepAlives: true},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	g.server = httptest.NewServer(g)
	t.Cleanup(g.server.Close)
	return g
}

// leadTo says where the broker is, which is nowhere while the address is empty.
func (g *gate) leadTo(address string) error {
	var target *url.URL
	if address != "" {
		var err error
		if target, err = url.Parse(address); err != nil {
			return err
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.target = target
	return nil
}

// set sets a trap, for once.
func (g *gate) set(t trap) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trap, g.seen = &t, 0
}

// quiet waits until no request is under way.
func (g *gate) quiet() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.open > 0 {
		g.idle.Wait()
	}
}

// made says that a create of that name carried the key of which this is the sum.
func (g *gate) made(name, sum string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.creates["/v1/"+name][sum]
}

// targetKey is how a request knows where the broker was when it came.
type targetKey struct{}

func targetOf(r *http.Request) *url.URL {
	target, _ := r.Context().Value(targetKey{}).(*url.URL)
	return target
}

// ServeHTTP implements http.Handler.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target, sprung := g.enter(r)
	defer g.leave()
	if sprung == nil {
		g.forward(w, r, target)
		return
	}
	switch sprung.kill.moment {
	case onArrival:
		sprung.spring()
		g.forward(w, r, g.leadsTo())
	case underWay:
		done := make(chan struct{})
		go func() {
			defer close(done)
			<-time.After(sprung.kill.pause) // not for anything to happen: it is where the kill falls
			sprung.spring()
		}()
		defer func() { <-done }()
		g.forward(w, r, target)
	case onAnswer:
		g.forward(&springing{ResponseWriter: w, spring: sprung.spring, gate: g}, r, target)
	case afterwards:
		g.forward(w, r, target)
		_ = http.NewResponseController(w).Flush() // who waits for it may have been killed by something else
		<-time.After(sprung.kill.pause)
		sprung.spring()
	}
}

// enter notes that a request is under way, and returns where to and, where it is the one, what is to be done at it.
func (g *gate) enter(r *http.Request) (*url.URL, *trap) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open++
	switch r.Method {
	case http.MethodPut:
		sum := sha256.Sum256([]byte(r.Header.Get("Idempotency-Key")))
		if g.creates[r.URL.Path] == nil {
			g.creates[r.URL.Path] = map[string]bool{}
		}
		g.creates[r.URL.Path][hex.EncodeToString(sum[:])] = true
	case http.MethodPatch, http.MethodDelete:
	default:
		return g.target, nil
	}
	if g.trap == nil || g.trap.kill.creates && r.Method != http.MethodPut {
		return g.target, nil
	}
	g.seen++
	if g.seen != g.trap.kill.write {
		return g.target, nil
	}
	sprung := g.trap
	g.trap = nil
	return g.target, sprung
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open--
	g.idle.Broadcast()
}

func (g *gate) leadsTo() *url.URL {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.target
}

func (g *gate) forward(w http.ResponseWriter, r *http.Request, target *url.URL) {
	if target == nil {
		panic(http.ErrAbortHandler)
	}
	g.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), targetKey{}, target)))
}

// springing springs a trap before it passes an answer on, and passes it on only from a broker that is still there.
type springing struct {
	http.ResponseWriter
	spring func()
	gate   *gate
}

// WriteHeader implements http.ResponseWriter.
func (s *springing) WriteHeader(status int) {
	s.spring()
	if s.gate.leadsTo() == nil {
		panic(http.ErrAbortHandler)
	}
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (s *springing) Unwrap() http.ResponseWriter { return s.ResponseWriter }
