package provider_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// handover is what a way to the broker does with a request.
type handover func(w http.ResponseWriter, r *http.Request, broker http.Handler)

// loses hands a request on and breaks the connection instead of answering.
func loses(_ http.ResponseWriter, r *http.Request, broker http.Handler) {
	broker.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// holdsUp hands nothing on, and says that this may pass.
func holdsUp(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	problem(w, http.StatusServiceUnavailable, "unavailable")
}

// line is the way to a broker. A test says what becomes of requests on it, by their method.
type line struct {
	mu       sync.Mutex
	passages map[string]handover
}

// lineTo is a way to a site's broker, and its address.
func lineTo(t *testing.T, site *acctest.Site) (*line, string) {
	t.Helper()
	target, err := url.Parse(site.URL())
	if err != nil {
		t.Fatal(err)
	}
	l := &line{}
	forward := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		what, ok := l.passages[r.Method]
		l.mu.Unlock()
		if !ok {
			forward.ServeHTTP(w, r)
			return
		}
		what(w, r, forward)
	}))
	t.Cleanup(server.Close)
	return l, server.URL
}

// becomes says what becomes of requests from now on.
func (l *line) becomes(passages map[string]handover) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passages = passages
}

func TestProtocolNoAnswerToAnOrder(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		passages func(site *acctest.Site) map[string]handover
		says     []string // nothing where the order is made
	}{
		"it is taken": {passages: func(*acctest.Site) map[string]handover { return map[string]handover{http.MethodPut: loses} }},
		"it is not taken": {
			passages: func(*acctest.Site) map[string]handover { return map[string]handover{http.MethodPut: holdsUp} },
			says: []string{
				"Error creating connection", "This may pass by itself", "Request: r-1",
				"The broker was asked afterwards: there was no connections/records-prod, so that no order stood then. Apply again",
				// What nobody waited for any longer may come in after the question.
				"if the name is then taken, the order came in late, and this block adopts it", "import {", `id = "connections/records-prod"`,
			},
		},
		"another's was": {
			passages: func(site *acctest.Site) map[string]handover {
				return map[string]handover{http.MethodPut: func(w http.ResponseWriter, r *http.Request, broker http.Handler) {
					site.Put(connectionName, acctest.Spec(site, 2))
					holdsUp(w, r, broker)
				}}
			},
			says: []string{"The name is taken", "connections/records-prod exists already: customer-676 made it", "import {", "Rule: name.taken"},
		},
		"nobody knows": {
			passages: func(*acctest.Site) map[string]handover {
				return map[string]handover{http.MethodPut: loses, http.MethodGet: holdsUp}
			},
			says: []string{
				"Error creating connection", "Whether the order was taken is not known: the broker was asked afterwards", "import {",
				`id = "connections/records-prod"`,
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := acctest.Start(t, "neutral")
			between, endpoint := lineTo(t, site)
			p := speakTo(t, endpoint, obj{"token": site.Token})
			plan := p.plan("hscn_connection", connection(nil), none, nil)
			p.noErrors(plan.diags)
			between.becomes(test.passages(site))
			state, diags := p.apply(plan, none)
			if test.says != nil {
				says(t, ofSeverity(diags, isError), test.says...)
				if !state.state.IsNull() {
					t.Error("there is a state")
				}
				return
			}
			p.noErrors(diags)
			if there := acctest.Get[api.Connection](site, connectionName); state.text(t, "uid") != there.UID {
				t.Errorf("the state has %s, and there is %s", state.text(t, "uid"), there.UID)
			}
		})
	}
}

// What never reached anybody ordered nothing.
func TestProtocolAnOrderThatReachedNobody(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	p := speakTo(t, closed.URL, obj{"max_retries": 1})
	_, diags := p.apply(p.plan("hscn_connection", connection(nil), none, nil), none)
	says(t, ofSeverity(diags, isError), "Error creating connection", "Nothing listens at")
	if text := show(diags); strings.Contains(text, "import {") || strings.Contains(text, "asked afterwards") {
		t.Errorf("it says what to do about an order that was never sent: %s", text)
	}
}

func TestProtocolNoAnswerToAChange(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		passages func(site *acctest.Site) map[string]handover
		says     []string // nothing where the change is made
	}{
		"it is made": {passages: func(*acctest.Site) map[string]handover { return map[string]handover{http.MethodPatch: loses} }},
		"it is not made": {
			passages: func(*acctest.Site) map[string]handover { return map[string]handover{http.MethodPatch: holdsUp} },
			says: []string{
				"Error updating connection", "This may pass by itself",
				"The broker was asked afterwards: connections/records-prod is as it was, so that nothing was changed. Apply again.",
			},
		},
		"another's was": {
			passages: func(site *acctest.Site) map[string]handover {
				return map[string]handover{http.MethodPatch: func(w http.ResponseWriter, r *http.Request, broker http.Handler) {
					site.Patch(connectionName, api.MergePatch{"purchase_order": "PO-9"})
					holdsUp(w, r, broker)
				}}
			},
			says: []string{
				"Error updating connection", "this change is not what it has", "was changed after this plan was made, by customer-676 on 2 November 2026",
				`  purchase_order: planned from none, wanted "PO-1", is now "PO-9"`, "Plan again",
			},
		},
		"there is nothing to change any more": {
			passages: func(site *acctest.Site) map[string]handover {
				return map[string]handover{http.MethodPatch: func(w http.ResponseWriter, r *http.Request, broker http.Handler) {
					if acctest.Get[api.ConnectionPage](site, "connections").Items != nil {
						site.Remove(connectionName)
					}
					holdsUp(w, r, broker)
				}}
			},
			says: []string{"Error updating connection", "The broker was asked afterwards: there is no connections/records-prod any more.", "Plan again"},
		},
		"nobody knows": {
			passages: func(*acctest.Site) map[string]handover {
				return map[string]handover{http.MethodPatch: loses, http.MethodGet: holdsUp}
			},
			says: []string{"Error updating connection", "Whether it was changed is not known", "Plan again"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := acctest.Start(t, "neutral")
			between, endpoint := lineTo(t, site)
			p := speakTo(t, endpoint, obj{"token": site.Token})
			before := made(t, p, connection(nil))
			plan := p.plan("hscn_connection", connection(obj{"purchase_order": "PO-1"}), before.state, before.private)
			p.noErrors(plan.diags)
			between.becomes(test.passages(site))
			state, diags := p.apply(plan, before.state)
			between.becomes(nil)
			if test.says != nil {
				says(t, ofSeverity(diags, isError), test.says...)
				if !state.state.Equal(before.state) {
					t.Errorf("the state has become %s", state.state)
				}
				return
			}
			p.noErrors(diags)
			if got := state.text(t, "purchase_order") + " in " + state.text(t, "state"); got != "PO-1 in provisioning" {
				t.Errorf("the state has %s", got)
			}
			// The revision is the new one: nothing is in the way of the next change.
			plan = p.plan("hscn_connection", connection(obj{"purchase_order": "PO-2"}), state.state, state.private)
			_, diags = p.apply(plan, state.state)
			p.noErrors(diags)
		})
	}
}

func TestProtocolNoAnswerToADelete(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		passages map[string]handover
		says     []string // nothing where it is given up
	}{
		"it is given up": {passages: map[string]handover{http.MethodDelete: loses}},
		"it is not given up": {
			passages: map[string]handover{http.MethodDelete: holdsUp},
			says: []string{
				"Error deleting connection", "This may pass by itself", "The broker was asked afterwards: connections/records-prod is provisioning since 2 November 2026",
				"so that it was not given up. Apply again.",
			},
		},
		"nobody knows": {
			passages: map[string]handover{http.MethodDelete: loses, http.MethodGet: holdsUp},
			says:     []string{"Error deleting connection", "Whether it was given up is not known", "Plan again"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := acctest.Start(t, "neutral")
			between, endpoint := lineTo(t, site)
			p := speakTo(t, endpoint, obj{"token": site.Token})
			state := made(t, p, connection(nil))
			between.becomes(test.passages)
			left, diags := destroy(p, state)
			if errors := ofSeverity(diags, isError); (len(errors) > 0) != (test.says != nil) || left.state.IsNull() != (test.says == nil) {
				t.Errorf("it leaves %s and says\n%s", left.state, show(diags))
			}
			says(t, ofSeverity(diags, isError), test.says...)
		})
	}
}

// What was made under the name since is left alone, and is no sign that the old one still stands.
func TestProtocolNoAnswerToADeleteAndAnotherUnderTheName(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	between, endpoint := lineTo(t, site)
	p := speakTo(t, endpoint, obj{"token": site.Token})
	state := made(t, p, connection(nil))
	between.becomes(map[string]handover{http.MethodDelete: func(w http.ResponseWriter, r *http.Request, broker http.Handler) {
		broker.ServeHTTP(httptest.NewRecorder(), r)
		site.Put(connectionName, acctest.Spec(site, 2))
		panic(http.ErrAbortHandler)
	}})
	left, diags := destroy(p, state)
	if len(diags) > 0 || !left.state.IsNull() {
		t.Errorf("it leaves %s and says\n%s", left.state, show(diags))
	}
	if now := acctest.Get[api.Connection](site, connectionName); now.State == "ceasing" || now.UID == state.text(t, "uid") {
		t.Errorf("there is %s in %s", now.UID, now.State)
	}
}
