package store

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// statements counts what is sent to the database.
type statements struct{ n int }

func (*statements) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }
func (s *statements) AfterQuery(context.Context, *bun.QueryEvent)                      { s.n++ }

// An export of the whole register has tens of thousands of rows: as many statements would take minutes.
func TestDSPTExportGoesInBatches(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "broker.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	const rows, most = 50_000, 110
	status := "25/26 Standards Met"
	export := make([]DSPTRow, rows)
	now := time.Date(2026, time.November, 2, 9, 30, 0, 0, time.UTC)
	for i := range export {
		export[i] = DSPTRow{ODSCode: fmt.Sprintf("T%05d", i), Record: api.DSPTRecord{LookedUpAt: now, Found: true, Status: &status}}
	}
	var counted statements
	db.writer = db.writer.WithQueryHook(&counted)
	for range 2 { // the second replaces what the first added
		counted.n = 0
		err = db.Write(t.Context(), func(ctx context.Context, tx *Tx) error {
			if err := tx.RecordDSPTExport(ctx, now, export, now); err != nil {
				return err
			}
			records, err := tx.DSPTRecords(ctx)
			if len(records) != rows {
				t.Errorf("%d organisations, want %d", len(records), rows)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if counted.n == 0 || counted.n > most {
			t.Errorf("%d statements for %d rows, want %d at the most", counted.n, rows, most)
		}
	}
}
