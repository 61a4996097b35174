package orders_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/orders"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

func networks(cidr, id string) map[string]api.Network {
	n := api.Network{Cidr: cidr}
	if id != "" {
		n.ID = &id
	}
	return map[string]api.Network{"front": n}
}

// What an edge attachment is judged by beside its own spec: the account's gateways, its other edge attachments, and the
// address that comes with it.
func TestJudgedBesideOthers(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		policy []func(*api.Policy)
		before func(b *bundle)
		spec   api.EdgeAttachmentSpec
		rules  []string
		stands bool
	}{
		"alone": {spec: edgeSpec("gateway-2"), stands: true},
		"a gateway that carries another network": {
			policy: []func(*api.Policy){withOneNetwork}, spec: edgeSpec("gateway-1"), rules: []string{"error edge.one-network"},
		},
		"a network that covers its own address": {
			spec: api.EdgeAttachmentSpec{GatewayID: ptr("gateway-2"), Networks: networks("192.0.2.0/29", "")}, rules: []string{"error edge.overlap"},
		},
		"a network that covers the address of another of the connection": {
			before: func(b *bundle) { b.attach("records", "first", "gateway-3") },
			spec:   api.EdgeAttachmentSpec{GatewayID: ptr("gateway-2"), Networks: networks("192.0.2.1/32", "")}, rules: []string{"error edge.overlap"},
		},
		"an address that a network of another of the connection covers": {
			before: func(b *bundle) {
				spec := edgeSpec("gateway-3")
				spec.Networks = networks("192.0.2.2/32", "")
				if _, err := b.CreateEdgeAttachment(context.Background(), b.acme(), "records", "first", "", spec, true); err != nil {
					b.Fatal(err)
				}
			},
			spec: edgeSpec("gateway-2"), rules: []string{"error edge.overlap"},
		},
		"a network that covers the address of another connection's": {
			before: func(b *bundle) {
				b.connect("imaging", "A1B2C", "project-2")
				b.attach("imaging", "first", "gateway-4")
			},
			spec: api.EdgeAttachmentSpec{GatewayID: ptr("gateway-2"), Networks: networks("192.0.2.1/32", "")}, stands: true,
		},
		"a network that is behind another gateway of another network": {
			before: func(b *bundle) {
				behind := gateway("gateway-8", "project-2", "internet")
				behind.InternalNetworks = []string{"net-1"}
				b.load(gateways(behind))
			},
			spec:  api.EdgeAttachmentSpec{GatewayID: ptr("gateway-2"), Networks: networks("10.9.0.0/24", "net-1")},
			rules: []string{"warning edge.bridging"}, stands: true,
		},
		"and what keeps them apart": {
			before: func(b *bundle) {
				behind := gateway("gateway-8", "project-2", "internet")
				behind.InternalNetworks = []string{"net-1"}
				b.load(gateways(behind))
			},
			spec: api.EdgeAttachmentSpec{
				GatewayID: ptr("gateway-2"), Networks: networks("10.9.0.0/24", "net-1"), BridgingControls: ptr("two firewalls"),
			}, stands: true,
		},
		"a network that is behind another edge attachment of another network": {
			before: func(b *bundle) {
				b.connect("imaging", "A1B2C", "project-2")
				b.load(gateways(gateway("gateway-8", "project-2", "internet")))
				spec := edgeSpec("gateway-8")
				spec.Networks = networks("10.8.0.0/24", "net-1")
				if _, err := b.CreateEdgeAttachment(context.Background(), b.acme(), "imaging", "first", "", spec, true); err != nil {
					b.Fatal(err)
				}
			},
			spec:  api.EdgeAttachmentSpec{GatewayID: ptr("gateway-2"), Networks: networks("10.9.0.0/24", "net-1")},
			rules: []string{"warning edge.bridging"}, stands: true,
		},
		"a range that the policy publishes": {
			policy: []func(*api.Policy){func(p *api.Policy) { p.HscnRanges = []string{"10.200.0.0/16"} }},
			spec:   api.EdgeAttachmentSpec{GatewayID: ptr("gateway-2"), Networks: networks("10.200.7.0/24", "")}, rules: []string{"error edge.overlap"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url, c.policy...)
				b.load(gateways(gateway("gateway-3", "project-1"), gateway("gateway-4", "project-2")))
				b.connect("records", "A1B2C", "project-1")
				if c.before != nil {
					c.before(b)
				}
				made, err := b.CreateEdgeAttachment(context.Background(), b.acme(), "records", "web", "", c.spec, true)
				if c.stands {
					if err != nil {
						t.Fatal(err)
					}
					assertSlice(t, "findings", rulesOf(made.Findings), append([]string{}, c.rules...))
					return
				}
				p := b.asProblem(err, problem.PreconditionsFailed)
				assertSlice(t, "findings", rulesOf(p.Findings), c.rules)
				if c.before == nil {
					// The address that it would have had is given to the next.
					assertEqual(t, "address", b.attach("records", "next", "gateway-2").IncludedAddress, "192.0.2.1")
				}
			})
		})
	}
}

// An exception that an operator granted counts for connections and for what hangs on them.
func TestWaivedOrders(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url, withOneNetwork)
		ctx := context.Background()
		for _, waiver := range []api.WaiverSpec{
			{Account: "acme", Rule: "service.no-hscn", Until: "2026-06-30", Reason: "a trial", Reference: "W-1"},
			{Account: "acme", Connection: ptr("connections/records"), Rule: "edge.one-network", Until: "2026-06-30", Reason: "until it moves", Reference: "W-2"},
		} {
			if _, err := b.GrantWaiver(ctx, b.bob(), waiver); err != nil {
				t.Fatal(err)
			}
		}
		b.connect("records", "A1B2C", "project-1")
		e := b.attach("records", "web", "gateway-1")
		assertSlice(t, "findings", rulesOf(e.Findings), []string{"warning edge.one-network"})
		assertContains(t, "finding", e.Findings[0].Detail, "until it moves", "W-2")
		b.load(gateways(gateway("gateway-8", "project-2", "internet")))
		b.connect("imaging", "A1B2C", "project-2")
		_, err := b.CreateEdgeAttachment(ctx, b.acme(), "imaging", "web", "", edgeSpec("gateway-8"), true)
		b.refused(err, problem.PreconditionsFailed)
	})
}

// Whoever reads an object reads what is to be remarked on it on that day.
func TestRemarksOnARead(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.activeConnection()
		findings := func() (read, listed, byUID, ofOperator []api.Finding) {
			t.Helper()
			one, err := b.Connection(context.Background(), customer("acme"), "records")
			if err != nil {
				t.Fatal(err)
			}
			page, err := b.Connections(context.Background(), customer("acme"), api.ListConnectionsParams{})
			if err != nil {
				t.Fatal(err)
			}
			records, err := b.ConnectionRecords(context.Background(), api.ListConnectionRecordsParams{})
			if err != nil {
				t.Fatal(err)
			}
			return one.Findings, page.Items[0].Findings, b.connection(c.UID).Findings, records.Items[0].Findings
		}
		all := func(when string, want ...string) {
			t.Helper()
			read, listed, byUID, ofOperator := findings()
			for what, got := range map[string][]api.Finding{"read": read, "listed": listed, "by uid": byUID, "of the operator": ofOperator} {
				assertSlice(t, what+" "+when, rulesOf(got), want)
			}
		}
		version := b.connection(c.UID).Version
		all("at first")
		b.clock.Set(monday.AddDate(1, 0, 0))
		all("a year later", "warning profile.review-due")
		assertEqual(t, "version", b.connection(c.UID).Version, version)
		if _, err := b.GrantWaiver(context.Background(), b.bob(), api.WaiverSpec{
			Account: "acme", Rule: "profile.review-due", Until: "2027-12-31", Reason: "they are on it", Reference: "W-3",
		}); err != nil {
			t.Fatal(err)
		}
		read, _, _, _ := findings()
		assertContains(t, "finding", read[0].Detail, "they are on it")

		// By the policy that is in force now, whatever it was ordered under.
		if _, _, err := b.StorePolicy(context.Background(), testPolicy(t, func(p *api.Policy) { p.Connections.ProfileReviewMonths = 24 })); err != nil {
			t.Fatal(err)
		}
		all("under another policy")
		if _, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID); err != nil {
			t.Fatal(err)
		}
		b.clock.Set(monday.AddDate(4, 0, 0))
		if got := b.connection(c.UID).Findings; len(got) > 0 {
			t.Errorf("what is given up has the findings %v", rulesOf(got))
		}
		page, err := b.EdgeAttachments(context.Background(), customer("acme"), orders.AllParents, api.ListEdgeAttachmentsParams{})
		if err != nil || len(page.Items) != 0 {
			t.Errorf("listed are %+v, %v", page.Items, err)
		}
	})
}

// Where the register does not show the agreement, an order rests on the day of the word of whoever looked at the copy, and
// another person approves it.
func TestRestsOnASignedCopy(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url, withApproval, withSecondPerson)
		b.unregistered()
		e := b.handIn("ca-2026", evidenceSpec(b.upload(customer("acme"), pdf("one"))))
		c, err := b.CreateConnection(context.Background(), b.acme(), "records", restingSpec(e.Name), true)
		if err != nil {
			t.Fatal(err)
		}
		assertContains(t, "steps", strings.Join(b.orderOf(c.UID).Steps, " "), "hscn-broker evidence validate acme/ca-2026")
		b.clock.Set(monday.AddDate(0, 0, 2))
		b.validate(e.UID, 1)
		b.jobs()
		assertEqual(t, "state", b.connection(c.UID).State, "pending_approval")
		_, err = b.ApproveOrder(context.Background(), b.alice(), b.orderOf(c.UID).ID, "")
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "another person", "alice")
		b.clock.Set(monday.AddDate(0, 0, 3))
		if _, err := b.ApproveOrder(context.Background(), b.bob(), b.orderOf(c.UID).ID, ""); err != nil {
			t.Fatal(err)
		}
		approved := b.connection(c.UID)
		assertEqual(t, "validated on", *approved.AgreementValidatedOn, "2026-06-03")
		assertEqual(t, "revalidate on", *approved.RevalidateOn, "2026-08-02")
	})
}
