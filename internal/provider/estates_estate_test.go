package provider_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/policy"
	"github.com/hscn-connect/terraform-provider-hscn/internal/client"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// estate is all that there is to know of one account when it plans: what was recorded of it, what it has, what stands in
// a state and a configuration, and in which order the plan comes by. It is complete, so that its text is a case that can
// be kept, and be made smaller by hand, whatever becomes of the generator that once drew it.
type estate struct {
	// Why is what a kept case is kept for.
	Why string `json:"why,omitempty"`
	// Seed is what it was drawn by.
	Seed  uint64 `json:"seed"`
	Scene scene  `json:"scene"`
	// Account is the customer's, and what every id and ODS code below begins with that is an estate's own.
	Account string `json:"account"`
	// Then is what was recorded when Live was ordered, Now what was recorded beside it before the plan.
	Then api.Inventory `json:"then"`
	Now  api.Inventory `json:"now"`
	// Live is what was ordered before the plan, each after what it refers to.
	Live []living `json:"live,omitempty"`
	// Waivers are what the operator lets pass, from the plan's day on.
	Waivers []api.WaiverSpec `json:"waivers,omitempty"`
	// Instances are those of the configuration and of the state.
	Instances []instance `json:"instances"`
	// Schedule has labels of instances: each time that one comes by it goes one step further, from refresh to plan to the
	// second plan of a replacement. What is left at its end goes on in the order of Instances.
	Schedule []string `json:"schedule"`
	// NoRefresh plans with -refresh=false.
	NoRefresh bool `json:"no_refresh,omitempty"`
}

// scene is what estates share that are played on one broker.
type scene struct {
	// Policy is the name of a sample, and Changes a merge patch of it.
	Policy  string         `json:"policy"`
	Changes api.MergePatch `json:"changes,omitempty"`
	// Days pass between what was ordered before and the plan.
	Days int `json:"days"`
}

// policy is the policy of the scene.
func (s scene) policy(t *testing.T) api.Policy {
	t.Helper()
	sample, err := policy.Load(s.Policy)
	if err != nil {
		t.Fatal(err)
	}
	changed, err := client.ApplyMergePatch(sample, &s.Changes)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// fate is what became of something that was ordered.
type fate string

const (
	// leftAlone: it is where the broker by itself puts it.
	leftAlone fate = ""
	// fulfilled: the operator did what was left to do; of evidence, validated it.
	fulfilled fate = "fulfilled"
	// notDone: the operator said that it failed.
	notDone fate = "failed"
	// turnedDown: the operator refused it.
	turnedDown fate = "refused"
	// restricted and terminated: it was fulfilled, and then the HSCN Authority said so.
	restricted fate = "restricted"
	terminated fate = "terminated"
	// goneSince: it was deleted past Terraform, after it was put into state.
	goneSince fate = "gone"
	// madeAnew: the same, and another object was made under its name.
	madeAnew fate = "made_anew"
)

// living is an object that was ordered before the plan. One that the broker refused is not there.
type living struct {
	// Name is the full name.
	Name string `json:"name"`
	Spec obj    `json:"spec"`
	Fate fate   `json:"fate,omitempty"`
}

// fulfils says that the operator did what was left to do, whatever came after it.
func (l living) fulfils() bool {
	return l.Fate == fulfilled || l.Fate == restricted || l.Fate == terminated
}

// instance is an instance of a resource in the configuration, in the state or in both.
type instance struct {
	// Label stands for its address.
	Label string     `json:"label"`
	Kind  rules.Kind `json:"kind"`
	// State is the full name of the living object that it has in state. An object that is in no instance's is of another
	// state, or was made past Terraform.
	State string `json:"state,omitempty"`
	// Tainted says that the object in state is to be replaced because its create had failed halfway.
	Tainted bool `json:"tainted,omitempty"`
	// Config is what is configured; none where the object is destroyed.
	Config obj `json:"config,omitempty"`
	// Connection is the label of the connection that connection_id refers to. Without it Config has the id.
	Connection string `json:"connection,omitempty"`
	// Evidence is the label of the agreement evidence that agreement.evidence_id refers to. Without it Config has the id, or
	// none.
	Evidence string `json:"evidence,omitempty"`
	// Unknown are paths of Config, with dots, that are not known before the apply.
	Unknown []string `json:"unknown,omitempty"`
}

// kindOfName is the kind of object that has such a full name.
func kindOfName(name string) rules.Kind {
	switch {
	case strings.Contains(name, "/edge-attachments/"):
		return rules.KindEdgeAttachment
	case strings.HasPrefix(name, "agreement-evidence/"):
		return rules.KindAgreementEvidence
	default:
		return rules.KindConnection
	}
}

// kindsInOrder are the kinds in the order in which their objects are made.
func kindsInOrder() []rules.Kind {
	return []rules.Kind{rules.KindAgreementEvidence, rules.KindConnection, rules.KindEdgeAttachment}
}

// resourceType is what Terraform calls the kind.
func resourceType(kind rules.Kind) string { return "hscn_" + string(kind) }

// spec is what is ordered once everything is known: the configuration without what makes up the id.
func (e *estate) spec(i *instance) obj {
	spec := deepCopy(i.Config)
	delete(spec, "name")
	delete(spec, "connection_id")
	if i.Evidence != "" {
		inside(spec, "agreement")["evidence_id"] = e.target(e.find(i.Evidence))
	}
	return spec
}

// deepCopy copies the objects in an object; lists are never changed.
func deepCopy(o obj) obj {
	c := maps.Clone(o)
	for key, value := range c {
		if inner, ok := value.(obj); ok {
			c[key] = deepCopy(inner)
		}
	}
	return c
}

// find returns the instance of that label.
func (e *estate) find(label string) *instance {
	at := slices.IndexFunc(e.Instances, func(i instance) bool { return i.Label == label })
	if at < 0 {
		return nil
	}
	return &e.Instances[at]
}

// target is the full name that the instance has once everything is known.
func (e *estate) target(i *instance) string {
	name := textIn(i.Config, "name")
	switch i.Kind {
	case rules.KindAgreementEvidence:
		return hscn.AgreementEvidenceName(name)
	case rules.KindConnection:
		return hscn.ConnectionName(name)
	}
	connection := textIn(i.Config, "connection_id")
	if i.Connection != "" {
		connection = e.target(e.find(i.Connection))
	}
	return connection + "/edge-attachments/" + name
}

// bound are the ODS codes that the account may act for when it plans.
func (e *estate) bound() []string {
	var codes []string
	for _, account := range slices.Concat(e.Then.Accounts, e.Now.Accounts) {
		if account.ID == e.Account {
			codes = account.Organisations
		}
	}
	return codes
}

// text is the estate as a case is written down.
func (e *estate) text(t *testing.T) string {
	t.Helper()
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(broken(data, 2))
}

// broken breaks JSON into lines down to some depth: what is deeper stands better in one line each.
func broken(data []byte, depth int) []byte {
	var lines []byte
	level, quoted := 0, false
	newLine := func() {
		if level <= depth {
			lines = append(append(lines, '\n'), bytes.Repeat([]byte("  "), level)...)
		}
	}
	for i, c := range data {
		if c == '"' && (i == 0 || data[i-1] != '\\') {
			quoted = !quoted
		}
		switch {
		case quoted:
			lines = append(lines, c)
		case c == '{' || c == '[':
			lines = append(lines, c)
			level++
			newLine()
		case c == '}' || c == ']':
			level--
			if level < depth {
				newLine()
			}
			lines = append(lines, c)
		case c == ',':
			lines = append(lines, c)
			newLine()
		default:
			lines = append(lines, c)
		}
	}
	return append(lines, '\n')
}
