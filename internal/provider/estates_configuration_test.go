package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// What becomes of something that was ordered, in the configuration.
type lot uint8

const (
	elsewhere lot = iota // it is not in this state
	unchanged
	changed
	rebuilt // an immutable attribute changes
	renamed
	givenUp
	tainted
	uprooted // one instance destroys it, and another creates its name
	doubled  // two instances have the name
)

func (w *world) lot() lot {
	return one(w.draw,
		elsewhere, elsewhere, unchanged, unchanged, unchanged, unchanged, unchanged, changed, changed, changed, changed,
		rebuilt, rebuilt, renamed, renamed, givenUp, givenUp, tainted, uprooted, doubled)
}

// drawConfiguration draws the instances: of what was ordered, and new ones.
func (w *world) drawConfiguration() {
	for _, l := range w.Live {
		w.configure(l)
	}
	for range one(w.draw, 0, 0, 0, 0, 0, 1) {
		i := instance{Kind: rules.KindAgreementEvidence, Config: w.evidenceSpec(w.Scene.Days)}
		i.Config["name"] = w.freshName(&w.copies, i.Kind, "agreement-evidence/")
		w.add(i)
	}
	for range one(w.draw, 0, 0, 1, 1, 2) {
		s := one(w.draw, w.own()...)
		if w.chance(4) {
			s = w.services[3]
		}
		i := instance{Kind: rules.KindConnection, Config: w.connectionSpec(s, w.Scene.Days)}
		i.Config["name"] = w.freshName(&w.connections, i.Kind, "connections/")
		w.add(i)
	}
	for range one(w.draw, 0, 1, 1, 2) {
		w.newEdge()
	}
	w.refer()
}

// add adds an instance to the configuration and gives it a label.
func (w *world) add(i instance) {
	initial := map[rules.Kind]string{rules.KindAgreementEvidence: "a", rules.KindConnection: "c", rules.KindEdgeAttachment: "e"}[i.Kind]
	i.Label = fmt.Sprintf("%s%d", initial, len(w.Instances))
	w.Instances = append(w.Instances, w.veil(i))
}

// configure draws what the configuration does with something that was ordered.
func (w *world) configure(l living) {
	kind, chosen := kindOfName(l.Name), w.lot()
	i := instance{Kind: kind, State: l.Name, Config: deepCopy(l.Spec)}
	i.Config["name"] = l.Name[strings.LastIndex(l.Name, "/")+1:]
	if connection, _, hangs := strings.Cut(l.Name, "/edge-attachments/"); hangs {
		i.Config["connection_id"] = connection
		if !w.configured(connection) && w.chance(70) {
			chosen = one(w.draw, givenUp, givenUp, givenUp, elsewhere)
		}
	}
	switch chosen {
	case elsewhere:
		return
	case changed:
		w.change(kind, i.Config)
	case rebuilt:
		switch kind {
		case rules.KindAgreementEvidence:
			i.Config["ods_code"] = w.anyCode()
		case rules.KindConnection:
			i.Config["service"] = maps.Clone(one(w.draw, w.own()...).reference)
		default:
			delete(i.Config, "vdc_id")
			i.Config["gateway_id"] = w.anyGateway()
		}
	case renamed:
		switch {
		case kind == rules.KindAgreementEvidence:
			i.Config["name"] = take(&w.copies)
		case kind == rules.KindConnection:
			i.Config["name"] = take(&w.connections)
		case w.chance(70):
			i.Config["name"] = take(&w.edges)
		default:
			w.hangOn(&i)
		}
	case tainted:
		i.Tainted = true
	case givenUp:
		i.Config = nil
	case uprooted:
		w.add(instance{Kind: kind, Config: i.Config})
		i.Config = nil
	case doubled:
		w.add(instance{Kind: kind, Config: i.Config})
		i.Config = deepCopy(i.Config)
	}
	w.add(i)
}

func (w *world) change(kind rules.Kind, spec obj) {
	switch kind {
	case rules.KindAgreementEvidence:
		w.changeEvidence(spec)
	case rules.KindConnection:
		w.changeConnection(spec)
	default:
		w.changeEdge(spec)
	}
}

// configured says that an instance has a connection of that full name.
func (w *world) configured(connection string) bool {
	return slices.ContainsFunc(w.Instances, func(i instance) bool {
		return i.Kind == rules.KindConnection && i.Config != nil && w.target(&i) == connection
	})
}

// refer puts references in the place of most ids, as people write them: then one is planned and ordered after the other.
// What refers to nothing in the configuration keeps its id.
func (w *world) refer() {
	for n := range w.Instances {
		i := &w.Instances[n]
		if i.Config == nil {
			continue
		}
		if connection := textIn(i.Config, "connection_id"); connection != "" && (w.chance(90) || !wellNamed(connection)) {
			if i.Connection = w.labelOf(rules.KindConnection, connection); i.Connection != "" {
				delete(i.Config, "connection_id")
			}
		}
		agreement, _ := i.Config["agreement"].(obj)
		// The order of plan and apply follows references: without one nobody can say that evidence is there in time.
		if evidence, _ := agreement["evidence_id"].(string); evidence != "" {
			if i.Evidence = w.labelOf(rules.KindAgreementEvidence, evidence); i.Evidence != "" {
				delete(agreement, "evidence_id")
			}
		}
	}
}

// wellNamed says that an id is one that Terraform takes where it stands by itself.
func wellNamed(connection string) bool {
	_, err := hscn.ParseConnectionName(connection)
	return err == nil
}

// labelOf is the label of an instance that makes or keeps the name.
func (w *world) labelOf(kind rules.Kind, name string) string {
	for n := range w.Instances {
		if i := &w.Instances[n]; i.Kind == kind && i.Config != nil && w.target(i) == name {
			return i.Label
		}
	}
	return ""
}

// hangOn makes an edge attachment hang on any connection that there is, or on none, and returns the connection's service.
func (w *world) hangOn(i *instance) service {
	type parent struct {
		name string
		spec obj
	}
	var parents []parent
	for n := range w.Instances {
		if p := &w.Instances[n]; p.Kind == rules.KindConnection && p.Config != nil {
			parents = append(parents, parent{w.target(p), p.Config})
		}
	}
	for _, l := range w.Live {
		if kindOfName(l.Name) == rules.KindConnection && (len(parents) == 0 || w.chance(15)) {
			parents = append(parents, parent{l.Name, l.Spec})
		}
	}
	if len(parents) == 0 || w.chance(3) {
		i.Config["connection_id"] = hscn.ConnectionName("nowhere")
		return w.own()[0]
	}
	chosen := one(w.draw, parents...)
	i.Config["connection_id"] = chosen.name
	return w.serviceOf(chosen.spec)
}

func (w *world) serviceOf(spec obj) service {
	at := slices.IndexFunc(w.services, func(s service) bool { return s.reference["id"] == inside(spec, "service")["id"] })
	return w.services[max(at, 0)]
}

func (w *world) newEdge() {
	i := instance{Kind: rules.KindEdgeAttachment, Config: obj{}}
	s := w.hangOn(&i)
	gateway := one(w.draw, s.gateways...)
	if w.chance(12) {
		gateway = w.anyGateway()
	}
	connection := textIn(i.Config, "connection_id")
	i.Config = w.edgeSpec(gateway)
	i.Config["connection_id"] = connection
	i.Config["name"] = w.freshName(&w.edges, i.Kind, connection+"/edge-attachments/")
	w.add(i)
}

// anyGateway is a gateway of anybody's, or of nobody's.
func (w *world) anyGateway() string {
	if w.chance(25) {
		return one(w.draw, "urn:vcloud:gateway:"+w.Account+"-unheard-of", builtGateway(w.Account))
	}
	return one(w.draw, one(w.draw, w.services...).gateways...)
}

// freshName is a name for something new: mostly one that is free, sometimes that of something else, seldom none at all.
func (w *world) freshName(names *[]string, kind rules.Kind, below string) string {
	switch {
	case w.chance(2):
		return one(w.draw, "Not a name", "1st", "ab")
	case w.chance(10):
		for _, l := range w.Live {
			if kindOfName(l.Name) == kind && strings.HasPrefix(l.Name, below) {
				return strings.TrimPrefix(l.Name, below)
			}
		}
	}
	return take(names)
}

// veil makes some of an instance's inputs known only in the apply.
func (w *world) veil(i instance) instance {
	if i.Config == nil || !w.chance(15) {
		return i
	}
	paths := []string{
		"name", "ods_code", "service.id", "service.type", "access", "agreement.basis", "agreement.reference", "activate_at",
		"profile.reviewed_on", "profile.risk_assessment.completed_on", "profile.handles_patient_data", "profile.security_lead.name",
		"deletion_protection",
	}
	switch i.Kind {
	case rules.KindEdgeAttachment:
		paths = []string{"name", "gateway_id", "bridging_controls", "networks.frontend.cidr", "networks.frontend.id", "deletion_protection"}
	case rules.KindAgreementEvidence:
		paths = []string{"name", "ods_code", "signed_on", "countersigned_on"}
	}
	for _, path := range paths {
		if w.chance(15) && given(i.Config, path) {
			i.Unknown = append(i.Unknown, path)
		}
	}
	return i
}

// given says that a configuration has something at a path.
func given(config obj, path string) bool {
	at := any(config)
	for segment := range strings.SplitSeq(path, ".") {
		members, ok := at.(obj)
		if !ok || members[segment] == nil {
			return false
		}
		at = members[segment]
	}
	return true
}
