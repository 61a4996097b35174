package orders_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// intend is an estate of acme's.
func intend(connections map[string]api.IntendedConnection) api.IntendedEstate {
	return api.IntendedEstate{Connections: connections}
}

// check asks for the estate's preconditions.
func (b *bundle) check(estate api.IntendedEstate) api.EstateVerdict {
	b.Helper()
	verdict, err := b.CheckPreconditions(context.Background(), customer("acme"), estate)
	if err != nil {
		b.Fatal(err)
	}
	return verdict
}

// lines are the verdict in short.
func lines(v api.EstateVerdict) []string {
	said := make([]string, len(v.Objects))
	for i, o := range v.Objects {
		words := []string{o.Name, o.Operation}
		if o.Met {
			words = append(words, *o.State)
		} else {
			words = append(words, "refused")
		}
		said[i] = strings.Join(append(words, rulesOf(o.Findings)...), " ")
	}
	return said
}

// everything is all that the broker keeps of the account's, as it is shown.
func (b *bundle) everything() string {
	b.Helper()
	ctx := context.Background()
	connections, err := b.Connections(ctx, customer("acme"), api.ListConnectionsParams{})
	edges, failed := b.EdgeAttachments(ctx, customer("acme"), "-", api.ListEdgeAttachmentsParams{})
	orders, also := b.Orders(ctx, api.ListOrdersParams{Closed: ptr(true)})
	var audited int64
	audit := b.db.Read(ctx, func(ctx context.Context, r *store.Reader) error {
		verified, err := r.VerifyAudit(ctx)
		audited = verified.Entries
		return err
	})
	if err := errors.Join(err, failed, also, audit); err != nil {
		b.Fatal(err)
	}
	return fmt.Sprintf("%d %+v %+v %+v", audited, versionsOf(connections.Items), edgeVersions(edges.Items), len(orders.Items))
}

func versionsOf(list []api.Connection) (versions []string) {
	for _, c := range list {
		versions = append(versions, c.Name+" "+c.Version)
	}
	return versions
}

func edgeVersions(list []api.EdgeAttachment) (versions []string) {
	for _, e := range list {
		versions = append(versions, e.Name+" "+e.Version)
	}
	return versions
}

func TestCheckPreconditions(t *testing.T) {
	t.Parallel()
	lapsed := organisation("D3E4F", monday)
	lapsed.Dspt.Status = ptr("22/23 Standards Met")
	cases := map[string]struct {
		policy []func(*api.Policy)
		before func(b *bundle)
		estate api.IntendedEstate
		want   []string
	}{
		"all of it new": {
			estate: intend(map[string]api.IntendedConnection{"records": {
				Spec:            connectionSpec(" a1b2c ", "project-1"),
				EdgeAttachments: map[string]api.EdgeAttachmentSpec{"web": edgeSpec("gateway-2"), "built": {VdcID: ptr("vdc-1")}},
			}}),
			want: []string{
				"connections/records create provisioning", "connections/records/edge-attachments/built create pending_connection",
				"connections/records/edge-attachments/web create pending_connection",
			},
		},
		"what nobody looked up": {
			policy: []func(*api.Policy){withUnknownGateways},
			estate: intend(map[string]api.IntendedConnection{"records": {
				Spec: connectionSpec("D3E4F", "project-1"), EdgeAttachments: map[string]api.EdgeAttachmentSpec{"web": edgeSpec("gateway-7")},
			}}),
			want: []string{
				"connections/records create pending_evidence warning organisation.not-checked warning agreement.not-checked warning dspt.not-checked",
				"connections/records/edge-attachments/web create pending_verification warning edge.gateway-unknown",
			},
		},
		"all that is wrong, also of what hangs on what is refused": {
			before: func(b *bundle) { b.load(organisations(lapsed)) },
			estate: intend(map[string]api.IntendedConnection{
				"records": {Spec: connectionSpec("D3E4F", "project-1"), EdgeAttachments: map[string]api.EdgeAttachmentSpec{
					"app": edgeSpec("gateway-2"), "web": edgeSpec("gateway-2"), "nothing": edgeSpec("gateway-0"),
				}},
				"imaging": {Spec: connectionSpec("X1Y2Z", "project-1")},
				"taken":   {Spec: connectionSpec("A1B2C", "project-2"), EdgeAttachments: map[string]api.EdgeAttachmentSpec{"web": edgeSpec("gateway-3")}},
				"unknown": {Spec: connectionSpec("A1B2C", "project-0"), EdgeAttachments: map[string]api.EdgeAttachmentSpec{"web": edgeSpec("gateway-3")}},
				"WRONG":   {Spec: connectionSpec("A1B2C", "project-2")},
			}),
			want: []string{
				"connections/WRONG create refused error name.format",
				"connections/imaging create refused error organisation.not-bound",
				"connections/records create refused error dspt.stale",
				"connections/records/edge-attachments/app create pending_connection",
				"connections/records/edge-attachments/nothing create refused error edge.gateway-unknown",
				"connections/records/edge-attachments/web create refused error edge.already-attached",
				"connections/taken create provisioning", "connections/taken/edge-attachments/web create pending_connection",
				"connections/unknown create refused error service.unknown",
				"connections/unknown/edge-attachments/web create refused error edge.gateway-unknown error edge.already-attached",
			},
		},
		"a service that is given twice": {
			estate: intend(map[string]api.IntendedConnection{
				"records": {Spec: connectionSpec("A1B2C", "project-1")}, "again": {Spec: connectionSpec("A1B2C", "project-1")},
			}),
			want: []string{"connections/again create provisioning", "connections/records create refused error service.already-connected"},
		},
		"what is there already": {
			before: func(b *bundle) {
				c := b.activeConnection()
				b.attach("records", "web", "gateway-2")
				b.clock.Set(monday)
				_ = c
			},
			estate: intend(map[string]api.IntendedConnection{"records": {
				Spec:            connectionSpec("a1b2c", "project-1"),
				EdgeAttachments: map[string]api.EdgeAttachmentSpec{"web": edgeSpec("gateway-2"), "more": edgeSpec("gateway-1")},
			}}),
			want: []string{
				"connections/records none active", "connections/records/edge-attachments/more create provisioning warning edge.one-network",
				"connections/records/edge-attachments/web none provisioning",
			},
		},
		"changes of it": {
			before: func(b *bundle) {
				b.activeConnection()
				b.attach("records", "web", "gateway-2")
			},
			estate: intend(map[string]api.IntendedConnection{"records": {
				Spec: connectionSpec("D3E4F", "project-1"),
				EdgeAttachments: map[string]api.EdgeAttachmentSpec{
					"web": {GatewayID: ptr("gateway-2"), Networks: networks("192.0.2.0/24", "")},
				},
			}}),
			want: []string{
				"connections/records update active warning organisation.not-checked warning agreement.not-checked warning dspt.not-checked",
				"connections/records/edge-attachments/web update refused error edge.overlap",
			},
		},
		"changes that another object is needed for": {
			before: func(b *bundle) {
				b.activeConnection()
				b.attach("records", "web", "gateway-2")
			},
			estate: intend(map[string]api.IntendedConnection{"records": {
				Spec: connectionSpec("A1B2C", "project-2"), EdgeAttachments: map[string]api.EdgeAttachmentSpec{"web": edgeSpec("gateway-1")},
			}}),
			want: []string{"connections/records update refused", "connections/records/edge-attachments/web update refused"},
		},
		"of what is restricted": {
			before: func(b *bundle) { b.act(restrict, b.activeConnection().UID) },
			estate: intend(map[string]api.IntendedConnection{"records": {
				Spec: connectionSpec("A1B2C", "project-1"), EdgeAttachments: map[string]api.EdgeAttachmentSpec{"web": edgeSpec("gateway-2")},
			}}),
			want: []string{
				"connections/records none restricted warning connection.suspended",
				"connections/records/edge-attachments/web create refused error connection.suspended",
			},
		},
		"more than the pool has": {
			before: func(b *bundle) {
				for i := range 7 {
					b.load(gateways(gateway(fmt.Sprintf("many-%d", i), "project-1")))
				}
			},
			estate: intend(map[string]api.IntendedConnection{"records": {
				Spec: connectionSpec("A1B2C", "project-1"), EdgeAttachments: map[string]api.EdgeAttachmentSpec{
					"e-0": edgeSpec("many-0"), "e-1": edgeSpec("many-1"), "e-2": edgeSpec("many-2"), "e-3": edgeSpec("many-3"),
					"e-4": edgeSpec("many-4"), "e-5": edgeSpec("many-5"), "e-6": edgeSpec("many-6"),
				},
			}}),
			want: []string{
				"connections/records create provisioning",
				"connections/records/edge-attachments/e-0 create pending_connection", "connections/records/edge-attachments/e-1 create pending_connection",
				"connections/records/edge-attachments/e-2 create pending_connection", "connections/records/edge-attachments/e-3 create pending_connection",
				"connections/records/edge-attachments/e-4 create pending_connection", "connections/records/edge-attachments/e-5 create pending_connection",
				"connections/records/edge-attachments/e-6 create refused error address.pool-empty",
			},
		},
		"protected from deletion, which is no precondition": {
			estate: intend(map[string]api.IntendedConnection{"records": {
				Spec: func() api.ConnectionSpec {
					s := connectionSpec("A1B2C", "project-1")
					s.DeletionProtection = ptr(true)
					return s
				}(),
				EdgeAttachments: map[string]api.EdgeAttachmentSpec{"web": {GatewayID: ptr("gateway-2"), DeletionProtection: ptr(true)}},
			}}),
			want: []string{"connections/records create provisioning", "connections/records/edge-attachments/web create pending_connection"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on(t, func(t *testing.T, url string) {
				b := setup(t, url, c.policy...)
				if c.before != nil {
					c.before(b)
				}
				before := b.everything()
				verdict := b.check(c.estate)
				assertSlice(t, "objects", lines(verdict), c.want)
				assertEqual(t, "met", verdict.Met, !slices.ContainsFunc(c.want, func(line string) bool { return strings.Contains(line, " refused") }))
				for _, o := range verdict.Objects {
					if !o.Met && o.StateReason == nil {
						t.Errorf("%s is refused for no reason", o.Name)
					}
				}
				assertSlice(t, "the same question again", lines(b.check(c.estate)), c.want)
				assertEqual(t, "what the broker has", b.everything(), before)
			})
		})
	}
}

// Dates are as of now: when it could be enabled, how long it is taken for, and what ends before that.
func TestCheckPreconditionsDates(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url, func(p *api.Policy) { p.Connections.CommitmentMonths, p.Connections.LeadTimeWorkingDays = 6, 3 })
		ends := organisation("A1B2C", monday)
		ends.Register.EndedOn = ptr("2026-10-01")
		b.load(organisations(ends))
		estate := intend(map[string]api.IntendedConnection{"records": {
			Spec: connectionSpec("A1B2C", "project-1"), EdgeAttachments: map[string]api.EdgeAttachmentSpec{"web": edgeSpec("gateway-2")},
		}})
		verdict := b.check(estate)
		connection, edge := verdict.Objects[0], verdict.Objects[1]
		assertEqual(t, "policy", verdict.PolicyVersion, "1")
		assertEqual(t, "lead time", *connection.LeadTimeWorkingDays, 3)
		assertEqual(t, "commitment", *connection.CommitmentMonths, 6)
		assertEqual(t, "enabled on", *connection.EarliestEnablementOn, "2026-06-04")
		assertEqual(t, "committed until", *connection.CommittedUntil, "2026-12-04")
		assertEqual(t, "edge's lead time", *edge.LeadTimeWorkingDays, 2)
		if edge.CommittedUntil != nil || edge.CommitmentMonths != nil || edge.EarliestEnablementOn == nil {
			t.Errorf("the edge attachment's dates are %+v", edge)
		}
		if len(connection.Lapses) != 1 || connection.Lapses[0].Rule != "agreement.ends-early" || connection.Lapses[0].On != "2026-10-01" {
			t.Errorf("what lapses is %+v", connection.Lapses)
		}
		// A question that is put at another time is answered by that time.
		b.clock.Set(monday.AddDate(0, 0, 5))
		assertEqual(t, "enabled on", *b.check(estate).Objects[0].EarliestEnablementOn, "2026-06-10")

		c := b.activeConnection()
		known := b.check(estate).Objects[0]
		assertEqual(t, "of what is active", *known.CommittedUntil, *c.CommitmentEndsOn)
	})
}

func TestCheckPreconditionsRefused(t *testing.T) {
	t.Parallel()
	onSQLite(t, func(t *testing.T, url string) {
		b := setup(t, url)
		ctx := context.Background()
		wrong := connectionSpec("A1B2C", "project-1")
		wrong.Profile.ReviewedOn = ptr("2026-02-30")
		_, err := b.CheckPreconditions(ctx, customer("acme"), intend(map[string]api.IntendedConnection{
			"records": {Spec: wrong, EdgeAttachments: map[string]api.EdgeAttachmentSpec{"web": {}}},
			"other":   {Spec: connectionSpec("A1B2C", "project-2"), EdgeAttachments: map[string]api.EdgeAttachmentSpec{"app": {GatewayID: ptr("g"), VdcID: ptr("v")}}},
		}))
		p := b.asProblem(err, problem.RequestInvalid)
		assertSlice(t, "pointers", pointersOf(p.Invalid), []string{
			"/connections/other/edge_attachments/app/vdc_id", "/connections/records/edge_attachments/web/gateway_id", "/connections/records/spec/profile/reviewed_on",
		})
		many := map[string]api.EdgeAttachmentSpec{}
		for i := range 100 {
			many[fmt.Sprintf("edge-%d", i)] = edgeSpec("gateway-2")
		}
		large := map[string]api.IntendedConnection{}
		for i := range 5 {
			large[fmt.Sprintf("records-%d", i)] = api.IntendedConnection{Spec: connectionSpec("A1B2C", "project-1"), EdgeAttachments: many}
		}
		_, err = b.CheckPreconditions(ctx, customer("acme"), intend(large))
		assertContains(t, "detail", b.asProblem(err, problem.RequestInvalid).Detail, "connections are 505 objects", "500 at the most")

		_, err = b.CheckPreconditions(ctx, customer("nobody"), intend(map[string]api.IntendedConnection{"records": {Spec: connectionSpec("A1B2C", "project-1")}}))
		b.refused(err, problem.Forbidden)

		c := b.activeConnection()
		b.load(api.Inventory{Version: api.N1, Accounts: []api.InventoryAccount{{ID: "acme", Title: "Acme", Retired: ptr(true)}}})
		verdict := b.check(intend(map[string]api.IntendedConnection{
			"more": {Spec: connectionSpec("A1B2C", "project-2")}, "records": {Spec: connectionSpec("A1B2C", "project-1")},
		}))
		assertSlice(t, "of a retired account", lines(verdict), []string{"connections/more create refused", "connections/records none active"})
		assertContains(t, "reason", *verdict.Objects[0].StateReason, "retired")
		assertEqual(t, "connection", b.connection(c.UID).State, "active")
	})
}
