package provider_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/brokertest"
	problems "github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// verdict is what the broker said of an order.
type verdict struct {
	// reached says that the order could be made: what it hangs on is there, and what it replaces is gone.
	reached  bool
	accepted bool
	kind     problems.Type // empty where it was accepted
	detail   string
	findings []api.Finding
}

// refusedBy says that a rule was among the reasons of a refusal.
func (v verdict) refusedBy(rule string) bool {
	return !v.accepted && slices.ContainsFunc(v.findings, func(f api.Finding) bool { return f.Rule == rule && f.Severity == api.Error })
}

func verdictOf(a brokertest.Answer) verdict {
	v := verdict{reached: true, accepted: a.Status < http.StatusBadRequest}
	if !v.accepted {
		v.kind, v.detail, v.findings = problems.Type(strings.TrimPrefix(a.Problem.Type, problems.Prefix)), a.Problem.Detail, a.Problem.Findings
		return v
	}
	v.findings = brokertest.Into[struct{ Findings []api.Finding }](a).Findings
	return v
}

// trial orders from the broker what was planned, and holds the one against the other.
type trial struct {
	*planning
	verdicts map[*node]verdict
	// ordered are the instances in the order in which their orders were made, released those whose object was given up.
	ordered  []*node
	released map[*node]bool
	broken   []string
}

// try orders what the plan said yes to, releases first, and after it what it said no to: an order that breaks a rule
// together with another then finds the other in place.
func (p *planning) try() *trial {
	t := &trial{planning: p, verdicts: make(map[*node]verdict), released: make(map[*node]bool)}
	var good, bad []*node
	for _, n := range p.nodes {
		for _, text := range n.stray {
			t.breaks(n, "the plan fails for no rule: %s", text)
		}
		switch {
		case n.refused():
			bad = append(bad, n)
		case n.effect != skipped:
			good = append(good, n)
		}
	}
	for _, kind := range slices.Backward(kindsInOrder()) {
		for _, n := range good {
			if n.Kind == kind && (n.effect == destroys || n.effect == replaces) {
				t.release(n)
			}
		}
	}
	for _, kind := range kindsInOrder() {
		for _, n := range good {
			if n.Kind == kind && n.effect != destroys && n.effect != keeps {
				t.order(n)
				t.cleanIsAccepted(n)
				t.findingsAgree(n)
			}
		}
	}
	// A replacement gives up what it replaces even where it then fails, so that those come last.
	for _, replacing := range []bool{false, true} {
		for _, n := range bad {
			if n.effect == destroys && replacing && len(n.said(connectionProtected)) > 0 {
				t.release(n)
			}
			if n.effect == keeps || n.effect == destroys || (n.effect == replaces) != replacing {
				continue
			}
			if replacing {
				t.release(n)
			}
			t.order(n)
		}
	}
	for _, n := range bad {
		t.impossibleIsRefused(n)
	}
	return t
}

func (t *trial) breaks(n *node, format string, args ...any) {
	t.broken = append(t.broken, n.Label+": "+fmt.Sprintf(format, args...))
}

// stands says that the broker has an object of this name.
func (t *trial) stands(name string) bool { return t.r.get(name).Status == http.StatusOK }

// release gives up what an instance has in state. Nothing is ever in the way of that but what hangs on it, and protection of
// which the plan has told. Of what is tainted a plan cannot tell that has read nothing, or does not know its name.
func (t *trial) release(n *node) {
	if n.prior.IsNull() {
		return
	}
	before, _ := native(t.t, n.prior).(obj)
	v := verdictOf(t.r.remove(n.State, textIn(before, "uid")))
	t.released[n] = v.accepted || v.kind == problems.ObjectGone
	told, refused := len(n.said(connectionProtected)) > 0, v.refusedBy(connectionProtected)
	switch {
	case told && !refused:
		t.breaks(n, "the plan says that it is protected, and the broker says %q of giving it up: %s", v.kind, v.detail)
	case refused && !told && (!n.Tainted || !t.r.NoRefresh && t.named(n)):
		t.breaks(n, "the plan gives it up, and the broker protects it: %s", v.detail)
	case !t.released[n] && !refused && !v.refusedBy("connection.has-children"):
		t.breaks(n, "it is given up, and the broker refuses that as %s: %s", v.kind, v.detail)
	}
}

// order makes the order of an instance, with everything known.
func (t *trial) order(n *node) {
	t.ordered = append(t.ordered, n)
	name := t.r.target(n.instance)
	parent, _, hangs := strings.Cut(name, "/edge-attachments/")
	switch {
	case hangs && !t.stands(parent), n.Evidence != "" && !t.stands(t.r.target(t.r.find(n.Evidence))), n.effect == replaces && !t.released[n]:
		t.verdicts[n] = verdict{}
	case n.effect == updates:
		t.verdicts[n] = t.update(n)
	default:
		t.verdicts[n] = verdictOf(t.r.customer.Create("/v1/"+name, t.r.spec(n.instance)))
	}
}

func (t *trial) update(n *node) verdict {
	found := t.r.get(n.State)
	if found.Status != http.StatusOK {
		return verdict{}
	}
	etag := brokertest.Into[struct{ Etag string }](found).Etag
	patch, err := t.patch(n, found)
	if err != nil {
		t.t.Fatal(err)
	}
	return verdictOf(t.r.customer.Do(http.MethodPatch, "/v1/"+n.State, patch, "If-Match", `"`+etag+`"`))
}

// patch is what turns what the broker has into what is configured.
func (t *trial) patch(n *node, found brokertest.Answer) (api.MergePatch, error) {
	spec := t.r.spec(n.instance)
	switch n.Kind {
	case rules.KindAgreementEvidence:
		return between(brokertest.Into[api.AgreementEvidenceSpec](found), spec)
	case rules.KindConnection:
		return between(brokertest.Into[api.ConnectionSpec](found), spec)
	default:
		return between(brokertest.Into[api.EdgeAttachmentSpec](found), spec)
	}
}

// between is the patch from what the broker has to a spec.
func between[Spec any](has Spec, spec obj) (api.MergePatch, error) {
	var wanted Spec
	if err := recode(spec, &wanted); err != nil {
		return nil, err
	}
	return client.MergePatch(has, wanted)
}
