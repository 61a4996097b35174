package orders_test

import (
	"context"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

func TestReadingEvidenceIsAudited(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		content := pdf("for her eyes only")
		e := b.handIn("ca-2026", evidenceSpec(b.upload(customer("acme"), content)))
		name, read, err := b.EvidenceDocument(context.Background(), b.bob(), e.UID, 1)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "file", name, "ca-2026-version-1.pdf")
		assertEqual(t, "content", string(read), string(content))
		_, _, err = b.EvidenceDocument(context.Background(), b.bob(), e.UID, 2)
		b.refused(err, problem.ObjectGone)
		b.validate(e.UID, 1)

		for action, subject := range map[string]string{"create": "engineer@acme.example", "read": "bob", "validate": "alice"} {
			entries := b.audited("agreement_evidence." + action)
			if len(entries) != 1 || entries[0].Subject != subject || entries[0].ObjectUID != e.UID {
				t.Fatalf("%s: %+v, want one of %s's about %s", action, entries, subject, e.UID)
			}
			for _, value := range entries[0].Details {
				if text, _ := value.(string); containsAny(text, "eyes only", "Two signatures", "alice") {
					t.Errorf("%s says %q", action, text)
				}
			}
		}
	})
}

func TestRegisterLetter(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url)
		spec := evidenceSpec(b.upload(customer("acme"), pdf("for her eyes only")))
		e := b.handIn("ca-2026", spec)
		if r := b.validate(e.UID, 1); r.Evidence.RegisterUpdatePending || r.RegisterLetter != nil {
			t.Errorf("the register shows the agreement, and there is a letter: %v", r.RegisterLetter)
		}
		b.unregistered()
		if r := b.record(e.UID); r.RegisterLetter == nil || !r.Evidence.RegisterUpdatePending {
			t.Fatal("the register does not show the agreement, and there is no letter")
		}
		letter := *b.record(e.UID).RegisterLetter
		assertContains(t, "letter", letter, "NHS England, HSCN", "Meadow Surgery, ODS code A1B2C", "Signed on:          20 May 2026",
			"not on our copy", spec.DocumentSha256, "showed no entry of the organisation when we looked on 1 June 2026",
			"Please enter this agreement in the register", "agreement-evidence/ca-2026")
		if containsAny(letter, "eyes only", "alice", "Two signatures", "<nil>", "%!") {
			t.Errorf("the letter says too much:\n%s", letter)
		}
		// The register follows.
		b.clock.Advance(24 * time.Hour)
		b.load(organisations(organisation("A1B2C", b.clock.Now())))
		if r := b.record(e.UID); r.Evidence.RegisterUpdatePending || r.RegisterLetter != nil {
			t.Error("the register shows the agreement, and there is still a letter")
		}
		assertEqual(t, "update pending", b.evidence(e.UID).RegisterUpdatePending, false)
	})
}

func TestEvidenceRecords(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url)
		sum := b.upload(customer("acme"), pdf("one"))
		first := b.handIn("first", evidenceSpec(sum))
		b.clock.Advance(time.Hour)
		second := b.handIn("second", evidenceSpec(sum))
		b.clock.Advance(time.Hour)
		b.change(first, api.MergePatch{"signed_on": "2026-05-21"}) // it waits anew
		decided := b.handIn("decided", evidenceSpec(sum))
		b.validate(decided.UID, 1)
		for _, c := range []struct {
			params api.ListEvidenceRecordsParams
			want   []string
		}{
			{api.ListEvidenceRecordsParams{}, []string{second.Name, first.Name}},
			{api.ListEvidenceRecordsParams{Decided: ptr(true)}, []string{second.Name, first.Name, decided.Name}},
			{api.ListEvidenceRecordsParams{Decided: ptr(true), Account: ptr("other")}, nil},
		} {
			var names []string
			for c.params.PageSize = ptr(1); ; {
				page, err := b.EvidenceRecords(context.Background(), c.params)
				if err != nil {
					t.Fatal(err)
				}
				for _, item := range page.Items {
					names = append(names, item.Evidence.Name)
					assertEqual(t, "title", *item.OrganisationTitle, "Meadow Surgery")
				}
				if page.NextPageToken == nil {
					break
				}
				c.params.PageToken = page.NextPageToken
			}
			assertSlice(t, "records", names, c.want)
		}
	})
}

// The jobs' loop forgets what nothing needs: uploads that nothing names, and what was never validated.
func TestDocumentsAreForgotten(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url)
		sums := make(map[string]string)
		for _, words := range []string{"loose", "held", "refused"} {
			sums[words] = b.upload(customer("acme"), pdf(words))
		}
		held, refused := b.handIn("held", evidenceSpec(sums["held"])), b.handIn("refused", evidenceSpec(sums["refused"]))
		b.validate(held.UID, 1)
		b.turnDown(refused.UID, 1)
		if _, err := b.DeleteAgreementEvidence(context.Background(), b.acme(), "held", held.UID); err != nil {
			t.Fatal(err)
		}
		kept := func() (words []string) {
			err := b.db.Read(context.Background(), func(ctx context.Context, r *store.Reader) error {
				for _, each := range []string{"loose", "held", "refused"} {
					if _, err := r.DocumentContent(ctx, "acme", sums[each]); err == nil {
						words = append(words, each)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return words
		}
		for _, c := range []struct {
			after time.Duration
			want  []string
		}{
			{24 * time.Hour, []string{"loose", "held", "refused"}},
			{24*time.Hour + time.Second, []string{"held", "refused"}},
			{7 * 24 * time.Hour, []string{"held", "refused"}},
			{7*24*time.Hour + time.Second, []string{"held"}},
		} {
			b.clock.Set(monday.Add(c.after))
			b.Purge(context.Background())
			assertSlice(t, "kept after "+c.after.String(), kept(), c.want)
		}
		_, _, err := b.EvidenceDocument(context.Background(), b.alice(), refused.UID, 1)
		assertContains(t, "problem", b.asProblem(err, problem.ObjectGone).Detail, "never validated")
	})
}
