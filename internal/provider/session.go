package provider

import (
	"fmt"
	"strings"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
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
	warnOnce   sync.Once // that facts cannot be had is said once

	told           sync.Map // by toldKey: the findings that this run has shown
	connectionUIDs sync.Map // by full name: the connections that this run has read or made
}

// translation is the last snapshot of facts in the engine's terms, since a thousand resources are judged by the same.
type translation struct {
	mu     sync.Mutex
	known  *client.Known
	policy rules.Policy
	facts  rules.Facts
}

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

// connectionUID is the uid of a connection that this run has read or made, or empty.
func (s *session) connectionUID(id string) string {
	uid, _ := s.connectionUIDs.Load(id)
	text, _ := uid.(string)
	return text
}
