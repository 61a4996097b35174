//go:build linux

package kills

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// Who orders, for whom.
const (
	account      = "676"
	organisation = "A1B2C"
)

// world is what one round is played in: nothing of it is shared with another round.
type world struct {
	t *testing.T
	// ctx ends with the time that a round has.
	ctx       context.Context
	round     round
	broker    *acctest.Process
	gate      *gate
	workspace *acctest.Workspace
	provider  string
	// token is the customer's.
	token string
	// returned says how the broker's coming back went; nil where it was not away.
	returned chan error
}

// roundLimit is many times what a round takes on a busy machine.
const roundLimit = 5 * time.Minute

func newWorld(t *testing.T, drawn round) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), roundLimit)
	t.Cleanup(cancel)
	database := filepath.Join(t.TempDir(), "broker.db")
	if drawn.postgres {
		database = storetest.PostgresURL(t)
	}
	w := &world{t: t, ctx: ctx, round: drawn, provider: acctest.Provider(t), broker: acctest.NewProcess(t, database), gate: newGate(t)}
	w.workspace = acctest.NewWorkspace(t, w.provider)
	if err := w.gate.leadTo(w.broker.URL()); err != nil {
		t.Fatal(err)
	}
	operator := w.operator()
	must(w, "load the inventory", func() (api.InventoryReport, error) {
		params := &api.LoadInventoryParams{IdempotencyKey: client.NewIdempotencyKey()}
		return client.Decode[api.InventoryReport](operator.LoadInventory(ctx, params, inventory(time.Now())))
	})
	made := must(w, "make a token", func() (api.NewToken, error) {
		spec := api.TokenSpec{Subject: "records-ci", Kind: api.Machine, Roles: []api.Role{api.RoleCustomer}, Accounts: []string{account}}
		return client.Decode[api.NewToken](operator.CreateToken(ctx, &api.CreateTokenParams{}, spec))
	})
	w.token = made.Secret
	return w
}

// build does what the operator does until all that was ordered is active. What has to be done by others first, such as by
// the broker's jobs, is looked for again.
func (w *world) build() {
	w.t.Helper()
	operator := w.operator()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for orders := w.orders(false); len(orders) > 0; orders = w.orders(false) {
		for _, order := range orders {
			if order.WaitsFor != nil && *order.WaitsFor == "fulfilment" {
				must(w, "confirm "+order.Object, func() (api.Order, error) {
					params := &api.ConfirmOrderParams{IdempotencyKey: client.NewIdempotencyKey()}
					return client.Decode[api.Order](operator.ConfirmOrder(w.ctx, order.ID, params, api.OrderConfirmation{}))
				})
			}
		}
		select {
		case <-tick.C:
		case <-w.ctx.Done():
			w.t.Fatalf("%v are not built: %v", orders, w.ctx.Err())
		}
	}
}

// must asks the broker for something that it has to answer.
func must[T any](w *world, what string, ask func() (T, error)) T {
	w.t.Helper()
	answer, err := ask()
	if err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
	return answer
}

// operator is the operator's client, and customer the customer's, past the gate.
func (w *world) operator() api.ClientInterface {
	w.t.Helper()
	return w.broker.As(w.broker.Token())
}

func (w *world) customer() *client.Client {
	w.t.Helper()
	c, err := client.New(client.Config{Endpoint: w.broker.URL(), Token: w.token})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// configure writes the configuration of an estate.
func (w *world) configure(e estate) {
	w.t.Helper()
	w.workspace.Configure(fmt.Sprintf("provider \"hscn\" {\n  endpoint = %q\n  token    = %q\n}\n", w.gate.server.URL, w.token), e.configuration())
}

// inventory is what the operator knows: an organisation of which all is well, and services with their gateways.
func inventory(now time.Time) api.Inventory {
	yes, class, country, title := true, "RC1", "ENGLAND", "Meadow Trust"
	status := fmt.Sprintf("%s Standards Met", hscn.EditionOfPublication(hscn.DateIn(now), hscn.Edition.Deadline))
	known := api.Inventory{
		Version:  1,
		Accounts: []api.InventoryAccount{{ID: account, Title: "Meadow Health", Organisations: []string{organisation}}},
		Pools:    []api.InventoryPool{{Name: "main-pool", Zone: "main", Cidr: "198.51.100.0/24"}},
		Organisations: []api.InventoryOrganisation{{
			OdsCode:   organisation,
			Directory: &api.DirectoryRecord{LookedUpAt: now, Found: true, Title: &title, Active: &yes, RecordClass: &class, Country: &country},
			Register:  &api.RegisterRecord{LookedUpAt: now, Found: false},
			FlowDown: &api.FlowDownRecord{
				LookedUpAt: now, Documents: []api.FlowDownDocument{{Kind: "master_services_agreement", Version: "11.2"}},
			},
			Dspt: &api.DSPTRecord{LookedUpAt: now, Found: true, Status: &status},
		}},
	}
	for service := 1; service <= services; service++ {
		reference := api.ServiceReference{Type: "cloud_project", ID: serviceID(service)}
		known.Services = append(known.Services, api.InventoryService{Type: reference.Type, ID: reference.ID, Account: account, Zone: "main"})
		for gateway := 1; gateway <= gateways; gateway++ {
			known.Gateways = append(known.Gateways, api.InventoryGateway{ID: gatewayID(service, gateway), Service: reference, Networks: []string{}})
		}
	}
	return known
}
