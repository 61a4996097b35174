package orders_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/orders"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

var decision = api.AuthorityDecision{AuthorityReference: "HA-5", Reason: "a breach is being looked into"}

// authorityAct does to a connection what the HSCN Authority decided.
type authorityAct func(*orders.Desk, context.Context, request.Write, string, api.AuthorityDecision) (api.Connection, error)

// act has the operator do it.
func (b *bundle) act(act authorityAct, uid string) api.Connection {
	b.Helper()
	c, err := act(b.Desk, context.Background(), b.bob(), uid, decision)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

var (
	restrict  authorityAct = (*orders.Desk).RestrictConnection
	terminate authorityAct = (*orders.Desk).TerminateConnection
	lift      authorityAct = (*orders.Desk).LiftRestriction
)

// estate is an active connection with an edge attachment in each state that one can be in beside it.
type estate struct {
	connection api.Connection
	edges      map[string]string // uids by state
}

func (b *bundle) estate() estate {
	b.Helper()
	b.load(gateways(gateway("gateway-4", "project-1"), gateway("gateway-5", "project-1")))
	c := b.activeConnection()
	active, failed := b.attach("records", "active", "gateway-1"), b.attach("records", "failed", "gateway-2")
	b.jobs()
	b.done(active.UID)
	if _, err := b.FailOrder(context.Background(), b.alice(), b.orderOf(failed.UID).ID, "no port"); err != nil {
		b.Fatal(err)
	}
	waits := b.attach("records", "waits", "gateway-4")
	b.jobs()
	provisioning := b.attach("records", "provisioning", "gateway-5")
	verifying := b.attach("records", "verifying", "gateway-7")
	e := estate{connection: b.connection(c.UID), edges: map[string]string{
		"active": active.UID, "failed": failed.UID, "awaiting_fulfilment": waits.UID, "provisioning": provisioning.UID,
		"pending_verification": verifying.UID,
	}}
	b.states(e, map[string]string{
		"active": "active", "failed": "failed", "awaiting_fulfilment": "awaiting_fulfilment", "provisioning": "provisioning",
		"pending_verification": "pending_verification",
	})
	return e
}

// states holds the edge attachments against what they are to be, by what they were.
func (b *bundle) states(e estate, want map[string]string) {
	b.Helper()
	for was, state := range want {
		if got := b.edge(e.edges[was]).State; got != state {
			b.Errorf("the edge attachment that was %s is %s, want %s", was, got, state)
		}
	}
}

var whileRestricted = map[string]string{
	"active": "restricted", "failed": "pending_connection", "awaiting_fulfilment": "pending_connection",
	"provisioning": "pending_connection", "pending_verification": "pending_verification",
}

// Exactly what was comes back.
func TestRestrictAndLift(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url, withUnknownGateways)
		e := b.estate()
		before := make(map[string]api.EdgeAttachment)
		for was, uid := range e.edges {
			before[was] = b.edge(uid)
		}
		b.clock.Advance(time.Hour)
		restricted := b.act(restrict, e.connection.UID)
		assertEqual(t, "state", restricted.State, "restricted")
		assertContains(t, "reason", *restricted.StateReason, "HSCN Authority (reference HA-5): a breach is being looked into.")
		assertEqual(t, "etag", restricted.Etag, e.connection.Etag)
		b.states(e, whileRestricted)
		assertContains(t, "edge's reason", *b.edge(e.edges["active"]).StateReason, "connections/records", "HA-5")
		for was, uid := range e.edges {
			if order := b.orderOf(uid); order.Open && was != "pending_verification" && order.DueAt != nil {
				t.Errorf("what was %s is due at %v while nothing can be done about it", was, order.DueAt)
			}
		}
		b.jobs()
		b.states(e, whileRestricted)
		// What arrives meanwhile waits for the lift as well.
		b.load(gateways(gateway("gateway-7", "project-1")))
		b.jobs()
		b.states(e, whileRestricted)
		_, err := b.ConfirmOrder(context.Background(), b.alice(), b.orderOf(e.edges["awaiting_fulfilment"]).ID, "", "")
		b.refused(err, problem.StateForbids)

		b.clock.Advance(time.Hour)
		lifted := b.act(lift, e.connection.UID)
		assertEqual(t, "state", lifted.State, "active")
		if lifted.StateReason != nil || *lifted.CommitmentEndsOn != *e.connection.CommitmentEndsOn || !lifted.EnabledAt.Equal(*e.connection.EnabledAt) {
			t.Errorf("lifted it is %+v", lifted)
		}
		for was, uid := range e.edges {
			if was == "pending_verification" {
				continue
			}
			after := b.edge(uid)
			assertEqual(t, "state", after.State, was)
			if after.StateReason != nil || before[was].StateReason != nil {
				assertEqual(t, "reason", *after.StateReason, *before[was].StateReason)
			}
			if order := b.orderOf(uid); order.Open && !order.DueAt.Equal(*after.EnablementDueAt) {
				t.Errorf("what was %s is due at %v, want %v", was, order.DueAt, after.EnablementDueAt)
			}
		}
		b.jobs()
		assertEqual(t, "what was on its way", b.edge(e.edges["provisioning"]).State, "awaiting_fulfilment")
		assertEqual(t, "whose gateway arrived", b.edge(e.edges["pending_verification"]).State, "awaiting_fulfilment")
		b.done(e.edges["awaiting_fulfilment"])
	})
}

func TestTerminate(t *testing.T) {
	t.Parallel()
	for name, restricted := range map[string]bool{"what is active": false, "what is restricted": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on(t, func(t *testing.T, url string) {
				b := setup(t, url, withUnknownGateways)
				e := b.estate()
				if restricted {
					b.act(restrict, e.connection.UID)
				}
				terminated := b.act(terminate, e.connection.UID)
				assertEqual(t, "state", terminated.State, "terminated")
				assertContains(t, "reason", *terminated.StateReason, "Terminated by the HSCN Authority (reference HA-5)", "destroy")
				b.jobs()
				for was, uid := range e.edges {
					assertEqual(t, "edge", b.edge(uid).State, "terminated")
					if b.orderOf(uid).Open {
						t.Errorf("the order of what was %s is still open", was)
					}
				}
				_, err := b.LiftRestriction(context.Background(), b.bob(), e.connection.UID, decision)
				assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "terminated", "until its owner destroys it")
				b.destroyed(e)
			})
		})
	}
}

// destroyed has the owner destroy what was terminated: only what may have been built has to be removed.
func (b *bundle) destroyed(e estate) {
	b.Helper()
	ctx := context.Background()
	_, err := b.DeleteConnection(ctx, b.acme(), "records", e.connection.UID)
	assertSlice(b, "findings", rulesOf(b.asProblem(err, problem.StateForbids).Findings), []string{"error connection.has-children"})
	for was, uid := range e.edges {
		_, name, err := hscn.ParseEdgeAttachmentName(b.edge(uid).Name)
		if err != nil {
			b.Fatal(err)
		}
		gone, err := b.DeleteEdgeAttachment(ctx, b.acme(), "records", name, uid)
		if err != nil {
			b.Fatal(err)
		}
		want := "ceasing"
		if was == "provisioning" || was == "pending_verification" {
			want = "ceased"
		}
		assertEqual(b, was+" is given up", gone.State, want)
	}
	gone, err := b.DeleteConnection(ctx, b.acme(), "records", e.connection.UID)
	if err != nil {
		b.Fatal(err)
	}
	assertEqual(b, "connection", gone.State, "ceasing")
	b.connect("records", "A1B2C", "project-1")
}

// No more, and never in the way of less.
func TestRestrictedConnection(t *testing.T) {
	t.Parallel()
	for state, act := range map[string]authorityAct{"restricted": restrict, "terminated": terminate} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url)
				ctx := context.Background()
				c := b.activeConnection()
				e := b.attach("records", "web", "gateway-2")
				b.jobs()
				b.done(e.UID)
				if _, err := b.UpdateEdgeAttachment(ctx, b.acme(), "records", "web", api.MergePatch{"networks": map[string]any{"front": map[string]any{"cidr": "10.9.0.0/24"}}}, e.Etag); err != nil {
					t.Fatal(err)
				}
				b.act(act, c.UID)

				wider := map[string]func() error{
					"another organisation": func() error {
						_, err := b.update(b.connection(c.UID), api.MergePatch{"ods_code": "D3E4F"})
						return err
					},
					"an edge attachment": func() error {
						_, err := b.CreateEdgeAttachment(ctx, b.acme(), "records", "more", "", edgeSpec("gateway-1"), true)
						return err
					},
					"a network": func() error {
						_, err := b.UpdateEdgeAttachment(ctx, b.acme(), "records", "web",
							api.MergePatch{"networks": map[string]any{"app": map[string]any{"cidr": "10.8.0.0/24"}}}, b.edge(e.UID).Etag)
						return err
					},
				}
				for what, order := range wider {
					p := b.asProblem(order(), problem.StateForbids)
					assertContains(t, what, p.Detail, "connections/records", state)
					if rules := rulesOf(p.Findings); !slices.Contains(rules, "error connection.suspended") {
						t.Errorf("%s: findings are %v", what, rules)
					}
				}
				corrected, err := b.update(b.connection(c.UID), api.MergePatch{"profile": map[string]any{"security_lead": map[string]any{"name": "Sue Second"}}})
				if err != nil {
					t.Fatal(err)
				}
				assertEqual(t, "security lead", corrected.Profile.SecurityLead.Name, "Sue Second")
				assertEqual(t, "state", corrected.State, state)
				assertSlice(t, "findings", rulesOf(corrected.Findings), []string{"warning connection.suspended"})
				narrowed, err := b.UpdateEdgeAttachment(ctx, b.acme(), "records", "web", api.MergePatch{"networks": nil}, b.edge(e.UID).Etag)
				if err != nil {
					t.Fatal(err)
				}
				assertEqual(t, "edge", narrowed.State, state)

				// Whoever plans sees it, of the edge attachment too.
				for what, findings := range map[string][]api.Finding{
					"connection": b.connection(c.UID).Findings, "edge attachment": b.edge(e.UID).Findings,
				} {
					assertSlice(t, what, rulesOf(findings), []string{"warning connection.suspended"})
				}
				page, err := b.EdgeAttachments(ctx, customer("acme"), orders.AllParents, api.ListEdgeAttachmentsParams{})
				if err != nil || len(page.Items) != 1 {
					t.Fatalf("listed are %+v, %v", page.Items, err)
				}
				assertSlice(t, "listed", rulesOf(page.Items[0].Findings), []string{"warning connection.suspended"})

				if _, err := b.DeleteEdgeAttachment(ctx, b.acme(), "records", "web", e.UID); err != nil {
					t.Fatal(err)
				}
				gone, err := b.DeleteConnection(ctx, b.acme(), "records", c.UID)
				if err != nil {
					t.Fatal(err)
				}
				assertEqual(t, "given up", gone.State, "ceasing")
				if len(gone.Findings) > 0 {
					t.Errorf("what is given up has the findings %v", rulesOf(gone.Findings))
				}
				b.done(c.UID)
			})
		})
	}
}

func TestAuthorityDecisionsThatDoNotFit(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url)
		ctx := context.Background()
		c := b.connect("records", "A1B2C", "project-1")
		for what, act := range map[string]func(context.Context, request.Write, string, api.AuthorityDecision) (api.Connection, error){
			"restricted": b.RestrictConnection, "terminated": b.TerminateConnection, "lifted": b.LiftRestriction,
		} {
			_, err := act(ctx, b.bob(), c.UID, decision)
			assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, what, "provisioning", "its order can be refused")
			_, err = act(ctx, b.bob(), "no-such-uid", decision)
			b.refused(err, problem.ObjectGone)
		}
		b.jobs()
		b.done(c.UID)
		_, err := b.LiftRestriction(ctx, b.bob(), c.UID, decision)
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "active", "hscn-broker connections restrict "+c.UID)

		write := b.bob()
		first, err := b.RestrictConnection(ctx, write, c.UID, decision)
		if err != nil {
			t.Fatal(err)
		}
		again, err := b.RestrictConnection(ctx, write, c.UID, decision)
		if err != nil || again.StateSince != first.StateSince {
			t.Errorf("the replay is %+v, %v", again, err)
		}
		_, err = b.RestrictConnection(ctx, b.bob(), c.UID, decision)
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "restricted", "hscn-broker connections lift "+c.UID)

		var seen []string
		err = b.db.Read(ctx, func(ctx context.Context, r *store.Reader) error {
			entries, err := r.AuditEntries(ctx, store.AuditFilter{ObjectUID: c.UID, Limit: 100})
			for _, entry := range entries {
				if entry.Action == "connection.restrict" {
					seen = append(seen, entry.Subject, slog.AnyValue(entry.Details).String())
				}
			}
			return err
		})
		if err != nil || len(seen) != 2 || seen[0] != "bob" || !containsAny(seen[1], "authority_reference:HA-5") || containsAny(seen[1], "breach") {
			t.Errorf("the audit has %v, %v", seen, err)
		}
	})
}

func TestConnectionRecords(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		b.connect("records", "A1B2C", "project-1")
		b.connect("imaging", "A1B2C", "project-2")
		if _, err := b.CreateConnection(context.Background(), b.by(customer("other")), "records", connectionSpec("X1Y2Z", "project-9"), true); err != nil {
			t.Fatal(err)
		}
		list := func(params api.ListConnectionRecordsParams) (names []string) {
			for params.PageSize = ptr(1); ; {
				page, err := b.ConnectionRecords(context.Background(), params)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range page.Items {
					names = append(names, c.Account+" "+c.Name)
				}
				if params.PageToken = page.NextPageToken; params.PageToken == nil {
					return names
				}
			}
		}
		assertSlice(t, "all", list(api.ListConnectionRecordsParams{}), []string{"acme connections/imaging", "acme connections/records", "other connections/records"})
		assertSlice(t, "of an account", list(api.ListConnectionRecordsParams{Account: ptr("other")}), []string{"other connections/records"})
		assertSlice(t, "of a name", list(api.ListConnectionRecordsParams{Name: ptr("records")}), []string{"acme connections/records", "other connections/records"})
	})
}

// Whoever stops a connection sees every gateway that carries it, also those that are to be taken off.
func TestConnectionRecord(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		ctx := context.Background()
		c := b.activeConnection()
		standing := func() (names []string) {
			t.Helper()
			record, err := b.ConnectionRecord(ctx, c.UID)
			if err != nil {
				t.Fatal(err)
			}
			shown := b.connection(c.UID)
			assertEqual(t, "version", record.Connection.Version, shown.Version)
			assertSlice(t, "findings", rulesOf(record.Connection.Findings), rulesOf(shown.Findings))
			for _, e := range record.EdgeAttachments {
				assertEqual(t, "version of "+e.Name, e.Version, b.edge(e.UID).Version)
				assertSlice(t, "findings of "+e.Name, rulesOf(e.Findings), rulesOf(b.edge(e.UID).Findings))
				names = append(names, e.Name+" "+e.State)
			}
			return names
		}
		assertSlice(t, "at first", standing(), []string{})
		app, web := b.attach("records", "app", "gateway-1"), b.attach("records", "web", "gateway-2")
		b.jobs()
		b.done(app.UID)
		b.done(web.UID)
		const edges = "connections/records/edge-attachments/"
		assertSlice(t, "attached", standing(), []string{edges + "app active", edges + "web active"})
		b.act(restrict, c.UID)
		if _, err := b.DeleteEdgeAttachment(ctx, b.acme(), "records", "app", app.UID); err != nil {
			t.Fatal(err)
		}
		assertSlice(t, "restricted", standing(), []string{edges + "web restricted", edges + "app ceasing"})
		b.done(app.UID)
		assertSlice(t, "removed", standing(), []string{edges + "web restricted"})
		_, err := b.ConnectionRecord(ctx, web.UID)
		b.refused(err, problem.ObjectGone)
	})
}

// What is refused while its connection is restricted does not come back with the lift.
func TestRefusedWhileRestricted(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url, withUnknownGateways)
		e := b.estate()
		b.act(restrict, e.connection.UID)
		uid := e.edges["provisioning"]
		if _, err := b.RefuseOrder(context.Background(), b.alice(), b.orderOf(uid).ID, "no longer wanted"); err != nil {
			t.Fatal(err)
		}
		err := b.db.Read(context.Background(), func(ctx context.Context, r *store.Reader) error {
			row, err := r.EdgeAttachmentByUID(ctx, uid)
			if row.Former != nil {
				t.Errorf("it is still to become %s again", row.Former.State)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		b.act(lift, e.connection.UID)
		b.jobs()
		assertEqual(t, "after the lift", b.edge(uid).State, "refused")
	})
}
