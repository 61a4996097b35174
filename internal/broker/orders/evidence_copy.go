package orders

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/assess"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// signedCopy is evidence with its versions and what is known of the organisation that signed it. It has a version at
// least; one at the most is validated, and one at the most received, which is the newest.
type signedCopy struct {
	row      store.Evidence
	versions []store.EvidenceVersion
	// organisation is zero where nobody ever looked it up.
	organisation store.Organisation
}

// openCopies reads what belongs to the rows, in their order.
func openCopies(ctx context.Context, r *store.Reader, rows ...store.Evidence) ([]*signedCopy, error) {
	uids, codes := make([]string, len(rows)), make([]string, len(rows))
	for i, row := range rows {
		uids[i], codes[i] = row.UID, row.ODSCode
	}
	versions, err := r.EvidenceVersions(ctx, uids...)
	if err != nil {
		return nil, err
	}
	organisations, err := r.OrganisationsByCode(ctx, sortedUnique(codes))
	if err != nil {
		return nil, err
	}
	known := make(map[string]store.Organisation, len(organisations))
	for _, organisation := range organisations {
		known[organisation.ODSCode] = organisation
	}
	copies := make([]*signedCopy, len(rows))
	for i, row := range rows {
		if len(versions[row.UID]) == 0 {
			return nil, fmt.Errorf("evidence %s has no version", row.UID)
		}
		copies[i] = &signedCopy{row: row, versions: versions[row.UID], organisation: known[row.ODSCode]}
	}
	return copies, nil
}

func openCopy(ctx context.Context, r *store.Reader, row store.Evidence) (*signedCopy, error) {
	copies, err := openCopies(ctx, r, row)
	if err != nil {
		return nil, err
	}
	return copies[0], nil
}

// liveCopy returns the signed copy that holds the name, or a problem.ObjectGone.
func liveCopy(ctx context.Context, r *store.Reader, account, name string) (*signedCopy, error) {
	row, err := r.EvidenceByName(ctx, account, name)
	if err != nil {
		return nil, orGone(err, hscn.AgreementEvidenceName(name))
	}
	return openCopy(ctx, r, row)
}

// copyByUID returns the signed copy in whatever state, or store.ErrNotFound.
func copyByUID(ctx context.Context, r *store.Reader, uid string) (*signedCopy, error) {
	row, err := r.EvidenceByUID(ctx, uid)
	if err != nil {
		return nil, err
	}
	return openCopy(ctx, r, row)
}

// title is the organisation's in the directory; empty where nobody has looked.
func (c *signedCopy) title() string {
	if directory := c.organisation.Directory; directory != nil {
		return *orDefault(directory.Title, "")
	}
	return ""
}

// label names the organisation by its code and, where that is known, its title.
func (c *signedCopy) label() string {
	if title := c.title(); title != "" {
		return c.row.ODSCode + " (" + title + ")"
	}
	return c.row.ODSCode
}

// inState is the version in that state, nil where there is none; of several, the newest.
func (c *signedCopy) inState(state store.VersionState) *store.EvidenceVersion {
	for i := len(c.versions) - 1; i >= 0; i-- {
		if c.versions[i].State == state {
			return &c.versions[i]
		}
	}
	return nil
}

func (c *signedCopy) validated() *store.EvidenceVersion { return c.inState(store.VersionValidated) }

// received is the version that waits for a person. What was refused or taken back waits for nobody.
func (c *signedCopy) received() *store.EvidenceVersion {
	if !c.row.State.Holds() {
		return nil
	}
	return c.inState(store.VersionReceived)
}

// shown is the version that the attributes are of: the validated one, else the newest.
func (c *signedCopy) shown() *store.EvidenceVersion {
	if holding := c.validated(); holding != nil {
		return holding
	}
	return &c.versions[len(c.versions)-1]
}

// declared is what the owner wants: the version that waits, else what is shown.
func (c *signedCopy) declared() api.AgreementEvidenceSpec {
	if waiting := c.received(); waiting != nil {
		return c.spec(*waiting)
	}
	return c.spec(*c.shown())
}

func (c *signedCopy) spec(v store.EvidenceVersion) api.AgreementEvidenceSpec {
	return api.AgreementEvidenceSpec{
		OdsCode: c.row.ODSCode, DocumentSha256: v.DocumentSHA256, SignedOn: v.SignedOn, CountersignedOn: given(v.CountersignedOn),
	}
}

// pendingChange is the patch that makes the version that waits of the one that holds; nil where no two differ.
func (c *signedCopy) pendingChange() *api.MergePatch {
	holding, waiting := c.validated(), c.received()
	if holding == nil || waiting == nil {
		return nil
	}
	patch := api.MergePatch{}
	if waiting.DocumentSHA256 != holding.DocumentSHA256 {
		patch["document_sha256"] = waiting.DocumentSHA256
	}
	if waiting.SignedOn != holding.SignedOn {
		patch["signed_on"] = waiting.SignedOn
	}
	switch waiting.CountersignedOn {
	case holding.CountersignedOn:
	case "":
		patch["countersigned_on"] = nil
	default:
		patch["countersigned_on"] = waiting.CountersignedOn
	}
	return &patch
}

// registerUpdatePending says that access may rest on the copy and NHS has yet to correct its register.
func (c *signedCopy) registerUpdatePending(now time.Time) (bool, error) {
	if c.row.State != hscn.EvidenceValidated {
		return false, nil
	}
	facts, err := assess.Facts(api.ComplianceFacts{
		Now: now, Organisations: []api.OrganisationFacts{{OdsCode: c.row.ODSCode, Register: c.organisation.Register}},
	}, nil)
	if err != nil {
		return false, fmt.Errorf("register's entry of %s: %w", c.row.ODSCode, err)
	}
	return !rules.RegisterShows(facts, c.row.ODSCode), nil
}

// withdraw takes the version out of the way that waits for a person, if any, and closes what was ordered for it.
func (c *signedCopy) withdraw(ctx context.Context, tx *store.Tx, w request.Write, now time.Time, note string) error {
	if waiting := c.received(); waiting != nil {
		waiting.State, waiting.ReleasedAt = store.VersionSuperseded, &now
		if err := tx.UpdateEvidenceVersion(ctx, waiting); err != nil {
			return err
		}
	}
	c.row.WaitsSince = nil
	_, err := closeOrderOf(ctx, tx, c.row.UID, now, w.Caller.Subject, note)
	return err
}

// closeOrderOf closes the open order about an object, and returns its number; 0 where there is none.
func closeOrderOf(ctx context.Context, tx *store.Tx, uid string, now time.Time, by, note string) (int64, error) {
	item, err := tx.OpenOrderOf(ctx, uid)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	closeOrder(&item, now, by, note)
	return item.ID, tx.UpdateOrder(ctx, &item)
}

// entry is what the audit says of a write to the copy. What people wrote stands in it as its sum.
func (c *signedCopy) entry(verb string, details map[string]any) entry {
	all := map[string]any{"state": string(c.row.State), "ods_code": c.row.ODSCode}
	maps.Copy(all, details)
	return entry{
		action: string(store.ObjectAgreementEvidence) + "." + verb, account: c.row.Account,
		object: c.row.FullName(), uid: c.row.UID, details: all,
	}
}

// The reasons that customers read.

// reasonReceived says who looks at the newest version, by when, and what holds until then.
func reasonReceived(p *policy, c *signedCopy, due *time.Time) string {
	waiting := fmt.Sprintf("Version %d waits for %s to look at it and to validate it", c.versions[len(c.versions)-1].Number, p.operator())
	if due != nil {
		waiting += ", by " + londonText(*due)
	}
	if holding := c.validated(); holding != nil {
		return fmt.Sprintf("%s; until then version %d holds.", waiting, holding.Number)
	}
	return waiting + "."
}

// reasonVersionRefused says why a version was refused while an older one holds.
func reasonVersionRefused(p *policy, refused, holding int64, why string) string {
	return fmt.Sprintf("Version %d was refused by %s: %s Version %d holds on.", refused, p.operator(), ended(why), holding)
}

const reasonTakenBack = "Taken back by its owner. A connection that rests on it keeps the version that it rests on."
