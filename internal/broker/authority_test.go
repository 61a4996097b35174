package broker_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

var byAuthority = api.AuthorityDecision{AuthorityReference: "HA-5", Reason: "A breach is being looked into."}

// abroad is a connection of Acme's service for an NHS body whose seat is in Wales, which the inventory has from then on.
func abroad(b *brokertest.Broker, operator brokertest.Client, service string) api.ConnectionSpec {
	inventory := brokertest.Inventory(b.Clock.Now())
	for i := range inventory.Organisations {
		if wales := "WALES"; inventory.Organisations[i].OdsCode == "A1B2C" {
			inventory.Organisations[i].Directory.Country = &wales
		}
	}
	operator.Do("POST", "/v1/operator/inventory", inventory).Must(200)
	spec := brokertest.Connection(service, "A1B2C")
	attested, clarification := true, "NHSE-77"
	spec.Profile.OutsideEngland = &api.OutsideEngland{PolicyAttested: &attested, NhsClarification: &clarification}
	return spec
}

// orderAbout is the open order about the object.
func orderAbout(t *testing.T, operator brokertest.Client, uid string) api.Order {
	t.Helper()
	for _, order := range brokertest.Into[api.OrderPage](operator.Do("GET", "/v1/operator/orders", nil).Must(200)).Items {
		if order.ObjectUID == uid {
			return order
		}
	}
	t.Fatalf("there is no open order about %s", uid)
	return api.Order{}
}

// stopEverything has every operation about what the HSCN Authority decides, and the one that decides nothing, succeed.
func stopEverything(t *testing.T, b *brokertest.Broker, operator, acme brokertest.Client) {
	t.Helper()
	verdict := brokertest.Into[api.EstateVerdict](acme.Do("POST", "/v1/preconditions",
		brokertest.Estate("stopped", brokertest.Connection("acme-one", "A1B2C"), "gw-1")).Must(200))
	if !verdict.Met || len(verdict.Objects) != 2 {
		t.Errorf("the preconditions are %+v", verdict)
	}
	c := brokertest.Into[api.Connection](acme.Create("/v1/connections/stopped", abroad(b, operator, "acme-one")).Must(202))
	if c.State == "pending_approval" {
		operator.Do("POST", fmt.Sprintf("/v1/operator/orders/%d/approve", orderAbout(t, operator, c.UID).ID), api.OrderNote{}).Must(200)
	}
	operator.Do("POST", fmt.Sprintf("/v1/operator/orders/%d/authority-answer", orderAbout(t, operator, c.UID).ID),
		api.AuthorityAnswer{Granted: true, AuthorityReference: "HA-4"}).Must(200)
	fulfil(t, b, operator)
	operator.Do("GET", "/v1/operator/connections?account="+brokertest.Acme+"&name=stopped", nil).Must(200)
	if record := brokertest.Into[api.ConnectionRecord](operator.Do("GET", "/v1/operator/connections/"+c.UID, nil).Must(200)); record.Connection.Name != c.Name {
		t.Errorf("the record is of %s", record.Connection.Name)
	}
	for _, verb := range []string{"restrict", "lift", "terminate"} {
		operator.Do("POST", "/v1/operator/connections/"+c.UID+"/"+verb, byAuthority).Must(200)
	}
	acme.Do("DELETE", "/v1/connections/stopped?uid="+c.UID, nil).Must(202)
	fulfil(t, b, operator)
}

// What the HSCN Authority stops is stopped by an approver alone, for more and never for less, and its owner is told.
func TestRestriction(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t)
	operator, acme := b.Operator("operator"), b.Customer(brokertest.Acme)
	b.Load(operator)
	const records = "/v1/connections/records"
	c := brokertest.Into[api.Connection](acme.Create(records, brokertest.Connection("acme-one", "A1B2C")).Must(202))
	web := brokertest.Into[api.EdgeAttachment](acme.Create(records+"/edge-attachments/web", brokertest.Edge("gw-1")).Must(202))
	fulfil(t, b, operator)

	restrict := "/v1/operator/connections/" + c.UID + "/restrict"
	recorder := b.As(api.TokenSpec{Subject: "recorder", Kind: api.Machine, Roles: []api.Role{api.RoleRecorder}})
	recorder.Do("POST", restrict, byAuthority).Must(http.StatusForbidden)
	operator.Do("POST", restrict, map[string]any{"reason": "no reference"}).Must(http.StatusBadRequest)
	operator.Do("POST", "/v1/operator/connections/00000000-0000-4000-8000-000000000001/restrict", byAuthority).Must(404).Refused(problem.ObjectGone)
	restricted := brokertest.Into[api.Connection](operator.Do("POST", restrict, byAuthority).Must(200))
	if restricted.State != "restricted" || !strings.Contains(*restricted.StateReason, "HA-5") {
		t.Errorf("it is %s: %s", restricted.State, *restricted.StateReason)
	}
	operator.Do("POST", restrict, byAuthority).Must(http.StatusConflict).Refused(problem.StateForbids)

	listed := brokertest.Into[api.EdgeAttachmentPage](acme.Do("GET", "/v1/connections/-/edge-attachments", nil).Must(200)).Items
	if len(listed) != 1 || listed[0].State != "restricted" || !hasRule(listed[0].Findings, "connection.suspended") {
		t.Errorf("listed is %+v", listed)
	}
	patch := func(body map[string]any) brokertest.Answer {
		t.Helper()
		return acme.Do("PATCH", records, body, "If-Match", `"`+brokertest.Into[api.Connection](acme.Do("GET", records, nil).Must(200)).Etag+`"`)
	}
	if answer := patch(map[string]any{"ods_code": "L4P5E"}).Must(http.StatusConflict).Refused(problem.StateForbids); !strings.Contains(answer.Rules(), "connection.suspended") {
		t.Errorf("more is refused for %q", answer.Rules())
	}
	acme.Create(records+"/edge-attachments/more", brokertest.Edge("gw-1")).Must(http.StatusConflict).Refused(problem.StateForbids)
	patch(map[string]any{"profile": map[string]any{"security_lead": map[string]any{"name": "Sue Second"}}}).Must(200)

	lifted := brokertest.Into[api.Connection](operator.Do("POST", "/v1/operator/connections/"+c.UID+"/lift", byAuthority).Must(200))
	if edge := brokertest.Into[api.EdgeAttachment](acme.Do("GET", records+"/edge-attachments/web", nil).Must(200)); lifted.State != "active" || edge.State != "active" {
		t.Errorf("lifted they are %s and %s", lifted.State, edge.State)
	}
	operator.Do("POST", "/v1/operator/connections/"+c.UID+"/terminate", byAuthority).Must(200)
	all := brokertest.Into[api.ConnectionPage](recorder.Do("GET", "/v1/operator/connections", nil).Must(200)).Items
	if len(all) != 1 || all[0].Account != brokertest.Acme || all[0].State != "terminated" {
		t.Errorf("the operator reads %+v", all)
	}
	acme.Do("DELETE", records+"/edge-attachments/web?uid="+web.UID, nil).Must(202)
	acme.Do("DELETE", records+"?uid="+c.UID, nil).Must(202)
	actions := map[string]bool{}
	for _, entry := range brokertest.Into[api.AuditEntryPage](operator.Do("GET", "/v1/operator/audit-entries?object_uid="+c.UID, nil).Must(200)).Items {
		actions[entry.Action] = true
	}
	for _, want := range []string{"connection.restrict", "connection.lift", "connection.terminate"} {
		if !actions[want] {
			t.Errorf("the audit has no %s: %v", want, actions)
		}
	}
}

func hasRule(findings []api.Finding, rule string) bool {
	for _, finding := range findings {
		if finding.Rule == rule {
			return true
		}
	}
	return false
}

func TestAuthorityAnswer(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t)
	operator, acme := b.Operator("operator"), b.Customer(brokertest.Acme)
	b.Load(operator)
	c := brokertest.Into[api.Connection](acme.Create("/v1/connections/records", abroad(b, operator, "acme-one")).Must(202))
	if c.State != "awaiting_authority" {
		t.Fatalf("it is %s", c.State)
	}
	order := orderAbout(t, operator, c.UID)
	if order.WaitsFor == nil || *order.WaitsFor != "authority" || order.DueAt == nil {
		t.Errorf("the order is %+v", order)
	}
	answer := fmt.Sprintf("/v1/operator/orders/%d/authority-answer", order.ID)
	operator.Do("POST", answer, api.AuthorityAnswer{AuthorityReference: "HA-4"}).Must(http.StatusBadRequest)
	reason := "Not from there."
	refused := brokertest.Into[api.Order](operator.Do("POST", answer, api.AuthorityAnswer{AuthorityReference: "HA-4", Reason: &reason}).Must(200))
	if refused.State != "refused" || refused.Open || !strings.Contains(*refused.StateReason, "HA-4") {
		t.Errorf("the answer is %+v", refused)
	}
	operator.Do("POST", answer, api.AuthorityAnswer{Granted: true, AuthorityReference: "HA-4"}).Must(http.StatusConflict)
}

// A question about preconditions orders nothing, under either sample policy, and is a customer's.
func TestPreconditions(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"neutral", "ukcloud-2021"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := brokertest.Start(t, func(c *broker.Config) {
				zones, types := c.Policy.Zones, c.Policy.ServiceTypes
				c.Policy = brokertest.Policy(t, name)
				c.Policy.Zones, c.Policy.ServiceTypes = zones, types
			})
			operator, acme := b.Operator("operator"), b.Customer(brokertest.Acme)
			b.Load(operator)
			before := objects(acme)
			estate := brokertest.Estate("records", brokertest.Connection("acme-one", "L4P5E"), "gw-1", "gw-2")
			operator.Do("POST", "/v1/preconditions", estate).Must(http.StatusForbidden)
			verdict := brokertest.Into[api.EstateVerdict](acme.Do("POST", "/v1/preconditions", estate).Must(200))
			want := []bool{false, true, false} // a lapsed DSPT, and a gateway of another service
			if verdict.Met || len(verdict.Objects) != len(want) || !hasRule(verdict.Objects[0].Findings, "dspt.stale") {
				t.Fatalf("the verdict is %+v", verdict)
			}
			for i, object := range verdict.Objects {
				if object.Met != want[i] || object.Operation != "create" {
					t.Errorf("%s is %+v", object.Name, object)
				}
			}
			if after := objects(acme); after != before {
				t.Errorf("something was ordered:\n%s\n%s", before, after)
			}
			if orders := brokertest.Into[api.OrderPage](operator.Do("GET", "/v1/operator/orders?closed=true", nil).Must(200)).Items; len(orders) != 0 {
				t.Errorf("there are orders: %+v", orders)
			}
			acme.Do("POST", "/v1/preconditions", map[string]any{"connections": map[string]any{}}).Must(http.StatusBadRequest)
			wrong := brokertest.Estate("records", brokertest.Connection("acme-one", "A1B2C"))
			day := "2026-02-30"
			spec := wrong.Connections["records"]
			spec.Spec.Profile.ReviewedOn = &day
			wrong.Connections["records"] = spec
			answer := acme.Do("POST", "/v1/preconditions", wrong).Must(http.StatusBadRequest)
			if len(answer.Problem.Invalid) != 1 || *answer.Problem.Invalid[0].Pointer != "/connections/records/spec/profile/reviewed_on" {
				t.Errorf("what is wrong is %+v", answer.Problem.Invalid)
			}
		})
	}
}
