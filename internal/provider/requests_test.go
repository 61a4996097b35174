package provider_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// What a plan asks does not grow with what it makes.
func TestProtocolWhatAPlanAsksIsConstant(t *testing.T) {
	t.Parallel()
	const most = 200
	requests := &counted{}
	site := acctest.Start(t, "neutral", requests.option)
	estate := api.Inventory{}
	for n := acctest.Services + 1; n <= most; n++ {
		service := site.Service(n)
		estate.Services = append(estate.Services, api.InventoryService{Type: service.Type, ID: service.ID, Account: acctest.Account, Zone: "main"})
		estate.Gateways = append(estate.Gateways, api.InventoryGateway{ID: site.Gateway(n), Service: service, Networks: []string{}})
	}
	site.Load(estate)

	want := []string{"GET compliance-facts", "GET connections", "GET connections/-/edge-attachments", "GET gateways", "GET policy", "GET services"}
	for _, size := range []int{1, 50, most} {
		for _, unused := range []int{0, 3} {
			p := speakTo(t, site.URL(), obj{"token": site.Token})
			requests.since()
			p.planEstate(site, size, unused)
			got := sortedStrings(requests.since())
			expected := slices.Clone(want)
			for range min(unused, size) {
				expected = append(expected, "GET compliance-facts")
			}
			if slices.Sort(expected); !slices.Equal(got, expected) {
				t.Errorf("%d connections, %d of them for organisations that the account never used, take %d requests: %v", size, unused, len(got), got)
			}
		}
	}
}

// planEstate plans connections with an edge each, ten at a time as Terraform does. Some are for organisations that the
// account never used.
func (p *protocol) planEstate(site *acctest.Site, size, unused int) {
	p.t.Helper()
	var wait sync.WaitGroup
	slots := make(chan struct{}, 10)
	for n := 1; n <= size; n++ {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			name, service, code := fmt.Sprintf("site-%d", n), site.Service(n), acctest.Good
			if n <= unused {
				code = fmt.Sprintf("ZZZ%02d", n)
			}
			plan := p.plan("hscn_connection", connection(obj{
				"name": name, "ods_code": code, "service": obj{"type": service.Type, "id": service.ID},
			}), none, nil)
			if n > unused && len(plan.diags) > 0 {
				p.t.Errorf("%s says\n%s", name, show(plan.diags))
			}
			if n <= unused {
				says(p.t, plan.diags, "Rule: organisation.not-bound")
			}
			edge := p.plan("hscn_edge_attachment", obj{"name": "web", "connection_id": "connections/" + name, "gateway_id": site.Gateway(n)}, none, nil)
			for _, d := range edge.diags {
				if n != acctest.Services || !strings.Contains(d.Detail, "edge.one-network") {
					p.t.Errorf("the edge of %s says\n%s", name, show(edge.diags))
				}
			}
		})
	}
	wait.Wait()
}

// silent is a broker that takes connections and never answers.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open []net.Conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open = append(open, conn)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
		for _, conn := range open {
			_ = conn.Close()
		}
	})
	return "http://" + listener.Addr().String()
}

// A broker that hangs delays a plan by one request's time, not once for each resource, whatever each would ask.
func TestProtocolABrokerThatHangsDelaysAPlanOnce(t *testing.T) {
	t.Parallel()
	const timeout = 2 * time.Second
	p := speakTo(t, silent(t), obj{"request_timeout": timeout.String(), "max_retries": 4})
	var (
		wait  sync.WaitGroup
		mu    sync.Mutex
		diags []*tfprotov6.Diagnostic
	)
	start := time.Now()
	for n := range 50 {
		wait.Go(func() {
			name := fmt.Sprintf("site-%d", n)
			said := p.plan("hscn_connection", connection(obj{"name": name, "service": obj{"type": "cloud_project", "id": name}}), none, nil).diags
			said = append(said, p.plan("hscn_edge_attachment", edge(obj{"connection_id": "connections/" + name, "gateway_id": name}), none, nil).diags...)
			said = append(said, p.plan("hscn_edge_attachment", edge(obj{"connection_id": "connections/elsewhere", "name": name, "gateway_id": name + "-b"}), none, nil).diags...)
			mu.Lock()
			defer mu.Unlock()
			diags = append(diags, said...)
		})
	}
	wait.Wait()
	// Questions are asked one after the other, so that a wait for each of 50 connections would be 50 times as long. The machine
	// that runs the tests may be slow as well.
	if took := time.Since(start); took < timeout || took > 10*timeout {
		t.Errorf("the plan took %v", took)
	}
	if len(diags) != 1 || diags[0].Severity != isWarning {
		t.Fatalf("it says\n%s", show(diags))
	}
	says(t, diags, "Preconditions were not checked", "did not answer in time")
}

// A name that two resources give needs no broker to be seen.
func TestProtocolWhatThePlanShowsIsJudgedWithoutAListing(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	endpoint := proxy(t, site, unavailable("/connections"))
	p := speakTo(t, endpoint, obj{"token": site.Token})
	first := p.plan("hscn_connection", connection(nil), none, nil)
	if len(first.diags) != 1 {
		t.Fatalf("it says\n%s", show(first.diags))
	}
	says(t, ofSeverity(first.diags, isWarning), "Preconditions were not checked", "or not all of it")
	again := p.plan("hscn_connection", connection(obj{"ods_code": acctest.Bad}), none, nil)
	says(t, ofSeverity(again.diags, isError), "Rule: name.duplicate", "Rule: dspt.stale")
	other := p.plan("hscn_connection", connection(obj{"name": "records-test"}), none, nil)
	says(t, ofSeverity(other.diags, isError), "Rule: service.already-connected")
}
