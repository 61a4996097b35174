package orders_test

import (
	"context"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
)

func changesOf(report api.InventoryReport) []string {
	changes := make([]string, len(report.Changes))
	for i, c := range report.Changes {
		changes[i] = string(c.Action) + " " + c.Kind + " " + c.Key
	}
	return changes
}

func TestLoadInventory(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		again := b.load(inventory(monday))
		assertSlice(t, "changes of the same inventory", changesOf(again), []string{})
		assertEqual(t, "unchanged", again.Unchanged, 12)

		next := api.Inventory{
			Version:       api.N1,
			Accounts:      []api.InventoryAccount{{ID: "acme", Title: "Acme plc"}, {ID: "new", Title: "New", Kind: ptr(api.InventoryAccountKindPartner)}},
			Services:      []api.InventoryService{{Type: "cloud_project", ID: "project-2", Account: "acme", Zone: "main", Retired: ptr(true)}},
			Gateways:      []api.InventoryGateway{gateway("gateway-2", "project-1", "psn"), gateway("gateway-4", "project-1")},
			Organisations: []api.InventoryOrganisation{organisation("D3E4F", monday)},
			Pools:         []api.InventoryPool{{Name: "main-pool", Zone: "main", Cidr: "192.0.2.0/29", Reserved: []string{"192.0.2.1"}}},
		}
		want := []string{
			"updated account acme", "created account new", "retired service cloud_project/project-2", "updated gateway gateway-2",
			"created gateway gateway-4", "created organisation D3E4F", "updated pool main-pool",
		}
		dry, err := b.LoadInventory(context.Background(), b.alice(), next, true)
		if err != nil {
			t.Fatal(err)
		}
		assertSlice(t, "changes of the dry run", changesOf(dry), want)
		assertEqual(t, "dry run", dry.DryRun, true)
		write := b.alice()
		done, err := b.LoadInventory(context.Background(), write, next, false)
		if err != nil {
			t.Fatal(err)
		}
		assertSlice(t, "changes", changesOf(done), want)
		replayed, err := b.LoadInventory(context.Background(), write, next, false)
		if err != nil {
			t.Fatal(err)
		}
		assertSlice(t, "changes of the replay", changesOf(replayed), want)

		services, err := b.Services(context.Background(), customer("acme"), api.ListServicesParams{})
		if err != nil || len(services.Items) != 1 {
			t.Errorf("services are %+v, %v", services.Items, err)
		}
		facts, err := b.ComplianceFacts(context.Background(), customer("acme"), nil)
		if err != nil || len(facts.Organisations) != 2 {
			t.Errorf("an account that is named without organisations lost them: %+v, %v", facts.Organisations, err)
		}
		b.connect("records", "A1B2C", "project-1")
		assertEqual(t, "address", b.attach("records", "web", "gateway-1").IncludedAddress, "192.0.2.2")
	})
}

// What an inventory does not name it does not take away: a binding that was made by itself is ended by itself.
func TestLoadInventoryUnbindsNothing(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		ctx := context.Background()
		bound := func() []string {
			t.Helper()
			page, err := b.Accounts(ctx, api.ListAccountsParams{})
			if err != nil {
				t.Fatal(err)
			}
			return page.Items[0].Organisations
		}
		if _, err := b.BindOrganisation(ctx, b.alice(), "acme", "X1Y2Z", api.BindingSpec{Reference: ptr("LA-17")}); err != nil {
			t.Fatal(err)
		}
		assertSlice(t, "changes of the same inventory", changesOf(b.load(inventory(monday))), []string{})
		assertSlice(t, "bound", bound(), []string{"A1B2C", "D3E4F", "X1Y2Z"})
		acme := func(codes ...string) api.Inventory {
			return api.Inventory{Version: api.N1, Accounts: []api.InventoryAccount{{ID: "acme", Title: "Acme", Organisations: codes}}}
		}
		assertSlice(t, "changes of none", changesOf(b.load(acme([]string{}...))), []string{})
		assertSlice(t, "changes of another", changesOf(b.load(acme("q9q9q"))), []string{"updated account acme"})
		assertSlice(t, "bound", bound(), []string{"A1B2C", "D3E4F", "Q9Q9Q", "X1Y2Z"})
		if _, err := b.UnbindOrganisation(ctx, b.alice(), "acme", "X1Y2Z"); err != nil {
			t.Fatal(err)
		}
		assertSlice(t, "unbound", bound(), []string{"A1B2C", "D3E4F", "Q9Q9Q"})
	})
}

func TestLoadInventoryThatOffends(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		bad := api.Inventory{
			Version: api.N1,
			Accounts: []api.InventoryAccount{
				{ID: "new", Title: "New", Organisations: []string{"A1B2C", "no code"}}, {ID: "new", Title: "New"},
			},
			Services: []api.InventoryService{
				{Type: "cloud_project", ID: "project-5", Account: "nobody", Zone: "main"},
				{Type: "mainframe", ID: "project-5", Account: "acme", Zone: "moon"},
				{Type: "cloud_project", ID: "P!", Account: "new", Zone: "main"},
			},
			Gateways: []api.InventoryGateway{gateway("gateway-5", "project-8"), gateway("gateway-6", "project-5")},
			Organisations: []api.InventoryOrganisation{
				{OdsCode: "q1"},
				{
					OdsCode: "Q1Q1Q",
					Directory: &api.DirectoryRecord{
						LookedUpAt: monday.Add(time.Hour), Found: true, LegalEnd: ptr("2026-13-01"), Parent: ptr("-"), Sites: []string{"ABC", ""},
					},
					Register: &api.RegisterRecord{LookedUpAt: monday, Found: true, SignedOn: ptr("1 April")},
					FlowDown: &api.FlowDownRecord{LookedUpAt: monday, Documents: []api.FlowDownDocument{{Kind: "napkin", Version: "eleven"}}},
					Dspt:     &api.DSPTRecord{LookedUpAt: monday, Found: true, Status: ptr("25/26 Standards Exeeded")},
				},
				{OdsCode: "q1q1q", Dspt: &api.DSPTRecord{LookedUpAt: monday, Found: true}},
			},
			Pools: []api.InventoryPool{
				{Name: "one", Zone: "moon", Cidr: "198.51.100.0/24", Reserved: []string{"192.0.2.1"}},
				{Name: "two", Zone: "main", Cidr: "198.51.100.7/24"},
				{Name: "three", Zone: "main", Cidr: "192.0.2.4/30"},
				{Name: "four", Zone: "main", Cidr: "203.0.113.0/24"},
				{Name: "five", Zone: "main", Cidr: "203.0.113.128/25"},
				{Name: "Six", Zone: "main", Cidr: "2001:db8::/64"},
			},
		}
		for _, dryRun := range []bool{true, false} {
			_, err := b.LoadInventory(context.Background(), b.alice(), bad, dryRun)
			p := b.asProblem(err, problem.RequestInvalid)
			assertSlice(t, "pointers", pointersOf(p.Invalid), []string{
				"/accounts/0/organisations/1", "/accounts/1/id",
				"/gateways/0/service",
				"/organisations/0/ods_code",
				"/organisations/1/directory/legal_end", "/organisations/1/directory/looked_up_at", "/organisations/1/directory/parent",
				"/organisations/1/directory/sites/1", "/organisations/1/dspt/status", "/organisations/1/flow_down/documents/0/kind",
				"/organisations/1/flow_down/documents/0/version", "/organisations/1/register/signed_on",
				"/organisations/2/dspt/status", "/organisations/2/ods_code",
				"/pools/0/reserved/0", "/pools/0/zone", "/pools/1/cidr", "/pools/2/cidr", "/pools/4/cidr", "/pools/5/cidr", "/pools/5/name",
				"/services/0/account", "/services/1/type", "/services/1/zone", "/services/2/id",
			})
		}
		unchanged := b.load(inventory(monday))
		assertEqual(t, "rows that are as they were", unchanged.Unchanged, 12)
	})
}

// A pool may take what another gives up, in whatever order they stand.
func TestPoolsChangePlaces(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		b.load(api.Inventory{Version: api.N1, Pools: []api.InventoryPool{
			{Name: "second", Zone: "main", Cidr: "192.0.2.4/30"},
			{Name: "main-pool", Zone: "main", Cidr: "192.0.2.0/30"},
		}})
		b.load(api.Inventory{Version: api.N1, Pools: []api.InventoryPool{
			{Name: "third", Zone: "main", Cidr: "192.0.2.0/29"},
			{Name: "second", Zone: "main", Cidr: "192.0.2.4/30", Retired: ptr(true)},
			{Name: "main-pool", Zone: "main", Cidr: "192.0.2.0/30", Retired: ptr(true)},
		}})
	})
}

func TestLookUps(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLiteURL(t))
	register := func() api.RegisterRecord {
		facts, err := b.ComplianceFacts(context.Background(), customer("acme"), nil)
		if err != nil {
			t.Fatal(err)
		}
		return *facts.Organisations[0].Register
	}
	assertEqual(t, "who looked", *register().LookedUpBy, "alice")

	// Somebody else loads the same look-up again: nothing changes.
	report, err := b.LoadInventory(context.Background(), b.bob(), organisations(organisation("A1B2C", monday)), false)
	if err != nil || len(report.Changes) != 0 {
		t.Errorf("the same look-up changes %v, %v", report.Changes, err)
	}
	assertEqual(t, "who looked", *register().LookedUpBy, "alice")

	// A newer one is of who records it, or of who is named.
	b.clock.Advance(time.Hour)
	newer := organisation("A1B2C", monday.Add(time.Hour))
	if _, err := b.LoadInventory(context.Background(), b.bob(), organisations(newer), false); err != nil {
		t.Fatal(err)
	}
	assertEqual(t, "who looked", *register().LookedUpBy, "bob")
	newer.Register.LookedUpBy = ptr("carol")
	b.load(organisations(newer))
	assertEqual(t, "who looked", *register().LookedUpBy, "carol")

	// Who recorded it is never taken from the document, and is not the customer's business.
	b.clock.Advance(time.Hour)
	forged := organisation("A1B2C", monday.Add(2*time.Hour))
	forged.Register.LookedUpBy, forged.Register.RecordedBy = ptr("carol"), ptr("carol")
	b.load(organisations(forged))
	if by := register().RecordedBy; by != nil {
		t.Errorf("the customer is told that %s recorded it", *by)
	}
	err = b.db.Read(context.Background(), func(ctx context.Context, r *store.Reader) error {
		rows, err := r.OrganisationsByCode(ctx, []string{"A1B2C"})
		if err == nil {
			assertEqual(t, "who recorded", *rows[0].Register.RecordedBy, "alice")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}

	// An old inventory does not undo it.
	old := organisation("A1B2C", monday)
	old.Register.Found = false
	assertSlice(t, "changes by an older look-up", changesOf(b.load(organisations(old))), []string{})
	assertEqual(t, "found", register().Found, true)
}

func TestWhatIsHeldStaysWhereItIs(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.connect("records", "A1B2C", "project-1")
		e := b.attach("records", "web", "gateway-1")
		moved := api.Inventory{
			Version:  api.N1,
			Services: []api.InventoryService{{Type: "cloud_project", ID: "project-1", Account: "other", Zone: "main"}},
			Gateways: []api.InventoryGateway{gateway("gateway-1", "project-2")},
		}
		_, err := b.LoadInventory(context.Background(), b.alice(), moved, false)
		p := b.asProblem(err, problem.RequestInvalid)
		assertSlice(t, "pointers", pointersOf(p.Invalid), []string{"/gateways/0", "/services/0"})
		if _, err := b.DeleteEdgeAttachment(context.Background(), b.acme(), "records", "web", e.UID); err != nil {
			t.Fatal(err)
		}
		if _, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID); err != nil {
			t.Fatal(err)
		}
		b.load(moved)
	})
}

func TestComplianceFacts(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		merged := organisation("D3E4F", monday)
		merged.Directory.Successors, merged.Directory.Parent = []string{"x1y2z"}, ptr("r0a")
		b.load(organisations(merged))
		facts, err := b.ComplianceFacts(context.Background(), customer("acme"), []string{" q1q1q ", "A1B2C", "x1y2z"})
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "now", facts.Now, monday)
		assertEqual(t, "account", facts.Account, "acme")
		var got []string
		for _, o := range facts.Organisations {
			text := o.OdsCode
			if o.Bound {
				text += " bound"
			}
			for known, record := range map[string]bool{" register": o.Register != nil} {
				if record {
					text += known
				}
			}
			if o.FlowDown != nil {
				text += " flow-down"
			}
			got = append(got, text)
		}
		assertSlice(t, "organisations", got, []string{
			"A1B2C bound register flow-down", "D3E4F bound register flow-down", "Q1Q1Q", "X1Y2Z register", "R0A",
		})

		nobody, err := b.ComplianceFacts(context.Background(), customer("nobody"), nil)
		if err != nil || len(nobody.Organisations) != 0 || nobody.Organisations == nil || nobody.Waivers == nil {
			t.Errorf("an account that nobody loaded has the facts %+v, %v", nobody, err)
		}
	})
}

// An organisation without a DSPT row of its own is judged by its successor's.
func TestRelatedOrganisationsAreJudgedBy(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLiteURL(t))
	merged := organisation("D3E4F", monday)
	merged.Directory.Successors = []string{"X1Y2Z"}
	merged.Dspt = &api.DSPTRecord{LookedUpAt: monday, Found: false}
	b.load(organisations(merged))
	assertEqual(t, "state", b.connect("records", "D3E4F", "project-1").State, "provisioning")
}

func TestServicesAndGateways(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		b.connect("records", "A1B2C", "project-1")
		b.attach("records", "web", "gateway-1")
		ctx := context.Background()

		services, err := b.Services(ctx, customer("acme"), api.ListServicesParams{PageSize: ptr(1)})
		if err != nil {
			t.Fatal(err)
		}
		first := services.Items[0]
		if len(services.Items) != 1 || first.ID != "project-1" || *first.Connection != "connections/records" || !first.HscnOffered ||
			*first.Region != "north" || first.Zone != "main" {
			t.Errorf("services are %+v", services.Items)
		}
		services, err = b.Services(ctx, customer("acme"), api.ListServicesParams{PageSize: ptr(1), PageToken: services.NextPageToken})
		if err != nil || len(services.Items) != 1 || services.Items[0].ID != "project-2" || services.Items[0].Connection != nil ||
			services.NextPageToken != nil {
			t.Errorf("the next page is %+v, %v", services, err)
		}
		if services, err = b.Services(ctx, customer("acme"), api.ListServicesParams{Type: ptr("cloud_project"), ID: ptr("project-9")}); err != nil ||
			len(services.Items) != 0 {
			t.Errorf("another account's service is listed: %+v, %v", services.Items, err)
		}

		gateways, err := b.Gateways(ctx, customer("acme"), api.ListGatewaysParams{PageSize: ptr(2)})
		if err != nil || len(gateways.Items) != 2 || *gateways.Items[0].EdgeAttachment != "connections/records/edge-attachments/web" ||
			gateways.Items[1].EdgeAttachment != nil || gateways.Items[1].Networks == nil {
			t.Errorf("gateways are %+v, %v", gateways.Items, err)
		}
		assertSlice(t, "networks", gateways.Items[0].Networks, []string{"internet", "psn"})
		if gateways, err = b.Gateways(ctx, customer("acme"), api.ListGatewaysParams{PageToken: gateways.NextPageToken}); err != nil ||
			len(gateways.Items) != 1 || gateways.Items[0].ID != "gateway-3" {
			t.Errorf("the next page is %+v, %v", gateways, err)
		}
		if gateways, err = b.Gateways(ctx, customer("acme"), api.ListGatewaysParams{ServiceID: ptr("project-2")}); err != nil || len(gateways.Items) != 1 {
			t.Errorf("gateways of a service are %+v, %v", gateways.Items, err)
		}
	})
}

// What belongs to another account looks as if it were not there, whatever is asked for.
func TestTenantIsolation(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.activeConnection()
		e := b.attach("records", "web", "gateway-1")
		ctx, other := context.Background(), customer("other")
		write := func() request.Write { return b.by(other) }
		refused := map[string]error{}
		_, refused["get"] = b.Connection(ctx, other, "records")
		_, refused["update"] = b.UpdateConnection(ctx, write(), "records", api.MergePatch{"purchase_order": "x"}, c.Etag)
		_, refused["delete"] = b.DeleteConnection(ctx, write(), "records", c.UID)
		_, refused["object"] = b.Object(ctx, other, c.UID)
		_, refused["edge's object"] = b.Object(ctx, other, e.UID)
		_, refused["get edge"] = b.EdgeAttachment(ctx, other, "records", "web")
		_, refused["list edges"] = b.EdgeAttachments(ctx, other, "records", api.ListEdgeAttachmentsParams{})
		_, refused["create edge"] = b.CreateEdgeAttachment(ctx, write(), "records", "app", c.UID, edgeSpec("gateway-2"), true)
		_, refused["update edge"] = b.UpdateEdgeAttachment(ctx, write(), "records", "web", api.MergePatch{}, e.Etag)
		_, refused["delete edge"] = b.DeleteEdgeAttachment(ctx, write(), "records", "web", e.UID)
		_, absent := b.Object(ctx, other, "no-such-uid")
		for what, err := range refused {
			p := b.asProblem(err, problem.ObjectGone)
			if p.Existing != nil || p.Findings != nil {
				t.Errorf("%s: the answer shows more than that there is nothing: %+v", what, p)
			}
		}
		b.refused(absent, problem.ObjectGone)

		connections, err := b.Connections(ctx, other, api.ListConnectionsParams{})
		if err != nil || len(connections.Items) != 0 {
			t.Errorf("connections: %+v, %v", connections.Items, err)
		}
		edges, err := b.EdgeAttachments(ctx, other, "-", api.ListEdgeAttachmentsParams{})
		if err != nil || len(edges.Items) != 0 {
			t.Errorf("edge attachments: %+v, %v", edges.Items, err)
		}

		// A gateway and a service that another account holds are none of theirs, and nothing is said of who holds them.
		b.load(api.Inventory{Version: api.N1, Services: []api.InventoryService{
			{Type: "cloud_project", ID: "project-8", Account: "other", Zone: "main"},
		}})
		if _, err := b.CreateConnection(ctx, write(), "theirs", connectionSpec("X1Y2Z", "project-8"), true); err != nil {
			t.Fatal(err)
		}
		_, err = b.CreateEdgeAttachment(ctx, write(), "theirs", "web", "", edgeSpec("gateway-1"), true)
		assertSlice(t, "findings", rulesOf(b.asProblem(err, problem.PreconditionsFailed).Findings), []string{"error edge.gateway-unknown"})
		_, err = b.CreateConnection(ctx, write(), "more", connectionSpec("X1Y2Z", "project-1"), true)
		assertSlice(t, "findings", rulesOf(b.asProblem(err, problem.PreconditionsFailed).Findings), []string{"error service.unknown"})
		// The names are free for them.
		if _, err := b.CreateConnection(ctx, write(), "records", connectionSpec("X1Y2Z", "project-9"), true); err != nil {
			t.Error(err)
		}
	})
}
