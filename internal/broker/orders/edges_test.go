package orders_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

func TestCreateEdgeAttachment(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.connect("records", "A1B2C", "project-1")
		spec := edgeSpec("gateway-1")
		spec.Networks = map[string]api.Network{"front": {Cidr: "192.168.10.0/24", DNSServers: []string{"155.231.231.1"}}}
		spec.BridgingControls = ptr("separate hosts")
		spec.Fulfilment = ptr(api.FulfilmentCustomer)
		e, err := b.CreateEdgeAttachment(context.Background(), b.acme(), "records", "web", c.UID, spec, true)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "name", e.Name, "connections/records/edge-attachments/web")
		assertEqual(t, "connection", e.ConnectionUID, c.UID)
		assertEqual(t, "zone", e.Zone, "main")
		assertEqual(t, "network", e.Networks["front"].Cidr, "192.168.10.0/24")
		assertEqual(t, "bridging controls", *e.BridgingControls, "separate hosts")
		assertEqual(t, "fulfilment", e.Fulfilment, api.FulfilmentCustomer)
		if e.FulfilmentState != nil {
			t.Errorf("fulfilment_state is %q where the customer fulfils", *e.FulfilmentState)
		}
		assertSlice(t, "resolvers", e.DNSResolvers, []string{"155.231.231.1", "155.231.231.2"})
		read, err := b.EdgeAttachment(context.Background(), customer("acme"), "records", "web")
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "version", read.Version, e.Version)

		write := b.acme()
		first, err := b.CreateEdgeAttachment(context.Background(), write, "records", "app", c.UID, edgeSpec("gateway-2"), true)
		if err != nil {
			t.Fatal(err)
		}
		again, err := b.CreateEdgeAttachment(context.Background(), write, "records", "app", c.UID, edgeSpec("gateway-2"), true)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "uid of the replay", again.UID, first.UID)
		assertEqual(t, "address of the replay", again.IncludedAddress, first.IncludedAddress)
	})
}

func TestCreateEdgeAttachmentRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		connection, name, parent string
		spec                     api.EdgeAttachmentSpec
		want                     problem.Type
		rules                    []string
		pointers                 []string
	}{
		"no such connection":         {connection: "nothing", spec: edgeSpec("gateway-2"), want: problem.ObjectGone},
		"another connection":         {parent: "another-uid", spec: edgeSpec("gateway-2"), want: problem.ParentChanged},
		"neither gateway nor VDC":    {want: problem.RequestInvalid, pointers: []string{"/gateway_id"}},
		"gateway and VDC":            {spec: api.EdgeAttachmentSpec{GatewayID: ptr("gateway-2"), VdcID: ptr("vdc")}, want: problem.RequestInvalid, pointers: []string{"/vdc_id"}},
		"a gateway that nobody has":  {spec: edgeSpec("gateway-0"), want: problem.PreconditionsFailed, rules: []string{"error edge.gateway-unknown"}},
		"another service's gateway":  {spec: edgeSpec("gateway-3"), want: problem.PreconditionsFailed, rules: []string{"error edge.gateway-unknown"}},
		"another account's gateway":  {spec: edgeSpec("gateway-9"), want: problem.PreconditionsFailed, rules: []string{"error edge.gateway-unknown"}},
		"a gateway that is attached": {spec: edgeSpec("gateway-1"), want: problem.PreconditionsFailed, rules: []string{"warning edge.one-network", "error edge.already-attached"}},
		"a name that is taken":       {name: "web", spec: edgeSpec("gateway-2"), want: problem.NameTaken, rules: []string{"error name.taken"}},
		"the same again":             {name: "web", spec: edgeSpec("gateway-1"), want: problem.NameTaken, rules: []string{"error name.taken", "warning edge.one-network"}},
		"a malformed name":           {name: "WEB", spec: edgeSpec("gateway-2"), want: problem.PreconditionsFailed, rules: []string{"error name.format"}},
		"malformed networks": {
			spec: api.EdgeAttachmentSpec{GatewayID: ptr("gateway-2"), Networks: map[string]api.Network{
				"Front": {Cidr: "192.168.0.0/24"}, "app": {Cidr: "999.1.1.1/24", DNSServers: []string{"155.231.231.1", "1.1.1.1.1"}},
			}},
			want: problem.RequestInvalid, pointers: []string{"/networks/Front", "/networks/app/cidr", "/networks/app/dns_servers/1"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url)
				b.connect("records", "A1B2C", "project-1")
				b.attach("records", "web", "gateway-1")
				connection, edge := c.connection, c.name
				if connection == "" {
					connection = "records"
				}
				if edge == "" {
					edge = "app"
				}
				_, err := b.CreateEdgeAttachment(context.Background(), b.acme(), connection, edge, c.parent, c.spec, true)
				p := b.asProblem(err, c.want)
				assertSlice(t, "findings", rulesOf(p.Findings), append([]string{}, c.rules...))
				assertSlice(t, "pointers", pointersOf(p.Invalid), append([]string{}, c.pointers...))
				if (c.want == problem.NameTaken || c.want == problem.ParentChanged) != (p.Existing != nil) {
					t.Errorf("existing is %+v", p.Existing)
				}
			})
		})
	}
}

func TestPoolIsEmpty(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		b.connect("records", "A1B2C", "project-1")
		var gateways []api.InventoryGateway
		for i := range 7 {
			gateways = append(gateways, gateway(fmt.Sprintf("many-%d", i), "project-1"))
		}
		b.load(api.Inventory{Version: api.N1, Gateways: gateways})
		var last api.EdgeAttachment
		for i := range 6 { // a /29 has 6 usable addresses
			last = b.attach("records", fmt.Sprintf("edge-%d", i), fmt.Sprintf("many-%d", i))
		}
		_, err := b.CreateEdgeAttachment(context.Background(), b.acme(), "records", "more", "", edgeSpec("many-6"), true)
		p := b.asProblem(err, problem.PreconditionsFailed)
		assertSlice(t, "findings", rulesOf(p.Findings), []string{"error address.pool-empty"})
		if f := p.Findings[0]; f.Retryable == nil || !*f.Retryable || f.Owner != "csp" {
			t.Errorf("the finding is %+v", f)
		}
		// What is given up rests, for nobody else.
		if _, err := b.DeleteEdgeAttachment(context.Background(), b.acme(), "records", "edge-5", last.UID); err != nil {
			t.Fatal(err)
		}
		_, err = b.CreateEdgeAttachment(context.Background(), b.acme(), "records", "more", "", edgeSpec("many-6"), true)
		b.refused(err, problem.PreconditionsFailed)
		if same := b.attach("records", "edge-5", "many-5"); same.IncludedAddress != last.IncludedAddress {
			t.Errorf("the same name has %s again, and had %s", same.IncludedAddress, last.IncludedAddress)
		}
		if _, err := b.DeleteEdgeAttachment(context.Background(), b.acme(), "records", "edge-0", b.edgeUID("records", "edge-0")); err != nil {
			t.Fatal(err)
		}
		b.clock.Set(monday.AddDate(0, 0, 31))
		assertEqual(t, "address after its rest", b.attach("records", "more", "many-6").IncludedAddress, "192.0.2.1")
	})
}

func (b *bundle) edgeUID(connection, name string) string {
	b.Helper()
	e, err := b.EdgeAttachment(context.Background(), customer("acme"), connection, name)
	if err != nil {
		b.Fatal(err)
	}
	return e.UID
}

func TestUpdateEdgeAttachment(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		patch    api.MergePatch
		want     problem.Type
		pointers []string
		changes  bool
	}{
		"a network more":   {patch: api.MergePatch{"networks": map[string]any{"app": map[string]any{"cidr": "192.168.20.0/24"}}}, changes: true},
		"nothing":          {patch: api.MergePatch{"fulfilment": nil}},
		"another gateway":  {patch: api.MergePatch{"gateway_id": "gateway-2"}, want: problem.NotOffered, pointers: []string{"/gateway_id"}},
		"no gateway":       {patch: api.MergePatch{"gateway_id": nil}, want: problem.RequestInvalid, pointers: []string{"/gateway_id"}},
		"a VDC beside it":  {patch: api.MergePatch{"vdc_id": "vdc"}, want: problem.RequestInvalid, pointers: []string{"/vdc_id"}},
		"an unknown way":   {patch: api.MergePatch{"fulfilment": "nobody"}, want: problem.RequestInvalid, pointers: []string{"/fulfilment"}},
		"a malformed CIDR": {patch: api.MergePatch{"networks": map[string]any{"app": map[string]any{"cidr": "10.0.0.0"}}}, want: problem.RequestInvalid, pointers: []string{"/networks/app/cidr", "/networks/app/cidr"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url)
				b.connect("records", "A1B2C", "project-1")
				before := b.attach("records", "web", "gateway-1")
				after, err := b.UpdateEdgeAttachment(context.Background(), b.acme(), "records", "web", c.patch, before.Etag)
				if c.want != "" {
					assertSlice(t, "pointers", pointersOf(b.asProblem(err, c.want).Invalid), c.pointers)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				assertEqual(t, "changed", after.Etag != before.Etag, c.changes)
				assertEqual(t, "state", after.State, before.State)
				if c.changes {
					_, err := b.UpdateEdgeAttachment(context.Background(), b.acme(), "records", "web", c.patch, before.Etag)
					b.refused(err, problem.EtagMismatch)
				}
			})
		})
	}
}

func TestEdgeAttachmentsListed(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		b.connect("records", "A1B2C", "project-1")
		b.connect("imaging", "A1B2C", "project-2")
		b.attach("records", "web", "gateway-1")
		b.attach("records", "app", "gateway-2")
		b.attach("imaging", "web", "gateway-3")
		list := func(connection string, size int) (names []string) {
			params := api.ListEdgeAttachmentsParams{PageSize: &size}
			for {
				page, err := b.EdgeAttachments(context.Background(), customer("acme"), connection, params)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range page.Items {
					names = append(names, e.Name)
				}
				if params.PageToken = page.NextPageToken; params.PageToken == nil {
					return names
				}
			}
		}
		all := []string{
			"connections/imaging/edge-attachments/web", "connections/records/edge-attachments/app", "connections/records/edge-attachments/web",
		}
		assertSlice(t, "all", list("-", 1000), all)
		assertSlice(t, "all in pages", list("-", 1), all)
		assertSlice(t, "of one", list("records", 1), all[1:])
		_, err := b.EdgeAttachments(context.Background(), customer("acme"), "nothing", api.ListEdgeAttachmentsParams{})
		b.refused(err, problem.ObjectGone)
	})
}
