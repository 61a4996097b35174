package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"
)

// providerVersion is the version under which the stage offers the provider to Terraform.
const providerVersion = "0.1.0"

// stepError is a step that did not do what it says.
type stepError struct {
	step, reason string
}

func (e *stepError) Error() string { return e.step + ": " + e.reason }

// stage is everything that the demo makes: a directory, a broker, and how to run commands in it.
type stage struct {
	directory string
	broker    *exec.Cmd
	brokerLog *bytes.Buffer
	ended     chan error
	env       []string
	cli       string
	colour    bool
	step      string
}

// newStage makes the directory with the provider where Terraform finds it, and starts the broker.
func newStage(ctx context.Context, binaries, cli string) (_ *stage, err error) {
	if cli == "" {
		return nil, errors.New("neither -terraform nor HSCN_TERRAFORM names a terraform or tofu program; `make demo` finds or builds one")
	}
	binaries, err = filepath.Abs(binaries)
	if err != nil {
		return nil, err
	}
	for _, program := range []string{"terraform-provider-hscn", "hscn-broker"} {
		if _, err := os.Stat(filepath.Join(binaries, program)); err != nil {
			return nil, fmt.Errorf("%s is not built (%w); run `make build` first", program, err)
		}
	}
	directory, err := os.MkdirTemp("", "hscn-demo-")
	if err != nil {
		return nil, err
	}
	s := &stage{directory: directory, cli: cli, brokerLog: &bytes.Buffer{}, ended: make(chan error, 1)}
	s.colour = term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == ""
	defer func() {
		if err != nil {
			err = errors.Join(err, s.clear())
		}
	}()
	if err := s.installProvider(binaries); err != nil {
		return nil, err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	s.env = s.environment(binaries, "http://"+address)
	return s, s.startBroker(ctx, filepath.Join(binaries, "hscn-broker"), address)
}

// installProvider puts the provider into a mirror directory for every registry that a CLI may take it from, so that
// `init` is the ordinary one and needs no network.
func (s *stage) installProvider(binaries string) error {
	mirror := filepath.Join(s.directory, "mirror")
	for _, registry := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		folder := filepath.Join(mirror, registry, "hscn-connect", "hscn", providerVersion, runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		link := filepath.Join(folder, "terraform-provider-hscn_v"+providerVersion)
		if err := os.Symlink(filepath.Join(binaries, "terraform-provider-hscn"), link); err != nil {
			return err
		}
	}
	rc := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	return os.WriteFile(filepath.Join(s.directory, "cli.tfrc"), []byte(rc), 0o600)
}

// environment is the caller's without what would change the output, and with what the programs need to find each other.
func (s *stage) environment(binaries, endpoint string) []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "TF_") && !strings.HasPrefix(entry, "HSCN_") && !strings.HasPrefix(entry, "PATH=") {
			env = append(env, entry)
		}
	}
	return append(env,
		"PATH="+binaries+string(os.PathListSeparator)+os.Getenv("PATH"),
		"TF_CLI_CONFIG_FILE="+filepath.Join(s.directory, "cli.tfrc"),
		"TF_IN_AUTOMATION=1",
		"CHECKPOINT_DISABLE=1",
		"HSCN_ENDPOINT="+endpoint,
		"HSCN_OPERATOR_TOKEN_FILE="+s.path("operator.token"),
	)
}

func (s *stage) path(name string) string { return filepath.Join(s.directory, name) }

// freeAddress asks the system for a loopback port that nobody uses.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// startBroker starts the broker and waits until it says that it is ready.
func (s *stage) startBroker(ctx context.Context, program, address string) error {
	s.broker = exec.Command(program, "serve", "--address", address, "--database", s.path("broker.db"), //nolint:noctx // the demo runs what it built, and stops it itself, gently
		"--operator-token-file", s.path("operator.token"))
	s.broker.Env = s.env
	s.broker.Stdout, s.broker.Stderr = s.brokerLog, s.brokerLog
	if err := s.broker.Start(); err != nil {
		return err
	}
	go func() { s.ended <- s.broker.Wait() }()

	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-s.ended:
			s.ended <- err
			return fmt.Errorf("the broker ended before it was ready (%w):\n%s", err, s.brokerLog)
		case <-tick.C:
		}
	}
}

// clear stops the broker and removes the directory.
func (s *stage) clear() error {
	var stopped error
	if s.broker != nil && s.broker.Process != nil {
		_ = s.broker.Process.Signal(syscall.SIGTERM)
		select {
		case stopped = <-s.ended:
		case <-time.After(10 * time.Second):
			_ = s.broker.Process.Kill()
			stopped = errors.New("the broker did not stop within 10 seconds")
		}
	}
	return errors.Join(stopped, os.RemoveAll(s.directory))
}

// result is what a command printed and how it ended.
type result struct {
	output string
	code   int
}

// command runs a program in the stage's directory and shows it with its output. quiet leaves the output out.
func (s *stage) command(ctx context.Context, quiet bool, program string, arguments ...string) (result, error) {
	shown := append([]string{filepath.Base(program)}, arguments...)
	fmt.Printf("\n%s\n", s.paint("1", "$ "+quoted(shown)))
	run := exec.CommandContext(ctx, program, arguments...)
	if !strings.ContainsRune(program, filepath.Separator) {
		if found, err := lookIn(s.env, program); err == nil {
			run = exec.CommandContext(ctx, found, arguments...)
		}
	}
	run.Dir, run.Env = s.directory, s.env
	var captured bytes.Buffer
	var shownTo io.Writer = &captured
	if !quiet {
		shownTo = io.MultiWriter(&captured, os.Stdout)
	}
	run.Stdout, run.Stderr = shownTo, shownTo
	err := run.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return result{}, &stepError{s.step, err.Error()}
	}
	return result{output: captured.String(), code: run.ProcessState.ExitCode()}, nil
}

// lookIn finds a program in the PATH of env, which need not be this process's.
func lookIn(env []string, program string) (string, error) {
	for _, entry := range env {
		if list, ok := strings.CutPrefix(entry, "PATH="); ok {
			for _, folder := range filepath.SplitList(list) {
				candidate := filepath.Join(folder, program)
				if info, err := os.Stat(candidate); err == nil && !info.IsDir() {
					return candidate, nil
				}
			}
		}
	}
	return "", exec.ErrNotFound
}

// quoted writes a command so that it can be pasted into a shell.
func quoted(words []string) string {
	for i, word := range words {
		if strings.ContainsAny(word, " '\"$") {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

func (s *stage) paint(code, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
