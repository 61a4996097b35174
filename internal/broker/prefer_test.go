package broker_test

import (
	"net/http"
	"runtime"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

const (
	recordsPath = "/v1/connections/records"
	webPath     = recordsPath + "/edge-attachments/web"
)

// driven is a broker with the tests' driver, the sample inventory, and a customer.
func driven(t *testing.T) (*brokertest.Broker, *brokertest.Driver, brokertest.Client) {
	t.Helper()
	driver := &brokertest.Driver{}
	b := brokertest.Start(t, func(c *broker.Config) { c.Driver = driver })
	b.Load(b.Operator("olive"))
	return b, driver, b.Customer(brokertest.Acme)
}

// heldBack sends a request and returns once its answer waits for the broker's work.
func heldBack(b *brokertest.Broker, request func() brokertest.Answer) <-chan brokertest.Answer {
	answered := make(chan brokertest.Answer, 1)
	go func() { answered <- request() }()
	for b.Desk().HeldBack() == 0 && len(answered) == 0 {
		runtime.Gosched()
	}
	return answered
}

// while has the broker work, again and again, from when the answer to the request is held back until it comes.
func while(b *brokertest.Broker, request func() brokertest.Answer) brokertest.Answer {
	answered := heldBack(b, request)
	for {
		select {
		case answer := <-answered:
			return answer
		default:
			b.Work()
		}
	}
}

// mustShow fails the test unless the answer was held back and shows that state.
func mustShow(t *testing.T, answer brokertest.Answer, state string) {
	t.Helper()
	shown := brokertest.Into[struct{ State string }](answer)
	if shown.State != state || answer.Header.Get("Preference-Applied") != "wait" {
		t.Errorf("shows %s with the preference %q applied, want %s, held back", shown.State, answer.Header.Get("Preference-Applied"), state)
	}
}

// A create, an update and a read are answered when the broker and its driver are done. The key's request is the same with
// and without the preference.
func TestPreferWait(t *testing.T) {
	t.Parallel()
	b, driver, acme := driven(t)
	spec := brokertest.Connection("acme-one", "A1B2C")
	key := b.Key()
	made := while(b, func() brokertest.Answer {
		return acme.Create(recordsPath, spec, "Prefer", "wait=60", "Idempotency-Key", key)
	}).Must(http.StatusAccepted)
	mustShow(t, made, "active")
	for _, prefer := range []string{"", "wait=60", "wait=1"} {
		replay := acme.Create(recordsPath, spec, "Prefer", prefer, "Idempotency-Key", key).Must(http.StatusAccepted)
		if replay.Header.Get("Preference-Applied") != "" || brokertest.Into[api.Connection](replay).UID != brokertest.Into[api.Connection](made).UID {
			t.Errorf("a replay with %q is answered with %v %s", prefer, replay.Header, replay.Body)
		}
	}

	// What only a person takes further is answered at once.
	driver.Fail("connections/records/edge-attachments/web", "no port is free")
	mustShow(t, while(b, func() brokertest.Answer {
		return acme.Create(webPath, brokertest.Edge("gw-1"), "Prefer", "wait=60", "Idempotency-Key", "failed-edge-00000001")
	}).Must(http.StatusAccepted), "failed")
	got := acme.Do(http.MethodGet, webPath, nil, "Prefer", "wait=60").Must(http.StatusOK)
	if got.Header.Get("Preference-Applied") != "" {
		t.Errorf("a read of what failed is held back: %v", got.Header)
	}

	// What is refused by preconditions is refused at once too.
	acme.Create("/v1/connections/lapsed", brokertest.Connection("acme-two", "L4P5E"), "Prefer", "wait=60").Refused(problem.PreconditionsFailed)
}

// A replay waits as the first request did, which its caller may have given up.
func TestPreferWaitInAReplay(t *testing.T) {
	t.Parallel()
	b, _, acme := driven(t)
	spec := brokertest.Connection("acme-one", "A1B2C")
	acme.Create(recordsPath, spec, "Idempotency-Key", "replayed-0000000001").Must(http.StatusAccepted)
	mustShow(t, while(b, func() brokertest.Answer {
		return acme.Create(recordsPath, spec, "Prefer", "wait=60", "Idempotency-Key", "replayed-0000000001")
	}).Must(http.StatusAccepted), "active")
}

// An edge attachment that waits for its connection goes on by itself as long as that does.
func TestPreferWaitForTheConnection(t *testing.T) {
	t.Parallel()
	b, driver, acme := driven(t)
	driver.Hold("connections/records")
	acme.Create(recordsPath, brokertest.Connection("acme-one", "A1B2C")).Must(http.StatusAccepted)
	b.Work()
	edge := heldBack(b, func() brokertest.Answer {
		return acme.Create(webPath, brokertest.Edge("gw-1"), "Prefer", "wait=60", "Idempotency-Key", "waiting-edge-000001")
	})
	driver.Confirm("connections/records")
	b.Clock.Advance(brokertest.AskAgain)
	b.Work()
	mustShow(t, (<-edge).Must(http.StatusAccepted), "active")

	byHand := brokertest.Start(t)
	byHand.Load(byHand.Operator("olive"))
	acme = byHand.Customer(brokertest.Acme)
	acme.Create(recordsPath, brokertest.Connection("acme-one", "A1B2C")).Must(http.StatusAccepted)
	byHand.Work()
	made := acme.Create(webPath, brokertest.Edge("gw-1"), "Prefer", "wait=60").Must(http.StatusAccepted)
	if shown := brokertest.Into[api.EdgeAttachment](made); shown.State != "pending_connection" || made.Header.Get("Preference-Applied") != "" {
		t.Errorf("with a connection that waits for the operator: %s with %v", shown.State, made.Header)
	}
}

// What is deleted, or refused, while somebody waits for it is shown as it is then: its name may be another's.
func TestPreferWaitForWhatGoes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		goes  func(b *brokertest.Broker, acme brokertest.Client, uid string)
		state string
	}{
		"deleted": {
			goes: func(_ *brokertest.Broker, acme brokertest.Client, uid string) {
				acme.Do(http.MethodDelete, recordsPath+"?uid="+uid, nil).Must(http.StatusAccepted)
			},
			state: "ceasing",
		},
		"refused": {
			goes: func(b *brokertest.Broker, _ brokertest.Client, _ string) {
				b.Operator("oscar").Do(http.MethodPost, "/v1/operator/orders/1/refuse", api.OrderReason{Reason: "no"}).Must(http.StatusOK)
			},
			state: "refused",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, driver, acme := driven(t)
			driver.Hold(brokertest.Everything)
			answered := heldBack(b, func() brokertest.Answer {
				return acme.Create(recordsPath, brokertest.Connection("acme-one", "A1B2C"), "Prefer", "wait=60", "Idempotency-Key", "going-000000000001")
			})
			found := acme.Do(http.MethodGet, recordsPath, nil).Must(http.StatusOK)
			b.Work()
			test.goes(b, acme, brokertest.Into[api.Connection](found).UID)
			mustShow(t, (<-answered).Must(http.StatusAccepted), test.state)
		})
	}
}

// A broker that stops answers who waits, and does not wait with them.
func TestPreferWaitWhenTheBrokerStops(t *testing.T) {
	t.Parallel()
	b, driver, acme := driven(t)
	driver.Hold(brokertest.Everything)
	answered := heldBack(b, func() brokertest.Answer {
		return acme.Create(recordsPath, brokertest.Connection("acme-one", "A1B2C"), "Prefer", "wait=60", "Idempotency-Key", "stopping-0000000001")
	})
	b.Work()
	if err := b.Stop(); err != nil {
		t.Errorf("the broker stops with %v", err)
	}
	mustShow(t, (<-answered).Must(http.StatusAccepted), "provisioning")
}
