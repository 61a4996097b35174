package provider_test

import (
	"fmt"
	"slices"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// world draws one estate: first what there is, then what is asked for.
type world struct {
	draw
	*estate
	// services are the account's, with their gateways.
	services []service
	// codes are the ODS codes that the account may act for, strangers others that somebody looked up.
	codes, strangers []string
	// slips is how careless whoever writes the present specification is: by how much the usual mistakes are more frequent.
	slips int
	// Names that nothing has yet.
	connections, edges, copies []string
}

// service is a cloud service with the ids of its gateways.
type service struct {
	reference obj
	gateways  []string
}

// estateOf draws the estate of a seed.
func estateOf(seed uint64) *estate {
	w := &world{
		draw:        drawBy(seed, estateStream),
		estate:      &estate{Seed: seed, Scene: sceneOf(seed), Account: fmt.Sprintf("e%d", seed)},
		connections: []string{"alder", "birch", "cedar", "dogwood", "elder", "hazel", "holly", "maple"},
		edges:       []string{"north", "south", "inner", "outer", "upper", "lower", "front", "middle", "rear"},
		copies:      []string{"signed", "renewed", "scanned", "faxed"},
	}
	w.drawOrganisations()
	w.drawServices()
	w.drawLive()
	w.drawConfiguration()
	w.drawWaivers()
	w.NoRefresh = w.chance(8)
	for _, i := range w.Instances {
		w.Schedule = append(w.Schedule, i.Label, i.Label, i.Label)
	}
	w.Shuffle(len(w.Instances), func(i, j int) { w.Instances[i], w.Instances[j] = w.Instances[j], w.Instances[i] })
	w.Shuffle(len(w.Schedule), func(i, j int) { w.Schedule[i], w.Schedule[j] = w.Schedule[j], w.Schedule[i] })
	return w.estate
}

// take returns a name that nothing has yet.
func take(names *[]string) string {
	name := (*names)[0]
	*names = (*names)[1:]
	return name
}

// serviceReference is the n-th service of the account, of a type of the scene's policy.
func (w *world) serviceReference(n int) obj {
	if w.Scene.Policy == "neutral" {
		return obj{"type": "cloud_project", "id": fmt.Sprintf("%s-s%d", w.Account, n)}
	}
	if n%2 == 0 {
		return obj{"type": "openstack_project", "id": fmt.Sprintf("%030x%02x", w.Seed, n)}
	}
	return obj{"type": "vmware_cloud_director_org", "id": fmt.Sprintf("%d-%d", w.Seed, n)}
}

func (w *world) drawServices() {
	other := w.Account + "-other"
	w.Then.Version, w.Now.Version = 1, 1
	w.Then.Accounts = append(w.Then.Accounts, api.InventoryAccount{ID: other, Title: "Another customer"})
	for i, zone := range []string{zoneShared, zoneSingle, zoneSoon} {
		w.Then.Pools = append(w.Then.Pools, api.InventoryPool{Name: "pool-" + zone, Zone: zone, Cidr: fmt.Sprintf("10.240.%d.0/22", 4*i)})
	}
	for n := range 4 {
		account, zone := w.Account, one(w.draw, zoneShared, zoneShared, zoneSingle, zoneSoon)
		switch {
		case n == 3:
			account = other
		case n > 0 && w.chance(10):
			zone = zoneDark
		}
		s := service{reference: w.serviceReference(n)}
		recorded := api.InventoryService{Type: textIn(s.reference, "type"), ID: textIn(s.reference, "id"), Account: account, Zone: zone}
		w.Then.Services = append(w.Then.Services, recorded)
		if w.chance(4) {
			recorded.Retired = new(true)
			w.Now.Services = append(w.Now.Services, recorded)
		}
		for g := range 3 {
			gateway := api.InventoryGateway{
				ID:       fmt.Sprintf("urn:vcloud:gateway:%s-%d-%d", w.Account, n, g),
				Service:  api.ServiceReference{Type: recorded.Type, ID: recorded.ID},
				Networks: some(w.draw, 20, "internet", "psn"),
			}
			if w.chance(25) {
				gateway.InternalNetworks = some(w.draw, 50, internalNetworks()...)
			}
			s.gateways = append(s.gateways, gateway.ID)
			w.Then.Gateways = append(w.Then.Gateways, gateway)
			if w.chance(6) {
				gateway.Networks, gateway.Retired = some(w.draw, 50, "internet"), new(w.chance(50))
				w.Now.Gateways = append(w.Now.Gateways, gateway)
			}
		}
		w.services = append(w.services, s)
	}
}

// own are the account's services.
func (w *world) own() []service { return w.services[:3] }

// internalNetworks are the ids of networks that the account has behind its gateways.
func internalNetworks() []string { return []string{"net-1", "net-2", "net-3"} }

// drawLive orders up to two connections with what hangs on them and what they rest on.
func (w *world) drawLive() {
	for range one(w.draw, 0, 0, 0, 1) {
		w.Live = append(w.Live, living{
			Name: hscn.AgreementEvidenceName(take(&w.copies)), Spec: w.evidenceSpec(0),
			Fate: one(w.draw, leftAlone, fulfilled, fulfilled, fulfilled, turnedDown, goneSince),
		})
	}
	for n := range one(w.draw, 0, 1, 1, 2) {
		s := w.own()[n]
		if w.chance(10) {
			s = one(w.draw, w.own()...)
		}
		connection := hscn.ConnectionName(take(&w.connections))
		w.Live = append(w.Live, living{Name: connection, Spec: w.connectionSpec(s, 0), Fate: w.fate(restricted, terminated)})
		gateways := slices.Clone(s.gateways)
		for range one(w.draw, 0, 1, 1, 2) {
			gateway := take(&gateways)
			spec := w.edgeSpec(gateway)
			if w.builds() {
				delete(spec, "vdc_id")
				spec["gateway_id"] = gateway
			}
			w.Live = append(w.Live, living{Name: connection + "/edge-attachments/" + take(&w.edges), Spec: spec, Fate: w.fate()})
		}
	}
	rank := func(l living) int { return slices.Index(kindsInOrder(), kindOfName(l.Name)) }
	slices.SortStableFunc(w.Live, func(a, b living) int { return rank(a) - rank(b) })
}

// builds says that a gateway is built already: the operator builds one for each estate at the most.
func (w *world) builds() bool {
	return slices.ContainsFunc(w.Live, func(l living) bool { return l.Spec["vdc_id"] != nil })
}

func (w *world) fate(more ...fate) fate {
	return one(w.draw, append(more, leftAlone, leftAlone, leftAlone, fulfilled, fulfilled, fulfilled, fulfilled, notDone, turnedDown, goneSince, madeAnew)...)
}

// drawWaivers lets something pass, for the account or for one of its connections.
func (w *world) drawWaivers() {
	for range one(w.draw, 0, 0, 0, 0, 1, 2) {
		waiver := api.WaiverSpec{
			Account: w.Account, Rule: w.waivable(), Until: w.day(w.Scene.Days, 0, 1, 300), Reason: "until the paper is here", Reference: "W-1",
		}
		if len(w.Live) > 0 && w.chance(50) {
			if l := one(w.draw, w.Live...); kindOfName(l.Name) == rules.KindConnection {
				waiver.Connection = new(l.Name)
			}
		}
		granted := func(other api.WaiverSpec) bool { return other.Rule == waiver.Rule } // nobody grants one twice
		if !slices.ContainsFunc(w.Waivers, granted) {
			w.Waivers = append(w.Waivers, waiver)
		}
	}
}

// waivable is a rule that can be waived and that estates often break.
func (w *world) waivable() string {
	return one(w.draw,
		"organisation.not-bound", "organisation.not-checked", "organisation.inactive", "agreement.missing", "agreement.flow-down-terms",
		"agreement.not-checked", "agreement.predates", "agreement.ended", "dspt.not-met", "dspt.stale", "dspt.not-checked",
		"service.no-hscn", "service.already-connected", "edge.one-network", "edge.overlap", "profile.shared-organisation")
}
