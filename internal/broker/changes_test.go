package broker_test

import (
	"fmt"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

// What waits of a change of what is active stands beside what is confirmed, and the operator's order about it says what is
// asked for. Every answer on the way matches the contract.
func TestChangeOfWhatIsActive(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t, func(c *broker.Config) { c.Policy.Connections.Approval = true })
	operator, acme := b.Operator("operator"), b.Customer(brokertest.Acme)
	b.Load(operator)
	const records = "/v1/connections/records"
	order := func(uid, action string) string {
		return fmt.Sprintf("/v1/operator/orders/%d%s", orderAbout(t, operator, uid).ID, action)
	}
	now := func() api.Connection { return brokertest.Into[api.Connection](acme.Do("GET", records, nil).Must(200)) }
	c := brokertest.Into[api.Connection](acme.Create(records, brokertest.Connection("acme-one", "A1B2C")).Must(202))
	operator.Do("POST", order(c.UID, "/approve"), api.OrderNote{}).Must(200)
	fulfil(t, b, operator)
	before := now()

	// A repetition, and what it is answered by, are the update's, whatever has become of it since.
	key := b.Key()
	patch := api.MergePatch{"purpose": "readiness_test", "purchase_order": "PO-1"}
	send := func() brokertest.Answer {
		return acme.Do("PATCH", records, patch, "If-Match", `"`+before.Etag+`"`, "Idempotency-Key", key)
	}
	asked := brokertest.Into[api.Connection](send().Must(200))
	if asked.PendingChange == nil || (*asked.PendingChange)["purpose"] != "readiness_test" || asked.Purpose != api.Production || *asked.PurchaseOrder != "PO-1" {
		t.Errorf("after the update it is %+v", asked)
	}
	shown := brokertest.Into[api.Order](operator.Do("GET", order(c.UID, ""), nil).Must(200))
	if shown.Kind != "change" || shown.State != "pending_approval" || shown.Change == nil || (*shown.Change)["purpose"] != "readiness_test" {
		t.Errorf("the order is %+v", shown)
	}
	operator.Do("POST", order(c.UID, "/done"), api.OrderConfirmation{}).Refused(problem.StateForbids)
	operator.Do("POST", order(c.UID, "/approve"), api.OrderNote{}).Must(200)
	after := now()
	if after.Purpose != api.ReadinessTest || after.PendingChange != nil || after.Etag != asked.Etag || after.Version == asked.Version {
		t.Errorf("approved it is %+v", after)
	}
	if again := brokertest.Into[api.Connection](send().Must(200)); again.PendingChange == nil || again.Version != asked.Version {
		t.Errorf("the repetition is answered by %+v", again)
	}

	// What is refused is none of what the customer's next update is planned from.
	change := acme.Do("PATCH", records, api.MergePatch{"purpose": "production"}, "If-Match", `"`+after.Etag+`"`, "Idempotency-Key", b.Key())
	refusedLater := brokertest.Into[api.Connection](change.Must(200))
	operator.Do("POST", order(c.UID, "/refuse"), api.OrderReason{Reason: "It is in use for tests."}).Must(200)
	refused := now()
	if refused.StateReason == nil || refused.State != "active" || refused.PendingChange != nil || refused.Purpose != api.ReadinessTest {
		t.Errorf("refused it is %+v", refused)
	}
	acme.Do("PATCH", records, api.MergePatch{"purchase_order": "PO-2"}, "If-Match", `"`+refusedLater.Etag+`"`, "Idempotency-Key", b.Key()).
		Refused(problem.EtagMismatch)
	written := b.Records(operator)
	for action, times := range map[string]int{"connection.update": 2, "order.approve": 2, "order.refuse": 1} {
		if done := written.Done(action, c.Name); done != times {
			t.Errorf("the audit has %s %d times, want %d", action, done, times)
		}
	}
	if changes := written.OrdersOf("change", c.Name); changes != 2 {
		t.Errorf("there were %d orders of changes, want 2", changes)
	}
}
