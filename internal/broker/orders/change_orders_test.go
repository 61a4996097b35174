package orders_test

import (
	"context"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

// unpending says that nothing of the connection waits any more, and which order ended how.
func (b *bundle) unpending(uid, state string) api.Connection {
	b.Helper()
	c, order := b.connection(uid), b.orderOf(uid)
	assertEqual(b, "state", c.State, "active")
	assertEqual(b, "pending change", asText(c.PendingChange), "null")
	assertEqual(b, "state of the change", order.State, state)
	assertEqual(b, "the order is open", order.Open, false)
	return c
}

// What is refused is discarded: what is declared is not what stands, and why not stands with what is active, until a change
// of it is accepted.
func TestChangeIsRefused(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.activeConnection()
		asked := b.changed(c.UID, toDedicated)
		b.clock.Advance(time.Hour)
		order, err := b.RefuseOrder(context.Background(), b.bob(), b.orderOf(c.UID).ID, "The line is not there.")
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "who closed it", *order.ClosedBy, "bob")
		after := b.unpending(c.UID, "refused")
		assertEqual(t, "access", after.Access, api.SharedLink)
		assertEqual(t, "reason", *after.StateReason, "A change of access, circuits is not made. Refused by the operator of Example Cloud: The line is not there.")
		assertEqual(t, "updated by", after.UpdatedBy, "bob")
		_, err = b.update(asked, api.MergePatch{"purchase_order": "PO-1"})
		assertContains(t, "detail", b.asProblem(err, problem.EtagMismatch).Detail, "was changed by bob")

		b.changed(c.UID, toDedicated)
		assertContains(t, "reason", *b.connection(c.UID).StateReason, "is asked for and not made yet")
		b.jobs()
		b.done(c.UID)
		if accepted := b.unpending(c.UID, "active"); accepted.StateReason != nil {
			t.Errorf("the reason is %q", *accepted.StateReason)
		}
	})
}

// A fact that arrives lets a change go on, or discards it.
func TestFactsAboutAChange(t *testing.T) {
	t.Parallel()
	lapsed, partly := organisation("D3E4F", monday), organisation("D3E4F", monday)
	lapsed.Dspt.Status = ptr("22/23 Standards Met")
	partly.Dspt = nil
	cases := map[string]struct {
		policy []func(*api.Policy)
		facts  api.InventoryOrganisation
		state  string // of the change
		code   string
		reason []string
	}{
		"good":               {facts: organisation("D3E4F", monday), state: "active", code: "D3E4F"},
		"good, then people":  {policy: []func(*api.Policy){withApproval}, facts: organisation("D3E4F", monday), state: "pending_approval", code: "A1B2C"},
		"bad":                {facts: lapsed, state: "refused", code: "A1B2C", reason: []string{"A change of ods_code is not made.", "22/23", "Rule: dspt.stale."}},
		"not all of it":      {facts: partly, state: "pending_evidence", code: "A1B2C", reason: []string{"DSPT"}},
		"about another body": {facts: organisation("Q9Q9Q", monday), state: "pending_evidence", code: "A1B2C"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url)
				conn := b.activeConnection()
				if _, _, err := b.StorePolicy(context.Background(), testPolicy(t, c.policy...)); err != nil {
					t.Fatal(err)
				}
				asked := b.changed(conn.UID, toUnknown)
				assertContains(t, "steps", b.orderOf(conn.UID).Steps[1], "Look D3E4F up")
				b.clock.Advance(time.Hour)
				b.load(organisations(c.facts))
				b.jobs()
				after, order := b.connection(conn.UID), b.orderOf(conn.UID)
				assertEqual(t, "state", after.State, "active")
				assertEqual(t, "state of the change", order.State, c.state)
				assertEqual(t, "code", after.OdsCode, c.code)
				assertEqual(t, "revision stays", after.Etag == asked.Etag, c.state != "refused")
				switch c.state {
				case "active", "refused":
					b.unpending(conn.UID, c.state)
					assertEqual(t, "who closed it", *order.ClosedBy, "hscn-broker")
				default:
					assertEqual(t, "pending change", asText(after.PendingChange), `{"ods_code":"D3E4F"}`)
				}
				if len(c.reason) > 0 {
					assertContains(t, "reason", *after.StateReason, c.reason...)
				}
				if c.state == "active" {
					assertEqual(t, "validated on", *after.AgreementValidatedOn, "2026-06-01")
				}
			})
		})
	}
}

// An exception lets a change go on as it lets a new order.
func TestWaiverLetsAChangeGoOn(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.activeConnection()
		without := organisation("D3E4F", monday)
		without.Dspt = nil
		b.load(organisations(without))
		b.changed(c.UID, toUnknown)
		assertEqual(t, "state of the change", b.orderOf(c.UID).State, "pending_evidence")
		if _, err := b.GrantWaiver(context.Background(), b.bob(), api.WaiverSpec{
			Account: "acme", Connection: ptr("connections/records"), Rule: "dspt.not-checked", Until: "2026-12-31", Reason: "it is down", Reference: "W-1",
		}); err != nil {
			t.Fatal(err)
		}
		b.jobs()
		assertEqual(t, "code", b.unpending(c.UID, "active").OdsCode, "D3E4F")
	})
}

func TestAuthorityAnswersAboutAChange(t *testing.T) {
	t.Parallel()
	for name, granted := range map[string]bool{"granted": true, "not granted": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url)
				c := b.activeConnection()
				welsh := organisation("D3E4F", monday)
				welsh.Directory.Country, welsh.Directory.PrimaryRole = ptr("WALES"), ptr("RO142")
				b.load(organisations(welsh))
				asked := b.changed(c.UID, and(toUnknown, api.MergePatch{"profile": map[string]any{"outside_england": map[string]any{
					"policy_attested": true, "nhs_clarification": "NHSE-77",
				}}}))
				order := b.orderOf(c.UID)
				assertEqual(t, "waits for", *order.WaitsFor, "authority")
				answer := api.AuthorityAnswer{Granted: granted, AuthorityReference: "HA-7", Reason: ptr("Not from there.")}
				answered, err := b.RecordAuthorityAnswer(context.Background(), b.bob(), order.ID, answer)
				if err != nil {
					t.Fatal(err)
				}
				if granted {
					assertContains(t, "note", *answered.Note, "Granted by the HSCN Authority, reference HA-7.")
					assertEqual(t, "etag", b.unpending(c.UID, "active").Etag, asked.Etag)
					return
				}
				assertContains(t, "reason", *b.unpending(c.UID, "refused").StateReason, "ods_code", "(reference HA-7): Not from there.")
			})
		})
	}
}

// A change is the owner's to change, and to take back.
func TestChangeIsChanged(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		then    api.MergePatch
		pending string
		state   string // of the change
		closed  bool
	}{
		"a contact takes effect at once": {
			then: api.MergePatch{"purchase_order": "PO-1"}, pending: `{"agreement":{"basis":"flow_down"}}`, state: "pending_approval",
		},
		"more is asked for with it": {
			then: api.MergePatch{"purpose": "readiness_test"}, pending: `{"agreement":{"basis":"flow_down"},"purpose":"readiness_test"}`, state: "pending_approval",
		},
		"it comes to wait for something else": {
			then: toUnknown, pending: `{"agreement":{"basis":"flow_down"},"ods_code":"D3E4F"}`, state: "pending_evidence",
		},
		"it is taken back": {
			then: api.MergePatch{"agreement": map[string]any{"basis": "connection_agreement"}}, pending: "null", state: "ceased", closed: true,
		},
		"it is taken back, and a contact is corrected": {
			then: api.MergePatch{"agreement": map[string]any{"basis": "connection_agreement"}, "purchase_order": "PO-1"}, pending: "null", state: "ceased", closed: true,
		},
		"another takes its place": {
			then:    api.MergePatch{"agreement": map[string]any{"basis": "connection_agreement"}, "purpose": "readiness_test"},
			pending: `{"purpose":"readiness_test"}`, state: "pending_approval",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url)
				conn := b.activeConnection()
				if _, _, err := b.StorePolicy(context.Background(), testPolicy(t, withApproval)); err != nil {
					t.Fatal(err)
				}
				first := b.changed(conn.UID, toFlowDown)
				order := b.orderOf(conn.UID)
				b.clock.Advance(time.Hour)
				after := b.changed(conn.UID, c.then)
				assertEqual(t, "pending change", asText(after.PendingChange), c.pending)
				assertEqual(t, "state", after.State, "active")
				if after.Etag == first.Etag {
					t.Error("the etag is the same after a change")
				}
				again := b.orderOf(conn.UID)
				assertEqual(t, "order", again.ID, order.ID)
				assertEqual(t, "state of the change", again.State, c.state)
				assertEqual(t, "it is closed", !again.Open, c.closed)
				if c.then["purchase_order"] != nil {
					assertEqual(t, "purchase order", *after.PurchaseOrder, "PO-1")
				}
				if c.closed && after.StateReason != nil {
					t.Errorf("the reason is %q", *after.StateReason)
				}
			})
		})
	}
}

// Who approved one thing did not approve another; less needs nobody's approval again.
func TestChangeThatWasApprovedIsChanged(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		then  api.MergePatch
		state string
	}{
		"more": {then: api.MergePatch{"purpose": "readiness_test"}, state: "pending_approval"},
		"less": {then: api.MergePatch{"circuits": map[string]any{"second": nil}}, state: "awaiting_fulfilment"},
		"else": {then: api.MergePatch{"purchase_order": "PO-1"}, state: "awaiting_fulfilment"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url)
				conn := b.activeConnection()
				if _, _, err := b.StorePolicy(context.Background(), testPolicy(t, withApproval)); err != nil {
					t.Fatal(err)
				}
				b.changed(conn.UID, api.MergePatch{"access": "dedicated_circuit", "circuits": map[string]any{"line": map[string]any{}, "second": map[string]any{}}})
				if _, err := b.ApproveOrder(context.Background(), b.bob(), b.orderOf(conn.UID).ID, ""); err != nil {
					t.Fatal(err)
				}
				b.jobs()
				b.changed(conn.UID, c.then)
				b.jobs()
				assertEqual(t, "state of the change", b.orderOf(conn.UID).State, c.state)
			})
		})
	}
}

// What waits may have turned bad without anybody noticing: that refuses no correction, and is then discarded.
func TestCorrectionBesideAChangeThatHasTurnedBad(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.activeConnection()
		b.bindAnother()
		if _, _, err := b.StorePolicy(context.Background(), testPolicy(t, withApproval)); err != nil {
			t.Fatal(err)
		}
		b.changed(c.UID, toAnother)
		bad := organisation("E5F6G", monday)
		bad.Register = &api.RegisterRecord{LookedUpAt: monday, Found: false}
		b.load(organisations(bad)) // the job has not looked yet
		after := b.changed(c.UID, api.MergePatch{"purchase_order": "PO-1"})
		assertEqual(t, "purchase order", *after.PurchaseOrder, "PO-1")
		assertEqual(t, "pending change", asText(after.PendingChange), `{"ods_code":"E5F6G"}`)
		_, err := b.ApproveOrder(context.Background(), b.bob(), b.orderOf(c.UID).ID, "")
		assertSlice(t, "findings", rulesOf(b.asProblem(err, problem.PreconditionsFailed).Findings), []string{"error agreement.missing", "warning agreement.other-basis-holds"})
		b.jobs()
		assertContains(t, "reason", *b.unpending(c.UID, "refused").StateReason, "Rule: agreement.missing.")
	})
}
