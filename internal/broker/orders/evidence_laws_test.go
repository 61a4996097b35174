package orders_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// Whatever the owner and the operator do in whatever order: one version at the most is validated, and it holds until
// another one is; one at the most waits, and it is the newest; the attributes are those of the validated version, or else
// of the newest; what waits is what is pending, and stands in the queue.
func TestEvidenceLaws(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url)
		var names atomic.Int64
		documents := []string{
			b.upload(customer("acme"), pdf("one")), b.upload(customer("acme"), pdf("two")), b.upload(customer("acme"), pdf("three")),
		}
		rapid.Check(t, func(t *rapid.T) {
			l := evidenceLife{bundle: b, name: fmt.Sprintf("copy-%d", names.Add(1)), documents: documents}
			for range rapid.IntRange(1, 25).Draw(t, "steps") {
				l.step(t)
				for i := range l.uids {
					l.check(t, i)
				}
			}
		})
	})
}

// evidenceLife is what happened under one name.
type evidenceLife struct {
	*bundle
	name      string
	documents []string
	// uids are those of all that ever had the name; holding are the numbers of the versions that were validated last, 0
	// where none was. Only the last lives, if any does.
	uids    []string
	holding []int64
	lives   bool
}

func (l *evidenceLife) step(t *rapid.T) {
	ctx := context.Background()
	spec := api.AgreementEvidenceSpec{
		OdsCode: "A1B2C", DocumentSha256: rapid.SampledFrom(l.documents).Draw(t, "document"),
		SignedOn: rapid.SampledFrom([]string{"2026-05-20", "2026-05-21"}).Draw(t, "signed"),
	}
	if rapid.Bool().Draw(t, "counter-signed") {
		spec.CountersignedOn = ptr("2026-05-25")
	}
	last := len(l.uids) - 1
	var err error
	switch operation := rapid.SampledFrom([]string{"create", "update", "update", "validate", "validate", "refuse", "delete"}).Draw(t, "operation"); operation {
	case "create":
		var made api.AgreementEvidence
		made, err = l.CreateAgreementEvidence(ctx, l.acme(), l.name, spec, true)
		if (err == nil) == l.lives {
			t.Fatalf("create: %v, and it lives: %t", err, l.lives)
		}
		if err == nil {
			l.uids, l.holding, l.lives = append(l.uids, made.UID), append(l.holding, 0), true
		}
	case "update":
		now, getErr := l.AgreementEvidence(ctx, customer("acme"), l.name)
		if (getErr == nil) != l.lives {
			t.Fatalf("get: %v, and it lives: %t", getErr, l.lives)
		}
		if getErr != nil {
			return
		}
		patch := api.MergePatch{"document_sha256": spec.DocumentSha256, "signed_on": spec.SignedOn, "countersigned_on": nil}
		if spec.CountersignedOn != nil {
			patch["countersigned_on"] = *spec.CountersignedOn
		}
		if _, err = l.UpdateAgreementEvidence(ctx, l.acme(), l.name, patch, now.Etag); err != nil {
			t.Fatalf("update: %v", err)
		}
	case "validate", "refuse":
		if last < 0 {
			return
		}
		number := rapid.Int64Range(1, 1+int64(len(l.record(l.uids[last]).Versions))).Draw(t, "version")
		if operation == "validate" {
			if _, err = l.ValidateEvidence(ctx, l.alice(), l.uids[last], number, "x"); err == nil {
				l.holding[last] = number
			}
			break
		}
		if _, err = l.RefuseEvidence(ctx, l.alice(), l.uids[last], number, "x"); err == nil && l.holding[last] == 0 {
			l.lives = false
		}
	case "delete":
		if last < 0 {
			return
		}
		_, err = l.DeleteAgreementEvidence(ctx, l.acme(), l.name, l.uids[last])
		if (err == nil) != l.lives {
			t.Fatalf("delete: %v, and it lives: %t", err, l.lives)
		}
		l.lives = false
	}
	var p *problem.Problem
	if err != nil && !errors.As(err, &p) {
		t.Fatalf("no problem: %v", err)
	}
}

func (l *evidenceLife) check(t *rapid.T, i int) {
	r := l.record(l.uids[i])
	e, lives := r.Evidence, l.lives && i == len(l.uids)-1
	var validated, received *api.EvidenceVersion
	for n := range r.Versions {
		v := &r.Versions[n]
		if v.Number != int64(n)+1 {
			t.Fatalf("version %d is called %d", n+1, v.Number)
		}
		switch v.State {
		case "validated":
			if validated != nil {
				t.Fatalf("versions %d and %d are validated", validated.Number, v.Number)
			}
			validated = v
		case "received":
			if n != len(r.Versions)-1 {
				t.Fatalf("version %d of %d waits", v.Number, len(r.Versions))
			}
			received = v
		}
	}
	shown := &r.Versions[len(r.Versions)-1]
	if validated != nil {
		shown = validated
	}
	switch holds := l.holding[i]; {
	case holds == 0 && validated != nil, holds != 0 && (validated == nil || validated.Number != holds):
		t.Fatalf("version %d was validated last, and %+v holds", holds, validated)
	}
	if e.DocumentVersion != shown.Number || specOf(e) != specOfVersion(e, *shown) {
		t.Fatalf("shows %+v, want version %+v", e, *shown)
	}
	wantState := map[bool]string{true: "validated", false: "received"}[validated != nil]
	if lives && e.State != wantState || !lives && e.State != "refused" && e.State != "ceased" {
		t.Fatalf("state %s, lives %t, want %s", e.State, lives, wantState)
	}
	if pending := lives && validated != nil && received != nil; pending != (e.PendingChange != nil) {
		t.Fatalf("pending change %v, want one: %t", e.PendingChange, pending)
	} else if pending {
		if got, want := textOf(patchedBy(declaredBy(e), *e.PendingChange)), specOfVersion(e, *received); got != want {
			t.Fatalf("pending makes %s, want %s", got, want)
		}
	}
	ordered := false
	err := l.db.Read(context.Background(), func(ctx context.Context, r *store.Reader) error {
		order, err := r.OpenOrderOf(ctx, e.UID)
		ordered = err == nil && order.Kind == store.OrderValidate
		return nil
	})
	if waits := lives && received != nil; err != nil || ordered != waits {
		t.Fatalf("an order is open: %t, and a version waits: %t, %v", ordered, waits, err)
	}
}

// declaredBy is what the attributes say.
func declaredBy(e api.AgreementEvidence) api.AgreementEvidenceSpec {
	return api.AgreementEvidenceSpec{
		OdsCode: e.OdsCode, DocumentSha256: e.DocumentSha256, SignedOn: e.SignedOn, CountersignedOn: e.CountersignedOn,
	}
}

// patchedBy applies a merge patch of text members.
func patchedBy(spec api.AgreementEvidenceSpec, patch api.MergePatch) api.AgreementEvidenceSpec {
	for member, value := range patch {
		text, given := value.(string)
		switch {
		case member == "document_sha256":
			spec.DocumentSha256 = text
		case member == "signed_on":
			spec.SignedOn = text
		case !given:
			spec.CountersignedOn = nil
		default:
			spec.CountersignedOn = &text
		}
	}
	return spec
}

func specOf(e api.AgreementEvidence) string { return textOf(declaredBy(e)) }

func specOfVersion(e api.AgreementEvidence, v api.EvidenceVersion) string {
	return textOf(api.AgreementEvidenceSpec{
		OdsCode: e.OdsCode, DocumentSha256: v.DocumentSha256, SignedOn: v.SignedOn, CountersignedOn: v.CountersignedOn,
	})
}

func textOf(s api.AgreementEvidenceSpec) string {
	countersigned := "never"
	if s.CountersignedOn != nil {
		countersigned = *s.CountersignedOn
	}
	return s.OdsCode + " " + s.DocumentSha256 + " " + s.SignedOn + " " + countersigned
}
