package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/document"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

// explain says what went wrong and what to do about it. Errors of this program's own say both already.
func explain(err error) string {
	var (
		problem     *client.Problem
		unreachable *client.Unreachable
		foreign     *client.NotOurFormat
		config      *client.ConfigError
		offences    *document.Error
	)
	switch {
	case errors.As(err, &offences):
		if len(offences.Offences) == 1 {
			return offences.Error()
		}
		return fmt.Sprintf("%s has %d mistakes:\n%s", offences.File, len(offences.Offences), offences)
	case errors.As(err, &problem):
		return explainProblem(problem)
	case errors.As(err, &unreachable):
		return explainUnreachable(unreachable)
	case errors.As(err, &foreign):
		return explainForeign(foreign)
	case errors.As(err, &config) && config.Field == "Endpoint":
		return fmt.Sprintf("the broker's address cannot be used: %s; give one such as %s with --endpoint or %s", config.Err, defaultEndpoint, envEndpoint)
	default:
		return err.Error()
	}
}

func explainProblem(p *client.Problem) string {
	var text strings.Builder
	text.WriteString(strings.TrimSuffix(p.Detail, "."))
	text.WriteByte('.')
	invalid := p.Invalid
	if len(invalid) == 1 && strings.HasSuffix(text.String(), invalid[0].Detail+".") {
		invalid = nil // the sentence says it already
	}
	switch {
	case p.Status == http.StatusUnauthorized:
		fmt.Fprintf(&text, "\nUse the token that this broker's first start wrote, or one that \"hscn-broker tokens create\" made (--token-file, %s).", envTokenFile)
	case p.Kind() == "no-such-operation":
		text.WriteString("\nThe token is a customer's, which has no part in the operator's commands, or the broker is older than this program.")
	case p.Status == http.StatusForbidden:
		text.WriteString("\nUse the token of somebody who has the role.")
	}
	for _, member := range invalid {
		pointer := ""
		if member.Pointer != nil && *member.Pointer != "" {
			pointer = *member.Pointer + " "
		}
		fmt.Fprintf(&text, "\n  - %s%s", pointer, member.Detail)
	}
	writeFindings(&text, p.Findings)
	if p.Status >= http.StatusInternalServerError {
		fmt.Fprintf(&text, "\nThe broker's log has it under request %s.", p.RequestID)
	}
	return text.String()
}

// writeFindings lists findings with their remedies.
func writeFindings(text *strings.Builder, findings []api.Finding) {
	for _, f := range findings {
		fmt.Fprintf(text, "\n  - %s: %s: %s\n    %s\n    Rule: %s", f.Severity, f.Title, f.Detail, f.Remedy, f.Rule)
	}
}

func explainUnreachable(u *client.Unreachable) string {
	switch u.Reason {
	case client.Refused:
		return fmt.Sprintf("nothing listens at %s: start a broker there with \"hscn-broker serve\", or name another with --endpoint or %s",
			u.Host, envEndpoint)
	case client.NoSuchHost:
		return fmt.Sprintf("there is no host %s: check --endpoint or %s", u.Host, envEndpoint)
	case client.NotTrusted:
		return fmt.Sprintf("no secure connection to %s came about: %v; where the broker has a certificate of a CA of your own, "+
			"name that CA's with --ca-certificate; where it speaks plain HTTP, its address begins with http://", u.Host, u.Err)
	case client.TimedOut:
		return fmt.Sprintf("%s did not answer in time; whether it did what was asked is not known: look before you ask again", u.Host)
	case client.Interrupted:
		return "interrupted; whether the broker did what was asked is not known: look before you ask again"
	default:
		return fmt.Sprintf("the connection to %s failed: %v", u.Host, u.Err)
	}
}

func explainForeign(f *client.NotOurFormat) string {
	text := fmt.Sprintf("%s was answered with status %d, and not by a broker", f.URL, f.Status)
	if f.ContentType != "" {
		text += fmt.Sprintf(" (%s)", f.ContentType)
	}
	if f.Location != "" {
		text += ", but sent on to " + f.Location
	}
	if f.Excerpt != "" {
		text += fmt.Sprintf(": %q", f.Excerpt)
	}
	return text + fmt.Sprintf("\nCheck --endpoint or %s: it is the broker's own address, without the path of a page or a proxy.", envEndpoint)
}
