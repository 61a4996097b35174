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

// EvidenceDocument returns the document of a version with a name for it as a file, of letters, digits, "-" and "." alone,
// once the audit has it that it was read. The refusal is problem.ObjectGone, also for a document that is kept no longer.
func (d *Desk) EvidenceDocument(
	ctx context.Context, w request.Write, uid string, number int64,
) (fileName string, content []byte, err error) {
	c, err := read(ctx, d, func(ctx context.Context, r *store.Reader) (*signedCopy, error) {
		c, err := copyByUID(ctx, r, uid)
		if err != nil {
			return nil, orGone(err, noEvidence(uid))
		}
		version, err := c.version(number)
		if err != nil {
			return nil, err
		}
		content, err = r.DocumentContent(ctx, c.row.Account, version.DocumentSHA256)
		return c, orGone(err, fmt.Sprintf("document of version %d of %s any more: it was never validated, and is forgotten",
			number, c.row.FullName()))
	})
	if err != nil {
		return "", nil, err
	}
	err = d.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		return record(ctx, tx, w, d.now(), c.entry("read", map[string]any{
			"version": number, "document_sha256": c.versions[number-1].DocumentSHA256,
		}))
	})
	if err != nil {
		return "", nil, overtaken(err)
	}
	return fmt.Sprintf("%s-version-%d.pdf", c.row.Name, number), content, nil
}

// noEvidence says which evidence is meant, as commands name it.
func noEvidence(uid string) string { return "agreement evidence with the uid " + uid }

// version is the version of that number, or a problem.ObjectGone.
func (c *signedCopy) version(number int64) (*store.EvidenceVersion, error) {
	if number < 1 || number > int64(len(c.versions)) {
		return nil, gone("There is no version %d of %s: it has %d.", number, c.row.FullName(), len(c.versions))
	}
	return &c.versions[number-1], nil
}

// ValidateEvidence records that a person has looked at the newest version of a signed copy and what they saw: from then
// on it is the one that holds, and what waits for it goes on. Refusals are problem.Forbidden for a machine, ObjectGone,
// StateForbids, and PreconditionsFailed where the rules refuse what was declared of it by now.
func (d *Desk) ValidateEvidence(
	ctx context.Context, w request.Write, uid string, number int64, saw string,
) (api.EvidenceRecord, error) {
	if w.Caller.Kind != request.Person {
		return api.EvidenceRecord{}, problem.New(problem.Forbidden,
			"A signed copy is validated by a person, and this credential stands for a machine.")
	}
	return d.decideEvidence(ctx, w, uid, number, "validate",
		func(ctx context.Context, tx *store.Tx, p *policy, now time.Time, c *signedCopy, version *store.EvidenceVersion) error {
			if p.document.SecondPerson && version.ReceivedBy == w.Caller.Subject {
				return problem.New(problem.StateForbids, "Version %d of %s has to be validated by another person: %s handed it in.",
					number, c.row.FullName(), w.Caller.Subject)
			}
			account, err := tx.AccountByID(ctx, c.row.Account)
			if err != nil {
				return err
			}
			judged, err := d.judgeEvidence(ctx, tx.Reader, p, now, evidenceOrder{
				operation: rules.Create, account: account, name: c.row.Name, spec: c.spec(*version),
			})
			if err != nil {
				return err
			}
			if refusing := judged.refusing(); len(refusing) > 0 {
				refused := problem.New(problem.PreconditionsFailed, "Version %d of %s cannot be validated: %s. Refuse it with the reason: %s.",
					number, c.row.FullName(), unmet(refusing), commandRefuseEvidence(uid))
				refused.Findings = judged.shown()
				return refused
			}
			if holding := c.validated(); holding != nil {
				holding.State = store.VersionSuperseded
				if err := tx.UpdateEvidenceVersion(ctx, holding); err != nil {
					return err
				}
			}
			version.State, version.Saw = store.VersionValidated, saw
			c.row.Findings = judged.shown()
			c.enter(hscn.EvidenceValidated, "", now)
			return nil
		}, map[string]any{"saw_sha256": sumOf(saw)})
}

// RefuseEvidence turns the newest version of a signed copy down, for a reason that the customer reads. Where an older
// version is validated that one holds on; where none is, the evidence is refused for good. Refusals are
// problem.ObjectGone and StateForbids.
func (d *Desk) RefuseEvidence(
	ctx context.Context, w request.Write, uid string, number int64, reason string,
) (api.EvidenceRecord, error) {
	return d.decideEvidence(ctx, w, uid, number, "refuse",
		func(_ context.Context, _ *store.Tx, p *policy, now time.Time, c *signedCopy, version *store.EvidenceVersion) error {
			version.State, version.Reason, version.ReleasedAt = store.VersionRefused, reason, &now
			if holding := c.validated(); holding != nil {
				c.row.StateReason = reasonVersionRefused(p, number, holding.Number, reason)
				// What is declared is the older version again: a patch that was planned over the refused one is none of it.
				c.row.Revision++
				c.row.UpdatedAt, c.row.UpdatedBy = now, w.Caller.Subject
				return nil
			}
			c.enter(hscn.EvidenceRefused, reasonRefusedByPerson(p, reason), now)
			return nil
		}, map[string]any{"reason_sha256": sumOf(reason)})
}

// decideEvidence runs a decision about the version that waits, in one transaction for its idempotency key, and has what
// waits for it judged again.
func (d *Desk) decideEvidence(
	ctx context.Context, w request.Write, uid string, number int64, verb string,
	decision func(ctx context.Context, tx *store.Tx, p *policy, now time.Time, c *signedCopy, version *store.EvidenceVersion) error,
	details map[string]any,
) (api.EvidenceRecord, error) {
	now := d.now()
	// The evidence's account never changes, and has to be locked before anything else is read.
	found, err := read(ctx, d, func(ctx context.Context, r *store.Reader) (store.Evidence, error) { return r.EvidenceByUID(ctx, uid) })
	if err != nil {
		return api.EvidenceRecord{}, orGone(err, noEvidence(uid))
	}
	return once(ctx, d, w, now, d.recordNow,
		func(ctx context.Context, tx *store.Tx) (store.Outcome[api.EvidenceRecord], error) {
			none := store.Outcome[api.EvidenceRecord]{}
			if _, err := lockAccount(ctx, tx, found.Account); err != nil {
				return none, err
			}
			c, err := copyByUID(ctx, tx.Reader, uid)
			if err != nil {
				return none, err
			}
			version, err := c.version(number)
			if err != nil {
				return none, err
			}
			if waiting := c.received(); waiting != version {
				return none, c.notWaiting(version, verb)
			}
			p, err := d.policyInForce(ctx, tx.Reader, now)
			if err != nil {
				return none, err
			}
			before := c.row.State
			if err := decision(ctx, tx, p, now, c, version); err != nil {
				return none, err
			}
			decided := now
			version.DecidedAt, version.DecidedBy = &decided, w.Caller.Subject
			if err := tx.UpdateEvidenceVersion(ctx, version); err != nil {
				return none, err
			}
			c.row.WaitsSince = nil
			if err := tx.UpdateEvidence(ctx, &c.row); err != nil {
				return none, err
			}
			order, err := closeOrderOf(ctx, tx, uid, now, w.Caller.Subject, version.Reason)
			if err != nil {
				return none, err
			}
			if err := d.judgeWaitingOf(ctx, tx, found.Account, now); err != nil {
				return none, err
			}
			shown, err := d.recordNow(ctx, tx.Reader, uid)
			if err != nil {
				return none, err
			}
			details["order"], details["version"], details["document_sha256"] = order, number, version.DocumentSHA256
			details["state_before"] = string(before)
			return store.Outcome[api.EvidenceRecord]{Answer: shown, ObjectUID: uid}, record(ctx, tx, w, now, c.entry(verb, details))
		})
}

// notWaiting says why nothing can be decided about a version, and which one waits.
func (c *signedCopy) notWaiting(version *store.EvidenceVersion, verb string) error {
	state := string(version.State)
	if version.State == store.VersionReceived {
		state = "of evidence that is " + string(c.row.State)
	}
	next := "Nothing of it waits for a person."
	if waiting := c.received(); waiting != nil {
		next = fmt.Sprintf("Version %d is the one that waits: hscn-broker evidence %s %s --version %d.", waiting.Number, verb, c.row.UID, waiting.Number)
	}
	return problem.New(problem.StateForbids, "Version %d of %s cannot be decided about: it is %s. %s", version.Number, c.row.FullName(), state, next)
}

// The commands of the operator's about signed copies.

func commandReadEvidence(uid string) string {
	return "hscn-broker evidence document " + uid + " --out FILE"
}

func commandValidateEvidence(uid string) string {
	return "hscn-broker evidence validate " + uid + " --saw \"...\""
}

func commandRefuseEvidence(uid string) string {
	return "hscn-broker evidence refuse " + uid + " --reason \"...\""
}
