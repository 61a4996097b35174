package kills

import (
	"os"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

func TestMain(m *testing.M) { os.Exit(acctest.Main(m)) }
