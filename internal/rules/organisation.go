package rules

import (
	"fmt"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// directory is the register's name in findings.
const directory = "the directory of organisations (ODS)"

// recordClassSite is the directory's class of sites (NHS Digital, "ODS ORD API: search parameters", OrgRecordClass).
const recordClassSite = "RC2"

var odsCodePath = []string{"ods_code"}

func organisationRules() []Rule {
	connections := []Kind{KindConnection}
	ods := Source{SourcePolicy, "HSCN connectivity FAQ, UKCloud, 2021: a customer shares the link with an ODS code of its own"}
	return []Rule{
		{
			ID: "organisation.code-format", Title: "Malformed ODS code", Severity: Error, Fixed: true,
			Where: AtValidate | AtBroker, Applies: AppliesAny, Kinds: []Kind{KindConnection, KindAgreementEvidence},
			Source: Source{SourceTerms, "NHS Data Dictionary, organisation code: 3 to 12 alphanumeric characters"},
			Owner:  OwnerCustomer,
			Remedy: "Give the code as the directory of organisations (ODS) has it: 3 to 12 letters and digits.",
			check:  organisationCodeFormat,
		},
		{
			ID: "organisation.not-bound", Title: "The account may not act for this organisation", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: []Kind{KindConnection, KindAgreementEvidence},
			YieldsTo: []string{"organisation.unknown"},
			Source:   Source{SourcePolicy, "HSCN Mandatory Supplemental Terms, clause 2.2: whose traffic a connection carries is the consumer's to answer for"},
			Owner:    OwnerCSP,
			Remedy:   "Check the code. If it is right, ask {csp} to record that the account may act for the organisation.",
			check:    organisationNotBound,
		},
		{
			ID: "organisation.unknown", Title: "No such organisation", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections, Source: ods,
			Owner: OwnerCustomer,
			Remedy: "Check the code. If the organisation has none yet, it asks for one at the Organisation Data Service; " +
				"only the organisation itself can.",
			check: organisationUnknown,
		},
		{
			ID: "organisation.not-checked", Title: "The organisation has not been looked up", Severity: Warning,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections, Source: ods,
			Owner:  OwnerCSP,
			Remedy: "Ask {csp} to look it up.",
			check:  organisationNotChecked,
		},
		{
			ID: "organisation.inactive", Title: "The organisation is closed", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourcePolicy, "NHS England, Organisation Data Service: a code is never reused, only closed"},
			Owner:  OwnerCustomer,
			Remedy: "Give the ODS code of the organisation that is responsible now.",
			check:  organisationInactive,
		},
		{
			ID: "organisation.is-site", Title: "The ODS code is a site's", Severity: Warning,
			Where: AtPlan, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourcePractice, "NHS England, Organisation Data Service: record class RC2 is a site"},
			Owner:  OwnerCustomer,
			Remedy: "Give the code of the organisation that the site belongs to: the agreement stands under that one.",
			check:  organisationIsSite,
		},
	}
}

// consumer is the organisation that a connection is for.
type consumer struct {
	Organisation
	// code is canonical, label what findings call it: the code as its owner wrote it, and the name that the directory has.
	code, label string
}

// consumer returns the organisation of the order, unless its code is not known or malformed, or nobody asked for its
// facts.
func (j *judgement) consumer() (consumer, bool) {
	written, known := j.order.Declared.Text("ods_code").Get()
	if !known || hscn.ValidateODSCode(written) != nil {
		return consumer{}, false
	}
	code := hscn.CanonicalODSCode(written)
	organisation, asked := j.organisation(code)
	if !asked {
		return consumer{}, false
	}
	return consumer{organisation, code, organisation.label(strings.TrimSpace(written))}, true
}

// organisation returns what is known of an organisation today: a look-up that is older than policy allows is as if it
// had not been made. It is the one place where facts are read.
func (j *judgement) organisation(code string) (Organisation, bool) {
	organisation, asked := j.facts.Organisations[hscn.CanonicalODSCode(code)]
	if !asked {
		return Organisation{}, false
	}
	ages := j.policy.Ages
	organisation.Directory = asOf(organisation.Directory, j.today, ages.Directory)
	organisation.Register = asOf(organisation.Register, j.today, ages.Register)
	organisation.FlowDown = asOf(organisation.FlowDown, j.today, ages.FlowDown)
	organisation.DSPT = asOf(organisation.DSPT, j.today, ages.DSPT)
	return organisation, true
}

// asOf returns the fact as it counts today, when a look-up counts for some days.
func asOf[T any](fact Fact[T], today hscn.Date, days int) Fact[T] {
	if fact.Checked && today.After(hscn.DateIn(fact.At).AddDays(days)) {
		fact.Checked = false
	}
	return fact
}

// label names the organisation by a code and by its name, where the directory has one.
func (o Organisation) label(code string) string {
	if o.Directory.Found && o.Directory.Record.Title != "" {
		return code + " (" + o.Directory.Record.Title + ")"
	}
	return code
}

// labels names organisations that others refer to.
func (j *judgement) labels(codes []string) []string {
	labels := make([]string, len(codes))
	for i, code := range codes {
		organisation, _ := j.organisation(code)
		labels[i] = organisation.label(code)
	}
	return labels
}

func organisationCodeFormat(j *judgement) *hit {
	type malformed struct {
		path []string
		err  error
	}
	var found []malformed
	if code, known := j.order.Declared.Text("ods_code").Get(); known {
		if err := hscn.ValidateODSCode(code); err != nil {
			found = append(found, malformed{[]string{"ods_code"}, err})
		}
	}
	sharing, _ := j.order.Declared.Keys("profile", "shared_with").Get()
	for _, code := range sharing {
		if err := hscn.ValidateODSCode(code); err != nil {
			found = append(found, malformed{[]string{"profile", "shared_with", code}, err})
		}
	}

	switch len(found) {
	case 0:
		return nil
	case 1:
		return &hit{path: found[0].path, detail: "The " + found[0].err.Error() + "."}
	}
	problems := make([]string, len(found))
	for i, each := range found {
		problems[i] = each.err.Error()
	}
	return &hit{
		path:   found[0].path,
		detail: fmt.Sprintf("%d ODS codes are malformed: %s.", len(found), firstOf(problems)),
	}
}

func organisationNotBound(j *judgement) *hit {
	organisation, ok := j.consumer()
	if !ok || organisation.Bound {
		return nil
	}
	h := &hit{
		path:   odsCodePath,
		detail: fmt.Sprintf("The account %s may not act for %s.", j.facts.Account, organisation.label),
	}
	switch {
	case !j.policy.BindingRequests:
	case j.order.Kind == KindAgreementEvidence:
		// A copy is received without waiting for anything; the connection that rests on it asks for the binding.
		h.mild = true
		h.detail = fmt.Sprintf("The account %s may not act for %s yet; the order for a connection asks for that.",
			j.facts.Account, organisation.label)
	default:
		h.mild, h.awaits = true, hscn.StatePendingVerification
		h.detail = fmt.Sprintf("The account %s may not act for %s yet; the order asks for that, and waits.",
			j.facts.Account, organisation.label)
		h.waiting = "There is nothing to do if the code is right: the order waits until " + j.policy.askCSP() +
			" has confirmed that the account may act for the organisation."
	}
	return h
}

func organisationUnknown(j *judgement) *hit {
	organisation, ok := j.consumer()
	if !ok || !organisation.Directory.Checked || organisation.Directory.Found {
		return nil
	}
	return &hit{
		path:   odsCodePath,
		detail: fmt.Sprintf("%s is not in %s, %s.", organisation.label, directory, organisation.Directory.lookedUp()),
	}
}

func organisationNotChecked(j *judgement) *hit {
	organisation, ok := j.consumer()
	if !ok || organisation.Directory.Checked {
		return nil
	}
	return &hit{
		path:   odsCodePath,
		detail: organisation.Directory.notChecked(directory, organisation.label, j.policy.Ages.Directory),
		awaits: hscn.StatePendingEvidence, waiting: j.waitsForLookUp(),
	}
}

func organisationInactive(j *judgement) *hit {
	organisation, ok := j.consumer()
	if !ok || !organisation.Directory.Checked || !organisation.Directory.Found {
		return nil
	}
	record := organisation.Directory.Record
	// The operational status follows the operational dates only: a record can be active after its legal end.
	var end hscn.Date
	for _, candidate := range []hscn.Date{record.OperationalEnd, record.LegalEnd} {
		if !candidate.IsZero() && (end.IsZero() || candidate.Before(end)) {
			end = candidate
		}
	}
	ended := !end.IsZero() && j.today.After(end)
	if !record.Inactive && !ended {
		return nil
	}

	h := &hit{path: odsCodePath}
	said := directory + ", " + organisation.Directory.lookedUp()
	if ended {
		h.detail = fmt.Sprintf("%s ended on %s, according to %s.", organisation.label, day(end), said)
	} else {
		h.detail = fmt.Sprintf("%s is not active, according to %s.", organisation.label, said)
	}
	if len(record.Successors) == 0 {
		return h
	}
	successors := firstOf(j.labels(record.Successors))
	h.detail += " Its successor: " + successors + "."
	h.remedy = "Give the ODS code of the successor, " + successors + "."
	if grace := end.AddDays(j.policy.SuccessorGraceDays); ended && !j.today.After(grace) {
		h.mild = true
		h.detail += fmt.Sprintf(" New orders under the old code are let through until %s.", day(grace))
	}
	return h
}

func organisationIsSite(j *judgement) *hit {
	organisation, ok := j.consumer()
	if !ok || !organisation.Directory.Checked || organisation.Directory.Record.RecordClass != recordClassSite {
		return nil
	}
	h := &hit{
		path: odsCodePath,
		detail: fmt.Sprintf("%s is a site, according to %s, %s.",
			organisation.label, directory, organisation.Directory.lookedUp()),
	}
	if parent := organisation.Directory.Record.Parent; parent != "" {
		named := j.labels([]string{parent})[0]
		h.detail += " It belongs to " + named + "."
		h.remedy = "Give the code of the organisation that it belongs to, " + named + ": the agreement stands under that one."
	}
	return h
}
