package brokertest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/gateway"
)

// AskAgain is when a Driver that holds work wants to be asked again, by the broker's clock.
const AskAgain = time.Minute

// Everything stands in a Driver's commands for every object that has no command of its own.
const Everything = ""

// Asked is one call of a Driver.
type Asked struct {
	// Revoke says that it was Revoke, and otherwise Provide.
	Revoke bool
	Task   gateway.Task
}

// Driver is a driver that does what a test commands, by the full name of an object or for Everything. Without a command
// it confirms at once. It may be used by several goroutines, and its zero value is ready.
//
// It works as a real one has to: work that is done under a key is not done again, and Revoke takes away what is there.
type Driver struct {
	mu       sync.Mutex
	commands map[string]*command
	asked    []Asked
	done     map[string]gateway.Outcome // by key: the outcome that stays
	changes  int                        // how often something was made or taken away
	provided map[string]string          // by uid of the object: the key that made what is there
	calls    chan struct{}              // closed when another call is recorded, and then replaced
}

// command is what the driver does to an object.
type command struct {
	outcome gateway.Outcome
	err     error
	builds  string
	leaves  bool
	blocked chan struct{} // closed by the next command; nil where calls do not block
}

var _ gateway.Driver = (*Driver)(nil)

// Confirm has the work on the object confirmed, also what is held or blocked.
func (d *Driver) Confirm(name string) { d.command(name, command{outcome: gateway.Confirmed()}) }

// Build is Confirm for an edge attachment whose gateway is to be built: that is it.
func (d *Driver) Build(name, gatewayID string) {
	d.command(name, command{outcome: gateway.Confirmed(), builds: gatewayID})
}

// Hold has the work on the object go on until another command: the broker asks again after AskAgain.
func (d *Driver) Hold(name string) { d.command(name, command{outcome: gateway.Working(AskAgain)}) }

// Fail has the work on the object fail for that reason.
func (d *Driver) Fail(name, reason string) {
	d.command(name, command{outcome: gateway.Failed(reason)})
}

// Leave has the object fulfilled by hand, from an order that comes after it.
func (d *Driver) Leave(name string) {
	d.command(name, command{leaves: true, outcome: gateway.Confirmed()})
}

// Lose has calls about the object return the error: the driver does not know how far the work is.
func (d *Driver) Lose(name string, err error) { d.command(name, command{err: err}) }

// Block has calls about the object not return until another command, or until they are cut off. Where jobs are done by
// hand, that holds up Work.
func (d *Driver) Block(name string) { d.command(name, command{blocked: make(chan struct{})}) }

func (d *Driver) command(name string, c command) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.commands == nil {
		d.commands = make(map[string]*command)
	}
	if before := d.commands[name]; before != nil && before.blocked != nil {
		close(before.blocked)
	}
	d.commands[name] = &c
}

// Asked returns every call so far, in its order.
func (d *Driver) Asked() []Asked {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.asked)
}

// Called returns a channel that is closed at the next call.
func (d *Driver) Called() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls == nil {
		d.calls = make(chan struct{})
	}
	return d.calls
}

// Provided returns the uids of the objects for which something is there, in their order.
func (d *Driver) Provided() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	uids := make([]string, 0, len(d.provided))
	for uid := range d.provided {
		uids = append(uids, uid)
	}
	slices.Sort(uids)
	return uids
}

// Changes returns how often something was made or taken away.
func (d *Driver) Changes() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changes
}

// Name implements gateway.Driver.
func (*Driver) Name() string { return "test" }

// Fulfils implements gateway.Driver.
func (d *Driver) Fulfils(task gateway.Task) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.commandFor(task.Name).leaves
}

// Provide implements gateway.Driver.
func (d *Driver) Provide(ctx context.Context, task gateway.Task) (gateway.Outcome, error) {
	return d.do(ctx, Asked{Task: task})
}

// Revoke implements gateway.Driver.
func (d *Driver) Revoke(ctx context.Context, task gateway.Task) (gateway.Outcome, error) {
	return d.do(ctx, Asked{Revoke: true, Task: task})
}

func (d *Driver) do(ctx context.Context, asked Asked) (gateway.Outcome, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, asked)
	if d.calls != nil {
		close(d.calls)
		d.calls = nil
	}
	task := asked.Task
	for {
		if err := ctx.Err(); err != nil {
			return gateway.Outcome{}, err
		}
		if outcome, found := d.done[task.Key]; found {
			return outcome, nil
		}
		c := d.commandFor(task.Name)
		switch {
		case c.blocked != nil:
			d.mu.Unlock()
			select {
			case <-c.blocked:
			case <-ctx.Done():
			}
			d.mu.Lock()
		case c.err != nil:
			return gateway.Outcome{}, c.err
		case c.outcome.Status == gateway.StatusWorking:
			return c.outcome, nil
		default:
			return d.finish(asked, *c), nil
		}
	}
}

// commandFor is what the object's work is to do.
func (d *Driver) commandFor(name string) *command {
	for _, name := range []string{name, Everything} {
		if c := d.commands[name]; c != nil {
			return c
		}
	}
	return &command{outcome: gateway.Confirmed()}
}

// finish does the work, unless it fails, and keeps what came of it.
func (d *Driver) finish(asked Asked, c command) gateway.Outcome {
	if d.done == nil {
		d.done, d.provided = make(map[string]gateway.Outcome), make(map[string]string)
	}
	task := asked.Task
	if c.outcome.Status == gateway.StatusConfirmed {
		if _, there := d.provided[task.UID]; there || !asked.Revoke {
			d.changes++
		}
		if asked.Revoke {
			delete(d.provided, task.UID)
		} else {
			d.provided[task.UID] = task.Key
		}
	}
	outcome := c.outcome
	if !asked.Revoke && task.Builds() && outcome.Status == gateway.StatusConfirmed {
		outcome.GatewayID = c.builds
		if outcome.GatewayID == "" {
			outcome.GatewayID = "built-" + task.UID
		}
	}
	d.done[task.Key] = outcome
	return outcome
}
