package orders_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
)

func evidenceSpec(sum string) api.AgreementEvidenceSpec {
	return api.AgreementEvidenceSpec{OdsCode: "a1b2c", DocumentSha256: sum, SignedOn: "2026-05-20"}
}

// handIn hands in a signed copy of acme's.
func (b *bundle) handIn(name string, spec api.AgreementEvidenceSpec) api.AgreementEvidence {
	b.Helper()
	e, err := b.CreateAgreementEvidence(context.Background(), b.acme(), name, spec, true)
	if err != nil {
		b.Fatalf("hand in %s: %v", name, err)
	}
	return e
}

// change hands in a new version of acme's.
func (b *bundle) change(e api.AgreementEvidence, patch api.MergePatch) api.AgreementEvidence {
	b.Helper()
	changed, err := b.UpdateAgreementEvidence(context.Background(), b.acme(), strings.TrimPrefix(e.Name, "agreement-evidence/"), patch, e.Etag)
	if err != nil {
		b.Fatalf("change %s: %v", e.Name, err)
	}
	return changed
}

// validate is alice's word for a version.
func (b *bundle) validate(uid string, version int64) api.EvidenceRecord {
	b.Helper()
	r, err := b.ValidateEvidence(context.Background(), b.alice(), uid, version, "Two signatures, of 20 May 2026.")
	if err != nil {
		b.Fatalf("validate version %d: %v", version, err)
	}
	return r
}

// turnDown refuses a version.
func (b *bundle) turnDown(uid string, version int64) api.EvidenceRecord {
	b.Helper()
	r, err := b.RefuseEvidence(context.Background(), b.alice(), uid, version, "The second page is missing")
	if err != nil {
		b.Fatalf("refuse version %d: %v", version, err)
	}
	return r
}

// record is the operator's.
func (b *bundle) record(uid string) api.EvidenceRecord {
	b.Helper()
	r, err := b.EvidenceRecord(context.Background(), uid)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// evidence is a signed copy as it is now, by uid.
func (b *bundle) evidence(uid string) api.AgreementEvidence {
	b.Helper()
	o, err := b.Object(context.Background(), customer("acme"), uid)
	if err != nil || o.AgreementEvidence == nil || o.Kind != "agreement_evidence" {
		b.Fatalf("object %s: %+v, %v", uid, o, err)
	}
	return *o.AgreementEvidence
}

func versionStates(r api.EvidenceRecord) string {
	states := make([]string, len(r.Versions))
	for i, v := range r.Versions {
		states[i] = v.State
	}
	return strings.Join(states, " ")
}

// unregistered takes A1B2C's agreement out of the register.
func (b *bundle) unregistered() {
	b.Helper()
	b.load(organisations(api.InventoryOrganisation{
		OdsCode: "A1B2C", Register: &api.RegisterRecord{LookedUpAt: b.clock.Now().Add(time.Minute), Found: false},
	}))
}

func TestEvidenceIsReceivedAndValidated(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		b.unregistered()
		sum := b.upload(customer("acme"), pdf("one"))
		write := b.acme()
		e, err := b.CreateAgreementEvidence(context.Background(), write, "ca-2026", evidenceSpec(sum), true)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "name", e.Name, "agreement-evidence/ca-2026")
		assertEqual(t, "state", e.State, "received")
		assertEqual(t, "ODS code", e.OdsCode, "A1B2C")
		assertEqual(t, "document", e.DocumentSha256, sum)
		assertEqual(t, "version of the document", e.DocumentVersion, 1)
		assertEqual(t, "update pending", e.RegisterUpdatePending, false)
		assertContains(t, "reason", *e.StateReason, "Version 1 waits", "Tuesday 2 June 2026, 17:30 BST")

		order := b.orderOf(e.UID)
		assertEqual(t, "kind", order.Kind, "validate")
		assertEqual(t, "object", order.Object, e.Name)
		assertEqual(t, "state", order.State, "received")
		assertEqual(t, "waits for", *order.WaitsFor, "validation")
		assertEqual(t, "due", order.DueAt.Format(time.RFC3339), "2026-06-02T16:30:00Z")
		assertContains(t, "steps", strings.Join(order.Steps, "\n"), "A1B2C (Meadow Surgery)", "20 May 2026",
			"hscn-broker evidence document "+e.UID, "hscn-broker evidence validate "+e.UID, "hscn-broker evidence refuse "+e.UID)

		c, err := b.CreateConnection(context.Background(), b.acme(), "records", restingSpec(e.Name), true)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "connection", c.State, "pending_evidence")
		b.jobs()
		assertEqual(t, "connection", b.connection(c.UID).State, "pending_evidence")

		b.clock.Advance(time.Hour)
		validation := b.alice()
		r, err := b.ValidateEvidence(context.Background(), validation, e.UID, 1, "Two signatures.")
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "state", r.Evidence.State, "validated")
		assertEqual(t, "etag", r.Evidence.Etag, e.Etag)
		assertEqual(t, "versions", versionStates(r), "validated")
		assertEqual(t, "seen", *r.Versions[0].Saw, "Two signatures.")
		assertEqual(t, "by", *r.Versions[0].DecidedBy, "alice")
		assertEqual(t, "at", *r.Versions[0].DecidedAt, monday.Add(time.Hour))
		assertEqual(t, "update pending", r.Evidence.RegisterUpdatePending, true)
		assertSlice(t, "connections", r.Connections, []string{"connections/records"})
		order = b.orderOf(e.UID)
		assertEqual(t, "open", order.Open, false)
		assertEqual(t, "closed by", *order.ClosedBy, "alice")

		b.jobs()
		assertEqual(t, "connection", b.connection(c.UID).State, "awaiting_fulfilment")

		// A repetition is answered by what is there now.
		again, err := b.ValidateEvidence(context.Background(), validation, e.UID, 1, "Two signatures.")
		if err != nil || again.Evidence.State != "validated" {
			t.Errorf("the repetition is answered by %+v, %v", again, err)
		}
		now, err := b.CreateAgreementEvidence(context.Background(), write, "ca-2026", evidenceSpec(sum), true)
		if err != nil || now.State != "validated" {
			t.Errorf("the repetition is answered by %+v, %v", now, err)
		}
	})
}

func restingSpec(evidence string) api.ConnectionSpec {
	spec := connectionSpec("A1B2C", "project-1")
	spec.Agreement.EvidenceID = &evidence
	return spec
}

func TestCreateEvidenceIsRefused(t *testing.T) {
	t.Parallel()
	sum := sumOfBytes(pdf("one"))
	cases := map[string]struct {
		name        string
		change      func(*api.AgreementEvidenceSpec)
		account     string
		unprotected bool
		want        problem.Type
		members     []string
		rules       []string
		words       []string
	}{
		"no such document": {
			change: func(s *api.AgreementEvidenceSpec) { s.DocumentSha256 = sumOfBytes(pdf("never sent")) },
			want:   problem.NotOffered, members: []string{"/document_sha256"}, words: []string{"PUT /v1/documents/" + sumOfBytes(pdf("never sent"))},
		},
		"another account's document": {
			account: "other", change: func(s *api.AgreementEvidenceSpec) { s.OdsCode = "X1Y2Z" },
			want: problem.NotOffered, members: []string{"/document_sha256"},
		},
		"no precondition": {unprotected: true, want: problem.PreconditionRequired},
		"no such day": {
			change: func(s *api.AgreementEvidenceSpec) { s.SignedOn = "2026-02-30" },
			want:   problem.RequestInvalid, members: []string{"/signed_on"},
		},
		"counter-signed first": {
			change: func(s *api.AgreementEvidenceSpec) { s.CountersignedOn = ptr("2026-05-19") },
			want:   problem.RequestInvalid, members: []string{"/countersigned_on"}, words: []string{"2026-05-20"},
		},
		"a bad name": {name: "CA 2026", want: problem.PreconditionsFailed, rules: []string{"error name.format"}},
		"not bound": {
			change: func(s *api.AgreementEvidenceSpec) { s.OdsCode = "X1Y2Z" },
			want:   problem.PreconditionsFailed, rules: []string{"error organisation.not-bound"},
		},
		"older than the agreement": {
			change: func(s *api.AgreementEvidenceSpec) { s.SignedOn = "2016-01-01" },
			want:   problem.PreconditionsFailed, rules: []string{"error agreement.predates"},
		},
		"the name is taken": {name: "taken", want: problem.NameTaken, rules: []string{"error name.taken"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url)
				b.upload(customer("acme"), pdf("one"))
				b.handIn("taken", evidenceSpec(sum))
				spec, account, called := evidenceSpec(sum), "acme", "ca-2026"
				if c.change != nil {
					c.change(&spec)
				}
				if c.account != "" {
					account = c.account
				}
				if c.name != "" {
					called = c.name
				}
				_, err := b.CreateAgreementEvidence(context.Background(), b.by(customer(account)), called, spec, !c.unprotected)
				p := b.asProblem(err, c.want)
				assertContains(t, "problem", p.Detail, c.words...)
				if c.members != nil {
					assertSlice(t, "members", pointersOf(p.Invalid), c.members)
				}
				if c.rules != nil {
					assertSlice(t, "rules", rulesOf(p.Findings), c.rules)
				}
			})
		})
	}
}

func TestEvidenceVersions(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		one, two := b.upload(customer("acme"), pdf("one")), b.upload(customer("acme"), pdf("two"))
		e := b.handIn("ca-2026", evidenceSpec(one))
		stale := e

		// Where none is validated the newest shows, and the older gives way.
		e = b.change(e, api.MergePatch{"countersigned_on": "2026-05-25"})
		assertEqual(t, "version", e.DocumentVersion, 2)
		assertEqual(t, "counter-signed", *e.CountersignedOn, "2026-05-25")
		if e.PendingChange != nil {
			t.Errorf("pending: %v", *e.PendingChange)
		}
		assertEqual(t, "versions", versionStates(b.record(e.UID)), "superseded received")
		_, err := b.UpdateAgreementEvidence(context.Background(), b.acme(), "ca-2026", api.MergePatch{"signed_on": "2026-05-21"}, stale.Etag)
		b.refused(err, problem.EtagMismatch)
		_, err = b.UpdateAgreementEvidence(context.Background(), b.acme(), "ca-2026", api.MergePatch{"signed_on": "2026-05-21"}, "")
		b.refused(err, problem.PreconditionRequired)
		_, err = b.UpdateAgreementEvidence(context.Background(), b.acme(), "ca-2026", api.MergePatch{"ods_code": "D3E4F"}, e.Etag)
		assertSlice(t, "members", pointersOf(b.asProblem(err, problem.NotOffered).Invalid), []string{"/ods_code"})
		same := b.change(e, api.MergePatch{"ods_code": " a1b2c"})
		assertEqual(t, "another spelling", same.Etag, e.Etag)

		_, err = b.ValidateEvidence(context.Background(), b.alice(), e.UID, 1, "x")
		assertContains(t, "problem", b.asProblem(err, problem.StateForbids).Detail, "superseded", "Version 2 is the one that waits")
		_, err = b.ValidateEvidence(context.Background(), b.alice(), e.UID, 3, "x")
		b.refused(err, problem.ObjectGone)
		_, err = b.ValidateEvidence(context.Background(), b.alice(), "00000000-0000-4000-8000-000000000000", 1, "x")
		b.refused(err, problem.ObjectGone)
		b.validate(e.UID, 2)

		// Where one is validated it holds and shows, and the newer one is what is pending.
		e = b.change(e, api.MergePatch{"document_sha256": two, "countersigned_on": nil})
		assertEqual(t, "state", e.State, "validated")
		assertEqual(t, "version", e.DocumentVersion, 2)
		assertEqual(t, "document", e.DocumentSha256, one)
		assertEqual(t, "pending", len(*e.PendingChange), 2)
		assertEqual(t, "pending document", (*e.PendingChange)["document_sha256"], any(two))
		assertEqual(t, "pending counter-signature", (*e.PendingChange)["countersigned_on"], nil)
		assertContains(t, "reason", *e.StateReason, "Version 3 waits", "until then version 2 holds")
		order := b.orderOf(e.UID)
		assertEqual(t, "open", order.Open, true)
		assertContains(t, "steps", strings.Join(order.Steps, "\n"), "Compare it with version 2")

		// What is refused is discarded, and what was planned over it is out of date.
		r := b.turnDown(e.UID, 3)
		assertEqual(t, "state", r.Evidence.State, "validated")
		assertEqual(t, "versions", versionStates(r), "superseded validated refused")
		if r.Evidence.Etag == e.Etag {
			t.Error("it has the revision of what was refused")
		}
		assertContains(t, "reason", *r.Evidence.StateReason, "Version 3 was refused", "The second page is missing.", "Version 2 holds on")
		if r.Evidence.PendingChange != nil {
			t.Errorf("pending: %v", *r.Evidence.PendingChange)
		}
		assertEqual(t, "note", *b.orderOf(e.UID).Note, "The second page is missing")

		// What waits can be taken back, and nobody has to look at what holds again.
		e = b.change(r.Evidence, api.MergePatch{"document_sha256": two})
		e = b.change(e, api.MergePatch{"document_sha256": one})
		assertEqual(t, "versions", versionStates(b.record(e.UID)), "superseded validated refused superseded")
		assertEqual(t, "open", b.orderOf(e.UID).Open, false)
		if e.PendingChange != nil || e.StateReason != nil {
			t.Errorf("pending %v, reason %v", e.PendingChange, e.StateReason)
		}

		e = b.change(e, api.MergePatch{"document_sha256": two, "signed_on": "2026-05-21"})
		r = b.validate(e.UID, 5)
		assertEqual(t, "versions", versionStates(r), "superseded superseded refused superseded validated")
		assertEqual(t, "document", r.Evidence.DocumentSha256, two)
		assertEqual(t, "signed", r.Evidence.SignedOn, "2026-05-21")
	})
}

func TestEvidenceIsRefusedForGood(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		b.unregistered()
		sum := b.upload(customer("acme"), pdf("one"))
		e := b.handIn("ca-2026", evidenceSpec(sum))
		c, err := b.CreateConnection(context.Background(), b.acme(), "records", restingSpec(e.Name), true)
		if err != nil {
			t.Fatal(err)
		}
		r := b.turnDown(e.UID, 1)
		assertEqual(t, "state", r.Evidence.State, "refused")
		assertContains(t, "reason", *r.Evidence.StateReason, "The second page is missing.")
		_, err = b.AgreementEvidence(context.Background(), customer("acme"), "ca-2026")
		b.refused(err, problem.ObjectGone)
		assertEqual(t, "by uid", b.evidence(e.UID).State, "refused")
		_, err = b.ValidateEvidence(context.Background(), b.alice(), e.UID, 1, "x")
		b.refused(err, problem.StateForbids)

		b.jobs()
		refused := b.connection(c.UID)
		assertEqual(t, "connection", refused.State, "refused")
		assertContains(t, "reason", *refused.StateReason, "agreement.evidence-unknown",
			`The agreement evidence "agreement-evidence/ca-2026" was refused: The second page is missing.`, "Hand in another copy")
		_, err = b.CreateConnection(context.Background(), b.acme(), "again", restingSpec(e.Name), true)
		assertContains(t, "finding", b.asProblem(err, problem.PreconditionsFailed).Findings[0].Detail, "The second page is missing.")

		// The name is free, and the old one stays in sight for a while.
		b.handIn("ca-2026", evidenceSpec(sum))
		for after, want := range map[time.Duration]int{0: 2, 91 * 24 * time.Hour: 1} {
			b.clock.Set(monday.Add(after))
			page, err := b.AgreementEvidences(context.Background(), customer("acme"), api.ListAgreementEvidenceParams{})
			if err != nil {
				t.Fatal(err)
			}
			assertEqual(t, "listed", len(page.Items), want)
		}
		page, err := b.AgreementEvidences(context.Background(), customer("other"), api.ListAgreementEvidenceParams{})
		if err != nil || len(page.Items) > 0 {
			t.Errorf("another account's listing: %+v, %v", page, err)
		}
	})
}

func TestEvidenceIsTakenBack(t *testing.T) {
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
		b.jobs()
		b.done(c.UID)
		e = b.change(e, api.MergePatch{"document_sha256": two})

		_, err = b.DeleteAgreementEvidence(context.Background(), b.acme(), "ca-2026", "00000000-0000-4000-8000-000000000000")
		b.refused(err, problem.ObjectGone)
		write := b.acme()
		gone, err := b.DeleteAgreementEvidence(context.Background(), write, "ca-2026", e.UID)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "state", gone.State, "ceased")
		assertEqual(t, "shows the version that held", gone.DocumentSha256, one)
		if again, err := b.DeleteAgreementEvidence(context.Background(), write, "ca-2026", e.UID); err != nil || again.State != "ceased" {
			t.Errorf("the repetition is answered by %+v, %v", again, err)
		}
		_, err = b.AgreementEvidence(context.Background(), customer("acme"), "ca-2026")
		b.refused(err, problem.ObjectGone)
		assertEqual(t, "open", b.orderOf(e.UID).Open, false)

		// What rests on it does not fall with it.
		b.jobs()
		assertEqual(t, "connection", b.connection(c.UID).State, "active")
		r := b.record(e.UID)
		assertEqual(t, "versions", versionStates(r), "validated received")
		assertSlice(t, "connections", r.Connections, []string{"connections/records"})
		_, content, err := b.EvidenceDocument(context.Background(), b.alice(), e.UID, 1)
		if err != nil || string(content) != string(pdf("one")) {
			t.Errorf("the document that a connection rests on: %q, %v", content, err)
		}
		_, err = b.ValidateEvidence(context.Background(), b.alice(), e.UID, 2, "x")
		assertContains(t, "problem", b.asProblem(err, problem.StateForbids).Detail, "ceased")

		b.handIn("ca-2026", evidenceSpec(one)) // the name is free
		assertSlice(t, "connections", b.record(e.UID).Connections, []string{"connections/records"})
	})
}

func TestValidateEvidenceIsAPersons(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url, withSecondPerson)
		sum := b.upload(customer("acme"), pdf("one"))
		both := operator("alice")
		both.Account, both.Roles = "acme", append(both.Roles, api.RoleCustomer)
		e, err := b.CreateAgreementEvidence(context.Background(), b.by(both), "ca-2026", evidenceSpec(sum), true)
		if err != nil {
			t.Fatal(err)
		}
		assertContains(t, "steps", strings.Join(b.orderOf(e.UID).Steps, "\n"), "another person than alice")
		_, err = b.ValidateEvidence(context.Background(), b.alice(), e.UID, 1, "x")
		assertContains(t, "problem", b.asProblem(err, problem.StateForbids).Detail, "another person", "alice handed it in")
		machine := operator("robot")
		machine.Kind = request.Machine
		_, err = b.ValidateEvidence(context.Background(), b.by(machine), e.UID, 1, "x")
		b.refused(err, problem.Forbidden)
		if _, err := b.ValidateEvidence(context.Background(), b.bob(), e.UID, 1, "x"); err != nil {
			t.Error(err)
		}
	})
}

// The order of a signed copy stands in the queue, and the queue's own commands leave it alone.
func TestEvidenceOrderIsDecidedElsewhere(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url)
		e := b.handIn("ca-2026", evidenceSpec(b.upload(customer("acme"), pdf("one"))))
		id := b.orderOf(e.UID).ID
		for verb, decide := range map[string]func() (api.Order, error){
			"approve": func() (api.Order, error) { return b.ApproveOrder(context.Background(), b.alice(), id, "") },
			"refuse":  func() (api.Order, error) { return b.RefuseOrder(context.Background(), b.alice(), id, "no") },
			"fail":    func() (api.Order, error) { return b.FailOrder(context.Background(), b.alice(), id, "no") },
		} {
			_, err := decide()
			assertContains(t, verb, b.asProblem(err, problem.StateForbids).Detail, "hscn-broker evidence validate "+e.UID)
		}
		assertEqual(t, "state", b.evidence(e.UID).State, "received")
	})
}
