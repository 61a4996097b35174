package acctest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

// Process is a broker as it is shipped, in a process of its own, which a test may kill and start again on the same
// database. The clock is the machine's, and jobs are done when they are due. It listens at another port after each start:
// one that was given back may be somebody else's by then.
type Process struct {
	t         *testing.T
	program   string
	arguments []string
	tokenFile string

	mu      sync.Mutex
	command *exec.Cmd
	url     string
	ended   chan error
	log     bytes.Buffer
}

// serving is how a broker says where it answers.
var serving = regexp.MustCompile(`^hscn-broker \S+ serves (\S+)$`)

// NewProcess starts a broker on a database, which is the path of a SQLite file or a postgres:// URL, and kills it when the
// test ends. What it logged is shown where the test fails.
func NewProcess(t *testing.T, database string) *Process {
	t.Helper()
	p := &Process{t: t, program: BrokerProgram(t), tokenFile: filepath.Join(t.TempDir(), "operator.token")}
	p.arguments = []string{
		"serve", "--address", "127.0.0.1:0", "--database", database, "--operator-token-file", p.tokenFile, "--log-level", "warn",
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
		if t.Failed() && p.log.Len() > 0 {
			t.Logf("the broker logged:\n%s", &p.log)
		}
	})
	return p
}

// Start starts a broker that was killed, and returns when it serves. Tests call it from any goroutine.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.command != nil {
		return nil
	}
	command := exec.CommandContext(p.t.Context(), p.program, p.arguments...) //nolint:gosec // what this package built
	command.Env, command.Stderr = withoutOurs(os.Environ()), &p.log
	output, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	p.ended = make(chan error, 1)
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if match := serving.FindStringSubmatch(lines.Text()); match != nil {
			p.command, p.url = command, match[1]
			go func(ended chan<- error) {
				_, err := io.Copy(io.Discard, output) // a pipe that nobody reads would stop it
				ended <- errors.Join(err, command.Wait())
			}(p.ended)
			return nil
		}
	}
	return fmt.Errorf("the broker ended before it served: %w\n%s", errors.Join(lines.Err(), command.Wait()), &p.log)
}

// Kill ends the broker as a power cut does (SIGKILL), and returns when it has gone. Tests call it from any goroutine. A
// broker that ended by itself is an error.
func (p *Process) Kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.command == nil {
		return nil
	}
	command := p.command
	p.command = nil
	err := command.Process.Kill()
	// How it ended tells something only where it did so by itself.
	if ended := <-p.ended; err != nil && p.t.Context().Err() == nil {
		return fmt.Errorf("the broker ended before it was killed: %w", errors.Join(err, ended))
	}
	return nil
}

// URL is where the broker answers since it was last started.
func (p *Process) URL() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.url
}

// Token is the operator's of the first start, a person's with every role.
func (p *Process) Token() string {
	p.t.Helper()
	secret, err := os.ReadFile(p.tokenFile)
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.TrimSpace(string(secret))
}

// As is a client that calls the broker with a token, where it answers now.
func (p *Process) As(token string) api.ClientInterface {
	p.t.Helper()
	c, err := client.New(client.Config{Endpoint: p.URL(), Token: token, MaxRetries: 0})
	if err != nil {
		p.t.Fatal(err)
	}
	return c.API()
}

// Run runs one of hscn-broker's commands as the operator, who calls the broker. It has to succeed.
func (p *Process) Run(arguments ...string) string {
	p.t.Helper()
	command := exec.CommandContext(p.t.Context(), p.program, append(arguments, "--endpoint", p.URL(), "--token-file", p.tokenFile)...) //nolint:gosec // what this package built
	command.Env = withoutOurs(os.Environ())
	output, err := command.CombinedOutput()
	if err != nil {
		p.t.Fatalf("hscn-broker %s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
	return string(output)
}
