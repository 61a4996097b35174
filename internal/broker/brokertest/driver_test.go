package brokertest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/gateway"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/gateway/gatewaytest"
)

// The tests' driver is a driver: what is tested with it holds for others.
func TestDriver(t *testing.T) {
	t.Parallel()
	for name, setUp := range map[string]func(*brokertest.Driver){
		"confirms": func(*brokertest.Driver) {},
		"builds":   func(d *brokertest.Driver) { d.Build("connections/c-1/edge-attachments/e", "built-1") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.Exercise(t, func(*testing.T) gatewaytest.Fixture { return fixture(setUp) })
		})
	}
}

func fixture(setUp func(*brokertest.Driver)) gatewaytest.Fixture {
	driver := &brokertest.Driver{}
	setUp(driver)
	var tasks []gateway.Task
	for i := range 3 {
		tasks = append(tasks, gateway.Task{
			Kind: gateway.KindEdgeAttachment, Name: fmt.Sprintf("connections/c-%d/edge-attachments/e", i+1), UID: fmt.Sprintf("uid-%d", i+1),
			VDCID: "vdc-1",
		})
	}
	tasks = append(tasks, gateway.Task{Kind: gateway.KindConnection, Name: "connections/c-1", UID: "uid-0"})
	return gatewaytest.Fixture{
		Driver: driver, Tasks: tasks,
		Provided: func(_ testing.TB, uid string) bool { return slices.Contains(driver.Provided(), uid) },
		Changes:  func(testing.TB) int { return driver.Changes() },
		Pass:     func(time.Duration) {},
		Slow: func(task gateway.Task) func() {
			driver.Hold(task.Name)
			return func() { driver.Confirm(task.Name) }
		},
	}
}
