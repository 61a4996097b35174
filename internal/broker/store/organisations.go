package store

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// Organisation is what was looked up about an organisation. A record that is nil was never looked up.
type Organisation struct {
	bun.BaseModel `bun:"table:organisations"`

	// ODSCode is canonical.
	ODSCode   string               `bun:"ods_code,pk"`
	Directory *api.DirectoryRecord `bun:"directory,type:jsonb,nullzero"`
	Register  *api.RegisterRecord  `bun:"register,type:jsonb,nullzero"`
	FlowDown  *api.FlowDownRecord  `bun:"flow_down,type:jsonb,nullzero"`
	DSPT      *api.DSPTRecord      `bun:"dspt,type:jsonb,nullzero"`
	// TitleKey is the directory's title as OrganisationsByTitle compares it; UpsertOrganisation sets it.
	TitleKey  string    `bun:"title_key,nullzero"`
	CreatedAt time.Time `bun:"created_at"`
	UpdatedAt time.Time `bun:"updated_at"`
}

// OrganisationsByCode returns what is known of the organisations of these canonical codes, in the order of the codes.
// One that nobody ever looked up is left out.
func (r *Reader) OrganisationsByCode(ctx context.Context, codes []string) ([]Organisation, error) {
	if len(codes) == 0 {
		return nil, nil
	}
	var rows []Organisation
	err := r.q.NewSelect().Model(&rows).Where("ods_code IN (?)", bun.List(codes)).Order("ods_code").Scan(ctx)
	return rows, failure("read organisations", err)
}

// OrganisationsByTitle returns the organisations whose title in the directory contains the text, whatever the case and
// the white space, in the order of the codes: limit of them at the most.
func (r *Reader) OrganisationsByTitle(ctx context.Context, text string, limit int) ([]Organisation, error) {
	pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(titleKey(text)) + "%"
	var rows []Organisation
	err := r.q.NewSelect().Model(&rows).Where(`title_key LIKE ? ESCAPE '\'`, pattern).
		Order("ods_code").Limit(int64(limit)).Scan(ctx)
	return rows, failure("look for organisations by title", err)
}

// titleKey is a title without what does not matter when titles are compared. The databases would each fold case in a way
// of their own.
func titleKey(title string) string { return strings.ToLower(strings.Join(strings.Fields(title), " ")) }

// UpsertOrganisation inserts or updates what is known of the organisation. A record that is nil is left as it is.
func (tx *Tx) UpsertOrganisation(ctx context.Context, o Organisation, now time.Time) (Change, error) {
	rows, err := tx.OrganisationsByCode(ctx, []string{o.ODSCode})
	if err != nil {
		return "", err
	}
	var was Organisation
	exists := len(rows) > 0
	if exists {
		was = rows[0]
	}
	o.Directory, o.Register = cmp.Or(o.Directory, was.Directory), cmp.Or(o.Register, was.Register)
	o.FlowDown, o.DSPT = cmp.Or(o.FlowDown, was.FlowDown), cmp.Or(o.DSPT, was.DSPT)
	o.TitleKey = ""
	if o.Directory != nil && o.Directory.Title != nil {
		o.TitleKey = titleKey(*o.Directory.Title)
	}
	o.CreatedAt, o.UpdatedAt = was.CreatedAt, was.UpdatedAt
	same, err := sameJSON(o, was)
	if err != nil {
		return "", fmt.Errorf("record an organisation: %w", err)
	}
	o.UpdatedAt = Instant(now)
	if !exists {
		o.CreatedAt = o.UpdatedAt
	}
	return tx.upsert(ctx, "record an organisation", &o, exists, same)
}

// dsptBatch is how many organisations one statement records: few enough that its text stays far below what SQLite takes
// in one, a million bytes.
const dsptBatch = 500

// dsptImport is an export of the public DSPT register that was recorded.
type dsptImport struct {
	bun.BaseModel `bun:"table:dspt_imports"`

	ID         int64     `bun:"id,pk,autoincrement"`
	ExportedAt time.Time `bun:"exported_at"`
	ImportedAt time.Time `bun:"imported_at"`
}

// NewestDSPTExport returns when the newest export of the public DSPT register was made that is recorded, or ErrNotFound.
func (r *Reader) NewestDSPTExport(ctx context.Context) (time.Time, error) {
	var row dsptImport
	err := r.q.NewSelect().Model(&row).OrderExpr("exported_at DESC").Limit(1).Scan(ctx)
	return row.ExportedAt, failure("read the newest export of the DSPT register", err)
}

// DSPTRecords returns what is known from the public DSPT register of every organisation, by canonical code. An
// organisation of which only other things are known is there without a record.
func (r *Reader) DSPTRecords(ctx context.Context) (map[string]*api.DSPTRecord, error) {
	var rows []Organisation
	if err := r.q.NewSelect().Model(&rows).Column("ods_code", "dspt").Scan(ctx); err != nil {
		return nil, failure("read the DSPT status of organisations", err)
	}
	records := make(map[string]*api.DSPTRecord, len(rows))
	for _, row := range rows {
		records[row.ODSCode] = row.DSPT
	}
	return records, nil
}

// DSPTRow is what the public DSPT register says of an organisation.
type DSPTRow struct {
	// ODSCode is canonical.
	ODSCode string
	Record  api.DSPTRecord
}

// RecordDSPTExport records an export of the public DSPT register: what it says of these organisations, each given once,
// takes the place of what was there. Of tens of thousands of rows many go in one statement.
func (tx *Tx) RecordDSPTExport(ctx context.Context, exportedAt time.Time, rows []DSPTRow, now time.Time) error {
	at := Instant(now)
	recorded := dsptImport{ExportedAt: Instant(exportedAt), ImportedAt: at}
	if _, err := tx.q.NewInsert().Model(&recorded).Exec(ctx); err != nil {
		return failure("record an export of the DSPT register", err)
	}
	for len(rows) > 0 {
		batch := make([]Organisation, min(len(rows), dsptBatch))
		for i := range batch {
			batch[i] = Organisation{ODSCode: rows[i].ODSCode, DSPT: &rows[i].Record, CreatedAt: at, UpdatedAt: at}
		}
		rows = rows[len(batch):]
		_, err := tx.q.NewInsert().Model(&batch).On("CONFLICT (ods_code) DO UPDATE").
			Set("dspt = EXCLUDED.dspt").Set("updated_at = EXCLUDED.updated_at").Exec(ctx)
		if err != nil {
			return failure("record the DSPT status of organisations", err)
		}
	}
	return nil
}
