package rules

import (
	"fmt"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

var evidencePath = []string{"agreement", "evidence_id"}

// signedCopy is the evidence that an order names.
type signedCopy struct {
	Evidence
	// name is its full name.
	name string
}

// evidence returns the signed copy of the organisation's agreement that the order names; nil where it names none, or none
// that counts. Whether there is one is not known where the name is not, or nobody asked for evidence.
func (j *judgement) evidence(organisation consumer) (found *signedCopy, known bool) {
	id := j.order.Declared.Text("agreement", "evidence_id")
	name, given := id.Get()
	switch {
	case id.IsUnknown(), given && !j.facts.EvidenceKnown:
		return nil, false
	case !given:
		return nil, true
	}
	evidence, there := j.copyNamed(name)
	if there && evidence.ODSCode == "" {
		return nil, false
	}
	if !there || hscn.CanonicalODSCode(evidence.ODSCode) != organisation.code {
		return nil, true
	}
	return &signedCopy{evidence, name}, true
}

// copyNamed returns the signed copy of that full name. Where the connection has named it since it came to rest on a version
// of it, that version counts whatever has become of the copy: taking it back does not pull the ground from what stands on
// it, nor does another copy that has its name now and that nobody has validated.
func (j *judgement) copyNamed(name string) (evidence Evidence, there bool) {
	evidence, there = j.facts.Evidence[name]
	kept, rests := j.facts.Kept[j.order.FullName]
	before, _ := j.order.Prior.Text("agreement", "evidence_id").Get()
	if !rests || kept.Name != name || before != name || there && evidence.Validated && evidence.ODSCode == kept.ODSCode {
		return evidence, there
	}
	evidence = kept.Evidence
	evidence.Kept = true
	return evidence, true
}

// ownAgreement returns how the organisation's own agreement stands: by its entry in the register where that holds, else
// by the signed copy that the order names. An entry that ended, or cannot be HSCN's, is set aside by a copy that was signed
// after it. Where the order names a copy that is only known later, and no entry holds, nothing is known yet.
func (j *judgement) ownAgreement(organisation consumer) (standing agreement, known bool) {
	entry := j.registered(organisation)
	if entry.holds() {
		return entry, true
	}
	evidence, known := j.evidence(organisation)
	if !known {
		return agreement{}, false
	}
	if evidence == nil {
		return entry, true
	}
	if entry.found && !entry.predates && !evidence.SignedOn.After(entry.lastDay) {
		return entry, !evidence.SignedOn.IsZero()
	}
	copied := j.copied(organisation, evidence)
	if entry.predates && copied.predates {
		// Neither can be the agreement; what the register says is the more certain.
		return entry, true
	}
	return copied, true
}

// copied returns how a signed copy of the organisation's agreement stands.
func (j *judgement) copied(organisation consumer, evidence *signedCopy) agreement {
	a := agreement{
		checked: evidence.Validated, found: true, copied: evidence,
		what: "The HSCN Connection Agreement of " + organisation.label, source: evidence.source(),
	}
	a.judgeDates(evidence.SignedOn, hscn.Date{}, j.today)
	switch {
	case a.predates:
		// What the owner says of it is reason enough: nobody need look.
		a.checked = true
	case !a.checked:
		a.found = false
		a.unchecked = fmt.Sprintf("Nobody at %s has looked at the signed copy %s yet.", j.policy.csp(), evidence.name)
		a.waiting = "There is nothing to do: the order waits until " + j.policy.askCSP() + " has validated the copy."
	}
	return a
}

// source says what a finding knows of a copy, and since when.
func (c *signedCopy) source() string {
	switch {
	case c.Validated && !c.ValidatedAt.IsZero():
		text := "the signed copy " + c.name + ", validated on " + day(hscn.DateIn(c.ValidatedAt))
		if c.ValidatedBy != "" {
			text += " by " + c.ValidatedBy
		}
		return text
	case c.Planned || c.ReceivedAt.IsZero():
		return "the signed copy " + c.name
	default:
		return "the signed copy " + c.name + ", received on " + day(hscn.DateIn(c.ReceivedAt))
	}
}

func agreementEvidenceUnknown(j *judgement) *hit {
	name, given := j.order.Declared.Text("agreement", "evidence_id").Get()
	if !given || !j.facts.EvidenceKnown {
		return nil
	}
	h := &hit{path: evidencePath}
	evidence, there := j.copyNamed(name)
	_, malformed := hscn.ParseAgreementEvidenceName(name)
	switch {
	case !there && malformed != nil && hscn.ValidateName(name) == nil:
		// The name alone, without the collection that it is in.
		h.detail = fmt.Sprintf("agreement.evidence_id is %s: the id of evidence has the form agreement-evidence/<name>.", quoted(name))
		h.remedy = "Set agreement.evidence_id to " + quoted(hscn.AgreementEvidenceName(name)) + ", best by a reference to the resource."
	case !there && malformed != nil:
		h.detail = "agreement.evidence_id: the " + malformed.Error() + "."
	case !there && j.facts.RefusedEvidence[name] != "":
		h.detail = fmt.Sprintf("The agreement evidence %s was refused: %s", quoted(name), j.facts.RefusedEvidence[name])
		h.remedy = "Hand in another copy as an hscn_agreement_evidence, give its id in agreement.evidence_id, and order the connection again."
	case !there:
		h.detail = fmt.Sprintf("The account %s has no agreement evidence %s, or it was refused or deleted.", j.facts.Account, quoted(name))
		if j.where == AtPlan {
			h.remedy = "If this configuration makes it, refer to the resource instead of writing its name out, such as " +
				"hscn_agreement_evidence.signed.id; otherwise hand in the signed copy first."
		}
	default:
		organisation, asked := j.consumer()
		if !asked || evidence.ODSCode == "" || hscn.CanonicalODSCode(evidence.ODSCode) == organisation.code {
			return nil
		}
		h.detail = fmt.Sprintf("The agreement evidence %s is %s's, and the connection is for %s.",
			quoted(name), strings.TrimSpace(evidence.ODSCode), organisation.label)
	}
	return h
}

func agreementRegisterPending(j *judgement) *hit {
	organisation, a, ok := j.chosen()
	if !ok || a.copied == nil || a.predates {
		return nil
	}
	return &hit{
		path:   evidencePath,
		detail: fmt.Sprintf("The connection rests on the signed copy %s. %s", a.copied.name, j.registerSays(organisation)),
	}
}

// registerSays is what the register shows of an organisation whose agreement it does not show, as a sentence.
func (j *judgement) registerSays(organisation consumer) string {
	switch entry := j.registered(organisation); {
	case !entry.checked:
		return entry.unchecked
	case !entry.found:
		return organisation.label + " has no agreement in " + entry.source + "."
	case entry.predates:
		return entry.what + " " + entry.since + ", according to " + entry.source + "."
	default:
		return fmt.Sprintf("An earlier agreement held until %s, according to %s.", day(entry.lastDay), entry.source)
	}
}

func agreementNotCountersigned(j *judgement) *hit {
	organisation, a, ok := j.chosen()
	if !ok || a.copied == nil || a.predates || !a.copied.CountersignedOn.IsZero() || a.copied.SignedOn.IsZero() {
		return nil
	}
	days := j.policy.EvidenceCountersignedWithinDays
	entry := j.registered(organisation)
	if !entry.checked || !j.today.After(a.copied.SignedOn.AddDays(days)) {
		return nil
	}
	return &hit{
		path: evidencePath,
		detail: fmt.Sprintf("The signed copy %s was signed on %s, more than %s ago, and has no countersigned_on. %s",
			a.copied.name, day(a.copied.SignedOn), count(days, "day"), j.registerSays(organisation)),
	}
}

// evidencePredates judges the copy itself, when it is handed in.
func evidencePredates(j *judgement) *hit {
	text, known := j.order.Declared.Text("signed_on").Get()
	if !known {
		return nil
	}
	signed, err := hscn.ParseDate(text)
	if err != nil || !signed.Before(hscn.FirstAgreementDate()) {
		return nil
	}
	return &hit{
		path: []string{"signed_on"},
		detail: fmt.Sprintf("The copy was signed on %s, before there was an HSCN Connection Agreement (%s): it is of an IGSoC, or of something else.",
			day(signed), day(hscn.FirstAgreementDate())),
	}
}

// CopyRestedOn returns the signed copy that the agreement of a connection's order rests on, with its full name; the name is
// empty where it rests on the register, on other terms, or on nothing.
func CopyRestedOn(policy Policy, facts Facts, order Order) (name string, evidence Evidence) {
	j := &judgement{policy: policy, facts: facts, order: order, today: hscn.DateIn(facts.Now), where: AtBroker}
	if _, a, ok := j.chosen(); ok && a.copied != nil && a.holds() {
		return a.copied.name, a.copied.Evidence
	}
	return "", Evidence{}
}
