package broker_test

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

// export is the public DSPT register's, of the organisations of the sample inventory.
const export = "\uFEFFCode,Organisation Name,Status,Date Of Publication,Primary Sector\r\n" +
	"a1b2c,Meadow Trust,25/26 Standards Met,20/06/2026,NHS Trust\r\n" +
	"b9c8d,Harbour Trust,25/26 Standards Exceeded,,NHS Trust\r\n" +
	"l4p5e,Lapsed Trust,25/26 Standards Met,30/10/2026,NHS Trust\r\n"

func csvBody(text string) brokertest.Raw {
	return brokertest.Raw{Type: "text/csv", Reader: strings.NewReader(text)}
}

// recordEverything does each operation once that records a fact, a binding or a waiver, and reads what there is of them.
func recordEverything(t *testing.T, b *brokertest.Broker, operator, customer brokertest.Client) {
	t.Helper()
	now := b.Clock.Now()
	const organisation = "/v1/operator/organisations/q1q1q"
	yes, title := true, "Quay Surgery"
	operator.Do("PUT", organisation+"/directory", api.DirectoryRecord{LookedUpAt: now, Found: true, Active: &yes, Title: &title}).Must(200)
	operator.Do("PUT", organisation+"/register", api.RegisterRecord{LookedUpAt: now}).Must(200)
	operator.Do("PUT", organisation+"/flow-down", api.FlowDownRecord{LookedUpAt: now, Documents: []api.FlowDownDocument{
		{Kind: "master_services_agreement", Version: "11.0"},
	}}).Must(200)
	operator.Do("PUT", organisation+"/dspt", api.DSPTRecord{LookedUpAt: now}).Must(200)
	operator.Do("POST", "/v1/operator/dspt-imports", csvBody(export)).Must(200)

	const account = "/v1/operator/accounts/" + brokertest.Acme + "/organisations/q1q1q"
	operator.Do("PUT", account, api.BindingSpec{}).Must(200)
	record := brokertest.Into[api.OrganisationRecord](operator.Do("GET", organisation, nil).Must(200))
	if record.OdsCode != "Q1Q1Q" || len(record.Accounts) != 1 || record.Register == nil || record.FlowDown == nil || record.Dspt == nil {
		t.Errorf("recorded %+v", record)
	}
	list := brokertest.Into[api.OrganisationList](customer.Do("GET", "/v1/organisations?title=quay", nil).Must(200))
	if len(list.Items) != 1 || !list.Items[0].Bound || list.Items[0].FlowDown == nil {
		t.Errorf("the customer reads %+v", list.Items)
	}
	unbound := brokertest.Into[api.Account](operator.Do("DELETE", account, nil).Must(200))
	listed := brokertest.Into[api.AccountPage](operator.Do("GET", "/v1/operator/accounts", nil).Must(200))
	if len(listed.Items) != 2 || fmt.Sprint(listed.Items[0]) != fmt.Sprint(unbound) {
		t.Errorf("the accounts are %+v, and one of them was %+v", listed.Items, unbound)
	}

	waiver := brokertest.Into[api.WaiverRecord](operator.Do("POST", "/v1/operator/waivers", api.WaiverSpec{
		Account: brokertest.Acme, Rule: "dspt.stale", Until: "2027-03-31", Reason: "It is being renewed.", Reference: "CHG-17",
	}).Must(201))
	if page := brokertest.Into[api.WaiverPage](operator.Do("GET", "/v1/operator/waivers", nil).Must(200)); len(page.Items) != 1 || page.Items[0] != waiver {
		t.Errorf("the waivers are %+v", page.Items)
	}
	facts := brokertest.Into[api.ComplianceFacts](customer.Do("GET", "/v1/compliance-facts", nil).Must(200))
	if len(facts.Waivers) != 1 || facts.Waivers[0].Rule != "dspt.stale" {
		t.Errorf("the customer's waivers are %+v", facts.Waivers)
	}
	operator.Do("POST", "/v1/operator/waivers/"+waiver.UID+"/end", api.OrderReason{Reason: "It is renewed."}).Must(200)
}

func TestDSPTImport(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t)
	operator, acme := b.Operator("operator"), b.Customer(brokertest.Acme)
	b.Load(operator)
	const path = "/v1/operator/dspt-imports"
	spec := brokertest.Connection("acme-one", "L4P5E")
	acme.Create("/v1/connections/records", spec).Must(422).Refused(problem.PreconditionsFailed)

	at := "?exported_at=" + url.QueryEscape(b.Clock.Now().Add(time.Minute).Format(time.RFC3339))
	b.Clock.Advance(time.Hour)
	dry := brokertest.Into[api.DSPTImportReport](operator.Do("POST", path+at+"&dry_run=true", csvBody(export)).Must(200))
	if !dry.DryRun || dry.Changed != 2 || dry.Unchanged != 1 {
		t.Errorf("the dry run reports %+v", dry)
	}
	acme.Create("/v1/connections/records", spec).Must(422)

	withCharset := brokertest.Raw{Type: "text/csv; charset=utf-8", Reader: strings.NewReader(export)}
	done := operator.Do("POST", path+at, withCharset, withKey(keyOne)...).Must(200)
	report := brokertest.Into[api.DSPTImportReport](done)
	if report.DryRun || report.Rows != 3 || report.Changed != 2 || report.Changes[0].OdsCode != "A1B2C" || *report.Changes[1].Before != "23/24 Standards Met" {
		t.Errorf("the report is %+v", report)
	}
	if again := operator.Do("POST", path+at, csvBody(export), withKey(keyOne)...).Must(200); !bytes.Equal(again.Body, done.Body) {
		t.Errorf("the replay answers %s, and the first did %s", again.Body, done.Body)
	}
	operator.Do("POST", path+at, csvBody(export+"R0A,Trust,Not Published,,\r\n"), withKey(keyOne)...).Must(422).Refused(problem.KeyReused)
	acme.Create("/v1/connections/records", spec).Must(202)

	operator.Do("POST", path+"?exported_at=2026-11-01T09:30:00Z", csvBody(export)).Must(409).Refused(problem.StateForbids)
	operator.Do("POST", path+"?exported_at=2026-12-01T09:30:00Z", csvBody(export)).Must(400).Refused(problem.RequestInvalid)
	bad := operator.Do("POST", path, csvBody(strings.Replace(export, "25/26 Standards Exceeded", "25/26 Exceeded", 1))).Must(400).Refused(problem.RequestInvalid)
	if len(bad.Problem.Invalid) != 1 || *bad.Problem.Invalid[0].Pointer != "line 3, Status" {
		t.Errorf("the offences are %+v", bad.Problem.Invalid)
	}
	facts := brokertest.Into[api.OrganisationRecord](operator.Do("GET", "/v1/operator/organisations/L4P5E", nil).Must(200))
	if *facts.Dspt.Status != "25/26 Standards Met" || *facts.Dspt.PublishedOn != "2026-10-30" || *facts.Dspt.RecordedBy != "operator" {
		t.Errorf("recorded %+v", facts.Dspt)
	}
}

func TestBodiesThatAreNoJSON(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t)
	operator := b.Operator("operator")
	b.Load(operator)
	const path = "/v1/operator/dspt-imports"
	for what, c := range map[string]struct {
		body  any
		words string
	}{
		"JSON":      {map[string]any{"rows": 1}, "Content-Type must be text/csv"},
		"no body":   {nil, "the body is missing"},
		"no type":   {brokertest.Raw{Type: "", Reader: strings.NewReader(export)}, "Content-Type must be text/csv"},
		"too large": {csvBody(export + strings.Repeat("\n", 32<<20)), "more than the 33554432 bytes"},
	} {
		refused := operator.Do("POST", path, c.body).Must(400).Refused(problem.RequestInvalid)
		if !strings.Contains(refused.Problem.Detail, c.words) {
			t.Errorf("%s: %s", what, refused.Problem.Detail)
		}
	}
	// The limit of other bodies is not an export's.
	operator.Do("POST", path, csvBody(export+strings.Repeat("\r\n", 1<<20))).Must(200)
}

func TestRolesOfRecords(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t)
	b.Load(b.Operator("operator"))
	recorder := b.As(api.TokenSpec{Subject: "Rita Recorder", Roles: []api.Role{api.RoleRecorder}})
	approver := b.As(api.TokenSpec{Subject: "Ana Approver", Roles: []api.Role{api.RoleApprover}})
	waiver := api.WaiverSpec{Account: brokertest.Acme, Rule: "dspt.stale", Until: "2027-03-31", Reason: "x", Reference: "y"}
	recorder.Do("POST", "/v1/operator/waivers", waiver).Must(403).Refused(problem.Forbidden)
	approver.Do("POST", "/v1/operator/waivers", waiver).Must(201)
	recorder.Do("GET", "/v1/operator/waivers", nil).Must(200)
	approver.Do("PUT", "/v1/operator/organisations/A1B2C/register", api.RegisterRecord{LookedUpAt: b.Clock.Now()}).Must(403).Refused(problem.Forbidden)
	recorder.Do("PUT", "/v1/operator/organisations/A1B2C/register", api.RegisterRecord{LookedUpAt: b.Clock.Now()}).Must(200)
	approver.Do("POST", "/v1/operator/dspt-imports", csvBody(export)).Must(403).Refused(problem.Forbidden)
	approver.Do("PUT", "/v1/operator/accounts/676/organisations/A1B2C", api.BindingSpec{}).Must(403).Refused(problem.Forbidden)
}

// What registers show anybody may read, and what the CSP has signed with an organisation only who may act for it.
func TestOrganisationsOfAnotherAccount(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t)
	b.Load(b.Operator("operator"))
	for _, query := range []string{"ods_code=a1b2c", "title=meadow"} {
		list := brokertest.Into[api.OrganisationList](b.Customer(brokertest.Bolt).Do("GET", "/v1/organisations?"+query, nil).Must(200))
		if len(list.Items) != 1 {
			t.Fatalf("%s finds %+v", query, list.Items)
		}
		o := list.Items[0]
		if o.OdsCode != "A1B2C" || o.Bound || o.Directory == nil || o.Dspt == nil || o.FlowDown != nil ||
			o.Directory.RecordedBy != nil || o.Register.RecordedBy != nil || o.Dspt.RecordedBy != nil {
			t.Errorf("%s finds %+v", query, o)
		}
	}
	b.Customer(brokertest.Bolt).Do("GET", "/v1/organisations", nil).Must(400).Refused(problem.RequestInvalid)
	b.Customer(brokertest.Bolt).Do("GET", "/v1/organisations?title=me", nil).Must(400).Refused(problem.RequestInvalid)
}
