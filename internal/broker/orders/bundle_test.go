package orders_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/orders"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/policy"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// monday is where the clock of a test begins: 9:30 in London on a Monday in summer time.
var monday = time.Date(2026, time.June, 1, 8, 30, 0, 0, time.UTC)

// clock is set by tests.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

func (c *clock) Advance(d time.Duration) { c.Set(c.Now().Add(d)) }

// bundle is a desk with a database of its own, and an inventory in which everything that acme orders is in order.
type bundle struct {
	testing.TB
	*orders.Desk
	db    *store.DB
	clock *clock
	keys  atomic.Int64
}

// on runs the test over both databases.
func on(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, storetest.SQLiteURL(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, storetest.PostgresURL(t))
	})
}

// onSQLite runs the test over SQLite alone: the many cases of a table differ in what the desk decides, and what databases do
// differently the tests that run on both show.
func onSQLite(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	test(t, storetest.SQLiteURL(t))
}

func testPolicy(tb testing.TB, changes ...func(*api.Policy)) api.Policy {
	tb.Helper()
	p, err := policy.Load(policy.Neutral)
	if err != nil {
		tb.Fatal(err)
	}
	network := "hscn-external-1"
	p.Zones = map[string]api.Zone{"main": {
		Region: "north", HscnOffered: true, Architecture: api.SharedEdge,
		DataCentres: []string{"dc-1", "dc-2"}, ExternalNetworkID: &network,
	}}
	p.Connections = api.ConnectionPolicy{LeadTimeWorkingDays: 1, CommitmentMonths: 1, ProfileReviewMonths: 12}
	p.EdgeAttachments = api.EdgePolicy{LeadTimeWorkingDays: 2, AddressRestDays: 30}
	p.WorkingHours = api.WorkingHours{Start: "09:00", End: "17:30"}
	p.FactAgesDays = api.FactAges{Directory: 90, Register: 60, FlowDown: 365, Dspt: 90}
	for _, change := range changes {
		change(&p)
	}
	return p
}

func withApproval(p *api.Policy)     { p.Connections.Approval = true }
func withSecondPerson(p *api.Policy) { p.SecondPerson = true }
func withBindings(p *api.Policy)     { p.Organisations.BindingRequests = true }

func setup(tb testing.TB, url string, changes ...func(*api.Policy)) *bundle {
	tb.Helper()
	return setupAt(tb, url, monday, changes...)
}

func setupAt(tb testing.TB, url string, now time.Time, changes ...func(*api.Policy)) *bundle {
	tb.Helper()
	calendar, err := hscn.NewCalendar()
	if err != nil {
		tb.Fatal(err)
	}
	b := &bundle{TB: tb, clock: &clock{now: now}}
	b.db = storetest.Open(tb, url, store.Options{})
	b.Desk = orders.NewDesk(orders.Config{
		DB: b.db, Clock: b.clock.Now, Calendar: calendar, Logger: slog.New(slog.DiscardHandler), PollEvery: 10 * time.Millisecond,
	})
	if _, _, err := b.StorePolicy(context.Background(), testPolicy(tb, changes...)); err != nil {
		tb.Fatal(err)
	}
	b.load(inventory(now))
	return b
}

// inventory is one in which acme may order for A1B2C, of which everything was looked up and is in order, and for D3E4F,
// of which nothing was.
func inventory(now time.Time) api.Inventory {
	return api.Inventory{
		Version: api.N1,
		Accounts: []api.InventoryAccount{
			{ID: "acme", Title: "Acme", Organisations: []string{"a1b2c", "D3E4F"}},
			{ID: "other", Title: "Other", Organisations: []string{"X1Y2Z"}},
		},
		Services: []api.InventoryService{
			{Type: "cloud_project", ID: "project-1", Account: "acme", Zone: "main"},
			{Type: "cloud_project", ID: "project-2", Account: "acme", Zone: "main"},
			{Type: "cloud_project", ID: "project-9", Account: "other", Zone: "main"},
		},
		Gateways: []api.InventoryGateway{
			gateway("gateway-1", "project-1", "internet", "psn"), gateway("gateway-2", "project-1"),
			gateway("gateway-3", "project-2"), gateway("gateway-9", "project-9"),
		},
		Organisations: []api.InventoryOrganisation{organisation("A1B2C", now), organisation("X1Y2Z", now)},
		Pools:         []api.InventoryPool{{Name: "main-pool", Zone: "main", Cidr: "192.0.2.0/29"}},
	}
}

func gateway(id, project string, networks ...string) api.InventoryGateway {
	return api.InventoryGateway{ID: id, Service: api.ServiceReference{Type: "cloud_project", ID: project}, Networks: networks}
}

// organisation is one that was looked up at that time and is in order.
func organisation(code string, at time.Time) api.InventoryOrganisation {
	return api.InventoryOrganisation{
		OdsCode:   code,
		Directory: &api.DirectoryRecord{LookedUpAt: at, Found: true, Active: ptr(true), Title: ptr("Meadow Surgery")},
		Register:  &api.RegisterRecord{LookedUpAt: at, Found: true, SignedOn: ptr("2020-03-01")},
		FlowDown: &api.FlowDownRecord{LookedUpAt: at, Documents: []api.FlowDownDocument{
			{Kind: "master_services_agreement", Version: "11.0"},
		}},
		Dspt: &api.DSPTRecord{LookedUpAt: at, Found: true, Status: ptr("25/26 Standards Met")},
	}
}

func organisations(list ...api.InventoryOrganisation) api.Inventory {
	return api.Inventory{Version: api.N1, Organisations: list}
}

func ptr[T any](v T) *T { return &v }

// by is a write of a caller's, with a key of its own.
func (b *bundle) by(caller request.Caller) request.Write {
	n := b.keys.Add(1)
	return request.Write{
		Caller: caller, IdempotencyKey: fmt.Sprintf("key-of-a-test-%06d", n), Method: "PUT", Path: "/v1/test",
		BodySHA256: "body", ChangeReference: "CHG-1", RequestID: fmt.Sprintf("request-%d", n),
	}
}

func customer(account string) request.Caller {
	return request.Caller{Subject: "engineer@" + account + ".example", Kind: request.Machine, Roles: []api.Role{api.RoleCustomer}, Account: account}
}

func operator(name string) request.Caller {
	return request.Caller{Subject: name, Kind: request.Person, Roles: []api.Role{api.RoleRecorder, api.RoleApprover}}
}

func (b *bundle) acme() request.Write  { return b.by(customer("acme")) }
func (b *bundle) alice() request.Write { return b.by(operator("alice")) }
func (b *bundle) bob() request.Write   { return b.by(operator("bob")) }

func (b *bundle) load(inventory api.Inventory) api.InventoryReport {
	b.Helper()
	report, err := b.LoadInventory(context.Background(), b.alice(), inventory, false)
	if err != nil {
		b.Fatalf("load: %v", err)
	}
	return report
}

func connectionSpec(code, project string) api.ConnectionSpec {
	return api.ConnectionSpec{
		OdsCode:   code,
		Service:   api.ServiceReference{Type: "cloud_project", ID: project},
		Agreement: api.Agreement{Basis: api.AgreementBasisConnectionAgreement},
		Profile: api.Profile{
			BusinessSponsor: api.BusinessSponsor{Name: "Sam Sponsor", Email: "Sam.Sponsor@Example.nhs.uk"},
			SecurityLead:    api.SecurityLead{Name: "Sol Lead", Email: "sol.lead@example.nhs.uk"},
			// What is left out is warned of.
			Encryption:               &api.Encryption{InApplication: true, Standard: ptr("AES-256"), AttestedOn: ptr("2026-05-01")},
			RiskAssessment:           &api.RiskAssessment{Reference: "RA-17", CompletedOn: ptr("2026-05-01")},
			MonitoringAcknowledgedOn: ptr("2026-05-01"),
			ReviewedOn:               ptr("2026-05-01"),
		},
	}
}

func edgeSpec(gateway string) api.EdgeAttachmentSpec {
	return api.EdgeAttachmentSpec{GatewayID: &gateway}
}

// connect orders a connection of acme's.
func (b *bundle) connect(name, code, project string) api.Connection {
	b.Helper()
	c, err := b.CreateConnection(context.Background(), b.acme(), name, connectionSpec(code, project), true)
	if err != nil {
		b.Fatalf("create %s: %v", name, err)
	}
	return c
}

// attach orders an edge attachment of acme's.
func (b *bundle) attach(connection, name, gateway string) api.EdgeAttachment {
	b.Helper()
	e, err := b.CreateEdgeAttachment(context.Background(), b.acme(), connection, name, "", edgeSpec(gateway), true)
	if err != nil {
		b.Fatalf("create %s/%s: %v", connection, name, err)
	}
	return e
}

// jobs does what is due.
func (b *bundle) jobs() {
	b.Helper()
	if _, err := b.RunDueJobs(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// connection and edge are as they are now, by uid.
func (b *bundle) connection(uid string) api.Connection {
	b.Helper()
	o, err := b.Object(context.Background(), customer("acme"), uid)
	if err != nil || o.Connection == nil {
		b.Fatalf("object %s: %+v, %v", uid, o, err)
	}
	return *o.Connection
}

func (b *bundle) edge(uid string) api.EdgeAttachment {
	b.Helper()
	o, err := b.Object(context.Background(), customer("acme"), uid)
	if err != nil || o.EdgeAttachment == nil {
		b.Fatalf("object %s: %+v, %v", uid, o, err)
	}
	return *o.EdgeAttachment
}

// orderOf is the newest order about the object.
func (b *bundle) orderOf(uid string) api.Order {
	b.Helper()
	var found *api.Order
	page, err := b.Orders(context.Background(), api.ListOrdersParams{Closed: ptr(true), PageSize: ptr(1000)})
	if err != nil {
		b.Fatal(err)
	}
	for i, o := range page.Items {
		if o.ObjectUID == uid && (found == nil || o.ID > found.ID) {
			found = &page.Items[i]
		}
	}
	if found == nil {
		b.Fatalf("no order about %s", uid)
	}
	return *found
}

// done confirms what is ordered about the object.
func (b *bundle) done(uid string) api.Order {
	b.Helper()
	o, err := b.ConfirmOrder(context.Background(), b.alice(), b.orderOf(uid).ID, "", "")
	if err != nil {
		b.Fatalf("done %s: %v", uid, err)
	}
	return o
}

// activeConnection is a connection of acme's, called records, that is active.
func (b *bundle) activeConnection() api.Connection {
	b.Helper()
	c := b.connect("records", "A1B2C", "project-1")
	b.jobs()
	b.done(c.UID)
	b.jobs()
	return b.connection(c.UID)
}

// asProblem is the problem that the error must be.
func (b *bundle) asProblem(err error, want problem.Type) *problem.Problem {
	b.Helper()
	var p *problem.Problem
	if !errors.As(err, &p) {
		b.Fatalf("err = %v, want the problem %s", err, want)
	}
	if p.Type != want {
		b.Fatalf("problem %s (%s), want %s", p.Type, p.Detail, want)
	}
	return p
}

// refused says that the error must be that problem.
func (b *bundle) refused(err error, want problem.Type) {
	b.Helper()
	_ = b.asProblem(err, want)
}

func rulesOf(findings []api.Finding) []string {
	ids := make([]string, len(findings))
	for i, f := range findings {
		ids[i] = string(f.Severity) + " " + f.Rule
	}
	return ids
}

func pointersOf(members []api.InvalidMember) []string {
	pointers := make([]string, len(members))
	for i, m := range members {
		pointers[i] = *m.Pointer
	}
	slices.Sort(pointers)
	return pointers
}

func assertEqual[T comparable](tb testing.TB, what string, got, want T) {
	tb.Helper()
	if got != want {
		tb.Errorf("%s is %v, want %v", what, got, want)
	}
}

func assertSlice(tb testing.TB, what string, got, want []string) {
	tb.Helper()
	if !slices.Equal(got, want) {
		tb.Errorf("%s are\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func assertContains(tb testing.TB, what, text string, wanted ...string) {
	tb.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			tb.Errorf("%s is\n  %s\nand does not say %q", what, text, want)
		}
	}
}

func containsAny(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool { return strings.Contains(text, word) })
}
