package provider_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/policy"
)

// TestSeveritiesAreThePolicys runs one provider under policies that have nothing in common, the samples and one that no
// sample resembles. What a policy says of a rule is what a plan shows, and what the broker then does with the order.
func TestSeveritiesAreThePolicys(t *testing.T) {
	t.Parallel()
	met := make(map[string]map[string]bool)
	for _, name := range append(policy.Samples(), "testdata/harbour-cloud.yaml") {
		document, err := policy.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		u := under(t, document)
		for _, breach := range breaches() {
			severity := u.severities[breach.rule]
			if met[breach.rule] == nil {
				met[breach.rule] = make(map[string]bool)
			}
			met[breach.rule][string(severity)] = true
			u.breaks(breach, severity)
		}
		plan := u.p.plan("hscn_connection", u.connection(breach{}), none, nil)
		if got, want := plan.text(t, "commitment_months"), fmt.Sprint(document.Connections.CommitmentMonths); !strings.Contains(got, want) {
			t.Errorf("%s: the commitment is %s, and the policy's %s", name, got, want)
		}
	}
	// Policies that agree in everything would prove nothing.
	differ := 0
	for _, severities := range met {
		if len(severities) > 1 {
			differ++
		}
	}
	if differ < len(met)/2 {
		t.Errorf("of %d rules only %d are judged differently: %v", len(met), differ, met)
	}
}

// breach is a connection that breaks one rule.
type breach struct {
	rule string
	// organisation changes what was looked up of the organisation that it is for.
	organisation func(*api.InventoryOrganisation)
	changes      obj
	// badZone puts its service into a zone without HSCN.
	badZone bool
}

func breaches() []breach {
	text := func(s string) *string { return &s }
	no := false
	return []breach{
		{rule: "organisation.unknown", organisation: func(o *api.InventoryOrganisation) {
			o.Directory = &api.DirectoryRecord{LookedUpAt: o.Directory.LookedUpAt}
		}},
		{rule: "organisation.inactive", organisation: func(o *api.InventoryOrganisation) { o.Directory.Active = &no }},
		{rule: "agreement.missing", changes: obj{"agreement": obj{"basis": "connection_agreement"}}},
		{
			rule: "agreement.predates", changes: obj{"agreement": obj{"basis": "connection_agreement"}},
			organisation: func(o *api.InventoryOrganisation) {
				o.Register = &api.RegisterRecord{LookedUpAt: o.Register.LookedUpAt, Found: true, SignedOn: text("2015-01-01")}
			},
		},
		{rule: "dspt.not-met", organisation: func(o *api.InventoryOrganisation) { o.Dspt.Status = text("25/26 Standards Not Met") }},
		{rule: "dspt.stale", organisation: func(o *api.InventoryOrganisation) { o.Dspt.Status = text("22/23 Standards Exceeded") }},
		{rule: "profile.risk-assessment", changes: obj{"profile.risk_assessment": nil}},
		{rule: "profile.same-person", changes: obj{
			"profile.security_lead": obj{"name": "Sam Sponsor", "email": "sponsor@trust.example"},
		}},
		{rule: "service.no-hscn", badZone: true},
	}
}

// policed is a broker under one policy, and a provider that asks it.
type policed struct {
	t          *testing.T
	broker     *brokertest.Broker
	p          *protocol
	policy     api.Policy
	severities map[string]api.Severity
	customer   brokertest.Client
	made       int
}

func under(t *testing.T, document api.Policy) *policed {
	t.Helper()
	b := brokertest.Start(t, func(c *broker.Config) { c.Policy = document })
	u := &policed{t: t, broker: b, policy: document, customer: b.Customer(brokertest.Acme)}
	u.severities = brokertest.Into[api.Policy](u.customer.Do(http.MethodGet, "/v1/policy", nil).Must(http.StatusOK)).Rules
	return u
}

// zone is a zone of the policy's with or without HSCN, or empty.
func (u *policed) zone(offered bool) string {
	for _, name := range slices.Sorted(maps.Keys(u.policy.Zones)) {
		if u.policy.Zones[name].HscnOffered == offered {
			return name
		}
	}
	return ""
}

// connection records an organisation, an account and a service of their own for the breach, and returns what a customer
// declares. Of the zero breach nothing is to be said.
func (u *policed) connection(b breach) obj {
	u.t.Helper()
	u.made++
	at := u.broker.Clock.Now()
	code := fmt.Sprintf("Q%04d", u.made)
	title, yes, class, country, role, status := "Quay Trust", true, "RC1", "ENGLAND", "RO197", "25/26 Standards Exceeded"
	terms := u.policy.Agreements.FlowDownDocuments[0]
	organisation := api.InventoryOrganisation{
		OdsCode: code,
		Directory: &api.DirectoryRecord{
			LookedUpAt: at, Found: true, Title: &title, Active: &yes, RecordClass: &class, Country: &country, PrimaryRole: &role,
		},
		Register: &api.RegisterRecord{LookedUpAt: at, Found: false},
		FlowDown: &api.FlowDownRecord{LookedUpAt: at, Documents: []api.FlowDownDocument{{Kind: terms.Kind, Version: terms.MinimumVersion}}},
		Dspt:     &api.DSPTRecord{LookedUpAt: at, Found: true, Status: &status},
	}
	if b.organisation != nil {
		b.organisation(&organisation)
	}
	typ := slices.Sorted(maps.Keys(u.policy.ServiceTypes))[0]
	// The examples' last digits make as many ids as are needed, whatever the pattern is.
	example := u.policy.ServiceTypes[typ].IDExample
	id := example[:len(example)-1] + fmt.Sprint(u.made%10)
	account := fmt.Sprintf("%s-%d", brokertest.Acme, u.made)
	u.broker.Operator("recorder").Do(http.MethodPost, "/v1/operator/inventory", api.Inventory{
		Version:       1,
		Accounts:      []api.InventoryAccount{{ID: account, Title: "Quay Health", Organisations: []string{code}}},
		Services:      []api.InventoryService{{Type: typ, ID: id, Account: account, Zone: u.zone(!b.badZone)}},
		Organisations: []api.InventoryOrganisation{organisation},
	}).Must(http.StatusOK)
	u.customer = u.broker.Customer(account)
	u.p = speakTo(u.t, u.broker.URL(), obj{"token": u.customer.Token})
	changes := obj{"ods_code": code, "service": obj{"type": typ, "id": id}}
	maps.Copy(changes, b.changes)
	return connection(changes)
}

// breaks plans and orders a connection that breaks a rule of this severity.
func (u *policed) breaks(b breach, severity api.Severity) {
	u.t.Helper()
	if b.badZone && u.zone(false) == "" {
		return // this policy has no such zone, and another has
	}
	config := u.connection(b)
	plan := u.p.plan("hscn_connection", config, none, nil)
	marker := "Rule: " + b.rule
	asError := strings.Contains(show(ofSeverity(plan.diags, isError)), marker)
	asWarning := strings.Contains(show(ofSeverity(plan.diags, isWarning)), marker)
	if asError != (severity == api.Error) || asWarning != (severity == api.Warning) {
		u.t.Errorf("%s: %s is %s, and the plan says:\n%s", u.policy.Title, b.rule, severity, show(plan.diags))
	}

	// Without its own checks the provider orders all the same, and the broker judges.
	unchecked := speakTo(u.t, u.broker.URL(), obj{"token": u.customer.Token, "plan_checks": "off"})
	_, diags := unchecked.apply(unchecked.plan("hscn_connection", config, none, nil), none)
	refused := len(ofSeverity(diags, isError)) > 0
	if planned := len(ofSeverity(plan.diags, isError)) > 0; refused != planned {
		u.t.Errorf("%s: %s: the plan refuses %t, and the broker %t:\n%s", u.policy.Title, b.rule, planned, refused, show(diags))
	}
	if got := strings.Contains(show(ofSeverity(diags, isError)), marker); got != (severity == api.Error) {
		u.t.Errorf("%s: %s is %s, and the broker says:\n%s", u.policy.Title, b.rule, severity, show(diags))
	}
}
