//go:build linux

package kills

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
)

// diagnostic is an error as Terraform tells it to machines.
type diagnostic struct{ Severity, Summary, Detail, Address string }

// importBlock is the block of an error that says what to adopt, as it is printed.
var importBlock = regexp.MustCompile(`(?m)^ *import \{\n *to = (\S+)\n *id = "(\S+)"\n *\}$`)

// outcome is what a command of Terraform's came to.
type outcome struct {
	// code is the exit code, -1 of a process that was killed.
	code   int
	errors []diagnostic
	// output is all that was printed.
	output string
}

// told fails the test with what a command printed.
func (w *world) told(o outcome, format string, arguments ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\nThe exit code is %d, and what was printed:\n%s", fmt.Sprintf(format, arguments...), o.code, o.output)
}

// apply runs a whole apply.
func (w *world) apply() outcome {
	w.t.Helper()
	return w.finish(w.workspace.Command(w.ctx, "apply", "-auto-approve", "-json"), nil)
}

// finish runs a command to its end, and calls started meanwhile, with its process.
func (w *world) finish(command *exec.Cmd, started func(process *os.Process)) outcome {
	w.t.Helper()
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Start(); err != nil {
		w.t.Fatal(err)
	}
	if started != nil {
		started(command.Process)
	}
	var exit *exec.ExitError
	if err := command.Wait(); err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	o := outcome{code: command.ProcessState.ExitCode()}
	for line := range strings.Lines(stdout.String()) {
		var message struct {
			Type       string
			Message    string `json:"@message"`
			Diagnostic diagnostic
		}
		if err := json.Unmarshal([]byte(line), &message); err != nil {
			o.output += line // of somebody who was killed in the middle of it
			continue
		}
		o.output += message.Message + "\n"
		if message.Type == "diagnostic" && message.Diagnostic.Severity == "error" {
			o.errors = append(o.errors, message.Diagnostic)
			o.output += message.Diagnostic.Address + ": " + message.Diagnostic.Detail + "\n"
		}
	}
	o.output += stderr.String()
	return o
}

// interrupt runs an apply in which the round's victim is killed.
func (w *world) interrupt() outcome {
	w.t.Helper()
	process, struck := make(chan *os.Process, 1), make(chan error, 1)
	kill := w.round.kill
	w.gate.set(trap{kill: kill, spring: func() { struck <- w.strike(<-process) }})
	command := w.workspace.Command(w.ctx, "apply", "-auto-approve", "-json")
	// A group of its own says which provider is whose, and outlives the Terraform that made it.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	o := w.finish(command, func(started *os.Process) {
		process <- started
		w.t.Cleanup(func() {
			if _, err := killProviders(started.Pid, w.provider); err != nil {
				w.t.Error(err)
			}
		})
	})
	// What was under way when somebody died may still be done, the killing itself among it.
	w.gate.quiet()
	select {
	case err := <-struck:
		if err != nil {
			w.told(o, "%v", err)
		}
	default:
		w.told(o, "the apply ended before anything was killed")
	}
	if kill.victim == theBroker && kill.wholly {
		w.bringBack()
	}
	if w.returned != nil {
		if err := <-w.returned; err != nil {
			w.t.Fatal(err)
		}
	}
	return o
}

// strike kills the victim of an apply of that Terraform, which leads the process group of its pid. What has ended by then
// is as good as killed.
func (w *world) strike(cli *os.Process) error {
	switch kill := w.round.kill; kill.victim {
	case theProvider:
		killed, err := killProviders(cli.Pid, w.provider)
		if err == nil && killed == 0 && kill.moment != afterwards {
			err = errors.New("there is no provider to kill")
		}
		return err
	case terraform:
		if err := ignore(cli.Kill(), os.ErrProcessDone); err != nil || !kill.wholly {
			return err
		}
		_, err := killProviders(cli.Pid, w.provider)
		return err
	default:
		if err := w.gate.leadTo(""); err != nil {
			return err
		}
		if err := w.broker.Kill(); err != nil {
			return err
		}
		if !w.round.kill.wholly {
			w.bringBack()
		}
		return nil
	}
}

// bringBack starts the broker again without waiting until it serves; w.returned says when it does.
func (w *world) bringBack() {
	returned := make(chan error, 1)
	w.returned = returned
	go func() {
		err := w.broker.Start()
		if err == nil {
			err = w.gate.leadTo(w.broker.URL())
		}
		returned <- err
	}()
}
