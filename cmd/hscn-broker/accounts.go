package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

func newAccounts(a *app) *cobra.Command {
	return a.group("accounts", "Customers and partners, and for which organisations they may act (calls a broker)",
		newAccountsList(a), newAccountsBind(a), newAccountsUnbind(a))
}

func newAccountsList(a *app) *cobra.Command {
	return a.calling(a.command("list", "Lists the accounts", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		broker, err := a.call()
		if err != nil {
			return err
		}
		accounts, err := everything(func(size *int, token *string) ([]api.Account, *string, error) {
			page, err := client.Decode[api.AccountPage](broker.ListAccounts(ctx, &api.ListAccountsParams{PageSize: size, PageToken: token}))
			return page.Items, page.NextPageToken, err
		})
		if err != nil {
			return err
		}
		return a.show(accounts, func() {
			if len(accounts) == 0 {
				fmt.Fprintln(a.stdout, "There are no accounts. Record them with \"hscn-broker load FILE\".")
				return
			}
			rows := make([][]string, len(accounts))
			for i, account := range accounts {
				kind := account.Kind
				if account.Retired {
					kind += ", retired"
				}
				rows[i] = []string{account.ID, kind, orDash(strings.Join(account.Organisations, ",")), account.Title}
			}
			a.table([]string{"ID", "KIND", "ORGANISATIONS", "TITLE"}, rows)
		})
	}))
}

func newAccountsBind(a *app) *cobra.Command {
	var reference string
	bind := a.writing(a.command("bind ACCOUNT CODE", "Lets an account act for an organisation", cobra.ExactArgs(2),
		func(ctx context.Context, args []string) error {
			return a.rebind("may act for", func(broker api.ClientInterface, key string) (api.Account, error) {
				return client.Decode[api.Account](broker.BindOrganisation(ctx, args[0], args[1],
					&api.BindOrganisationParams{IdempotencyKey: key}, api.BindingSpec{Reference: text(reference)}))
			})
		}))
	bind.Long = `Lets an account order for the organisation of that ODS code. Agreements and DSPT are public facts, so that nobody may use
another's: bind an organisation when it has said, or its agreement shows, that this account acts for it. Orders that
asked for it go on by themselves.`
	bind.Example = `  hscn-broker accounts bind 676 A1B2C --reference "letter of authority LA-17"`
	bind.Flags().StringVar(&reference, "reference", "", "what it rests on; kept in the audit for good, so name a document and no person")
	return bind
}

func newAccountsUnbind(a *app) *cobra.Command {
	unbind := a.writing(a.command("unbind ACCOUNT CODE", "Lets an account no longer act for an organisation", cobra.ExactArgs(2),
		func(ctx context.Context, args []string) error {
			return a.rebind("may now act for", func(broker api.ClientInterface, key string) (api.Account, error) {
				return client.Decode[api.Account](broker.UnbindOrganisation(ctx, args[0], args[1], &api.UnbindOrganisationParams{IdempotencyKey: key}))
			})
		}))
	unbind.Long = `Lets an account order nothing more for the organisation. What it has stays as it is: to stop a connection, see
"hscn-broker connections". An inventory that still names the organisation binds it again when it is loaded.`
	unbind.Example = `  hscn-broker accounts unbind 676 A1B2C`
	return unbind
}

// rebind sends a change of what an account may act for, and says what that is now.
func (a *app) rebind(verb string, send func(broker api.ClientInterface, key string) (api.Account, error)) error {
	broker, err := a.call()
	if err != nil {
		return err
	}
	account, err := send(broker, client.NewIdempotencyKey())
	if err != nil {
		return err
	}
	return a.show(account, func() {
		codes := "no organisation"
		if len(account.Organisations) > 0 {
			codes = strings.Join(account.Organisations, ", ")
		}
		fmt.Fprintf(a.stdout, "Account %s (%s) %s %s.\n", account.ID, account.Title, verb, codes)
	})
}
