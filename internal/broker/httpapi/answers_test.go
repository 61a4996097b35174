package httpapi_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

func TestWrites(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const key = "0123456789abcdef"
	var seen request.Write
	var note string
	b.desk.delete = func(write request.Write, name, uid string) (api.Connection, error) {
		seen, note = write, name+" "+uid
		return api.Connection{}, problem.New(problem.ObjectGone, "There is no connection records.")
	}
	got := b.ask(t, "customer", "DELETE", "/v1/connections/records?uid=u-1", "", "Idempotency-Key", key, "Hscn-Change-Reference", "CHG-7")
	got.refused(t, 404, problem.ObjectGone, "There is no connection records.")
	want := request.Write{
		Caller: seen.Caller, IdempotencyKey: key, Method: "DELETE", Path: "/v1/connections/records?uid=u-1",
		BodySHA256:      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		ChangeReference: "CHG-7", RequestID: got.header.Get("Hscn-Request-Id"),
	}
	if fmt.Sprint(seen) != fmt.Sprint(want) || seen.Caller.Account != "676" || note != "records u-1" {
		t.Errorf("the desk was handed %+v for %s", seen, note)
	}

	b.desk.load = func(write request.Write, inventory api.Inventory, dryRun bool) (api.InventoryReport, error) {
		seen, note = write, fmt.Sprint(inventory.Version, dryRun)
		return api.InventoryReport{DryRun: dryRun, Changes: []api.InventoryChange{}}, nil
	}
	if got := b.ask(t, "recorder", "POST", "/v1/operator/inventory?dry_run=true", `{"version":1}`, "Idempotency-Key", key); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if note != "1 true" || seen.Path != "/v1/operator/inventory?dry_run=true" || seen.Caller.Account != "" ||
		seen.BodySHA256 != fmt.Sprintf("%x", sha256.Sum256([]byte(`{"version":1}`))) {
		t.Errorf("the desk was handed %+v for %s", seen, note)
	}

	b.desk.approve = func(write request.Write, id int64, text string) (api.Order, error) {
		seen, note = write, fmt.Sprint(id, text)
		return api.Order{ObjectUID: "u", Steps: []string{}}, nil
	}
	for body, want := range map[string]string{`{}`: "7", `{"note":"seen"}`: "7seen"} {
		if got := b.ask(t, "approver", "POST", "/v1/operator/orders/7/approve", body, "Idempotency-Key", key); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if strings.ReplaceAll(note, " ", "") != want {
			t.Errorf("note is %q", note)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const hidden = "secret detail of the database"
	internal := "The broker failed to answer. Its log says why, under this document's request_id. Asking again may help."
	for name, c := range map[string]struct {
		fail   func() error
		status int
		kind   problem.Type
		detail string
		after  string
	}{
		"any error": {func() error { return errors.New(hidden) }, 500, problem.Internal, internal, ""},
		"a panic":   {func() error { panic(hidden) }, 500, problem.Internal, internal, ""},
		"a busy database": {
			func() error { return fmt.Errorf("write: %w", store.ErrBusy) }, 503, problem.Unavailable,
			"Other writes kept this one waiting. Nothing was changed; ask again.", "1",
		},
		"a deadline": {
			func() error { return fmt.Errorf("read: %w", context.DeadlineExceeded) }, 503, problem.Unavailable,
			"The broker could not finish the request in time. Ask again.", "1",
		},
		"a problem that says when": {
			func() error {
				return &problem.Problem{Type: problem.TooManyRequests, Detail: "Slow down.", RetryAfter: 1500 * time.Millisecond}
			}, 429, problem.TooManyRequests, "Slow down.", "2",
		},
		"a problem in a wrapping": {
			func() error { return fmt.Errorf("desk: %w", problem.New(problem.StateForbids, "It ceases.")) }, 409, problem.StateForbids, "It ceases.", "",
		},
	} {
		b.desk.services = func(request.Caller, api.ListServicesParams) (api.ServicePage, error) {
			return api.ServicePage{}, c.fail()
		}
		got := b.ask(t, "customer", "GET", "/v1/services", "")
		got.refused(t, c.status, c.kind, c.detail)
		if strings.Contains(got.body, hidden) {
			t.Errorf("%s: the answer shows what is for the log: %s", name, got.body)
		}
		if got.header.Get("Retry-After") != c.after {
			t.Errorf("%s: Retry-After is %q", name, got.header.Get("Retry-After"))
		}
		if *got.problem.Account != "676" {
			t.Errorf("%s: account is %v", name, got.problem.Account)
		}
		if c.status == 500 && !strings.Contains(b.log.String(), got.problem.RequestID) {
			t.Errorf("%s: the log does not have request %s", name, got.problem.RequestID)
		}
	}
	if !strings.Contains(b.log.String(), hidden) {
		t.Error("the log does not say what failed")
	}
}
