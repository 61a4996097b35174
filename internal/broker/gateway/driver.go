package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Driver fulfils orders. It may be used by several goroutines, also for one object and under one key.
//
// Provide and Revoke do the work of a Task once for its Key, however often they are called with it, and say how far it is.
// They return soon: work that takes longer than a call is Working. A call whose context ends returns soon too, and leaves
// the work in a shape in which the same call goes on with it. An error says that the driver does not know how far the work
// is, such as when it cannot reach what it drives: it is called again with the same task, later and later. What the network
// refuses is no error but Failed.
type Driver interface {
	// Name tells this driver from others, in the audit and in what is kept of its work: it never changes. At most 32
	// characters of [a-z0-9-].
	Name() string
	// Fulfils says whether the driver does what the task asks to be provided; what it does not do is done by hand. It
	// depends on the task alone and asks nobody.
	Fulfils(task Task) bool
	// Provide makes the network do what the task says of the object, also where it did something else for the object
	// before, under another key.
	Provide(ctx context.Context, task Task) (Outcome, error)
	// Revoke takes away whatever Provide made for the object, under whatever key, and ends what Provide has not finished.
	// Of an object for which nothing is there it is Confirmed.
	Revoke(ctx context.Context, task Task) (Outcome, error)
}

// Kind is what kind of object a task is about.
type Kind string

// The kinds of objects.
const (
	KindConnection     Kind = "connection"
	KindEdgeAttachment Kind = "edge_attachment"
)

// Task is what a driver is asked to do: the work's key and the object as it was ordered. Two tasks with one key are equal.
type Task struct {
	// Key stands for this piece of work: at most 64 characters of [a-z0-9-]. It is the same whenever the same work is asked
	// for again, and another one for whatever has to be done anew.
	Key string
	// Kind, Name and UID are the object's; Name is its full resource name, which another object may have later, and UID is
	// its own for ever.
	Kind Kind
	Name string
	UID  string
	// Account is whose it is.
	Account string
	// ConnectionUID is the connection's that an edge attachment hangs on, and a connection's own.
	ConnectionUID string
	// Zone is the name of the zone, and ExternalNetworkID the zone's HSCN network as its platform names it, empty where
	// policy does not say.
	Zone              string
	ExternalNetworkID string
	// Service is the cloud service that the connection joins to HSCN.
	Service Service
	// Access is how the connection reaches HSCN, in the contract's words.
	Access string

	// The rest is an edge attachment's.

	// GatewayID is the gateway to attach, empty where one has to be built in the VDC VDCID.
	GatewayID string
	VDCID     string
	// IncludedAddress is the HSCN address that comes with it, IPv4 in its usual notation.
	IncludedAddress string
	// RulesByCustomer says that the customer keeps the gateway's rules, so that the driver leaves them alone.
	RulesByCustomer bool
}

// Service is a cloud service by its type and its id of that type.
type Service struct{ Type, ID string }

// Builds says whether the task asks for a gateway to be built.
func (t Task) Builds() bool { return t.Kind == KindEdgeAttachment && t.GatewayID == "" }

// Status is how far a piece of work is.
type Status int

// The statuses. The zero value is none of them.
const (
	// StatusConfirmed: it is done, and the driver has seen that it is.
	StatusConfirmed Status = iota + 1
	// StatusWorking: it goes on by itself, and is asked after again.
	StatusWorking
	// StatusFailed: it is not done and does not go on: a person decides what next.
	StatusFailed
)

// Outcome is how far a piece of work is. Confirmed, Built, Working and Failed make one.
type Outcome struct {
	Status Status
	// GatewayID is the gateway that was built, where the task asks for one.
	GatewayID string
	// AskAgain is when a driver that is still working wants to be asked again, from now.
	AskAgain time.Duration
	// Reason says why it failed, as a sentence that the customer may read: without secrets, and without the names of
	// anything that is not the customer's.
	Reason string
}

// Confirmed is the outcome of work that is done.
func Confirmed() Outcome { return Outcome{Status: StatusConfirmed} }

// Built is Confirmed for a task that asked for a gateway to be built.
func Built(gatewayID string) Outcome { return Outcome{Status: StatusConfirmed, GatewayID: gatewayID} }

// Working is the outcome of work that goes on.
func Working(askAgain time.Duration) Outcome {
	return Outcome{Status: StatusWorking, AskAgain: askAgain}
}

// Failed is the outcome of work that does not go on.
func Failed(reason string) Outcome { return Outcome{Status: StatusFailed, Reason: reason} }

// Check says what is wrong with an outcome of providing what the task says, or of revoking it: nil where nothing is.
func (o Outcome) Check(task Task, providing bool) error {
	builds := providing && task.Builds()
	switch o.Status {
	case StatusConfirmed:
		if builds && o.GatewayID == "" {
			return errors.New("the work is confirmed, and the gateway that was to be built is not named")
		}
		if !builds && o.GatewayID != "" {
			return fmt.Errorf("the work is confirmed with the gateway %q, and none was to be built", o.GatewayID)
		}
	case StatusWorking:
		if o.AskAgain <= 0 {
			return errors.New("the work goes on, and the outcome does not say when to ask again")
		}
	case StatusFailed:
		if o.Reason == "" {
			return errors.New("the work failed without a reason")
		}
	default:
		return fmt.Errorf("there is no status %d", o.Status)
	}
	return nil
}
