package orders_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/policy"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
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

// made is a policy that is neither sample: other limits, and half of the rules off or only warning.
func made(p *api.Policy) {
	p.Title = "made"
	p.Connections.Approval, p.Connections.CommitmentMonths = true, 3
	p.EdgeAttachments.UnknownGatewaysWait, p.Organisations.BindingRequests = true, true
	withOneNetwork(p)
	p.Rules = map[string]api.Severity{
		"organisation.not-bound": api.Warning, "dspt.stale": api.Off, "service.unknown": api.Warning, "edge.overlap": api.Warning,
		"service.already-connected": api.Warning, "profile.risk-assessment": api.Error, "edge.bridging": api.Error, "organisation.not-checked": api.Off,
	}
}

// sampleOf is a sample policy for the inventory of these tests.
func sampleOf(t *testing.T, name string) func(*api.Policy) {
	t.Helper()
	sample, err := policy.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return func(p *api.Policy) {
		zones, types := p.Zones, p.ServiceTypes
		*p = sample
		p.Zones, p.ServiceTypes = zones, types
	}
}

// What the broker says of an order beforehand is what it answers to the order.
func TestPreconditionsAreWhatCreatesAnswer(t *testing.T) {
	t.Parallel()
	policies := map[string]func(*api.Policy){"neutral": sampleOf(t, policy.Neutral), "ukcloud-2021": sampleOf(t, "ukcloud-2021"), "made": made}
	for name, change := range policies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onSQLite(t, func(t *testing.T, url string) {
				b := setup(t, url, change)
				b.load(api.Inventory{Version: api.N1, Pools: []api.InventoryPool{{Name: "wide", Zone: "main", Cidr: "198.18.0.0/20"}}})
				var accounts atomic.Int64
				rapid.Check(t, func(t *rapid.T) {
					w := newWorld(t, b, accounts.Add(1))
					for range 2 {
						estate := w.drawEstate(t)
						verdict, err := b.CheckPreconditions(context.Background(), w.caller(), estate)
						if err != nil {
							t.Fatal(err)
						}
						w.order(t, estate, verdict)
						if _, err := b.RunDueJobs(context.Background()); err != nil {
							t.Fatal(err)
						}
					}
					w.giveUp(t)
				})
			})
		})
	}
}

// drawEstate draws connections with edge attachments, of which some are the same as before, some changed and some new.
func (w *world) drawEstate(t *rapid.T) api.IntendedEstate {
	estate := api.IntendedEstate{Connections: map[string]api.IntendedConnection{}}
	for _, name := range connectionNames {
		if !rapid.Bool().Draw(t, "has "+name) && len(estate.Connections) > 0 {
			continue
		}
		code := rapid.SampledFrom(append([]string{"Z9Z9Z"}, w.codes...)).Draw(t, "code")
		spec := connectionSpec(code, w.project(rapid.IntRange(0, 2).Draw(t, "project")))
		if rapid.Bool().Draw(t, "flows down") {
			spec.Agreement.Basis = api.AgreementBasisFlowDown
		}
		if rapid.Bool().Draw(t, "is unassessed") {
			spec.Profile.RiskAssessment = nil
		}
		intended := api.IntendedConnection{Spec: spec, EdgeAttachments: map[string]api.EdgeAttachmentSpec{}}
		for _, edge := range edgeNames {
			if !rapid.Bool().Draw(t, "has "+edge) {
				continue
			}
			spec := edgeSpec(w.gateway(rapid.IntRange(0, 3).Draw(t, "gateway")))
			if rapid.IntRange(0, 4).Draw(t, "is built") == 0 {
				spec = api.EdgeAttachmentSpec{VdcID: ptr("vdc")}
			}
			if rapid.Bool().Draw(t, "has a network") {
				spec.Networks = networks(rapid.SampledFrom([]string{"10.9.0.0/24", "192.0.2.0/24", "198.18.0.0/16"}).Draw(t, "cidr"), "net-1")
			}
			intended.EdgeAttachments[edge] = spec
		}
		estate.Connections[name] = intended
	}
	return estate
}

// order orders what the verdict is about, in its order, and compares the answers.
func (w *world) order(t *rapid.T, estate api.IntendedEstate, verdict api.EstateVerdict) {
	said := make(map[string]api.ObjectVerdict)
	for _, o := range verdict.Objects {
		said[o.Name] = o
	}
	for _, name := range slices.Sorted(maps.Keys(estate.Connections)) {
		intended := estate.Connections[name]
		w.orderConnection(t, name, intended.Spec, said[hscn.ConnectionName(name)])
		for _, edge := range slices.Sorted(maps.Keys(intended.EdgeAttachments)) {
			w.orderEdge(t, name, edge, intended.EdgeAttachments[edge], said[hscn.EdgeAttachmentName(name, edge)])
		}
	}
}

func (w *world) orderConnection(t *rapid.T, name string, spec api.ConnectionSpec, said api.ObjectVerdict) {
	ctx := context.Background()
	there, err := w.Connection(ctx, w.caller(), name)
	var answered api.Connection
	if isGone(err) {
		answered, err = w.CreateConnection(ctx, w.by(w.caller()), name, spec, true)
		agree(t, said, "create", answered.State, answered.Findings, err)
		return
	}
	patch := api.MergePatch{
		"ods_code": spec.OdsCode, "service": map[string]any{"type": spec.Service.Type, "id": spec.Service.ID},
		"agreement": map[string]any{"basis": string(spec.Agreement.Basis)},
		"profile":   map[string]any{"risk_assessment": nil},
	}
	if spec.Profile.RiskAssessment != nil {
		patch["profile"] = map[string]any{"risk_assessment": map[string]any{"reference": "RA-17", "completed_on": "2026-05-01"}}
	}
	answered, err = w.UpdateConnection(ctx, w.by(w.caller()), name, patch, there.Etag)
	operation := "update"
	if err == nil && answered.Etag == there.Etag {
		operation = "none"
	}
	agree(t, said, operation, answered.State, answered.Findings, err)
}

func (w *world) orderEdge(t *rapid.T, connection, name string, spec api.EdgeAttachmentSpec, said api.ObjectVerdict) {
	ctx := context.Background()
	if _, err := w.Connection(ctx, w.caller(), connection); isGone(err) {
		return // nothing can be ordered on what was refused
	}
	there, err := w.EdgeAttachment(ctx, w.caller(), connection, name)
	var answered api.EdgeAttachment
	if isGone(err) {
		answered, err = w.CreateEdgeAttachment(ctx, w.by(w.caller()), connection, name, "", spec, true)
		agree(t, said, "create", answered.State, answered.Findings, err)
		return
	}
	patch := api.MergePatch{"networks": nil, "gateway_id": nil, "vdc_id": nil}
	if spec.GatewayID != nil {
		patch["gateway_id"] = *spec.GatewayID
	}
	if spec.VdcID != nil {
		patch["vdc_id"] = *spec.VdcID
	}
	if spec.Networks != nil {
		patch["networks"] = map[string]any{"front": map[string]any{"cidr": spec.Networks["front"].Cidr, "id": "net-1"}}
	}
	answered, err = w.UpdateEdgeAttachment(ctx, w.by(w.caller()), connection, name, patch, there.Etag)
	operation := "update"
	if err == nil && answered.Etag == there.Etag {
		operation = "none"
	}
	agree(t, said, operation, answered.State, answered.Findings, err)
}

// giveUp leaves nothing behind that the next inventory would have judged again.
func (w *world) giveUp(t *rapid.T) {
	ctx := context.Background()
	connections, edges := w.objects(t)
	for _, e := range edges {
		if connection, name, err := hscn.ParseEdgeAttachmentName(e.Name); err == nil && hscn.State(e.State).Holds() {
			if _, err := w.DeleteEdgeAttachment(ctx, w.by(w.caller()), connection, name, e.UID); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range connections {
		if name, err := hscn.ParseConnectionName(c.Name); err == nil && hscn.State(c.State).Holds() {
			if _, err := w.DeleteConnection(ctx, w.by(w.caller()), name, c.UID); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func isGone(err error) bool {
	var p *problem.Problem
	return errors.As(err, &p) && p.Type == problem.ObjectGone
}

// agree holds an answer to an order against what was said of it beforehand.
func agree(t *rapid.T, said api.ObjectVerdict, operation, state string, findings []api.Finding, err error) {
	t.Helper()
	var p *problem.Problem
	switch {
	case errors.As(err, &p):
		if said.Met || *said.StateReason != p.Detail || !slices.Equal(rulesOf(said.Findings), rulesOf(p.Findings)) {
			t.Fatalf("of %s it said %+v, and it is refused: %s %v", said.Name, said, p.Detail, rulesOf(p.Findings))
		}
	case err != nil:
		t.Fatal(err)
	case !said.Met || said.Operation != operation || *said.State != state || !slices.Equal(rulesOf(said.Findings), rulesOf(findings)):
		t.Fatalf("of %s it said %s %+v (%v), and it is %s, %s with %v",
			said.Name, said.Operation, said.State, said.StateReason, operation, state, rulesOf(findings))
	}
}
