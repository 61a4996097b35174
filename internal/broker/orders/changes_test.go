package orders_test

import (
	"context"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// asText is a value as it travels; of nothing it is "null".
func asText(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

var (
	toDedicated = api.MergePatch{"access": "dedicated_circuit", "circuits": map[string]any{"line": map[string]any{"cn_sp": "Example Net"}}}
	toFlowDown  = api.MergePatch{"agreement": map[string]any{"basis": "flow_down"}}
	toUnknown   = api.MergePatch{"ods_code": "D3E4F"}
	toAnother   = api.MergePatch{"ods_code": "E5F6G"}
	toCustomer  = api.MergePatch{"fulfilment": "customer"}
)

// and is both patches at once.
func and(patches ...api.MergePatch) api.MergePatch {
	all := api.MergePatch{}
	for _, patch := range patches {
		maps.Copy(all, patch)
	}
	return all
}

// bindAnother has acme act for E5F6G, of which all is in order.
func (b *bundle) bindAnother() {
	b.Helper()
	b.load(api.Inventory{
		Version: api.N1, Accounts: []api.InventoryAccount{{ID: "acme", Title: "Acme", Organisations: []string{"E5F6G"}}},
		Organisations: []api.InventoryOrganisation{organisation("E5F6G", b.clock.Now())},
	})
}

// changed has the customer change a connection as it is now.
func (b *bundle) changed(uid string, patch api.MergePatch) api.Connection {
	b.Helper()
	after, err := b.update(b.connection(uid), patch)
	if err != nil {
		b.Fatalf("update by %s: %v", asText(patch), err)
	}
	return after
}

// activeEdge is an edge attachment of the connection records that is active.
func (b *bundle) activeEdge() api.EdgeAttachment {
	b.Helper()
	e := b.attach("records", "web", "gateway-1")
	b.jobs()
	b.done(e.UID)
	return b.edge(e.UID)
}

func (b *bundle) changedEdge(uid string, patch api.MergePatch) api.EdgeAttachment {
	b.Helper()
	before := b.edge(uid)
	connection, name, err := hscn.ParseEdgeAttachmentName(before.Name)
	if err != nil {
		b.Fatal(err)
	}
	after, err := b.UpdateEdgeAttachment(context.Background(), b.acme(), connection, name, patch, before.Etag)
	if err != nil {
		b.Fatalf("update by %s: %v", asText(patch), err)
	}
	return after
}

// What somebody has to decide, or the network to follow, waits; everything else of the same update takes effect at once.
func TestWhatOfAChangeWaits(t *testing.T) {
	t.Parallel()
	sponsor := api.MergePatch{"profile": map[string]any{"business_sponsor": map[string]any{"name": "Sue Sponsor"}}}
	shared := api.MergePatch{"profile": map[string]any{"shared_with": map[string]any{
		"A1B2C": map[string]any{"basis": "connection_agreement", "bound_by_terms": true},
	}}}
	cases := map[string]struct {
		policy  []func(*api.Policy)
		before  api.MergePatch // had before, and confirmed
		patch   api.MergePatch
		pending string
		state   string // of the change, once jobs are done; empty where there is none
		waits   string
	}{
		"a contact":                             {patch: sponsor, pending: "null"},
		"a contact, where people approve":       {policy: []func(*api.Policy){withApproval}, patch: sponsor, pending: "null"},
		"more, that nobody has to decide about": {patch: toFlowDown, pending: "null"},
		"more, where people approve": {
			policy: []func(*api.Policy){withApproval}, patch: toFlowDown, pending: `{"agreement":{"basis":"flow_down"}}`,
			state: "pending_approval", waits: "approval",
		},
		"more, and a contact": {
			policy: []func(*api.Policy){withApproval}, patch: and(toFlowDown, sponsor), pending: `{"agreement":{"basis":"flow_down"}}`,
			state: "pending_approval", waits: "approval",
		},
		"what nobody has looked up": {patch: toUnknown, pending: `{"ods_code":"D3E4F"}`, state: "pending_evidence", waits: "evidence"},
		"what the network has to follow": {
			patch: toDedicated, pending: `{"access":"dedicated_circuit","circuits":{"line":{"cn_sp":"Example Net"}}}`,
			state: "awaiting_fulfilment", waits: "fulfilment",
		},
		"what the network has to follow, where people approve": {
			policy: []func(*api.Policy){withApproval}, patch: toDedicated,
			pending: `{"access":"dedicated_circuit","circuits":{"line":{"cn_sp":"Example Net"}}}`, state: "pending_approval", waits: "approval",
		},
		"what the network has to follow, and what nobody has to decide about": {
			patch: and(toDedicated, toAnother), pending: `{"access":"dedicated_circuit","circuits":{"line":{"cn_sp":"Example Net"}}}`,
			state: "awaiting_fulfilment", waits: "fulfilment",
		},
		"less that the network has to follow": {
			policy: []func(*api.Policy){withApproval}, before: toDedicated, patch: api.MergePatch{"circuits": nil},
			pending: `{"circuits":null}`, state: "awaiting_fulfilment", waits: "fulfilment",
		},
		"less that nobody has to follow": {
			policy: []func(*api.Policy){withApproval}, before: shared,
			patch: api.MergePatch{"profile": map[string]any{"shared_with": nil}}, pending: "null",
		},
		"what means something together only": {
			// Of an object that is new nothing takes effect before the rest of it.
			policy:  []func(*api.Policy){withApproval},
			patch:   api.MergePatch{"profile": map[string]any{"outside_england": map[string]any{"data_locations": []any{"GB", "IE"}, "policy_attested": true}}},
			pending: `{"profile":{"outside_england":{"data_locations":["GB","IE"],"policy_attested":true}}}`,
			state:   "pending_approval", waits: "approval",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url)
				b.bindAnother()
				before := b.activeConnection()
				if c.before != nil {
					b.changed(before.UID, c.before)
					b.jobs()
					if o := b.orderOf(before.UID); o.Open {
						b.done(before.UID)
					}
					before = b.connection(before.UID)
				}
				if _, _, err := b.StorePolicy(context.Background(), testPolicy(t, c.policy...)); err != nil {
					t.Fatal(err)
				}
				b.clock.Advance(time.Hour)
				after := b.changed(before.UID, c.patch)
				assertEqual(t, "pending change", asText(after.PendingChange), c.pending)
				if after.Etag == before.Etag {
					t.Error("the etag is the same after a change")
				}
				b.jobs()
				after = b.connection(before.UID)
				assertEqual(t, "state", after.State, "active")
				assertEqual(t, "since", after.StateSince, before.StateSince)
				order := b.orderOf(before.UID)
				assertEqual(t, "an order is open", order.Open, c.state != "")
				if c.state == "" {
					if after.StateReason != nil {
						t.Errorf("the reason is %q", *after.StateReason)
					}
					return
				}
				assertEqual(t, "kind", order.Kind, "change")
				assertEqual(t, "state of the change", order.State, c.state)
				assertEqual(t, "waits for", *order.WaitsFor, c.waits)
				assertEqual(t, "asked for", asText(order.Change), c.pending)
				assertContains(t, "reason", *after.StateReason, "is asked for and not made yet. ", *order.StateReason)
				assertContains(t, "first step", order.Steps[0], "See what changes: ")
				if order.DueAt == nil {
					t.Error("the order is due at no time")
				}
				if c.patch["profile"] != nil && c.patch["agreement"] != nil {
					assertEqual(t, "the contact", after.Profile.BusinessSponsor.Name, "Sue Sponsor")
				}
			})
		})
	}
}

// From the update to what the network does: always active, and the revision is the owner's alone.
func TestChangeIsApprovedAndFulfilled(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url, withApproval, withSecondPerson)
		b.bindAnother()
		c := b.connect("records", "A1B2C", "project-1")
		if _, err := b.ApproveOrder(context.Background(), b.bob(), b.orderOf(c.UID).ID, ""); err != nil {
			t.Fatal(err)
		}
		b.jobs()
		b.done(c.UID)
		b.clock.Advance(time.Hour)
		asked := b.changed(c.UID, and(toDedicated, toAnother))
		order := b.orderOf(c.UID)
		assertEqual(t, "due", order.DueAt.Format(time.RFC3339), "2026-06-02T16:30:00Z")
		assertEqual(t, "who asked", order.CreatedBy, "engineer@acme.example")
		assertSlice(t, "differences", order.Steps[:3], []string{
			"See what changes: ods_code is A1B2C and is to be E5F6G.",
			"See what changes: access is shared_link and is to be dedicated_circuit.",
			`See what changes: circuits.line is left out and is to be {"cn_sp":"Example Net"}.`,
		})

		_, err := b.ConfirmOrder(context.Background(), b.bob(), order.ID, "", "")
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "it is pending_approval", "hscn-broker orders approve")
		_, err = b.ApproveOrder(context.Background(), b.alice(), order.ID, "")
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "another person", "alice")
		robot := operator("robot")
		robot.Kind = request.Machine
		_, err = b.ApproveOrder(context.Background(), b.by(robot), order.ID, "")
		b.refused(err, problem.Forbidden)

		// What the network has nothing to do with takes effect with the approval.
		approved, err := b.ApproveOrder(context.Background(), b.bob(), order.ID, "seen")
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "state of the change", approved.State, "provisioning")
		got := b.connection(c.UID)
		assertEqual(t, "organisation", got.OdsCode, "E5F6G")
		assertEqual(t, "revalidate on", *got.RevalidateOn, "2026-07-31")
		assertEqual(t, "access", got.Access, api.SharedLink)
		b.jobs()
		order = b.orderOf(c.UID)
		assertEqual(t, "state of the change", order.State, "awaiting_fulfilment")
		assertContains(t, "last steps", order.Steps[2], "join what the service project-1 (cloud_project) of the account acme has", "circuit line", "not to the shared link")
		assertContains(t, "reason", *b.connection(c.UID).StateReason, "A change of access, circuits is asked for", "by Tuesday 2 June 2026")

		failed, err := b.FailOrder(context.Background(), b.bob(), order.ID, "no port")
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "state of the change", failed.State, "failed")
		assertContains(t, "reason", *b.connection(c.UID).StateReason, "Fulfilment failed: no port.")
		assertContains(t, "first steps", failed.Steps[2], "Put right what failed: no port")

		done := b.done(c.UID)
		assertEqual(t, "state of the change", done.State, "active")
		if done.Open || len(done.Steps) > 0 || done.Change != nil {
			t.Errorf("the order that is done is %+v", done)
		}
		after := b.connection(c.UID)
		assertEqual(t, "access", after.Access, api.DedicatedCircuit)
		assertEqual(t, "circuit", *after.Circuits["line"].CnSp, "Example Net")
		assertEqual(t, "etag", after.Etag, asked.Etag)
		assertEqual(t, "updated by", after.UpdatedBy, "engineer@acme.example")
		if after.PendingChange != nil || after.StateReason != nil {
			t.Errorf("there is still a change: %v, %v", after.PendingChange, after.StateReason)
		}
		_, err = b.ConfirmOrder(context.Background(), b.bob(), order.ID, "", "")
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "is closed since")
	})
}

func TestEdgeAttachmentIsFulfilledByAnother(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url, withApproval)
		c := b.connect("records", "A1B2C", "project-1")
		if _, err := b.ApproveOrder(context.Background(), b.bob(), b.orderOf(c.UID).ID, ""); err != nil {
			t.Fatal(err)
		}
		b.jobs()
		b.done(c.UID)
		before := b.activeEdge()
		networks := api.MergePatch{"networks": map[string]any{"app": map[string]any{"cidr": "192.168.20.0/24"}}}
		after := b.changedEdge(before.UID, and(toCustomer, networks))
		assertEqual(t, "pending change", asText(after.PendingChange), `{"fulfilment":"customer"}`)
		assertEqual(t, "network", after.Networks["app"].Cidr, "192.168.20.0/24")
		assertEqual(t, "fulfilment", after.Fulfilment, api.FulfilmentCsp)
		b.jobs()
		order := b.orderOf(before.UID)
		assertEqual(t, "state of the change", order.State, "awaiting_fulfilment")
		assertEqual(t, "due", order.DueAt.Format(time.RFC3339), "2026-06-03T16:30:00Z")
		assertContains(t, "steps", order.Steps[1], "on the gateway gateway-1", "Give the gateway's rules for HSCN to the customer")
		b.done(before.UID)
		got := b.edge(before.UID)
		assertEqual(t, "state", got.State, "active")
		assertEqual(t, "fulfilment", got.Fulfilment, api.FulfilmentCustomer)
		assertEqual(t, "etag", got.Etag, after.Etag)

		// Back again asks for no more, and the provider has to take the rules over all the same.
		back := b.changedEdge(before.UID, api.MergePatch{"fulfilment": nil})
		assertEqual(t, "pending change", asText(back.PendingChange), `{"fulfilment":"csp"}`)
		b.jobs()
		if _, err := b.RefuseOrder(context.Background(), b.bob(), b.orderOf(before.UID).ID, "It was never theirs."); err != nil {
			t.Fatal(err)
		}
		refused := b.edge(before.UID)
		assertEqual(t, "fulfilment", refused.Fulfilment, api.FulfilmentCustomer)
		assertContains(t, "reason", *refused.StateReason, "A change of fulfilment is not made. Refused by the operator of Example Cloud: It was never theirs.")
	})
}
