package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func newConnections(a *app) *cobra.Command {
	return a.group("connections", "The connections of all accounts, and what the HSCN Authority decides about them (calls a broker)",
		newConnectionsList(a), newConnectionsShow(a), newConnectionsRestrict(a), newConnectionsTerminate(a), newConnectionsLift(a))
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

func newConnectionsShow(a *app) *cobra.Command {
	show := a.calling(a.command("show CONNECTION", "Shows a connection with its edge attachments and their gateways", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			broker, err := a.call()
			if err != nil {
				return err
			}
			uid, err := findConnection(ctx, broker, args[0])
			if err != nil {
				return err
			}
			record, err := client.Decode[api.ConnectionRecord](broker.GetConnectionRecord(ctx, uid))
			if err != nil {
				return err
			}
			return a.show(record, func() { a.showConnection(record) })
		}))
	show.Long = show.Short + ".\n\n" + connectionID
	show.Example = "  hscn-broker connections show 676/records-prod"
	return show
}

func (a *app) showConnection(r api.ConnectionRecord) {
	c := r.Connection
	a.facts(
		"Name", c.Name,
		"Uid", c.UID,
		"Account", c.Account,
		"Organisation", c.OdsCode,
		"Service", fmt.Sprintf("%s (%s)", c.Service.ID, c.Service.Type),
		"Zone", c.Zone,
		"State", c.State,
		"Since", at(&c.StateSince),
		"Reason", value(c.StateReason),
	)
	fmt.Fprintln(a.stdout)
	a.gateways(r.EdgeAttachments, nil)
	var findings strings.Builder
	writeFindings(&findings, c.Findings)
	if findings.Len() > 0 {
		fmt.Fprintf(a.stdout, "\nFindings:%s\n", findings.String())
	}
}

// gateways lists edge attachments with the gateways that they are on and, where todo says it, what to do on each.
func (a *app) gateways(edges []api.EdgeAttachment, todo gatewayWork) {
	if len(edges) == 0 {
		fmt.Fprintln(a.stdout, "No edge attachment hangs on it: no gateway carries it.")
		return
	}
	heading := []string{"EDGE ATTACHMENT", "STATE", "GATEWAY", "ADDRESS", "NETWORKS"}
	if todo != nil {
		heading = append(heading, "TO DO")
	}
	rows := make([][]string, len(edges))
	for i, e := range edges {
		name := e.Name
		if _, own, err := hscn.ParseEdgeAttachmentName(e.Name); err == nil {
			name = own
		}
		rows[i] = []string{name, e.State, gatewayOf(e), orDash(e.IncludedAddress), orDash(networksOf(e))}
		if todo != nil {
			rows[i] = append(rows[i], todo(e))
		}
	}
	a.table(heading, rows)
}

// gatewayOf is the id of the gateway that an edge attachment is on, or where it is to be built.
func gatewayOf(e api.EdgeAttachment) string {
	if id := cmp.Or(value(e.AttachedGatewayID), value(e.GatewayID)); id != "" {
		return id
	}
	return "none yet, in VDC " + value(e.VdcID)
}

func networksOf(e api.EdgeAttachment) string {
	networks := make([]string, 0, len(e.Networks))
	for _, name := range slices.Sorted(maps.Keys(e.Networks)) {
		networks = append(networks, name+" "+e.Networks[name].Cidr)
	}
	return strings.Join(networks, ", ")
}

// gatewayWork is what to do on the gateway of an edge attachment after a decision about its connection.
type gatewayWork func(e api.EdgeAttachment) string

// dropEverything is what stopping a connection leaves to do.
func dropEverything(e api.EdgeAttachment) string {
	const dropAll = "set its rules for HSCN to drop-all, in and out"
	switch {
	case e.State == string(hscn.StateCeasing):
		return dropAll + "; its removal is in the queue"
	case e.EnabledAt == nil:
		return "nobody has confirmed it: build nothing more, and where it is joined to HSCN already, " + dropAll
	default:
		return dropAll
	}
}

// giveBack is what lifting a restriction leaves to do.
func giveBack(e api.EdgeAttachment) string {
	switch hscn.State(e.State) {
	case hscn.StateActive:
		return "give it back the rules for HSCN that it had"
	case hscn.StateCeasing:
		return "leave it at drop-all: its removal is in the queue"
	default:
		return "nothing: it goes on by its order in the queue"
	}
}

// authorityDecision sends what the HSCN Authority decided about a connection.
type authorityDecision func(
	ctx context.Context, broker api.ClientInterface, uid, key string, decision api.AuthorityDecision,
) (api.Connection, error)

// byAuthority makes a command for a decision of the Authority's; todo is what the operator does about the network.
func (a *app) byAuthority(verb, short, long string, todo gatewayWork, send authorityDecision) *cobra.Command {
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
		err = a.show(c, func() {
			fmt.Fprintf(a.stdout, "%s of account %s is now %s.\n", c.Name, c.Account, c.State)
			if reason := value(c.StateReason); reason != "" {
				fmt.Fprintln(a.stdout, reason)
			}
		})
		if err != nil || a.output == "json" {
			return err
		}
		record, err := client.Decode[api.ConnectionRecord](broker.GetConnectionRecord(ctx, uid))
		if err != nil {
			return fmt.Errorf("it is decided, and its gateways cannot be listed (hscn-broker connections show %s): %w", uid, err)
		}
		fmt.Fprintln(a.stdout, "\nWhat to do now, since the network does not follow by itself:")
		a.gateways(record.EdgeAttachments, todo)
		return nil
	}))
	command.Long = long + "\n\n" + connectionID
	command.Example = fmt.Sprintf(`  hscn-broker connections %s 676/records-prod --authority-reference HA-2041 --reason "..."`, verb)
	return needsReason(needsAuthorityReference(command, &decision.AuthorityReference), &decision.Reason)
}

func newConnectionsRestrict(a *app) *cobra.Command {
	return a.byAuthority("restrict", "Stops an active connection for a while, because the HSCN Authority says so",
		`Stops an active connection, and with it its edge attachments, until the restriction is lifted. Its owner can narrow it,
correct it and give it up, and order nothing more on it; the next plan says so. The network does not follow by itself: what is
printed then names its gateways, whose rules for HSCN are yours to set to drop-all, in and out.`,
		dropEverything,
		func(ctx context.Context, broker api.ClientInterface, uid, key string, decision api.AuthorityDecision) (api.Connection, error) {
			return client.Decode[api.Connection](broker.RestrictConnection(ctx, uid, &api.RestrictConnectionParams{IdempotencyKey: key}, decision))
		})
}

func newConnectionsTerminate(a *app) *cobra.Command {
	return a.byAuthority("terminate", "Ends a connection for good, because the HSCN Authority says so",
		`Ends an active or a restricted connection, and with it its edge attachments, for good: it cannot be lifted. Its owner
destroys what is left, and its removal is then an order in the queue. The network does not follow by itself: what is printed
then names its gateways, whose rules for HSCN are yours to set to drop-all, in and out.`,
		dropEverything,
		func(ctx context.Context, broker api.ClientInterface, uid, key string, decision api.AuthorityDecision) (api.Connection, error) {
			return client.Decode[api.Connection](broker.TerminateConnection(ctx, uid, &api.TerminateConnectionParams{IdempotencyKey: key}, decision))
		})
}

func newConnectionsLift(a *app) *cobra.Command {
	return a.byAuthority("lift", "Lifts a restriction: exactly what was comes back",
		`Lifts the restriction of a connection: it and its edge attachments are again what they were, and what was on its way goes
on. What is printed then names the gateways whose rules are yours to give back.`,
		giveBack,
		func(ctx context.Context, broker api.ClientInterface, uid, key string, decision api.AuthorityDecision) (api.Connection, error) {
			return client.Decode[api.Connection](broker.LiftRestriction(ctx, uid, &api.LiftRestrictionParams{IdempotencyKey: key}, decision))
		})
}
