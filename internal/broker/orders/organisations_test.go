package orders_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
)

// audited are the entries of the audit with that action, oldest first.
func (b *bundle) audited(action string) []store.AuditEntry {
	b.Helper()
	var found []store.AuditEntry
	err := b.db.Read(context.Background(), func(ctx context.Context, r *store.Reader) error {
		entries, err := r.AuditEntries(ctx, store.AuditFilter{Limit: 1000})
		for _, e := range entries {
			if e.Action == action {
				found = append(found, e)
			}
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return found
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLiteURL(t))
	var listed []string
	for token := (*string)(nil); ; {
		page, err := b.Accounts(context.Background(), api.ListAccountsParams{PageSize: ptr(1), PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Items {
			listed = append(listed, fmt.Sprint(a.ID, " ", a.Title, " ", a.Kind, " ", a.Organisations, " ", a.Retired))
		}
		if token = page.NextPageToken; token == nil {
			break
		}
	}
	assertSlice(t, "accounts", listed, []string{"acme Acme customer [A1B2C D3E4F] false", "other Other customer [X1Y2Z] false"})
	_, err := b.Accounts(context.Background(), api.ListAccountsParams{PageToken: ptr("no token")})
	b.refused(err, problem.RequestInvalid)
}

func TestBindings(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url, withBindings)
		ctx := context.Background()
		b.load(organisations(organisation("Q1Q1Q", monday)))
		asked := b.connect("records", "Q1Q1Q", "project-1")
		assertEqual(t, "state of what asks for a binding", asked.State, "pending_verification")

		spec := api.BindingSpec{Reference: ptr("LA-17")}
		write := b.alice()
		account, err := b.BindOrganisation(ctx, write, "acme", " q1q1q ", spec)
		if err != nil {
			t.Fatal(err)
		}
		assertSlice(t, "organisations", account.Organisations, []string{"A1B2C", "D3E4F", "Q1Q1Q"})
		b.jobs()
		assertEqual(t, "state after the binding", b.connection(asked.UID).State, "awaiting_fulfilment")

		// A repetition is answered as the first time, and saying it again changes nothing.
		replayed, err := b.BindOrganisation(ctx, write, "acme", " q1q1q ", spec)
		if err != nil {
			t.Fatal(err)
		}
		assertSlice(t, "organisations of the replay", replayed.Organisations, account.Organisations)
		again, err := b.BindOrganisation(ctx, b.bob(), "acme", "Q1Q1Q", api.BindingSpec{})
		if err != nil {
			t.Fatal(err)
		}
		assertSlice(t, "organisations after a second binding", again.Organisations, account.Organisations)
		entries := b.audited("account.bind")
		if len(entries) != 2 {
			t.Fatalf("entries are %+v", entries)
		}
		first := entries[0]
		assertEqual(t, "entry", fmt.Sprintln(first.Subject, first.Account, first.Object, first.ChangeReference, first.Details),
			"alice acme accounts/acme CHG-1 map[ods_code:Q1Q1Q reference:LA-17]\n")

		// What it has stays, and nothing more is ordered.
		account, err = b.UnbindOrganisation(ctx, b.alice(), "acme", "q1q1q")
		if err != nil {
			t.Fatal(err)
		}
		assertSlice(t, "organisations after the end", account.Organisations, []string{"A1B2C", "D3E4F"})
		b.jobs()
		assertEqual(t, "state after the end of the binding", b.connection(asked.UID).State, "awaiting_fulfilment")
		assertEqual(t, "entries of the end", len(b.audited("account.unbind")), 1)

		_, err = b.UnbindOrganisation(ctx, b.alice(), "acme", "Q1Q1Q")
		assertContains(t, "refusal", b.asProblem(err, problem.ObjectGone).Detail, `Account "acme" may not act for Q1Q1Q anyway.`)
		_, err = b.BindOrganisation(ctx, b.alice(), "nobody", "Q1Q1Q", api.BindingSpec{})
		assertContains(t, "refusal", b.asProblem(err, problem.ObjectGone).Detail, `There is no account "nobody".`)
		_, err = b.BindOrganisation(ctx, b.alice(), "acme", "no code", api.BindingSpec{})
		p := b.asProblem(err, problem.RequestInvalid)
		assertSlice(t, "pointers", pointersOf(p.Invalid), []string{"ods_code"})

		for _, code := range []string{"A1B2C", "D3E4F"} {
			if account, err = b.UnbindOrganisation(ctx, b.alice(), "acme", code); err != nil {
				t.Fatal(err)
			}
		}
		if len(account.Organisations) != 0 || account.Organisations == nil {
			t.Errorf("the last binding is still there: %v", account.Organisations)
		}
	})
}

// Facts that arrive one by one have an order go on as those of an inventory do.
func TestLookUpsOneByOne(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		ctx := context.Background()
		c := b.connect("dale", "D3E4F", "project-2")
		assertEqual(t, "state without facts", c.State, "pending_evidence")
		b.clock.Advance(time.Minute)
		at := monday.Add(time.Minute)

		write := b.alice()
		directory := api.DirectoryRecord{LookedUpAt: at, Found: true, Active: ptr(true), Title: ptr("Dale Surgery"), Parent: ptr("r0a"), Sites: []string{"x1x"}}
		found, err := b.RecordDirectoryLookUp(ctx, write, "d3e4f", directory)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "code", found.OdsCode, "D3E4F")
		assertSlice(t, "accounts", found.Accounts, []string{"acme"})
		assertEqual(t, "recorded by", *found.Directory.RecordedBy, "alice")
		assertEqual(t, "looked up by", *found.Directory.LookedUpBy, "alice")
		assertEqual(t, "parent", *found.Directory.Parent, "R0A")
		assertSlice(t, "sites", found.Directory.Sites, []string{"X1X"})
		replayed, err := b.RecordDirectoryLookUp(ctx, write, "d3e4f", directory)
		if err != nil || *replayed.Directory.Title != "Dale Surgery" {
			t.Errorf("the replay is %+v, %v", replayed, err)
		}

		forged := api.RegisterRecord{LookedUpAt: at, LookedUpBy: ptr("carol"), RecordedBy: ptr("carol"), Found: true, SignedOn: ptr("2020-03-01")}
		if found, err = b.RecordRegisterLookUp(ctx, b.bob(), "D3E4F", forged); err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "looked up by", *found.Register.LookedUpBy, "carol")
		assertEqual(t, "recorded by", *found.Register.RecordedBy, "bob")
		b.jobs()
		assertEqual(t, "state without a DSPT look-up", b.connection(c.UID).State, "pending_evidence")

		if _, err = b.RecordDSPTLookUp(ctx, b.alice(), "D3E4F", api.DSPTRecord{LookedUpAt: at, Found: true, Status: ptr("25/26 Standards Met")}); err != nil {
			t.Fatal(err)
		}
		b.jobs()
		assertEqual(t, "state with all", b.connection(c.UID).State, "awaiting_fulfilment")

		found, err = b.RecordFlowDown(ctx, b.alice(), "D3E4F", api.FlowDownRecord{
			LookedUpAt: at, Documents: []api.FlowDownDocument{{Kind: "master_services_agreement", Version: "11.2"}},
		})
		if err != nil || len(found.FlowDown.Documents) != 1 {
			t.Fatalf("recorded %+v, %v", found, err)
		}
		shown, err := b.OrganisationRecord(ctx, " d3e4f")
		if err != nil || shown.Register == nil || shown.Dspt == nil || *shown.Directory.Title != "Dale Surgery" {
			t.Errorf("everything that is known is %+v, %v", shown, err)
		}

		var entries []string
		for _, e := range b.audited("organisation.record") {
			entries = append(entries, fmt.Sprint(e.Subject, " ", e.Object, " ", e.Details["fact"], " ", e.Details["looked_up_at"], " ", e.Details["change"]))
			for _, secret := range []string{"Dale", "carol"} {
				if strings.Contains(fmt.Sprint(e.Details), secret) {
					t.Errorf("the audit holds %q: %v", secret, e.Details)
				}
			}
		}
		assertSlice(t, "entries", entries, []string{
			"alice organisations/D3E4F directory 2026-06-01T08:31:00Z created", "bob organisations/D3E4F register 2026-06-01T08:31:00Z updated",
			"alice organisations/D3E4F dspt 2026-06-01T08:31:00Z updated", "alice organisations/D3E4F flow_down 2026-06-01T08:31:00Z updated",
		})
	})
}

// A bad fact refuses the order that waits for it.
func TestABadLookUpRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLiteURL(t))
	c := b.connect("dale", "D3E4F", "project-2")
	_, err := b.RecordDirectoryLookUp(context.Background(), b.alice(), "D3E4F", api.DirectoryRecord{LookedUpAt: monday})
	if err != nil {
		t.Fatal(err)
	}
	b.jobs()
	refused := b.connection(c.UID)
	assertEqual(t, "state", refused.State, "refused")
	assertContains(t, "reason", *refused.StateReason, "D3E4F")
}

func TestLookUpsThatAreRefused(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		ctx := context.Background()
		later := monday.Add(time.Hour)

		_, err := b.RecordRegisterLookUp(ctx, b.alice(), "A1B2C", api.RegisterRecord{LookedUpAt: later, Found: true})
		p := b.asProblem(err, problem.RequestInvalid)
		assertSlice(t, "pointers", pointersOf(p.Invalid), []string{"/looked_up_at"})
		assertContains(t, "refusal", p.Detail, "2026-06-01T09:30:00Z", "2026-06-01T08:30:00Z")

		earlier := monday.Add(-time.Hour)
		for fact, record := range map[string]func() error{
			"directory": func() error {
				_, err := b.RecordDirectoryLookUp(ctx, b.alice(), "A1B2C", api.DirectoryRecord{LookedUpAt: earlier})
				return err
			},
			"register": func() error {
				_, err := b.RecordRegisterLookUp(ctx, b.alice(), "A1B2C", api.RegisterRecord{LookedUpAt: earlier})
				return err
			},
			"flow_down": func() error {
				_, err := b.RecordFlowDown(ctx, b.alice(), "A1B2C", api.FlowDownRecord{LookedUpAt: earlier, Documents: []api.FlowDownDocument{}})
				return err
			},
			"dspt": func() error {
				_, err := b.RecordDSPTLookUp(ctx, b.alice(), "A1B2C", api.DSPTRecord{LookedUpAt: earlier})
				return err
			},
		} {
			assertContains(t, "refusal of an older "+fact, b.asProblem(record(), problem.StateForbids).Detail,
				"2026-06-01T07:30:00Z", "2026-06-01T08:30:00Z", "A1B2C")
		}

		_, err = b.RecordDirectoryLookUp(ctx, b.alice(), "A1B2C", api.DirectoryRecord{
			LookedUpAt: monday, Found: true, Parent: ptr("-"), Sites: []string{"ABC", "x"}, LegalEnd: ptr("30 June"),
		})
		assertSlice(t, "pointers", pointersOf(b.asProblem(err, problem.RequestInvalid).Invalid), []string{"/legal_end", "/parent", "/sites/1"})
		_, err = b.RecordFlowDown(ctx, b.alice(), "A1B2C", api.FlowDownRecord{
			LookedUpAt: monday, Documents: []api.FlowDownDocument{{Kind: "napkin", Version: "11.0"}},
		})
		assertSlice(t, "pointers", pointersOf(b.asProblem(err, problem.RequestInvalid).Invalid), []string{"/documents/0/kind"})
		_, err = b.RecordDSPTLookUp(ctx, b.alice(), "A1B2C", api.DSPTRecord{LookedUpAt: monday, Found: true})
		assertSlice(t, "pointers", pointersOf(b.asProblem(err, problem.RequestInvalid).Invalid), []string{"/status"})
		// Nobody can have seen what was done only afterwards.
		tomorrow := ptr("2026-06-02")
		_, err = b.RecordDSPTLookUp(ctx, b.alice(), "A1B2C", api.DSPTRecord{
			LookedUpAt: monday, Found: true, Status: ptr("25/26 Standards Met"), PublishedOn: tomorrow,
		})
		p = b.asProblem(err, problem.RequestInvalid)
		assertSlice(t, "pointers", pointersOf(p.Invalid), []string{"/published_on"})
		assertContains(t, "refusal", p.Detail, "2026-06-02 comes after the day of the look-up, 2026-06-01")
		_, err = b.RecordRegisterLookUp(ctx, b.alice(), "A1B2C", api.RegisterRecord{LookedUpAt: monday, Found: true, SignedOn: tomorrow})
		assertSlice(t, "pointers", pointersOf(b.asProblem(err, problem.RequestInvalid).Invalid), []string{"/signed_on"})
		_, err = b.RecordFlowDown(ctx, b.alice(), "A1B2C", api.FlowDownRecord{LookedUpAt: monday, Documents: []api.FlowDownDocument{
			{Kind: "master_services_agreement", Version: "11.0", SignedOn: tomorrow},
		}})
		assertSlice(t, "pointers", pointersOf(b.asProblem(err, problem.RequestInvalid).Invalid), []string{"/documents/0/signed_on"})
		_, err = b.RecordDSPTLookUp(ctx, b.alice(), "no code", api.DSPTRecord{LookedUpAt: monday})
		assertSlice(t, "pointers", pointersOf(b.asProblem(err, problem.RequestInvalid).Invalid), []string{"ods_code"})

		assertEqual(t, "entries of what was refused", len(b.audited("organisation.record")), 0)
		shown, err := b.OrganisationRecord(ctx, "A1B2C")
		if err != nil || !shown.Register.Found || !shown.Dspt.Found || !shown.Directory.Found || len(shown.FlowDown.Documents) != 1 {
			t.Errorf("what was refused changed something: %+v, %v", shown, err)
		}
	})
}

func TestOrganisationRecordOfNobody(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLiteURL(t))
	_, err := b.OrganisationRecord(context.Background(), "Q1Q1Q")
	b.refused(err, problem.ObjectGone)
	_, err = b.OrganisationRecord(context.Background(), "?")
	b.refused(err, problem.RequestInvalid)
	bound, err := b.OrganisationRecord(context.Background(), "D3E4F")
	if err != nil || !slices.Equal(bound.Accounts, []string{"acme"}) || bound.Directory != nil {
		t.Errorf("an organisation of which nobody looked anything up is %+v, %v", bound, err)
	}
}

func TestOrganisations(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		ctx := context.Background()
		list := func(caller request.Caller, params api.ListOrganisationsParams) []string {
			t.Helper()
			found, err := b.Organisations(ctx, caller, params)
			if err != nil {
				t.Fatal(err)
			}
			assertEqual(t, "now", found.Now, monday)
			var texts []string
			for _, o := range found.Items {
				text := o.OdsCode
				if o.Bound {
					text += " bound"
				}
				if o.Directory != nil {
					text += " " + *o.Directory.Title
				}
				if o.FlowDown != nil {
					text += " flow-down"
				}
				if o.Register != nil && (o.Register.RecordedBy != nil || o.Directory.RecordedBy != nil || o.Dspt.RecordedBy != nil) {
					t.Errorf("the customer is told who recorded what is known of %s", o.OdsCode)
				}
				texts = append(texts, text)
			}
			return texts
		}
		byCode := func(code string) api.ListOrganisationsParams { return api.ListOrganisationsParams{OdsCode: &code} }
		byTitle := func(title string) api.ListOrganisationsParams { return api.ListOrganisationsParams{Title: &title} }
		acme := customer("acme")
		assertSlice(t, "one that it may act for", list(acme, byCode(" a1b2c")), []string{"A1B2C bound Meadow Surgery flow-down"})
		assertSlice(t, "another's", list(acme, byCode("X1Y2Z")), []string{"X1Y2Z Meadow Surgery"})
		assertSlice(t, "one that nobody looked up", list(acme, byCode("Q1Q1Q")), []string{"Q1Q1Q"})
		assertSlice(t, "by title", list(acme, byTitle("MEADOW")), []string{"A1B2C bound Meadow Surgery flow-down", "X1Y2Z Meadow Surgery"})
		assertSlice(t, "by a title that nobody has", list(acme, byTitle("harbour")), nil)
		assertSlice(t, "for an account that nobody loaded", list(customer("nobody"), byTitle("meadow")), []string{"A1B2C Meadow Surgery", "X1Y2Z Meadow Surgery"})

		for what, c := range map[string]struct {
			params  api.ListOrganisationsParams
			pointer string
		}{
			"nothing asked": {api.ListOrganisationsParams{}, "ods_code"},
			"both":          {api.ListOrganisationsParams{OdsCode: ptr("A1B2C"), Title: ptr("meadow")}, "title"},
			"no code":       {byCode("no code"), "ods_code"},
			"white space":   {byTitle("  x   "), "title"},
		} {
			_, err := b.Organisations(ctx, acme, c.params)
			assertSlice(t, "pointers of "+what, pointersOf(b.asProblem(err, problem.RequestInvalid).Invalid), []string{c.pointer})
		}
	})
}
