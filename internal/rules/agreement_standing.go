package rules

import (
	"fmt"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// agreementRegister is the register's name in findings.
const agreementRegister = "the register of HSCN Connection Agreements"

// agreement is how one basis of an organisation's stands.
type agreement struct {
	// checked says that it was looked up; without it nothing else is known, and unchecked says why.
	checked   bool
	unchecked string
	// untold says that somebody may have looked all the same: an account is not told of the provider's contracts with those
	// whom it may not act for, so that a plan knows less than the broker.
	untold bool
	// found says that there is one; what names it in a sentence, and source says who says so and since when.
	found        bool
	what, source string
	// predates says that it cannot be an HSCN Connection Agreement, by the words in since.
	predates bool
	since    string
	// lastDay is the last day on which it holds; zero where no end is known.
	lastDay hscn.Date
	ended   bool
	// copied is the signed copy that it is, while the register shows no agreement that holds; nil of anything else.
	copied *signedCopy
	// waiting is what there is to do until it was looked up; empty where the words for look-ups do.
	waiting string
}

// holds says that access can rest on it.
func (a agreement) holds() bool { return a.checked && a.found && !a.predates && !a.ended }

// fails says that it was looked up and access cannot rest on it.
func (a agreement) fails() bool { return a.checked && !a.holds() }

// failure says why access cannot rest on it, in brackets behind whose it is.
func (a agreement) failure() string {
	switch {
	case !a.found:
		return "none in " + a.source
	case a.predates:
		return a.since + ", according to " + a.source
	default:
		return "held until " + day(a.lastDay) + ", according to " + a.source
	}
}

// judgeDates fills in what follows from the day on which it was signed and its last day.
func (a *agreement) judgeDates(signed, lastDay, today hscn.Date) {
	if !signed.IsZero() && signed.Before(hscn.FirstAgreementDate()) {
		a.predates = true
		a.since = "was signed on " + day(signed) + ", before there was an HSCN Connection Agreement (" +
			day(hscn.FirstAgreementDate()) + ")"
	}
	a.lastDay = lastDay
	a.ended = !lastDay.IsZero() && today.After(lastDay)
}

// basis returns the agreement basis of the order.
func (j *judgement) basis() (hscn.AgreementBasis, bool) {
	text, known := j.order.Declared.Text("agreement", "basis").Get()
	basis := hscn.AgreementBasis(text)
	return basis, known && basis.Valid()
}

// access returns how the service of the order is to reach HSCN, unless that is only known later.
func (j *judgement) access() (hscn.Access, bool) { return accessOf(j.order.Declared) }

// accessOf returns how the service of a connection reaches HSCN, unless that is only known later.
func accessOf(connection Declared) (hscn.Access, bool) {
	value := connection.Text("access")
	if value.IsNull() {
		return hscn.AccessSharedLink, true
	}
	text, known := value.Get()
	return hscn.Access(text), known
}

// chosen returns the consumer and the agreement that its order rests on, unless that is only known later.
func (j *judgement) chosen() (consumer, agreement, bool) {
	organisation, asked := j.consumer()
	basis, known := j.basis()
	if !asked || !known {
		return consumer{}, agreement{}, false
	}
	standing, known := j.standing(organisation, basis)
	return organisation, standing, known
}

// standing returns how a basis of the organisation's stands today, unless that is only known later.
func (j *judgement) standing(organisation consumer, basis hscn.AgreementBasis) (agreement, bool) {
	if basis == hscn.BasisFlowDown {
		return j.flowDown(organisation), true
	}
	return j.ownAgreement(organisation)
}

// registered returns how the organisation's entry in the register stands.
func (j *judgement) registered(organisation consumer) agreement {
	fact := organisation.Register
	if !fact.Checked {
		return agreement{unchecked: fact.notChecked(agreementRegister, organisation.label, j.policy.Ages.Register)}
	}
	record := fact.Record
	a := agreement{
		checked: true, found: fact.Found,
		what:   "The HSCN Connection Agreement of " + organisation.label,
		source: agreementRegister + ", " + fact.lookedUp(),
	}
	if !a.found {
		return a
	}
	if record.Reference != "" {
		a.what += ", reference " + record.Reference + ","
	}
	// A withdrawal takes effect on its day, an end after it.
	lastDay := record.EndedOn
	if withdrawn := record.WithdrawnOn; !withdrawn.IsZero() && (lastDay.IsZero() || !withdrawn.After(lastDay)) {
		lastDay = withdrawn.AddDays(-1)
	}
	a.judgeDates(record.SignedOn, lastDay, j.today)
	if record.IGSoC {
		a.predates = true
		a.what = "The entry of " + organisation.label
		a.since = "is an IGSoC, the statement of compliance of N3, which the HSCN Connection Agreement replaced on " +
			day(hscn.FirstAgreementDate())
	}
	return a
}

func (j *judgement) flowDown(organisation consumer) agreement {
	fact := organisation.FlowDown
	place := "the contracts of " + j.policy.csp()
	if !fact.Checked {
		a := agreement{unchecked: fact.notChecked(place, organisation.label, j.policy.Ages.FlowDown), untold: !organisation.Bound}
		if a.untold && fact.At.IsZero() {
			a.unchecked = fmt.Sprintf("Whether anybody has looked up %s in %s is not told to an account that may not act for it.", organisation.label, place)
		}
		return a
	}
	best := agreement{checked: true, source: place + ", " + fact.lookedUp()}
	for _, document := range fact.Record {
		terms, carries := j.policy.carrier(document)
		if !carries {
			continue
		}
		candidate := agreement{
			checked: true, found: true, source: best.source,
			what: terms.Title + " " + document.Version + " with " + organisation.label,
		}
		candidate.judgeDates(document.SignedOn, document.EndedOn, j.today)
		if candidate.better(best) {
			best = candidate
		}
	}
	return best
}

// better says whether access rests more safely on this document than on another: on one that holds, then on one that
// merely ended, and of two alike on the one that ends later.
func (a agreement) better(than agreement) bool {
	if !than.found {
		return true
	}
	if mine, other := a.rank(), than.rank(); mine != other {
		return mine > other
	}
	return !than.lastDay.IsZero() && (a.lastDay.IsZero() || a.lastDay.After(than.lastDay))
}

func (a agreement) rank() int {
	switch {
	case a.holds():
		return 2
	case !a.predates:
		return 1
	default:
		return 0
	}
}

// carrier returns the terms that a document is, where it is of a kind and a version that carry the agreement.
func (p Policy) carrier(document FlowDownDocument) (FlowDownTerms, bool) {
	for _, terms := range p.FlowDown {
		if terms.Kind != document.Kind {
			continue
		}
		if order, err := hscn.CompareDocumentVersions(document.Version, terms.MinimumVersion); err == nil && order >= 0 {
			return terms, true
		}
	}
	return FlowDownTerms{}, false
}

// documentTitle names a kind of document.
func (p Policy) documentTitle(kind string) string {
	for _, terms := range p.FlowDown {
		if terms.Kind == kind {
			return terms.Title
		}
	}
	return kind
}
