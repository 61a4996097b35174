package provider_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// The guide shows every message that these failures have, as it is printed, and no other: whoever looks one up finds it.
// Each is made to happen, at a broker and at what stands before it.
func TestTheGuideHasTheMessagesOfFailures(t *testing.T) {
	t.Parallel()
	guideHasTheMessages(t, "when-something-went-wrong.md", failures)
}

// guideHasTheMessages holds what a guide quotes to what is printed. Each message is made by what it is the only one of.
func guideHasTheMessages(t *testing.T, file string, failures map[string]func(t *testing.T) []*tfprotov6.Diagnostic) {
	t.Helper()
	guide, err := os.ReadFile("../../templates/guides/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var quoted []string
	for _, block := range regexp.MustCompile("(?s)```text\n(.*?)```").FindAllStringSubmatch(string(guide), -1) {
		quoted = append(quoted, likeAnyOther(strings.Join(strings.Fields(block[1]), " ")))
	}
	var (
		mu      sync.Mutex
		printed []string
	)
	t.Cleanup(func() { // when all of them have failed
		for _, text := range printed {
			if !slices.Contains(quoted, text) {
				t.Errorf("the guide does not have\n  %s", text)
			}
		}
		for _, text := range quoted {
			if !slices.Contains(printed, text) {
				t.Errorf("nothing prints what the guide has\n  %s", text)
			}
		}
	})
	for name, fails := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			diags := fails(t)
			if len(diags) != 1 {
				t.Fatalf("it says\n%s", show(diags))
			}
			severity := map[tfprotov6.DiagnosticSeverity]string{isError: "Error: ", isWarning: "Warning: "}[diags[0].Severity]
			mu.Lock()
			defer mu.Unlock()
			printed = append(printed, likeAnyOther(strings.Join(strings.Fields(severity+diags[0].Summary+" "+diags[0].Detail), " ")))
		})
	}
}

// What differs from run to run, and what it is in the guide and in a message alike.
var differing = []struct {
	pattern *regexp.Regexp
	alike   string
}{
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "uid"},
	{regexp.MustCompile(`https?://(127\.0\.0\.1:\d+|broker\.example)`), "address"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+|broker\.example`), "host"},
	{regexp.MustCompile(`(tried|asked for) (once|\d+ times)`), "often"},
	{regexp.MustCompile(`within (\d+m)?\d*s?`), "within"},
}

func likeAnyOther(text string) string {
	for _, d := range differing {
		text = d.pattern.ReplaceAllString(text, d.alike)
	}
	return text
}

// breaks hands nothing on and breaks the connection.
func breaks(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }

// stalls hands nothing on and never answers.
func stalls(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() }

// failing is a site, the way to it and a provider at its end.
type failing struct {
	*acctest.Site
	t *testing.T
	*line
	p *protocol
}

func newFailing(t *testing.T, config obj) failing {
	t.Helper()
	site := acctest.Start(t, "neutral")
	between, endpoint := lineTo(t, site)
	if config == nil {
		config = obj{}
	}
	config["token"] = site.Token
	return failing{Site: site, t: t, line: between, p: speakTo(t, endpoint, config)}
}

// creates orders a connection, which fails.
func (f failing) creates(config obj, what map[string]handover) []*tfprotov6.Diagnostic {
	f.t.Helper()
	plan := f.p.plan("hscn_connection", connection(config), none, nil)
	f.p.noErrors(plan.diags)
	f.becomes(what)
	_, diags := f.p.apply(plan, none)
	return diags
}

// updates changes a connection that was made, which fails. between is called after the plan.
func (f failing) updates(what map[string]handover, between func()) []*tfprotov6.Diagnostic {
	f.t.Helper()
	state := made(f.t, f.p, connection(nil))
	plan := f.p.plan("hscn_connection", connection(obj{"purchase_order": "PO-1"}), state.state, state.private)
	f.p.noErrors(plan.diags)
	if between != nil {
		between()
	}
	f.becomes(what)
	_, diags := f.p.apply(plan, state.state)
	return diags
}

// reads refreshes a connection that was made, which fails.
func (f failing) reads(what map[string]handover, p func() *protocol) []*tfprotov6.Diagnostic {
	f.t.Helper()
	state := made(f.t, f.p, connection(nil))
	f.p.newRun()
	f.becomes(what)
	reader := f.p
	if p != nil {
		reader = p()
	}
	_, diags := reader.read(state)
	return diags
}

var failures = map[string]func(t *testing.T) []*tfprotov6.Diagnostic{
	"an order, and nobody knows": func(t *testing.T) []*tfprotov6.Diagnostic {
		return newFailing(t, nil).creates(nil, map[string]handover{http.MethodPut: loses, http.MethodGet: breaks})
	},
	"an order that did not arrive": func(t *testing.T) []*tfprotov6.Diagnostic {
		return newFailing(t, nil).creates(nil, map[string]handover{http.MethodPut: breaks})
	},
	"nothing listens": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		closed := httptest.NewServer(http.NotFoundHandler())
		closed.Close()
		return f.reads(nil, func() *protocol { return speakTo(t, closed.URL, nil) })
	},
	"no answer in time": func(t *testing.T) []*tfprotov6.Diagnostic {
		return newFailing(t, obj{"request_timeout": "1s"}).reads(map[string]handover{http.MethodGet: stalls}, nil)
	},
	"a change, and nobody knows": func(t *testing.T) []*tfprotov6.Diagnostic {
		return newFailing(t, nil).updates(map[string]handover{http.MethodPatch: loses, http.MethodGet: breaks}, nil)
	},
	"a removal, and nobody knows": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		state := made(t, f.p, connection(nil))
		f.becomes(map[string]handover{http.MethodDelete: loses, http.MethodGet: breaks})
		_, diags := destroy(f.p, state)
		return diags
	},
	"the name is taken": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		plan := f.p.plan("hscn_connection", connection(nil), none, nil)
		f.p.noErrors(plan.diags)
		f.Put(connectionName, acctest.Spec(f.Site, 2))
		_, diags := f.p.apply(plan, none)
		return diags
	},
	"a wrong token": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		return f.reads(nil, func() *protocol { return speakTo(t, f.URL(), obj{"token": "wrong"}) })
	},
	"a token for another account": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		token := f.Customer(acctest.OtherAccount).Token
		return f.reads(nil, func() *protocol { return speakTo(t, f.URL(), obj{"token": token, "account": acctest.Account}) })
	},
	"another account": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		token := f.As(api.TokenSpec{Subject: "both", Accounts: []string{acctest.Account, acctest.OtherAccount}}).Token
		return f.reads(nil, func() *protocol { return speakTo(t, f.URL(), obj{"token": token, "account": acctest.OtherAccount}) })
	},
	"another broker": func(t *testing.T) []*tfprotov6.Diagnostic {
		f, another := newFailing(t, nil), acctest.Start(t, "neutral")
		return f.reads(nil, func() *protocol { return speakTo(t, another.URL(), obj{"token": another.Token}) })
	},
	"a database that was put back": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		return f.reads(nil, func() *protocol {
			return speakTo(t, putBack(t, databaseCopy(t, f.Site)).URL(), obj{"token": f.Token})
		})
	},
	"a proxy's page": func(t *testing.T) []*tfprotov6.Diagnostic {
		return newFailing(t, nil).reads(map[string]handover{http.MethodGet: func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1><hr>nginx</body></html>"))
		}}, nil)
	},
	"a stale plan": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		return f.updates(nil, func() { f.Patch(connectionName, api.MergePatch{"purchase_order": "PO-9"}) })
	},
	"an order that is not as planned": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		return f.creates(nil, map[string]handover{
			http.MethodPut: losesFirst(func() { f.Patch(connectionName, api.MergePatch{"purchase_order": "PO-9"}) }),
		})
	},
	"what another change may free": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		plan := f.p.plan("hscn_connection", connection(obj{"timeouts": obj{"create": "2s"}}), none, nil)
		f.p.noErrors(plan.diags)
		f.Put("connections/records-old", acctest.Spec(f.Site, 1))
		_, diags := f.p.apply(plan, none)
		return diags
	},
	"what something hangs on": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		state := made(t, f.p, connection(obj{"timeouts": obj{"delete": "2s"}}))
		gateway := f.Gateway(1)
		f.Put(edgeName, api.EdgeAttachmentSpec{GatewayID: &gateway})
		_, diags := destroy(f.p, state)
		return diags
	},
	"what is protected": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		state := made(t, f.p, connection(obj{"deletion_protection": true}))
		f.Fulfil(connectionName)
		_, diags := destroy(f.p, state)
		return diags
	},
	"an import of nothing": func(t *testing.T) []*tfprotov6.Diagnostic {
		f := newFailing(t, nil)
		resp, err := f.p.server.ImportResourceState(context.WithoutCancel(t.Context()), &tfprotov6.ImportResourceStateRequest{
			TypeName: "hscn_connection", ID: "connections/records-prd",
		})
		if err != nil || len(resp.ImportedResources) != 1 {
			t.Fatalf("%v, %v", resp, err)
		}
		imported := resp.ImportedResources[0]
		_, diags := f.p.read(f.p.stored(outcome{resource: "hscn_connection"}, imported.State, imported.Private, imported.Identity))
		return diags
	},
}
