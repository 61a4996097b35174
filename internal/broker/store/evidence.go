package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Evidence is a row of agreement_evidence: one for each signed copy that was ever handed in, also those that were refused
// or have ceased. What holds is unique by name. What its owner declared of it is in its versions.
type Evidence struct {
	bun.BaseModel `bun:"table:agreement_evidence"`

	UID     string `bun:"uid,pk"`
	Account string `bun:"account"`
	// Name is the last segment of the full name.
	Name string `bun:"name"`
	// ODSCode is canonical, and never changes.
	ODSCode string `bun:"ods_code"`

	State       hscn.EvidenceState `bun:"state"`
	StateReason string             `bun:"state_reason,nullzero"`
	StateSince  time.Time          `bun:"state_since"`
	// Holds is State.Holds(), set by every write.
	Holds bool `bun:"holds"`
	// WaitsSince is when the version was received that waits for a person; nil where none does.
	WaitsSince *time.Time `bun:"waits_since"`
	// Findings are those of the last judgement: what it was warned of.
	Findings []api.Finding `bun:"findings,type:jsonb,nullzero"`

	// Revision counts the changes of what the owner declared, from 1; the caller counts it.
	Revision int64 `bun:"revision"`
	// Version counts all writes of the row, from 1; every write counts it.
	Version int64 `bun:"version"`

	CreatedAt time.Time `bun:"created_at"`
	CreatedBy string    `bun:"created_by"`
	UpdatedAt time.Time `bun:"updated_at"`
	UpdatedBy string    `bun:"updated_by"`
	// CreateKeySHA256 is KeySHA256 of the idempotency key that made it.
	CreateKeySHA256 string `bun:"create_key_sha256"`
	PolicyVersion   int64  `bun:"policy_version"`
}

// FullName is the full resource name.
func (e Evidence) FullName() string { return hscn.AgreementEvidenceName(e.Name) }

// settle makes the row what it will be read as.
func (e *Evidence) settle() {
	e.Holds = e.State.Holds()
	e.StateSince, e.CreatedAt, e.UpdatedAt = Instant(e.StateSince), Instant(e.CreatedAt), Instant(e.UpdatedAt)
	e.WaitsSince = instantPointer(e.WaitsSince)
}

// VersionState is where a version of evidence stands.
type VersionState string

// The states of versions. A copy has one at the most that is received, the newest, and one that is validated.
const (
	VersionReceived  VersionState = "received"
	VersionValidated VersionState = "validated"
	VersionRefused   VersionState = "refused"
	// VersionSuperseded gave way to a newer version, or was taken back for the one that is validated.
	VersionSuperseded VersionState = "superseded"
)

// EvidenceVersion is a row of evidence_versions: what was handed in at one time, and what a person said of it.
type EvidenceVersion struct {
	bun.BaseModel `bun:"table:evidence_versions"`

	UID         string `bun:"uid,pk"`
	EvidenceUID string `bun:"evidence_uid"`
	// Number counts from 1 within the evidence.
	Number  int64  `bun:"number"`
	Account string `bun:"account"`

	// DocumentSHA256 names the document of the account's; its bytes may be forgotten, its size stays.
	DocumentSHA256 string `bun:"document_sha256"`
	SizeBytes      int64  `bun:"size_bytes"`
	// SignedOn and CountersignedOn are days, YYYY-MM-DD; CountersignedOn is empty where there is none.
	SignedOn        string `bun:"signed_on"`
	CountersignedOn string `bun:"countersigned_on,nullzero"`

	State      VersionState `bun:"state"`
	ReceivedAt time.Time    `bun:"received_at"`
	ReceivedBy string       `bun:"received_by"`
	// DecidedAt and DecidedBy are when and by whom it was validated or refused.
	DecidedAt *time.Time `bun:"decided_at"`
	DecidedBy string     `bun:"decided_by,nullzero"`
	// Saw is what whoever validated it saw, Reason why it was refused.
	Saw    string `bun:"saw,nullzero"`
	Reason string `bun:"reason,nullzero"`
	// ReleasedAt is since when it no longer needs its document; nil while it does, and for ever where it was validated.
	ReleasedAt *time.Time `bun:"released_at"`
}

// settle makes the row what it will be read as.
func (v *EvidenceVersion) settle() {
	v.ReceivedAt = Instant(v.ReceivedAt)
	v.DecidedAt, v.ReleasedAt = instantPointer(v.DecidedAt), instantPointer(v.ReleasedAt)
}

// EvidenceFilter chooses evidence for a listing of its owner's.
type EvidenceFilter struct {
	Account string
	// RefusedSince is how far back what was refused is listed beside what holds its name.
	RefusedSince time.Time
	// After is the last row of the page before; nil for the first page.
	After *NameKey
	// Limit is how many rows at the most.
	Limit int
}

// AgreementEvidence returns a page of an account's evidence, in the order of name and uid.
func (r *Reader) AgreementEvidence(ctx context.Context, filter EvidenceFilter) ([]Evidence, error) {
	var rows []Evidence
	query := listed(r.q.NewSelect().Model(&rows).Where("account = ?", filter.Account), filter.RefusedSince)
	if filter.After != nil {
		query = query.Where("(name, uid) > (?, ?)", filter.After.Name, filter.After.UID)
	}
	err := query.Order("name", "uid").Limit(int64(filter.Limit)).Scan(ctx)
	return rows, failure("list evidence", err)
}

// EvidenceKey is where the operator's listing of evidence stands: the last row of the page before.
type EvidenceKey struct {
	WaitsSince *time.Time
	CreatedAt  time.Time
	UID        string
}

// Key is where the row stands in the operator's listing.
func (e Evidence) Key() EvidenceKey {
	return EvidenceKey{WaitsSince: e.WaitsSince, CreatedAt: e.CreatedAt, UID: e.UID}
}

// EvidenceQueueFilter chooses evidence for the operator's listing.
type EvidenceQueueFilter struct {
	// Account narrows it to one account where it is not empty.
	Account string
	// Decided lists those as well of which no version waits for a person.
	Decided bool
	// After is the last row of the page before; nil for the first page.
	After *EvidenceKey
	// Limit is how many rows at the most.
	Limit int
}

// EvidenceQueue returns a page of the evidence of all accounts: what waits longest first, then what waits for nobody,
// oldest first.
func (r *Reader) EvidenceQueue(ctx context.Context, filter EvidenceQueueFilter) ([]Evidence, error) {
	var rows []Evidence
	query := r.q.NewSelect().Model(&rows)
	if filter.Account != "" {
		query = query.Where("account = ?", filter.Account)
	}
	if !filter.Decided {
		query = query.Where("waits_since IS NOT NULL")
	}
	switch after := filter.After; {
	case after == nil:
	case after.WaitsSince != nil:
		query = query.Where("(waits_since IS NULL OR (waits_since, created_at, uid) > (?, ?, ?))",
			*after.WaitsSince, after.CreatedAt, after.UID)
	default:
		query = query.Where("waits_since IS NULL AND (created_at, uid) > (?, ?)", after.CreatedAt, after.UID)
	}
	err := query.OrderExpr("(waits_since IS NULL), waits_since, created_at, uid").Limit(int64(filter.Limit)).Scan(ctx)
	return rows, failure("list evidence that waits", err)
}

// EvidenceByName returns the evidence of the account that holds the name, or ErrNotFound.
func (r *Reader) EvidenceByName(ctx context.Context, account, name string) (Evidence, error) {
	var row Evidence
	err := r.q.NewSelect().Model(&row).Where("account = ? AND name = ? AND holds", account, name).Scan(ctx)
	return row, failure("read evidence", err)
}

// LastEvidenceByName returns the evidence of the account that has the name or was the last to have it, or ErrNotFound.
func (r *Reader) LastEvidenceByName(ctx context.Context, account, name string) (Evidence, error) {
	var row Evidence
	err := r.q.NewSelect().Model(&row).Where("account = ? AND name = ?", account, name).
		OrderExpr("holds DESC, created_at DESC, state_since DESC").Limit(1).Scan(ctx)
	return row, failure("read the last evidence of a name", err)
}

// EvidenceByUID returns the evidence in whatever state, or ErrNotFound. It does not ask whose it is.
func (r *Reader) EvidenceByUID(ctx context.Context, uid string) (Evidence, error) {
	var row Evidence
	err := r.q.NewSelect().Model(&row).Where("uid = ?", uid).Scan(ctx)
	return row, failure("read evidence", err)
}

// HeldEvidence returns all evidence of the account that holds its name, in the order of the names.
func (r *Reader) HeldEvidence(ctx context.Context, account string) ([]Evidence, error) {
	var rows []Evidence
	err := r.q.NewSelect().Model(&rows).Where("account = ? AND holds", account).Order("name").Scan(ctx)
	return rows, failure("read the evidence of an account", err)
}

// EvidenceVersions returns all versions of the evidence of these uids, by uid, oldest first.
func (r *Reader) EvidenceVersions(ctx context.Context, evidenceUIDs ...string) (map[string][]EvidenceVersion, error) {
	versions := make(map[string][]EvidenceVersion, len(evidenceUIDs))
	if len(evidenceUIDs) == 0 {
		return versions, nil
	}
	var rows []EvidenceVersion
	err := r.q.NewSelect().Model(&rows).Where("evidence_uid IN (?)", bun.List(evidenceUIDs)).
		Order("evidence_uid", "number").Scan(ctx)
	for _, row := range rows {
		versions[row.EvidenceUID] = append(versions[row.EvidenceUID], row)
	}
	return versions, failure("read versions of evidence", err)
}

// KeptVersion is a version that a connection rests on.
type KeptVersion struct {
	EvidenceVersion `bun:",extend"`

	// Connection is the connection's own name, EvidenceName the evidence's, and ODSCode the organisation that signed it.
	Connection   string `bun:"connection"`
	EvidenceName string `bun:"evidence_name"`
	ODSCode      string `bun:"ods_code"`
}

// KeptVersions returns the versions that the account's connections that hold their names rest on, whatever became of the
// evidence, in the order of the connections' names.
func (r *Reader) KeptVersions(ctx context.Context, account string) ([]KeptVersion, error) {
	var rows []KeptVersion
	err := r.q.NewSelect().TableExpr("evidence_versions AS v").ColumnExpr("v.*").
		ColumnExpr("c.name AS connection, e.name AS evidence_name, e.ods_code AS ods_code").
		Join("JOIN connections AS c ON c.evidence_version_uid = v.uid").
		Join("JOIN agreement_evidence AS e ON e.uid = v.evidence_uid").
		Where("c.account = ? AND c.holds", account).OrderExpr("c.name").Scan(ctx, &rows)
	return rows, failure("read the versions that connections rest on", err)
}

// InsertEvidence adds the row with version 1, and makes Holds follow State.
func (tx *Tx) InsertEvidence(ctx context.Context, e *Evidence) error {
	e.Version = 1
	e.settle()
	_, err := tx.q.NewInsert().Model(e).Exec(ctx)
	return failure("add evidence", err)
}

// UpdateEvidence writes the whole row, counts its version and makes Holds follow State. It returns ErrStale where the
// row's version is not the one in e.
func (tx *Tx) UpdateEvidence(ctx context.Context, e *Evidence) error {
	read := e.Version
	e.Version++
	e.settle()
	result, err := tx.q.NewUpdate().Model(e).WherePK().Where("version = ?", read).Exec(ctx)
	return changedOne("change evidence", result, err)
}

// InsertEvidenceVersion adds the version.
func (tx *Tx) InsertEvidenceVersion(ctx context.Context, v *EvidenceVersion) error {
	v.settle()
	_, err := tx.q.NewInsert().Model(v).Exec(ctx)
	return failure("add a version of evidence", err)
}

// UpdateEvidenceVersion writes the whole row.
func (tx *Tx) UpdateEvidenceVersion(ctx context.Context, v *EvidenceVersion) error {
	v.settle()
	result, err := tx.q.NewUpdate().Model(v).WherePK().Exec(ctx)
	return changedOne("change a version of evidence", result, err)
}
