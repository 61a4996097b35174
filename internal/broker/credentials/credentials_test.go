package credentials_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/credentials"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
)

type bundle struct {
	keeper *credentials.Keeper
	db     *store.DB
	file   string // of the database

	mu  sync.Mutex
	now time.Time
}

func (b *bundle) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bundle) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{file: filepath.Join(t.TempDir(), "broker.db"), now: time.Date(2026, 11, 2, 9, 30, 0, 0, time.UTC)}
	db, err := store.Open(t.Context(), b.file, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	b.db, b.keeper = db, credentials.New(db, b.clock)
	return b
}

func (b *bundle) write(key string) request.Write {
	return request.Write{
		Caller:         request.Caller{TokenID: "t", Subject: "admin", Kind: request.Person},
		IdempotencyKey: key, Method: "DELETE", Path: "/v1/operator/tokens/x", BodySHA256: "none",
		ChangeReference: "CHG-1", RequestID: "r-1",
	}
}

func customer() api.TokenSpec {
	return api.TokenSpec{Subject: "records-ci", Kind: api.Machine, Roles: []api.Role{api.RoleCustomer}, Accounts: []string{"676"}}
}

func (b *bundle) create(t *testing.T, spec api.TokenSpec) api.NewToken {
	t.Helper()
	token, err := b.keeper.Create(t.Context(), b.write(""), spec)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// rejected returns why the secret is not accepted.
func (b *bundle) rejected(t *testing.T, secret string) string {
	t.Helper()
	_, err := b.keeper.Authenticate(t.Context(), secret)
	var rejected *credentials.RejectedError
	if !errors.As(err, &rejected) {
		t.Fatalf("err = %v, want a *RejectedError", err)
	}
	return rejected.Error()
}

func TestCreateAndAuthenticate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	spec := customer()
	spec.Accounts = []string{"90", "676", "676"}
	made := b.create(t, spec)
	if !strings.HasPrefix(made.Secret, "hscn_") || len(made.Secret) != len("hscn_")+43 {
		t.Errorf("the secret has an odd form: %d characters", len(made.Secret))
	}
	if other := b.create(t, customer()); other.Secret == made.Secret || other.Token.ID == made.Token.ID {
		t.Error("two tokens have a secret or an id in common")
	}

	identity, err := b.keeper.Authenticate(t.Context(), made.Secret)
	if err != nil {
		t.Fatal(err)
	}
	caller := identity.Caller
	if caller.TokenID != made.Token.ID || caller.Subject != "records-ci" || caller.Kind != request.Machine ||
		!caller.Has(api.RoleCustomer) || caller.Has(api.RoleRecorder) || caller.Account != "" {
		t.Errorf("caller is %+v", caller)
	}
	if fmt.Sprint(identity.Accounts) != "[676 90]" {
		t.Errorf("accounts are %q", identity.Accounts)
	}

	for name, secret := range map[string]string{
		"empty": "", "another": "hscn_" + strings.Repeat("A", 43), "cut": made.Secret[:len(made.Secret)-1],
		"in another case": strings.ToUpper(made.Secret), "the id": made.Token.ID,
	} {
		if got := b.rejected(t, secret); got != "the token is not one of this broker's" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestSecretsAreNotStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.create(t, customer())
	files, err := filepath.Glob(b.file + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no database files: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), made.Secret) {
			t.Errorf("%s holds the secret", filepath.Base(file))
		}
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	spec := customer()
	at := b.clock().Add(time.Hour)
	spec.ExpiresAt = &at
	made := b.create(t, spec)

	b.advance(time.Hour - time.Second)
	if _, err := b.keeper.Authenticate(t.Context(), made.Secret); err != nil {
		t.Errorf("a second before: %v", err)
	}
	b.advance(time.Second)
	if got := b.rejected(t, made.Secret); got != "the token expired at 2026-11-02T10:30:00Z" {
		t.Errorf("at the time: %q", got)
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.create(t, customer())

	revoked, err := b.keeper.Revoke(t.Context(), b.write("first"), made.Token.ID)
	if err != nil {
		t.Fatal(err)
	}
	if revoked.RevokedAt == nil || !revoked.RevokedAt.Equal(b.clock()) {
		t.Errorf("revoked at %v", revoked.RevokedAt)
	}
	if got := b.rejected(t, made.Secret); got != "the token was revoked at 2026-11-02T09:30:00Z" {
		t.Errorf("%q", got)
	}

	// A repetition of the request, and another request, find it as it is.
	b.advance(time.Hour)
	for _, key := range []string{"first", "second"} {
		again, err := b.keeper.Revoke(t.Context(), b.write(key), made.Token.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !again.RevokedAt.Equal(*revoked.RevokedAt) {
			t.Errorf("%s: revoked at %v", key, again.RevokedAt)
		}
	}

	_, err = b.keeper.Revoke(t.Context(), b.write("third"), "nobody")
	var gone *problem.Problem
	if !errors.As(err, &gone) || gone.Type != problem.ObjectGone {
		t.Errorf("err = %v", err)
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	past := b.clock()
	cases := map[string]struct {
		change  func(*api.TokenSpec)
		pointer string
		detail  string
	}{
		"a machine that approves": {
			func(s *api.TokenSpec) { s.Roles = []api.Role{api.RoleRecorder, api.RoleApprover}; s.Accounts = nil },
			"/roles/1", "is for a person: a machine approves nothing",
		},
		"a customer without an account": {
			func(s *api.TokenSpec) { s.Accounts = nil }, "/accounts", "is missing: the role customer is for accounts",
		},
		"accounts without the role": {
			func(s *api.TokenSpec) { s.Roles = []api.Role{api.RoleAuditor} },
			"/accounts", "are for the role customer, which the token does not have",
		},
		"nobody":  {func(s *api.TokenSpec) { s.Subject = " " }, "/subject", "names nobody"},
		"erased":  {func(s *api.TokenSpec) { s.Subject = "Erased" }, "/subject", "is the word that stands where a name was erased: choose another"},
		"expired": {func(s *api.TokenSpec) { s.ExpiresAt = &past }, "/expires_at", "has passed: the broker's clock shows 2026-11-02T09:30:00Z"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := customer()
			c.change(&spec)
			_, err := b.keeper.Create(t.Context(), b.write(""), spec)
			var refused *problem.Problem
			if !errors.As(err, &refused) || refused.Type != problem.RequestInvalid {
				t.Fatalf("err = %v", err)
			}
			if len(refused.Invalid) != 1 || *refused.Invalid[0].Pointer != c.pointer || refused.Invalid[0].Detail != c.detail {
				t.Errorf("invalid is %+v", refused.Invalid)
			}
		})
	}
	spec := customer()
	spec.Kind, spec.Roles = api.Person, []api.Role{api.RoleCustomer, api.RoleApprover}
	b.create(t, spec)
}

func TestList(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var want []string
	for range 5 {
		want = append([]string{b.create(t, customer()).Token.ID}, want...)
		b.advance(time.Minute)
	}
	size := 2
	var got []string
	params := api.ListTokensParams{PageSize: &size}
	for {
		listed, err := b.keeper.List(t.Context(), params)
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range listed.Items {
			got = append(got, token.ID)
		}
		if listed.NextPageToken == nil {
			break
		}
		params.PageToken = listed.NextPageToken
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("listed %q, want %q", got, want)
	}
}

func TestAudit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made := b.create(t, customer())
	if _, err := b.keeper.Revoke(t.Context(), b.write("key"), made.Token.ID); err != nil {
		t.Fatal(err)
	}
	var entries []store.AuditEntry
	err := b.db.Read(t.Context(), func(ctx context.Context, r *store.Reader) error {
		var err error
		entries, err = r.AuditEntries(ctx, store.AuditFilter{ObjectUID: made.Token.ID, Limit: 10})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 2 || entries[0].Action != "token.create" || entries[1].Action != "token.revoke" {
		t.Fatalf("entries are %+v", entries)
	}
	for _, e := range entries {
		if e.Subject != "admin" || e.ChangeReference != "CHG-1" || e.RequestID != "r-1" || !e.At.Equal(b.clock()) {
			t.Errorf("entry is %+v", e)
		}
		// What is in the chain stays there for ever.
		if text := fmt.Sprint(e.Details); strings.Contains(text, "records-ci") || strings.Contains(text, made.Secret) {
			t.Errorf("the details of %s name the subject or hold the secret: %s", e.Action, text)
		}
	}
}

func TestEnsureFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := filepath.Join(t.TempDir(), "operator-token")

	made, err := b.keeper.EnsureFirst(t.Context(), file)
	if err != nil || !made {
		t.Fatalf("made %v, err = %v", made, err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v", info.Mode())
	}
	identity, err := b.keeper.Authenticate(t.Context(), strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	if identity.Caller.Kind != request.Person || len(identity.Caller.Roles) != 5 || len(identity.Accounts) != 0 {
		t.Errorf("identity is %+v", identity)
	}

	// Later starts make none: neither while the token is valid, nor where it was revoked or its file is gone.
	if _, err := b.keeper.Revoke(t.Context(), b.write("key"), identity.Caller.TokenID); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	made, err = b.keeper.EnsureFirst(t.Context(), file)
	if err != nil || made {
		t.Errorf("made %v, err = %v", made, err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file was written again: %v", err)
	}
}

func TestEnsureFirstOverwritesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	file := filepath.Join(t.TempDir(), "operator-token")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	made, err := b.keeper.EnsureFirst(t.Context(), file)
	var exists *credentials.FileExistsError
	if made || !errors.As(err, &exists) {
		t.Fatalf("made %v, err = %v", made, err)
	}
	want := "make the operator's first token: the file " + file + " is there already, and the database has no token that it could hold: move it away, " +
		"and start again; the operator's first token is then written there"
	if err.Error() != want {
		t.Errorf("err = %v", err)
	}
	if data, _ := os.ReadFile(file); string(data) != "mine" {
		t.Errorf("the file now holds %q", data)
	}
	if made, err := b.keeper.EnsureFirst(t.Context(), filepath.Join(t.TempDir(), "none", "file")); made || err == nil {
		t.Errorf("a directory that does not exist: made %v, err = %v", made, err)
	}
	// Nothing was left behind that would keep the next start from making one.
	if made, err := b.keeper.EnsureFirst(t.Context(), file+".new"); !made || err != nil {
		t.Errorf("made %v, err = %v", made, err)
	}
}

// Several brokers on one database that start together make one token between them, also where they would all write it to
// one file, and none of them fails.
func TestEnsureFirstTogether(t *testing.T) {
	t.Parallel()
	for name, newURL := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		for where, file := range map[string]func(i int) string{
			"files of their own": func(i int) string { return fmt.Sprint(i) },
			"one file":           func(int) string { return "operator-token" },
		} {
			t.Run(name+", "+where, func(t *testing.T) {
				t.Parallel()
				keeper := credentials.New(storetest.Open(t, newURL(t), store.Options{}), time.Now)
				dir := t.TempDir()
				var group sync.WaitGroup
				made := make([]bool, 4)
				errs := make([]error, len(made))
				for i := range made {
					group.Go(func() { made[i], errs[i] = keeper.EnsureFirst(t.Context(), filepath.Join(dir, file(i))) })
				}
				group.Wait()
				if err := errors.Join(errs...); err != nil {
					t.Fatal(err)
				}
				count := 0
				for _, m := range made {
					if m {
						count++
					}
				}
				files, err := os.ReadDir(dir)
				if err != nil {
					t.Fatal(err)
				}
				if count != 1 || len(files) != 1 {
					t.Fatalf("%d tokens and %d files were made", count, len(files))
				}
				secret, err := os.ReadFile(filepath.Join(dir, files[0].Name()))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := keeper.Authenticate(t.Context(), strings.TrimSpace(string(secret))); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestBootstrap(t *testing.T) {
	t.Parallel()
	b := setup(t)
	made, err := b.keeper.Bootstrap(t.Context(), customer())
	if err != nil {
		t.Fatal(err)
	}
	if made.Token.CreatedBy != "hscn-broker" {
		t.Errorf("created by %q", made.Token.CreatedBy)
	}
	if _, err := b.keeper.Authenticate(t.Context(), made.Secret); err != nil {
		t.Error(err)
	}
}
