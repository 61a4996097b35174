package orders_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/orders"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func TestJobsAreIdempotent(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.connect("records", "A1B2C", "project-1")
		waits := b.connect("evidence", "D3E4F", "project-2")
		again := func(kind, uid string) {
			err := b.db.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
				return tx.Enqueue(ctx, store.Job{Kind: kind, ObjectUID: uid}, b.clock.Now())
			})
			if err != nil {
				t.Fatal(err)
			}
			b.jobs()
		}
		b.jobs()
		versions := func() [2]string { return [2]string{b.connection(c.UID).Version, b.connection(waits.UID).Version} }
		before := versions()
		for _, kind := range []string{"advance", "judge"} {
			again(kind, c.UID)
			again(kind, waits.UID)
		}
		assertEqual(t, "versions after the same jobs again", versions(), before)
		b.done(c.UID)
		before = versions()
		again("advance", c.UID)
		again("judge", c.UID)
		assertEqual(t, "versions after late jobs", versions(), before)
	})
}

// signal is a writer that says when something was written to it.
type signal struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{}
}

func (s *signal) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.written <- struct{}{}:
	default:
	}
	return s.text.Write(p)
}

func (s *signal) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func TestPoisonedJobHoldsUpNobody(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		log := &signal{written: make(chan struct{}, 1)}
		calendar, err := hscn.NewCalendar()
		if err != nil {
			t.Fatal(err)
		}
		desk := orders.NewDesk(orders.Config{
			DB: b.db, Clock: b.clock.Now, Calendar: calendar, Logger: slog.New(slog.NewTextHandler(log, nil)),
		})
		err = b.db.Write(context.Background(), func(ctx context.Context, tx *store.Tx) error {
			return tx.Enqueue(ctx, store.Job{Kind: "advance", ObjectUID: "no-such-object"}, time.Time{})
		})
		if err != nil {
			t.Fatal(err)
		}
		c := b.connect("records", "A1B2C", "project-1")
		n, err := desk.RunDueJobs(context.Background())
		if err != nil || n != 2 {
			t.Errorf("%d jobs were done, %v", n, err)
		}
		assertEqual(t, "state", b.connection(c.UID).State, "awaiting_fulfilment")
		assertContains(t, "log", log.String(), "a job failed", "no-such-object", "attempts=1")

		// It is tried again after a while, not at once.
		if n, err := desk.RunDueJobs(context.Background()); err != nil || n != 0 {
			t.Errorf("%d jobs were done at once, %v", n, err)
		}
		b.clock.Advance(time.Second)
		if n, err := desk.RunDueJobs(context.Background()); err != nil || n != 1 {
			t.Errorf("%d jobs were done after a second, %v", n, err)
		}
		b.clock.Advance(time.Second)
		if n, err := desk.RunDueJobs(context.Background()); err != nil || n != 0 {
			t.Errorf("%d jobs were done although the wait doubles, %v", n, err)
		}
	})
}

func TestRunJobs(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- b.RunJobs(ctx) }()

		// Nothing tells a test that a job is done but the object, so it asks until then.
		until := func(uid, state string) {
			deadline := time.After(30 * time.Second)
			look := time.NewTicker(5 * time.Millisecond)
			defer look.Stop()
			for b.connection(uid).State != state {
				select {
				case <-deadline:
					t.Fatalf("the connection is not %s in 30 seconds", state)
				case <-look.C:
				}
			}
		}
		now := b.connect("records", "A1B2C", "project-1")
		until(now.UID, "awaiting_fulfilment")
		spec := connectionSpec("A1B2C", "project-2")
		spec.ActivateAt = ptr(monday.Add(time.Hour))
		later, err := b.CreateConnection(context.Background(), b.acme(), "later", spec, true)
		if err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(2 * time.Hour)
		until(later.UID, "awaiting_fulfilment")

		stop()
		if err := <-ended; err != nil {
			t.Errorf("RunJobs ends with %v", err)
		}
	})
}

func TestStorePolicy(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		ctx := context.Background()
		c := b.connect("records", "A1B2C", "project-1")

		version, changed, err := b.StorePolicy(ctx, testPolicy(t))
		if err != nil || version != "1" || changed {
			t.Errorf("the same policy again is version %s, new: %t, %v", version, changed, err)
		}
		b.clock.Advance(time.Hour)
		version, changed, err = b.StorePolicy(ctx, testPolicy(t, withApproval, func(p *api.Policy) {
			p.Connections.LeadTimeWorkingDays = 5
			zone := p.Zones["main"]
			zone.ExternalNetworkID = ptr("hscn-external-2")
			p.Zones["main"] = zone
		}))
		if err != nil || version != "2" || !changed {
			t.Errorf("another policy is version %s, new: %t, %v", version, changed, err)
		}
		inForce, err := b.GetPolicy(ctx)
		if err != nil || *inForce.Version != "2" || inForce.RulesVersion == nil || !inForce.ValidFrom.Equal(monday.Add(time.Hour)) ||
			inForce.Rules["agreement.missing"] != api.Error {
			t.Errorf("in force is %+v, %v", inForce, err)
		}

		// What stands is not judged again, and shows what is true of its zone now.
		b.jobs()
		kept := b.connection(c.UID)
		assertEqual(t, "state", kept.State, "awaiting_fulfilment")
		assertEqual(t, "policy", kept.PolicyVersion, "1")
		assertEqual(t, "due", *kept.EnablementDueAt, *c.EnablementDueAt)
		assertEqual(t, "network", *kept.ExternalNetworkID, "hscn-external-2")
		next := b.connect("next", "A1B2C", "project-2")
		assertEqual(t, "state", next.State, "pending_approval")
		assertEqual(t, "policy", next.PolicyVersion, "2")

		// A zone that policy drops is still what it was for what is there.
		if _, _, err := b.StorePolicy(ctx, testPolicy(t, func(p *api.Policy) {
			p.Zones = map[string]api.Zone{"other": p.Zones["main"]}
		})); err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "region", b.connection(c.UID).Region, "north")

		if _, _, err := b.StorePolicy(ctx, testPolicy(t, func(p *api.Policy) {
			p.ServiceTypes = map[string]api.ServiceType{"broken": {Title: "Broken", IDPattern: "(", IDExample: "("}}
		})); err == nil {
			t.Error("a policy with a broken pattern is stored")
		}
	})
}

func TestAudit(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url, withApproval)
		ctx := context.Background()
		c := b.connect("records", "D3E4F", "project-1")
		e := b.attach("records", "web", "gateway-1")
		if _, err := b.update(c, api.MergePatch{"purchase_order": "PO-1"}); err != nil {
			t.Fatal(err)
		}
		b.load(organisations(organisation("D3E4F", monday)))
		b.jobs()
		if _, err := b.ApproveOrder(ctx, b.bob(), b.orderOf(c.UID).ID, "Sam Sponsor called"); err != nil {
			t.Fatal(err)
		}
		b.jobs()
		b.done(c.UID)
		b.jobs()
		b.done(e.UID)
		if _, err := b.DeleteEdgeAttachment(ctx, b.acme(), "records", "web", e.UID); err != nil {
			t.Fatal(err)
		}
		b.done(e.UID)
		refused := b.connect("refused", "A1B2C", "project-2")
		b.attach("refused", "web", "gateway-3")
		if _, err := b.RefuseOrder(ctx, b.bob(), b.orderOf(refused.UID).ID, "sol.lead@example.nhs.uk asked for it"); err != nil {
			t.Fatal(err)
		}
		if _, err := b.LoadInventory(ctx, b.alice(), api.Inventory{Version: api.N1}, true); err != nil {
			t.Fatal(err)
		}

		var actions []string
		err := b.db.Read(ctx, func(ctx context.Context, r *store.Reader) error {
			entries, err := r.AuditEntries(ctx, store.AuditFilter{Limit: 1000})
			for _, entry := range entries {
				actions = append(actions, entry.Subject+" "+entry.Action+" "+entry.Object)
				if text := slog.AnyValue(entry.Details).String(); containsAny(text, "Sponsor", "sponsor", "example.nhs.uk", "Lead") {
					t.Errorf("the details of %s name a person: %s", entry.Action, text)
				}
				if entry.Action == "connection.create" && (entry.ChangeReference != "CHG-1" || entry.RequestID == "" || entry.Account != "acme") {
					t.Errorf("the entry %+v lacks its request", entry)
				}
			}
			if err != nil {
				return err
			}
			verified, err := r.VerifyAudit(ctx)
			if err == nil && !verified.Intact {
				t.Errorf("the chain is broken: %+v", verified)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		const conn, edge = "connections/records", "connections/records/edge-attachments/web"
		assertSlice(t, "actions", actions, []string{
			"hscn-broker policy.store ",
			"alice inventory.load ",
			"engineer@acme.example connection.create " + conn,
			"engineer@acme.example edge_attachment.create " + edge,
			"engineer@acme.example connection.update " + conn,
			"alice inventory.load ",
			"hscn-broker connection.judge " + conn,
			"bob order.approve " + conn,
			"hscn-broker connection.advance " + conn,
			"alice edge_attachment.advance " + edge,
			"alice order.done " + conn,
			"hscn-broker edge_attachment.advance " + edge,
			"alice order.done " + edge,
			"engineer@acme.example edge_attachment.delete " + edge,
			"alice order.done " + edge,
			"engineer@acme.example connection.create connections/refused",
			"engineer@acme.example edge_attachment.create connections/refused/edge-attachments/web",
			"bob edge_attachment.refuse connections/refused/edge-attachments/web",
			"bob order.refuse connections/refused",
		})
	})
}

// What a restart finds is what was there: another desk on the same database goes on with the jobs.
func TestRestart(t *testing.T) {
	t.Parallel()
	url := storetest.SQLiteURL(t)
	b := setup(t, url)
	c := b.connect("records", "A1B2C", "project-1")
	calendar, err := hscn.NewCalendar()
	if err != nil {
		t.Fatal(err)
	}
	next := orders.NewDesk(orders.Config{DB: b.db, Clock: b.clock.Now, Calendar: calendar, Logger: slog.New(slog.DiscardHandler)})
	if n, err := next.RunDueJobs(context.Background()); err != nil || n != 1 {
		t.Errorf("the next desk did %d jobs, %v", n, err)
	}
	assertEqual(t, "state", b.connection(c.UID).State, "awaiting_fulfilment")
}
