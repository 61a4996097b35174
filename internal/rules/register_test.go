package rules_test

import (
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

func TestRegisterShows(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 2, 9, 30, 0, 0, time.UTC)
	today := hscn.DateIn(now)
	signed := today.AddDays(-1000)
	cases := map[string]struct {
		fact rules.Fact[rules.RegisterRecord]
		want bool
	}{
		"nobody looked":        {},
		"nothing found":        {fact: rules.Fact[rules.RegisterRecord]{Checked: true, At: now}},
		"an entry":             {fact: entered(now, rules.RegisterRecord{SignedOn: signed}), want: true},
		"an entry of old":      {fact: entered(now.AddDate(-5, 0, 0), rules.RegisterRecord{SignedOn: signed}), want: true},
		"an entry without day": {fact: entered(now, rules.RegisterRecord{}), want: true},
		"ends today":           {fact: entered(now, rules.RegisterRecord{SignedOn: signed, EndedOn: today}), want: true},
		"ended":                {fact: entered(now, rules.RegisterRecord{SignedOn: signed, EndedOn: today.AddDays(-1)})},
		"withdrawn":            {fact: entered(now, rules.RegisterRecord{SignedOn: signed, WithdrawnOn: today})},
		"an IGSoC":             {fact: entered(now, rules.RegisterRecord{SignedOn: signed, IGSoC: true})},
		"before the agreement": {fact: entered(now, rules.RegisterRecord{SignedOn: hscn.FirstAgreementDate().AddDays(-1)})},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := rules.Facts{Now: now, Organisations: map[string]rules.Organisation{"A1B2C": {Register: c.fact}}}
			if got := rules.RegisterShows(facts, " a1b2c"); got != c.want {
				t.Errorf("shows an agreement: %t, want %t", got, c.want)
			}
			if rules.RegisterShows(facts, "D3E4F") {
				t.Error("shows an agreement of an organisation that nobody asked for")
			}
		})
	}
}

func entered(at time.Time, record rules.RegisterRecord) rules.Fact[rules.RegisterRecord] {
	return rules.Fact[rules.RegisterRecord]{Checked: true, At: at, Found: true, Record: record}
}
