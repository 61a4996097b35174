package hscn_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func TestParseDSPTStatus(t *testing.T) {
	t.Parallel()
	edition := func(year int) hscn.Edition { return hscn.Edition{StartYear: year} }
	tests := map[string]struct {
		status hscn.DSPTStatus
		text   string
	}{
		"22/23 Standards Met":              {hscn.DSPTStatus{Edition: edition(2022), Standard: hscn.DSPTStandardsMet}, "22/23 Standards Met"},
		"2022-23 Standards Met":            {hscn.DSPTStatus{Edition: edition(2022), Standard: hscn.DSPTStandardsMet}, "22/23 Standards Met"},
		"24/25 STANDARDS  EXCEEDED ":       {hscn.DSPTStatus{Edition: edition(2024), Standard: hscn.DSPTStandardsExceeded}, "24/25 Standards Exceeded"},
		"22/23 approaching standards":      {hscn.DSPTStatus{Edition: edition(2022), Standard: hscn.DSPTApproachingStandards}, "22/23 Approaching Standards"},
		"22/23Standards Met":               {hscn.DSPTStatus{Edition: edition(2022), Standard: hscn.DSPTStandardsMet}, "22/23 Standards Met"},
		"20/21 Standards Not Met":          {hscn.DSPTStatus{Edition: edition(2020), Standard: hscn.DSPTNotMet}, "20/21 Standards Not Met"},
		"not fully met (plan agreed)":      {hscn.DSPTStatus{Standard: hscn.DSPTNotFullyMetPlan}, "Standards Not Fully Met (Plan Agreed)"},
		"Not Published":                    {hscn.DSPTStatus{Standard: hscn.DSPTNotPublished}, "Not Published"},
		"Standards Met":                    {hscn.DSPTStatus{Standard: hscn.DSPTStandardsMet}, "Standards Met"},
		"99/00 Standards Met":              {hscn.DSPTStatus{Edition: edition(2099), Standard: hscn.DSPTStandardsMet}, "99/00 Standards Met"},
		"2099-00\tstandards\u00a0exceeded": {hscn.DSPTStatus{Edition: edition(2099), Standard: hscn.DSPTStandardsExceeded}, "99/00 Standards Exceeded"},
		"21/22 Standards Not Fully Met (Plan Agreed)": {
			hscn.DSPTStatus{Edition: edition(2021), Standard: hscn.DSPTNotFullyMetPlan}, "21/22 Standards Not Fully Met (Plan Agreed)",
		},
	}
	for s, want := range tests {
		got, err := hscn.ParseDSPTStatus(s)
		if err != nil || got != want.status {
			t.Errorf("ParseDSPTStatus(%q) = %+v, %v, want %+v", s, got, err, want.status)
		}
		if got.String() != want.text {
			t.Errorf("ParseDSPTStatus(%q) is written %q, want %q", s, got, want.text)
		}
	}

	refused := map[string]string{
		"":                         "is empty",
		"  ":                       "is empty",
		"22/24 Standards Met":      "does not end in the year after its first: expected 22/23",
		"2022-24 Standards Met":    "expected 22/23",
		"1998-99 Standards Met":    "starts in 1998",
		"22/23":                    "no outcome that the toolkit gives",
		"2022/23 Standards Met":    "expected one of Standards Met, Standards Exceeded",
		"22/23 Standards Mets":     "no outcome that the toolkit gives",
		"22/23 standards_met":      "no outcome that the toolkit gives",
		"23/24 22/23 Not Met":      "no outcome that the toolkit gives",
		"22/23 \u017ftandards Met": "no outcome that the toolkit gives",
	}
	for s, want := range refused {
		_, err := hscn.ParseDSPTStatus(s)
		wantFormatError(t, err, s, "DSPT status", want)
	}
}

func TestDSPTStandards(t *testing.T) {
	t.Parallel()
	want := []hscn.DSPTStandard{
		"standards_met", "standards_exceeded", "approaching_standards", "not_fully_met_plan_agreed", "not_met", "not_published",
	}
	got := hscn.DSPTStandards()
	if len(got) != len(want) {
		t.Fatalf("DSPTStandards() = %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] || !want[i].Valid() {
			t.Errorf("standard %d is %q (valid: %t), want %q", i, got[i], want[i].Valid(), want[i])
		}
	}
	if unknown := hscn.DSPTStandard("Standards Met"); unknown.Valid() || unknown.Text() != "Standards Met" {
		t.Errorf("the register's text passes for the word of the API, or has the text %q", unknown.Text())
	}
}

func TestDSPTStatusRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		status := hscn.DSPTStatus{Standard: rapid.SampledFrom(hscn.DSPTStandards()).Draw(t, "standard")}
		if rapid.Bool().Draw(t, "has an edition") {
			status.Edition = hscn.Edition{StartYear: rapid.IntRange(2000, 2099).Draw(t, "year")}
		}
		text := status.String()
		for _, spelt := range []string{text, strings.ToLower(text), strings.ToUpper(text), " " + strings.ReplaceAll(text, " ", "  ")} {
			if got, err := hscn.ParseDSPTStatus(spelt); err != nil || got != status {
				t.Fatalf("ParseDSPTStatus(%q) = %+v, %v, want %+v", spelt, got, err, status)
			}
		}
	})
}
