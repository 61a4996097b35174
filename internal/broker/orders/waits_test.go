package orders_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

func withUnknownGateways(p *api.Policy) { p.EdgeAttachments.UnknownGatewaysWait = true }

func withOneNetwork(p *api.Policy) {
	zone := p.Zones["main"]
	zone.Architecture = api.OneEdgePerNetwork
	p.Zones["main"] = zone
}

func gateways(list ...api.InventoryGateway) api.Inventory {
	return api.Inventory{Version: api.N1, Gateways: list}
}

// A gateway that nobody knows yet is looked for by a person; what they find lets the order go on, or refuses it.
func TestGatewayArrives(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		policy  []func(*api.Policy)
		active  bool
		arrives api.InventoryGateway
		state   string
		reason  []string
	}{
		"before its connection is active": {arrives: gateway("gateway-7", "project-1"), state: "pending_connection"},
		"when its connection is active":   {active: true, arrives: gateway("gateway-7", "project-1"), state: "awaiting_fulfilment"},
		"another one":                     {arrives: gateway("gateway-8", "project-1"), state: "pending_verification"},
		"as another service's": {
			arrives: gateway("gateway-7", "project-2"), state: "refused", reason: []string{"recorded since", "project-2", "Rule: edge.gateway-unknown."},
		},
		"as another account's": {arrives: gateway("gateway-7", "project-9"), state: "pending_verification"},
		"carrying what it may not": {
			policy: []func(*api.Policy){withOneNetwork}, arrives: gateway("gateway-7", "project-1", "internet"),
			state: "refused", reason: []string{"internet", "Rule: edge.one-network."},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url, append(c.policy, withUnknownGateways)...)
				conn := b.connect("records", "A1B2C", "project-1")
				if c.active {
					b.jobs()
					b.done(conn.UID)
				}
				e := b.attach("records", "web", "gateway-7")
				assertEqual(t, "state", e.State, "pending_verification")
				assertContains(t, "reason", *e.StateReason, "the operator of Example Cloud", "gateway-7")
				if e.AttachedGatewayID != nil || e.IncludedAddress == "" {
					t.Errorf("it is attached to %v with the address %q", e.AttachedGatewayID, e.IncludedAddress)
				}
				order := b.orderOf(e.UID)
				assertEqual(t, "waits for", *order.WaitsFor, "verification")
				assertEqual(t, "due", order.DueAt.Format(time.RFC3339), "2026-06-03T16:30:00Z")
				assertContains(t, "first step", order.Steps[0], "gateway-7", "project-1", "hscn-broker load FILE")

				b.clock.Advance(time.Hour)
				b.load(gateways(c.arrives))
				b.jobs()
				after := b.edge(e.UID)
				assertEqual(t, "state", after.State, c.state)
				assertEqual(t, "is attached", after.AttachedGatewayID != nil, c.state != "refused" && c.state != "pending_verification")
				if len(c.reason) > 0 {
					assertContains(t, "reason", *after.StateReason, c.reason...)
				}
				if c.state == "pending_verification" {
					assertEqual(t, "due", *b.orderOf(e.UID).DueAt, *order.DueAt)
					b.load(gateways(gateway("gateway-7", "project-1")))
				}
			})
		})
	}
}

// Whoever names a gateway that nobody knows holds it against nobody: the account whose it turns out to be can attach it.
func TestUnknownGatewayIsOnlyClaimed(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url, withUnknownGateways)
		ctx := context.Background()
		b.connect("records", "A1B2C", "project-1")
		first := b.attach("records", "web", "gateway-7")

		// The account itself cannot claim it twice.
		_, err := b.CreateEdgeAttachment(ctx, b.acme(), "records", "app", "", edgeSpec("gateway-7"), true)
		p := b.asProblem(err, problem.PreconditionsFailed)
		assertSlice(t, "findings", rulesOf(p.Findings), []string{"warning edge.gateway-unknown", "error edge.already-attached"})

		other := b.by(customer("other"))
		if _, err := b.CreateConnection(ctx, other, "theirs", connectionSpec("X1Y2Z", "project-9"), true); err != nil {
			t.Fatal(err)
		}
		claimed, err := b.CreateEdgeAttachment(ctx, b.by(customer("other")), "theirs", "web", "", edgeSpec("gateway-7"), true)
		if err != nil || claimed.State != "pending_verification" {
			t.Fatalf("another account's claim is %s, %v", claimed.State, err)
		}
		b.load(gateways(gateway("gateway-7", "project-9")))
		b.jobs()
		theirs, err := b.EdgeAttachment(ctx, customer("other"), "theirs", "web")
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "the edge attachment of whose it is", theirs.State, "pending_connection")
		assertEqual(t, "the other", b.edge(first.UID).State, "pending_verification")
		assertContains(t, "its first step", b.orderOf(first.UID).Steps[0], "under the service project-9 (cloud_project) of the account other")
		if strings.Contains(*b.edge(first.UID).StateReason, "other") {
			t.Errorf("its owner reads whose the gateway is: %s", *b.edge(first.UID).StateReason)
		}

		// A change of what waits is judged by what is known when it is looked at.
		spec := edgeSpec("gateway-8")
		waits, err := b.CreateEdgeAttachment(ctx, b.acme(), "records", "app", "", spec, true)
		if err != nil {
			t.Fatal(err)
		}
		changed, err := b.UpdateEdgeAttachment(ctx, b.acme(), "records", "app",
			api.MergePatch{"networks": map[string]any{"front": map[string]any{"cidr": "10.9.0.0/24"}}}, waits.Etag)
		if err != nil {
			t.Fatal(err)
		}
		b.jobs()
		assertEqual(t, "after the change", b.edge(waits.UID).State, "pending_verification")
		assertEqual(t, "etag", b.edge(waits.UID).Etag, changed.Etag)
		b.load(gateways(gateway("gateway-8", "project-1")))
		b.jobs()
		assertEqual(t, "when it is known", b.edge(waits.UID).State, "pending_connection")
	})
}

// abroad is an NHS body outside England, of which everything else is in order.
func abroad(at time.Time) api.InventoryOrganisation {
	o := organisation("A1B2C", at)
	o.Directory.Country, o.Directory.PrimaryRole, o.Directory.RecordClass = ptr("WALES"), ptr("RO142"), ptr("RC1")
	return o
}

func specFromAbroad(project string) api.ConnectionSpec {
	spec := connectionSpec("A1B2C", project)
	spec.Profile.OutsideEngland = &api.OutsideEngland{PolicyAttested: ptr(true), NhsClarification: ptr("NHSE-77")}
	return spec
}

func TestAuthorityAnswers(t *testing.T) {
	t.Parallel()
	withdrawn := abroad(monday.Add(time.Minute))
	withdrawn.Register.WithdrawnOn = ptr("2026-05-20")
	cases := map[string]struct {
		policy []func(*api.Policy)
		before func(b *bundle, c api.Connection)
		answer api.AuthorityAnswer
		want   problem.Type
		state  string
		reason []string
	}{
		"granted": {answer: api.AuthorityAnswer{Granted: true, AuthorityReference: "HA-9"}, state: "provisioning"},
		"granted after an approval": {
			policy: []func(*api.Policy){withApproval},
			before: func(b *bundle, c api.Connection) {
				if _, err := b.ApproveOrder(context.Background(), b.bob(), b.orderOf(c.UID).ID, ""); err != nil {
					b.Fatal(err)
				}
			},
			answer: api.AuthorityAnswer{Granted: true, AuthorityReference: "HA-9"}, state: "provisioning",
		},
		"granted, and the agreement is withdrawn since": {
			before: func(b *bundle, _ api.Connection) { b.load(organisations(withdrawn)) },
			answer: api.AuthorityAnswer{Granted: true, AuthorityReference: "HA-9"}, state: "refused", reason: []string{"Rule: agreement.ended."},
		},
		"granted, and look-ups are old": {
			before: func(b *bundle, _ api.Connection) { b.clock.Set(monday.AddDate(0, 0, 61)) },
			answer: api.AuthorityAnswer{Granted: true, AuthorityReference: "HA-9"}, state: "pending_evidence",
		},
		"not granted": {
			answer: api.AuthorityAnswer{AuthorityReference: "HA-9", Reason: ptr("not this way")}, state: "refused",
			reason: []string{"Refused by the HSCN Authority (reference HA-9): not this way."},
		},
		"not granted, for no reason": {answer: api.AuthorityAnswer{AuthorityReference: "HA-9", Reason: ptr(" ")}, want: problem.RequestInvalid},
		"before the approval": {
			policy: []func(*api.Policy){withApproval},
			answer: api.AuthorityAnswer{Granted: true, AuthorityReference: "HA-9"}, want: problem.StateForbids,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url, c.policy...)
				b.load(organisations(abroad(monday)))
				made, err := b.CreateConnection(context.Background(), b.acme(), "records", specFromAbroad("project-1"), true)
				if err != nil {
					t.Fatal(err)
				}
				if c.policy != nil {
					assertEqual(t, "state", made.State, "pending_approval")
					if reason := *made.StateReason; !strings.HasPrefix(reason, "Waits for a person at ") ||
						!strings.HasSuffix(reason, " to approve it, and then for the HSCN Authority's answer, recorded by the operator.") {
						t.Errorf("the reason is %q", reason)
					}
				} else {
					assertEqual(t, "state", made.State, "awaiting_authority")
					order := b.orderOf(made.UID)
					assertEqual(t, "waits for", *order.WaitsFor, "authority")
					assertContains(t, "steps", strings.Join(order.Steps, " "), "NHSE-77", "hscn-broker orders authority 1 --granted")
				}
				edge := b.attach("records", "web", "gateway-1")
				if c.before != nil {
					c.before(b, made)
				}
				answered, err := b.RecordAuthorityAnswer(context.Background(), b.alice(), b.orderOf(made.UID).ID, c.answer)
				if c.want != "" {
					b.refused(err, c.want)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				assertEqual(t, "state", answered.State, c.state)
				got := b.connection(made.UID)
				if len(c.reason) > 0 {
					assertContains(t, "reason", *got.StateReason, c.reason...)
				}
				assertEqual(t, "edge is refused", b.edge(edge.UID).State == "refused", c.state == "refused")
				if c.state == "provisioning" {
					assertContains(t, "note", *answered.Note, "HA-9")
				}
				if c.state != "pending_evidence" {
					return
				}
				// What was granted stays granted: it only has to be looked up again.
				b.load(organisations(abroad(b.clock.Now())))
				b.jobs()
				assertEqual(t, "when it is looked up again", b.connection(made.UID).State, "awaiting_fulfilment")
			})
		})
	}
}

// What asks for more than what was granted is granted anew.
func TestAuthorityIsAskedAgain(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		b.load(organisations(abroad(monday)))
		spec := specFromAbroad("project-1")
		spec.ActivateAt = ptr(monday.AddDate(0, 0, 7))
		c, err := b.CreateConnection(context.Background(), b.acme(), "records", spec, true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.RecordAuthorityAnswer(context.Background(), b.alice(), b.orderOf(c.UID).ID,
			api.AuthorityAnswer{Granted: true, AuthorityReference: "HA-9"}); err != nil {
			t.Fatal(err)
		}
		c = b.connection(c.UID)
		c, err = b.update(c, api.MergePatch{"purchase_order": "PO-2"})
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "after a correction", c.State, "provisioning")
		c, err = b.update(c, api.MergePatch{"profile": map[string]any{"shared_with": map[string]any{"X26": map[string]any{"bound_by_terms": true}}}})
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "after more was asked for", c.State, "awaiting_authority")
		_, err = b.ConfirmOrder(context.Background(), b.alice(), b.orderOf(c.UID).ID, "", "")
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "awaiting_authority", "--granted", "--refused")
		_, err = b.ApproveOrder(context.Background(), b.alice(), b.orderOf(c.UID).ID, "")
		b.refused(err, problem.StateForbids)
	})
}

func TestBuildInAVDC(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		ctx := context.Background()
		b.activeConnection()
		b.attach("records", "web", "gateway-1")
		spec := api.EdgeAttachmentSpec{VdcID: ptr("vdc-1"), Networks: map[string]api.Network{"front": {Cidr: "10.9.0.0/24"}}}
		e, err := b.CreateEdgeAttachment(ctx, b.acme(), "records", "built", "", spec, true)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "state", e.State, "provisioning")
		assertEqual(t, "VDC", *e.VdcID, "vdc-1")
		if e.GatewayID != nil || e.AttachedGatewayID != nil {
			t.Errorf("it has a gateway already: %v, %v", e.GatewayID, e.AttachedGatewayID)
		}
		b.jobs()
		order := b.orderOf(e.UID)
		assertContains(t, "steps", strings.Join(order.Steps, " "), "build an edge gateway in the VDC vdc-1", "--gateway-id ID")

		for gatewayID, want := range map[string]struct {
			kind  problem.Type
			words string
		}{
			"":          {problem.RequestInvalid, "gateway_id is missing"},
			"gateway-3": {problem.StateForbids, "under the service project-2"},
			"gateway-1": {problem.StateForbids, "connections/records/edge-attachments/web is attached to it"},
		} {
			_, err := b.ConfirmOrder(ctx, b.alice(), order.ID, "", gatewayID)
			assertContains(t, "detail", b.asProblem(err, want.kind).Detail, want.words)
		}
		retired := gateway("gateway-old", "project-1")
		retired.Retired = ptr(true)
		b.load(gateways(retired))
		_, err = b.ConfirmOrder(ctx, b.alice(), order.ID, "", "gateway-old")
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "retired")

		if _, err := b.ConfirmOrder(ctx, b.alice(), order.ID, "built", "gateway-new"); err != nil {
			t.Fatal(err)
		}
		built := b.edge(e.UID)
		assertEqual(t, "state", built.State, "active")
		assertEqual(t, "attached to", *built.AttachedGatewayID, "gateway-new")
		assertEqual(t, "etag", built.Etag, e.Etag)
		page, err := b.Gateways(ctx, customer("acme"), api.ListGatewaysParams{ID: ptr("gateway-new")})
		if err != nil || len(page.Items) != 1 || page.Items[0].Service.ID != "project-1" || *page.Items[0].EdgeAttachment != e.Name {
			t.Errorf("the inventory has %+v, %v", page.Items, err)
		}
		// It is held like one that was named.
		_, err = b.CreateEdgeAttachment(ctx, b.acme(), "records", "more", "", edgeSpec("gateway-new"), true)
		p := b.asProblem(err, problem.PreconditionsFailed)
		assertSlice(t, "findings", rulesOf(p.Findings), []string{"error edge.already-attached"})

		_, err = b.UpdateEdgeAttachment(ctx, b.acme(), "records", "built", api.MergePatch{"vdc_id": "vdc-2"}, built.Etag)
		b.refused(err, problem.NotOffered)
		if _, err := b.UpdateEdgeAttachment(ctx, b.acme(), "records", "built", api.MergePatch{"bridging_controls": "a host of its own"}, built.Etag); err != nil {
			t.Error(err)
		}
		if _, err := b.DeleteEdgeAttachment(ctx, b.acme(), "records", "built", built.UID); err != nil {
			t.Fatal(err)
		}
		assertContains(t, "step", b.orderOf(e.UID).Steps[0], "gateway-new")
		_, err = b.ConfirmOrder(ctx, b.alice(), b.orderOf(e.UID).ID, "", "gateway-new")
		b.refused(err, problem.RequestInvalid)
		b.attach("records", "more", "gateway-new")
	})
}

// A gateway that exists is not confirmed as another.
func TestConfirmWithAGatewayThatNobodyBuilt(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.connect("records", "A1B2C", "project-1")
		b.jobs()
		_, err := b.ConfirmOrder(context.Background(), b.alice(), b.orderOf(c.UID).ID, "", "gateway-2")
		p := b.asProblem(err, problem.RequestInvalid)
		assertSlice(t, "pointers", pointersOf(p.Invalid), []string{"/gateway_id"})
	})
}

// The time before which an owner does not want a connection may pass while the order waits for somebody else.
func TestActivateAtPassesWhileItWaits(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url, withApproval)
		spec := connectionSpec("D3E4F", "project-1")
		spec.ActivateAt = ptr(monday.Add(24 * time.Hour))
		c, err := b.CreateConnection(context.Background(), b.acme(), "records", spec, true)
		if err != nil {
			t.Fatal(err)
		}
		b.clock.Set(monday.AddDate(0, 0, 3))
		c, err = b.update(c, api.MergePatch{"purchase_order": "PO-1"})
		if err != nil || c.State != "pending_evidence" {
			t.Fatalf("it is %s, %v", c.State, err)
		}
		b.load(organisations(organisation("D3E4F", b.clock.Now())))
		b.jobs()
		assertEqual(t, "when it is looked up", b.connection(c.UID).State, "pending_approval")
		approved, err := b.ApproveOrder(context.Background(), b.bob(), b.orderOf(c.UID).ID, "")
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "when it is approved", approved.State, "provisioning")
		_, err = b.update(b.connection(c.UID), api.MergePatch{"activate_at": monday.Add(12 * time.Hour).Format(time.RFC3339)})
		if p := b.asProblem(err, problem.PreconditionsFailed); p.Findings[0].Rule != "connection.activate-past" {
			t.Errorf("findings are %v", rulesOf(p.Findings))
		}
	})
}
