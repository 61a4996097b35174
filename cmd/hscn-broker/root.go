package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitOK    = 0
	exitError = 1 // what was asked for was not done
	exitUsage = 2 // what was asked for is not understood
)

// surroundings are what a command finds around itself.
type surroundings struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(name string) string
}

// app is what the commands have in common.
type app struct {
	surroundings
	connection connection
	output     string
}

// failure is an error of a command that ran, as opposed to one of its arguments.
type failure struct{ error }

// Unwrap returns what went wrong.
func (f failure) Unwrap() error { return f.error }

// execute runs the command that the arguments name and returns the exit code.
func execute(ctx context.Context, args []string, around surroundings) int {
	root := newRoot(&app{surroundings: around})
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	var failed failure
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &failed):
		fmt.Fprintf(around.stderr, "error: %s\n", explain(failed.error))
		return exitError
	default:
		fmt.Fprintf(around.stderr, "error: %s\nSee \"%s --help\".\n", err, command.CommandPath())
		return exitUsage
	}
}

func newRoot(a *app) *cobra.Command {
	root := a.group("hscn-broker", "The back end of the provider hscn, and its operator's commands")
	root.Long = `hscn-broker is the reference implementation of the HSCN broker API: customers order connections to the Health and
Social Care Network from Terraform, and the cloud service provider's operator decides and fulfils.

  hscn-broker serve                 serves the API, from one file, on loopback
  hscn-broker load inventory.yaml   records what the operator knows
  hscn-broker orders list           what there is to do

"serve" runs the broker, and "restore" works on a database that no broker serves; every other command that says so below
calls a broker that runs, with an operator's token.`
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.AddCommand(
		newServe(a), newRestore(a), newLoad(a), newTokens(a), newOrders(a), newEvidence(a), newAccounts(a),
		newOrganisations(a), newAgreements(a), newConnections(a), newDSPT(a), newWaivers(a), newAudit(a), newPolicy(a), newVersion(a),
	)
	return root
}

// group makes a command that only holds others.
func (a *app) group(use, short string, commands ...*cobra.Command) *cobra.Command {
	group := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	group.AddCommand(commands...)
	return group
}

// command makes a command whose errors are failures, not misunderstandings.
func (a *app) command(use, short string, args cobra.PositionalArgs, run func(ctx context.Context, args []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := run(cmd.Context(), args); err != nil {
				var usage *usageError
				if errors.As(err, &usage) {
					return usage
				}
				return failure{err}
			}
			return nil
		},
	}
}

// usageError is a misunderstanding that only shows when a command runs.
type usageError struct{ text string }

// Error implements error.
func (e *usageError) Error() string { return e.text }

func newVersion(a *app) *cobra.Command {
	return a.command("version", "Prints the version", cobra.NoArgs, func(context.Context, []string) error {
		fmt.Fprintf(a.stdout, "hscn-broker %s\n", version)
		return nil
	})
}
