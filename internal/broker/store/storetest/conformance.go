package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// Conformance holds a database to what package store promises. newURL returns the address of an empty database of the
// test's own.
func Conformance(t *testing.T, newURL func(testing.TB) string) {
	t.Helper()
	for name, test := range map[string]func(t *testing.T, d *database){
		"Broker/IDIsMintedOnce":          brokerIDIsMintedOnce,
		"Write/ErrorUndoesAll":           errorUndoesAll,
		"Write/PanicUndoesAll":           panicUndoesAll,
		"Write/AfterCommit":              afterCommit,
		"Write/Try":                      tryUndoes,
		"Write/BusyAfterItsWait":         busyAfterItsWait,
		"Write/CancelledWhileWaiting":    cancelledWhileWaiting,
		"Write/AccountsAreSerial":        accountsAreSerial,
		"Write/LocksInOppositeOrder":     locksInOppositeOrder,
		"Write/FactsStandStill":          factsStandStill,
		"Read/IsASnapshot":               readIsASnapshot,
		"Read/EndsWithItsFunction":       readEndsWithItsFunction,
		"Connections/RoundTrip":          connectionRoundTrip,
		"Connections/HoldsAreUnique":     connectionHoldsAreUnique,
		"Connections/Listing":            connectionListing,
		"Connections/ListingOfAll":       connectionListingOfAll,
		"Connections/Stale":              connectionStale,
		"Connections/ByServiceAndState":  connectionsByServiceAndState,
		"Connections/NotFound":           connectionNotFound,
		"EdgeAttachments/RoundTrip":      edgeRoundTrip,
		"EdgeAttachments/HoldsAreUnique": edgeHoldsAreUnique,
		"EdgeAttachments/Listing":        edgeListing,
		"EdgeAttachments/Stale":          edgeStale,
		"EdgeAttachments/Queries":        edgeQueries,
		"EdgeAttachments/Beside":         edgesBeside,
		"Orders/Queue":                   orderQueue,
		"Orders/OneOpenForAnObject":      orderOneOpenForAnObject,
		"Orders/RoundTrip":               orderRoundTrip,
		"Orders/OpenChanges":             orderOpenChanges,
		"Documents/RoundTrip":            documentRoundTrip,
		"Documents/Purge":                documentsPurge,
		"Evidence/RoundTrip":             evidenceRoundTrip,
		"Evidence/HoldsAreUnique":        evidenceHoldsAreUnique,
		"Evidence/Versions":              evidenceVersions,
		"Evidence/Listing":               evidenceListing,
		"Evidence/Queue":                 evidenceQueue,
		"Evidence/OfConnections":         evidenceOfConnections,
		"Evidence/Kept":                  evidenceThatIsKept,
		"Inventory/Accounts":             inventoryAccounts,
		"Inventory/Services":             inventoryServices,
		"Inventory/Gateways":             inventoryGateways,
		"Inventory/GatewaysBeside":       inventoryGatewaysBeside,
		"Inventory/Organisations":        inventoryOrganisations,
		"Accounts/Listing":               accountListing,
		"Organisations/ByTitle":          organisationTitles,
		"Organisations/DSPTExports":      dsptExports,
		"Waivers":                        waivers,
		"Pools/Upsert":                   poolUpsert,
		"Pools/Refused":                  poolRefused,
		"Addresses/Law":                  addressLaw,
		"Addresses/Concurrent":           addressesConcurrent,
		"Addresses/ReservationsMove":     addressReservationsMove,
		"Policies":                       policies,
		"Tokens":                         tokens,
		"Audit/Chain":                    auditChain,
		"Audit/OddText":                  auditOddText,
		"Audit/IsAppendOnly":             auditIsAppendOnly,
		"Audit/Tampering":                auditTampering,
		"Audit/ErasedNames":              auditErasedNames,
		"Audit/Concurrent":               auditConcurrent,
		"Idempotency/Replay":             idempotencyReplay,
		"Idempotency/Keys":               idempotencyKeys,
		"Idempotency/Problems":           idempotencyProblems,
		"Idempotency/SecondWaits":        idempotencySecondWaits,
		"Idempotency/SecondWaitsInVain":  idempotencySecondWaitsInVain,
		"Idempotency/Purge":              idempotencyPurge,
		"Jobs/WithTheChange":             jobsWithTheChange,
		"Jobs/AtTheirTime":               jobsAtTheirTime,
		"Jobs/Lease":                     jobsLease,
		"Jobs/Retry":                     jobsRetry,
		"Jobs/EachToOneRunner":           jobsEachToOneRunner,
		"Jobs/Lanes":                     jobsInLanes,
		"Watch/WhatWasCommitted":         watchWhatWasCommitted,
		"Fulfilment/RoundTrip":           fulfilmentRoundTrip,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &database{url: newURL(t)}
			d.open(t, store.Options{})
			t.Cleanup(func() {
				if err := d.Close(); err != nil {
					t.Errorf("close %s: %v", d.url, err)
				}
			})
			test(t, d)
		})
	}
}

// database is the one under test.
type database struct {
	*store.DB

	url string
}

func (d *database) open(t testing.TB, options store.Options) {
	t.Helper()
	db, err := store.Open(context.Background(), d.url, options)
	if err != nil {
		t.Fatalf("open %s: %v", d.url, err)
	}
	d.DB = db
}

// reopen ends the broker and starts it again.
func (d *database) reopen(t testing.TB, options store.Options) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Fatalf("close %s: %v", d.url, err)
	}
	d.open(t, options)
}

// now is when the tests begin. It has a fraction that a database could lose, and a zone that it has to.
var now = time.Date(2026, time.November, 2, 9, 30, 0, 123456000, time.FixedZone("", 3600))

const day = 24 * time.Hour

// write makes the changes, or fails the test.
func (d *database) write(t testing.TB, f func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	if err := d.Write(context.Background(), f); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// read reads, or fails the test.
func (d *database) read(t testing.TB, f func(ctx context.Context, r *store.Reader) error) {
	t.Helper()
	if err := d.Read(context.Background(), f); err != nil {
		t.Fatalf("read: %v", err)
	}
}

// get reads one thing, or fails the test.
func get[T any](t testing.TB, d *database, f func(ctx context.Context, r *store.Reader) (T, error)) T {
	t.Helper()
	var got T
	d.read(t, func(ctx context.Context, r *store.Reader) (err error) {
		got, err = f(ctx, r)
		return err
	})
	return got
}

// wantError fails the test unless err is want.
func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

// wantEqual fails the test unless both are the same.
func wantEqual(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %s\nwant %s", what, show(got), show(want))
	}
}

// show prints what stands behind pointers to times as well.
func show(value any) string {
	if reflect.ValueOf(value).Kind() != reflect.Struct {
		return fmt.Sprintf("%+v", value)
	}
	text := ""
	fields := reflect.ValueOf(value)
	for i := range fields.NumField() {
		field := fields.Field(i)
		if field.Kind() == reflect.Pointer && !field.IsNil() {
			field = field.Elem()
		}
		text += fmt.Sprintf("\n\t%s: %+v", fields.Type().Field(i).Name, field)
	}
	return text
}

// seed makes what orders refer to: the accounts "acme" and "other", each with two services, and gateways of them.
func (d *database) seed(t testing.TB) {
	t.Helper()
	d.write(t, func(ctx context.Context, tx *store.Tx) error {
		for _, account := range []string{"acme", "other"} {
			a := store.Account{ID: account, Title: "Account " + account, Kind: "customer", Organisations: []string{"X26"}}
			if _, err := tx.UpsertAccount(ctx, a, now); err != nil {
				return err
			}
			for _, id := range []string{account + "-1", account + "-2"} {
				s := store.Service{Type: "cloud_project", ID: id, Account: account, Zone: "north"}
				if _, err := tx.UpsertService(ctx, s, now); err != nil {
					return err
				}
				g := store.Gateway{ID: "gw-" + id, ServiceType: s.Type, ServiceID: s.ID, Networks: []string{"internet"}}
				if _, err := tx.UpsertGateway(ctx, g, now); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
