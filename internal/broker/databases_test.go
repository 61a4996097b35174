package broker_test

import (
	"path/filepath"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
)

// onEveryDatabase runs a test on each of the databases that a broker can have. on is the option that a broker starts
// with. Where PostgreSQL is not installed that half is skipped, or fails, as storetest.PostgresURL says.
func onEveryDatabase(t *testing.T, test func(t *testing.T, on func(*broker.Config))) {
	t.Helper()
	for name, newURL := range map[string]func(*testing.T) string{
		"SQLite":     func(t *testing.T) string { return filepath.Join(t.TempDir(), "broker.db") },
		"PostgreSQL": func(t *testing.T) string { return storetest.PostgresURL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, token := newURL(t), filepath.Join(t.TempDir(), "token")
			test(t, func(c *broker.Config) { c.DatabaseURL, c.OperatorTokenFile = url, token })
		})
	}
}
