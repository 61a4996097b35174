package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// dsptRegister is the register's name in findings.
const dsptRegister = "the public DSPT register"

func dsptRules() []Rule {
	connections := []Kind{KindConnection}
	// The HSCN terms themselves ask for a DSPT only where national applications are used (clause 4.14): to share the link,
	// it is the provider who asks for one.
	faq := Source{SourcePolicy, "HSCN connectivity FAQ, UKCloud, 2021: a customer shares the link with a valid DSP Toolkit"}
	editions := Source{SourcePolicy, "dsptoolkit.nhs.uk: an edition is due on 30 June of its second year"}
	return []Rule{
		{
			ID: "dspt.not-met", Title: "DSPT standards are not met", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections, YieldsTo: []string{"organisation.unknown"}, Source: faq,
			Owner: OwnerCustomer,
			Remedy: "Publish an assessment that meets the standards at dsptoolkit.nhs.uk, then ask {csp} to look it up again; " +
				"or use a dedicated circuit.",
			check: dsptNotMet,
		},
		{
			ID: "dspt.stale", Title: "The DSPT assessment is out of date", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections, YieldsTo: []string{"dspt.not-met"}, Source: editions,
			Owner: OwnerCustomer,
			Remedy: "Publish an assessment of the current edition at dsptoolkit.nhs.uk, then ask {csp} to look it up again; " +
				"or use a dedicated circuit.",
			check: dsptStale,
		},
		{
			ID: "dspt.not-checked", Title: "The DSPT status has not been looked up", Severity: Warning,
			Where: AtPlan, Applies: AppliesNew, Kinds: connections, YieldsTo: []string{"organisation.unknown"}, Source: faq,
			Owner:  OwnerCSP,
			Remedy: "Ask {csp} to look it up.",
			check:  dsptNotChecked,
		},
		{
			ID: "dspt.ends-early", Title: "The DSPT assessment runs out before the commitment", Severity: Warning,
			Where: AtPlan, Applies: AppliesNew, Kinds: connections, Source: editions,
			Owner:  OwnerCustomer,
			Remedy: "Publish an assessment of the next edition at dsptoolkit.nhs.uk before that day.",
			check:  dsptEndsEarly,
		},
	}
}

// dspt is the DSPT status that decides for an order.
type dspt struct {
	// unchecked says why there is none yet; empty where there is.
	unchecked string
	// whose names the organisation whose row decides, source the register and the look-up.
	whose, source string
	// words are the register's own; the status is what they mean, with the edition that follows from the publication
	// where they name none.
	words  string
	status hscn.DSPTStatus
}

// dspt returns the DSPT status that decides for the order, unless none is needed, which is so for a dedicated circuit,
// or nothing can be said. An organisation's own row decides; only where the register has none its successor's, then its
// parent's, then its site's: merged organisations have no row of their own.
func (j *judgement) dspt() (dspt, bool) {
	organisation, asked := j.consumer()
	access, known := j.access()
	if !asked || !known || access != hscn.AccessSharedLink {
		return dspt{}, false
	}

	type row struct {
		whose string
		fact  Fact[DSPTRecord]
	}
	own := row{organisation.label, organisation.DSPT}
	rows := []row{own}
	add := func(relation string, codes ...string) {
		for _, code := range codes {
			if relative, asked := j.organisation(code); asked {
				rows = append(rows, row{fmt.Sprintf("%s, %s of %s,", relative.label(code), relation, organisation.label), relative.DSPT})
			}
		}
	}
	record := organisation.Directory.Record
	add("a successor", record.Successors...)
	if record.Parent != "" {
		add("the parent", record.Parent)
	}
	add("a site", record.Sites...)

	for _, r := range rows {
		switch {
		case !r.fact.Checked:
			return dspt{unchecked: r.fact.notChecked(dsptRegister, strings.TrimSuffix(r.whose, ","), j.policy.Ages.DSPT)}, true
		case r.fact.Found:
			return j.readDSPT(r.whose, r.fact), true
		}
	}
	return dspt{
		whose: organisation.label, source: dsptRegister + ", " + own.fact.lookedUp(),
		status: hscn.DSPTStatus{Standard: hscn.DSPTNotPublished},
	}, true
}

// readDSPT reads a row of the register.
func (j *judgement) readDSPT(whose string, fact Fact[DSPTRecord]) dspt {
	d := dspt{whose: whose, source: dsptRegister + ", " + fact.lookedUp(), words: fact.Record.Status}
	status, err := hscn.ParseDSPTStatus(d.words)
	if err != nil {
		d.unchecked = fmt.Sprintf("%s has the DSPT status %s, according to %s, which is none that is known.",
			whose, quoted(d.words), d.source)
		return d
	}
	if status.Edition.IsZero() {
		status.Edition = hscn.EditionOfPublication(fact.Record.PublishedOn, j.policy.DSPT.deadline)
	}
	d.status = status
	if status.Edition.IsZero() && status.Standard != hscn.DSPTNotPublished && j.policy.DSPT.suffices(status.Standard) {
		d.unchecked = fmt.Sprintf("%s has the DSPT status %s, according to %s, without an edition and a day of publication, "+
			"so that nobody can tell whether it still counts.", whose, quoted(d.words), d.source)
	}
	return d
}

// suffices says whether policy lets an outcome through, if only with a warning.
func (p DSPTPolicy) suffices(standard hscn.DSPTStandard) bool {
	return slices.Contains(p.Accepted, standard) || slices.Contains(p.Tolerated, standard)
}

func dsptNotMet(j *judgement) *hit {
	d, ok := j.dspt()
	if !ok || d.unchecked != "" || slices.Contains(j.policy.DSPT.Accepted, d.status.Standard) {
		return nil
	}
	accepted := make([]string, len(j.policy.DSPT.Accepted))
	for i, standard := range j.policy.DSPT.Accepted {
		accepted[i] = standard.Text()
	}
	h := &hit{path: odsCodePath, mild: slices.Contains(j.policy.DSPT.Tolerated, d.status.Standard)}
	if d.words == "" {
		h.detail = fmt.Sprintf("%s has no DSPT status in %s.", d.whose, d.source)
	} else {
		h.detail = fmt.Sprintf("%s has the DSPT status %s, according to %s.", d.whose, quoted(d.words), d.source)
	}
	h.detail += fmt.Sprintf(" To share its link %s accepts %s.", j.policy.csp(), listed(accepted, "and"))
	if h.mild {
		h.detail += " It tolerates this one for now."
	}
	return h
}

func dsptStale(j *judgement) *hit {
	d, ok := j.dspt()
	edition := d.status.Edition
	if !ok || d.unchecked != "" || edition.IsZero() || d.status.Standard == hscn.DSPTNotPublished ||
		hscn.EditionSufficient(edition, j.today, j.policy.DSPT.deadline) {
		return nil
	}
	return &hit{
		path: odsCodePath,
		detail: fmt.Sprintf("%s has the DSPT status %s, according to %s. The edition %s counted until %s.",
			d.whose, quoted(d.words), d.source, edition, day(edition.CountsUntil(j.policy.DSPT.deadline))),
	}
}

func dsptNotChecked(j *judgement) *hit {
	d, ok := j.dspt()
	if !ok || d.unchecked == "" {
		return nil
	}
	return &hit{path: odsCodePath, detail: d.unchecked, awaits: hscn.StatePendingEvidence, waiting: j.waitsForLookUp()}
}

// counts says that the status is one of an edition that counts today.
func (d dspt) counts(j *judgement) bool {
	return d.unchecked == "" && !d.status.Edition.IsZero() && j.policy.DSPT.suffices(d.status.Standard) &&
		!j.today.After(d.status.Edition.CountsUntil(j.policy.DSPT.deadline))
}

func dsptEndsEarly(j *judgement) *hit {
	d, ok := j.dspt()
	edition := d.status.Edition
	if !ok || !d.counts(j) {
		return nil
	}
	until := edition.CountsUntil(j.policy.DSPT.deadline)
	if !until.Before(j.committedTo()) {
		return nil
	}
	return &hit{
		path: odsCodePath,
		detail: fmt.Sprintf("%s has the DSPT status %s, according to %s. The edition %s counts until %s. %s",
			d.whose, quoted(d.words), d.source, edition, day(until), j.commitmentSentence()),
	}
}
