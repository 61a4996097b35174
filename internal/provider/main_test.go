package provider_test

import (
	"os"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

func TestMain(m *testing.M) { os.Exit(acctest.Main(m)) }

// underEachPolicy runs a test under both sample policies.
func underEachPolicy(t *testing.T, test func(t *testing.T, site *acctest.Site)) {
	t.Helper()
	for _, name := range acctest.Policies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, acctest.Start(t, name))
		})
	}
}
