package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
)

func TestRequestsMatchTheContract(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const (
		key        = "0123456789abcdef"
		connection = "/v1/connections/records"
		spec       = `{"ods_code":"A1B2C","service":{"type":"t","id":"1"},"agreement":{"basis":"flow_down"},` +
			`"profile":{"business_sponsor":{"name":"n","email":"a@b.c"},"security_lead":{"name":"n","email":"a@b.c"}}}`
	)
	cases := map[string]struct {
		method, path, body string
		headers            []string
		want               map[string]string // detail by pointer
	}{
		"no idempotency key": {"DELETE", connection + "?uid=u", "", nil, map[string]string{"Idempotency-Key": "is missing"}},
		"a short one": {
			"DELETE", connection + "?uid=u", "",
			[]string{"Idempotency-Key", "short"},
			map[string]string{"Idempotency-Key": "is too short: it needs at least 16 characters"},
		},
		"two of them": {
			"DELETE", connection + "?uid=u", "",
			[]string{"Idempotency-Key", key, "Idempotency-Key", key},
			map[string]string{"Idempotency-Key": "is given 2 times"},
		},
		"no uid": {"DELETE", connection, "", []string{"Idempotency-Key", key}, map[string]string{"uid": "is missing"}},
		"two uids": {
			"DELETE", connection + "?uid=a&uid=b", "", []string{"Idempotency-Key", key}, map[string]string{"uid": "is given 2 times"},
		},
		"everything missing": {"DELETE", connection, "", nil, map[string]string{"uid": "is missing", "Idempotency-Key": "is missing"}},
		"a page that is too large": {
			"GET", "/v1/services?page_size=1001", "", nil, map[string]string{"page_size": "must be at most 1000"},
		},
		"a page of no number": {"GET", "/v1/services?page_size=all", "", nil, map[string]string{"page_size": "must be a whole number"}},
		"an empty page token": {"GET", "/v1/services?page_token=", "", nil, map[string]string{"page_token": "is empty"}},
		"bytes that are no text in a parameter": {
			"GET", "/v1/services?id=%ff", "", nil, map[string]string{"": "path and query must be text in UTF-8, without the character U+0000"},
		},
		"U+0000 in the path": {
			"GET", "/v1/connections/a%00b", "", nil, map[string]string{"": "path and query must be text in UTF-8, without the character U+0000"},
		},
		"U+0000 in the body": {
			"PATCH", connection, `{"purchase_order":"a\u0000b"}`,
			[]string{"Idempotency-Key", key, "If-Match", `"abc"`, "Content-Type", "application/merge-patch+json"},
			map[string]string{"": "the body holds the character U+0000, which no database keeps in a text"},
		},
		"an unknown parameter": {
			"GET", "/v1/services?pagesize=5", "", nil,
			map[string]string{"pagesize": "is not a parameter of this operation; those are id, page_size, page_token, type"},
		},
		"a parameter where there is none": {
			"GET", "/v1/policy?version=2", "", nil, map[string]string{"version": "is not a parameter of this operation"},
		},
		"an If-None-Match of a tag": {
			"PUT", connection, spec, []string{"Idempotency-Key", key, "If-None-Match", `"x"`}, map[string]string{"If-None-Match": "must be *"},
		},
		"an If-Match without quotes": {
			"PATCH", connection, `{}`,
			[]string{"Idempotency-Key", key, "If-Match", `abc`, "Content-Type", "application/merge-patch+json"},
			map[string]string{"If-Match": `does not have the form ^"[^"]+"$`},
		},
		"no body": {
			"PUT", connection, "",
			[]string{"Idempotency-Key", key, "If-None-Match", "*", "Content-Type", "application/json"},
			map[string]string{"": "the body is missing"},
		},
		"a body that is not JSON": {
			"PUT", connection, `{"ods_code": A1B2C}`,
			[]string{"Idempotency-Key", key, "If-None-Match", "*"},
			map[string]string{"": "the body is not JSON: byte 14"},
		},
		"two bodies": {
			"PUT", connection, spec + spec, []string{"Idempotency-Key", key, "If-None-Match", "*"}, map[string]string{"": fmt.Sprintf("the body is not JSON: byte %d", len(spec)+1)},
		},
		"a body of another type": {
			"PUT", connection, spec,
			[]string{"Idempotency-Key", key, "If-None-Match", "*", "Content-Type", "text/plain"},
			map[string]string{"Content-Type": "must be application/json"},
		},
		"a patch as plain JSON": {
			"PATCH", connection, `{}`,
			[]string{"Idempotency-Key", key, "If-Match", `"abc"`},
			map[string]string{"Content-Type": "must be application/merge-patch+json"},
		},
		"a patch that is a list": {
			"PATCH", connection, `[]`,
			[]string{"Idempotency-Key", key, "If-Match", `"abc"`, "Content-Type", "application/merge-patch+json"},
			map[string]string{"": "must be an object with named members"},
		},
		"members": {
			"PUT", connection, strings.Replace(strings.Replace(spec, `"flow_down"`, `"flowdown"`, 1), `"id":"1"`, `"ident":"1"`, 1),
			[]string{"Idempotency-Key", key, "If-None-Match", "*"},
			map[string]string{
				"/agreement/basis": "must be one of connection_agreement, flow_down",
				"/service/id":      "is missing",
				"/service/ident":   "is not known here; known are id, type",
			},
		},
		"a member in another case": {
			"PUT", connection, strings.Replace(spec, `"ods_code"`, `"ODS_code"`, 1),
			[]string{"Idempotency-Key", key, "If-None-Match", "*"},
			map[string]string{"/ods_code": "is missing", "/ODS_code": `is not known here; did you mean "ods_code"?`},
		},
		"a time that does not exist": {
			"PUT", connection, strings.Replace(spec, `{"ods_code"`, `{"activate_at":"2026-02-30T00:00:00Z","ods_code"`, 1),
			[]string{"Idempotency-Key", key, "If-None-Match", "*"},
			map[string]string{"": "the body has a value that does not exist, such as a day or a time"},
		},
		"a name that is too long": {
			"GET", "/v1/connections/" + strings.Repeat("x", 257), "", nil,
			map[string]string{"connection": "is too long: it may have at most 256 characters"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := b.ask(t, "customer", c.method, c.path, c.body, c.headers...)
			if got.status != 400 || got.problem.Type != problem.Prefix+string(problem.RequestInvalid) {
				t.Fatalf("answered %d %s", got.status, got.body)
			}
			details := map[string]string{}
			for _, member := range got.problem.Invalid {
				details[*member.Pointer] = member.Detail
			}
			if fmt.Sprint(details) != fmt.Sprint(c.want) {
				t.Errorf("invalid is %q, want %q", details, c.want)
			}
			if !strings.HasPrefix(got.problem.Detail, "The request does not match the contract: ") {
				t.Errorf("detail is %q", got.problem.Detail)
			}
		})
	}
	got := b.ask(t, "recorder", "GET", "/v1/operator/orders/first", "")
	if got.status != 400 || *got.problem.Invalid[0].Pointer != "order" || got.problem.Invalid[0].Detail != "must be a whole number" {
		t.Errorf("an order that is no number: %d %s", got.status, got.body)
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var size int
	b.desk.load = func(_ request.Write, inventory api.Inventory, _ bool) (api.InventoryReport, error) {
		size = len(inventory.Accounts[0].Title)
		return api.InventoryReport{Changes: []api.InventoryChange{}}, nil
	}
	headers := []string{"Idempotency-Key", "0123456789abcdef", "If-None-Match", "*"}
	large := `{"padding":"` + strings.Repeat("x", 1<<20) + `"}`
	b.ask(t, "customer", "PUT", "/v1/connections/records", large, headers...).refused(t, 400, problem.RequestInvalid,
		"The body has more than the 1048576 bytes that are read.")
	// An inventory may be larger.
	inventory := `{"version":1,"accounts":[{"id":"1","title":"x"}],` + strings.Repeat(" ", 1<<20) + `"pools":[]}`
	if got := b.ask(t, "recorder", "POST", "/v1/operator/inventory", inventory, headers[:2]...); got.status != 200 || size != 1 {
		t.Errorf("%d %s", got.status, got.body)
	}
}
