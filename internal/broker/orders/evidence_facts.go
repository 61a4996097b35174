package orders

import (
	"context"
	"errors"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// evidenceFacts are the account's live signed copies, as far as rules ask for them: of each the version that is validated,
// else the one that waits.
func evidenceFacts(ctx context.Context, r *store.Reader, account string) ([]api.AgreementEvidenceFact, error) {
	facts := []api.AgreementEvidenceFact{}
	rows, err := r.HeldEvidence(ctx, account)
	if err != nil {
		return facts, err
	}
	uids := make([]string, len(rows))
	for i, row := range rows {
		uids[i] = row.UID
	}
	versions, err := r.EvidenceVersions(ctx, uids...)
	if err != nil {
		return facts, err
	}
	for _, row := range rows {
		c := signedCopy{row: row, versions: versions[row.UID]}
		version := c.shown()
		fact := api.AgreementEvidenceFact{
			Name: row.FullName(), OdsCode: row.ODSCode, Validated: version.State == store.VersionValidated,
			SignedOn: version.SignedOn, CountersignedOn: given(version.CountersignedOn), ReceivedAt: version.ReceivedAt.UTC(),
		}
		if fact.Validated {
			fact.ValidatedAt, fact.ValidatedBy = utc(version.DecidedAt), given(version.DecidedBy)
		}
		facts = append(facts, fact)
	}
	return facts, nil
}

// restingOn returns the validated version of the live signed copy of that full name, on which access can rest; nil where
// there is none.
func restingOn(ctx context.Context, r *store.Reader, account, fullName string) (*store.EvidenceVersion, error) {
	name, err := hscn.ParseAgreementEvidenceName(fullName)
	if err != nil {
		return nil, nil //nolint:nilerr // what is no name names nothing
	}
	row, err := r.EvidenceByName(ctx, account, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	versions, err := r.EvidenceVersions(ctx, row.UID)
	if err != nil {
		return nil, err
	}
	c := signedCopy{row: row, versions: versions[row.UID]}
	return c.validated(), nil
}
