package orders_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/policy"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

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
