package provider

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/ledger"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// planChecks is what an unmet precondition does to a plan.
type planChecks string

const (
	checksEnforce planChecks = "enforce"
	checksWarn    planChecks = "warn"
	checksOff     planChecks = "off"
)

func planChecksValues() []string {
	return []string{string(checksEnforce), string(checksWarn), string(checksOff)}
}

// session is what one Configure made. All that a run remembers hangs on it, never on a package variable: one process
// serves several configurations under test.
type session struct {
	client   *client.Client // nil where the configuration is unknown or lacks something
	endpoint string
	checks   planChecks
	// howToDestroy is said with every error of a plan.
	howToDestroy string
	unknown      bool     // some of the configuration is only known in the apply
	missing      []string // attributes without which nothing can be asked

	facts      *client.Facts
	translated translation
	listings   listings
	warnOnce   sync.Once // that facts cannot be had is said once
	// renewedOnce is for that a broker has a new identity, which is one event for every object of it.
	renewedOnce sync.Once

	// ledger is what the plan keeps, adds and removes.
	ledger *ledger.Ledger
	// pace is that of asking again where a refusal may pass within the apply.
	pace pace
	told sync.Map // by toldKey: the findings that this run has shown
	seen sync.Map // by full name: each object that this run has read or made
}

// translation is the last snapshot of facts in the engine's terms, since a thousand resources are judged by the same.
type translation struct {
	mu     sync.Mutex
	known  *client.Known
	policy rules.Policy
	facts  rules.Facts
}

// listings are what the broker has of each kind, once somebody needed to know.
type listings struct {
	mu sync.Mutex
	of map[rules.Kind]map[string]knownObject
}

// newSession makes the session of a Configure. It asks nobody anything.
func newSession() *session { return &session{ledger: ledger.New(), pace: newPace()} }

// sessionFrom takes the session out of what Configure hands to resources and data sources. It is nil before Configure, as
// in terraform validate.
func sessionFrom(data any, diags *diag.Diagnostics) *session {
	if data == nil {
		return nil
	}
	s, ok := data.(*session)
	if !ok {
		diags.AddError("Error configuring the provider", fmt.Sprintf(
			"A resource was handed a %T. This is a fault of the provider's: please report it.", data))
	}
	return s
}

// caller returns the client, or says why there is none.
func (s *session) caller(diags *diag.Diagnostics) *client.Client {
	switch {
	case s == nil:
		diags.AddError("The provider is not configured", "This is a fault of the provider's: please report it.")
	case s.client != nil:
		return s.client
	case s.unknown:
		diags.AddError("The provider's configuration is not known yet",
			"The broker has to be asked for this, and the provider's configuration depends on something that is only made in the apply. "+
				"Make first what it depends on (-target).")
	default:
		diags.AddError("The provider is not configured", s.howToConfigure())
	}
	return nil
}

// howToConfigure says what is missing and where it goes.
func (s *session) howToConfigure() string {
	variables := make([]string, len(s.missing))
	for i, attribute := range s.missing {
		variables[i] = "HSCN_" + strings.ToUpper(attribute)
	}
	return fmt.Sprintf("The broker has to be asked for this. Set %s in the provider block, or %s in the environment. "+
		"Your cloud service provider gives you both the broker's address (endpoint) and a token.",
		strings.Join(s.missing, " and "), strings.Join(variables, " and "))
}

// asks says whether the broker can be asked, or that asking would be an error of its own: not while the configuration is
// unknown.
func (s *session) asks() bool { return s != nil && !s.unknown }

// judges says whether the rules are asked about a plan.
func (s *session) judges() bool { return s.asks() && s.checks != checksOff }

// see remembers an object that was read or made, for what else this run is about.
func (s *session) see(o knownObject) { s.seen.Store(o.name, o) }

// seenAs returns an object that this run has read or made.
func (s *session) seenAs(name string) (knownObject, bool) {
	value, _ := s.seen.Load(name)
	o, ok := value.(knownObject)
	return o, ok
}

// connectionUID is the uid of a connection that this run has read or made, or empty.
func (s *session) connectionUID(id string) string {
	o, _ := s.seenAs(id)
	return o.UID
}

// listing is what the broker has of a kind, by full name: asked for once in a run, and the ledger has it from then on.
func (s *session) listing(ctx context.Context, kind rules.Kind) (map[string]knownObject, error) {
	s.listings.mu.Lock()
	defer s.listings.mu.Unlock()
	if held, ok := s.listings.of[kind]; ok {
		return held, nil
	}
	held, err := kindOf(kind).listing(ctx, s.facts)
	if err != nil {
		return nil, fmt.Errorf("reading the broker's listing of each %s: %w", nounOf(kind), err)
	}
	declared := make(map[string]rules.Declared, len(held))
	for name, o := range held {
		declared[name] = o.declared
	}
	s.ledger.Listed(kind, declared)
	if s.listings.of == nil {
		s.listings.of = make(map[rules.Kind]map[string]knownObject)
	}
	s.listings.of[kind] = held
	return held, nil
}
