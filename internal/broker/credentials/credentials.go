// Package credentials keeps the tokens by which subjects are known to the broker: who made them, what they may do, until
// when. It says whom a secret stands for; what that subject may do with a request is for internal/broker/httpapi.
package credentials

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/page"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// Prefix begins every secret, so that people and scanners of source code recognise one that has gone astray.
const Prefix = "hscn_"

// secretBytes is how much chance is in a secret: far too much to be tried out, which is why a plain hash of it is safe
// to keep.
const secretBytes = 32

// Keeper makes, lists, revokes and recognises tokens. It may be used by several goroutines.
type Keeper struct {
	db    *store.DB
	clock func() time.Time
}

// New makes a keeper of the tokens in the database.
func New(db *store.DB, clock func() time.Time) *Keeper { return &Keeper{db: db, clock: clock} }

// now is the clock as the database gives it back.
func (k *Keeper) now() time.Time { return store.Instant(k.clock()) }

// Identity is whom a secret stands for.
type Identity struct {
	// Caller has no account yet: which one a request is about is for the request to say.
	Caller request.Caller
	// Accounts are those that the subject may act in.
	Accounts []string
}

// RejectedError says why a secret is not accepted. Its text is for whoever showed the secret.
type RejectedError struct{ reason string }

// Error implements error.
func (e *RejectedError) Error() string { return e.reason }

// Authenticate returns whom the secret stands for. The error is a *RejectedError, unless the database failed.
func (k *Keeper) Authenticate(ctx context.Context, secret string) (Identity, error) {
	sum := sum(secret)
	var token store.Token
	err := k.db.Read(ctx, func(ctx context.Context, r *store.Reader) error {
		var err error
		token, err = r.TokenBySecret(ctx, sum)
		return err
	})
	unknown := &RejectedError{reason: "the token is not one of this broker's"}
	if errors.Is(err, store.ErrNotFound) {
		return Identity{}, unknown
	}
	if err != nil {
		return Identity{}, fmt.Errorf("look the token up: %w", err)
	}
	// The database found it by an index, whose timing says something about hashes, not about secrets. What is compared
	// here must not depend on how the database compares.
	if subtle.ConstantTimeCompare([]byte(token.SecretSHA256), []byte(sum)) != 1 {
		return Identity{}, unknown
	}
	switch now := k.now(); {
	case token.RevokedAt != nil:
		return Identity{}, &RejectedError{reason: "the token was revoked at " + token.RevokedAt.UTC().Format(time.RFC3339)}
	case token.ExpiresAt != nil && !now.Before(*token.ExpiresAt):
		return Identity{}, &RejectedError{reason: "the token expired at " + token.ExpiresAt.UTC().Format(time.RFC3339)}
	}
	return Identity{
		Caller:   request.Caller{TokenID: token.ID, Subject: token.Subject, Kind: token.Kind, Roles: token.Roles},
		Accounts: token.Accounts,
	}, nil
}

// Create makes a token and returns it with its secret, which is not kept. What the spec may not say is a problem of type
// RequestInvalid. It has no idempotency: the answer holds a secret, so that nothing could be repeated.
func (k *Keeper) Create(ctx context.Context, write request.Write, spec api.TokenSpec) (api.NewToken, error) {
	now := k.now()
	spec, err := checked(spec, now)
	if err != nil {
		return api.NewToken{}, err
	}
	return k.create(ctx, write, now, newSecret(), spec, func(context.Context, *store.Tx) error { return nil })
}

// create stores the token, unless allowed objects in the same transaction.
func (k *Keeper) create(
	ctx context.Context, write request.Write, now time.Time, secret string, spec api.TokenSpec,
	allowed func(context.Context, *store.Tx) error,
) (api.NewToken, error) {
	token := store.Token{
		ID: uuid.NewString(), SecretSHA256: sum(secret),
		Subject: spec.Subject, Kind: request.SubjectKind(spec.Kind), Roles: spec.Roles, Accounts: spec.Accounts,
		CreatedAt: now, CreatedBy: write.Caller.Subject, ExpiresAt: spec.ExpiresAt,
	}
	err := k.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := allowed(ctx, tx); err != nil {
			return err
		}
		if err := tx.InsertToken(ctx, &token); err != nil {
			return err
		}
		details := map[string]any{"kind": string(token.Kind), "roles": words(token.Roles), "accounts": append([]string{}, token.Accounts...)}
		if token.ExpiresAt != nil {
			details["expires_at"] = token.ExpiresAt.UTC().Format(time.RFC3339)
		}
		return record(ctx, tx, write, now, "token.create", token.ID, details)
	})
	if err != nil {
		return api.NewToken{}, err
	}
	return api.NewToken{Token: rendered(token), Secret: secret}, nil
}

// List returns a page of tokens, newest first.
func (k *Keeper) List(ctx context.Context, params api.ListTokensParams) (api.TokenPage, error) {
	size := page.Size(params.PageSize)
	var key store.TokenKey
	found, err := page.After(params.PageToken, &key)
	if err != nil {
		return api.TokenPage{}, err
	}
	var after *store.TokenKey
	if found {
		after = &key
	}
	var tokens []store.Token
	err = k.db.Read(ctx, func(ctx context.Context, r *store.Reader) error {
		var err error
		tokens, err = r.Tokens(ctx, after, size+1)
		return err
	})
	if err != nil {
		return api.TokenPage{}, err
	}
	tokens, next, err := page.Cut(tokens, size, func(t store.Token) any { return store.TokenKey{CreatedAt: t.CreatedAt, ID: t.ID} })
	if err != nil {
		return api.TokenPage{}, err
	}
	listed := api.TokenPage{Items: make([]api.Token, len(tokens)), NextPageToken: next}
	for i, token := range tokens {
		listed.Items[i] = rendered(token)
	}
	return listed, nil
}

// Revoke ends a token at once. One that is not there is a problem of type ObjectGone; one that was revoked before stays
// as it is.
func (k *Keeper) Revoke(ctx context.Context, write request.Write, id string) (api.Token, error) {
	now := k.now()
	return store.Idempotent(ctx, k.db, write, now,
		func(ctx context.Context, r *store.Reader, uid string) (api.Token, error) {
			token, err := r.TokenByID(ctx, uid)
			return rendered(token), err
		},
		func(ctx context.Context, tx *store.Tx) (store.Outcome[api.Token], error) {
			token, err := tx.RevokeToken(ctx, id, now)
			if errors.Is(err, store.ErrNotFound) {
				return store.Outcome[api.Token]{}, problem.New(problem.ObjectGone, "There is no token %q.", id)
			}
			if err != nil {
				return store.Outcome[api.Token]{}, err
			}
			if err := record(ctx, tx, write, now, "token.revoke", id, map[string]any{}); err != nil {
				return store.Outcome[api.Token]{}, err
			}
			return store.Outcome[api.Token]{Answer: rendered(token), ObjectUID: id}, nil
		})
}

// checked returns the spec with lists in order and without repetition.
func checked(spec api.TokenSpec, now time.Time) (api.TokenSpec, error) {
	var invalid []api.InvalidMember
	refuse := func(pointer, detail string) {
		invalid = append(invalid, api.InvalidMember{Pointer: &pointer, Detail: detail})
	}
	spec.Subject = strings.TrimSpace(spec.Subject)
	if spec.Subject == "" {
		refuse("/subject", "names nobody")
	}
	if strings.EqualFold(spec.Subject, store.ErasedSubject) {
		refuse("/subject", "is the word that stands where a name was erased: choose another")
	}
	for i, role := range spec.Roles {
		if role == api.RoleApprover && spec.Kind != api.Person {
			refuse("/roles/"+strconv.Itoa(i), "is for a person: a machine approves nothing")
		}
	}
	if slices.Contains(spec.Roles, api.RoleCustomer) != (len(spec.Accounts) > 0) {
		if len(spec.Accounts) > 0 {
			refuse("/accounts", "are for the role customer, which the token does not have")
		} else {
			refuse("/accounts", "is missing: the role customer is for accounts")
		}
	}
	if spec.ExpiresAt != nil && !now.Before(*spec.ExpiresAt) {
		refuse("/expires_at", "has passed: the broker's clock shows "+now.Format(time.RFC3339))
	}
	if len(invalid) > 0 {
		refused := problem.New(problem.RequestInvalid, "Such a token cannot be made.")
		refused.Invalid = invalid
		return spec, refused
	}
	spec.Roles = slices.Compact(slices.Sorted(slices.Values(spec.Roles)))
	spec.Accounts = slices.Compact(slices.Sorted(slices.Values(spec.Accounts)))
	if spec.ExpiresAt != nil {
		at := store.Instant(*spec.ExpiresAt)
		spec.ExpiresAt = &at
	}
	return spec, nil
}

// record leaves the write in the audit. The token's subject is not in it: people's names stay out of the chain.
func record(ctx context.Context, tx *store.Tx, write request.Write, now time.Time, action, id string, details map[string]any) error {
	return tx.AppendAudit(ctx, &store.AuditEntry{
		At: now, Subject: write.Caller.Subject, SubjectKind: write.Caller.Kind,
		Action: action, Object: "tokens/" + id, ObjectUID: id,
		ChangeReference: write.ChangeReference, RequestID: write.RequestID, Details: details,
	})
}

func rendered(token store.Token) api.Token {
	return api.Token{
		ID: token.ID, Subject: token.Subject, Kind: string(token.Kind),
		Roles: append([]api.Role{}, token.Roles...), Accounts: append([]string{}, token.Accounts...),
		CreatedAt: token.CreatedAt, CreatedBy: token.CreatedBy, ExpiresAt: token.ExpiresAt, RevokedAt: token.RevokedAt,
	}
}

func words(roles []api.Role) []string {
	texts := make([]string, len(roles))
	for i, role := range roles {
		texts[i] = string(role)
	}
	return texts
}

func newSecret() string {
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // it never fails: without a source of chance the program ends
	return Prefix + base64.RawURLEncoding.EncodeToString(secret)
}

func sum(secret string) string {
	digest := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(digest[:])
}
