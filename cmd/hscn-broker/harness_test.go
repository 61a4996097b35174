package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
)

// result is what a command left.
type result struct {
	code           int
	stdout, stderr string
}

// invoke runs the program in this process.
func invoke(t *testing.T, env map[string]string, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := execute(t.Context(), args, surroundings{
		stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr, getenv: func(name string) string { return env[name] },
	})
	return result{code: code, stdout: stdout.String(), stderr: stderr.String()}
}

// says fails the test unless the command failed with that code and said these words.
func (r result) says(t *testing.T, code int, words ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d\n%s%s", r.code, code, r.stdout, r.stderr)
	}
	for _, w := range words {
		if !strings.Contains(r.stderr, w) {
			t.Errorf("standard error does not say %q:\n%s", w, r.stderr)
		}
	}
}

// ok fails the test unless the command succeeded, and returns its standard output.
func (r result) ok(t *testing.T) string {
	t.Helper()
	if r.code != exitOK {
		t.Fatalf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// bundle is a broker and an operator who calls it.
type bundle struct {
	*brokertest.Broker
	env map[string]string
}

func setup(t *testing.T) bundle {
	t.Helper()
	b := brokertest.Start(t)
	token, err := b.BootstrapToken(t.Context(), api.TokenSpec{
		Subject: "Olga Operator", Kind: api.Person,
		Roles: []api.Role{api.RoleRecorder, api.RoleApprover, api.RoleAdministrator, api.RoleAuditor},
	})
	if err != nil {
		t.Fatal(err)
	}
	return bundle{Broker: b, env: map[string]string{envEndpoint: b.URL(), envToken: token}}
}

// run runs a command that calls the bundle's broker.
func (b bundle) run(t *testing.T, args ...string) result {
	t.Helper()
	return invoke(t, b.env, "", args...)
}

// write writes a file and returns its name.
func write(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// announced collects what serve prints, and says when it serves.
type announced struct {
	mu     sync.Mutex
	buffer bytes.Buffer
	url    chan string
}

var serving = regexp.MustCompile(`(?m)^hscn-broker \S+ serves (\S+)$`)

func (a *announced) Write(data []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, err := a.buffer.Write(data)
	if match := serving.FindStringSubmatch(a.buffer.String()); match != nil {
		select {
		case a.url <- match[1]:
		default:
		}
	}
	return n, err
}

func (a *announced) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.buffer.String()
}

// served is a "serve" that runs.
type served struct {
	url    string
	stdout *announced
	stop   func() int // interrupts it, and returns its exit code
}

// serveInBackground runs "serve" with these arguments until it is stopped or the test ends.
func serveInBackground(t *testing.T, args ...string) served {
	t.Helper()
	ctx, interrupt := context.WithCancel(context.WithoutCancel(t.Context()))
	out := &announced{url: make(chan string, 1)}
	code := make(chan int, 1)
	var stderr bytes.Buffer
	go func() {
		code <- execute(ctx, append([]string{"serve", "--address", "127.0.0.1:0"}, args...), surroundings{
			stdin: strings.NewReader(""), stdout: out, stderr: &stderr, getenv: func(string) string { return "" },
		})
	}()
	stop := sync.OnceValue(func() int {
		interrupt()
		return <-code
	})
	t.Cleanup(func() { stop() })
	select {
	case url := <-out.url:
		return served{url: url, stdout: out, stop: stop}
	case failed := <-code:
		code <- failed
		t.Fatalf("serve ended with %d:\n%s", failed, stderr.String())
		return served{}
	}
}
