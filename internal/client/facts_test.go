package client

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// factsServer answers with one organisation, one service and a policy, and knows others when asked by name.
func factsServer(w http.ResponseWriter, r *http.Request, _ int) {
	query := r.URL.Query()
	switch strings.TrimPrefix(r.URL.Path, "/v1/") {
	case "policy":
		write200(w, api.Policy{Title: "neutral"})
	case "compliance-facts":
		facts := api.ComplianceFacts{Account: "676", Now: noon, Organisations: []api.OrganisationFacts{{OdsCode: "A1B2C", Bound: true}}}
		for _, code := range query["ods_code"] {
			facts.Organisations = append(facts.Organisations, api.OrganisationFacts{OdsCode: code})
		}
		write200(w, facts)
	case "services":
		p := api.ServicePage{Items: []api.Service{{Type: "org", ID: "1"}}}
		if query.Get("id") == "2" {
			p.Items = []api.Service{{Type: "org", ID: "2"}}
		} else if query.Has("id") {
			p.Items = nil
		}
		write200(w, p)
	case "gateways":
		p := api.GatewayPage{Items: []api.Gateway{{ID: "gw-1"}}}
		if query.Get("id") == "gw-2" {
			p.Items = []api.Gateway{{ID: "gw-2"}}
		} else if query.Has("id") {
			p.Items = nil
		}
		write200(w, p)
	case "connections":
		write200(w, api.ConnectionPage{Items: []api.Connection{{Name: "connections/one"}}})
	}
}

func TestFactsAreFetchedOnceForARun(t *testing.T) {
	t.Parallel()
	rec := record(t, factsServer)
	facts := rec.client(t, nil).NewFacts()
	if len(rec.seen()) != 0 {
		t.Error("it asks before anybody needs to know")
	}
	need := Need{ODSCodes: []string{"A1B2C"}, Services: []api.ServiceReference{{Type: "org", ID: "1"}}}
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			policy, known, err := facts.For(t.Context(), need)
			if err != nil || policy.Title != "neutral" || known.Compliance.Account != "676" || len(known.Services) != 1 {
				t.Errorf("%v, %v, %v", policy.Title, known, err)
			}
		})
	}
	wait.Wait()
	if got := len(rec.seen()); got != 3 {
		t.Errorf("50 resources take %d requests", got)
	}
}

func TestWhatTheFirstAnswerLacksIsAskedForOnceMore(t *testing.T) {
	t.Parallel()
	rec := record(t, factsServer)
	facts := rec.client(t, nil).NewFacts()
	need := Need{
		ODSCodes: []string{"A1B2C", "X26", "X26"},
		Services: []api.ServiceReference{{Type: "org", ID: "2"}, {Type: "org", ID: "none"}},
	}
	for range 3 {
		_, known, err := facts.For(t.Context(), need)
		if err != nil {
			t.Fatal(err)
		}
		if len(known.Compliance.Organisations) != 2 || len(known.Services) != 2 {
			t.Fatalf("it knows %v", known)
		}
	}
	var queries []string
	for _, r := range rec.seen()[3:] {
		queries = append(queries, r.path+"?"+r.query)
	}
	want := "/v1/compliance-facts?ods_code=X26 " +
		"/v1/services?page_size=1000&type=org&id=2 /v1/services?page_size=1000&type=org&id=none"
	if got := strings.Join(queries, " "); got != want {
		t.Errorf("it asked for %s", got)
	}
}

func TestGatewaysAreAskedForWhereTheyAreNeeded(t *testing.T) {
	t.Parallel()
	rec := record(t, factsServer)
	facts := rec.client(t, nil).NewFacts()
	if _, known, err := facts.For(t.Context(), Need{GatewayIDs: []string{"gw-2"}}); err != nil || known.Gateways != nil {
		t.Errorf("nobody needs them: %v, %v", known, err)
	}
	if got := len(rec.seen()); got != 3 {
		t.Errorf("it asked %d times", got)
	}
	need := Need{Gateways: true, GatewayIDs: []string{"gw-1", "gw-2", "none"}}
	for range 3 {
		_, known, err := facts.For(t.Context(), need)
		if err != nil || len(known.Gateways) != 2 || known.Compliance.Account != "676" || len(known.Services) != 1 {
			t.Fatalf("it knows %v, %v", known, err)
		}
	}
	var queries []string
	for _, r := range rec.seen()[3:] {
		queries = append(queries, r.path+"?"+r.query)
	}
	want := "/v1/gateways?page_size=1000 /v1/gateways?page_size=1000&id=gw-2 /v1/gateways?page_size=1000&id=none"
	if got := strings.Join(queries, " "); got != want {
		t.Errorf("it asked for %s", got)
	}
}

func TestAListingIsFetchedOnceForARun(t *testing.T) {
	t.Parallel()
	rec := record(t, factsServer)
	facts := rec.client(t, nil).NewFacts()
	ask := func(ctx context.Context, c *Client) ([]api.Connection, error) { return c.Connections(ctx) }
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			listing, err := Listed(t.Context(), facts, "connections", ask)
			if err != nil || len(listing) != 1 {
				t.Errorf("%v, %v", listing, err)
			}
		})
	}
	wait.Wait()
	if got := rec.seen(); len(got) != 1 || got[0].path != "/v1/connections" {
		t.Errorf("it asked %v", got)
	}
}

func TestAListingThatCannotBeHadIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if r.URL.Path == "/v1/connections" {
			writeProblem(w, 503, "unavailable")
			return
		}
		factsServer(w, r, n)
	})
	facts := rec.client(t, func(c *Config) { c.MaxRetries = 0 }).NewFacts()
	if _, _, err := facts.For(t.Context(), Need{}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, err := Listed(t.Context(), facts, "connections", func(ctx context.Context, c *Client) ([]api.Connection, error) { return c.Connections(ctx) })
		if !IsUnavailable(err) {
			t.Errorf("the error is %v", err)
		}
	}
	// What is known stays known; nothing else is asked.
	if _, known, err := facts.For(t.Context(), Need{}); err != nil || known.Compliance.Account != "676" {
		t.Errorf("%v, %v", known, err)
	}
	if _, _, err := facts.For(t.Context(), Need{Gateways: true}); !IsUnavailable(err) {
		t.Errorf("the error is %v", err)
	}
	if got := len(rec.seen()); got != 4 {
		t.Errorf("it asked %d times", got)
	}
}

func TestPolicyAloneIsOneRequest(t *testing.T) {
	t.Parallel()
	rec := record(t, factsServer)
	facts := rec.client(t, nil).NewFacts()
	for range 2 {
		if _, err := facts.Policy(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := rec.seen(); len(got) != 1 || got[0].path != "/v1/policy" {
		t.Errorf("it asked %v", got)
	}
}

func TestPolicyStaysKnownWhereFactsCannotBeHad(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if r.URL.Path == "/v1/services" {
			writeProblem(w, 503, "unavailable")
			return
		}
		factsServer(w, r, n)
	})
	facts := rec.client(t, func(c *Config) { c.MaxRetries = 0 }).NewFacts()
	for range 3 {
		if _, _, err := facts.For(t.Context(), Need{}); !IsUnavailable(err) {
			t.Errorf("the error is %v", err)
		}
	}
	if policy, err := facts.Policy(t.Context()); err != nil || policy.Title != "neutral" {
		t.Errorf("%v, %v", policy.Title, err)
	}
	if got := len(rec.seen()); got != 3 {
		t.Errorf("it asked %d times", got)
	}
}

func TestABrokerThatHangsDelaysARunOnce(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	rec := record(t, func(_ http.ResponseWriter, r *http.Request, _ int) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	facts := rec.client(t, func(c *Config) { c.RequestTimeout = 200 * time.Millisecond }).NewFacts()
	start := time.Now()
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			if _, _, err := facts.For(t.Context(), Need{Gateways: true}); !IsUnavailable(err) {
				t.Errorf("the error is %v", err)
			}
			_, err := Listed(t.Context(), facts, "connections", func(ctx context.Context, c *Client) ([]api.Connection, error) { return c.Connections(ctx) })
			if !IsUnavailable(err) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	wait.Wait()
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("20 resources waited %v", took)
	}
}

func TestARefusalIsToldRatherThanAnOutage(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.URL.Path == "/v1/policy" {
			writeProblem(w, 503, "unavailable")
			return
		}
		writeProblem(w, 401, "unauthenticated")
	})
	_, _, err := rec.client(t, func(c *Config) { c.MaxRetries = 0 }).NewFacts().For(t.Context(), Need{})
	if !IsRefused(err) {
		t.Errorf("the error is %v", err)
	}
}
