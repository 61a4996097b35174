//go:build linux

package kills

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// What there is to draw from. Each service has its own gateways.
const (
	services = 16
	gateways = 6
)

// estate is what a configuration declares: connections by their number.
type estate map[int]connection

// connection is a connection to a service. Another service is another connection; another order number is a change.
type connection struct {
	service, orderNumber int
	edges                map[int]edge
}

// edge is an edge attachment to one of the service's gateways. Another gateway is another attachment; another network is
// a change.
type edge struct{ gateway, network int }

func connectionName(number int) string { return fmt.Sprintf("site-%d", number) }

// edgeName is another for each edge of an estate, so that its label in the configuration can be made of it alone, as the
// provider does in the import blocks that it prints.
func edgeName(connection, number int) string { return fmt.Sprintf("edge-%d-%d", connection, number) }

func serviceID(number int) string { return fmt.Sprintf("project-%d", number) }

func gatewayID(service, number int) string { return fmt.Sprintf("gateway-%d-%d", service, number) }

func label(name string) string { return strings.ReplaceAll(name, "-", "_") }

// names are the full names of all that it declares.
func (e estate) names() []string {
	var names []string
	for number, c := range e {
		name := "connections/" + connectionName(number)
		names = append(names, name)
		for edge := range c.edges {
			names = append(names, name+"/edge-attachments/"+edgeName(number, edge))
		}
	}
	slices.Sort(names)
	return names
}

// String writes each connection as "number: service/order number [edge: gateway/network]".
func (e estate) String() string {
	var connections []string
	for _, number := range slices.Sorted(maps.Keys(e)) {
		c := e[number]
		text := fmt.Sprintf("%d: %d/%d", number, c.service, c.orderNumber)
		for _, edge := range slices.Sorted(maps.Keys(c.edges)) {
			text += fmt.Sprintf(" [%d: %d/%d]", edge, c.edges[edge].gateway, c.edges[edge].network)
		}
		connections = append(connections, text)
	}
	return strings.Join(connections, ", ")
}

// configuration is the estate as a user writes it.
func (e estate) configuration() string {
	var text strings.Builder
	for _, number := range slices.Sorted(maps.Keys(e)) {
		c := e[number]
		fmt.Fprintf(&text, `
resource "hscn_connection" %q {
  name           = %q
  ods_code       = %q
  service        = { type = "cloud_project", id = %q }
  agreement      = { basis = "flow_down" }
  purchase_order = "PO-%d"
  profile = {
    business_sponsor = { name = "Sam Sponsor", email = "sponsor@trust.example" }
    security_lead    = { name = "Lee Lead", email = "lead@trust.example" }
  }
}
`, label(connectionName(number)), connectionName(number), organisation, serviceID(c.service), c.orderNumber)
		for _, at := range slices.Sorted(maps.Keys(c.edges)) {
			name := edgeName(number, at)
			fmt.Fprintf(&text, `
resource "hscn_edge_attachment" %q {
  name          = %q
  connection_id = hscn_connection.%s.id
  gateway_id    = %q
  networks      = { inside = { cidr = "192.168.%d.0/24" } }
}
`, label(name), name, label(connectionName(number)), gatewayID(c.service, c.edges[at].gateway), c.edges[at].network)
		}
	}
	return text.String()
}

// drawEstate draws what is there before.
func drawEstate(random *rand.Rand) estate {
	drawn := estate{}
	taken := map[int]bool{}
	for number := range 4 + random.IntN(3) {
		drawn[number+1] = drawConnection(random, taken)
	}
	return drawn
}

// drawConnection draws a connection to a service that is not taken yet.
func drawConnection(random *rand.Rand, taken map[int]bool) connection {
	c := connection{service: untaken(random, services, taken), orderNumber: random.IntN(1000), edges: map[int]edge{}}
	gateways := map[int]bool{}
	for number := range random.IntN(4) {
		c.edges[number+1] = drawEdge(random, gateways)
	}
	return c
}

// drawEdge draws an edge attachment to a gateway that is not taken yet.
func drawEdge(random *rand.Rand, taken map[int]bool) edge {
	return edge{gateway: untaken(random, gateways, taken), network: random.IntN(256)}
}

// untaken draws one of the numbers from 1 on that are not taken, and takes it.
func untaken(random *rand.Rand, count int, taken map[int]bool) int {
	for {
		if n := 1 + random.IntN(count); !taken[n] {
			taken[n] = true
			return n
		}
	}
}

// drawChanges draws what becomes of an estate: each object stays, changes, is replaced or goes, and some are new. A
// service or gateway that something gives up is free for what is drawn after it.
func drawChanges(random *rand.Rand, before estate) estate {
	after := estate{}
	taken := map[int]bool{}
	for _, c := range before {
		taken[c.service] = true
	}
	for _, number := range slices.Sorted(maps.Keys(before)) {
		c := before[number]
		switch random.IntN(6) {
		case 0:
			delete(taken, c.service)
		case 1:
			given := c.service
			replacement := connection{service: untaken(random, services, taken), orderNumber: c.orderNumber, edges: maps.Clone(c.edges)}
			delete(taken, given)
			after[number] = replacement
		case 2, 3:
			after[number] = connection{service: c.service, orderNumber: c.orderNumber + 1, edges: drawEdgeChanges(random, c.edges)}
		default:
			after[number] = connection{service: c.service, orderNumber: c.orderNumber, edges: drawEdgeChanges(random, c.edges)}
		}
	}
	for number := range 1 + random.IntN(3) {
		after[len(before)+1+number] = drawConnection(random, taken)
	}
	return after
}

func drawEdgeChanges(random *rand.Rand, before map[int]edge) map[int]edge {
	after := map[int]edge{}
	taken := map[int]bool{}
	for _, e := range before {
		taken[e.gateway] = true
	}
	for _, number := range slices.Sorted(maps.Keys(before)) {
		e := before[number]
		switch random.IntN(6) {
		case 0:
			delete(taken, e.gateway)
		case 1:
			given := e.gateway
			after[number] = drawEdge(random, taken)
			delete(taken, given)
		case 2, 3:
			after[number] = edge{gateway: e.gateway, network: (e.network + 1) % 256}
		default:
			after[number] = e
		}
	}
	if random.IntN(2) == 0 {
		after[len(before)+1] = drawEdge(random, taken)
	}
	return after
}

// writes is how many requests that change something make one estate out of another, and how many of them are creates.
// What hangs on a connection that is replaced is replaced with it.
func writes(before, after estate) (all, creates int) {
	for number, to := range after {
		if from, was := before[number]; !was || to.service != from.service {
			creates++
		} else if to.orderNumber != from.orderNumber {
			all++
		}
	}
	for number, from := range before {
		if to, stays := after[number]; !stays || to.service != from.service {
			all++
		}
	}
	for number := range union(before, after) {
		from, to := before[number], after[number]
		for at := range union(from.edges, to.edges) {
			old, was := from.edges[at]
			wanted, is := to.edges[at]
			replaced := was && is && (from.service != to.service || old.gateway != wanted.gateway)
			switch {
			case replaced:
				all++
				creates++
			case !was:
				creates++
			case !is, old != wanted:
				all++
			}
		}
	}
	return all + creates, creates
}

// union are the keys of both.
func union[V any](one, other map[int]V) map[int]bool {
	keys := map[int]bool{}
	for key := range one {
		keys[key] = true
	}
	for key := range other {
		keys[key] = true
	}
	return keys
}
