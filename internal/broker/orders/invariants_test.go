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
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Whatever customers, operators and jobs do in whatever order: nothing is held twice, every live edge has one address of
// its own, nothing is active that nobody confirmed, no edge before its connection, and nothing is left without an order
// that takes it further. What is active stays so, whatever its owner changes; what was asked for last is what is confirmed
// with the change that is pending, and it moves the revision, and nothing else does.
func TestInvariants(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, url string) {
		b := setup(t, url, withApproval)
		b.load(api.Inventory{Version: api.N1, Pools: []api.InventoryPool{{Name: "wide", Zone: "main", Cidr: "198.18.0.0/15"}}})
		var accounts atomic.Int64
		rapid.Check(t, func(t *rapid.T) {
			w := newWorld(t, b, accounts.Add(1))
			if rapid.Bool().Draw(t, "begins active") {
				w.beginActive(t)
			}
			for range rapid.IntRange(1, 30).Draw(t, "steps") {
				w.step(t)
				w.check(t)
			}
			w.settle(t)
		})
		err := b.db.Read(context.Background(), func(ctx context.Context, r *store.Reader) error {
			verified, err := r.VerifyAudit(ctx)
			if err == nil && !verified.Intact {
				t.Errorf("the audit is broken: %+v", verified)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// world is an account with two services and three gateways, and all that ever happened to it.
type world struct {
	*bundle
	account string
	codes   []string
	// ordered are the uids of its objects, in the order in which they were made.
	ordered []string
	// confirmed are the objects whose fulfilment somebody confirmed.
	confirmed map[string]bool
	// seen is what was declared of each object, and its etag, when it was looked at last.
	seen map[string]declaration
}

func newWorld(t *rapid.T, b *bundle, n int64) *world {
	w := &world{
		bundle: b, account: fmt.Sprintf("account-%d", n), confirmed: make(map[string]bool), seen: make(map[string]declaration),
		codes: []string{fmt.Sprintf("G%d", 10000+n), fmt.Sprintf("N%d", 10000+n)},
	}
	_, err := b.LoadInventory(context.Background(), b.alice(), api.Inventory{
		Version:  api.N1,
		Accounts: []api.InventoryAccount{{ID: w.account, Title: w.account, Organisations: w.codes}},
		Services: []api.InventoryService{
			{Type: "cloud_project", ID: w.project(0), Account: w.account, Zone: "main"},
			{Type: "cloud_project", ID: w.project(1), Account: w.account, Zone: "main"},
		},
		Gateways: []api.InventoryGateway{
			gateway(w.gateway(0), w.project(0)), gateway(w.gateway(1), w.project(0)), gateway(w.gateway(2), w.project(1)),
		},
		Organisations: []api.InventoryOrganisation{organisation(w.codes[0], monday)},
	}, false)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return w
}

func (w *world) project(i int) string { return fmt.Sprintf("%s-project-%d", w.account, i) }
func (w *world) gateway(i int) string { return fmt.Sprintf("%s-gateway-%d", w.account, i) }
func (w *world) caller() request.Caller {
	return customer(w.account)
}

var connectionNames, edgeNames = []string{"one", "two"}, []string{"app", "web"}

// step does one thing. Only problems that a caller may read are in order.
func (w *world) step(t *rapid.T) {
	ctx := context.Background()
	pick := func(label string, from []string) string { return rapid.SampledFrom(from).Draw(t, label) }
	connection, edge := pick("connection", connectionNames), pick("edge", edgeNames)
	var err error
	switch rapid.IntRange(0, 20).Draw(t, "action") {
	case 0, 1:
		spec := connectionSpec(pick("code", w.codes), w.project(rapid.IntRange(0, 1).Draw(t, "project")))
		var made api.Connection
		if made, err = w.CreateConnection(ctx, w.by(w.caller()), connection, spec, true); err == nil {
			w.ordered = append(w.ordered, made.UID)
		}
	case 2, 3:
		spec := edgeSpec(w.gateway(rapid.IntRange(0, 2).Draw(t, "gateway")))
		var made api.EdgeAttachment
		if made, err = w.CreateEdgeAttachment(ctx, w.by(w.caller()), connection, edge, "", spec, true); err == nil {
			w.ordered = append(w.ordered, made.UID)
		}
	case 4, 18, 19:
		var found api.Connection
		if found, err = w.Connection(ctx, w.caller(), connection); err == nil {
			patch := rapid.SampledFrom([]api.MergePatch{
				{"purchase_order": "PO-1"},
				{"purchase_order": nil},
				{"ods_code": w.codes[0]},
				{"ods_code": w.codes[1]},
				toFlowDown,
				{"agreement": map[string]any{"basis": "connection_agreement"}},
				toDedicated,
				{"access": "shared_link", "circuits": nil},
				{"circuits": map[string]any{"line": map[string]any{"reference": "C-1"}}},
				{"ods_code": w.codes[1], "purchase_order": "PO-2"},
			}).Draw(t, "patch")
			var after api.Connection
			if after, err = w.UpdateConnection(ctx, w.by(w.caller()), connection, patch, found.Etag); err == nil {
				w.patched(t, found.State, after.State, patch, w.declared(t, found, found.PendingChange, found.Etag), w.declared(t, after, after.PendingChange, after.Etag))
			}
		}
	case 20:
		var found api.EdgeAttachment
		if found, err = w.EdgeAttachment(ctx, w.caller(), connection, edge); err == nil {
			patch := rapid.SampledFrom([]api.MergePatch{
				toCustomer, {"fulfilment": "csp"}, {"networks": map[string]any{"app": map[string]any{"cidr": "10.7.0.0/24"}}}, {"networks": nil},
			}).Draw(t, "patch")
			var after api.EdgeAttachment
			if after, err = w.UpdateEdgeAttachment(ctx, w.by(w.caller()), connection, edge, patch, found.Etag); err == nil {
				w.patched(t, found.State, after.State, patch, w.declared(t, found, found.PendingChange, found.Etag), w.declared(t, after, after.PendingChange, after.Etag))
			}
		}
	case 5:
		var found api.Connection
		if found, err = w.Connection(ctx, w.caller(), connection); err == nil {
			_, err = w.DeleteConnection(ctx, w.by(w.caller()), connection, found.UID)
		}
	case 6:
		var found api.EdgeAttachment
		if found, err = w.EdgeAttachment(ctx, w.caller(), connection, edge); err == nil {
			_, err = w.DeleteEdgeAttachment(ctx, w.by(w.caller()), connection, edge, found.UID)
		}
	case 7:
		facts := organisation(w.codes[1], monday)
		facts.Register.Found = rapid.Bool().Draw(t, "agreement found")
		_, err = w.LoadInventory(ctx, w.alice(), organisations(facts), false)
	case 8:
		_, err = w.RunDueJobs(ctx)
	case 9, 10:
		var found api.Connection
		if found, err = w.Connection(ctx, w.caller(), connection); err == nil {
			act := rapid.SampledFrom([]authorityAct{restrict, restrict, lift, lift, lift, terminate}).Draw(t, "the Authority")
			_, err = act(w.Desk, ctx, w.bob(), found.UID, decision)
		}
	default:
		err = w.decide(t)
	}
	var p *problem.Problem
	if err != nil && !errors.As(err, &p) {
		t.Fatalf("a fault, and no problem: %v", err)
	}
}

// decide has the operator decide about one of the account's open orders.
func (w *world) decide(t *rapid.T) error {
	ctx := context.Background()
	open := w.openOrders(t)
	if len(open) == 0 {
		return nil
	}
	order := rapid.SampledFrom(open).Draw(t, "order")
	decision := rapid.SampledFrom([]string{"refuse", "fail", "approve", "done", "on", "on", "on", "on", "on", "on"}).Draw(t, "decision")
	if decision == "on" { // whatever takes it further
		shown, err := w.Order(ctx, order.ID)
		if err != nil {
			return err
		}
		decision = map[string]string{"approval": "approve", "fulfilment": "done", "removal": "done"}[*shown.WaitsFor]
	}
	var err error
	switch decision {
	case "refuse":
		_, err = w.RefuseOrder(ctx, w.bob(), order.ID, "no")
	case "fail":
		_, err = w.FailOrder(ctx, w.bob(), order.ID, "no")
	case "approve":
		_, err = w.ApproveOrder(ctx, w.bob(), order.ID, "")
	case "done":
		if _, err = w.ConfirmOrder(ctx, w.bob(), order.ID, "", ""); err == nil && order.Kind == store.OrderProvide {
			w.confirmed[order.ObjectUID] = true
		}
	default:
		_, err = w.RunDueJobs(ctx)
	}
	return err
}

// openOrders are the open orders about whatever the account ever ordered. The queue itself has those of all accounts.
func (w *world) openOrders(t *rapid.T) (open []store.Order) {
	err := w.db.Read(context.Background(), func(ctx context.Context, r *store.Reader) error {
		for _, uid := range w.ordered {
			order, err := r.OpenOrderOf(ctx, uid)
			if err == nil {
				open = append(open, order)
			} else if !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return open
}

func (w *world) objects(t *rapid.T) (map[string]api.Connection, []api.EdgeAttachment) {
	ctx := context.Background()
	connections, err := w.Connections(ctx, w.caller(), api.ListConnectionsParams{PageSize: ptr(1000)})
	if err != nil {
		t.Fatal(err)
	}
	edges, err := w.EdgeAttachments(ctx, w.caller(), "-", api.ListEdgeAttachmentsParams{PageSize: ptr(1000)})
	if err != nil {
		t.Fatal(err)
	}
	byUID := make(map[string]api.Connection)
	for _, c := range connections.Items {
		byUID[c.UID] = c
	}
	return byUID, edges.Items
}

// check holds the account against the invariants.
func (w *world) check(t *rapid.T) {
	connections, edges := w.objects(t)
	orders := make(map[string]store.Order)
	for _, o := range w.openOrders(t) {
		orders[o.ObjectUID] = o
	}
	held := make(map[string]string)
	hold := func(what, by string) {
		if other, taken := held[what]; taken {
			t.Fatalf("%s is held by %s and by %s", what, other, by)
		}
		held[what] = by
	}
	moves := func(name, uid, state string, pending *api.MergePatch) {
		order, open := orders[uid]
		changes := open && order.Kind == store.OrderChange
		if changes != (pending != nil) || changes && (order.Change == nil || len(*pending) == 0) {
			t.Fatalf("%s is %s, its pending change is %v, and its open order is %+v", name, state, pending, order)
		}
		stands := state == string(hscn.StateActive) || state == string(hscn.StateRestricted) || state == string(hscn.StateTerminated)
		if live := hscn.State(state).Holds(); live != (open && order.Kind == store.OrderProvide) && !stands {
			t.Fatalf("%s is %s, and its open order is %+v", name, state, order)
		}
		if stands && (open && (!changes || state == string(hscn.StateTerminated)) || !w.confirmed[uid] && state != string(hscn.StateTerminated)) {
			t.Fatalf("%s is %s: confirmed %t, open order %t", name, state, w.confirmed[uid], open)
		}
	}
	for _, c := range connections {
		moves(c.Name, c.UID, c.State, c.PendingChange)
		now := w.declared(t, c, c.PendingChange, c.Etag)
		w.compare(t, c.Name, c.UID, now)
		if hscn.State(c.State).Holds() {
			hold("name "+c.Name, c.UID)
			hold("service "+c.Service.ID+" by "+string(c.Access), c.UID)
			if asked := now.access(t); asked != c.Access {
				hold("service "+c.Service.ID+" by "+string(asked), c.UID)
			}
		}
	}
	for _, e := range edges {
		moves(e.Name, e.UID, e.State, e.PendingChange)
		w.compare(t, e.Name, e.UID, w.declared(t, e, e.PendingChange, e.Etag))
		if !hscn.State(e.State).Holds() {
			continue
		}
		hold("name "+e.Name, e.UID)
		hold("gateway "+*e.GatewayID, e.UID)
		hold("address "+e.IncludedAddress, e.UID)
		if e.IncludedAddress == "" {
			t.Fatalf("%s is %s and has no address", e.Name, e.State)
		}
		parent, lives := connections[e.ConnectionUID]
		if !lives || !hscn.State(parent.State).Holds() {
			t.Fatalf("%s is %s and its connection is %q", e.Name, e.State, parent.State)
		}
		waits := e.State == string(hscn.StatePendingConnection)
		var goesOn bool
		switch hscn.State(parent.State) {
		case hscn.StateActive:
			goesOn = !waits && e.State != string(hscn.StateRestricted) && e.State != string(hscn.StateTerminated)
		case hscn.StateRestricted:
			goesOn = waits || e.State == string(hscn.StateRestricted)
		case hscn.StateTerminated:
			goesOn = e.State == string(hscn.StateTerminated)
		default:
			goesOn = waits
		}
		if !goesOn {
			t.Fatalf("%s is %s and its connection is %s", e.Name, e.State, parent.State)
		}
	}
}

// settle does all jobs: nothing is left that the broker could take further by itself.
func (w *world) settle(t *rapid.T) {
	if _, err := w.RunDueJobs(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.check(t)
	for _, o := range w.openOrders(t) {
		shown, err := w.Order(context.Background(), o.ID)
		if err != nil || len(shown.Steps) == 0 || shown.Kind == string(store.OrderChange) && shown.State == string(hscn.StateProvisioning) && shown.DueAt != nil || (shown.Kind == string(store.OrderRemove)) != (shown.State == string(hscn.StateCeasing)) {
			t.Fatalf("the order is %+v, %v", shown, err)
		}
	}
	connections, edges := w.objects(t)
	for _, c := range connections {
		if c.State == string(hscn.StateProvisioning) {
			t.Fatalf("%s is left in %s", c.Name, c.State)
		}
	}
	for _, e := range edges {
		if e.State == string(hscn.StateProvisioning) {
			t.Fatalf("%s is left in %s", e.Name, e.State)
		}
	}
}
