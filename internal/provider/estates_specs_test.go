package provider_test

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// today is the broker's time so many days after the estates began.
func today(days int) time.Time { return brokertest.Epoch.Add(time.Duration(days) * 24 * time.Hour) }

// day is a date so many days from then on.
func (w *world) day(days int, from ...int) string {
	return hscn.DateIn(today(days)).AddDays(one(w.draw, from...)).String()
}

// code is the ODS code number n of the estate. Estates of one scene have different ones.
func (w *world) code(n int) string { return fmt.Sprintf("Z%02d%c", w.Seed%perScene, 'A'+rune(n)) }

// spelt is an ODS code as somebody may write it.
func (w *world) spelt(code string) string {
	return one(w.draw, code, code, code, strings.ToLower(code), " "+code)
}

// anyCode is the ODS code of an organisation, mostly one that the account acts for.
func (w *world) anyCode() string {
	switch {
	case !w.slip(10):
		return w.spelt(one(w.draw, w.codes...))
	case w.chance(70):
		return w.spelt(one(w.draw, w.strangers...))
	case w.chance(80):
		return w.code(9) // nobody ever heard of it
	default:
		return "Z-1"
	}
}

// connectionSpec draws what is declared of a connection so many days after the estates began.
func (w *world) connectionSpec(s service, days int) obj {
	w.slips = one(w.draw, 0, 0, 0, 1, 2)
	spec := obj{
		"ods_code": w.anyCode(), "service": maps.Clone(s.reference), "agreement": w.agreement(), "profile": w.profile(days),
	}
	if w.slip(5) {
		inside(spec, "service")["id"] = one(w.draw, "unheard-of", "Not an id!", textIn(w.serviceReference(7), "id"))
	}
	w.setAccess(spec)
	if w.chance(25) {
		spec["purpose"] = one(w.draw, "production", "proof_of_concept", "readiness_test")
	}
	if w.chance(10) {
		spec["purchase_order"] = "PO-1"
	}
	if w.slip(20) {
		spec["activate_at"] = w.instant(days)
	}
	w.protect(spec)
	return spec
}

// protect says of some whether they may be given up.
func (w *world) protect(spec obj) {
	if w.chance(30) {
		spec["deletion_protection"] = w.chance(80)
	}
}

// instant is a time around that day, which may have passed.
func (w *world) instant(days int) string {
	return today(days).Add(one(w.draw, -time.Second, 0, time.Hour, 20*24*time.Hour, 60*24*time.Hour, 500*24*time.Hour)).Format(time.RFC3339)
}

func (w *world) setAccess(spec obj) {
	if !w.chance(25) {
		return
	}
	spec["access"] = one(w.draw, "shared_link", "shared_link", "dedicated_circuit")
	if spec["access"] == "dedicated_circuit" {
		if !w.slip(10) {
			inside(spec, "agreement")["basis"] = "connection_agreement"
		}
		spec["circuits"] = obj{"main": obj{"reference": "C-1", "bandwidth_mbps": one(w.draw, 10.0, 100.0)}}
	}
}

func (w *world) agreement() obj {
	agreement := obj{"basis": one(w.draw, "flow_down", "flow_down", "connection_agreement")}
	if agreement["basis"] == "connection_agreement" && w.chance(40) {
		if len(w.copies) < 4 && w.chance(90) {
			agreement["evidence_id"] = hscn.AgreementEvidenceName("signed")
		} else if w.chance(30) {
			agreement["evidence_id"] = hscn.AgreementEvidenceName("unheard-of")
		}
	}
	if w.chance(15) {
		agreement["reference"] = one(w.draw, "CA-1", "CNTR1234567", " cntr7654321 ")
	}
	return agreement
}

func (w *world) profile(days int) obj {
	profile := obj{
		"business_sponsor":           obj{"name": "Sam Sponsor", "email": "sponsor@trust.example"},
		"security_lead":              obj{"name": "Lee Lead", "email": "lead@trust.example"},
		"handles_patient_data":       w.chance(50),
		"encryption":                 obj{"in_application": true, "standard": "AES-256"},
		"risk_assessment":            obj{"reference": "RA-17", "completed_on": w.day(days, -20, -400)},
		"monitoring_acknowledged_on": w.day(days, -20),
		"reviewed_on":                w.day(days, -1, -20),
		"outside_england":            obj{"policy_attested": true, "nhs_clarification": "NHS-42"},
	}
	for _, name := range some(w.draw, 10*w.slips, "handles_patient_data", "encryption", "risk_assessment", "monitoring_acknowledged_on", "reviewed_on") {
		delete(profile, name)
	}
	if w.slip(20) {
		inside(profile, "security_lead")["email"] = "Sponsor@trust.example"
	}
	if w.slip(20) {
		profile["encryption"] = obj{"in_application": false}
	}
	if w.slip(20) {
		profile["risk_assessment"] = obj{"reference": "RA-17"}
	}
	if w.slip(20) {
		profile["reviewed_on"] = w.day(days, -40, -400)
	}
	if w.slip(40) {
		profile["outside_england"] = w.outsideEngland()
	}
	if w.chance(10) {
		profile["shared_with"] = obj{one(w.draw, w.strangers...): w.sharer()}
	}
	return profile
}

// slip is chance for what is a mistake.
func (w *world) slip(percent int) bool { return w.chance(percent * w.slips / 2) }

func (w *world) sharer() obj {
	sharer := obj{}
	if w.chance(70) {
		sharer["basis"] = one(w.draw, "flow_down", "connection_agreement")
	}
	if w.chance(30) {
		sharer["bound_by_terms"] = w.chance(60)
	}
	return sharer
}

func (w *world) outsideEngland() obj {
	outside := obj{}
	if w.chance(60) {
		outside["data_locations"] = []any{one(w.draw, "GB", "GB", "IE", "fr", "fr", "JP", "US")}
	}
	if w.chance(70) {
		outside["policy_attested"] = w.chance(75)
	}
	if w.chance(40) {
		outside["nhs_clarification"] = "NHS-42"
	}
	return outside
}

// changeConnection makes one change or two of what is declared, of those that ask for more and of those that do not.
func (w *world) changeConnection(spec obj) {
	days := w.Scene.Days
	profile, _ := spec["profile"].(obj)
	changes := []func(){
		func() { spec["ods_code"] = w.anyCode() },
		func() { spec["agreement"] = w.agreement() },
		func() { spec["profile"] = w.profile(days) },
		func() { profile["security_lead"] = obj{"name": "New Lead", "email": "new@trust.example"} },
		func() { delete(profile, "risk_assessment") },
		func() { delete(profile, "shared_with") },
		func() { profile["shared_with"] = obj{one(w.draw, w.strangers...): w.sharer()} },
		func() { profile["outside_england"] = w.outsideEngland() },
		func() { profile["reviewed_on"] = w.day(days, -1, -400) },
		func() { spec["purpose"] = one(w.draw, "production", "proof_of_concept") },
		func() { spec["activate_at"] = w.instant(days) },
		func() { delete(spec, "activate_at") },
		func() { spec["purchase_order"] = "PO-2" },
		func() { w.setAccess(spec) },
		func() { w.protect(spec) },
	}
	for range one(w.draw, 1, 1, 2) {
		one(w.draw, changes...)()
	}
}

// edgeSpec draws what is declared of an edge attachment to a gateway.
func (w *world) edgeSpec(gateway string) obj {
	spec := obj{"gateway_id": gateway}
	if w.chance(8) {
		spec = obj{"vdc_id": "urn:vcloud:vdc:" + w.Account}
	}
	if w.chance(60) {
		spec["networks"] = w.networks()
	}
	if w.chance(15) {
		spec["bridging_controls"] = "a firewall in between"
	}
	if w.chance(20) {
		spec["fulfilment"] = one(w.draw, "csp", "customer")
	}
	w.protect(spec)
	return spec
}

func (w *world) networks() obj {
	networks := obj{"frontend": w.network()}
	if w.chance(30) {
		networks["backend"] = w.network()
	}
	return networks
}

func (w *world) network() obj {
	network := obj{"cidr": one(w.draw, "192.168.10.0/24", "192.168.20.0/24", "192.168.0.0/16", "10.0.0.0/24", "10.240.3.0/24", "10.0.0.0/8")}
	if w.chance(60) {
		network["id"] = one(w.draw, internalNetworks()...)
	}
	if w.chance(40) {
		network["dns_servers"] = []any{one(w.draw, "155.231.231.1", "8.8.8.8", "194.72.7.137", "192.168.10.53")}
	}
	return network
}

// evidenceSpec draws what is declared of a signed copy.
func (w *world) evidenceSpec(days int) obj {
	spec := obj{
		"ods_code": w.anyCode(), "document_sha256": sumOf(one(w.draw, signedCopies()...)), "signed_on": w.day(days, -60, -60, -900, -900, -6000),
	}
	if w.chance(50) {
		spec["countersigned_on"] = w.day(days, -1, -30, -30, -30, -61)
	}
	return spec
}

// changeEvidence is changeConnection for agreement evidence.
func (w *world) changeEvidence(spec obj) {
	switch w.IntN(3) {
	case 0:
		spec["document_sha256"] = sumOf(one(w.draw, signedCopies()...))
	case 1:
		spec["signed_on"] = w.day(w.Scene.Days, -1, -6000)
	default:
		spec["countersigned_on"] = w.day(w.Scene.Days, -1)
	}
}

// changeEdge is changeConnection for edge attachments.
func (w *world) changeEdge(spec obj) {
	changes := []func(){
		func() { spec["networks"] = w.networks() },
		func() { delete(spec, "networks") },
		func() { spec["bridging_controls"] = "another firewall" },
		func() { delete(spec, "bridging_controls") },
		func() { spec["fulfilment"] = one(w.draw, "csp", "customer") },
		func() { w.protect(spec) },
	}
	for range one(w.draw, 1, 1, 2) {
		one(w.draw, changes...)()
	}
}
