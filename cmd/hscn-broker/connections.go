package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func newConnections(a *app) *cobra.Command {
	return a.group("connections", "The connections of all accounts, and what the HSCN Authority decides about them (calls a broker)",
		newConnectionsList(a), newConnectionsRestrict(a), newConnectionsTerminate(a), newConnectionsLift(a))
}

func newConnectionsList(a *app) *cobra.Command {
	var account, name string
	list := a.calling(a.command("list", "Lists the connections, by account and name", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		broker, err := a.call()
		if err != nil {
			return err
		}
		connections, err := connectionRecords(ctx, broker, account, name)
		if err != nil {
			return err
		}
		return a.show(connections, func() {
			if len(connections) == 0 {
				fmt.Fprintln(a.stdout, "There is no such connection.")
				return
			}
			rows := make([][]string, len(connections))
			for i, c := range connections {
				rows[i] = []string{c.Account, c.Name, c.State, at(&c.StateSince), c.OdsCode, c.Service.ID, c.UID}
			}
			a.table([]string{"ACCOUNT", "NAME", "STATE", "SINCE", "ORGANISATION", "SERVICE", "UID"}, rows)
		})
	}))
	list.Flags().StringVar(&account, "account", "", "list those of this account alone")
	list.Flags().StringVar(&name, "name", "", "list those of this name alone, such as records-prod")
	return list
}

// connectionRecords are the connections that live, and those that were refused lately.
func connectionRecords(ctx context.Context, broker api.ClientInterface, account, name string) ([]api.Connection, error) {
	params := api.ListConnectionRecordsParams{Account: text(account), Name: text(name)}
	return everything(func(size *int, token *string) ([]api.Connection, *string, error) {
		params.PageSize, params.PageToken = size, token
		page, err := client.Decode[api.ConnectionPage](broker.ListConnectionRecords(ctx, &params))
		return page.Items, page.NextPageToken, err
	})
}

// connectionID is how commands name a connection.
const connectionID = `CONNECTION is the uid of a connection, or ACCOUNT/NAME, as "hscn-broker connections list" shows both.`

// findConnection returns the uid of the connection that lives under that account and name, or the uid itself.
func findConnection(ctx context.Context, broker api.ClientInterface, id string) (string, error) {
	if uuid.Validate(id) == nil {
		return id, nil
	}
	account, name, _ := strings.Cut(id, "/")
	name = strings.TrimPrefix(name, hscn.ConnectionName(""))
	if account == "" || hscn.ValidateName(name) != nil {
		return "", &usageError{fmt.Sprintf("%q is neither a uid nor ACCOUNT/NAME, as \"hscn-broker connections list\" shows them", id)}
	}
	connections, err := connectionRecords(ctx, broker, account, name)
	if err != nil {
		return "", err
	}
	for _, c := range connections {
		if hscn.State(c.State).Holds() {
			return c.UID, nil
		}
	}
	return "", fmt.Errorf("the account %s has no connection %s: see \"hscn-broker connections list --account %s\"", account, hscn.ConnectionName(name), account)
}

// dropAll is what stopping a connection leaves to do.
const dropAll = "Set the rules of the connection's gateways for HSCN to drop-all, in and out; no order in the queue asks for it."

// authorityDecision sends what the HSCN Authority decided about a connection.
type authorityDecision func(
	ctx context.Context, broker api.ClientInterface, uid, key string, decision api.AuthorityDecision,
) (api.Connection, error)

// byAuthority makes a command for a decision of the Authority's; then is what the operator does about the network.
func (a *app) byAuthority(verb, short, long, then string, send authorityDecision) *cobra.Command {
	var decision api.AuthorityDecision
	command := a.writing(a.command(verb+" CONNECTION", short, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		broker, err := a.call()
		if err != nil {
			return err
		}
		uid, err := findConnection(ctx, broker, args[0])
		if err != nil {
			return err
		}
		c, err := send(ctx, broker, uid, client.NewIdempotencyKey(), decision)
		if err != nil {
			return err
		}
		return a.show(c, func() {
			fmt.Fprintf(a.stdout, "%s of account %s is now %s.\n", c.Name, c.Account, c.State)
			if reason := value(c.StateReason); reason != "" {
				fmt.Fprintln(a.stdout, reason)
			}
			fmt.Fprintf(a.stdout, "\nWhat to do now: %s\n", then)
		})
	}))
	command.Long = long + "\n\n" + connectionID
	command.Example = fmt.Sprintf(`  hscn-broker connections %s 676/records-prod --authority-reference HA-2041 --reason "..."`, verb)
	return needsReason(needsAuthorityReference(command, &decision.AuthorityReference), &decision.Reason)
}

func newConnectionsRestrict(a *app) *cobra.Command {
	return a.byAuthority("restrict", "Stops an active connection for a while, because the HSCN Authority says so",
		`Stops an active connection, and with it its edge attachments, until the restriction is lifted. Its owner can narrow it,
correct it and give it up, and order nothing more on it; the next plan says so. The network does not follow by itself: set the rules of its gateways for
HSCN to drop-all, in and out.`,
		dropAll,
		func(ctx context.Context, broker api.ClientInterface, uid, key string, decision api.AuthorityDecision) (api.Connection, error) {
			return client.Decode[api.Connection](broker.RestrictConnection(ctx, uid, &api.RestrictConnectionParams{IdempotencyKey: key}, decision))
		})
}

func newConnectionsTerminate(a *app) *cobra.Command {
	return a.byAuthority("terminate", "Ends a connection for good, because the HSCN Authority says so",
		`Ends an active or a restricted connection, and with it its edge attachments, for good: it cannot be lifted. Its owner
destroys what is left, and its removal is then an order in the queue. The network does not follow by itself: set the rules
of its gateways for HSCN to drop-all, in and out.`,
		dropAll,
		func(ctx context.Context, broker api.ClientInterface, uid, key string, decision api.AuthorityDecision) (api.Connection, error) {
			return client.Decode[api.Connection](broker.TerminateConnection(ctx, uid, &api.TerminateConnectionParams{IdempotencyKey: key}, decision))
		})
}

func newConnectionsLift(a *app) *cobra.Command {
	return a.byAuthority("lift", "Lifts a restriction: exactly what was comes back",
		`Lifts the restriction of a connection: it and its edge attachments are again what they were, and what was on its way goes
on. Give the gateways back the rules that they had.`,
		"Give the connection's gateways back the rules for HSCN that they had.",
		func(ctx context.Context, broker api.ClientInterface, uid, key string, decision api.AuthorityDecision) (api.Connection, error) {
			return client.Decode[api.Connection](broker.LiftRestriction(ctx, uid, &api.LiftRestrictionParams{IdempotencyKey: key}, decision))
		})
}
