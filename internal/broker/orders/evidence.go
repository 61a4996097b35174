package orders

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/assess"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/page"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// AgreementEvidences returns a page of the account's signed copies that live, and of those that were refused lately.
func (d *Desk) AgreementEvidences(
	ctx context.Context, caller request.Caller, params api.ListAgreementEvidenceParams,
) (api.AgreementEvidencePage, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.AgreementEvidencePage, error) {
		answer := api.AgreementEvidencePage{Items: []api.AgreementEvidence{}}
		size := page.Size(params.PageSize)
		after, err := pageAfter[store.NameKey](params.PageToken)
		if err != nil {
			return answer, err
		}
		rows, err := r.AgreementEvidence(ctx, store.EvidenceFilter{
			Account: caller.Account, RefusedSince: d.now().Add(-refusedFor), After: after, Limit: size + 1,
		})
		if err != nil {
			return answer, err
		}
		if rows, answer.NextPageToken, err = page.Cut(rows, size, func(e store.Evidence) any {
			return store.NameKey{Name: e.Name, UID: e.UID}
		}); err != nil {
			return answer, err
		}
		copies, err := openCopies(ctx, r, rows...)
		if err != nil {
			return answer, err
		}
		for _, c := range copies {
			shown, err := d.copyShown(c, nil)
			if err != nil {
				return answer, err
			}
			answer.Items = append(answer.Items, shown)
		}
		return answer, nil
	})
}

// AgreementEvidence returns the account's live signed copy of that name.
func (d *Desk) AgreementEvidence(ctx context.Context, caller request.Caller, name string) (api.AgreementEvidence, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.AgreementEvidence, error) {
		c, err := liveCopy(ctx, r, caller.Account, name)
		if err != nil {
			return api.AgreementEvidence{}, err
		}
		return d.copyShown(c, nil)
	})
}

// copyNow is the signed copy of that uid as it is now, in whatever state.
func (d *Desk) copyNow(ctx context.Context, r *store.Reader, uid string) (api.AgreementEvidence, error) {
	c, err := copyByUID(ctx, r, uid)
	if err != nil {
		return api.AgreementEvidence{}, fmt.Errorf("evidence %s: %w", uid, err)
	}
	return d.copyShown(c, nil)
}

// copyShown is the signed copy in the contract's words, with the findings of the write that it answers.
func (d *Desk) copyShown(c *signedCopy, findings []api.Finding) (api.AgreementEvidence, error) {
	e, shownVersion := c.row, c.shown()
	shown := api.AgreementEvidence{
		Name: e.FullName(), UID: e.UID, Account: e.Account, BrokerID: d.db.BrokerID(),
		Etag: etagOf(e.UID, e.Revision), CreateKeySha256: e.CreateKeySHA256,
		CreatedAt: e.CreatedAt.UTC(), CreatedBy: e.CreatedBy, UpdatedAt: e.UpdatedAt.UTC(), UpdatedBy: e.UpdatedBy,

		OdsCode: e.ODSCode, DocumentSha256: shownVersion.DocumentSHA256, DocumentVersion: shownVersion.Number,
		SignedOn: shownVersion.SignedOn, CountersignedOn: given(shownVersion.CountersignedOn),

		State: string(e.State), StateReason: given(e.StateReason), StateSince: e.StateSince.UTC(),
		PendingChange: c.pendingChange(), PolicyVersion: fmt.Sprint(e.PolicyVersion),
	}
	var err error
	if shown.RegisterUpdatePending, err = c.registerUpdatePending(d.now()); err != nil {
		return shown, err
	}
	shown.Version, err = versionOf(shown)
	shown.Findings = findings
	return shown, err
}

// canonicalEvidence is canonicalConnection for signed copies.
func canonicalEvidence(spec api.AgreementEvidenceSpec) (api.AgreementEvidenceSpec, error) {
	var wrong offences
	spec.OdsCode = hscn.CanonicalODSCode(spec.OdsCode)
	wrong.date(&spec.SignedOn, "signed_on")
	wrong.date(spec.CountersignedOn, "countersigned_on")
	// Days in this form compare as text.
	if at := spec.CountersignedOn; len(wrong) == 0 && at != nil && *at < spec.SignedOn {
		wrong.add("is before signed_on, "+spec.SignedOn+": NHS signs after the organisation", "countersigned_on")
	}
	return spec, wrong.err()
}

// evidenceOrder is an order about a signed copy.
type evidenceOrder struct {
	operation rules.Operation
	account   store.Account
	name      string
	spec      api.AgreementEvidenceSpec
	// prior is what was declared before an update.
	prior *api.AgreementEvidenceSpec
	// holder is the signed copy that has the name which a create asks for.
	holder *store.Evidence
}

// judgeEvidence puts the order to the rules over the broker's own facts.
func (d *Desk) judgeEvidence(
	ctx context.Context, r *store.Reader, p *policy, now time.Time, o evidenceOrder,
) (verdict, error) {
	organisations, err := organisationFacts(ctx, r, o.account, []string{o.spec.OdsCode})
	if err != nil {
		return verdict{}, err
	}
	waivers, err := activeWaivers(ctx, r, o.account.ID, now)
	if err != nil {
		return verdict{}, err
	}
	facts, err := assess.Facts(api.ComplianceFacts{
		Now: now, Account: o.account.ID, Organisations: organisations, Waivers: waivers,
	}, nil)
	if err != nil {
		return verdict{}, fmt.Errorf("facts of account %s: %w", o.account.ID, err)
	}
	if o.holder != nil {
		facts.Taken = &rules.Existing{UID: o.holder.UID, CreatedBy: o.holder.CreatedBy, CreatedAt: o.holder.CreatedAt}
	}
	return evaluate(p, facts, rules.KindAgreementEvidence, o.operation, o.name, hscn.AgreementEvidenceName(o.name), o.spec, o.prior)
}

// CreateAgreementEvidence hands in a signed copy, of which the account has uploaded the document. ifNoneMatch says that
// the request had the precondition that a create needs. Refusals are problem.PreconditionRequired, RequestInvalid,
// NotOffered where there is no such document, NameTaken, StateForbids for too many and PreconditionsFailed.
func (d *Desk) CreateAgreementEvidence(
	ctx context.Context, w request.Write, name string, spec api.AgreementEvidenceSpec, ifNoneMatch bool,
) (api.AgreementEvidence, error) {
	if !ifNoneMatch {
		return api.AgreementEvidence{}, problem.New(problem.PreconditionRequired, "A create needs the header If-None-Match: *.")
	}
	now := d.now()
	return once(ctx, d, w, now, d.copyNow,
		func(ctx context.Context, tx *store.Tx) (store.Outcome[api.AgreementEvidence], error) {
			c, findings, err := d.createEvidence(ctx, tx, w, now, name, spec)
			if err != nil {
				return store.Outcome[api.AgreementEvidence]{}, err
			}
			shown, err := d.copyShown(c, findings)
			return store.Outcome[api.AgreementEvidence]{Answer: shown, ObjectUID: c.row.UID}, err
		})
}

func (d *Desk) createEvidence(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, name string, spec api.AgreementEvidenceSpec,
) (*signedCopy, []api.Finding, error) {
	account, err := openAccount(ctx, tx, w.Caller.Account)
	if err != nil {
		return nil, nil, err
	}
	if spec, err = canonicalEvidence(spec); err != nil {
		return nil, nil, err
	}
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return nil, nil, err
	}
	order := evidenceOrder{operation: rules.Create, account: account, name: name, spec: spec}
	var holder *api.ExistingObject
	switch held, err := tx.EvidenceByName(ctx, account.ID, name); {
	case err == nil:
		order.holder, holder = &held, existingEvidence(held)
	case !errors.Is(err, store.ErrNotFound):
		return nil, nil, err
	}
	judged, err := d.judgeEvidence(ctx, tx.Reader, p, now, order)
	if err != nil {
		return nil, nil, err
	}
	if err := judged.err(hscn.AgreementEvidenceName(name), holder); err != nil {
		return nil, nil, err
	}
	if err := mayHandIn(ctx, tx.Reader, account.ID); err != nil {
		return nil, nil, err
	}
	c := &signedCopy{row: store.Evidence{
		UID: uuid.NewString(), Account: account.ID, Name: name, ODSCode: spec.OdsCode,
		State: hscn.EvidenceReceived, StateSince: now, Findings: judged.shown(), Revision: 1,
		CreatedAt: now, CreatedBy: w.Caller.Subject, UpdatedAt: now, UpdatedBy: w.Caller.Subject,
		CreateKeySHA256: store.KeySHA256(w.IdempotencyKey), PolicyVersion: p.version,
	}}
	if err := tx.InsertEvidence(ctx, &c.row); err != nil {
		return nil, nil, err
	}
	item, err := d.receive(ctx, tx, w, p, now, c, spec)
	if err != nil {
		return nil, nil, err
	}
	if err := tx.UpdateEvidence(ctx, &c.row); err != nil {
		return nil, nil, err
	}
	// What waited for want of it may wait for a person's word now.
	if err := d.judgeWaitingOf(ctx, tx, account.ID, now); err != nil {
		return nil, nil, err
	}
	return c, judged.shown(), record(ctx, tx, w, now, c.entry("create", map[string]any{
		"order": item.ID, "version": int64(1), "document_sha256": spec.DocumentSha256, "spec_sha256": sumOf(spec),
		"policy_version": p.versionText(), "findings": ruleIDs(judged.shown(), findingRule),
	}))
}

// mayHandIn refuses one more signed copy of an account that has as many as people can look at.
func mayHandIn(ctx context.Context, r *store.Reader, account string) error {
	held, err := r.HeldEvidence(ctx, account)
	if err != nil {
		return err
	}
	waiting := slices.DeleteFunc(held, func(e store.Evidence) bool { return e.State != hscn.EvidenceReceived })
	if len(waiting) < maxUnvalidatedCopies {
		return nil
	}
	return problem.New(problem.StateForbids, "The account has %d signed copies that nobody has validated yet, and may have no more. "+
		"Delete what is not needed, or wait until they are looked at.", len(waiting))
}

// receive makes what the owner declares the newest version, which waits for a person, and asks the operator to look at
// it. The row is left to its caller to write.
func (d *Desk) receive(
	ctx context.Context, tx *store.Tx, w request.Write, p *policy, now time.Time, c *signedCopy, spec api.AgreementEvidenceSpec,
) (store.Order, error) {
	document, err := tx.NameDocument(ctx, c.row.Account, spec.DocumentSha256, now)
	if errors.Is(err, store.ErrNotFound) {
		return store.Order{}, noDocument(spec.DocumentSha256)
	}
	if err != nil {
		return store.Order{}, err
	}
	version := store.EvidenceVersion{
		UID: uuid.NewString(), EvidenceUID: c.row.UID, Number: int64(len(c.versions)) + 1, Account: c.row.Account,
		DocumentSHA256: document.SHA256, SizeBytes: document.SizeBytes,
		SignedOn: spec.SignedOn, CountersignedOn: *orDefault(spec.CountersignedOn, ""),
		State: store.VersionReceived, ReceivedAt: now, ReceivedBy: w.Caller.Subject,
	}
	if err := c.withdraw(ctx, tx, w, now, fmt.Sprintf("Version %d took its place.", version.Number)); err != nil {
		return store.Order{}, err
	}
	if err := tx.InsertEvidenceVersion(ctx, &version); err != nil {
		return store.Order{}, err
	}
	c.versions = append(c.versions, version)

	due, err := dueAt(d.calendar, p.document.WorkingHours, now, p.document.Connections.LeadTimeWorkingDays)
	if err != nil {
		return store.Order{}, fmt.Errorf("when %s is due: %w", c.row.FullName(), err)
	}
	received := now
	c.row.WaitsSince = &received
	c.row.StateReason = reasonReceived(p, c, due)
	item := store.Order{
		Kind: store.OrderValidate, ObjectKind: store.ObjectAgreementEvidence, ObjectUID: c.row.UID, Object: c.row.FullName(),
		Account: c.row.Account, Open: true, CreatedAt: now, CreatedBy: w.Caller.Subject, DueAt: due,
		ChangeReference: w.ChangeReference, PolicyVersion: p.version, Recorders: []string{version.ReceivedBy},
	}
	return item, tx.InsertOrder(ctx, &item)
}

// noDocument says how a document is sent. It is an answer for good, so that the key of the request is spent.
func noDocument(sum string) error {
	var wrong offences
	wrong.add(fmt.Sprintf("is %s, and the broker has no document of this account with that sum: send it with PUT /v1/documents/%s "+
		"as application/pdf, and then ask again with another Idempotency-Key; what no evidence names is forgotten after a day", sum, sum),
		"document_sha256")
	return notOffered(wrong)
}

func existingEvidence(e store.Evidence) *api.ExistingObject {
	return existing(e.FullName(), e.UID, e.CreateKeySHA256, e.Revision, e.CreatedAt, e.CreatedBy, e.UpdatedAt, e.UpdatedBy)
}
