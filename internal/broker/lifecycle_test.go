package broker_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/schema"
)

// fulfil confirms everything that waits for it, until nothing does.
func fulfil(t *testing.T, b *brokertest.Broker, operator brokertest.Client) {
	t.Helper()
	for range 10 {
		b.Work()
		confirmed := 0
		for _, order := range brokertest.Into[api.OrderPage](operator.Do("GET", "/v1/operator/orders", nil).Must(200)).Items {
			if order.WaitsFor != nil && (*order.WaitsFor == "fulfilment" || *order.WaitsFor == "removal") {
				operator.Do("POST", fmt.Sprintf("/v1/operator/orders/%d/done", order.ID), api.OrderNote{}).Must(200)
				confirmed++
			}
		}
		if confirmed == 0 {
			return
		}
	}
	t.Fatal("orders go on waiting, whatever is confirmed")
}

// Every operation of the contract succeeds at least once, and every answer on the way matches the contract.
func TestEveryOperation(t *testing.T) {
	t.Parallel()
	driver := &brokertest.Driver{}
	driver.Leave(brokertest.Everything)
	b := brokertest.Start(t, func(c *broker.Config) { c.Policy.Connections.Approval, c.Driver = true, driver })
	operator, acme := b.Operator("operator"), b.Customer(brokertest.Acme)
	b.Load(operator)

	for _, path := range []string{"/v1/policy", "/v1/compliance-facts", "/v1/services", "/v1/gateways"} {
		acme.Do("GET", path, nil).Must(200)
	}
	const records = "/v1/connections/records"
	made := brokertest.Into[api.Connection](acme.Create(records, brokertest.Connection("acme-one", "A1B2C"), "Prefer", "wait=5").Must(202))
	edge := brokertest.Into[api.EdgeAttachment](acme.Create(records+"/edge-attachments/web?parent_uid="+made.UID, brokertest.Edge("gw-1")).Must(202))
	second := brokertest.Into[api.Connection](acme.Create("/v1/connections/second", brokertest.Connection("acme-two", "A1B2C")).Must(202))
	b.Work()

	byObject := map[string]api.Order{}
	for _, order := range brokertest.Into[api.OrderPage](operator.Do("GET", "/v1/operator/orders", nil).Must(200)).Items {
		byObject[order.ObjectUID] = order
	}
	path := func(uid, action string) string {
		return fmt.Sprintf("/v1/operator/orders/%d%s", byObject[uid].ID, action)
	}
	if order := brokertest.Into[api.Order](operator.Do("GET", path(made.UID, ""), nil).Must(200)); len(order.Steps) == 0 {
		t.Error("the order has no steps")
	}
	operator.Do("POST", path(second.UID, "/refuse"), api.OrderReason{Reason: "No capacity."}).Must(200)
	operator.Do("POST", path(made.UID, "/approve"), api.OrderNote{}).Must(200)
	b.Work()
	operator.Do("POST", path(made.UID, "/fail"), api.OrderReason{Reason: "A cable is missing."}).Must(200)
	operator.Do("POST", path(made.UID, "/done"), api.OrderNote{}).Must(200)
	fulfil(t, b, operator)

	connection := brokertest.Into[api.Connection](acme.Do("GET", records, nil).Must(200))
	web := brokertest.Into[api.EdgeAttachment](acme.Do("GET", records+"/edge-attachments/web", nil).Must(200))
	if connection.State != "active" || web.State != "active" || web.IncludedAddress != edge.IncludedAddress {
		t.Errorf("the connection is %s, the edge %s with %s", connection.State, web.State, web.IncludedAddress)
	}
	if refused := brokertest.Into[api.StoredObject](acme.Do("GET", "/v1/objects/"+second.UID, nil).Must(200)); refused.Connection.State != "refused" {
		t.Errorf("the refused connection is %s", refused.Connection.State)
	}
	acme.Do("GET", "/v1/connections", nil).Must(200)
	acme.Do("GET", "/v1/connections/-/edge-attachments", nil).Must(200)

	acme.Do("PATCH", records, map[string]any{"purchase_order": "PO-1"}, "If-Match", `"`+connection.Etag+`"`).Must(200)
	acme.Do("PATCH", records+"/edge-attachments/web", map[string]any{"bridging_controls": "none"}, "If-Match", `"`+web.Etag+`"`).Must(200)

	acme.Do("DELETE", records+"?uid="+made.UID, nil).Must(409).Refused(problem.StateForbids)
	acme.Do("DELETE", records+"/edge-attachments/web?uid="+web.UID, nil).Must(202)
	acme.Do("DELETE", records+"?uid="+made.UID, nil).Must(202)
	fulfil(t, b, operator)

	driver.Fail("connections/driven", "No capacity.")
	driven := brokertest.Into[api.Connection](acme.Create("/v1/connections/driven", brokertest.Connection("acme-two", "A1B2C")).Must(202))
	for _, order := range brokertest.Into[api.OrderPage](operator.Do("GET", "/v1/operator/orders", nil).Must(200)).Items {
		byObject[order.ObjectUID] = order
	}
	operator.Do("POST", path(driven.UID, "/approve"), api.OrderNote{}).Must(200)
	b.Work()
	driver.Confirm("connections/driven")
	operator.Do("POST", path(driven.UID, "/retry"), api.OrderNote{}).Must(200)
	b.Work()
	acme.Do("DELETE", "/v1/connections/driven?uid="+driven.UID, nil).Must(202)
	b.Work()
	if left := driver.Provided(); len(left) > 0 || driver.Changes() != 2 {
		t.Errorf("the driver made %d changes and left %v", driver.Changes(), left)
	}

	recordEverything(t, b, operator, acme)
	stopEverything(t, b, operator, acme)
	copyEverything(t, operator, acme)

	token := brokertest.Into[api.NewToken](operator.Do("POST", "/v1/operator/tokens", api.TokenSpec{
		Subject: "ci", Kind: api.Machine, Roles: []api.Role{api.RoleCustomer}, Accounts: []string{brokertest.Acme},
	}).Must(201))
	operator.Do("GET", "/v1/operator/tokens", nil).Must(200)
	operator.Do("DELETE", "/v1/operator/tokens/"+token.Token.ID, nil).Must(200)
	operator.Do("GET", "/v1/operator/audit-entries?object_uid="+made.UID, nil).Must(200)
	if found := brokertest.Into[api.AuditVerification](operator.Do("GET", "/v1/operator/audit-verification", nil).Must(200)); !found.Intact || found.Entries == 0 {
		t.Errorf("the audit: %+v", found)
	}

	doc, err := schema.Document()
	if err != nil {
		t.Fatal(err)
	}
	seen := b.Checker.Seen()
	var unseen []string
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			if seen[operation.OperationID] == 0 {
				unseen = append(unseen, operation.OperationID)
			}
		}
	}
	if len(unseen) > 0 {
		t.Errorf("operations that never succeeded: %q; seen: %q", unseen, slices.Sorted(maps.Keys(seen)))
	}
}

// The audit's listing comes in pages that join without gaps.
func TestAuditPages(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t)
	operator := b.Operator("operator")
	b.Load(operator)
	want, path := int64(1), "/v1/operator/audit-entries?page_size=1"
	for next := ""; ; {
		page := brokertest.Into[api.AuditEntryPage](operator.Do("GET", path+next, nil).Must(200))
		for _, entry := range page.Items {
			if entry.Sequence != want {
				t.Fatalf("entry %d follows %d", entry.Sequence, want-1)
			}
			want++
		}
		if page.NextPageToken == nil {
			break
		}
		next = "&page_token=" + *page.NextPageToken
	}
	if want < 4 {
		t.Errorf("%d entries", want-1)
	}
	operator.Do("GET", path+"&page_token=none", nil).Must(400).Refused(problem.RequestInvalid)
}
