package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

// unused is an address where nothing listens.
func unused(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

// answering is the address of a server that is no broker.
func answering(t *testing.T, status int, contentType, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		if status == http.StatusFound {
			w.Header().Set("Location", "https://login.example/")
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestEndpointErrors(t *testing.T) {
	t.Parallel()
	closed := unused(t)
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo) // it is meant to go wrong
	secure.StartTLS()
	t.Cleanup(secure.Close)
	cases := map[string]struct {
		endpoint string
		words    []string
	}{
		"nothing listens": {
			"http://" + closed,
			[]string{"error: nothing listens at " + closed + `: start a broker there with "hscn-broker serve", or name another with --endpoint or HSCN_ENDPOINT`},
		},
		"no such host": {
			"https://broker.invalid", []string{"broker.invalid", "check --endpoint or HSCN_ENDPOINT"},
		},
		"no address": {
			"broker.example", []string{"error: the broker's address cannot be used: not an address such as https://broker.example", "with --endpoint or HSCN_ENDPOINT"},
		},
		"a page": {
			answering(t, 200, "text/html", "<html><title>Welcome</title></html>"),
			[]string{"was answered with status 200, and not by a broker (text/html)", `"Welcome"`, "Check --endpoint or HSCN_ENDPOINT"},
		},
		"a proxy's 404": {
			answering(t, 404, "text/html", "<h1>Not Found</h1>"), []string{"was answered with status 404, and not by a broker", `"Not Found"`},
		},
		"a login page": {
			answering(t, 302, "text/html", ""), []string{"sent on to https://login.example/"},
		},
		"another API": {
			answering(t, 200, "application/json", `"hello"`), []string{"not by a broker (application/json)"},
		},
		"a certificate that nobody trusts": {
			secure.URL, []string{"no secure connection to " + strings.TrimPrefix(secure.URL, "https://") + " came about", "--ca-certificate"},
		},
		"TLS where there is none": {
			strings.Replace(answering(t, 200, "text/plain", ""), "http", "https", 1), []string{"no secure connection", "its address begins with http://"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{envToken: "hscn_x"}
			invoke(t, env, "", "orders", "list", "--endpoint", c.endpoint).says(t, exitError, c.words...)
		})
	}
}

// One thing that is wrong is said once.
func TestOneInvalidMember(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for detail, want := range map[string]string{
		"until 2026-06-31 is no day.": "error: until 2026-06-31 is no day.\n",
		"Such a waiver is none.":      "error: Such a waiver is none.\n  - /until 2026-06-31 is no day\n",
	} {
		pointer := "/until"
		problem := &client.Problem{Problem: api.Problem{
			Status: http.StatusBadRequest, Detail: detail,
			Invalid: []api.InvalidMember{{Pointer: &pointer, Detail: "2026-06-31 is no day"}},
		}}
		if got := "error: " + explain(problem) + "\n"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	b.run(t, "accounts", "bind", "676", "A-1").says(t, exitError, `error: ods_code "A-1" has '-' as character 2`)
}

func TestTokenErrors(t *testing.T) {
	t.Parallel()
	b := setup(t)
	with := func(token string) map[string]string { return map[string]string{envEndpoint: b.URL(), envToken: token} }

	invoke(t, with("hscn_wrong"), "", "orders", "list").says(t, exitError,
		"error: The credential is not accepted: the token is not one of this broker's.", `"hscn-broker tokens create"`, "--token-file")
	customer := b.Customer("676")
	invoke(t, with(customer.Token), "", "orders", "list").says(t, exitError,
		"error: There is no GET /v1/operator/orders.", "The token is a customer's")
	auditor := b.As(api.TokenSpec{Subject: "Ada Auditor", Roles: []api.Role{api.RoleAuditor}})
	invoke(t, with(auditor.Token), "", "orders", "list").says(t, exitError,
		`error: The token of Ada Auditor does not have the role "recorder"`, "Use the token of somebody who has the role.")
	invoke(t, with(auditor.Token), "", "audit", "verify").ok(t)

	invoke(t, map[string]string{envEndpoint: "127.0.0.1:8642"}, "", "orders", "list").says(t, exitError, "the broker's address cannot be used", "give one such as http://127.0.0.1:8642 with --endpoint")
	env := map[string]string{envEndpoint: "https://broker.example"}
	invoke(t, env, "", "orders", "list").says(t, exitError, "there is no token to show the broker", "--token-file", "HSCN_OPERATOR_TOKEN")
	invoke(t, env, "", "orders", "list", "--token-file", "none.token").says(t, exitError, "read the operator's token", "none.token")
	for _, content := range []string{"", "two words", "line\nline", "pässwörd"} {
		file := write(t, "x.token", content)
		invoke(t, env, "", "orders", "list", "--token-file", file).says(t, exitError, "does not hold a token")
	}
	// A file that was named goes before the variable.
	env = with("hscn_wrong")
	invoke(t, env, "", "audit", "verify", "--token-file", write(t, "good.token", auditor.Token+"\n")).ok(t)
	invoke(t, map[string]string{envEndpoint: b.URL(), envTokenFile: write(t, "good.token", auditor.Token)}, "", "audit", "verify").ok(t)
}

// Making a token has no idempotency key: asked twice, it would make two. Everything else may be asked again.
func TestWhatIsAskedAgain(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(busy.Close)
	env := map[string]string{envEndpoint: busy.URL, envToken: "hscn_x"}
	for _, c := range []struct {
		args  []string
		times int32
	}{
		{[]string{"tokens", "create", "--subject", "ci", "--kind", "machine", "--role", "auditor"}, 1},
		{[]string{"tokens", "list"}, 1 + retries},
	} {
		asked.Store(0)
		invoke(t, env, "", c.args...).says(t, exitError, "status 503")
		if got := asked.Load(); got != c.times {
			t.Errorf("%q asked %d times, want %d", c.args, got, c.times)
		}
	}
}
