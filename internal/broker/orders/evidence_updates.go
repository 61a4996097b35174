package orders

import (
	"context"
	"fmt"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// UpdateAgreementEvidence hands in a new version by a merge patch of what was declared last. A version that is validated
// holds until a person has validated the new one. ifMatch is the revision that the change was planned from, without
// quotes. Refusals are problem.PreconditionRequired, ObjectGone, EtagMismatch, RequestInvalid, NotOffered and
// PreconditionsFailed.
func (d *Desk) UpdateAgreementEvidence(
	ctx context.Context, w request.Write, name string, patch api.MergePatch, ifMatch string,
) (api.AgreementEvidence, error) {
	if ifMatch == "" {
		return api.AgreementEvidence{}, problem.New(problem.PreconditionRequired, "An update needs the header If-Match with the object's etag.")
	}
	now := d.now()
	return once(ctx, d, w, now, d.copyNow,
		func(ctx context.Context, tx *store.Tx) (store.Outcome[api.AgreementEvidence], error) {
			c, findings, err := d.updateEvidence(ctx, tx, w, now, name, patch, ifMatch)
			if err != nil {
				return store.Outcome[api.AgreementEvidence]{}, err
			}
			shown, err := d.copyShown(c, findings)
			return store.Outcome[api.AgreementEvidence]{Answer: shown}, err
		})
}

func (d *Desk) updateEvidence(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, name string, patch api.MergePatch, ifMatch string,
) (*signedCopy, []api.Finding, error) {
	account, err := lockAccount(ctx, tx, w.Caller.Account)
	if err != nil {
		return nil, nil, err
	}
	c, err := liveCopy(ctx, tx.Reader, account.ID, name)
	if err != nil {
		return nil, nil, err
	}
	if ifMatch != etagOf(c.row.UID, c.row.Revision) {
		return nil, nil, etagMismatch(existingEvidence(c.row))
	}
	prior := c.declared()
	spec, err := patched("AgreementEvidenceSpec", prior, patch)
	if err != nil {
		return nil, nil, err
	}
	if spec, err = canonicalEvidence(spec); err != nil {
		return nil, nil, err
	}
	if sameJSON(prior, spec) {
		return c, nil, nil
	}
	changes, err := changesOf(rules.KindAgreementEvidence, prior, spec)
	if err != nil {
		return nil, nil, err
	}
	if err := immutable("signed copy", changes); err != nil {
		return nil, nil, err
	}
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return nil, nil, err
	}
	judged, err := d.judgeEvidence(ctx, tx.Reader, p, now, evidenceOrder{
		operation: rules.Update, account: account, name: name, spec: spec, prior: &prior,
	})
	if err != nil {
		return nil, nil, err
	}
	if err := judged.err(c.row.FullName(), nil); err != nil {
		return nil, nil, err
	}

	details := map[string]any{
		"document_sha256": spec.DocumentSha256, "spec_sha256": sumOf(spec), "revision": c.row.Revision + 1,
		"policy_version": p.versionText(), "findings": ruleIDs(judged.shown(), findingRule),
	}
	if holding := c.validated(); holding != nil && sameJSON(c.spec(*holding), spec) {
		// What waits is taken back: nobody has to look a second time at what holds.
		if err := c.withdraw(ctx, tx, w, now, fmt.Sprintf("Taken back by its owner; version %d holds on.", holding.Number)); err != nil {
			return nil, nil, err
		}
		c.row.StateReason = ""
		details["version"] = holding.Number
	} else {
		item, err := d.receive(ctx, tx, w, p, now, c, spec)
		if err != nil {
			return nil, nil, err
		}
		details["order"], details["version"] = item.ID, c.versions[len(c.versions)-1].Number
	}
	c.row.Findings, c.row.PolicyVersion = judged.shown(), p.version
	c.row.Revision++
	c.row.UpdatedAt, c.row.UpdatedBy = now, w.Caller.Subject
	if err := tx.UpdateEvidence(ctx, &c.row); err != nil {
		return nil, nil, err
	}
	return c, judged.shown(), record(ctx, tx, w, now, c.entry("update", details))
}

// DeleteAgreementEvidence takes the live signed copy of that name and uid back, whatever rests on it: a connection keeps
// the version that it rests on. The refusal is problem.ObjectGone.
func (d *Desk) DeleteAgreementEvidence(ctx context.Context, w request.Write, name, uid string) (api.AgreementEvidence, error) {
	now := d.now()
	return once(ctx, d, w, now, d.copyNow,
		func(ctx context.Context, tx *store.Tx) (store.Outcome[api.AgreementEvidence], error) {
			c, err := d.deleteEvidence(ctx, tx, w, now, name, uid)
			if err != nil {
				return store.Outcome[api.AgreementEvidence]{}, err
			}
			shown, err := d.copyShown(c, nil)
			return store.Outcome[api.AgreementEvidence]{Answer: shown, ObjectUID: c.row.UID}, err
		})
}

func (d *Desk) deleteEvidence(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, name, uid string,
) (*signedCopy, error) {
	account, err := lockAccount(ctx, tx, w.Caller.Account)
	if err != nil {
		return nil, err
	}
	c, err := liveCopy(ctx, tx.Reader, account.ID, name)
	if err != nil {
		return nil, err
	}
	if c.row.UID != uid {
		return nil, anotherObject(c.row.FullName())
	}
	before := c.row.State
	// A version that nobody has decided about stays what it is, and needs its document no longer. What waits for this
	// copy is not judged again yet: a replacement under the same name may be on its way.
	if waiting := c.received(); waiting != nil {
		waiting.ReleasedAt = &now
		if err := tx.UpdateEvidenceVersion(ctx, waiting); err != nil {
			return nil, err
		}
	}
	order, err := closeOrderOf(ctx, tx, c.row.UID, now, w.Caller.Subject, "")
	if err != nil {
		return nil, err
	}
	c.enter(hscn.EvidenceCeased, reasonTakenBack, now)
	c.row.WaitsSince = nil
	if err := tx.UpdateEvidence(ctx, &c.row); err != nil {
		return nil, err
	}
	details := map[string]any{"state_before": string(before)}
	if order != 0 {
		details["order"] = order
	}
	return c, record(ctx, tx, w, now, c.entry("delete", details))
}

// enter puts the copy into a state, as standing.enter does.
func (c *signedCopy) enter(state hscn.EvidenceState, reason string, now time.Time) {
	if c.row.State != state {
		c.row.State, c.row.StateSince = state, now
	}
	c.row.StateReason = reason
}
