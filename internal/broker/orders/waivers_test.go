package orders_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
)

// waive is a waiver of acme's until the end of June.
func waive(rule string) api.WaiverSpec {
	return api.WaiverSpec{Account: "acme", Rule: rule, Until: "2026-06-30", Reason: "It is being renewed.", Reference: "CHG-17"}
}

func (b *bundle) grant(spec api.WaiverSpec) api.WaiverRecord {
	b.Helper()
	granted, err := b.GrantWaiver(context.Background(), b.alice(), spec)
	if err != nil {
		b.Fatalf("grant: %v", err)
	}
	return granted
}

// waiversOf are the rules that are waived for the account now.
func (b *bundle) waiversOf(account string) []string {
	b.Helper()
	facts, err := b.ComplianceFacts(context.Background(), customer(account), nil)
	if err != nil {
		b.Fatal(err)
	}
	texts := make([]string, len(facts.Waivers))
	for i, w := range facts.Waivers {
		texts[i] = w.Rule + " until " + w.Until
		if w.Connection != nil {
			texts[i] += " for " + *w.Connection
		}
	}
	return texts
}

func TestWaivers(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		ctx := context.Background()
		write := b.alice()
		spec := waive("dspt.not-checked")
		first, err := b.GrantWaiver(ctx, write, spec)
		if err != nil {
			t.Fatal(err)
		}
		replayed, err := b.GrantWaiver(ctx, write, spec)
		if err != nil || replayed.UID != first.UID {
			t.Errorf("the replay granted another: %+v, %v", replayed, err)
		}
		// What counts already is not granted twice: ending one would leave the other.
		for _, until := range []string{"2026-06-30", "2026-06-29"} {
			again := spec
			again.Until = until
			_, err = b.GrantWaiver(ctx, b.bob(), again)
			assertContains(t, "refusal", b.asProblem(err, problem.StateForbids).Detail, "alice granted the waiver "+first.UID, "until 2026-06-30 (CHG-17)")
		}
		b.clock.Advance(time.Hour)
		narrow := waive("profile.shared-organisation")
		narrow.Connection = ptr("connections/not-ordered-yet")
		second := b.grant(narrow)
		other := waive("dspt.stale")
		other.Account, other.Until = "other", "2026-06-01"
		third := b.grant(other)

		assertSlice(t, "acme's", b.waiversOf("acme"), []string{
			"dspt.not-checked until 2026-06-30", "profile.shared-organisation until 2026-06-30 for connections/not-ordered-yet",
		})
		assertSlice(t, "other's", b.waiversOf("other"), []string{"dspt.stale until 2026-06-01"})
		list := func(ended bool) string {
			var uids []string
			for token := (*string)(nil); ; {
				page, err := b.Waivers(ctx, api.ListWaiversParams{PageSize: ptr(1), PageToken: token, Ended: &ended})
				if err != nil {
					t.Fatal(err)
				}
				for _, w := range page.Items {
					uids = append(uids, w.UID)
				}
				if token = page.NextPageToken; token == nil {
					return strings.NewReplacer(first.UID, "first", second.UID, "second", third.UID, "third").Replace(strings.Join(uids, " "))
				}
			}
		}
		if all := list(false); all != "second third first" && all != "third second first" { // the two are of one instant
			t.Errorf("listed %s", all)
		}

		// The day is London's: at half past eleven in summer UTC still has the day before.
		b.clock.Set(time.Date(2026, time.June, 1, 23, 30, 0, 0, time.UTC))
		assertSlice(t, "other's on the day after", b.waiversOf("other"), []string{})
		assertEqual(t, "those that count on the day after", list(false), "second first")
		_, err = b.EndWaiver(ctx, b.alice(), third.UID, "Too late.")
		assertContains(t, "refusal", b.asProblem(err, problem.StateForbids).Detail, "ran out on 2026-06-01")

		ending := b.bob()
		ended, err := b.EndWaiver(ctx, ending, first.UID, "It is renewed.")
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "ended", fmt.Sprint(*ended.EndedBy, " ", *ended.EndedBecause, " ", ended.EndedAt.Equal(b.clock.Now())), "bob It is renewed. true")
		if replayed, err := b.EndWaiver(ctx, ending, first.UID, "It is renewed."); err != nil || *replayed.EndedBy != "bob" {
			t.Errorf("the replay: %+v, %v", replayed, err)
		}
		assertEqual(t, "those that count after an end", list(false), "second")
		if all := list(true); len(strings.Fields(all)) != 3 {
			t.Errorf("all are %s", all)
		}
		_, err = b.EndWaiver(ctx, b.alice(), first.UID, "Again.")
		assertContains(t, "refusal", b.asProblem(err, problem.StateForbids).Detail, "by bob", "2026-06-01T23:30:00Z")
		_, err = b.EndWaiver(ctx, b.alice(), "none", "Nothing.")
		b.refused(err, problem.ObjectGone)

		var entries []string
		for _, action := range []string{"waiver.grant", "waiver.end"} {
			for _, e := range b.audited(action) {
				entries = append(entries, fmt.Sprint(e.Subject, " ", e.Action, " ", e.Account, " ", e.Details["rule"], " ", e.Details["until"], " ", e.Details["reference"]))
				if text := fmt.Sprint(e.Details); strings.Contains(text, "renewed") {
					t.Errorf("the audit holds a free text: %s", text)
				}
			}
		}
		assertSlice(t, "entries", entries, []string{
			"alice waiver.grant acme dspt.not-checked 2026-06-30 CHG-17", "alice waiver.grant acme profile.shared-organisation 2026-06-30 CHG-17",
			"alice waiver.grant other dspt.stale 2026-06-01 CHG-17", "bob waiver.end acme dspt.not-checked <nil> <nil>",
		})
	})
}

func TestWaiversThatAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLiteURL(t))
	ctx := context.Background()
	for what, c := range map[string]struct {
		change   func(*api.WaiverSpec)
		pointers []string
		words    string
	}{
		"no such account":    {func(w *api.WaiverSpec) { w.Account = "nobody" }, []string{"/account"}, `account "nobody" is no account of this broker's`},
		"no such rule":       {func(w *api.WaiverSpec) { w.Rule = "dspt.stael" }, []string{"/rule"}, `"dspt.stael" is no rule`},
		"a fixed rule":       {func(w *api.WaiverSpec) { w.Rule = "organisation.code-format" }, []string{"/rule"}, "nobody waives"},
		"yesterday":          {func(w *api.WaiverSpec) { w.Until = "2026-05-31" }, []string{"/until"}, "2026-05-31 is past: today is 2026-06-01"},
		"no day":             {func(w *api.WaiverSpec) { w.Until = "2026-06-31" }, []string{"/until"}, "2026-06-31"},
		"no connection":      {func(w *api.WaiverSpec) { w.Connection = ptr("records") }, []string{"/connection"}, "connections/<name>"},
		"everything at once": {func(w *api.WaiverSpec) { *w = api.WaiverSpec{Connection: ptr("")} }, []string{"/account", "/connection", "/rule", "/until"}, "4 members"},
	} {
		spec := waive("dspt.stale")
		c.change(&spec)
		_, err := b.GrantWaiver(ctx, b.alice(), spec)
		p := b.asProblem(err, problem.RequestInvalid)
		assertSlice(t, what+": pointers", pointersOf(p.Invalid), c.pointers)
		assertContains(t, what, p.Detail, c.words)
	}
	machine := operator("robot")
	machine.Kind = request.Machine
	_, err := b.GrantWaiver(ctx, b.by(machine), waive("dspt.stale"))
	b.refused(err, problem.Forbidden)
	_, err = b.EndWaiver(ctx, b.by(machine), b.grant(waive("dspt.stale")).UID, "x")
	b.refused(err, problem.Forbidden)
	longer := waive("dspt.stale")
	longer.Until = "2026-07-31"
	b.grant(longer)
	last := waive("dspt.ends-early")
	last.Until = "2026-06-01"
	b.grant(last)
}

// An order that waits for what is waived goes on, and one that rests on a waiver that is ended before it is done is
// judged without it.
func TestWaiversHaveOrdersGoOn(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url, withApproval)
		ctx := context.Background()
		lapsed := organisation("D3E4F", monday)
		lapsed.Dspt = nil
		b.load(organisations(lapsed))
		c := b.connect("dale", "D3E4F", "project-2")
		assertEqual(t, "state", c.State, "pending_evidence")
		granted := b.grant(waive("dspt.not-checked"))
		b.jobs()
		assertEqual(t, "state with a waiver", b.connection(c.UID).State, "pending_approval")

		if _, err := b.EndWaiver(ctx, b.alice(), granted.UID, "A mistake."); err != nil {
			t.Fatal(err)
		}
		b.jobs()
		assertEqual(t, "state without it again", b.connection(c.UID).State, "pending_evidence")
	})
}

// What would be refused is ordered with a warning where its rule is waived, for the account or for the connection alone.
func TestWaiversLetAnOrderThrough(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLiteURL(t))
	ctx := context.Background()
	lapsed := organisation("D3E4F", monday)
	lapsed.Dspt.Status = ptr("23/24 Standards Met")
	b.load(organisations(lapsed))
	order := func(name string) error {
		_, err := b.CreateConnection(ctx, b.acme(), name, connectionSpec("D3E4F", "project-2"), true)
		return err
	}
	b.refused(order("dale"), problem.PreconditionsFailed)
	narrow := waive("dspt.stale")
	narrow.Connection = ptr("connections/dale")
	b.grant(narrow)
	b.refused(order("hill"), problem.PreconditionsFailed)
	made := b.connect("dale", "D3E4F", "project-2")
	assertContains(t, "findings", strings.Join(rulesOf(made.Findings), " "), "warning dspt.stale")
}
