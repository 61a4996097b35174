package store_test

import (
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
)

func TestSQLiteConforms(t *testing.T) {
	t.Parallel()
	storetest.Conformance(t, storetest.SQLiteURL)
}

func TestPostgreSQLConforms(t *testing.T) {
	t.Parallel()
	storetest.PostgresURL(t) // says so once where there is none
	storetest.Conformance(t, storetest.PostgresURL)
}
