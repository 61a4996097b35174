package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/document"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

func newLoad(a *app) *cobra.Command {
	var check bool
	load := a.writing(a.command("load FILE", "Records an inventory (calls a broker)", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error { return a.load(ctx, args[0], check) }))
	load.Long = `Records what the operator knows, from one YAML document: accounts with the organisations that they may act for, services,
gateways, organisations with what was looked up about them, pools of addresses. "-" reads standard input.

Everything is recorded in one transaction or not at all. What the file names is inserted or updated by its natural key;
what it does not name is left alone, the organisations among it that an account may act for, and "retired: true" takes
something out of use. A look-up that found nothing is
recorded as "found: false"; one that nobody made is left out, and counts as not checked.`
	load.Flags().BoolVar(&check, "check", false, "say what would change, and change nothing")
	return load
}

func (a *app) load(ctx context.Context, file string, check bool) error {
	data, err := a.read(file, "the inventory")
	if err != nil {
		return err
	}
	if file == "-" {
		file = "standard input"
	}
	d, err := document.Parse(file, data, "Inventory")
	if err != nil {
		return err
	}
	broker, err := a.call()
	if err != nil {
		return err
	}
	params := &api.LoadInventoryParams{IdempotencyKey: client.NewIdempotencyKey(), DryRun: &check}
	inventory := bytes.NewReader(d.JSON())
	report, err := client.Decode[api.InventoryReport](broker.LoadInventoryWithBody(ctx, params, "application/json", inventory))
	if err != nil {
		return located(err, d)
	}
	return a.show(report, func() {
		if len(report.Changes) > 0 {
			rows := make([][]string, len(report.Changes))
			for i, change := range report.Changes {
				rows[i] = []string{string(change.Action), change.Kind, change.Key}
			}
			a.table([]string{"ACTION", "KIND", "KEY"}, rows)
			fmt.Fprintln(a.stdout)
		}
		if report.DryRun {
			fmt.Fprintf(a.stdout, "%d would change, %d would stay as they are. Nothing was changed.\n", len(report.Changes), report.Unchanged)
			return
		}
		fmt.Fprintf(a.stdout, "%d changed, %d as they were.\n", len(report.Changes), report.Unchanged)
	})
}

// read reads the file that a command was given; "-" is standard input.
func (a *app) read(file, what string) ([]byte, error) {
	if file == "-" {
		data, err := io.ReadAll(a.stdin)
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return data, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	return data, nil
}

// located gives what the broker says of members of the inventory the lines of the file.
func located(err error, d *document.Document) error {
	problem, ok := client.AsProblem(err)
	if !ok || len(problem.Invalid) == 0 {
		return err
	}
	offences := make([]document.Offence, len(problem.Invalid))
	for i, member := range problem.Invalid {
		offences[i] = d.Offence(value(member.Pointer), member.Detail)
	}
	return d.Reject(offences)
}
