package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// finding is one that a write leaves in its answer.
func finding() api.Finding {
	return api.Finding{Rule: "agreement.missing", Severity: api.Warning, Detail: "Detail.", Remedy: "Remedy.", Owner: "customer"}
}

// connectionIn is a connection in that state, of which nothing else matters here.
func connectionIn(state string) api.Connection {
	return api.Connection{
		Name: "connections/records", UID: "6d2ad0f1-5a39-4a5a-8a54-5f6d4d1f4a11", Account: "676",
		BrokerID: "6d2ad0f1-5a39-4a5a-8a54-5f6d4d1f4a12", Etag: "e1", Version: "v1", CreateKeySha256: strings.Repeat("0", 64),
		CreatedBy: "engineer", UpdatedBy: "engineer", OdsCode: "A1B2C", Service: api.ServiceReference{Type: "cloud_project", ID: "p1"},
		Access: api.SharedLink, Purpose: api.Production, Agreement: api.Agreement{Basis: api.AgreementBasisFlowDown},
		Profile: api.Profile{
			BusinessSponsor: api.BusinessSponsor{Name: "Sam", Email: "sam@trust.example"},
			SecurityLead:    api.SecurityLead{Name: "Lee", Email: "lee@trust.example"},
		},
		State: state, Zone: "main", Region: "north", PolicyVersion: "1",
	}
}

// settles has every wait end at once with the object in that state, and returns how long the last answer might have been
// held back, 0 where nobody waited.
func (b *bundle) settles(state string) (wait func() time.Duration) {
	var asked atomic.Int64
	var settled atomic.Bool
	b.desk.connection = func() api.Connection {
		if settled.Load() {
			return connectionIn(state)
		}
		return connectionIn("provisioning")
	}
	b.desk.settle = func(ctx context.Context, _ string) (bool, error) {
		deadline, _ := ctx.Deadline()
		asked.Store(int64(time.Until(deadline)))
		settled.Store(true)
		return true, nil
	}
	return func() time.Duration {
		// A moment of it is gone already.
		return time.Duration(asked.Load()).Round(time.Second)
	}
}

func stateIn(t *testing.T, got answer) string {
	t.Helper()
	var shown api.Connection
	if err := json.Unmarshal([]byte(got.body), &shown); err != nil {
		t.Fatalf("%s: %v", got.body, err)
	}
	return shown.State
}

// What is not understood of a preference is ignored (RFC 7240, section 2), and is never a reason to refuse the request.
func TestPreferWait(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"wait=10":                             10 * time.Second,
		"WAIT=10":                             10 * time.Second,
		"  wait = 10  ":                       10 * time.Second,
		`wait="10"`:                           10 * time.Second,
		"wait=010":                            10 * time.Second,
		"respond-async, wait=7":               7 * time.Second,
		"respond-async,,wait=7,":              7 * time.Second,
		`handling=lenient; a="x,wait=3"`:      0,
		`foo="a \" , wait=3", wait=4`:         4 * time.Second,
		"wait=5, wait=6":                      5 * time.Second,
		"wait=x, wait=6":                      0,
		"wait=5; priority=high":               5 * time.Second,
		"return=minimal|wait=20":              20 * time.Second,
		"wait=61":                             time.Minute,
		"wait=99999999999999999999999999":     time.Minute,
		"wait=0":                              0,
		"wait=-1":                             0,
		"wait=+1":                             0,
		"wait=1.5":                            0,
		"wait=1e3":                            0,
		"wait":                                0,
		"wait=":                               0,
		`wait=""`:                             0,
		`wait="`:                              0,
		"awaited=10":                          0,
		"":                                    0,
		"\"":                                  0,
		strings.Repeat("x", 2000):             0,
		strings.Repeat("x,", 1000) + "wait=8": 8 * time.Second,
	} {
		t.Run(header[:min(len(header), 30)], func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			wait := b.settles("active")
			var headers []string
			for _, line := range strings.Split(header, "|") { // a header may come in several lines
				headers = append(headers, "Prefer", line)
			}
			got := b.ask(t, "customer", "GET", "/v1/connections/records", "", headers...)
			if got.status != http.StatusOK {
				t.Fatalf("%d %s", got.status, got.body)
			}
			if wait() != want {
				t.Errorf("waits for %s, want %s", wait(), want)
			}
			applied, state := "", "provisioning"
			if want > 0 {
				applied, state = "wait", "active"
			}
			if got.header.Get("Preference-Applied") != applied || stateIn(t, got) != state {
				t.Errorf("%s with the preference %q applied", stateIn(t, got), got.header.Get("Preference-Applied"))
			}
		})
	}
}

// A write is answered by the object as it is after the wait, with what the write itself found.
func TestPreferWaitAfterWrite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wait := b.settles("refused")
	body, err := json.Marshal(api.ConnectionSpec{
		OdsCode: "A1B2C", Service: api.ServiceReference{Type: "cloud_project", ID: "p1"},
		Agreement: api.Agreement{Basis: api.AgreementBasisFlowDown}, Profile: connectionIn("").Profile,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := b.ask(t, "customer", "PUT", "/v1/connections/records", string(body),
		"If-None-Match", "*", "Idempotency-Key", "key-0123456789abcdef", "Prefer", "wait=30")
	if got.status != http.StatusAccepted || got.header.Get("Preference-Applied") != "wait" || wait() != 30*time.Second {
		t.Errorf("%d after %s with %v", got.status, wait(), got.header)
	}
	var shown api.Connection
	if err := json.Unmarshal([]byte(got.body), &shown); err != nil {
		t.Fatal(err)
	}
	if shown.State != "refused" || len(shown.Findings) != 1 {
		t.Errorf("shows %s with the findings %v", shown.State, shown.Findings)
	}
}

// Where nothing is to be waited for, the answer does not say that it waited.
func TestPreferWaitForNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.desk.connection = func() api.Connection { return connectionIn("active") }
	b.desk.settle = func(context.Context, string) (bool, error) { return false, nil }
	got := b.ask(t, "customer", "GET", "/v1/connections/records", "", "Prefer", "wait=30")
	if got.status != http.StatusOK || got.header.Get("Preference-Applied") != "" {
		t.Errorf("%d with %v", got.status, got.header)
	}
	// An operation that shows no object of the kind has nothing to wait for either.
	if got := b.ask(t, "customer", "GET", "/v1/services", "", "Prefer", "wait=30"); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// A wait ends when the broker begins to stop: what is shown is how far the object is.
func TestPreferWaitEndsWithTheBroker(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.desk.connection = func() api.Connection { return connectionIn("provisioning") }
	b.desk.settle = func(ctx context.Context, _ string) (bool, error) {
		b.stop()
		<-ctx.Done()
		return true, ctx.Err()
	}
	got := b.ask(t, "customer", "GET", "/v1/connections/records", "", "Prefer", "wait=60")
	if got.status != http.StatusOK || got.header.Get("Preference-Applied") != "wait" || stateIn(t, got) != "provisioning" {
		t.Errorf("%d %s with %v", got.status, got.body, got.header)
	}
}

// When waiting fails, what was done is done: it is answered as it would have been without.
func TestPreferWaitThatFails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.desk.connection = func() api.Connection { return connectionIn("provisioning") }
	b.desk.settle = func(context.Context, string) (bool, error) { return true, context.DeadlineExceeded }
	got := b.ask(t, "customer", "GET", "/v1/connections/records", "", "Prefer", "wait=60")
	if got.status != http.StatusOK || got.header.Get("Preference-Applied") != "" {
		t.Errorf("%d %s with %v", got.status, got.body, got.header)
	}
}
