package store

import "time"

// Fulfilment is what is kept of a driver's work on an object: the last piece that it was asked for. It outlives the broker
// that asked, so that the same work is asked for under the same key.
type Fulfilment struct {
	// Driver is the name of the driver.
	Driver string `json:"driver"`
	// Work counts the pieces of work on the object, from 1.
	Work int `json:"work"`
	// Revoking says that the work takes away what was made; otherwise it provides the object.
	Revoking bool `json:"revoking,omitempty"`
	// TaskSHA256 is the sum of what was asked for.
	TaskSHA256 string `json:"task_sha256"`
	// Answer is what the driver has said of it.
	Answer FulfilmentAnswer `json:"answer,omitempty"`
	// Until is the time, by the broker's clock, until which the driver is not asked about this work: a call that was begun may
	// be under way until then, or the driver wants to be left alone. Zero: it may be asked now.
	Until time.Time `json:"until,omitzero"`
	// ByHand says that a person has confirmed what the driver did not: its removal is a person's to confirm too.
	ByHand bool `json:"by_hand,omitempty"`
}

// FulfilmentAnswer is how far a piece of work is.
type FulfilmentAnswer string

// The answers.
const (
	// FulfilmentOpen was asked for, and what came of it is not recorded.
	FulfilmentOpen      FulfilmentAnswer = ""
	FulfilmentWorking   FulfilmentAnswer = "working"
	FulfilmentConfirmed FulfilmentAnswer = "confirmed"
	FulfilmentFailed    FulfilmentAnswer = "failed"
)

// Left reports whether something that the driver made may be there. Nothing is left of what was never asked for.
func (f *Fulfilment) Left() bool {
	return f != nil && (!f.Revoking || f.Answer != FulfilmentConfirmed)
}
