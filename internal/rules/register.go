package rules

import "github.com/hscn-connect/terraform-provider-hscn/internal/hscn"

// RegisterShows reports whether the last look-up in the register of HSCN Connection Agreements showed an agreement of the
// organisation that holds today, however long ago that look-up was. An entry that has ended or was withdrawn, or that is
// an IGSoC, is none; nor is one that nobody ever looked for.
func RegisterShows(facts Facts, odsCode string) bool {
	code := hscn.CanonicalODSCode(odsCode)
	j := &judgement{facts: facts, today: hscn.DateIn(facts.Now)}
	return j.registered(consumer{facts.Organisations[code], code, code}).holds()
}
