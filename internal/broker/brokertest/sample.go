package brokertest

import (
	"fmt"
	"net/http"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// Accounts of the sample inventory.
const (
	// Acme has the services acme-one and acme-two with the gateways gw-1 and gw-2, and may act for A1B2C, of which all
	// is well, and for L4P5E, whose DSPT has lapsed.
	Acme = "676"
	// Bolt has the service bolt-one with the gateway gw-9, and may act for B9C8D, of which all is well.
	Bolt = "90"
)

// Inventory is a synthetic inventory for the policy "neutral", looked up at that time.
func Inventory(at time.Time) api.Inventory {
	type organisation struct{ code, title, dspt string }
	var organisations []api.InventoryOrganisation
	for _, o := range []organisation{
		{"A1B2C", "Meadow Trust", "25/26 Standards Met"},
		{"B9C8D", "Harbour Trust", "25/26 Standards Exceeded"},
		{"L4P5E", "Lapsed Trust", "23/24 Standards Met"},
	} {
		yes, class, country, role := true, "RC1", "ENGLAND", "RO197"
		organisations = append(organisations, api.InventoryOrganisation{
			OdsCode: o.code,
			Directory: &api.DirectoryRecord{
				LookedUpAt: at, Found: true, Title: &o.title, Active: &yes, RecordClass: &class, Country: &country, PrimaryRole: &role,
			},
			Register: &api.RegisterRecord{LookedUpAt: at, Found: false},
			FlowDown: &api.FlowDownRecord{
				LookedUpAt: at, Documents: []api.FlowDownDocument{{Kind: "master_services_agreement", Version: "11.0"}},
			},
			Dspt: &api.DSPTRecord{LookedUpAt: at, Found: true, Status: &o.dspt},
		})
	}
	title := func(s string) *string { return &s }
	service := func(id string) api.ServiceReference { return api.ServiceReference{Type: "cloud_project", ID: id} }
	return api.Inventory{
		Version: 1,
		Accounts: []api.InventoryAccount{
			{ID: Acme, Title: "Acme Health", Organisations: []string{"A1B2C", "L4P5E"}},
			{ID: Bolt, Title: "Bolt Care", Organisations: []string{"B9C8D"}},
		},
		Services: []api.InventoryService{
			{Type: "cloud_project", ID: "acme-one", Account: Acme, Zone: "main", Title: title("Acme records")},
			{Type: "cloud_project", ID: "acme-two", Account: Acme, Zone: "main"},
			{Type: "cloud_project", ID: "bolt-one", Account: Bolt, Zone: "main"},
		},
		Gateways: []api.InventoryGateway{
			{ID: "gw-1", Service: service("acme-one"), Title: title("Acme edge")},
			{ID: "gw-2", Service: service("acme-two")},
			{ID: "gw-9", Service: service("bolt-one")},
		},
		Organisations: organisations,
		Pools:         []api.InventoryPool{{Name: "main-pool", Zone: "main", Cidr: "192.0.2.0/24"}},
	}
}

// Load records the sample inventory as somebody with the role of a recorder.
func (b *Broker) Load(operator Client) {
	b.tb.Helper()
	operator.Do(http.MethodPost, "/v1/operator/inventory", Inventory(b.Clock.Now())).Must(http.StatusOK)
}

// Connection is what Acme declares of a connection of a service, for an organisation.
func Connection(service, organisation string) api.ConnectionSpec {
	return api.ConnectionSpec{
		OdsCode:   organisation,
		Service:   api.ServiceReference{Type: "cloud_project", ID: service},
		Agreement: api.Agreement{Basis: api.AgreementBasisFlowDown},
		Profile: api.Profile{
			BusinessSponsor: api.BusinessSponsor{Name: "Sam Sponsor", Email: "sponsor@trust.example"},
			SecurityLead:    api.SecurityLead{Name: "Lee Lead", Email: "lead@trust.example"},
		},
	}
}

// Edge is what an edge attachment to a gateway is declared as.
func Edge(gateway string) api.EdgeAttachmentSpec { return api.EdgeAttachmentSpec{GatewayID: &gateway} }

// Estate is a connection that is intended, with the edge attachments edge-1, edge-2 and so on to these gateways.
func Estate(name string, spec api.ConnectionSpec, gateways ...string) api.IntendedEstate {
	edges := make(map[string]api.EdgeAttachmentSpec, len(gateways))
	for i, gateway := range gateways {
		edges[fmt.Sprintf("edge-%d", i+1)] = Edge(gateway)
	}
	return api.IntendedEstate{Connections: map[string]api.IntendedConnection{name: {Spec: spec, EdgeAttachments: edges}}}
}
