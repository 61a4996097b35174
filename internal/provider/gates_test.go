package provider_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// gate stands before a broker and tells when requests come that a test waits for.
type gate struct {
	method, path string
	came, gone   chan string // a path of each that has come, and of each whose sender did not wait for the answer
	closed       chan struct{}
}

// gateFor lets requests through until it is shut.
func gateFor(method, path string) *gate {
	open := make(chan struct{})
	close(open)
	return &gate{method: method, path: path, came: make(chan string, 100), gone: make(chan string, 100), closed: open}
}

// shut makes a gate that holds requests up until it is opened.
func shut(method, path string) *gate {
	g := gateFor(method, path)
	g.closed = make(chan struct{})
	return g
}

func (g *gate) open() { close(g.closed) }

// option puts the gate before the broker. What a test does itself does not go through it.
func (g *gate) option(config *broker.Config) {
	inner := config.Middleware
	config.Middleware = func(next http.Handler) http.Handler {
		if inner != nil {
			next = inner(next)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			terraforms := strings.Contains(r.UserAgent(), "terraform-provider-hscn")
			if !terraforms || r.Method != g.method || r.URL.Path != "/v1/"+g.path || g.method == http.MethodGet && r.Header.Get("Prefer") == "" {
				next.ServeHTTP(w, r)
				return
			}
			g.came <- g.path
			select {
			case <-g.closed:
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
			}
			if r.Context().Err() != nil {
				g.gone <- g.path
			}
		})
	}
}

// running is a command of the CLI that goes on while the test acts.
type running struct {
	t       *testing.T
	command *exec.Cmd
	ended   chan error

	mu     sync.Mutex
	output bytes.Buffer
}

// start starts a command.
func start(t *testing.T, w *acctest.Workspace, command string, arguments ...string) *running {
	t.Helper()
	r := &running{t: t, command: w.Command(t.Context(), command, arguments...), ended: make(chan error, 1)}
	r.command.Stdout, r.command.Stderr = r, r
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.command.Wait() }()
	return r
}

// Write implements io.Writer.
func (r *running) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.output.Write(text)
}

func (r *running) printed() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(strings.Fields(r.output.String()), " ")
}

// until returns when a gate has told of a request.
func (r *running) until(told <-chan string) {
	r.t.Helper()
	select {
	case <-told:
	case err := <-r.ended:
		r.t.Fatalf("it ended before that: %v\n%s", err, r.printed())
	case <-time.After(2 * time.Minute):
		r.t.Fatalf("nothing comes\n%s", r.printed())
	}
}

// interrupt is Ctrl-C.
func (r *running) interrupt() {
	r.t.Helper()
	if err := r.command.Process.Signal(os.Interrupt); err != nil {
		r.t.Fatal(err)
	}
}

// ends returns what the command printed, once it has ended, and its error.
func (r *running) ends() (string, error) {
	r.t.Helper()
	err := <-r.ended
	return r.printed(), err
}

// succeeds is ends of a command that has to succeed.
func (r *running) succeeds() string {
	r.t.Helper()
	output, err := r.ends()
	if err != nil {
		r.t.Fatalf("%v\n%s", err, output)
	}
	return output
}
