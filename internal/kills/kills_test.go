//go:build linux

package kills

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// How many rounds are played where HSCN_KILLS does not say it, and from which seed on where HSCN_KILLS_SEED does not:
// always the same ones. Among five in a row are both databases and all three victims; these lose what others had made.
// More are for make kills.
const (
	defaultRounds = 5
	defaultSeed   = 1470
)

// TestKills kills the provider, Terraform or the broker at a random moment of an apply that makes, changes, replaces and
// removes, goes on as a user would, and looks at what is there in the end.
//
// HSCN_KILLS is how many rounds, and HSCN_KILLS_SEED the first one's seed; each further one's is the next. A seed repeats
// the estate, the database, who is killed and at which request; which of the requests under way at the same time are done
// by then is up to the machine.
func TestKills(t *testing.T) {
	t.Parallel()
	acctest.CLI(t)
	acctest.Provider(t) // built before the rounds, whose time is told
	acctest.BrokerProgram(t)
	rounds := setting(t, "HSCN_KILLS", defaultRounds)
	first := setting(t, "HSCN_KILLS_SEED", defaultSeed)
	seen := tally{}
	t.Cleanup(func() { t.Logf("%d rounds from seed %d on:\n%s", rounds, first, &seen) })
	for seed := first; seed < first+rounds; seed++ {
		drawn := draw(seed)
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			t.Logf("%s\nPlay it alone with: HSCN_KILLS=1 HSCN_KILLS_SEED=%d go test ./internal/kills/", drawn, seed)
			began := time.Now()
			played := play(t, drawn)
			played.took = time.Since(began)
			t.Logf("seed %d: %s", seed, played)
			seen.add(drawn.kill.victim, played)
		})
	}
}

func setting(t *testing.T, variable string, fallback uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return fallback
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// play plays a round.
func play(t *testing.T, drawn round) result {
	w := newWorld(t, drawn)
	w.configure(drawn.before)
	w.workspace.Run("apply", "-auto-approve")
	w.untainted()
	if drawn.built {
		w.build()
	}

	w.configure(drawn.after)
	interrupted := w.interrupt()
	w.tolerated(interrupted)
	torn := w.mendState()
	lost := w.unrecorded()

	result := result{lost: len(lost), torn: torn, survived: interrupted.code == 0}
	result.applies, result.adopted = w.recover(lost)
	w.converged()
	w.verify()
	return result
}
