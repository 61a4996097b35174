package orders_test

import (
	"context"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
)

func TestConnectionFirstState(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		policy []func(*api.Policy)
		change func(*api.ConnectionSpec)
		state  string
		reason []string
		rules  []string
	}{
		"everything is in order": {
			state: "provisioning", reason: []string{"on its way to fulfilment"},
		},
		"on the flow-down": {
			change: func(s *api.ConnectionSpec) { s.Agreement.Basis = api.AgreementBasisFlowDown },
			state:  "provisioning",
		},
		"nobody has looked yet": {
			change: func(s *api.ConnectionSpec) { s.OdsCode = "d3e4f" },
			state:  "pending_evidence", reason: []string{"Example Cloud", "look up", "D3E4F"},
			rules: []string{"warning organisation.not-checked", "warning agreement.not-checked", "warning dspt.not-checked"},
		},
		"a binding to confirm": {
			policy: []func(*api.Policy){withBindings, withApproval},
			change: func(s *api.ConnectionSpec) { s.OdsCode = "X1Y2Z" },
			state:  "pending_verification", reason: []string{"confirm"},
			rules: []string{"warning organisation.not-bound"},
		},
		"a binding comes before evidence": {
			policy: []func(*api.Policy){withBindings},
			change: func(s *api.ConnectionSpec) { s.OdsCode = "Q9Q9Q" },
			state:  "pending_verification",
			rules: []string{
				"warning organisation.not-bound", "warning organisation.not-checked", "warning agreement.not-checked",
				"warning dspt.not-checked",
			},
		},
		"evidence comes before approval": {
			policy: []func(*api.Policy){withApproval},
			change: func(s *api.ConnectionSpec) { s.OdsCode = "D3E4F" },
			state:  "pending_evidence",
			rules:  []string{"warning organisation.not-checked", "warning agreement.not-checked", "warning dspt.not-checked"},
		},
		"a person approves": {
			policy: []func(*api.Policy){withApproval},
			state:  "pending_approval", reason: []string{"a person at Example Cloud"},
		},
		"not before activate_at": {
			change: func(s *api.ConnectionSpec) { s.ActivateAt = ptr(monday.Add(48 * time.Hour)) },
			state:  "provisioning", reason: []string{"activate_at, Wednesday 3 June 2026, 09:30 BST"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on(t, func(t *testing.T, url string) {
				b := setup(t, url, c.policy...)
				spec := connectionSpec("A1B2C", "project-1")
				if c.change != nil {
					c.change(&spec)
				}
				got, err := b.CreateConnection(context.Background(), b.acme(), "records", spec, true)
				if err != nil {
					t.Fatal(err)
				}
				assertEqual(t, "state", got.State, c.state)
				assertContains(t, "reason", *got.StateReason, c.reason...)
				assertSlice(t, "findings", rulesOf(got.Findings), append([]string{}, c.rules...))
				if waits := c.state != "provisioning"; waits == (got.EnablementDueAt != nil) || waits == (got.AgreementValidatedOn != nil) {
					t.Errorf("in %s it is due at %v and its agreement was validated on %v", c.state, got.EnablementDueAt, got.AgreementValidatedOn)
				}
			})
		})
	}
}

func TestCreateConnection(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		spec := connectionSpec(" a1b2c ", "project-1")
		spec.Profile.SharedWith = map[string]api.SharedOrganisation{"x26": {BoundByTerms: ptr(true)}}
		spec.ActivateAt = ptr(time.Date(2026, time.June, 1, 10, 31, 0, 0, time.FixedZone("CEST", 7200)))
		c, err := b.CreateConnection(context.Background(), b.acme(), "records", spec, true)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "name", c.Name, "connections/records")
		assertEqual(t, "ods_code", c.OdsCode, "A1B2C")
		assertEqual(t, "sponsor's email", c.Profile.BusinessSponsor.Email, "sam.sponsor@example.nhs.uk")
		if _, found := c.Profile.SharedWith["X26"]; !found || len(c.Profile.SharedWith) != 1 {
			t.Errorf("shared_with is %v", c.Profile.SharedWith)
		}
		assertEqual(t, "activate_at", c.ActivateAt.Format(time.RFC3339), "2026-06-01T08:31:00Z")
		assertEqual(t, "access", c.Access, api.SharedLink)
		assertEqual(t, "purpose", c.Purpose, api.Production)
		assertEqual(t, "zone", c.Zone, "main")
		assertEqual(t, "region", c.Region, "north")
		assertEqual(t, "data centres", len(c.DataCentres), 2)
		assertEqual(t, "external network", *c.ExternalNetworkID, "hscn-external-1")
		assertEqual(t, "commitment", c.CommitmentMonths, 1)
		assertEqual(t, "policy", c.PolicyVersion, "1")
		assertEqual(t, "created by", c.CreatedBy, "engineer@acme.example")
		assertEqual(t, "broker", c.BrokerID, b.db.BrokerID())
		assertEqual(t, "validated on", *c.AgreementValidatedOn, "2026-06-01")
		assertEqual(t, "revalidate on", *c.RevalidateOn, "2026-07-31")
		if c.MonthlyChargeGbp != nil || c.SetupChargeGbp != nil || c.EnabledAt != nil || c.CommitmentEndsOn != nil {
			t.Error("charges, or dates of what is not active yet, are given")
		}

		read, err := b.Connection(context.Background(), customer("acme"), "records")
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "version", read.Version, c.Version)
		assertEqual(t, "etag", read.Etag, c.Etag)

		b.clock.Advance(time.Minute)
		b.jobs()
		after := b.connection(c.UID)
		assertEqual(t, "state", after.State, "awaiting_fulfilment")
		assertEqual(t, "etag after a change of state", after.Etag, c.Etag)
		if after.Version == c.Version {
			t.Error("the version is the same after a change of state")
		}
		assertContains(t, "reason", *after.StateReason, "the operator of Example Cloud", "by Tuesday 2 June 2026, 17:30 BST")
	})
}

// Assurance that is complete on the Thursday before Easter, and on Christmas Eve (HSCN connectivity FAQ, UKCloud, 2021:
// enabled within one working day of assurance).
func TestEnablementIsDue(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		assured, activateAt time.Time
		due                 string
	}{
		"Maundy Thursday":   {assured: time.Date(2026, 4, 2, 10, 0, 0, 0, time.UTC), due: "2026-04-07T16:30:00Z"},
		"Christmas Eve":     {assured: time.Date(2026, 12, 24, 10, 0, 0, 0, time.UTC), due: "2026-12-29T17:30:00Z"},
		"late in London":    {assured: time.Date(2026, 6, 1, 23, 30, 0, 0, time.UTC), due: "2026-06-03T16:30:00Z"},
		"not before wanted": {assured: monday, activateAt: time.Date(2026, 6, 10, 9, 0, 0, 0, time.UTC), due: "2026-06-11T16:30:00Z"},
		"beyond the known bank holidays": {
			assured: time.Date(2031, 6, 2, 9, 0, 0, 0, time.UTC), due: "",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setupAt(t, url, c.assured)
				seen := organisation("A1B2C", c.assured)
				seen.Dspt.Status = ptr(c.assured.AddDate(-1, 0, 0).Format("06") + "/" + c.assured.Format("06") + " Standards Met")
				b.load(organisations(seen))
				spec := connectionSpec("A1B2C", "project-1")
				if !c.activateAt.IsZero() {
					spec.ActivateAt = &c.activateAt
				}
				got, err := b.CreateConnection(context.Background(), b.acme(), "records", spec, true)
				if err != nil {
					t.Fatal(err)
				}
				due := ""
				if got.EnablementDueAt != nil {
					due = got.EnablementDueAt.Format(time.RFC3339)
				}
				assertEqual(t, "due", due, c.due)
			})
		})
	}
}

func TestCreateConnectionRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change   func(*api.ConnectionSpec)
		name     string
		want     problem.Type
		rules    []string
		pointers []string
		detail   string
	}{
		"several preconditions at once": {
			change: func(s *api.ConnectionSpec) { s.OdsCode, s.Service.ID = "X1Y2Z", "project-9" },
			want:   problem.PreconditionsFailed, rules: []string{"error organisation.not-bound", "error service.unknown"},
			detail: "2 preconditions are not met (organisation.not-bound, service.unknown)",
		},
		"a malformed name": {
			name: "9 lives", want: problem.PreconditionsFailed, rules: []string{"error name.format"},
		},
		"evidence that nobody handed in": {
			change: func(s *api.ConnectionSpec) { s.Agreement.EvidenceID = ptr("agreement-evidence/signed") },
			want:   problem.PreconditionsFailed, rules: []string{"error agreement.evidence-unknown"},
		},
		"a time that has passed": {
			change: func(s *api.ConnectionSpec) { s.ActivateAt = ptr(monday.Add(-time.Minute)) },
			want:   problem.PreconditionsFailed, rules: []string{"error connection.activate-past"},
		},
		"malformed e-mail, date and circuit": {
			change: func(s *api.ConnectionSpec) {
				s.Profile.SecurityLead.Email = "nobody"
				s.Profile.ReviewedOn = ptr("2026-02-30")
				s.Circuits = map[string]api.Circuit{"Line 1": {}}
			},
			want: problem.RequestInvalid, pointers: []string{"/circuits/Line 1", "/profile/reviewed_on", "/profile/security_lead/email"},
		},
		"an organisation in two spellings": {
			change: func(s *api.ConnectionSpec) {
				s.Profile.SharedWith = map[string]api.SharedOrganisation{"x26": {}, "X26": {}}
			},
			want: problem.RequestInvalid, pointers: []string{"/profile/shared_with/x26"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url)
				spec := connectionSpec("A1B2C", "project-1")
				if c.change != nil {
					c.change(&spec)
				}
				if c.name == "" {
					c.name = "records"
				}
				_, err := b.CreateConnection(context.Background(), b.acme(), c.name, spec, true)
				p := b.asProblem(err, c.want)
				assertSlice(t, "findings", rulesOf(p.Findings), append([]string{}, c.rules...))
				assertSlice(t, "pointers", pointersOf(p.Invalid), append([]string{}, c.pointers...))
				assertContains(t, "detail", p.Detail, c.detail)

				page, err := b.Orders(context.Background(), api.ListOrdersParams{Closed: ptr(true)})
				if err != nil || len(page.Items) != 0 {
					t.Errorf("something was ordered: %+v, %v", page.Items, err)
				}
			})
		})
	}
}

func TestCreateNeedsItsPrecondition(t *testing.T) {
	t.Parallel()
	b := setup(t, storetest.SQLiteURL(t))
	_, err := b.CreateConnection(context.Background(), b.acme(), "records", connectionSpec("A1B2C", "project-1"), false)
	b.refused(err, problem.PreconditionRequired)
	_, err = b.CreateEdgeAttachment(context.Background(), b.acme(), "records", "web", "", edgeSpec("gateway-1"), false)
	b.refused(err, problem.PreconditionRequired)
	_, err = b.UpdateConnection(context.Background(), b.acme(), "records", api.MergePatch{}, "")
	b.refused(err, problem.PreconditionRequired)
	_, err = b.UpdateEdgeAttachment(context.Background(), b.acme(), "records", "web", api.MergePatch{}, "")
	b.refused(err, problem.PreconditionRequired)
}

func TestNameTaken(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		first := b.connect("records", "A1B2C", "project-1")

		// Whoever orders the same again reads that it stands, and nothing else.
		_, err := b.CreateConnection(context.Background(), b.acme(), "records", connectionSpec("A1B2C", "project-1"), true)
		p := b.asProblem(err, problem.NameTaken)
		if p.Existing == nil || p.Existing.UID != first.UID || p.Existing.CreateKeySha256 != first.CreateKeySha256 ||
			*p.Existing.Etag != first.Etag {
			t.Errorf("existing is %+v", p.Existing)
		}
		assertSlice(t, "findings", rulesOf(p.Findings), []string{"error name.taken"})

		// Beside other findings it is one of them.
		b.connect("imaging", "A1B2C", "project-2")
		_, err = b.CreateConnection(context.Background(), b.acme(), "records", connectionSpec("A1B2C", "project-2"), true)
		p = b.asProblem(err, problem.PreconditionsFailed)
		assertSlice(t, "findings", rulesOf(p.Findings), []string{"error name.taken", "error service.already-connected"})
		if p.Existing == nil || p.Existing.UID != first.UID {
			t.Errorf("existing is %+v", p.Existing)
		}

		// Another account has names of its own.
		if _, err := b.CreateConnection(context.Background(), b.by(customer("other")), "records",
			connectionSpec("X1Y2Z", "project-9"), true); err != nil {
			t.Errorf("another account's connection of that name: %v", err)
		}
	})
}

func TestReplayOfACreate(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		write := b.acme()
		first, err := b.CreateConnection(context.Background(), write, "records", connectionSpec("A1B2C", "project-1"), true)
		if err != nil {
			t.Fatal(err)
		}
		b.jobs()
		again, err := b.CreateConnection(context.Background(), write, "records", connectionSpec("A1B2C", "project-1"), true)
		if err != nil {
			t.Fatal(err)
		}
		assertEqual(t, "uid", again.UID, first.UID)
		assertEqual(t, "state", again.State, "awaiting_fulfilment")

		write.BodySHA256 = "another body"
		_, err = b.CreateConnection(context.Background(), write, "records", connectionSpec("A1B2C", "project-2"), true)
		b.refused(err, problem.KeyReused)
	})
}

func TestAccountThatCannotOrder(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		_, err := b.CreateConnection(context.Background(), b.by(customer("nobody")), "records", connectionSpec("A1B2C", "project-1"), true)
		assertContains(t, "detail", b.asProblem(err, problem.Forbidden).Detail, `no account "nobody"`)

		kept := b.connect("records", "A1B2C", "project-1")
		b.load(api.Inventory{Version: api.N1, Accounts: []api.InventoryAccount{{ID: "acme", Title: "Acme", Retired: ptr(true)}}})
		_, err = b.CreateConnection(context.Background(), b.acme(), "more", connectionSpec("A1B2C", "project-2"), true)
		assertContains(t, "detail", b.asProblem(err, problem.Forbidden).Detail, "retired")
		if _, err := b.DeleteConnection(context.Background(), b.acme(), "records", kept.UID); err != nil {
			t.Errorf("a retired account cannot give up what it has: %v", err)
		}
	})
}

// A policy may make warnings of rules; what the broker cannot do it still does not do.
func TestPolicyThatLetsTooMuchThrough(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url, func(p *api.Policy) {
			p.Rules["service.unknown"], p.Rules["service.already-connected"] = api.Warning, api.Off
			p.Rules["edge.gateway-unknown"] = api.Off
		})
		_, err := b.CreateConnection(context.Background(), b.acme(), "records", connectionSpec("A1B2C", "project-9"), true)
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "no service")
		b.connect("records", "A1B2C", "project-1")
		_, err = b.CreateConnection(context.Background(), b.acme(), "second", connectionSpec("A1B2C", "project-1"), true)
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "connected already")

		theirs := b.by(customer("other"))
		if _, err := b.CreateConnection(context.Background(), theirs, "theirs", connectionSpec("X1Y2Z", "project-9"), true); err != nil {
			t.Fatal(err)
		}
		if _, err := b.CreateEdgeAttachment(context.Background(), b.by(customer("other")), "theirs", "web", "", edgeSpec("gateway-9"), true); err != nil {
			t.Fatal(err)
		}
		_, err = b.CreateEdgeAttachment(context.Background(), b.acme(), "records", "web", "", edgeSpec("gateway-9"), true)
		assertContains(t, "detail", b.asProblem(err, problem.StateForbids).Detail, "not free")
		unknown := b.attach("records", "web", "not-in-the-inventory")
		assertEqual(t, "state", unknown.State, "pending_connection")
	})
}

func TestConnectionsPaged(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url)
		b.connect("one", "A1B2C", "project-1")
		b.connect("two", "D3E4F", "project-2")
		var names []string
		params := api.ListConnectionsParams{PageSize: ptr(1)}
		for {
			page, err := b.Connections(context.Background(), customer("acme"), params)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Items {
				names = append(names, c.Name)
				single, err := b.Connection(context.Background(), customer("acme"), c.Name[len("connections/"):])
				if err != nil || single.Version != c.Version {
					t.Errorf("%s: version %s in the listing, %s by itself (%v)", c.Name, c.Version, single.Version, err)
				}
			}
			if params.PageToken = page.NextPageToken; params.PageToken == nil {
				break
			}
		}
		assertSlice(t, "names", names, []string{"connections/one", "connections/two"})

		_, err := b.Connections(context.Background(), customer("acme"), api.ListConnectionsParams{PageToken: ptr("nonsense")})
		b.refused(err, problem.RequestInvalid)
	})
}
