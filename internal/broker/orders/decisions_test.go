package orders_test

import (
	"context"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
)

func TestFromOrderToActive(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.connect("records", "A1B2C", "project-1")
		e := b.attach("records", "web", "gateway-1")
		assertEqual(t, "edge", e.State, "pending_connection")
		assertEqual(t, "edge's address", e.IncludedAddress, "192.0.2.1")
		assertEqual(t, "edge's gateway", *e.AttachedGatewayID, "gateway-1")
		assertEqual(t, "edge's fulfilment", *e.FulfilmentState, "pending")
		assertContains(t, "edge's reason", *e.StateReason, "connections/records")

		b.jobs()
		assertEqual(t, "edge before its connection", b.edge(e.UID).State, "pending_connection")
		_, err := b.ConfirmOrder(context.Background(), b.alice(), b.orderOf(e.UID).ID, "", "")
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "pending_connection", "when its connection is active")

		b.clock.Advance(26 * time.Hour)
		done := b.done(c.UID)
		if done.Open || done.ClosedAt == nil || *done.ClosedBy != "alice" || len(done.Steps) != 0 || done.WaitsFor != nil {
			t.Errorf("the order that is done is %+v", done)
		}
		active := b.connection(c.UID)
		assertEqual(t, "connection", active.State, "active")
		assertEqual(t, "enabled at", *active.EnabledAt, monday.Add(26*time.Hour))
		assertEqual(t, "commitment ends on", *active.CommitmentEndsOn, "2026-07-02")
		assertEqual(t, "etag", active.Etag, c.Etag)
		if active.StateReason != nil {
			t.Errorf("an active connection has the reason %q", *active.StateReason)
		}

		woken := b.edge(e.UID)
		assertEqual(t, "edge", woken.State, "provisioning")
		assertEqual(t, "edge is due", woken.EnablementDueAt.Format(time.RFC3339), "2026-06-04T16:30:00Z")
		b.jobs()
		assertEqual(t, "edge", b.edge(e.UID).State, "awaiting_fulfilment")
		b.done(e.UID)
		attached := b.edge(e.UID)
		assertEqual(t, "edge", attached.State, "active")
		assertEqual(t, "edge's fulfilment", *attached.FulfilmentState, "in_sync")

		// What is ordered on an active connection does not wait for it.
		second := b.attach("records", "app", "gateway-2")
		assertEqual(t, "second edge", second.State, "provisioning")
		assertEqual(t, "second edge's address", second.IncludedAddress, "192.0.2.2")
	})
}

func TestEvidenceArrives(t *testing.T) {
	t.Parallel()
	lapsed := organisation("D3E4F", monday)
	lapsed.Dspt.Status = ptr("22/23 Standards Met")
	missing := organisation("D3E4F", monday)
	missing.Register = &api.RegisterRecord{LookedUpAt: monday, Found: false}
	partly := organisation("D3E4F", monday)
	partly.Dspt = nil
	cases := map[string]struct {
		policy []func(*api.Policy)
		facts  api.InventoryOrganisation
		state  string
		reason []string
	}{
		"good":                    {facts: organisation("d3e4f", monday), state: "awaiting_fulfilment"},
		"good, then a person":     {policy: []func(*api.Policy){withApproval}, facts: organisation("D3E4F", monday), state: "pending_approval"},
		"a DSPT that lapsed":      {facts: lapsed, state: "refused", reason: []string{"22/23", "Rule: dspt.stale."}},
		"an agreement not there":  {facts: missing, state: "refused", reason: []string{"register", "Rule: agreement.missing."}},
		"not all of it":           {facts: partly, state: "pending_evidence", reason: []string{"DSPT"}},
		"of another organisation": {facts: organisation("Q9Q9Q", monday), state: "pending_evidence"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on(t, func(t *testing.T, url string) {
				b := setup(t, url, c.policy...)
				conn := b.connect("records", "D3E4F", "project-1")
				edge := b.attach("records", "web", "gateway-1")
				b.clock.Advance(time.Hour)
				b.load(organisations(c.facts))
				assertEqual(t, "state before the job", b.connection(conn.UID).State, "pending_evidence")
				b.jobs()
				got := b.connection(conn.UID)
				assertEqual(t, "state", got.State, c.state)
				if len(c.reason) > 0 {
					assertContains(t, "reason", *got.StateReason, c.reason...)
				}
				if c.state == "refused" {
					refused := b.edge(edge.UID)
					assertEqual(t, "edge", refused.State, "refused")
					assertContains(t, "edge's reason", *refused.StateReason, "connections/records", c.reason[0])
					assertEqual(t, "who closed the order", *b.orderOf(conn.UID).ClosedBy, "hscn-broker")
				}
			})
		})
	}
}

func TestBindingIsConfirmed(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url, withBindings)
		c := b.connect("records", "X1Y2Z", "project-1")
		assertEqual(t, "state", c.State, "pending_verification")
		b.load(api.Inventory{Version: api.N1, Accounts: []api.InventoryAccount{{ID: "acme", Title: "Acme", Organisations: []string{"X1Y2Z"}}}})
		b.jobs()
		assertEqual(t, "state", b.connection(c.UID).State, "awaiting_fulfilment")
	})
}

func TestApprove(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url, withApproval, withSecondPerson)
		c := b.connect("records", "A1B2C", "project-1")
		b.jobs()
		order := b.orderOf(c.UID)
		assertEqual(t, "waits for", *order.WaitsFor, "approval")

		machine := operator("robot")
		machine.Kind = request.Machine
		_, err := b.ApproveOrder(context.Background(), b.by(machine), order.ID, "")
		b.refused(err, problem.Forbidden)

		_, err = b.ApproveOrder(context.Background(), b.alice(), order.ID, "")
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "another person", "alice")

		// Nor by naming somebody else as the one who looked.
		b.clock.Advance(time.Minute)
		named := organisation("A1B2C", b.clock.Now())
		named.Register.LookedUpBy = ptr("carol")
		b.load(organisations(named))
		_, err = b.ApproveOrder(context.Background(), b.alice(), order.ID, "")
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "another person", "alice")

		_, err = b.ConfirmOrder(context.Background(), b.bob(), order.ID, "", "")
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "pending_approval", "hscn-broker orders approve 1")

		b.clock.Advance(24 * time.Hour)
		approved, err := b.ApproveOrder(context.Background(), b.bob(), order.ID, "seen")
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "state", approved.State, "provisioning")
		got := b.connection(c.UID)
		assertEqual(t, "due", got.EnablementDueAt.Format(time.RFC3339), "2026-06-03T16:30:00Z")
		assertEqual(t, "validated on", *got.AgreementValidatedOn, "2026-06-01")

		_, err = b.ApproveOrder(context.Background(), b.bob(), order.ID, "")
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "provisioning", "by itself")
		b.jobs()
		b.done(c.UID)
		_, err = b.ApproveOrder(context.Background(), b.bob(), order.ID, "")
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "closed since")
		_, err = b.ApproveOrder(context.Background(), b.bob(), 4711, "")
		b.refused(err, problem.ObjectGone)
	})
}

// An approval is of what is known now, not of what was known when it was ordered.
func TestApproveWhatHasTurned(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url, withApproval)
		c := b.connect("records", "A1B2C", "project-1")
		order := b.orderOf(c.UID).ID

		b.clock.Set(monday.AddDate(0, 0, 61))
		_, err := b.ApproveOrder(context.Background(), b.bob(), order, "")
		p := b.asProblem(err, problem.StateForbids)
		assertContains(t, "detail", p.Detail, "looked up again", "hscn-broker load")
		assertSlice(t, "findings", rulesOf(p.Findings), []string{"warning agreement.not-checked"})

		withdrawn := organisation("A1B2C", b.clock.Now())
		withdrawn.Register.WithdrawnOn = ptr("2026-07-01")
		b.load(organisations(withdrawn))
		_, err = b.ApproveOrder(context.Background(), b.bob(), order, "")
		p = b.asProblem(err, problem.PreconditionsFailed)
		assertSlice(t, "findings", rulesOf(p.Findings), []string{"error agreement.ended", "warning agreement.other-basis-holds"})
		assertEqual(t, "state", b.connection(c.UID).State, "pending_approval")

		b.load(organisations(organisation("A1B2C", b.clock.Now())))
		if _, err = b.ApproveOrder(context.Background(), b.bob(), order, ""); err != nil {
			t.Error(err)
		}
	})
}

// Nobody is asked to approve what can no longer be approved: a fact that arrives refuses it, or has it wait for another.
func TestWhatWaitsForApprovalIsJudgedAgain(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url, withApproval)
		c := b.connect("records", "A1B2C", "project-1")
		b.load(organisations(organisation("A1B2C", b.clock.Now())))
		b.jobs()
		assertEqual(t, "after another good look-up", b.connection(c.UID).State, "pending_approval")

		b.clock.Set(monday.AddDate(0, 0, 61))
		b.load(organisations(organisation("X26", b.clock.Now())))
		b.jobs()
		assertEqual(t, "when its look-ups are old", b.connection(c.UID).State, "pending_evidence")
		b.load(organisations(organisation("A1B2C", b.clock.Now())))
		b.jobs()
		assertEqual(t, "when somebody has looked again", b.connection(c.UID).State, "pending_approval")

		b.clock.Advance(time.Hour)
		withdrawn := organisation("A1B2C", b.clock.Now())
		withdrawn.Register.WithdrawnOn = ptr("2026-07-01")
		b.load(organisations(withdrawn))
		b.jobs()
		got := b.connection(c.UID)
		assertEqual(t, "when the agreement is withdrawn", got.State, "refused")
		assertContains(t, "reason", *got.StateReason, "recorded since", "Rule: agreement.ended")
	})
}

func TestFailAndConfirm(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.connect("records", "A1B2C", "project-1")
		order := b.orderOf(c.UID).ID
		_, err := b.FailOrder(context.Background(), b.alice(), order, "no port")
		b.refused(err, problem.StateForbids)
		b.jobs()
		failed, err := b.FailOrder(context.Background(), b.alice(), order, "no port left on the switch")
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "state", failed.State, "failed")
		assertContains(t, "reason", *failed.StateReason, "no port left on the switch.", "The operator of Example Cloud")
		assertContains(t, "first step", failed.Steps[0], "no port left on the switch")
		_, err = b.FailOrder(context.Background(), b.alice(), order, "again")
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "failed", "hscn-broker orders done 1")
		b.done(c.UID)
		assertEqual(t, "state", b.connection(c.UID).State, "active")
	})
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	prepare := map[string]func(b *bundle) (uid string){
		"pending_evidence": func(b *bundle) string { return b.connect("records", "D3E4F", "project-1").UID },
		"provisioning":     func(b *bundle) string { return b.connect("records", "A1B2C", "project-1").UID },
		"awaiting_fulfilment": func(b *bundle) string {
			uid := b.connect("records", "A1B2C", "project-1").UID
			b.jobs()
			return uid
		},
		"failed": func(b *bundle) string {
			uid := b.connect("records", "A1B2C", "project-1").UID
			b.jobs()
			if _, err := b.FailOrder(context.Background(), b.alice(), b.orderOf(uid).ID, "no"); err != nil {
				b.Fatal(err)
			}
			return uid
		},
	}
	for state, prepared := range prepare {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			on(t, func(t *testing.T, url string) {
				b := setup(t, url)
				uid := prepared(b)
				assertEqual(t, "state", b.connection(uid).State, state)
				edge := b.attach("records", "web", "gateway-1")
				refused, err := b.RefuseOrder(context.Background(), b.bob(), b.orderOf(uid).ID, "not in this building")
				if err != nil {
					t.Fatal(err)
				}
				assertEqual(t, "state", refused.State, "refused")
				got := b.connection(uid)
				assertContains(t, "reason", *got.StateReason, "Refused by the operator of Example Cloud: not in this building.")
				assertEqual(t, "edge", b.edge(edge.UID).State, "refused")
				if b.orderOf(edge.UID).Open {
					t.Error("the edge's order is still open")
				}
				_, err = b.Connection(context.Background(), customer("acme"), "records")
				b.refused(err, problem.ObjectGone)
				_, err = b.UpdateConnection(context.Background(), b.acme(), "records", api.MergePatch{"purchase_order": "x"}, got.Etag)
				b.refused(err, problem.ObjectGone)
				_, err = b.DeleteConnection(context.Background(), b.acme(), "records", uid)
				b.refused(err, problem.ObjectGone)

				// Name, service, gateway and address are free.
				again := b.connect("records", "A1B2C", "project-1")
				assertEqual(t, "edge's address", b.attach("records", "web", "gateway-1").IncludedAddress, edge.IncludedAddress)

				listed := func() (states []string) {
					page, err := b.Connections(context.Background(), customer("acme"), api.ListConnectionsParams{})
					if err != nil {
						t.Fatal(err)
					}
					for _, c := range page.Items {
						states = append(states, c.State)
					}
					return states
				}
				if got := listed(); len(got) != 2 {
					t.Errorf("listed are %v", got)
				}
				b.clock.Set(monday.AddDate(0, 0, 91))
				assertSlice(t, "states listed after 91 days", listed(), []string{again.State})
				assertEqual(t, "state by uid", b.connection(uid).State, "refused")
			})
		})
	}
}

func TestRefuseWhatCannotBe(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.activeConnection()
		provide := b.orderOf(c.UID).ID
		_, err := b.RefuseOrder(context.Background(), b.bob(), provide, "no")
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "closed since")
		if _, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID); err != nil {
			t.Fatal(err)
		}
		removal := b.orderOf(c.UID).ID
		_, err = b.RefuseOrder(context.Background(), b.bob(), removal, "no")
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "ceasing", "hscn-broker orders done 2")
	})
}

func TestReplayOfADecision(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.connect("records", "A1B2C", "project-1")
		b.jobs()
		write, id := b.alice(), b.orderOf(c.UID).ID
		first, err := b.ConfirmOrder(context.Background(), write, id, "wired", "")
		if err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(time.Hour)
		again, err := b.ConfirmOrder(context.Background(), write, id, "wired", "")
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "closed at", *again.ClosedAt, *first.ClosedAt)
		assertEqual(t, "note", *again.Note, "wired")
	})
}

func TestQueue(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		waits := b.connect("evidence", "D3E4F", "project-2")
		late := connectionSpec("A1B2C", "project-1")
		late.ActivateAt = ptr(monday.AddDate(0, 0, 14))
		later, err := b.CreateConnection(context.Background(), b.acme(), "later", late, true)
		if err != nil {
			t.Fatal(err)
		}
		soon, err := b.CreateConnection(context.Background(), b.by(customer("other")), "soon", connectionSpec("X1Y2Z", "project-9"), true)
		if err != nil {
			t.Fatal(err)
		}
		b.load(api.Inventory{Version: api.N1, Services: []api.InventoryService{{Type: "cloud_project", ID: "project-3", Account: "acme", Zone: "main"}}})
		given, err := b.CreateConnection(context.Background(), b.acme(), "given-up", connectionSpec("A1B2C", "project-3"), true)
		if err != nil {
			t.Fatal(err)
		}
		b.jobs()
		b.done(given.UID)
		if _, err := b.DeleteConnection(context.Background(), b.acme(), "given-up", given.UID); err != nil {
			t.Fatal(err)
		}
		var uids, waitsFor []string
		params := api.ListOrdersParams{PageSize: ptr(2)}
		for {
			page, err := b.Orders(context.Background(), params)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Items {
				uids, waitsFor = append(uids, o.ObjectUID), append(waitsFor, *o.WaitsFor)
			}
			if params.PageToken = page.NextPageToken; params.PageToken == nil {
				break
			}
		}
		// What waits for a person has a day like what is to be built; nothing waits for a removal.
		assertSlice(t, "queue", uids, []string{waits.UID, soon.UID, later.UID, given.UID})
		assertSlice(t, "waits", waitsFor, []string{"evidence", "fulfilment", "activation", "removal"})
		order, err := b.Order(context.Background(), b.orderOf(waits.UID).ID)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "change reference", *order.ChangeReference, "CHG-1")
		assertSlice(t, "findings", rulesOf(order.Findings), []string{
			"warning organisation.not-checked", "warning agreement.not-checked", "warning dspt.not-checked",
		})
		_, err = b.Order(context.Background(), 4711)
		b.refused(err, problem.ObjectGone)
	})
}
