package broker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

const (
	keyOne = "idempotency-key-one"
	keyTwo = "idempotency-key-two"
)

func withKey(key string) []string { return []string{"Idempotency-Key", key} }

func TestReplayOfACreate(t *testing.T) {
	t.Parallel()
	onEveryDatabase(t, func(t *testing.T, on func(*broker.Config)) {
		b := brokertest.Start(t, on)
		operator, acme := b.Operator("operator"), b.Customer(brokertest.Acme)
		b.Load(operator)
		spec := brokertest.Connection("acme-one", "A1B2C")

		first := brokertest.Into[api.Connection](acme.Create("/v1/connections/records", spec, withKey(keyOne)...).Must(202))
		again := brokertest.Into[api.Connection](acme.Create("/v1/connections/records", spec, withKey(keyOne)...).Must(202))
		if again.UID != first.UID || again.CreateKeySha256 != first.CreateKeySha256 {
			t.Errorf("the replay made %s, the first made %s", again.UID, first.UID)
		}
		orders := brokertest.Into[api.OrderPage](operator.Do("GET", "/v1/operator/orders", nil).Must(200))
		if len(orders.Items) != 1 {
			t.Errorf("%d orders stand", len(orders.Items))
		}

		// The replay shows the object as it is now.
		fulfil(t, b, operator)
		b.Clock.Advance(6 * 24 * time.Hour)
		if now := brokertest.Into[api.Connection](acme.Create("/v1/connections/records", spec, withKey(keyOne)...).Must(202)); now.State != "active" {
			t.Errorf("the replay shows the state %s", now.State)
		}
		// Another operation for the name is a lost race.
		taken := acme.Create("/v1/connections/records", spec).Must(412).Refused(problem.NameTaken)
		if taken.Problem.Existing == nil || taken.Problem.Existing.UID != first.UID {
			t.Errorf("existing is %+v", taken.Problem.Existing)
		}
		// After 7 days the key is forgotten, and the name still taken.
		b.Clock.Advance(2 * 24 * time.Hour)
		acme.Create("/v1/connections/records", spec, withKey(keyOne)...).Must(412).Refused(problem.NameTaken)
	})
}

func TestKeyReused(t *testing.T) {
	t.Parallel()
	onEveryDatabase(t, func(t *testing.T, on func(*broker.Config)) {
		b := brokertest.Start(t, on)
		acme, bolt := b.Customer(brokertest.Acme), b.Customer(brokertest.Bolt)
		b.Load(b.Operator("operator"))
		spec := brokertest.Connection("acme-one", "A1B2C")
		made := brokertest.Into[api.Connection](acme.Create("/v1/connections/records", spec, withKey(keyOne)...).Must(202))

		other := spec
		order := "PO-1"
		other.PurchaseOrder = &order
		acme.Create("/v1/connections/records", other, withKey(keyOne)...).Must(422).Refused(problem.KeyReused)
		acme.Create("/v1/connections/another", spec, withKey(keyOne)...).Must(422).Refused(problem.KeyReused)
		acme.Do("DELETE", "/v1/connections/records?uid="+made.UID, nil, withKey(keyOne)...).Must(422).Refused(problem.KeyReused)

		// It belongs to the account: another account's is another key.
		bolt.Create("/v1/connections/records", brokertest.Connection("bolt-one", "B9C8D"), withKey(keyOne)...).Must(202)
	})
}

func TestFindingsAreRemembered(t *testing.T) {
	t.Parallel()
	onEveryDatabase(t, func(t *testing.T, on func(*broker.Config)) {
		b := brokertest.Start(t, on)
		operator, acme := b.Operator("operator"), b.Customer(brokertest.Acme)
		b.Load(operator)
		spec := brokertest.Connection("acme-one", "L4P5E")

		refused := acme.Create("/v1/connections/records", spec, withKey(keyOne)...).Must(422).Refused(problem.PreconditionsFailed)
		if !strings.Contains(refused.Rules(), "dspt.stale") {
			t.Fatalf("refused by %s", refused.Rules())
		}

		// The operator puts it right. The operation that was refused stays refused, the next is not.
		status := "25/26 Standards Met"
		operator.Do("POST", "/v1/operator/inventory", api.Inventory{
			Version: 1, Organisations: []api.InventoryOrganisation{{
				OdsCode: "L4P5E", Dspt: &api.DSPTRecord{LookedUpAt: b.Clock.Now(), Found: true, Status: &status},
			}},
		}).Must(200)
		again := acme.Create("/v1/connections/records", spec, withKey(keyOne)...).Must(422).Refused(problem.PreconditionsFailed)
		if again.Rules() != refused.Rules() || again.Problem.RequestID == refused.Problem.RequestID {
			t.Errorf("the replay is refused by %s, request %s", again.Rules(), again.Problem.RequestID)
		}
		acme.Create("/v1/connections/records", spec, withKey(keyTwo)...).Must(202)
	})
}

// What says nothing about the order itself is not remembered: the same operation may succeed when it is sent again.
func TestWhatPassesIsNotRemembered(t *testing.T) {
	t.Parallel()
	onEveryDatabase(t, func(t *testing.T, on func(*broker.Config)) {
		b := brokertest.Start(t, on)
		operator := b.Operator("operator")
		b.Load(operator)
		expires := b.Clock.Now().Add(time.Hour)
		acme := b.Customer(brokertest.Acme)
		short := b.As(api.TokenSpec{Subject: "short", Accounts: []string{brokertest.Acme}, ExpiresAt: &expires})
		spec := brokertest.Connection("acme-one", "A1B2C")
		const path = "/v1/connections/records"
		b.Clock.Advance(2 * time.Hour)

		short.Create(path, spec, withKey(keyOne)...).Must(401).Refused(problem.Unauthenticated)
		acme.Create(path, spec, "Hscn-Account", brokertest.Bolt, "Idempotency-Key", keyOne).Must(403).Refused(problem.Forbidden)
		acme.Create(path, map[string]any{"ods_code": "A1B2C"}, withKey(keyOne)...).Must(400).Refused(problem.RequestInvalid)
		acme.Do("PUT", path, spec, withKey(keyOne)...).Must(428).Refused(problem.PreconditionRequired)
		acme.Create(path, spec, withKey(keyOne)...).Must(202)
	})
}

func TestReplayOfOtherWrites(t *testing.T) {
	t.Parallel()
	onEveryDatabase(t, func(t *testing.T, on func(*broker.Config)) {
		b := brokertest.Start(t, on)
		operator, acme := b.Operator("operator"), b.Customer(brokertest.Acme)
		b.Load(operator)
		const path = "/v1/connections/records"
		made := brokertest.Into[api.Connection](acme.Create(path, brokertest.Connection("acme-one", "A1B2C")).Must(202))

		// An update: its replay does not find its own change in the way.
		patch := map[string]any{"purchase_order": "PO-1"}
		match := []string{"If-Match", `"` + made.Etag + `"`, "Idempotency-Key", keyOne}
		updated := brokertest.Into[api.Connection](acme.Do("PATCH", path, patch, match...).Must(200))
		again := brokertest.Into[api.Connection](acme.Do("PATCH", path, patch, match...).Must(200))
		if updated.Etag == made.Etag || again.Etag != updated.Etag || *again.PurchaseOrder != "PO-1" {
			t.Errorf("etags: made %s, updated %s, replayed %s", made.Etag, updated.Etag, again.Etag)
		}
		stale := acme.Do("PATCH", path, map[string]any{"purchase_order": "PO-2"}, "If-Match", `"`+made.Etag+`"`, "Idempotency-Key", keyTwo)
		stale.Must(412).Refused(problem.EtagMismatch)
		acme.Do("PATCH", path, patch).Must(428).Refused(problem.PreconditionRequired)

		// An inventory: the replay is the report of the first, not of a second load that changed nothing.
		inventory := brokertest.Inventory(b.Clock.Now())
		inventory.Accounts[0].Title = "Acme Health Ltd"
		first := operator.Do("POST", "/v1/operator/inventory", inventory, withKey(keyOne)...).Must(200)
		second := operator.Do("POST", "/v1/operator/inventory", inventory, withKey(keyOne)...).Must(200)
		if string(first.Body) != string(second.Body) {
			t.Errorf("the report was %s, the replay's is %s", first.Body, second.Body)
		}
		if report := brokertest.Into[api.InventoryReport](first); len(report.Changes) != 1 {
			t.Errorf("changes are %+v", report.Changes)
		}
		// Another subject's key is another key.
		b.Operator("second").Do("POST", "/v1/operator/inventory?dry_run=true", inventory, withKey(keyOne)...).Must(200)

		// A delete: the object is gone by its name, and the replay still shows it.
		gone := brokertest.Into[api.Connection](acme.Do("DELETE", path+"?uid="+made.UID, nil, withKey("delete-key-0000001")...).Must(202))
		replay := brokertest.Into[api.Connection](acme.Do("DELETE", path+"?uid="+made.UID, nil, withKey("delete-key-0000001")...).Must(202))
		if gone.UID != made.UID || replay.UID != made.UID {
			t.Errorf("deleted %s, replayed %s", gone.UID, replay.UID)
		}
		acme.Do("GET", path, nil).Must(404).Refused(problem.ObjectGone)
		acme.Do("DELETE", path+"?uid="+made.UID, nil).Must(404).Refused(problem.ObjectGone)
	})
}
