package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

func newTokens(a *app) *cobra.Command {
	return a.group("tokens", "Makes, lists and revokes tokens (calls a broker)", newTokensCreate(a), newTokensList(a), newTokensRevoke(a))
}

// tokenFlags are what a token is made of.
type tokenFlags struct {
	subject, kind, expiresAt, secretFile string
	roles, accounts                      []string
	expiresIn                            time.Duration
}

func newTokensCreate(a *app) *cobra.Command {
	var f tokenFlags
	create := a.writing(a.command("create", "Makes a token, and shows its secret this once", cobra.NoArgs,
		func(ctx context.Context, _ []string) error { return a.createToken(ctx, f) }))
	create.Long = `Makes a token and writes its secret to standard output, alone on its line; what else there is to say goes to standard
error. The broker does not keep the secret.

A customer's token has the role customer and at least one account. The others are the operator's: a recorder loads
inventories and records look-ups, bindings and fulfilment; an approver reads what a recorder does, approves, refuses, validates
signed copies, grants waivers and restricts, and is always a person; an administrator makes and revokes tokens; an auditor reads the audit.`
	create.Example = `  hscn-broker tokens create --subject records-ci --kind machine --role customer --account 676 > customer.token
  hscn-broker tokens create --subject "Ana Approver" --kind person --role recorder --role approver --secret-file ana.token`
	flags := create.Flags()
	flags.StringVar(&f.subject, "subject", "", "the person or machine that it stands for")
	flags.StringVar(&f.kind, "kind", "", "person or machine")
	flags.StringArrayVar(&f.roles, "role", nil, "customer, recorder, approver, administrator or auditor; may be repeated")
	flags.StringArrayVar(&f.accounts, "account", nil, "an account that a customer's token may act in; may be repeated")
	flags.StringVar(&f.expiresAt, "expires-at", "", "when it ends, such as 2027-03-31T17:00:00Z (default: never)")
	flags.DurationVar(&f.expiresIn, "expires-in", 0, "for how long it is good, such as 720h, instead of --expires-at")
	flags.StringVar(&f.secretFile, "secret-file", "", "`FILE` to write the secret to, which only its owner can read; it must not be there yet")
	for _, name := range []string{"subject", "kind", "role"} {
		if err := create.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined above
		}
	}
	create.MarkFlagsMutuallyExclusive("expires-at", "expires-in")
	return create
}

func (a *app) createToken(ctx context.Context, f tokenFlags) error {
	spec := api.TokenSpec{Subject: f.subject, Kind: api.TokenSpecKind(f.kind), Accounts: f.accounts}
	if !spec.Kind.Valid() {
		return &usageError{fmt.Sprintf("--kind is person or machine, not %q", f.kind)}
	}
	for _, name := range f.roles {
		role := api.Role(name)
		if !role.Valid() {
			return &usageError{fmt.Sprintf("--role is customer, recorder, approver, administrator or auditor, not %q", name)}
		}
		spec.Roles = append(spec.Roles, role)
	}
	switch {
	case f.expiresAt != "":
		t, err := timeFlag("expires-at", f.expiresAt)
		if err != nil {
			return err
		}
		spec.ExpiresAt = &t
	case f.expiresIn < 0:
		return &usageError{"--expires-in is a time to come, such as 720h"}
	case f.expiresIn > 0:
		t := time.Now().Add(f.expiresIn)
		spec.ExpiresAt = &t
	}
	// Its answer cannot be repeated, so that asking again would make another token and leave one that nobody knows.
	broker, err := a.callWith(0)
	if err != nil {
		return err
	}
	var file *os.File
	if f.secretFile != "" {
		// Before the token is made: a secret that cannot be written down is lost.
		if file, err = os.OpenFile(f.secretFile, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			return fmt.Errorf("write the secret: %w", err)
		}
	}
	made, err := client.Decode[api.NewToken](broker.CreateToken(ctx, &api.CreateTokenParams{}, spec))
	if file != nil {
		if err != nil {
			return errors.Join(err, file.Close(), os.Remove(f.secretFile))
		}
		_, writeErr := fmt.Fprintln(file, made.Secret)
		if err := errors.Join(writeErr, file.Close()); err != nil {
			return fmt.Errorf("write the secret of token %s, which is lost: revoke the token: %w", made.Token.ID, err)
		}
		made.Secret = ""
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "Token %s stands for %s (%s), roles %s.\n", made.Token.ID, made.Token.Subject, made.Token.Kind, joined(made.Token.Roles))
	return a.show(made, func() {
		if made.Secret != "" {
			fmt.Fprintln(a.stdout, made.Secret)
		}
	})
}

func newTokensList(a *app) *cobra.Command {
	return a.calling(a.command("list", "Lists the tokens, newest first", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		broker, err := a.call()
		if err != nil {
			return err
		}
		tokens, err := everything(func(size *int, token *string) ([]api.Token, *string, error) {
			page, err := client.Decode[api.TokenPage](broker.ListTokens(ctx, &api.ListTokensParams{PageSize: size, PageToken: token}))
			return page.Items, page.NextPageToken, err
		})
		if err != nil {
			return err
		}
		return a.show(tokens, func() {
			rows := make([][]string, len(tokens))
			for i, t := range tokens {
				rows[i] = []string{
					t.ID, t.Subject, t.Kind, joined(t.Roles), orDash(strings.Join(t.Accounts, ",")),
					at(&t.CreatedAt), orDash(at(t.ExpiresAt)), orDash(at(t.RevokedAt)),
				}
			}
			a.table([]string{"ID", "SUBJECT", "KIND", "ROLES", "ACCOUNTS", "CREATED", "EXPIRES", "REVOKED"}, rows)
		})
	}))
}

func newTokensRevoke(a *app) *cobra.Command {
	return a.writing(a.command("revoke ID", "Revokes a token at once", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		broker, err := a.call()
		if err != nil {
			return err
		}
		params := &api.RevokeTokenParams{IdempotencyKey: client.NewIdempotencyKey()}
		token, err := client.Decode[api.Token](broker.RevokeToken(ctx, args[0], params))
		if err != nil {
			return err
		}
		return a.show(token, func() {
			fmt.Fprintf(a.stdout, "Token %s of %s is revoked since %s.\n", token.ID, token.Subject, at(token.RevokedAt))
		})
	}))
}

func joined(roles []api.Role) string {
	words := make([]string, len(roles))
	for i, role := range roles {
		words[i] = string(role)
	}
	return strings.Join(words, ",")
}
