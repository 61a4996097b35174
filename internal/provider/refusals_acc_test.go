package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// slowDeletes is a broker that takes its time to give up: before the work is done, so that others ask for what is still
// held, and after it, so that its answer comes when they have it.
func slowDeletes(before, after time.Duration) func(*broker.Config) {
	return func(config *broker.Config) {
		inner := config.Middleware
		config.Middleware = func(next http.Handler) http.Handler {
			next = inner(next)
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodDelete {
					next.ServeHTTP(w, r)
					return
				}
				pass(r, before)
				next.ServeHTTP(w, r)
				pass(r, after)
			})
		}
	}
}

// pass lets time pass, or the end of the request.
func pass(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// One apply gives a service and a gateway up under one name and takes them under another. Terraform orders neither before
// the other, so that the one who takes has to wait for the one who gives up, however long that takes.
func TestAccOneApplyFreesAndTakesTheSame(t *testing.T) {
	t.Parallel()
	const pairs, rounds = 5, 4
	site := acctest.Start(t, "neutral", slowDeletes(time.Second, time.Second))
	w := workspace(t)
	configure := func(round int) {
		config := []string{site.Provider()}
		for n := 1; n <= pairs; n++ {
			label := fmt.Sprintf("pair_%d_round_%d", n, round)
			config = append(config, site.Connection(label, strings.ReplaceAll(label, "_", "-"), n, acctest.Good),
				acctest.Edge(label, "web", label, `"`+site.Gateway(n)+`"`))
		}
		w.Configure(config...)
	}
	configure(0)
	w.Run("apply", "-auto-approve")
	for round := 1; round <= rounds; round++ {
		configure(round)
		reads(t, w.Run("apply", "-auto-approve", "-parallelism=10"), fmt.Sprintf("%d added, 0 changed, %d destroyed", 2*pairs, 2*pairs))
	}
	reads(t, w.Run("plan"), "No changes")
	if all := acctest.Get[api.ConnectionPage](site, "connections").Items; len(all) != pairs {
		t.Errorf("there are %d connections", len(all))
	}
}

// With one slot the change that takes may hold it until it has failed; what it waited for comes after it, and the next
// apply makes it. Here it always does: it waits for the slot from the start, and the other one only once what hangs on it
// is gone.
func TestAccWithOneSlotTheTakeMayComeFirst(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	w := workspace(t)
	records := site.Connection("records", "records-prod", 1, acctest.Good)
	holds := "\nresource \"terraform_data\" \"hold_0\" {\n  input = hscn_connection.records.id\n}\n"
	for n := 1; n < 6; n++ {
		holds += fmt.Sprintf("resource \"terraform_data\" \"hold_%d\" {\n  input = terraform_data.hold_%d.output\n}\n", n, n-1)
	}
	w.Configure(site.Provider(), records, holds)
	w.Run("apply", "-auto-approve")

	const allowed = 6 * time.Second
	w.Configure(site.Provider(), site.Connection("other", "other-prod", 1, acctest.Good, fmt.Sprintf(`timeouts = { create = %q }`, allowed)))
	start := time.Now()
	output := w.Fail("apply", "-auto-approve", "-parallelism=1")
	took := time.Since(start)
	reads(t, output, "The service is connected already", connectionName, "It was asked for", "times within 5s", "apply again",
		"-parallelism", "Rule: service.already-connected", "hscn_connection.records: Destruction complete")
	if n := strings.Count(output, "apply again"); n != 2 { // that it helps, and where it does not
		t.Errorf("it says %d times to apply again:\n%s", n, output)
	}
	if took < allowed-time.Second {
		t.Errorf("it gave up after %v", took)
	}
	reads(t, w.Run("apply", "-auto-approve", "-parallelism=1"), "1 added")
	reads(t, w.Run("plan"), "No changes")
}

// What something hangs on is not given up, and what hangs on it is named.
func TestAccWhatSomethingHangsOnIsNotGivenUp(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	w := workspace(t)
	w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good, `timeouts = { delete = "3s" }`))
	w.Run("apply", "-auto-approve")
	gateway := site.Gateway(1)
	site.Put(edgeName, api.EdgeAttachmentSpec{GatewayID: &gateway})
	reads(t, w.Fail("destroy", "-auto-approve"), "Something still hangs on it", edgeName, "Destroy what hangs on it first.", "It was asked for", "apply again",
		"Rule: connection.has-children")
	site.Remove(edgeName)
	reads(t, w.Run("destroy", "-auto-approve"), "1 destroyed")
}

// A change in place waits as well: the gateway that an edge attachment is moved to is given up beside it.
func TestProtocolAChangeIsAskedForAgain(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	between, endpoint := lineTo(t, site)
	p := speakTo(t, endpoint, obj{"token": site.Token})
	state := made(t, p, connection(nil))
	plan := p.plan("hscn_connection", connection(obj{"purchase_order": "PO-1"}), state.state, state.private)
	p.noErrors(plan.diags)
	var keys []string
	between.becomes(map[string]handover{http.MethodPatch: func(w http.ResponseWriter, r *http.Request, broker http.Handler) {
		keys = append(keys, r.Header.Get("Idempotency-Key"))
		if len(keys) < 3 {
			refuses(w, obj{"rule": "nat.conflict", "severity": "error", "title": "A conflict", "detail": "d", "remedy": "r", "owner": "customer", "retryable": true})
			return
		}
		broker.ServeHTTP(w, r)
	}})
	state, diags := p.apply(plan, state.state)
	p.noErrors(diags)
	if got := state.text(t, "purchase_order"); got != "PO-1" || len(keys) != 3 {
		t.Errorf("it is %s after %d requests", got, len(keys))
	}
	if keys[0] == keys[1] || keys[1] == keys[2] || keys[0] == "" {
		t.Errorf("the keys are %v: a key that was refused once is refused for ever", keys)
	}
}

// refuses answers that preconditions are not met.
func refuses(w http.ResponseWriter, findings ...any) {
	problemWith(w, http.StatusUnprocessableEntity, "preconditions-failed", obj{"findings": findings})
}
