package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

func newOrders(a *app) *cobra.Command {
	return a.group("orders", "The operator's queue: lists, shows and decides (calls a broker)",
		newOrdersList(a), newOrdersShow(a), newOrdersApprove(a), newOrdersRefuse(a), newOrdersDone(a), newOrdersFail(a), newOrdersRetry(a), newOrdersAuthority(a))
}

func newOrdersList(a *app) *cobra.Command {
	var all bool
	list := a.calling(a.command("list", "Lists the orders, what is due first", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		broker, err := a.call()
		if err != nil {
			return err
		}
		orders, err := everything(func(size *int, token *string) ([]api.Order, *string, error) {
			page, err := client.Decode[api.OrderPage](broker.ListOrders(ctx, &api.ListOrdersParams{PageSize: size, PageToken: token, Closed: &all}))
			return page.Items, page.NextPageToken, err
		})
		if err != nil {
			return err
		}
		return a.show(orders, func() {
			if len(orders) == 0 {
				fmt.Fprintln(a.stdout, "There is nothing to do.")
				return
			}
			rows := make([][]string, len(orders))
			for i, o := range orders {
				rows[i] = []string{strconv.FormatInt(o.ID, 10), o.Kind, orDash(at(o.DueAt)), orDash(value(o.WaitsFor)), o.State, o.Account, o.Object}
			}
			a.table([]string{"ID", "KIND", "DUE", "WAITS FOR", "STATE", "ACCOUNT", "OBJECT"}, rows)
			fmt.Fprintln(a.stdout, "\nWhat to do about one: hscn-broker orders show ID")
		})
	}))
	list.Flags().BoolVar(&all, "all", false, "list those that are closed as well")
	return list
}

func newOrdersShow(a *app) *cobra.Command {
	return a.calling(a.command("show ID", "Shows an order, with the steps that fulfil it", cobra.ExactArgs(1),
		func(ctx context.Context, args []string) error {
			id, err := orderNumber(args[0])
			if err != nil {
				return err
			}
			broker, err := a.call()
			if err != nil {
				return err
			}
			order, err := client.Decode[api.Order](broker.GetOrder(ctx, id))
			if err != nil {
				return err
			}
			return a.show(order, func() { a.showOrder(order) })
		}))
}

func (a *app) showOrder(o api.Order) {
	a.facts(
		"Order", strconv.FormatInt(o.ID, 10),
		"Kind", o.Kind,
		"Object", o.Object,
		"Uid", o.ObjectUID,
		"Account", o.Account,
		"State", o.State,
		"Reason", value(o.StateReason),
		"Waits for", value(o.WaitsFor),
		"Due", at(o.DueAt),
		"Created", at(&o.CreatedAt)+" by "+o.CreatedBy,
		"Closed", strings.TrimSuffix(at(o.ClosedAt)+" by "+value(o.ClosedBy), " by "),
		"Note", value(o.Note),
		"Change reference", value(o.ChangeReference),
		"Policy version", o.PolicyVersion,
	)
	a.change(o)
	a.steps(o)
	// Their remedies are the customer's, so that they stand apart from what the operator does.
	var findings strings.Builder
	writeFindings(&findings, o.Findings)
	if findings.Len() > 0 {
		fmt.Fprintf(a.stdout, "\nWhat the customer was told:%s\n", findings.String())
	}
}

// change lists what is asked for in the place of what is confirmed, which the steps set beside it.
func (a *app) change(o api.Order) {
	if o.Change == nil {
		return
	}
	fmt.Fprintln(a.stdout)
	a.table([]string{"ATTRIBUTE", "ASKED FOR"}, changeRows("", *o.Change))
}

// changeRows are the values of a merge patch by their place in the object, in the order of these.
func changeRows(prefix string, patch map[string]any) (rows [][]string) {
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		switch value := patch[name].(type) {
		case map[string]any:
			if len(value) == 0 {
				rows = append(rows, []string{prefix + name, "{}"})
			}
			rows = append(rows, changeRows(prefix+name+".", value)...)
		case nil:
			rows = append(rows, []string{prefix + name, "(left out)"})
		case []any:
			elements := make([]string, len(value))
			for i, element := range value {
				elements[i] = fmt.Sprint(element)
			}
			rows = append(rows, []string{prefix + name, strings.Join(elements, ", ")})
		case float64:
			rows = append(rows, []string{prefix + name, strconv.FormatFloat(value, 'f', -1, 64)})
		default:
			rows = append(rows, []string{prefix + name, fmt.Sprint(value)})
		}
	}
	return rows
}

// steps lists what the operator does now, the commands among it.
func (a *app) steps(o api.Order) {
	if len(o.Steps) == 0 {
		return
	}
	fmt.Fprintln(a.stdout, "\nWhat to do now:")
	for i, step := range o.Steps {
		fmt.Fprintf(a.stdout, "%3d. %s\n", i+1, strings.ReplaceAll(step, "\n", "\n     "))
	}
}

// decision sends what an operator decided.
type decision func(ctx context.Context, broker api.ClientInterface, id int64, key string) (api.Order, error)

func (a *app) decide(use, short string, decide decision) *cobra.Command {
	return a.writing(a.command(use, short, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		id, err := orderNumber(args[0])
		if err != nil {
			return err
		}
		broker, err := a.call()
		if err != nil {
			return err
		}
		order, err := decide(ctx, broker, id, client.NewIdempotencyKey())
		if err != nil {
			return err
		}
		return a.show(order, func() {
			what := order.Object + " is"
			if order.Kind == "change" {
				what = order.Object + ": the change is"
			}
			fmt.Fprintf(a.stdout, "Order %d: %s now %s.\n", order.ID, what, order.State)
			a.steps(order)
		})
	}))
}

func newOrdersApprove(a *app) *cobra.Command {
	var note string
	command := a.decide("approve ID", "Approves an order that waits for a person's approval",
		func(ctx context.Context, broker api.ClientInterface, id int64, key string) (api.Order, error) {
			return client.Decode[api.Order](broker.ApproveOrder(ctx, id, &api.ApproveOrderParams{IdempotencyKey: key}, api.OrderNote{Note: text(note)}))
		})
	command.Flags().StringVar(&note, "note", "", "what the approval rests on, kept with the order")
	return command
}

func newOrdersDone(a *app) *cobra.Command {
	var note, gatewayID string
	command := a.decide("done ID", "Confirms that the network does what was ordered",
		func(ctx context.Context, broker api.ClientInterface, id int64, key string) (api.Order, error) {
			return client.Decode[api.Order](broker.ConfirmOrder(ctx, id, &api.ConfirmOrderParams{IdempotencyKey: key},
				api.OrderConfirmation{Note: text(note), GatewayID: text(gatewayID)}))
		})
	command.Flags().StringVar(&note, "note", "", "what was done, kept with the order")
	command.Flags().StringVar(&gatewayID, "gateway-id", "", "the `ID` of the gateway that was built, where the order names a VDC; the inventory has it from then on")
	return command
}

func newOrdersAuthority(a *app) *cobra.Command {
	var granted, refused bool
	var reference, reason string
	command := a.decide("authority ID", "Records what the HSCN Authority answered about an order that waits for it",
		func(ctx context.Context, broker api.ClientInterface, id int64, key string) (api.Order, error) {
			if refused && reason == "" {
				return api.Order{}, &usageError{"--refused needs --reason: the customer reads why"}
			}
			return client.Decode[api.Order](broker.RecordAuthorityAnswer(ctx, id, &api.RecordAuthorityAnswerParams{IdempotencyKey: key},
				api.AuthorityAnswer{Granted: granted, AuthorityReference: reference, Reason: text(reason)}))
		})
	command.Long = `Records what the HSCN Authority answered about an order that waits for it (awaiting_authority). Granted, the order goes on by
itself; refused, it is refused for good, and the customer reads the reference and the reason.`
	command.Example = `  hscn-broker orders authority 12 --granted --authority-reference HA-2041
  hscn-broker orders authority 12 --refused --authority-reference HA-2041 --reason "Not from outside England."`
	flags := command.Flags()
	flags.BoolVar(&granted, "granted", false, "the Authority granted it")
	flags.BoolVar(&refused, "refused", false, "the Authority did not grant it")
	command.MarkFlagsMutuallyExclusive("granted", "refused")
	command.MarkFlagsOneRequired("granted", "refused")
	flags.StringVar(&reason, "reason", "", "what the customer reads")
	return needsAuthorityReference(command, &reference)
}

func newOrdersRefuse(a *app) *cobra.Command {
	var reason string
	command := a.decide("refuse ID", "Refuses an order that is not fulfilled yet",
		func(ctx context.Context, broker api.ClientInterface, id int64, key string) (api.Order, error) {
			return client.Decode[api.Order](broker.RefuseOrder(ctx, id, &api.RefuseOrderParams{IdempotencyKey: key}, api.OrderReason{Reason: reason}))
		})
	return needsReason(command, &reason)
}

func newOrdersFail(a *app) *cobra.Command {
	var reason string
	command := a.decide("fail ID", "Records that fulfilment failed; \"done\" confirms it later all the same",
		func(ctx context.Context, broker api.ClientInterface, id int64, key string) (api.Order, error) {
			return client.Decode[api.Order](broker.FailOrder(ctx, id, &api.FailOrderParams{IdempotencyKey: key}, api.OrderReason{Reason: reason}))
		})
	return needsReason(command, &reason)
}

func newOrdersRetry(a *app) *cobra.Command {
	var note string
	command := a.decide("retry ID", "Has the gateway driver try again what it failed to fulfil, or to remove",
		func(ctx context.Context, broker api.ClientInterface, id int64, key string) (api.Order, error) {
			return client.Decode[api.Order](broker.RetryOrder(ctx, id, &api.RetryOrderParams{IdempotencyKey: key}, api.OrderNote{Note: text(note)}))
		})
	command.Flags().StringVar(&note, "note", "", "why it may succeed now, kept with the order")
	return command
}

func needsReason(command *cobra.Command, reason *string) *cobra.Command {
	command.Flags().StringVar(reason, "reason", "", "what the customer reads")
	if err := command.MarkFlagRequired("reason"); err != nil {
		panic(err) // the flag is defined above
	}
	return command
}

// needsAuthorityReference is for what the HSCN Authority decided.
func needsAuthorityReference(command *cobra.Command, reference *string) *cobra.Command {
	command.Flags().StringVar(reference, "authority-reference", "", "the HSCN Authority's own reference, kept in the audit; the customer reads it")
	if err := command.MarkFlagRequired("authority-reference"); err != nil {
		panic(err) // the flag is defined above
	}
	return command
}

func orderNumber(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, &usageError{fmt.Sprintf("an order has a number, as \"hscn-broker orders list\" shows it, not %q", text)}
	}
	return id, nil
}
