//go:build linux

package kills

import (
	"maps"
	"slices"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
)

// object is one at the broker, whatever its kind.
type object struct {
	name, uid, state, key string
	// holds are what no other object may have: a service, or a gateway and an address.
	holds []string
}

func connectionObject(c api.Connection) object {
	return object{c.Name, c.UID, c.State, c.CreateKeySha256, []string{"service " + c.Service.ID}}
}

func edgeObject(e api.EdgeAttachment) object {
	holds := []string{"address " + e.IncludedAddress}
	if e.GatewayID != nil {
		holds = append(holds, "gateway "+*e.GatewayID)
	}
	return object{e.Name, e.UID, e.State, e.CreateKeySha256, holds}
}

// live is what lives at the broker.
func (w *world) live() []object {
	w.t.Helper()
	customer := w.customer()
	connections, err := customer.Connections(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	edges, err := customer.EdgeAttachments(w.ctx, client.AcrossParents)
	if err != nil {
		w.t.Fatal(err)
	}
	var all []object
	for _, c := range connections {
		all = append(all, connectionObject(c))
	}
	for _, e := range edges {
		all = append(all, edgeObject(e))
	}
	return all
}

// stored is an object by its uid, whatever became of it.
func (w *world) stored(uid string) object {
	w.t.Helper()
	found, err := w.customer().Object(w.ctx, uid)
	switch {
	case err != nil:
		w.t.Fatalf("object %s: %v", uid, err)
	case found.Connection != nil:
		return connectionObject(*found.Connection)
	case found.EdgeAttachment != nil:
		return edgeObject(*found.EdgeAttachment)
	}
	w.t.Fatalf("object %s is a %s", uid, found.Kind)
	return object{}
}

// verify looks at what is there in the end: at the broker, in state, in the orders and in the audit.
func (w *world) verify() {
	w.t.Helper()
	live := w.live()
	w.heldOnce(live)
	w.inStateOnce(live)
	w.madeOnce(live)
	if said := w.broker.Run("audit", "verify"); !strings.HasPrefix(said, "The audit is intact.") {
		w.t.Errorf("hscn-broker audit verify says %s", said)
	}
}

// heldOnce checks that nothing is held twice, and that what lives is what was declared.
func (w *world) heldOnce(live []object) {
	w.t.Helper()
	holders := map[string]string{}
	var names []string
	for _, o := range live {
		names = append(names, o.name)
		for _, held := range append(o.holds, o.name) {
			if other, twice := holders[held]; twice {
				w.t.Errorf("%s and %s both hold %s", other, o.uid, held)
			}
			holders[held] = o.uid
		}
	}
	slices.Sort(names)
	if declared := w.round.after.names(); !slices.Equal(names, declared) {
		w.t.Errorf("there are\n  %v, and declared are\n  %v", names, declared)
	}
}

// inStateOnce checks that all that lives is in state, once, and nothing else is.
func (w *world) inStateOnce(live []object) {
	w.t.Helper()
	unseen := map[string]string{}
	for _, o := range live {
		unseen[o.uid] = o.name
	}
	for _, o := range w.state() {
		if unseen[o.uid] != o.id || o.id == "" {
			w.t.Errorf("state has %s, %s with uid %s, which does not live or is there twice", o.address, o.id, o.uid)
		}
		delete(unseen, o.uid)
	}
	for uid, name := range unseen {
		w.t.Errorf("%s with uid %s lives and is not in state", name, uid)
	}
}

// madeOnce checks that each object was made by one create of one key, ordered once, and given up once if it was.
func (w *world) madeOnce(live []object) {
	w.t.Helper()
	lives := map[string]bool{}
	for _, o := range live {
		lives[o.uid] = true
	}
	creates, deletes := w.audited("create"), w.audited("delete")
	provided, removed := w.ordered()
	keys := map[string]string{}
	for _, uid := range slices.Sorted(maps.Keys(creates)) {
		o := w.stored(uid)
		switch gone := o.state == "ceasing" || o.state == "ceased"; {
		case creates[uid] != 1 || provided[uid] != 1:
			w.t.Errorf("%s (%s) was made %d times and ordered %d times", o.name, uid, creates[uid], provided[uid])
		case lives[uid] && (gone || deletes[uid] > 0 || removed[uid] > 0):
			w.t.Errorf("%s (%s) lives: it is %s, was given up %d times, and has %d orders to remove it", o.name, uid, o.state, deletes[uid], removed[uid])
		case !lives[uid] && (!gone || deletes[uid] != 1 || removed[uid] > 1 || o.state == "ceasing" && removed[uid] == 0):
			w.t.Errorf("%s (%s) does not live: it is %s, was given up %d times, and has %d orders to remove it", o.name, uid, o.state, deletes[uid], removed[uid])
		}
		if other, twice := keys[o.key]; twice {
			w.t.Errorf("%s and %s were made with one key", other, o.name)
		}
		keys[o.key] = o.name
		if !w.gate.made(o.name, o.key) {
			w.t.Errorf("%s (%s) was made with a key that no create of it carried", o.name, uid)
		}
		delete(lives, uid)
	}
	for uid := range lives {
		w.t.Errorf("%s lives, and the audit does not say who made it", uid)
	}
	if len(provided) != len(creates) {
		w.t.Errorf("there are orders for %d objects, and %d were made", len(provided), len(creates))
	}
}

// wholePage is more than a round leaves of anything.
const wholePage = 1000

// audited is how often the audit says of each object that it was made, or given up.
func (w *world) audited(verb string) map[string]int {
	w.t.Helper()
	size := wholePage
	page := must(w, "list the audit", func() (api.AuditEntryPage, error) {
		return client.Decode[api.AuditEntryPage](w.operator().ListAuditEntries(w.ctx, &api.ListAuditEntriesParams{PageSize: &size}))
	})
	count := map[string]int{}
	for _, entry := range page.Items {
		if entry.ObjectUID != nil && (entry.Action == "connection."+verb || entry.Action == "edge_attachment."+verb) {
			count[*entry.ObjectUID]++
		}
	}
	return count
}

// ordered is how many orders there are to provide and to remove each object, closed ones included.
func (w *world) ordered() (provided, removed map[string]int) {
	w.t.Helper()
	provided, removed = map[string]int{}, map[string]int{}
	for _, order := range w.orders(true) {
		switch order.Kind {
		case "provide":
			provided[order.ObjectUID]++
		case "remove":
			removed[order.ObjectUID]++
		}
	}
	return provided, removed
}

// orders are the orders that are open and, where they are wanted, those that are closed.
func (w *world) orders(closed bool) []api.Order {
	w.t.Helper()
	size := wholePage
	return must(w, "list the orders", func() (api.OrderPage, error) {
		return client.Decode[api.OrderPage](w.operator().ListOrders(w.ctx, &api.ListOrdersParams{PageSize: &size, Closed: &closed}))
	}).Items
}
