package orders_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// restedOn is the version that the connection keeps.
func (b *bundle) restedOn(uid string) string {
	b.Helper()
	var version string
	err := b.db.Read(context.Background(), func(ctx context.Context, r *store.Reader) error {
		row, err := r.ConnectionByUID(ctx, uid)
		version = row.EvidenceVersionUID
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return version
}

// widen asks for more on a connection of acme's: another organisation routes through it.
func (b *bundle) widen(c api.Connection, code string) (api.Connection, error) {
	b.Helper()
	return b.UpdateConnection(context.Background(), b.acme(), strings.TrimPrefix(c.Name, "connections/"), api.MergePatch{
		"profile": map[string]any{"shared_with": map[string]any{code: map[string]any{"basis": "connection_agreement", "bound_by_terms": true}}},
	}, b.connection(c.UID).Etag)
}

// What a connection rests on stays under it when the copy is taken back, or another has its name, so that it can be
// changed as before; nothing else rests on it.
func TestConnectionRestsOnAKeptVersion(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		b.unregistered()
		one, two := b.upload(customer("acme"), pdf("one")), b.upload(customer("acme"), pdf("two"))
		e := b.handIn("ca-2026", evidenceSpec(one))
		b.validate(e.UID, 1)
		c, err := b.CreateConnection(context.Background(), b.acme(), "records", restingSpec(e.Name), true)
		if err != nil {
			t.Fatal(err)
		}
		kept := b.restedOn(c.UID)
		if kept == "" {
			t.Fatal("it rests on no version")
		}
		if _, err := b.DeleteAgreementEvidence(context.Background(), b.acme(), "ca-2026", e.UID); err != nil {
			t.Fatal(err)
		}

		// While it is on its way, the whole order is judged again.
		if _, err := b.widen(c, "D3E4F"); err != nil {
			t.Fatalf("widened on its way: %v", err)
		}
		b.jobs()
		assertEqual(t, "state", b.connection(c.UID).State, "awaiting_fulfilment")
		assertEqual(t, "rests on the same version", b.restedOn(c.UID), kept)
		b.done(c.UID)
		if _, err := b.widen(c, "X1Y2Z"); err != nil {
			t.Fatalf("widened: %v", err)
		}

		// The facts of a plan say so too.
		facts, err := b.ComplianceFacts(context.Background(), customer("acme"), nil)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "live copies", len(facts.AgreementEvidence), 0)
		if len(facts.KeptEvidence) != 1 {
			t.Fatalf("kept: %+v", facts.KeptEvidence)
		}
		assertEqual(t, "of", facts.KeptEvidence[0].Connection, c.Name)
		assertEqual(t, "name", facts.KeptEvidence[0].Evidence.Name, e.Name)
		assertEqual(t, "organisation", facts.KeptEvidence[0].Evidence.OdsCode, "A1B2C")
		assertEqual(t, "validated", facts.KeptEvidence[0].Evidence.Validated, true)
		others, err := b.ComplianceFacts(context.Background(), customer("other"), nil)
		if err != nil || len(others.KeptEvidence) != 0 {
			t.Errorf("another account is told of %+v, %v", others.KeptEvidence, err)
		}

		// Another connection finds nothing under the name.
		spec := restingSpec(e.Name)
		spec.Service.ID = "project-2"
		_, err = b.CreateConnection(context.Background(), b.acme(), "second", spec, true)
		assertEqual(t, "rule", rulesOf(b.asProblem(err, problem.PreconditionsFailed).Findings)[0], "error agreement.evidence-unknown")

		// A copy of the same name that nobody has looked at changes nothing, one that is validated takes its place.
		again := b.handIn("ca-2026", evidenceSpec(two))
		if _, err := b.widen(c, "K1L2M"); err != nil {
			t.Fatalf("widened beside a copy that waits: %v", err)
		}
		b.validate(again.UID, 1)
		facts, err = b.ComplianceFacts(context.Background(), customer("acme"), nil)
		if err != nil || len(facts.KeptEvidence) != 0 {
			t.Errorf("kept: %+v, %v", facts.KeptEvidence, err)
		}
		assertEqual(t, "rests on the same version", b.restedOn(c.UID), kept)

		// Whoever names another copy gives the kept one up.
		third := b.handIn("ca-2027", evidenceSpec(one))
		b.validate(third.UID, 1)
		_, err = b.UpdateConnection(context.Background(), b.acme(), "records",
			api.MergePatch{"agreement": map[string]any{"evidence_id": third.Name}}, b.connection(c.UID).Etag)
		if err != nil {
			t.Fatal(err)
		}
		if b.restedOn(c.UID) == kept {
			t.Error("it rests on the version of a copy that it does not name")
		}
	})
}

// What one order rests on is not what an order of the same name rests on later.
func TestAKeptVersionDiesWithItsConnection(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url)
		b.unregistered()
		e := b.handIn("ca-2026", evidenceSpec(b.upload(customer("acme"), pdf("one"))))
		b.validate(e.UID, 1)
		c, err := b.CreateConnection(context.Background(), b.acme(), "records", restingSpec(e.Name), true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.DeleteAgreementEvidence(context.Background(), b.acme(), "ca-2026", e.UID); err != nil {
			t.Fatal(err)
		}
		if _, err := b.DeleteConnection(context.Background(), b.acme(), "records", c.UID); err != nil {
			t.Fatal(err)
		}
		_, err = b.CreateConnection(context.Background(), b.acme(), "records", restingSpec(e.Name), true)
		assertEqual(t, "rule", rulesOf(b.asProblem(err, problem.PreconditionsFailed).Findings)[0], "error agreement.evidence-unknown")
	})
}

// What is refused is no longer declared: a change that was planned over it would be made of another version.
func TestAChangeThatWasPlannedOverARefusedVersion(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		one, two := b.upload(customer("acme"), pdf("one")), b.upload(customer("acme"), pdf("two"))
		e := b.handIn("ca-2026", evidenceSpec(one))
		b.validate(e.UID, 1)
		planned := b.change(e, api.MergePatch{"document_sha256": two})
		b.clock.Advance(time.Hour)
		b.turnDown(e.UID, 2)

		_, err := b.UpdateAgreementEvidence(context.Background(), b.acme(), "ca-2026",
			api.MergePatch{"countersigned_on": "2026-05-25"}, planned.Etag)
		p := b.asProblem(err, problem.EtagMismatch)
		assertContains(t, "problem", p.Detail, "alice", "2026-06-01T09:30:00Z")
		assertEqual(t, "versions", versionStates(b.record(e.UID)), "validated refused")
	})
}

// The audit says which signed copy an order rests on, and when somebody looked at it.
func TestTheAuditNamesTheSignedCopy(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url)
		b.unregistered()
		e := b.handIn("ca-2026", evidenceSpec(b.upload(customer("acme"), pdf("one"))))
		if _, err := b.CreateConnection(context.Background(), b.acme(), "records", restingSpec(e.Name), true); err != nil {
			t.Fatal(err)
		}
		b.clock.Advance(time.Hour)
		b.validate(e.UID, 1)
		b.jobs()
		entries := b.audited("connection.judge")
		if len(entries) != 1 {
			t.Fatalf("entries are %+v", entries)
		}
		cited, _ := entries[0].Details["evidence"].(map[string]any)
		assertEqual(t, "signed copy", cited["signed_copy"], any(e.Name))
		assertEqual(t, "validated", cited["signed_copy_validated"], any("2026-06-01T09:30:00Z"))
	})
}

// What an account hands in is nobody else's to wait for.
func TestEvidenceJudgesItsOwnAccountsOrders(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url)
		b.load(organisations(api.InventoryOrganisation{OdsCode: "X1Y2Z", Register: &api.RegisterRecord{LookedUpAt: monday.AddDate(-1, 0, 0), Found: true}}))
		b.clock.Advance(100 * 24 * time.Hour)
		theirs, err := b.CreateConnection(context.Background(), b.by(customer("other")), "theirs", connectionSpec("X1Y2Z", "project-9"), true)
		if err != nil || theirs.State != "pending_evidence" {
			t.Fatalf("theirs is %s, %v", theirs.State, err)
		}
		b.jobs()
		e := b.handIn("ca-2026", evidenceSpec(b.upload(customer("acme"), pdf("one"))))
		b.validate(e.UID, 1)
		if n, err := b.RunDueJobs(context.Background()); err != nil || n != 0 {
			t.Errorf("%d jobs about others' orders, %v", n, err)
		}
	})
}
