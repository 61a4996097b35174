package provider_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// stage is a broker with the estates of one scene, and the provider that plans for each of them in turn.
type stage struct {
	*brokertest.Broker
	t      *testing.T
	policy api.Policy
	// recorder and approver are two operators, where policy wants a second person.
	recorder, approver brokertest.Client
	terraform          *protocol
	residents          []*resident
}

// resident is an estate on its stage.
type resident struct {
	*estate
	customer brokertest.Client
	// standing are the full names of what could be ordered before the plan.
	standing map[string]bool
	// states are what Terraform would have in its state file, by the full names of what it made.
	states map[string]stored
}

// stored is one object in a state file.
type stored struct {
	raw     *tfprotov6.RawState
	private []byte
}

// setStage starts a broker, orders what lives before the plan, lets the days pass and records what is known since. All
// estates must be of one scene, and of different accounts.
func setStage(t *testing.T, estates ...*estate) *stage {
	t.Helper()
	s := &stage{t: t, policy: estates[0].Scene.policy(t)}
	s.Broker = brokertest.Start(t, func(c *broker.Config) { c.Policy = s.policy })
	s.recorder, s.approver = s.Operator("recorder"), s.Operator("approver")
	s.terraform = &protocol{t: t, server: provider.Server("test")()}
	var err error
	if s.terraform.schema, err = s.terraform.server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		t.Fatal(err)
	}
	for _, e := range estates {
		s.residents = append(s.residents, &resident{estate: e, customer: s.Customer(e.Account), standing: make(map[string]bool), states: make(map[string]stored)})
	}

	s.load(func(e *estate) api.Inventory { return e.Then })
	s.upload((*estate).ordered)
	for _, r := range s.residents {
		for _, l := range r.Live {
			if r.customer.Create("/v1/"+l.Name, l.Spec).Status < http.StatusBadRequest {
				r.standing[l.Name] = true
			}
		}
	}
	s.Work()
	for _, r := range s.residents {
		s.remember(r)
	}
	s.actOut()
	s.Clock.Advance(time.Duration(estates[0].Scene.Days) * 24 * time.Hour)
	s.Work()
	s.load(func(e *estate) api.Inventory { return e.Now })
	s.upload((*estate).planned)
	for _, r := range s.residents {
		for _, waiver := range r.Waivers {
			s.approver.Do(http.MethodPost, "/v1/operator/waivers", waiver).Must(http.StatusCreated)
		}
	}
	s.Work()
	return s
}

// load records the inventories of all estates in one, since each would have every order that waits judged again.
func (s *stage) load(of func(*estate) api.Inventory) {
	s.t.Helper()
	all := api.Inventory{Version: 1}
	for _, r := range s.residents {
		i := of(r.estate)
		all.Accounts = append(all.Accounts, i.Accounts...)
		all.Services = append(all.Services, i.Services...)
		all.Gateways = append(all.Gateways, i.Gateways...)
		all.Organisations = append(all.Organisations, i.Organisations...)
		for _, pool := range i.Pools {
			// Pools belong to the scene; each estate names them all the same, so as to be complete.
			if !slices.ContainsFunc(all.Pools, func(p api.InventoryPool) bool { return p.Name == pool.Name }) {
				all.Pools = append(all.Pools, pool)
			}
		}
	}
	s.recorder.Do(http.MethodPost, "/v1/operator/inventory", all).Must(http.StatusOK)
}

// configure starts a run of Terraform's for the resident. Everything that a run remembers hangs on it.
func (s *stage) configure(r *resident) {
	s.t.Helper()
	typ := s.terraform.schema.Provider.ValueType()
	config := obj{"endpoint": s.URL(), "token": r.customer.Token, "max_retries": 0}
	resp, err := s.terraform.server.ConfigureProvider(s.t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.11.4", Config: s.terraform.dynamic(typ, s.terraform.value(typ, config)),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.terraform.noErrors(resp.Diagnostics)
}

// remember puts into state what instances have there, as an import does.
func (s *stage) remember(r *resident) {
	s.t.Helper()
	s.configure(r)
	for i := range r.Instances {
		instance := &r.Instances[i]
		if !r.standing[instance.State] {
			continue
		}
		resource := resourceType(instance.Kind)
		imported, err := s.terraform.server.ImportResourceState(s.t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: resource, ID: instance.State})
		if err != nil {
			s.t.Fatal(err)
		}
		s.terraform.noErrors(imported.Diagnostics)
		read, err := s.terraform.server.ReadResource(s.t.Context(), &tfprotov6.ReadResourceRequest{
			TypeName: resource, CurrentState: imported.ImportedResources[0].State, Private: imported.ImportedResources[0].Private,
		})
		if err != nil {
			s.t.Fatal(err)
		}
		s.terraform.noErrors(read.Diagnostics)
		state := s.terraform.stored(outcome{resource: resource}, read.NewState, nil, nil).state
		r.states[instance.State] = stored{raw: s.terraform.rawState(state), private: read.Private}
	}
}

// get reads an object of the resident's.
func (r *resident) get(name string) brokertest.Answer {
	return r.customer.Do(http.MethodGet, "/v1/"+name, nil)
}

// remove gives an object up.
func (r *resident) remove(name, uid string) brokertest.Answer {
	return r.customer.Do(http.MethodDelete, "/v1/"+name+"?uid="+uid, nil)
}

// actOut brings upon everything that was ordered what became of it. What cannot become of it, because the order stands
// elsewhere or was refused, does not.
func (s *stage) actOut() {
	s.t.Helper()
	for _, step := range []struct {
		kind rules.Kind
		act  func(l living, order api.Order)
	}{
		{rules.KindConnection, s.approve},
		{rules.KindConnection, s.decide},
		{rules.KindEdgeAttachment, s.decide},
	} {
		s.eachOrder(func(l living, order api.Order) {
			if kindOfName(l.Name) == step.kind {
				step.act(l, order)
			}
		})
		s.Work()
	}
	for _, r := range s.residents {
		for _, l := range r.Live {
			s.pronounce(r, l)
		}
		// What hangs on a connection stands behind it and goes before it.
		for _, l := range slices.Backward(r.Live) {
			if l.Fate != goneSince && l.Fate != madeAnew {
				continue
			}
			if found := r.get(l.Name); found.Status == http.StatusOK {
				r.remove(l.Name, brokertest.Into[struct{ UID string }](found).UID)
			}
		}
		for _, l := range r.Live {
			if l.Fate == madeAnew {
				r.customer.Create("/v1/"+l.Name, l.Spec)
			}
		}
	}
	s.Work()
}

// eachOrder calls act for every open order of something that lives.
func (s *stage) eachOrder(act func(living, api.Order)) {
	s.t.Helper()
	type subject struct{ account, name string }
	all := make(map[subject]living)
	for _, r := range s.residents {
		for _, l := range r.Live {
			all[subject{r.Account, l.Name}] = l
		}
	}
	page := brokertest.Into[api.OrderPage](s.recorder.Do(http.MethodGet, "/v1/operator/orders?page_size=1000", nil).Must(http.StatusOK))
	if page.NextPageToken != nil {
		s.t.Fatal("there are more orders than the stage has room for")
	}
	for _, order := range page.Items {
		if l, ours := all[subject{order.Account, order.Object}]; ours {
			act(l, order)
		}
	}
}

// pronounce does what the operator does to an object and not to its order.
func (s *stage) pronounce(r *resident, l living) {
	s.t.Helper()
	evidence := kindOfName(l.Name) == rules.KindAgreementEvidence
	restricts := l.Fate == restricted || l.Fate == terminated
	if !evidence && !restricts {
		return
	}
	found := r.get(l.Name)
	if found.Status != http.StatusOK {
		return
	}
	object := brokertest.Into[struct{ UID, State string }](found)
	version := "/v1/operator/agreement-evidence/" + object.UID + "/versions/1/"
	connection := "/v1/operator/connections/" + object.UID + "/"
	decision := api.AuthorityDecision{AuthorityReference: "HA-1", Reason: "the Authority wants it"}
	switch {
	case evidence && l.Fate == fulfilled:
		s.approver.Do(http.MethodPost, version+"validate", api.EvidenceValidation{Saw: "both signatures"}).Must(http.StatusOK)
	case evidence && l.Fate == turnedDown:
		s.approver.Do(http.MethodPost, version+"refuse", api.OrderReason{Reason: "it is not signed"}).Must(http.StatusOK)
	case object.State == "active" && l.Fate == restricted:
		s.approver.Do(http.MethodPost, connection+"restrict", decision).Must(http.StatusOK)
	case object.State == "active" && l.Fate == terminated:
		s.approver.Do(http.MethodPost, connection+"terminate", decision).Must(http.StatusOK)
	}
}

func (s *stage) approve(l living, order api.Order) {
	s.t.Helper()
	if order.State == "pending_approval" && (l.fulfils() || l.Fate == notDone) {
		s.approver.Do(http.MethodPost, s.path(order, "approve"), api.OrderNote{}).Must(http.StatusOK)
	}
}

func (s *stage) decide(l living, order api.Order) {
	s.t.Helper()
	built := order.State == "awaiting_fulfilment"
	switch {
	case l.fulfils() && built:
		confirmation := api.OrderConfirmation{}
		if l.Spec["vdc_id"] != nil {
			confirmation.GatewayID = new(builtGateway(order.Account))
		}
		s.recorder.Do(http.MethodPost, s.path(order, "done"), confirmation).Must(http.StatusOK)
	case l.Fate == notDone && built:
		s.recorder.Do(http.MethodPost, s.path(order, "fail"), api.OrderReason{Reason: "the rack burnt down"}).Must(http.StatusOK)
	case l.Fate == turnedDown:
		s.approver.Do(http.MethodPost, s.path(order, "refuse"), api.OrderReason{Reason: "the operator will not"}).Must(http.StatusOK)
	}
}

// builtGateway is the gateway that the operator builds where an edge attachment names a VDC. An estate has one of them.
func builtGateway(account string) string { return "urn:vcloud:gateway:" + account + "-built" }

func (s *stage) path(order api.Order, action string) string {
	return fmt.Sprintf("/v1/operator/orders/%d/%s", order.ID, action)
}

// upload sends the documents that evidence names: what nothing names is forgotten after a day.
func (s *stage) upload(of func(*estate) []obj) {
	s.t.Helper()
	for _, r := range s.residents {
		c, err := client.New(client.Config{Endpoint: s.URL(), Token: r.customer.Token})
		if err != nil {
			s.t.Fatal(err)
		}
		for _, document := range signedCopies() {
			if !slices.ContainsFunc(of(r.estate), func(spec obj) bool { return spec["document_sha256"] == sumOf(document) }) {
				continue
			}
			if _, err := c.UploadDocument(s.t.Context(), sumOf(document), []byte(document)); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

// planned are the specifications that the configuration has.
func (e *estate) planned() []obj {
	var specs []obj
	for _, i := range e.Instances {
		specs = append(specs, i.Config)
	}
	return specs
}

// ordered are the specifications of what was ordered before the plan.
func (e *estate) ordered() []obj {
	var specs []obj
	for _, l := range e.Live {
		specs = append(specs, l.Spec)
	}
	return specs
}

// signedCopies are documents that pass for PDFs.
func signedCopies() []string {
	return []string{"%PDF-1.7\nsigned\n%%EOF\n", "%PDF-1.7\nsigned again\n%%EOF\n"}
}

func sumOf(document string) string {
	sum := sha256.Sum256([]byte(document))
	return hex.EncodeToString(sum[:])
}
