package orders

import (
	"context"
	"errors"
	"slices"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// addEvidence adds to the facts the account's signed copies, as far as rules ask for them: of each live one the version
// that is validated, else the one that waits, and the versions that connections rest on and that are not among these.
func addEvidence(ctx context.Context, r *store.Reader, account string, facts *api.ComplianceFacts) error {
	var err error
	if facts.AgreementEvidence, err = liveEvidence(ctx, r, account); err != nil {
		return err
	}
	kept, err := r.KeptVersions(ctx, account)
	if err != nil {
		return err
	}
	for _, k := range kept {
		name := hscn.AgreementEvidenceName(k.EvidenceName)
		shown := slices.ContainsFunc(facts.AgreementEvidence, func(live api.AgreementEvidenceFact) bool {
			return live.Name == name && live.Validated && live.OdsCode == k.ODSCode
		})
		if !shown {
			facts.KeptEvidence = append(facts.KeptEvidence, api.KeptEvidence{
				Connection: hscn.ConnectionName(k.Connection), Evidence: evidenceFact(name, k.ODSCode, k.EvidenceVersion, true),
			})
		}
	}
	return nil
}

func liveEvidence(ctx context.Context, r *store.Reader, account string) ([]api.AgreementEvidenceFact, error) {
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
		facts = append(facts, evidenceFact(row.FullName(), row.ODSCode, *version, version.State == store.VersionValidated))
	}
	return facts, nil
}

// refusedEvidence says why the signed copy of that full name was refused, by the name, where the last that had it was. A
// connection that waits for it is refused with it, and whoever reads so has to learn what was wrong with the copy.
func refusedEvidence(ctx context.Context, r *store.Reader, account, fullName string) (map[string]string, error) {
	name, err := hscn.ParseAgreementEvidenceName(fullName)
	if err != nil {
		return nil, nil //nolint:nilerr // what is no name names nothing
	}
	row, err := r.LastEvidenceByName(ctx, account, name)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.State != hscn.EvidenceRefused {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	versions, err := r.EvidenceVersions(ctx, row.UID)
	if err != nil {
		return nil, err
	}
	refused := make(map[string]string, 1)
	for _, version := range versions[row.UID] {
		if version.State == store.VersionRefused {
			refused[fullName] = ended(version.Reason)
		}
	}
	return refused, nil
}

// evidenceFact is a version as rules ask for it. One that a newer one has superseded may have been validated.
func evidenceFact(name, code string, version store.EvidenceVersion, validated bool) api.AgreementEvidenceFact {
	fact := api.AgreementEvidenceFact{
		Name: name, OdsCode: code, SignedOn: version.SignedOn, CountersignedOn: given(version.CountersignedOn),
		ReceivedAt: version.ReceivedAt.UTC(), Validated: validated,
	}
	if validated {
		fact.ValidatedAt, fact.ValidatedBy = utc(version.DecidedAt), given(version.DecidedBy)
	}
	return fact
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
