package orders_test

import (
	"context"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

func (b *bundle) update(c api.Connection, patch api.MergePatch) (api.Connection, error) {
	return b.UpdateConnection(context.Background(), b.acme(), c.Name[len("connections/"):], patch, c.Etag)
}

func TestUpdateConnection(t *testing.T) {
	t.Parallel()
	lead := func(email string) api.MergePatch {
		return api.MergePatch{"profile": map[string]any{"security_lead": map[string]any{"email": email}}}
	}
	cases := map[string]struct {
		patch    api.MergePatch
		want     problem.Type // empty: it goes through
		rules    []string
		pointers []string
		check    func(t *testing.T, before, after api.Connection)
	}{
		"another contact": {
			patch: lead("New.Lead@example.nhs.uk"),
			check: func(t *testing.T, before, after api.Connection) {
				assertEqual(t, "e-mail", after.Profile.SecurityLead.Email, "new.lead@example.nhs.uk")
				assertEqual(t, "name beside it", after.Profile.SecurityLead.Name, "Sol Lead")
				assertEqual(t, "state", after.State, "active")
				if after.Etag == before.Etag || after.Version == before.Version {
					t.Error("etag or version are the same after a change")
				}
			},
		},
		"the same in another spelling": {
			patch: lead(" SOL.LEAD@example.nhs.uk "),
			check: func(t *testing.T, before, after api.Connection) {
				assertEqual(t, "etag", after.Etag, before.Etag)
				assertEqual(t, "version", after.Version, before.Version)
			},
		},
		"nothing": {
			patch: api.MergePatch{},
			check: func(t *testing.T, before, after api.Connection) {
				assertEqual(t, "version", after.Version, before.Version)
			},
		},
		"a default that is taken away": {
			patch: api.MergePatch{"access": nil, "purpose": nil, "deletion_protection": nil},
			check: func(t *testing.T, before, after api.Connection) { assertEqual(t, "etag", after.Etag, before.Etag) },
		},
		"a member that is given and taken away": {
			patch: api.MergePatch{"purchase_order": "PO-2"},
			check: func(t *testing.T, _, after api.Connection) { assertEqual(t, "order", *after.PurchaseOrder, "PO-2") },
		},
		"another service": {
			patch: api.MergePatch{"service": map[string]any{"id": "project-2"}},
			want:  problem.NotOffered, pointers: []string{"/service/id"},
		},
		"deletion protection": {
			patch: api.MergePatch{"deletion_protection": true},
			check: func(t *testing.T, before, after api.Connection) {
				if !after.DeletionProtection {
					t.Error("it is not protected")
				}
				assertEqual(t, "state", after.State, before.State)
			},
		},
		"an unknown member": {
			patch: api.MergePatch{"ods_kode": "A1B2C"}, want: problem.RequestInvalid, pointers: []string{"/ods_kode"},
		},
		"a required member taken away": {
			patch: api.MergePatch{"agreement": nil}, want: problem.RequestInvalid, pointers: []string{"/agreement"},
		},
		"members of the wrong type": {
			patch: api.MergePatch{"purchase_order": 5, "profile": map[string]any{"reviewed_on": "soon"}},
			want:  problem.RequestInvalid, pointers: []string{"/profile/reviewed_on", "/purchase_order"},
		},
		"a number that cannot be kept": {
			patch: api.MergePatch{"circuits": map[string]any{"line": map[string]any{"bandwidth_mbps": 1e30}}},
			want:  problem.RequestInvalid, pointers: []string{"/circuits/line/bandwidth_mbps"},
		},
		"an organisation that nobody looked up": {
			// It is active and stays so, for the organisation that it was ordered for: that is what somebody assured.
			patch: api.MergePatch{"ods_code": "d3e4f"},
			rules: []string{"warning organisation.not-checked", "warning agreement.not-checked", "warning dspt.not-checked"},
			check: func(t *testing.T, before, after api.Connection) {
				assertEqual(t, "state", after.State, "active")
				assertEqual(t, "code", after.OdsCode, "A1B2C")
				assertEqual(t, "pending change", asText(after.PendingChange), `{"ods_code":"D3E4F"}`)
				assertEqual(t, "rests on", *after.AgreementValidatedOn, *before.AgreementValidatedOn)
			},
		},
		"an organisation that the account may not act for": {
			patch: api.MergePatch{"ods_code": "X1Y2Z"}, want: problem.PreconditionsFailed, rules: []string{"error organisation.not-bound"},
		},
		"another basis": {
			patch: api.MergePatch{"agreement": map[string]any{"basis": "flow_down"}},
			check: func(t *testing.T, _, after api.Connection) {
				assertEqual(t, "revalidate on", *after.RevalidateOn, "2027-06-01")
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url)
				before := b.activeConnection()
				b.clock.Advance(time.Hour)
				after, err := b.update(before, c.patch)
				if c.want != "" {
					p := b.asProblem(err, c.want)
					assertSlice(t, "findings", rulesOf(p.Findings), append([]string{}, c.rules...))
					assertSlice(t, "pointers", pointersOf(p.Invalid), append([]string{}, c.pointers...))
					assertEqual(t, "version", b.connection(before.UID).Version, before.Version)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				assertSlice(t, "findings", rulesOf(after.Findings), append([]string{}, c.rules...))
				assertEqual(t, "version", after.Version, b.connection(before.UID).Version)
				c.check(t, before, after)
			})
		})
	}
}

func TestUpdateOfAnOldRevision(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.connect("records", "A1B2C", "project-1")
		b.clock.Advance(time.Minute)
		other := customer("acme")
		other.Subject = "pipeline"
		changed, err := b.UpdateConnection(context.Background(), b.by(other), "records", api.MergePatch{"purchase_order": "PO-1"}, c.Etag)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.update(c, api.MergePatch{"purchase_order": "PO-2"})
		p := b.asProblem(err, problem.EtagMismatch)
		assertContains(t, "detail", p.Detail, "pipeline", "2026-06-01T08:31:00Z")
		if p.Existing == nil || *p.Existing.UpdatedBy != "pipeline" || *p.Existing.Etag != changed.Etag {
			t.Errorf("existing is %+v", p.Existing)
		}
		// Another object under the name has other revisions.
		if _, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID); err != nil {
			t.Fatal(err)
		}
		if again := b.connect("records", "A1B2C", "project-1"); again.Etag == c.Etag {
			t.Error("another object has the same etag")
		}
	})
}

func TestUpdateBeforeActive(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		policy []func(*api.Policy)
		code   string
		before func(b *bundle, c api.Connection) // brings it into a state
		patch  api.MergePatch
		state  string
	}{
		"what waits for evidence goes on without needing it": {
			code: "D3E4F", patch: api.MergePatch{"ods_code": "A1B2C"}, state: "provisioning",
		},
		"what waits for evidence stays waiting": {
			code: "D3E4F", patch: api.MergePatch{"purchase_order": "PO-1"}, state: "pending_evidence",
		},
		"what waits for approval may wait for evidence first": {
			policy: []func(*api.Policy){withApproval}, code: "A1B2C", patch: api.MergePatch{"ods_code": "D3E4F"}, state: "pending_evidence",
		},
		"what was approved is asked again when it asks for more": {
			policy: []func(*api.Policy){withApproval}, code: "A1B2C",
			before: func(b *bundle, c api.Connection) {
				if _, err := b.ApproveOrder(context.Background(), b.bob(), b.orderOf(c.UID).ID, ""); err != nil {
					b.Fatal(err)
				}
				b.jobs()
			},
			patch: api.MergePatch{"agreement": map[string]any{"basis": "flow_down"}}, state: "pending_approval",
		},
		"what was approved stays approved": {
			policy: []func(*api.Policy){withApproval}, code: "A1B2C",
			before: func(b *bundle, c api.Connection) {
				if _, err := b.ApproveOrder(context.Background(), b.bob(), b.orderOf(c.UID).ID, ""); err != nil {
					b.Fatal(err)
				}
				b.jobs()
			},
			patch: api.MergePatch{"purchase_order": "PO-1"}, state: "awaiting_fulfilment",
		},
		"what awaits fulfilment goes back for an organisation that nobody looked up": {
			code: "A1B2C", before: func(b *bundle, _ api.Connection) { b.jobs() },
			patch: api.MergePatch{"ods_code": "D3E4F"}, state: "pending_evidence",
		},
		"what awaits fulfilment stays": {
			code: "A1B2C", before: func(b *bundle, _ api.Connection) { b.jobs() },
			patch: api.MergePatch{"purchase_order": "PO-1"}, state: "awaiting_fulfilment",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url, c.policy...)
				conn := b.connect("records", c.code, "project-1")
				if c.before != nil {
					c.before(b, conn)
				}
				got, err := b.update(conn, c.patch)
				if err != nil {
					t.Fatal(err)
				}
				assertEqual(t, "state", got.State, c.state)
				assured := c.state == "provisioning" || c.state == "awaiting_fulfilment"
				assertEqual(t, "is due", got.EnablementDueAt != nil, assured)
				if b.orderOf(conn.UID).DueAt == nil {
					t.Error("the order is due at no time")
				}
			})
		})
	}
}

// A correction goes through even where what was looked up since refuses the order as a whole, which then is refused.
func TestUpdateOfWhatHasTurnedBad(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.connect("records", "D3E4F", "project-1")
		bad := organisation("D3E4F", monday)
		bad.Register = &api.RegisterRecord{LookedUpAt: monday, Found: false}
		b.load(organisations(bad))
		got, err := b.update(c, api.MergePatch{"purchase_order": "PO-1"})
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "state", got.State, "pending_evidence")
		b.jobs()
		assertEqual(t, "state after the job", b.connection(c.UID).State, "refused")
	})
}

// What was sent back from fulfilment may have been built, so that giving it up leaves something to remove.
func TestGiveUpWhatWasSentBack(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		c := b.connect("records", "A1B2C", "project-1")
		b.jobs()
		back, err := b.update(c, api.MergePatch{"ods_code": "D3E4F"})
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "state", back.State, "pending_evidence")
		gone, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "state", gone.State, "ceasing")
	})
}

func TestActivateAtMoves(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		spec := connectionSpec("A1B2C", "project-1")
		spec.ActivateAt = ptr(monday.AddDate(0, 0, 7))
		c, err := b.CreateConnection(context.Background(), b.acme(), "records", spec, true)
		if err != nil {
			t.Fatal(err)
		}
		state := func() string { b.jobs(); return b.connection(c.UID).State }
		assertEqual(t, "state", state(), "provisioning")
		later, err := b.update(c, api.MergePatch{"activate_at": monday.AddDate(0, 0, 14).Format(time.RFC3339)})
		if err != nil {
			t.Fatal(err)
		}
		assertContains(t, "reason", *later.StateReason, "15 June 2026")
		b.clock.Set(monday.AddDate(0, 0, 8))
		assertEqual(t, "state after the first date", state(), "provisioning")
		b.clock.Set(monday.AddDate(0, 0, 14))
		assertEqual(t, "state at the second date", state(), "awaiting_fulfilment")
	})
}

func TestActivateAtComesForward(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		spec := connectionSpec("A1B2C", "project-1")
		spec.ActivateAt = ptr(monday.AddDate(0, 0, 7))
		c, err := b.CreateConnection(context.Background(), b.acme(), "records", spec, true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.update(c, api.MergePatch{"activate_at": nil}); err != nil {
			t.Fatal(err)
		}
		b.jobs()
		assertEqual(t, "state", b.connection(c.UID).State, "awaiting_fulfilment")
		b.clock.Set(monday.AddDate(0, 0, 8))
		b.jobs() // the job for the old date finds nothing left to do
		assertEqual(t, "state", b.connection(c.UID).State, "awaiting_fulfilment")
	})
}
