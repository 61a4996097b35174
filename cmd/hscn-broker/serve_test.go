package main

import (
	"database/sql"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

func TestServe(t *testing.T) {
	t.Parallel()
	database := filepath.Join(t.TempDir(), "broker.db")
	first := serveInBackground(t, "--database", database)
	for _, words := range []string{
		"serves " + first.url, "database  " + database, "policy    neutral, version 1", "token     " + database + ".token",
		"This is the first start: " + database + ".token holds the operator's token, a person's with every role.",
	} {
		if !strings.Contains(first.stdout.String(), words) {
			t.Errorf("serve does not say %q:\n%s", words, first.stdout)
		}
	}
	env := map[string]string{envEndpoint: first.url}
	out := invoke(t, env, "", "orders", "list", "--token-file", database+".token").ok(t)
	if out != "There is nothing to do.\n" {
		t.Errorf("orders list: %q", out)
	}
	if code := first.stop(); code != exitOK {
		t.Errorf("interrupted, serve ended with %d", code)
	}

	second := serveInBackground(t, "--database", database, "--policy", "ukcloud-2021", "--log-format", "json", "--log-level", "warn")
	if out := second.stdout.String(); strings.Contains(out, "first start") || !strings.Contains(out, "policy    ukcloud-2021, version 2") {
		t.Errorf("the second start says\n%s", out)
	}
	env[envEndpoint] = second.url
	invoke(t, env, "", "orders", "list", "--token-file", database+".token").ok(t)
	second.stop()

	third := serveInBackground(t, "--database", database)
	if out := third.stdout.String(); !strings.Contains(out, "policy    ukcloud-2021, version 2\n") {
		t.Errorf("a start that says nothing of policy does not keep the one in the database:\n%s", out)
	}
}

func TestServeRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	database := filepath.Join(dir, "running.db")
	running := serveInBackground(t, "--database", database)
	free := func(t *testing.T) string {
		t.Helper()
		return filepath.Join(t.TempDir(), "broker.db")
	}
	cases := map[string]struct {
		args  func(t *testing.T) []string
		code  int
		words []string
	}{
		"an occupied port": {
			func(t *testing.T) []string {
				t.Helper()
				return []string{"--database", free(t), "--address", strings.TrimPrefix(running.url, "http://")}
			}, exitError,
			[]string{"error: address " + strings.TrimPrefix(running.url, "http://") + " is in use by another program", "choose another address with --address"},
		},
		"a locked database": {
			func(*testing.T) []string { return []string{"--database", database} }, exitError,
			[]string{"error: database " + database + " is in use by another hscn-broker", "stop that one first"},
		},
		"a newer database": {
			func(t *testing.T) []string {
				t.Helper()
				newer := free(t)
				serveInBackground(t, "--database", newer).stop()
				db, err := sql.Open("sqlite", newer)
				if err != nil {
					t.Fatal(err)
				}
				_, err = db.ExecContext(t.Context(), "INSERT INTO hscn_schema (version_id, is_applied) VALUES (999, 1)")
				if err := errors.Join(err, db.Close()); err != nil {
					t.Fatal(err)
				}
				return []string{"--database", newer}
			}, exitError,
			[]string{"has schema version 999", "it was used by a newer hscn-broker; start that version"},
		},
		"a foreign database": {
			func(t *testing.T) []string {
				t.Helper()
				return []string{"--database", write(t, "notes.txt", strings.Repeat("just text\n", 100))}
			}, exitError,
			[]string{"is not one of hscn-broker's", "nothing in it was changed"},
		},
		"no such policy": {
			func(t *testing.T) []string { t.Helper(); return []string{"--database", free(t), "--policy", "neutrl"} }, exitError,
			[]string{`error: there is no policy "neutrl": no file has that name, and the samples are neutral and ukcloud-2021`},
		},
		"a policy with a wrong value": {
			func(t *testing.T) []string {
				t.Helper()
				source := invoke(t, nil, "", "policy", "show", "neutral").ok(t)
				file := write(t, "policy.yaml", strings.Replace(source, "rules: {}", "rules: {name.format: off}", 1))
				return []string{"--database", free(t), "--policy", file}
			}, exitError,
			[]string{"policy.yaml: line 151, column 9: rules.name.format \"off\" ", "the rule is about form or contract"},
		},
		"a certificate without its key": {
			func(t *testing.T) []string {
				t.Helper()
				return []string{"--database", free(t), "--tls-certificate", "x"}
			}, exitUsage,
			[]string{"--tls-certificate and --tls-key go together", `See "hscn-broker serve --help".`},
		},
		"a log of another format": {
			func(t *testing.T) []string { t.Helper(); return []string{"--database", free(t), "--log-format", "xml"} }, exitUsage,
			[]string{`--log-format is text or json, not "xml"`},
		},
		"a log of another level": {
			func(t *testing.T) []string { t.Helper(); return []string{"--database", free(t), "--log-level", "loud"} }, exitUsage,
			[]string{`--log-level is debug, info, warn or error, not "loud"`},
		},
		"bank holidays that are not there": {
			func(t *testing.T) []string {
				t.Helper()
				return []string{"--database", free(t), "--bank-holidays", "none.json"}
			}, exitError,
			[]string{"read the bank holidays", "none.json"},
		},
		"an argument": {
			func(*testing.T) []string { return []string{"now"} }, exitUsage, []string{`unknown command "now" for "hscn-broker serve"`},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"serve"}, c.args(t)...)
			if !strings.Contains(strings.Join(args, " "), "--address") {
				args = append(args, "--address", "127.0.0.1:0")
			}
			invoke(t, nil, "", args...).says(t, c.code, c.words...)
		})
	}
}

func TestPasswordsAreNotShown(t *testing.T) {
	t.Parallel()
	if got := withoutPassword("postgres://broker:secret@db.example/hscn"); got != "postgres://broker:xxxxx@db.example/hscn" {
		t.Errorf("shown as %s", got)
	}
	if got := withoutPassword("postgres://db.example/hscn?user=broker&password=secret"); got != "postgres://db.example/hscn?password=xxxxx&user=broker" {
		t.Errorf("a password in the query: %s", got)
	}
	if got := withoutPassword("hscn-broker.db"); got != "hscn-broker.db" {
		t.Errorf("shown as %s", got)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{envDatabase: "postgres://broker:secret@" + address + "/hscn"}
	refused := invoke(t, env, "", "serve", "--address", "127.0.0.1:0")
	refused.says(t, exitError, "cannot be reached", "check that PostgreSQL runs there")
	if strings.Contains(refused.stderr+refused.stdout, "secret") {
		t.Errorf("the password is shown:\n%s", refused.stderr)
	}
}

// A broker in this directory is reached without a word about where it is.
func TestDefaults(t *testing.T) {
	t.Chdir(t.TempDir())
	s := serveInBackground(t)
	if !strings.Contains(s.stdout.String(), "database  hscn-broker.db\n") {
		t.Errorf("serve says\n%s", s.stdout)
	}
	if _, err := os.Stat("hscn-broker.db.token"); err != nil {
		t.Error(err)
	}
	invoke(t, map[string]string{envEndpoint: s.url}, "", "orders", "list").ok(t)
	// The token of this directory's database goes nowhere else.
	invoke(t, map[string]string{envEndpoint: "https://broker.example"}, "", "orders", "list").says(t, exitError,
		"there is no token to show the broker: name the file that holds an operator's token with --token-file or HSCN_OPERATOR_TOKEN_FILE")
}
