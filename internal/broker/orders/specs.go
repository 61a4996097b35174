package orders

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// offences collects what is wrong with a document, so that all of it is said at once.
type offences []api.InvalidMember

// add records an offence; the reason continues the sentence that the member begins.
func (o *offences) add(reason string, path ...string) {
	*o = append(*o, api.InvalidMember{Pointer: pointerTo(path...), Detail: reason})
}

// word records what a check of one of the domain's words says, if anything.
func (o *offences) word(err error, path ...string) {
	if err == nil {
		return
	}
	reason := err.Error()
	if wrong := (*hscn.FormatError)(nil); errors.As(err, &wrong) {
		reason = strconv.Quote(wrong.Value) + " " + wrong.Problem
	}
	o.add(reason, path...)
}

// date records what is wrong with a day; left out is fine.
func (o *offences) date(day *api.Date, path ...string) {
	if day != nil {
		_, err := hscn.ParseDate(*day)
		o.word(err, path...)
	}
}

// err is the problem that says all of it, or nil.
func (o offences) err() error { return invalid(o...) }

// canonicalConnection returns the spec in the one spelling that the broker keeps: codes in upper case, e-mail addresses
// in lower case, instants in UTC, defaults written out. What the contract's schema cannot say of a value, but a rule of
// the catalogue does not either, is checked here; the error is a problem.RequestInvalid with all of it.
func canonicalConnection(spec api.ConnectionSpec) (api.ConnectionSpec, error) {
	var wrong offences
	spec.OdsCode = hscn.CanonicalODSCode(spec.OdsCode)
	spec.Access = orDefault(spec.Access, api.SharedLink)
	spec.Purpose = orDefault(spec.Purpose, api.Production)
	spec.DeletionProtection = orDefault(spec.DeletionProtection, false)
	if spec.ActivateAt != nil {
		at := spec.ActivateAt.UTC().Truncate(time.Microsecond)
		spec.ActivateAt = &at
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Circuits)) {
		wrong.word(hscn.ValidateName(name), "circuits", name)
	}
	if len(spec.Circuits) == 0 {
		spec.Circuits = nil
	}
	spec.Profile = canonicalProfile(spec.Profile, &wrong)
	return spec, wrong.err()
}

func canonicalProfile(profile api.Profile, wrong *offences) api.Profile {
	email := func(address *api.Email, person string) {
		wrong.word(hscn.ValidateEmail(*address), "profile", person, "email")
		*address = hscn.CanonicalEmail(*address)
	}
	email(&profile.BusinessSponsor.Email, "business_sponsor")
	email(&profile.SecurityLead.Email, "security_lead")

	shared := make(map[string]api.SharedOrganisation, len(profile.SharedWith))
	for _, code := range slices.Sorted(maps.Keys(profile.SharedWith)) {
		wrong.word(hscn.ValidateODSCode(code), "profile", "shared_with", code)
		canonical := hscn.CanonicalODSCode(code)
		if _, twice := shared[canonical]; twice {
			wrong.add("is the organisation "+canonical+" for the second time, in another spelling", "profile", "shared_with", code)
		}
		shared[canonical] = profile.SharedWith[code]
	}
	profile.SharedWith = nil
	if len(shared) > 0 {
		profile.SharedWith = shared
	}

	if e := profile.Encryption; e != nil {
		wrong.date(e.AttestedOn, "profile", "encryption", "attested_on")
	}
	if r := profile.RiskAssessment; r != nil {
		wrong.date(r.CompletedOn, "profile", "risk_assessment", "completed_on")
	}
	wrong.date(profile.MonitoringAcknowledgedOn, "profile", "monitoring_acknowledged_on")
	wrong.date(profile.ReviewedOn, "profile", "reviewed_on")
	return profile
}

// canonicalEdge is canonicalConnection for edge attachments.
func canonicalEdge(spec api.EdgeAttachmentSpec) (api.EdgeAttachmentSpec, error) {
	var wrong offences
	switch {
	case spec.GatewayID == nil && spec.VdcID == nil:
		wrong.add("is missing: give exactly one of gateway_id and vdc_id", "gateway_id")
	case spec.GatewayID != nil && spec.VdcID != nil:
		wrong.add("is given beside gateway_id: give exactly one of the two", "vdc_id")
	}
	spec.Fulfilment = orDefault(spec.Fulfilment, api.FulfilmentCsp)
	spec.DeletionProtection = orDefault(spec.DeletionProtection, false)
	for _, name := range slices.Sorted(maps.Keys(spec.Networks)) {
		wrong.word(hscn.ValidateName(name), "networks", name)
		network := spec.Networks[name]
		if prefix, err := netip.ParsePrefix(network.Cidr); err != nil || !prefix.Addr().Is4() {
			wrong.add(strconv.Quote(network.Cidr)+" is not an IPv4 network, such as 192.168.10.0/24", "networks", name, "cidr")
		}
		for i, server := range network.DNSServers {
			if address, err := netip.ParseAddr(server); err != nil || !address.Is4() {
				wrong.add(strconv.Quote(server)+" is not an IPv4 address", "networks", name, "dns_servers", strconv.Itoa(i))
			}
		}
	}
	if len(spec.Networks) == 0 {
		spec.Networks = nil
	}
	return spec, wrong.err()
}

// notOffered says which members ask for what is not offered, or is nil.
func notOffered(members offences) error {
	if len(members) == 0 {
		return nil
	}
	sentences := make([]string, len(members))
	for i, member := range members {
		sentences[i] = sentence(member) + "."
	}
	p := problem.New(problem.NotOffered, "%s", strings.Join(sentences, " "))
	p.Invalid = members
	return p
}

func orDefault[T any](value *T, fallback T) *T {
	if value == nil {
		return &fallback
	}
	return value
}
