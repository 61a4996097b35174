package rules

import (
	"reflect"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func (s *scene) horizon() Outlook { return Horizon(s.policy, s.facts, s.order) }

// The golden cases of working days: HSCN connectivity FAQ, UKCloud, 2021, "within one working day".
func TestHorizonDates(t *testing.T) {
	t.Parallel()
	edgeOf := func(parent Declared) step {
		return func(s *scene) { s.facts.Parent = &Parent{Name: "connections/records", Declared: parent} }
	}
	cases := map[string]struct {
		on                 func(*testing.T, ...step) *scene
		steps              []step
		enabled, committed string
	}{
		"before Easter":                {connection, []step{today("2026-04-02")}, "2026-04-07", "2026-05-07"},
		"before Christmas":             {connection, []step{today("2026-12-24")}, "2026-12-29", "2027-01-29"},
		"no lead time":                 {connection, []step{func(s *scene) { s.policy.LeadTimeWorkingDays = 0 }}, "2026-11-02", "2026-12-02"},
		"no lead time, on a Saturday":  {connection, []step{today("2026-10-31"), func(s *scene) { s.policy.LeadTimeWorkingDays = 0 }}, "2026-11-02", "2026-12-02"},
		"a month that is shorter":      {connection, []step{today("2027-01-28")}, "2027-01-29", "2027-02-28"},
		"wanted later":                 {connection, []step{put("activate_at", "2026-11-20T09:00:00Z")}, "2026-11-20", "2026-12-20"},
		"wanted on a Saturday":         {connection, []step{put("activate_at", "2026-11-21T09:00:00Z")}, "2026-11-23", "2026-12-23"},
		"wanted sooner than it can be": {connection, []step{put("activate_at", "2026-11-02T12:00:00Z")}, "2026-11-03", "2026-12-03"},
		"wanted, only known later":     {connection, []step{put("activate_at", Unknown)}, "2026-11-03", "2026-12-03"},
		"beyond what the calendar knows": {
			connection, []step{today("2400-01-01")}, "2400-01-02", "2400-02-02",
		},
		"without a calendar": {connection, []step{today("2026-04-02"), func(s *scene) { s.policy.Calendar = nil }}, "2026-04-03", "2026-05-03"},
		"enabled already": {
			connection,
			[]step{standing(Standing{EnabledAt: date("2026-10-01").At(9, 0), CommitmentEndsOn: date("2026-11-01")}), updates("purpose", "readiness_test")},
			"2026-10-01", "2026-11-01",
		},
		"an edge attachment":                       {edge, []step{func(s *scene) { s.policy.EdgeLeadTimeWorkingDays = 3 }}, "2026-11-05", ""},
		"one whose connection comes later":         {edge, []step{edgeOf(Declared{"activate_at": "2026-11-20T09:00:00Z"})}, "2026-11-20", ""},
		"one whose connection is there":            {edge, []step{edgeOf(Declared{"activate_at": "2026-11-20T09:00:00Z"}), standing(Standing{ParentState: hscn.StateActive})}, "2026-11-03", ""},
		"one of which the connection is not known": {edge, []step{func(s *scene) { s.facts.Parent = nil }}, "2026-11-03", ""},
		"one that is enabled already":              {edge, []step{standing(Standing{EnabledAt: date("2026-10-01").At(9, 0)})}, "2026-10-01", ""},
		"a signed copy":                            {evidence, nil, "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outlook := c.on(t, c.steps...).horizon()
			if outlook.EnabledOn.String() != c.enabled || outlook.CommittedTo.String() != c.committed {
				t.Errorf("enabled on %s, committed to %s, want %s, %s", outlook.EnabledOn, outlook.CommittedTo, c.enabled, c.committed)
			}
		})
	}
}

func TestHorizonLapses(t *testing.T) {
	t.Parallel()
	// Committed to 3 December 2026.
	ends := func(day string) step {
		return meadow(func(o *Organisation) { o.Register.Record.EndedOn = date(day) })
	}
	edition := func(deadline string) step {
		return func(s *scene) {
			s.policy.DSPT.Deadlines = map[hscn.Edition]hscn.Date{{StartYear: 2026}: date(deadline)}
		}
	}
	until := func(rule, day string) step {
		return func(s *scene) {
			s.facts.Waivers = append(s.facts.Waivers, Waiver{Rule: rule, Until: date(day), Reason: "a merger", Reference: "CHG-17"})
		}
	}
	noDSPT := meadow(func(o *Organisation) { o.DSPT = absent[DSPTRecord]() })
	agreement := Lapse{"agreement.ends-early", "The HSCN Connection Agreement of a1b2c (Meadow Trust)", date("2026-12-02")}
	cases := map[string]struct {
		steps []step
		want  []Lapse
	}{
		"nothing":                        {nil, nil},
		"the agreement":                  {[]step{ends("2026-12-02")}, []Lapse{agreement}},
		"not before the commitment does": {[]step{ends("2026-12-03")}, nil},
		"an agreement that has ended":    {[]step{ends("2026-11-01")}, nil},
		"the DSPT, before the agreement": {
			[]step{ends("2026-12-02"), edition("2026-11-30")},
			[]Lapse{{"dspt.ends-early", `The DSPT status "25/26 Standards Met" of a1b2c (Meadow Trust)`, date("2026-11-30")}, agreement},
		},
		"no DSPT where none is needed": {[]step{edition("2026-11-30"), put("access", "dedicated_circuit")}, nil},
		"the review": {
			[]step{put("profile.reviewed_on", "2025-12-01")},
			[]Lapse{{"profile.review-due", "The review of the profile of 1 December 2025", date("2026-12-01")}},
		},
		"a waiver that the order rests on": {
			[]step{noDSPT, until("dspt.not-met", "2026-11-10")},
			[]Lapse{{"dspt.not-met", "The waiver of dspt.not-met", date("2026-11-10")}},
		},
		"one that lasts":                     {[]step{noDSPT, until("dspt.not-met", "2026-12-03")}, nil},
		"one that is not needed":             {[]step{until("dspt.not-met", "2026-11-10")}, nil},
		"one of what would only have warned": {[]step{noDSPT, severity("dspt.not-met", Warning), until("dspt.not-met", "2026-11-10")}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := connection(t, c.steps...).horizon().Lapses; !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// What lapses first comes first, whatever it is.
func TestHorizonAtMidnight(t *testing.T) {
	t.Parallel()
	s := connection(t, meadow(func(o *Organisation) { o.Register.Record.EndedOn = date("2026-12-03") }))
	s.facts.Now = time.Date(2026, time.November, 2, 23, 59, 0, 0, time.UTC)
	if lapses := s.horizon().Lapses; len(lapses) > 0 {
		t.Errorf("before midnight: %+v", lapses)
	}
	s.facts.Now = s.facts.Now.Add(time.Minute)
	if outlook := s.horizon(); len(outlook.Lapses) != 1 || outlook.CommittedTo != date("2026-12-04") {
		t.Errorf("after midnight: %+v", outlook)
	}
}
