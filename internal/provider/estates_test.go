package provider_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// How many estates are played where HSCN_ESTATES does not say it, and from which seed on where HSCN_ESTATES_SEED does not:
// always the same ones, so that a change is what makes the test fail. New ones are for make estates.
const (
	defaultEstates = 1000
	shortEstates   = 50
	defaultSeed    = 20_000
)

// TestEstates draws estates at random, asks the provider for a plan of each and then orders the same from the broker.
// What the plan called impossible the broker has to refuse, and what the plan called clean it has to accept; and of one
// order both have to say the same.
//
// HSCN_ESTATES is how many, and HSCN_ESTATES_SEED the first one's seed; each further one's is the next. A failure prints
// both and the estate, which can be kept in testdata/estates/cases: TestEstatesKept plays what is there.
func TestEstates(t *testing.T) {
	t.Parallel()
	fallback := defaultEstates
	if testing.Short() {
		fallback = shortEstates
	}
	count := setting(t, "HSCN_ESTATES", uint64(fallback))
	first := setting(t, "HSCN_ESTATES_SEED", defaultSeed)
	var seen tally
	t.Cleanup(func() { t.Logf("they had in them:\n%s", &seen) })
	t.Logf("%d estates from seed %d on", count, first)
	for from := first; from < first+count; from = (from/perScene + 1) * perScene {
		var seeds []uint64
		for seed := from; seed < first+count && seed/perScene == from/perScene; seed++ {
			seeds = append(seeds, seed)
		}
		t.Run(fmt.Sprintf("seeds %d to %d", seeds[0], seeds[len(seeds)-1]), func(t *testing.T) {
			t.Parallel()
			var estates []*estate
			for _, seed := range seeds {
				estates = append(estates, estateOf(seed))
			}
			play(t, &seen, estates...)
		})
	}
}

// TestEstatesKept plays the estates that once failed.
func TestEstatesKept(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "estates", "cases", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var kept estate
			if err := json.Unmarshal(data, &kept); err != nil {
				t.Fatal(err)
			}
			if kept.Why == "" {
				t.Error("it does not say why it is kept")
			}
			play(t, &tally{}, &kept)
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

// play plays estates of one scene, and reports those of which plan and broker do not agree.
func play(t *testing.T, seen *tally, estates ...*estate) {
	t.Helper()
	s := setStage(t, estates...)
	for _, r := range s.residents {
		tried := s.plan(r).try()
		seen.add(tried)
		if len(tried.broken) > 0 {
			t.Errorf("plan and broker do not agree of the estate of seed %d:\n  %s\n\n%s\nThe estate:\n%s\n\nPlay it alone with: %s",
				r.Seed, strings.Join(tried.broken, "\n  "), tried.story(), r.text(t),
				fmt.Sprintf("HSCN_ESTATES=1 HSCN_ESTATES_SEED=%d go test ./internal/provider/ -run TestEstates$", r.Seed))
		}
	}
}
