package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func newWaivers(a *app) *cobra.Command {
	return a.group("waivers", "Dated exceptions from rules (calls a broker)", newWaiversList(a), newWaiversGrant(a), newWaiversEnd(a))
}

func newWaiversList(a *app) *cobra.Command {
	var all bool
	list := a.calling(a.command("list", "Lists the waivers, newest first", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		broker, err := a.call()
		if err != nil {
			return err
		}
		waivers, err := everything(func(size *int, token *string) ([]api.WaiverRecord, *string, error) {
			page, err := client.Decode[api.WaiverPage](broker.ListWaivers(ctx, &api.ListWaiversParams{PageSize: size, PageToken: token, Ended: &all}))
			return page.Items, page.NextPageToken, err
		})
		if err != nil {
			return err
		}
		return a.show(waivers, func() {
			if len(waivers) == 0 {
				fmt.Fprintln(a.stdout, "There are no waivers.")
				return
			}
			rows := make([][]string, len(waivers))
			for i, w := range waivers {
				rows[i] = []string{
					w.UID, w.Rule, w.Account, orDash(value(w.Connection)), w.Until, w.Reference, at(&w.GrantedAt), w.GrantedBy, orDash(at(w.EndedAt)), w.Reason,
				}
			}
			a.table([]string{"UID", "RULE", "ACCOUNT", "CONNECTION", "UNTIL", "REFERENCE", "GRANTED", "BY", "ENDED", "REASON"}, rows)
		})
	}))
	list.Flags().BoolVar(&all, "all", false, "list those as well that no longer count")
	return list
}

func newWaiversGrant(a *app) *cobra.Command {
	var spec api.WaiverSpec
	var connection string
	grant := a.writing(a.command("grant", "Grants an exception from a rule, until a day", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		if connection != "" {
			if !strings.Contains(connection, "/") {
				connection = hscn.ConnectionName(connection)
			}
			spec.Connection = &connection
		}
		broker, err := a.call()
		if err != nil {
			return err
		}
		waiver, err := client.Decode[api.WaiverRecord](broker.GrantWaiver(ctx, &api.GrantWaiverParams{IdempotencyKey: client.NewIdempotencyKey()}, spec))
		if err != nil {
			return err
		}
		return a.show(waiver, func() {
			fmt.Fprintf(a.stdout, "Waiver %s: %s warns, and refuses nothing, for %s until %s. Orders that wait are judged again.\n",
				waiver.UID, waiver.Rule, waived(waiver), waiver.Until)
		})
	}))
	grant.Long = `Makes a rule that refuses, or that an order waits for, warn, for an account or one of its connections, to the end of a day
in London. The customer reads the reason with the warning. A finding names its rule in its last line; rules about format
or contract are never waived. This is for a person with the role approver.`
	grant.Example = `  hscn-broker waivers grant --account 676 --rule dspt.stale --until 2026-12-31 \
    --reason "The assessment is being renewed." --reference CHG-17
  hscn-broker waivers grant --account 676 --connection records-prod --rule profile.shared-organisation --until 2026-12-31 \
    --reason "The partner signs this month." --reference CHG-18`
	flags := grant.Flags()
	flags.StringVar(&spec.Account, "account", "", "the account that it is for")
	flags.StringVar(&connection, "connection", "", "the connection that it is for, by `NAME`, which may be ordered later (default: the whole account)")
	flags.StringVar(&spec.Rule, "rule", "", "the rule, such as dspt.stale")
	flags.StringVar(&spec.Until, "until", "", "the last `DAY` on which it counts, such as 2026-12-31")
	flags.StringVar(&spec.Reason, "reason", "", "what the customer reads")
	flags.StringVar(&spec.Reference, "reference", "", "your own reference for the decision; kept in the audit for good, so it names no person")
	for _, name := range []string{"account", "rule", "until", "reason", "reference"} {
		if err := grant.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined above
		}
	}
	return grant
}

func newWaiversEnd(a *app) *cobra.Command {
	var reason string
	end := a.writing(a.command("end UID", "Ends a waiver at once", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		broker, err := a.call()
		if err != nil {
			return err
		}
		params := &api.EndWaiverParams{IdempotencyKey: client.NewIdempotencyKey()}
		waiver, err := client.Decode[api.WaiverRecord](broker.EndWaiver(ctx, args[0], params, api.OrderReason{Reason: reason}))
		if err != nil {
			return err
		}
		return a.show(waiver, func() {
			fmt.Fprintf(a.stdout, "Waiver %s of %s for %s is ended. Orders that wait are judged again without it; what was ordered under it stays.\n",
				waiver.UID, waiver.Rule, waived(waiver))
		})
	}))
	end.Example = `  hscn-broker waivers end 5b0c1f5e-8c1e-4a6e-9a53-0d7c2f1f7f11 --reason "The assessment is renewed."`
	end.Flags().StringVar(&reason, "reason", "", "why it is no longer needed, or no longer right")
	if err := end.MarkFlagRequired("reason"); err != nil {
		panic(err) // the flag is defined above
	}
	return end
}

// waived says what a waiver is for.
func waived(w api.WaiverRecord) string {
	if w.Connection != nil {
		return *w.Connection + " of account " + w.Account
	}
	return "account " + w.Account
}
