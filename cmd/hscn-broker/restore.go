package main

import (
	"cmp"
	"context"
	"fmt"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

func newRestore(a *app) *cobra.Command {
	var database, from string
	var force bool
	restore := a.command("restore", "Makes a database that was put back from a copy fit to be served", cobra.NoArgs,
		func(ctx context.Context, _ []string) error { return a.restore(ctx, database, from, force) })
	restore.Long = `Gives a database that was put back from a copy a new broker id. Run it before a broker serves that database.

What was ordered after the copy was made is not in it. Under the id that they know, customers' providers would take that
for gone and forget it; under a new id they keep what they have, and say what differs. The audit records the change.

A SQLite copy can be put in its place by this command (--from); a PostgreSQL database is put back with its own tools
first. No broker may serve the database meanwhile: a SQLite file is locked by whoever does, and PostgreSQL shows it.`
	flags := restore.Flags()
	flags.StringVar(&database, "database", "", fmt.Sprintf(
		"path of a SQLite file, or a postgres:// URL (%s; default %s)", envDatabase, broker.DefaultDatabase))
	flags.StringVar(&from, "from", "", "copy of a SQLite `FILE` to put in the place of the database; it is left as it is")
	flags.BoolVar(&force, "force", false, "puts the copy in the place of a database that is there, which is kept under another name")
	return restore
}

func (a *app) restore(ctx context.Context, database, from string, force bool) error {
	if force && from == "" {
		return &usageError{"--force goes with --from"}
	}
	database = cmp.Or(database, a.getenv(envDatabase), broker.DefaultDatabase)
	restored, err := store.Restore(ctx, database, store.RestoreOptions{From: from, Replace: force, By: operatingSystemUser(), Now: time.Now()})
	if err != nil {
		return err
	}
	if from != "" {
		fmt.Fprintf(a.stdout, "%s was put in the place of %s.\n", from, database)
	}
	if restored.Kept != "" {
		fmt.Fprintf(a.stdout, "What was there is kept as %s.\n", restored.Kept)
	}
	known := "nothing: its audit is empty"
	if restored.LastEntry > 0 {
		known = fmt.Sprintf("what happened until %s (entry %d of the audit)", at(&restored.LastAt), restored.LastEntry)
	}
	a.facts(
		"database", withoutPassword(database), "broker id", restored.After, "before", restored.Before, "it knows", known,
	)
	fmt.Fprint(a.stdout, `
What customers see: for what this database has, their next plan warns once that the broker's id is another, and is empty
otherwise. What they ordered later stays in their state, with an error that names both ids.

Before you serve it:
  - Addresses and gateways that were given out later are free here and in use in the network: have the pools reserve the
    addresses, with "load", once a broker serves on an address that customers do not reach.
  - What was built or removed later is not in the queue: compare "orders list" with the network.
  - Tokens that were revoked later are valid here: revoke them again.
`)
	return nil
}

// operatingSystemUser is who runs this program, as far as the machine says.
func operatingSystemUser() string {
	if current, err := user.Current(); err == nil && current.Username != "" {
		return current.Username
	}
	return "restore"
}
