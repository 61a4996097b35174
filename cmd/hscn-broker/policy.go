package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/policy"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

func newPolicy(a *app) *cobra.Command {
	check := a.command("check FILE", "Checks a policy file, as \"serve --policy FILE\" would", cobra.ExactArgs(1),
		func(_ context.Context, args []string) error {
			p, err := policy.Load(args[0])
			if err != nil {
				return err
			}
			changed := 0
			for rule, severity := range rules.DefaultSeverities() {
				if p.Rules[rule] != api.Severity(severity) {
					changed++
				}
			}
			fmt.Fprintf(a.stdout, "%s: the policy %q is good. Service types: %d. Zones: %d. Rules: %d, with another severity than the catalogue's: %d.\n",
				args[0], p.Title, len(p.ServiceTypes), len(p.Zones), len(p.Rules), changed)
			return nil
		})
	show := a.command("show NAME", "Prints a sample policy with its comments: "+strings.Join(policy.Samples(), ", "), cobra.ExactArgs(1),
		func(_ context.Context, args []string) error {
			source, found := policy.Source(args[0])
			if !found {
				return &usageError{fmt.Sprintf("there is no sample %q: they are %s", args[0], strings.Join(policy.Samples(), " and "))}
			}
			_, err := a.stdout.Write(source)
			return err
		})
	return a.group("policy", "Checks policy files and prints the samples", check, show)
}
