package provider_test

import (
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

// Without a refresh state is what it was. What counts is what the broker has.
func TestProtocolProtectionWithoutARefresh(t *testing.T) {
	t.Parallel()
	on, off := api.MergePatch{"deletion_protection": true}, api.MergePatch{"deletion_protection": false}
	tests := map[string]struct {
		before api.MergePatch // as state has it
		since  func(*acctest.Site)
		want   string
		// byName is what -replace is judged by: its second call, which alone can tell, has the name and no more.
		byName string
	}{
		"still protected": {before: on, want: "connection.protected", byName: "connection.protected"},
		"taken off since": {before: on, since: func(s *acctest.Site) { s.Patch(connectionName, off) }},
		"put on since": {
			before: off, since: func(s *acctest.Site) { s.Patch(connectionName, on) },
			want: "connection.protected", byName: "connection.protected",
		},
		"gone since": {before: on, since: func(s *acctest.Site) {
			s.Patch(connectionName, off)
			s.Remove(connectionName)
		}},
		"another one under its name": {before: on, byName: "connection.protected", since: func(s *acctest.Site) {
			s.Patch(connectionName, off)
			s.Remove(connectionName)
			spec := acctest.Spec(s, 1)
			spec.DeletionProtection = new(true)
			s.Put(connectionName, spec)
			s.Fulfil(connectionName)
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := acctest.Start(t, "neutral")
			p := speakTo(t, site.URL(), obj{"token": site.Token})
			state := made(t, p, connection(nil))
			site.Fulfil(connectionName)
			if test.before["deletion_protection"] == true {
				site.Patch(connectionName, on)
			}
			state, diags := p.read(state)
			p.noErrors(diags)
			if test.since != nil {
				test.since(site)
			}

			p.newRun()
			p.inState("hscn_connection", connectionName)
			plan := p.destroyed(state)
			if got := rulesOf(plan, isError); got != test.want {
				t.Errorf("giving it up, the plan says\n%s", show(plan.diags))
			}

			p.newRun()
			p.inState("hscn_connection", connectionName)
			first := p.plan("hscn_connection", connection(nil), state.state, state.private)
			second := p.plan("hscn_connection", connection(nil), none, first.private)
			if got := rulesOf(second, isError); got != test.byName {
				t.Errorf("replacing it, the plan says\n%s", show(second.diags))
			}
		})
	}
}
