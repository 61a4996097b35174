package storetest

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// RequirePostgres is the environment variable that makes a test fail, not skip, where PostgreSQL is not installed.
const RequirePostgres = "HSCN_REQUIRE_POSTGRES"

// errNoPostgres says that the server's programs were not found.
var errNoPostgres = errors.New("initdb, pg_ctl and postgres are neither in PATH nor in /usr/lib/postgresql/*/bin")

// theServer is started by the first test of this program that needs it, and serves all of them.
var theServer = sync.OnceValues(startPostgres)

var databases atomic.Int64

// PostgresURL returns the address of an empty PostgreSQL database of the test's own. It is on a server that runs for as
// long as this test program, on a Unix socket, keeps nothing and syncs nothing. Where PostgreSQL is not installed the
// test is skipped, or fails if RequirePostgres is set.
func PostgresURL(t testing.TB) string {
	t.Helper()
	server, err := theServer()
	if errors.Is(err, errNoPostgres) && os.Getenv(RequirePostgres) == "" {
		t.Skipf("PostgreSQL is not installed: %v", err)
	}
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}

	name := fmt.Sprintf("test_%d", databases.Add(1))
	server.exec(t, "CREATE DATABASE "+name)
	t.Cleanup(func() { server.exec(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	return server.url(name)
}

// postgresServer is a server that is thrown away when this program ends.
type postgresServer struct {
	socketDirectory string
	admin           *sql.DB
	// alive is what the server's keeper reads from: it closes when this program ends, however it ends.
	alive *os.File
}

func (s *postgresServer) url(database string) string {
	return "postgres://hscn@/" + database + "?host=" + url.QueryEscape(s.socketDirectory)
}

func (s *postgresServer) exec(t testing.TB, statement string) {
	t.Helper()
	if _, err := s.admin.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// keeper makes a cluster, starts the server, says "ready", waits for the end of its input, and clears up. Texts are
// sorted as a dictionary does, which overlooks hyphens, where the machine can: a listing that forgets to say how it sorts
// then fails.
const keeper = `
exec 2>&1
trap '' INT
bin=$1 dir=$2
fail() { cat "$dir"/*.log; rm -rf "$dir"; exit 1; }
"$bin/initdb" -D "$dir/data" -U hscn -A trust -E UTF8 -N --locale=C --locale-provider=icu --icu-locale=en-GB-u-ka-shifted >"$dir/initdb.log" ||
  { rm -rf "$dir/data"; "$bin/initdb" -D "$dir/data" -U hscn -A trust -E UTF8 -N --locale=C >"$dir/initdb.log" || fail; }
"$bin/pg_ctl" start -w -s -D "$dir/data" -l "$dir/server.log" -o "-k $dir -c listen_addresses= -c max_connections=300 \
  -c shared_buffers=32MB -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c deadlock_timeout=50ms" || fail
echo ready
read -r _
"$bin/pg_ctl" stop -s -m immediate -D "$dir/data" >/dev/null
rm -rf "$dir"
`

func startPostgres() (*postgresServer, error) {
	programs, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	directory, err := os.MkdirTemp("", "hscn-postgres-")
	if err != nil {
		return nil, err
	}
	alive, input, err := pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = input.Close() }() // the keeper has it

	command := exec.CommandContext(context.Background(), "sh", "-c", keeper, "keeper", programs, directory) //nolint:gosec // both were found here
	command.Dir = directory
	command.Stdin = input
	if err := asUnprivileged(command, directory); err != nil {
		return nil, errors.Join(err, os.RemoveAll(directory))
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(directory))
	}

	var said []string
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if lines.Text() == "ready" {
			server := &postgresServer{socketDirectory: directory, alive: alive}
			server.admin, err = sql.Open("pgx", server.url("postgres"))
			return server, err
		}
		said = append(said, lines.Text())
	}
	return nil, fmt.Errorf("%w: %s", command.Wait(), strings.Join(said, "\n"))
}

// pipe returns a pipe, the end to write to first.
func pipe() (write, read *os.File, err error) {
	read, write, err = os.Pipe()
	return write, read, err
}

// postgresPrograms returns the directory of the server's programs: the one in PATH, else the newest of those where
// Debian puts them.
func postgresPrograms() (string, error) {
	var directories []string
	if found, err := exec.LookPath("initdb"); err == nil {
		if resolved, err := filepath.EvalSymlinks(found); err == nil {
			directories = append(directories, filepath.Dir(resolved))
		}
	}
	installed, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.SortFunc(installed, func(a, b string) int { return len(b) - len(a) + strings.Compare(b, a) })
	for _, directory := range append(directories, installed...) {
		if hasPrograms(directory, "initdb", "pg_ctl", "postgres") {
			return directory, nil
		}
	}
	return "", errNoPostgres
}

func hasPrograms(directory string, names ...string) bool {
	for _, name := range names {
		if _, err := exec.LookPath(filepath.Join(directory, name)); err != nil {
			return false
		}
	}
	return true
}
