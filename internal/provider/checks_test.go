package provider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

const (
	isError   = tfprotov6.DiagnosticSeverityError
	isWarning = tfprotov6.DiagnosticSeverityWarning
)

var none tftypes.Value

// connection is a connection of the neutral policy's that no rule has anything to say of; changes are by attribute, and
// those of the profile by "profile.<attribute>".
func connection(changes obj) obj {
	profile := obj{
		"business_sponsor":           obj{"name": "Sam Sponsor", "email": "sponsor@trust.example"},
		"security_lead":              obj{"name": "Lee Lead", "email": "lead@trust.example"},
		"handles_patient_data":       true,
		"encryption":                 obj{"in_application": true},
		"risk_assessment":            obj{"reference": "RA-17", "completed_on": "2026-10-01"},
		"monitoring_acknowledged_on": "2026-11-02",
		"reviewed_on":                "2026-11-02",
	}
	c := obj{
		"name": "records-prod", "ods_code": acctest.Good,
		"service":   obj{"type": "cloud_project", "id": "project-1"},
		"agreement": obj{"basis": "flow_down"},
		"profile":   profile,
	}
	for name, value := range changes {
		if in, ok := strings.CutPrefix(name, "profile."); ok {
			profile[in] = value
		} else {
			c[name] = value
		}
	}
	return c
}

func edge(changes obj) obj {
	e := obj{"name": "web", "connection_id": "connections/records-prod", "gateway_id": "urn:vcloud:gateway:0001"}
	maps.Copy(e, changes)
	return e
}

// counted counts requests by path, so that a test can say what was not asked.
type counted struct {
	mu    sync.Mutex
	paths []string
}

func (c *counted) option(config *broker.Config) {
	inner := config.Middleware
	config.Middleware = func(next http.Handler) http.Handler {
		if inner != nil {
			next = inner(next)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.URL.Path, "/operator/") {
				c.mu.Lock()
				c.paths = append(c.paths, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/v1/"))
				c.mu.Unlock()
			}
			next.ServeHTTP(w, r)
		})
	}
}

// since returns what was asked since the last call.
func (c *counted) since() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	paths := c.paths
	c.paths = nil
	return paths
}

func TestProtocolWarningsOfAPlan(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	plan := p.plan("hscn_connection", connection(obj{"ods_code": acctest.Unchecked, "profile.risk_assessment": nil}), none, nil)
	p.noErrors(plan.diags)
	says(t, plan.diags,
		`WARNING at AttributeName("ods_code"): The organisation has not been looked up: `, "Your cloud service provider can put this right.", "Rule: organisation.not-checked",
		"Rule: dspt.not-checked")
	for _, d := range plan.diags {
		if strings.Contains(d.Detail, "HSCN_PLAN_CHECKS") {
			t.Errorf("a warning says how to destroy none the less: %s", d.Detail)
		}
		if strings.Contains(d.Summary, acctest.Unchecked) {
			t.Errorf("the summary has a value in it: %s", d.Summary)
		}
	}
}

func TestProtocolPlanChecks(t *testing.T) {
	t.Parallel()
	requests := &counted{}
	site := acctest.Start(t, "neutral", requests.option)
	bad := connection(obj{"ods_code": acctest.Bad})
	const rule = "Rule: dspt.stale"
	tests := map[string]struct {
		setting          any
		errors, warnings bool
		asked            string
	}{
		"by default": {nil, true, false, "GET compliance-facts GET connections GET policy GET services"},
		"enforce":    {"enforce", true, false, "GET compliance-facts GET connections GET policy GET services"},
		"warn":       {"warn", false, true, "GET compliance-facts GET connections GET policy GET services"},
		"off":        {"off", false, false, "GET policy"},
	}
	for name, test := range tests {
		requests.since()
		p := speakTo(t, site.URL(), obj{"token": site.Token, "plan_checks": test.setting})
		plan := p.plan("hscn_connection", bad, none, nil)
		if got := strings.Contains(show(ofSeverity(plan.diags, isError)), rule); got != test.errors {
			t.Errorf("%s: an error %t:\n%s", name, got, show(plan.diags))
		}
		if got := strings.Contains(show(ofSeverity(plan.diags, isWarning)), rule); got != test.warnings {
			t.Errorf("%s: a warning %t:\n%s", name, got, show(plan.diags))
		}
		if test.errors {
			// What the provider block says goes before the environment, so that the way out differs.
			way := "HSCN_PLAN_CHECKS=off"
			if test.setting != nil {
				way = "set plan_checks = \"off\" in the provider block"
			}
			says(t, ofSeverity(plan.diags, isError), way, "-refresh=false")
		}
		asked := requests.since()
		if got := strings.Join(sortedStrings(asked), " "); got != test.asked {
			t.Errorf("%s: it asked %s", name, got)
		}
		// What policy gives is planned all the same.
		if got := plan.text(t, "commitment_months"); !strings.Contains(got, "0") {
			t.Errorf("%s: the commitment is %s", name, got)
		}
	}
}

func TestProtocolFixedRulesStayErrorsWhereChecksOnlyWarn(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token, "plan_checks": "warn"})
	// At validate the name was unknown; it is malformed once it is known.
	plan := p.plan("hscn_connection", connection(obj{"name": "No"}), none, nil)
	says(t, ofSeverity(plan.diags, isError), `at AttributeName("name")`, "Rule: name.format")
}

// Whatever an order needs may be unknown while it is planned, or be left out: neither is a finding, and neither breaks
// the plan.
func TestProtocolUnknownAndNull(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	changes := map[string]obj{
		"name": {"name": unknown}, "ods_code": {"ods_code": unknown},
		"service": {"service": unknown}, "service.type": {"service": obj{"type": unknown, "id": "no-such"}},
		"service.id": {"service": obj{"type": "cloud_project", "id": unknown}},
		"access":     {"access": unknown}, "purpose": {"purpose": unknown},
		"agreement": {"agreement": unknown}, "agreement.basis": {"agreement": obj{"basis": unknown}},
		"agreement.reference": {"agreement": obj{"basis": "flow_down", "reference": unknown}},
		"profile":             {"profile": unknown}, "circuits": {"circuits": unknown},
		"circuit": {"circuits": obj{"main": obj{"bandwidth_mbps": unknown}}},
		"lead":    {"profile.security_lead": unknown}, "sponsor": {"profile.business_sponsor": obj{"name": unknown, "email": unknown}},
		"shared": {"profile.shared_with": unknown}, "shared.b": {"profile.shared_with": obj{"B2C3D": unknown}},
		"shared.basis": {"profile.shared_with": obj{"B2C3D": obj{"basis": unknown}}},
		"patients":     {"profile.handles_patient_data": unknown}, "encryption": {"profile.encryption": unknown},
		"in application": {"profile.encryption": obj{"in_application": unknown}},
		"risk":           {"profile.risk_assessment": unknown}, "reviewed": {"profile.reviewed_on": unknown},
		"outside": {"profile.outside_england": unknown}, "locations": {"profile.outside_england": obj{"data_locations": unknown}},
		"location": {"profile.outside_england": obj{"data_locations": []any{"IE", unknown}}},
		"at":       {"activate_at": unknown}, "order": {"purchase_order": unknown}, "sum": {"accepted_setup_charge_gbp": unknown},
		"wait": {"wait_for": unknown}, "protection": {"deletion_protection": unknown}, "timeouts": {"timeouts": unknown},
		"nothing": {},
		"null":    {"profile.risk_assessment": nil, "profile.encryption": nil, "profile.handles_patient_data": nil, "profile.reviewed_on": nil},
	}
	for name, change := range changes {
		p.newRun()
		config := connection(change)
		if diags := p.validate("hscn_connection", config); len(ofSeverity(diags, isError)) > 0 {
			t.Errorf("%s: validate says\n%s", name, show(diags))
		}
		plan := p.plan("hscn_connection", config, none, nil)
		if len(ofSeverity(plan.diags, isError)) > 0 {
			t.Errorf("%s: plan says\n%s", name, show(plan.diags))
		}
		if want := map[bool]string{true: "(unknown)", false: "connections/records-prod"}[name == "name"]; plan.text(t, "id") != want {
			t.Errorf("%s: the id is %s", name, plan.text(t, "id"))
		}
	}
	for name, change := range map[string]obj{
		"name": {"name": unknown}, "connection_id": {"connection_id": unknown}, "gateway_id": {"gateway_id": unknown},
		"networks": {"networks": unknown}, "network": {"networks": obj{"front": unknown}}, "cidr": {"networks": obj{"front": obj{"cidr": unknown}}},
		"servers": {"networks": obj{"front": obj{"cidr": "10.0.0.0/8", "dns_servers": unknown}}}, "fulfilment": {"fulfilment": unknown},
		"controls": {"bridging_controls": unknown},
	} {
		p.newRun()
		config := edge(change)
		if diags := p.validate("hscn_edge_attachment", config); len(diags) > 0 {
			t.Errorf("%s: validate says\n%s", name, show(diags))
		}
		plan := p.plan("hscn_edge_attachment", config, none, nil)
		if len(plan.diags) > 0 {
			t.Errorf("%s: plan says\n%s", name, show(plan.diags))
		}
		known := name != "name" && name != "connection_id"
		if got := plan.text(t, "id"); (got != "(unknown)") != known {
			t.Errorf("%s: the id is %s", name, got)
		}
	}
}

// A change to what is only known later is no finding either, and orders nothing while it is planned.
func TestProtocolChangesToTheUnknown(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	state := made(t, p, connection(nil))
	for name, test := range map[string]struct {
		change  obj
		replace string
	}{
		"ods_code": {obj{"ods_code": unknown}, ""}, "agreement": {obj{"agreement": unknown}, ""}, "access": {obj{"access": unknown}, ""},
		"shared": {obj{"profile.shared_with": obj{" b2c3d": obj{"basis": unknown}}}, ""}, "profile": {obj{"profile": unknown}, ""},
		"at": {obj{"activate_at": unknown}, ""}, "lead": {obj{"profile.security_lead": obj{"name": "Lee Lead", "email": unknown}}, ""},
		"name": {obj{"name": unknown}, "name"}, "service": {obj{"service": unknown}, "service"},
		"service.id": {obj{"service": obj{"type": "cloud_project", "id": unknown}}, "service"},
	} {
		p.newRun()
		plan := p.plan("hscn_connection", connection(test.change), state.state, state.private)
		if len(plan.diags) > 0 {
			t.Errorf("%s: plan says\n%s", name, show(plan.diags))
		}
		if got := strings.Join(plan.replace, " "); (test.replace == "") != (got == "") || !strings.Contains(got, test.replace) {
			t.Errorf("%s: it replaces on %q", name, got)
		}
		if plan.text(t, "state") != "(unknown)" {
			t.Errorf("%s: the state is %s", name, plan.text(t, "state"))
		}
	}
}

func TestProtocolUnchangedResourcesAreNotJudged(t *testing.T) {
	t.Parallel()
	requests := &counted{}
	site := acctest.Start(t, "neutral", requests.option)
	config := connection(nil)
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	made, diags := p.apply(p.plan("hscn_connection", config, none, nil), none)
	p.noErrors(diags)

	// The DSPT lapses: what is there stays there, and its contacts can still be corrected.
	site.Clock.Advance(2 * 365 * 24 * time.Hour)
	site.Load(lapsed(site))
	p = speakTo(t, site.URL(), obj{"token": site.Token})
	requests.since()
	plan := p.plan("hscn_connection", config, made.state, made.private)
	if len(plan.diags) > 0 || !plan.state.Equal(made.state) || len(requests.since()) > 0 {
		t.Errorf("an unchanged connection is judged:\n%s", show(plan.diags))
	}
	p.newRun()
	plan = p.plan("hscn_connection", connection(obj{"profile.security_lead": obj{"name": "Nia New", "email": "new@trust.example"}}), made.state, made.private)
	p.noErrors(plan.diags)
	p.newRun()
	plan = p.plan("hscn_connection", connection(obj{"ods_code": acctest.GoodToo}), made.state, made.private)
	says(t, ofSeverity(plan.diags, isError), "Rule: dspt.")
}

func TestProtocolFactsThatCannotBeHadWarnOnce(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(hangs.Close)
	fails := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusServiceUnavailable, "unavailable")
	}))
	t.Cleanup(fails.Close)
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html><body>Please log in</body></html>")
	}))
	t.Cleanup(page.Close)
	for name, test := range map[string]struct{ endpoint, says string }{
		"refused connection": {closed.URL, "the connection was refused"},
		"time-out":           {hangs.URL, "did not answer in time"},
		"5xx":                {fails.URL, "This may pass by itself"},
		"not our format":     {page.URL, "which is not how a broker answers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := speakTo(t, test.endpoint, obj{"request_timeout": "300ms"})
			var all []*tfprotov6.Diagnostic
			for n := range 5 {
				plan := p.plan("hscn_connection", connection(obj{"name": fmt.Sprintf("site-%d", n)}), none, nil)
				all = append(all, plan.diags...)
				if got := plan.text(t, "commitment_months"); got != "(unknown)" {
					t.Errorf("the commitment is %s", got)
				}
			}
			if len(all) != 1 || all[0].Severity != isWarning {
				t.Fatalf("five resources say\n%s", show(all))
			}
			// A provider cannot tell an apply, in which Terraform blames it, from a plan.
			says(t, all, "Preconditions were not checked", test.says, "call the final plan inconsistent", "was not ordered")

			// Policy is asked for, and told of, also where nothing is checked.
			p = speakTo(t, test.endpoint, obj{"request_timeout": "300ms", "plan_checks": "off"})
			all = append(p.plan("hscn_connection", connection(nil), none, nil).diags, p.plan("hscn_edge_attachment", edge(nil), none, nil).diags...)
			if len(all) != 1 || all[0].Severity != isWarning {
				t.Errorf("without checks it says\n%s", show(all))
			}
		})
	}
}

func TestProtocolACredentialThatIsRefusedIsAnError(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	for name, test := range map[string]struct {
		config obj
		says   string
	}{
		"401":                {obj{"token": "wrong"}, "Check token (HSCN_TOKEN)"},
		"403":                {obj{"token": site.Token, "account": acctest.OtherAccount}, "Check account (HSCN_ACCOUNT)"},
		"401 without checks": {obj{"token": "wrong", "plan_checks": "off"}, "Check token (HSCN_TOKEN)"},
	} {
		p := speakTo(t, site.URL(), test.config)
		plan := p.plan("hscn_connection", connection(nil), none, nil)
		errors := ofSeverity(plan.diags, isError)
		if len(errors) != 1 {
			t.Errorf("%s: it says\n%s", name, show(plan.diags))
		}
		says(t, errors, "Error asking the broker for policy and facts", test.says, "Request: ")
	}
}

func problem(w http.ResponseWriter, status int, kind string) { problemWith(w, status, kind, nil) }

// problemWith is problem with more members in the document.
func problemWith(w http.ResponseWriter, status int, kind string, more obj) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	document := obj{
		"type": "urn:hscn:problem:" + kind, "title": "A title", "status": status, "detail": "a detail", "request_id": "r-1", "broker_id": "b-1",
	}
	maps.Copy(document, more)
	_ = json.NewEncoder(w).Encode(document)
}

// lapsed is the good organisations as they are looked up now, with a DSPT of long ago.
func lapsed(site *acctest.Site) api.Inventory {
	var inventory api.Inventory
	for _, code := range []string{acctest.Good, acctest.GoodToo} {
		inventory.Organisations = append(inventory.Organisations, site.Organisation(code, "Trust", true))
	}
	return inventory
}

func sortedStrings(texts []string) []string {
	slices.Sort(texts)
	return texts
}
