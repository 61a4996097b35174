package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Standing is what the row of every ordered object has, whatever its kind: whose it is, how far its order is and who
// wrote it last. The kinds' rows embed it, so that its columns are theirs.
type Standing struct {
	UID     string `bun:"uid,pk"`
	Account string `bun:"account"`
	// Name is the last segment of the full name.
	Name string `bun:"name"`
	Zone string `bun:"zone"`

	Progress
	// Holds is State.Holds(), set by every write: what holds is unique by name, and by what else its kind says.
	Holds bool `bun:"holds"`
	// Former is what it was before the HSCN Authority had its connection restricted or terminated; nil otherwise.
	Former *Former `bun:"former,type:jsonb,nullzero"`

	// Fulfilment is how far a driver is with it; nil where none was ever asked.
	Fulfilment *Fulfilment `bun:"fulfilment,type:jsonb,nullzero"`

	// PendingChange is what its owner has asked for and is not so yet, as a merge patch of what is confirmed; nil where there
	// is nothing. While there is, an OrderChange is open.
	PendingChange api.MergePatch `bun:"pending_change,type:jsonb,nullzero"`

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

	AssuredAt       *time.Time `bun:"assured_at"`
	EnablementDueAt *time.Time `bun:"enablement_due_at"`
	EnabledAt       *time.Time `bun:"enabled_at"`
}

// Progress is how far something is that was ordered: an object, or the change of one that is active.
type Progress struct {
	State hscn.State `bun:"state" json:"state"`
	// StateReason says why it is in its state, and who can move it on.
	StateReason string    `bun:"state_reason,nullzero" json:"state_reason,omitempty"`
	StateSince  time.Time `bun:"state_since" json:"state_since"`
	// Passed are the waits that a person has ended already, so that judging it again does not return to them.
	Passed []hscn.State `bun:"passed,type:jsonb,nullzero" json:"passed,omitempty"`
	// Findings are those of the last judgement: what it waits for, and what it was warned of.
	Findings []api.Finding `bun:"findings,type:jsonb,nullzero" json:"findings,omitempty"`
}

// settle makes it what it will be read as.
func (p *Progress) settle() { p.StateSince = Instant(p.StateSince) }

// Former is how far an object's order was.
type Former struct {
	State  hscn.State `json:"state"`
	Reason string     `json:"reason,omitempty"`
}

// ordered is a pointer to a row that embeds Standing.
type ordered interface{ standing() *Standing }

// standing makes the rows that embed Standing ordered.
func (s *Standing) standing() *Standing { return s }

// settle makes the row what it will be read as.
func (s *Standing) settle() {
	s.Holds = s.State.Holds()
	s.Progress.settle()
	s.CreatedAt, s.UpdatedAt = Instant(s.CreatedAt), Instant(s.UpdatedAt)
	s.AssuredAt, s.EnabledAt = instantPointer(s.AssuredAt), instantPointer(s.EnabledAt)
	s.EnablementDueAt = instantPointer(s.EnablementDueAt)
}

// insertOrdered adds the row with version 1, and makes Holds follow State.
func (tx *Tx) insertOrdered(ctx context.Context, doing string, row ordered) error {
	s := row.standing()
	s.Version = 1
	s.settle()
	if _, err := tx.q.NewInsert().Model(row).Exec(ctx); err != nil {
		return failure(doing, err)
	}
	tx.tellWatches(s.UID)
	return nil
}

// updateOrdered writes the whole row, counts its version and makes Holds follow State. It returns ErrStale where the
// row's version is not the one that was read.
func (tx *Tx) updateOrdered(ctx context.Context, doing string, row ordered) error {
	s := row.standing()
	read := s.Version
	s.Version++
	s.settle()
	result, err := tx.q.NewUpdate().Model(row).WherePK().Where("version = ?", read).Exec(ctx)
	if err := changedOne(doing, result, err); err != nil {
		return err
	}
	tx.tellWatches(s.UID)
	return nil
}

// changedOne says ErrStale where the row that was to be changed is another by now.
func changedOne(doing string, result sql.Result, err error) error {
	if err != nil {
		return failure(doing, err)
	}
	changed, err := result.RowsAffected()
	if err != nil {
		return failure(doing, err)
	}
	if changed == 0 {
		return fmt.Errorf("%s: %w", doing, ErrStale)
	}
	return nil
}
