package orders

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// clockSkew is by how much a look-up may seem to lie in the future: its time may come from another machine's clock.
const clockSkew = 5 * time.Minute

// lookUps checks look-ups about organisations and makes of them what is kept, whether they come one by one or in an
// inventory.
type lookUps struct {
	now    time.Time
	policy *policy
	// by is who records them, and made those of which nothing else is said.
	by string
}

// check adds to the offences what is wrong with the look-ups about an organisation, which stands at that path of the
// document. Its code is not among what is checked.
func (l lookUps) check(o api.InventoryOrganisation, wrong *offences, path ...string) {
	below := func(name string) []string { return append(slices.Clone(path), name) }
	if o.Directory != nil {
		l.checkDirectory(*o.Directory, wrong, below("directory"))
	}
	if o.Register != nil {
		l.checkRegister(*o.Register, wrong, below("register"))
	}
	if o.FlowDown != nil {
		l.checkFlowDown(*o.FlowDown, wrong, below("flow_down"))
	}
	if o.Dspt != nil {
		l.checkDSPT(*o.Dspt, wrong, below("dspt"))
	}
}

// checkTime refuses a look-up that nobody can have made yet: it would count for longer than policy wants.
func (l lookUps) checkTime(lookedUpAt time.Time, wrong *offences, record []string) {
	if lookedUpAt.After(l.now.Add(clockSkew)) {
		wrong.add(fmt.Sprintf("is %s and lies in the future: the broker's clock shows %s", clockText(lookedUpAt), clockText(l.now)),
			append(slices.Clone(record), "looked_up_at")...)
	}
}

// checkHappened refuses a day on which something was done that comes after the look-up that saw it done: the year is
// mistyped.
func (l lookUps) checkHappened(day *string, lookedUpAt time.Time, wrong *offences, member []string) {
	if day == nil {
		return
	}
	if on, err := hscn.ParseDate(*day); err == nil && hscn.DateIn(lookedUpAt).Before(on) {
		wrong.add(fmt.Sprintf("%s comes after the day of the look-up, %s", on, hscn.DateIn(lookedUpAt)), member...)
	}
}

func (l lookUps) checkDirectory(r api.DirectoryRecord, wrong *offences, path []string) {
	below := func(names ...string) []string { return append(slices.Clone(path), names...) }
	l.checkTime(r.LookedUpAt, wrong, path)
	wrong.date(r.OperationalEnd, below("operational_end")...)
	wrong.date(r.LegalEnd, below("legal_end")...)
	if r.Parent != nil {
		wrong.word(hscn.ValidateODSCode(*r.Parent), below("parent")...)
	}
	for i, code := range r.Sites {
		wrong.word(hscn.ValidateODSCode(code), below("sites", strconv.Itoa(i))...)
	}
	for i, code := range r.Successors {
		wrong.word(hscn.ValidateODSCode(code), below("successors", strconv.Itoa(i))...)
	}
}

func (l lookUps) checkRegister(r api.RegisterRecord, wrong *offences, path []string) {
	below := func(name string) []string { return append(slices.Clone(path), name) }
	l.checkTime(r.LookedUpAt, wrong, path)
	wrong.date(r.SignedOn, below("signed_on")...)
	l.checkHappened(r.SignedOn, r.LookedUpAt, wrong, below("signed_on"))
	wrong.date(r.EndedOn, below("ended_on")...)
	wrong.date(r.WithdrawnOn, below("withdrawn_on")...)
}

func (l lookUps) checkFlowDown(r api.FlowDownRecord, wrong *offences, path []string) {
	l.checkTime(r.LookedUpAt, wrong, path)
	for i, document := range r.Documents {
		below := func(name string) []string { return append(slices.Clone(path), "documents", strconv.Itoa(i), name) }
		known := slices.ContainsFunc(l.policy.document.Agreements.FlowDownDocuments,
			func(wanted api.FlowDownRequirement) bool { return wanted.Kind == document.Kind })
		if !known {
			wrong.add(fmt.Sprintf("%q is no kind of document of the policy %q, which has %s", document.Kind, l.policy.document.Title,
				l.documentKinds()), below("kind")...)
		}
		_, err := hscn.CompareDocumentVersions(document.Version, document.Version)
		wrong.word(err, below("version")...)
		wrong.date(document.SignedOn, below("signed_on")...)
		l.checkHappened(document.SignedOn, r.LookedUpAt, wrong, below("signed_on"))
		wrong.date(document.EndedOn, below("ended_on")...)
	}
}

// documentKinds names the kinds of documents that policy knows.
func (l lookUps) documentKinds() string {
	var kinds []string
	for _, wanted := range l.policy.document.Agreements.FlowDownDocuments {
		kinds = append(kinds, strconv.Quote(wanted.Kind))
	}
	if len(kinds) == 0 {
		return "none"
	}
	return strings.Join(kinds, ", ")
}

func (l lookUps) checkDSPT(r api.DSPTRecord, wrong *offences, path []string) {
	below := func(name string) []string { return append(slices.Clone(path), name) }
	l.checkTime(r.LookedUpAt, wrong, path)
	wrong.date(r.PublishedOn, below("published_on")...)
	l.checkHappened(r.PublishedOn, r.LookedUpAt, wrong, below("published_on"))
	switch {
	case r.Status != nil:
		_, err := hscn.ParseDSPTStatus(*r.Status)
		wrong.word(err, below("status")...)
	case r.Found:
		wrong.add("is missing: give what the register says of the organisation, or found: false", below("status")...)
	}
}

// kept is the organisation after the look-ups, in the one spelling of what is kept. A look-up that is older than the one
// that is there leaves it alone.
func (l lookUps) kept(o api.InventoryOrganisation, was store.Organisation) store.Organisation {
	return store.Organisation{
		ODSCode:   hscn.CanonicalODSCode(o.OdsCode),
		Directory: l.directory(o.Directory, was.Directory),
		Register:  l.register(o.Register, was.Register),
		FlowDown:  l.flowDown(o.FlowDown, was.FlowDown),
		DSPT:      l.dspt(o.Dspt, was.DSPT),
	}
}

func (l lookUps) directory(given, was *api.DirectoryRecord) *api.DirectoryRecord {
	return lookedUp(l.by, given, was, func(r *api.DirectoryRecord) provenance {
		r.Sites, r.Successors = canonicalCodes(r.Sites), canonicalCodes(r.Successors)
		if r.Parent != nil {
			parent := hscn.CanonicalODSCode(*r.Parent)
			r.Parent = &parent
		}
		return provenance{&r.LookedUpAt, &r.LookedUpBy, &r.RecordedBy}
	})
}

func (l lookUps) register(given, was *api.RegisterRecord) *api.RegisterRecord {
	return lookedUp(l.by, given, was, func(r *api.RegisterRecord) provenance {
		return provenance{&r.LookedUpAt, &r.LookedUpBy, &r.RecordedBy}
	})
}

func (l lookUps) flowDown(given, was *api.FlowDownRecord) *api.FlowDownRecord {
	return lookedUp(l.by, given, was, func(r *api.FlowDownRecord) provenance {
		return provenance{&r.LookedUpAt, &r.LookedUpBy, &r.RecordedBy}
	})
}

func (l lookUps) dspt(given, was *api.DSPTRecord) *api.DSPTRecord {
	return lookedUp(l.by, given, was, func(r *api.DSPTRecord) provenance {
		return provenance{&r.LookedUpAt, &r.LookedUpBy, &r.RecordedBy}
	})
}

// provenance points to when and by whom a record's look-up was made, and to who recorded it.
type provenance struct {
	at           *time.Time
	by, recorded **string
}

// lookedUp returns the record that is to be kept of a look-up, nil where the one that is there stays: an old inventory
// that is loaded again does not undo a newer look-up. Who looked is who records it, where nothing else is said. Who
// recorded it is never taken from the document, since another person's approval may hang on it; loading the same look-up
// again changes neither. parts puts the record into its one spelling.
func lookedUp[Record any](recorder string, given, was *Record, parts func(*Record) provenance) *Record {
	if given == nil {
		return nil
	}
	kept := *given
	of := parts(&kept)
	*of.at = store.Instant(*of.at)
	*of.recorded = &recorder
	if was == nil {
		*of.by = orDefault(*of.by, recorder)
		return &kept
	}
	before := *was
	ofBefore := parts(&before)
	if ofBefore.at.After(*of.at) {
		return nil
	}
	same := kept
	ofSame := parts(&same)
	*ofSame.by, *ofSame.recorded = orDefault(*of.by, *orDefault(*ofBefore.by, "")), *ofBefore.recorded
	if sameJSON(same, before) {
		return &same
	}
	*of.by = orDefault(*of.by, recorder)
	return &kept
}

// clockText is a time as answers write it.
func clockText(t time.Time) string { return t.UTC().Format(time.RFC3339) }
