package provider_test

import (
	"math/rand/v2"
	"slices"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/policy"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// draw is where chance comes from: one seed is one estate, on every machine.
type draw struct{ *rand.Rand }

// The streams of a seed: what estates share is drawn by the number of their scene.
const (
	sceneStream  = 1
	estateStream = 2
)

// perScene is how many estates share a scene: as many seeds in a row.
const perScene = 10

func drawBy(seed, stream uint64) draw { return draw{rand.New(rand.NewPCG(seed, stream))} }

// chance is true in so many of a hundred cases.
func (d draw) chance(percent int) bool { return d.IntN(100) < percent }

// one returns one of several.
func one[T any](d draw, of ...T) T { return of[d.IntN(len(of))] }

// some returns those that chance picks, in their order.
func some[T any](d draw, percent int, of ...T) []T {
	return slices.DeleteFunc(slices.Clone(of), func(T) bool { return !d.chance(percent) })
}

// sceneOf draws the scene of a seed.
func sceneOf(seed uint64) scene {
	d := drawBy(seed/perScene, sceneStream)
	s := scene{Policy: one(d, policy.Samples()...), Days: one(d, 0, 1, 30, 100, 300)}
	s.Changes = api.MergePatch{
		"rules": d.severities(),
		"organisations": obj{
			"successor_grace_days": one(d, 0, 90, 400), "binding_requests": d.chance(40),
			"nhs_roles": one(d, []string{"RO197", "RO177"}, []string{}), "adequate_countries": one(d, []string{"JP", "CH"}, []string{}),
		},
		"agreements": obj{
			"evidence":            obj{"maximum_bytes": 65536, "countersigned_within_days": one(d, 0, 28)},
			"flow_down_documents": d.flowDownTerms(),
		},
		"dspt":           d.dspt(),
		"fact_ages_days": obj{"directory": d.age(), "register": d.age(), "flow_down": d.age(), "dspt": d.age()},
		"connections": obj{
			"lead_time_working_days": one(d, 0, 1, 20), "commitment_months": one(d, 0, 1, 12, 36), "approval": d.chance(30),
			"profile_review_months": one(d, 1, 12),
		},
		"edge_attachments": obj{
			"lead_time_working_days": one(d, 0, 2), "address_rest_days": one(d, 0, 30), "unknown_gateways_wait": d.chance(40),
		},
		"hscn_ranges": one(d, []string{}, []string{"10.240.0.0/16"}),
		"zones":       d.zones(s.Days),
	}
	return s
}

// severities are those of a policy of its own: of a few rules, of half of them, or none.
func (d draw) severities() obj {
	changed := make(obj)
	percent := one(d, 0, 10, 50)
	for _, rule := range rules.Catalogue() {
		if !rule.Fixed && d.chance(percent) {
			changed[rule.ID] = one(d, "error", "warning", "warning", "off", "off")
		}
	}
	return changed
}

// masterAgreement is the kind of document that the samples' flow-down consists of.
const masterAgreement = "master_services_agreement"

func (d draw) flowDownTerms() []any {
	terms := obj{"kind": masterAgreement, "title": "Master services agreement", "minimum_version": one(d, "1.0", "11.0", "11.2")}
	if d.chance(4) {
		return []any{}
	}
	return []any{terms}
}

func (d draw) dspt() obj {
	accepted := []string{"standards_exceeded"}
	tolerated := some(d, 40, "approaching_standards", "not_fully_met_plan_agreed", "not_published")
	if d.chance(85) {
		accepted = append(accepted, "standards_met")
	}
	return obj{"accepted": accepted, "tolerated": tolerated}
}

// age is for how many days a look-up counts.
func (d draw) age() int { return one(d, 20, 90, 365, 365) }

// Zones that every scene has beside those of its policy.
const (
	zoneShared = "shared"
	zoneSingle = "single"
	zoneSoon   = "soon"
	zoneDark   = "dark"
)

func (d draw) zones(days int) obj {
	single, shared := "one_edge_per_network", "shared_edge"
	soon := hscn.DateIn(today(days)).AddDays(one(d, -1, 0, 1, 50))
	return obj{
		zoneShared: obj{"region": "one", "hscn_offered": true, "architecture": shared},
		zoneSingle: obj{"region": "one", "hscn_offered": true, "architecture": single},
		zoneSoon:   obj{"region": "two", "hscn_offered": true, "architecture": single, "one_network_from": soon.String()},
		zoneDark:   obj{"region": "two", "hscn_offered": false, "architecture": single},
	}
}
