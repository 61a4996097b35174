package broker_test

import (
	"net/http"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
)

// With a driver nobody has to confirm anything: an estate becomes active, and is gone, by itself.
func TestDriverFulfils(t *testing.T) {
	t.Parallel()
	driver := &brokertest.Driver{}
	b := brokertest.Start(t, func(c *broker.Config) { c.Driver = driver })
	b.Load(b.Operator("olive"))
	acme := b.Customer(brokertest.Acme)
	acme.Create("/v1/connections/records", brokertest.Connection("acme-one", "A1B2C")).Must(http.StatusAccepted)
	acme.Create("/v1/connections/records/edge-attachments/web", brokertest.Edge("gw-1")).Must(http.StatusAccepted)
	b.Work()
	connection := brokertest.Into[api.Connection](acme.Do(http.MethodGet, "/v1/connections/records", nil).Must(http.StatusOK))
	edge := brokertest.Into[api.EdgeAttachment](acme.Do(http.MethodGet, "/v1/connections/records/edge-attachments/web", nil).Must(http.StatusOK))
	if connection.State != "active" || edge.State != "active" {
		t.Fatalf("the connection is %s and its edge attachment %s", connection.State, edge.State)
	}
	acme.Do(http.MethodDelete, "/v1/connections/records/edge-attachments/web?uid="+edge.UID, nil).Must(http.StatusAccepted)
	acme.Do(http.MethodDelete, "/v1/connections/records?uid="+connection.UID, nil).Must(http.StatusAccepted)
	b.Work()
	for _, uid := range []string{connection.UID, edge.UID} {
		object := brokertest.Into[api.StoredObject](acme.Do(http.MethodGet, "/v1/objects/"+uid, nil).Must(http.StatusOK))
		state := ""
		switch {
		case object.Connection != nil:
			state = object.Connection.State
		case object.EdgeAttachment != nil:
			state = object.EdgeAttachment.State
		}
		if state != "ceased" {
			t.Errorf("%s is %s", uid, state)
		}
	}
	if left := driver.Provided(); len(left) > 0 {
		t.Errorf("the driver has left %v", left)
	}
}
