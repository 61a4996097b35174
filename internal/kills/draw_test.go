//go:build linux

package kills

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// victim is who is killed.
type victim string

const (
	theProvider victim = "the provider"
	terraform   victim = "Terraform"
	theBroker   victim = "the broker"
)

// moment is where a request stands when the kill comes.
type moment string

const (
	onArrival  moment = "before the broker sees it"
	underWay   moment = "while the broker works on it"
	onAnswer   moment = "when it is done, before the answer arrives"
	afterwards moment = "after the answer arrived"
)

// kill is what happens to an apply.
type kill struct {
	victim victim
	// write is the request at which it happens, among those that change something or, of these, the creates alone, counted
	// from 1.
	write   int
	creates bool
	moment  moment
	// pause is how long after the moment, where the moment is none of its own.
	pause time.Duration
	// wholly means with the children too where Terraform is killed, and that the broker stays away until the apply has
	// ended where that is killed.
	wholly bool
}

func (k kill) String() string {
	what := "write"
	if k.creates {
		what = "create"
	}
	text := fmt.Sprintf("kill %s at %s %d, %s", k.victim, what, k.write, k.moment)
	if k.moment == underWay || k.moment == afterwards {
		text += fmt.Sprintf(" (%s on)", k.pause)
	}
	switch {
	case k.victim == terraform && k.wholly:
		text += ", and its children with it"
	case k.victim == theBroker && k.wholly:
		text += "; it comes back when the apply has ended"
	case k.victim == theBroker:
		text += "; it comes back at once"
	}
	return text
}

// round is what is drawn from a seed.
type round struct {
	seed     uint64
	postgres bool
	// built means that the operator has built what was there before: changes of it are orders then, and so is its removal.
	built bool
	kill  kill
	// before is what an earlier apply has made, and after what the apply that is interrupted is to make of it.
	before, after estate
}

func (r round) String() string {
	database := "SQLite"
	if r.postgres {
		database = "PostgreSQL"
	}
	before := "ordered"
	if r.built {
		before = "built"
	}
	all, creates := writes(r.before, r.after)
	return fmt.Sprintf("seed %d, %s: %s; there are %d writes, of which %d create\n%s: %s\nafter:   %s",
		r.seed, database, r.kill, all, creates, before, r.before, r.after)
}

// maxPause is more than the broker takes for a write, and less than an apply takes.
const maxPause = 30 * time.Millisecond

// drawPause draws a pause. Most are short, since a write takes a few milliseconds where the machine is idle.
func drawPause(random *rand.Rand) time.Duration {
	part := random.Float64()
	return time.Duration(part * part * part * float64(maxPause)).Round(time.Microsecond)
}

// draw draws a round. Databases and victims take turns, so that a number of rounds in a row has all of them.
func draw(seed uint64) round {
	random := rand.New(rand.NewPCG(seed, 0))
	r := round{seed: seed, postgres: seed%2 == 1, built: random.IntN(2) == 0, before: drawEstate(random)}
	r.after = drawChanges(random, r.before)
	victims := []victim{theProvider, terraform, theBroker}
	// Of the moments at which something is made that nobody has recorded there are more.
	moments := []moment{onArrival, underWay, underWay, onAnswer, onAnswer, afterwards}
	r.kill = kill{
		victim: victims[seed/2%uint64(len(victims))], moment: moments[random.IntN(len(moments))], pause: drawPause(random),
		creates: random.IntN(2) == 0, wholly: random.IntN(2) == 0,
	}
	count, creates := writes(r.before, r.after)
	if r.kill.creates {
		count = creates
	}
	r.kill.write = 1 + random.IntN(count)
	return r
}
