package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// lookUp is what every look-up is recorded with.
type lookUp struct {
	at, by   string
	notFound bool
}

// lookingUp gives a command the flags of those that record a look-up, besides those that write.
func (a *app) lookingUp(command *cobra.Command, l *lookUp) *cobra.Command {
	flags := command.Flags()
	flags.StringVar(&l.at, "looked-up-at", "", "when it was looked up, such as 2026-11-02T09:30:00Z (default: now)")
	flags.StringVar(&l.by, "looked-up-by", "", "who looked it up (default: whoever the token stands for)")
	return a.writing(command)
}

// maybeNotFound gives a command the flag that says that the register has no such organisation, which goes with none of
// those that say what it has.
func maybeNotFound(command *cobra.Command, l *lookUp, register string, found ...string) {
	command.Flags().BoolVar(&l.notFound, "not-found", false, register+" has no such organisation")
	for _, flag := range found {
		command.MarkFlagsMutuallyExclusive("not-found", flag)
	}
}

// when is the time of the look-up.
func (l lookUp) when() (time.Time, error) {
	if l.at == "" {
		return time.Now(), nil
	}
	return timeFlag("looked-up-at", l.at)
}

// record sends a look-up and says that it is recorded.
func (a *app) record(l lookUp, what string, send func(broker api.ClientInterface, at time.Time) (api.OrganisationRecord, error)) error {
	at, err := l.when()
	if err != nil {
		return err
	}
	broker, err := a.call()
	if err != nil {
		return err
	}
	record, err := send(broker, at)
	if err != nil {
		return err
	}
	return a.show(record, func() {
		fmt.Fprintf(a.stdout, "Recorded of %s: %s. Orders that wait are judged again.\n", record.OdsCode, what)
	})
}

// timeFlag reads the value of a flag that is a time.
func timeFlag(name, text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, &usageError{fmt.Sprintf("--%s is a time with zone, such as 2027-03-31T17:00:00Z, not %q", name, text)}
	}
	return t, nil
}

// text is a flag that may be left out.
func text(given string) *string {
	if given == "" {
		return nil
	}
	return &given
}
