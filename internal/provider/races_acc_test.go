package provider_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

func TestProtocolAStalePlanFails(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	between, endpoint := lineTo(t, site)
	p := speakTo(t, endpoint, obj{"token": site.Token})
	state := made(t, p, connection(nil))
	plan := p.plan("hscn_connection", connection(obj{"purchase_order": "PO-1"}), state.state, state.private)
	p.noErrors(plan.diags)
	site.Patch(connectionName, api.MergePatch{"purchase_order": "PO-9", "profile": obj{"reviewed_on": "2026-10-30"}})
	kept, diags := p.apply(plan, state.state)
	says(t, ofSeverity(diags, isError), "Error updating connection: connections/records-prod was changed after this plan was made, by customer-676 on 2 November 2026",
		"Nothing was changed now.", `  purchase_order: planned from none, wanted "PO-1", is now "PO-9"`, "  profile.reviewed_on: planned from",
		`is now "2026-10-30"`, "Plan again", "Broker: ", "Request: ")
	if now := acctest.Get[api.Connection](site, connectionName); *now.PurchaseOrder != "PO-9" || !kept.state.Equal(state.state) {
		t.Errorf("the purchase order is %s, and the state %s", *now.PurchaseOrder, kept.state)
	}
	// Where it cannot be read again, the refusal itself says who and when.
	between.becomes(map[string]handover{http.MethodGet: holdsUp})
	_, diags = p.apply(plan, state.state)
	says(t, ofSeverity(diags, isError), "connections/records-prod was changed after this plan was made, by customer-676 on 2 November 2026", "Plan again")
	between.becomes(nil)

	// What was changed and put back is another revision all the same.
	site.Patch(connectionName, api.MergePatch{"purchase_order": nil, "profile": obj{"reviewed_on": "2026-11-02"}})
	_, diags = p.apply(plan, state.state)
	says(t, ofSeverity(diags, isError), "connections/records-prod was changed after this plan was made", "it was changed and put back")
}

// Another object under the name is not changed instead, nor taken for the old one after a change.
func TestProtocolAChangeOfWhatIsAnotherObjectByNow(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	between, endpoint := lineTo(t, site)
	p := speakTo(t, endpoint, obj{"token": site.Token})
	state := made(t, p, connection(nil))
	plan := p.plan("hscn_connection", connection(obj{"purchase_order": "PO-1"}), state.state, state.private)
	p.noErrors(plan.diags)
	site.Remove(connectionName)
	spec, order := acctest.Spec(site, 2), "PO-1"
	spec.PurchaseOrder = &order
	site.Put(connectionName, spec)
	uid := acctest.Get[api.Connection](site, connectionName).UID
	another := "connections/records-prod is another object now than the one that this plan is of: customer-676 made it on 2 November 2026 at 09:30 UTC (uid " + uid + ")."
	kept, diags := p.apply(plan, state.state)
	says(t, ofSeverity(diags, isError), "Error updating connection", another, "Nothing was changed now.", "Plan again")
	if !kept.state.Equal(state.state) {
		t.Errorf("the state has become %s", kept.state)
	}
	between.becomes(map[string]handover{http.MethodPatch: holdsUp})
	_, diags = p.apply(plan, state.state)
	says(t, ofSeverity(diags, isError), "Error updating connection", "The broker was asked afterwards: "+another)
}

// What a lost race shows are declared values; none of them may be a secret.
func TestNothingThatIsDeclaredIsSensitive(t *testing.T) {
	t.Parallel()
	p, diags := speak(t, nil)
	p.noErrors(diags)
	for _, kind := range []rules.Kind{rules.KindConnection, rules.KindEdgeAttachment, rules.KindAgreementEvidence} {
		secret := make(map[string]bool)
		for _, attribute := range p.resource("hscn_" + string(kind)).Block.Attributes {
			secret[attribute.Name] = attribute.Sensitive
		}
		for _, attribute := range rules.Attributes(kind) {
			root, _, _ := strings.Cut(attribute.Path, ".")
			if hidden, ok := secret[root]; !ok || hidden {
				t.Errorf("%s of %s: sensitive %t, there %t", root, kind, hidden, ok)
			}
		}
	}
}

// An order that hangs on what another took the place of in the same apply is not taken.
func TestProtocolAnOrderForAParentThatWasReplaced(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	state := ordered(t, p, connection(nil))
	plan := p.plan("hscn_edge_attachment", edge(nil), none, nil)
	p.noErrors(plan.diags)
	site.Remove(connectionName)
	site.Put(connectionName, acctest.Spec(site, 2))
	_, diags := p.apply(plan, none)
	now := acctest.Get[api.Connection](site, connectionName)
	says(t, ofSeverity(diags, isError), "Error creating edge attachment", "connections/records-prod is another object now", "customer-676 made it",
		"Nothing was ordered: connections/records-prod was replaced", "Plan again")
	if now.UID == state.text(t, "uid") {
		t.Error("it was not replaced")
	}
}

func TestAccAPlanThatSomebodyElseWasFasterThan(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	w := workspace(t)
	config := func(order string) {
		w.Configure(site.Provider(), site.Connection("records", "records-prod", 1, acctest.Good, fmt.Sprintf("purchase_order = %q", order)))
	}
	config("PO-1")
	w.Run("apply", "-auto-approve")
	config("PO-2")
	reads(t, w.Run("plan", "-out=plan"), "1 to change")
	site.Patch(connectionName, api.MergePatch{"purchase_order": "PO-9"})
	reads(t, w.Fail("apply", "plan"), "Error updating connection", "connections/records-prod was changed after this plan was made, by customer-676 on 2 November 2026",
		`purchase_order: planned from "PO-1", wanted "PO-2", is now "PO-9"`, "Nothing was changed now.")
	if now := acctest.Get[api.Connection](site, connectionName); *now.PurchaseOrder != "PO-9" {
		t.Errorf("the purchase order is %s", *now.PurchaseOrder)
	}
	reads(t, w.Run("plan"), `purchase_order = "PO-9" -> "PO-2"`, "1 to change")
	reads(t, w.Run("apply", "-auto-approve"), "1 changed")
	reads(t, w.Run("plan"), "No changes")
}

// meddling is a proxy that does to answers what proxies do: it compresses them, takes headers away, weakens ETags, writes
// the names of headers its own way and adds some. It tells how many answers it has compressed.
func meddling(t *testing.T, site *acctest.Site) (endpoint string, compressed *atomic.Int64) {
	t.Helper()
	target, err := url.Parse(site.URL())
	if err != nil {
		t.Fatal(err)
	}
	compressed = new(atomic.Int64)
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.SetXForwarded()
			ours(r.Out.Header)
			r.Out.Header.Set("Via", "1.1 proxy")
		},
		ModifyResponse: func(resp *http.Response) error {
			ours(resp.Header)
			for name, values := range resp.Header {
				delete(resp.Header, name)
				resp.Header[strings.ToLower(name)] = values
			}
			resp.Header["etag"] = []string{`W/"the-proxys-own"`}
			resp.Header["age"], resp.Header["x-cache"] = []string{"0"}, []string{"MISS"}
			if !strings.Contains(resp.Request.Header.Get("Accept-Encoding"), "gzip") {
				return nil
			}
			delete(resp.Header, "content-length")
			resp.Header["content-encoding"] = []string{"gzip"}
			compressed.Add(1)
			body := resp.Body
			reader, pipe := io.Pipe()
			resp.Body = reader
			go func() {
				defer body.Close()
				squeezed := gzip.NewWriter(pipe)
				_, err := io.Copy(squeezed, body)
				if err == nil {
					err = squeezed.Close()
				}
				pipe.CloseWithError(err)
			}()
			resp.ContentLength = -1
			return nil
		},
	}
	server := httptest.NewServer(forward)
	t.Cleanup(server.Close)
	return server.URL, compressed
}

// ours takes away the headers that only this contract knows.
func ours(header http.Header) {
	for name := range header {
		if strings.HasPrefix(strings.ToLower(name), "hscn-") {
			delete(header, name)
		}
	}
}

// A proxy that compresses and rewrites headers changes nothing.
func TestAccBehindAProxyThatMeddles(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	endpoint, compressed := meddling(t, site)
	provider := strings.Replace(site.Provider(), site.URL(), endpoint, 1)
	config := func(more ...string) string {
		return provider + site.Connection("records", "records-prod", 1, acctest.Good, more...) + acctest.Edge("web", "web", "records", `"`+site.Gateway(1)+`"`)
	}
	stale := config(`purchase_order = "PO-2"`)
	acctest.Terraform(t,
		resource.TestStep{Config: config()},
		noChanges(config()),
		resource.TestStep{
			Config: config(`purchase_order = "PO-1"`), ConfigPlanChecks: planned(connectionAddress, plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{has(connectionAddress, "purchase_order", is("PO-1"))},
		},
		resource.TestStep{ResourceName: connectionAddress, ImportState: true, ImportStateId: connectionName, ImportStateVerify: true},
		resource.TestStep{ResourceName: edgeAddress, ImportState: true, ImportStateId: edgeName, ImportStateVerify: true},
		// A decision between plan and apply is no race here either, and what somebody else changed is seen.
		resource.TestStep{PreConfig: func() { site.Fulfil(connectionName) }, Config: stale},
		resource.TestStep{
			PreConfig: func() { site.Patch(connectionName, api.MergePatch{"purchase_order": "PO-9"}) },
			Config:    stale, ConfigPlanChecks: planned(connectionAddress, plancheck.ResourceActionUpdate),
		},
		// What is refused is told with its findings.
		refused(config(`purchase_order = "PO-2"`)+site.Connection("lapsed", "lapsed", 2, acctest.Bad), "Rule: dspt.stale"),
		resource.TestStep{Config: stale, Destroy: true},
	)
	if all := acctest.Get[api.ConnectionPage](site, "connections").Items; len(all) > 0 {
		t.Errorf("there still is %v", all)
	}
	if compressed.Load() == 0 {
		t.Error("the proxy has compressed nothing")
	}
}
