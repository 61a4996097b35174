package policy_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/document"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/policy"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

func load(t *testing.T, name string) api.Policy {
	t.Helper()
	p, err := policy.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSamples(t *testing.T) {
	t.Parallel()
	if got := policy.Samples(); !slices.Equal(got, []string{"neutral", "ukcloud-2021"}) {
		t.Fatalf("samples are %q", got)
	}
	for _, name := range policy.Samples() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := load(t, name)
			if p.Title != name || !p.Sample {
				t.Errorf("title %q, sample %v", p.Title, p.Sample)
			}
			defaults := rules.DefaultSeverities()
			if len(p.Rules) != len(defaults) {
				t.Errorf("%d severities, the catalogue has %d rules", len(p.Rules), len(defaults))
			}
			for rule, severity := range defaults {
				if p.Rules[rule] != api.Severity(severity) {
					t.Errorf("%s is %q, the catalogue has %q", rule, p.Rules[rule], severity)
				}
			}
			if p.RulesVersion == nil || *p.RulesVersion != rules.Version {
				t.Errorf("rules_version is %v", p.RulesVersion)
			}
			if p.Version != nil || p.ValidFrom != nil {
				t.Errorf("version %v, valid from %v: both are the broker's to give", p.Version, p.ValidFrom)
			}
		})
	}
}

// Every member of a sample is explained: a comment stands over it, or over the first of the list or group it is in.
func TestSamplesAreExplained(t *testing.T) {
	t.Parallel()
	for _, name := range policy.Samples() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, found := policy.Source(name)
			if !found {
				t.Fatal("no source")
			}
			var root yaml.Node
			if err := yaml.Unmarshal(source, &root); err != nil {
				t.Fatal(err)
			}
			top := root.Content[0]
			for i := 0; i < len(top.Content); i += 2 {
				key, value := top.Content[i], top.Content[i+1]
				if !bytes.Contains(source, []byte("\n"+key.Value+":")) {
					continue
				}
				explained := key.HeadComment != "" || key.LineComment != ""
				if value.Kind == yaml.MappingNode && len(value.Content) > 0 && value.Content[0].HeadComment != "" {
					explained = true
				}
				if !explained && key.Value != "csp" {
					t.Errorf("line %d: %s has no comment", key.Line, key.Value)
				}
			}
			if decided := bytes.Count(source, []byte("Who decides")); decided < 10 {
				t.Errorf("only %d members say who decides", decided)
			}
		})
	}
}

func TestNeutralLeavesNothingToAPerson(t *testing.T) {
	t.Parallel()
	p := load(t, "neutral")
	if p.Connections.Approval || p.SecondPerson || p.Organisations.BindingRequests {
		t.Errorf("approval %v, second person %v, binding requests %v", p.Connections.Approval, p.SecondPerson, p.Organisations.BindingRequests)
	}
	if len(p.ServiceTypes) != 1 || len(p.Zones) != 1 {
		t.Errorf("%d service types, %d zones", len(p.ServiceTypes), len(p.Zones))
	}
	if _, found := p.ServiceTypes["cloud_project"]; !found {
		t.Error("no service type cloud_project")
	}
	if p.Connections.LeadTimeWorkingDays != 1 {
		t.Errorf("lead of %d working days", p.Connections.LeadTimeWorkingDays)
	}
}

func TestUKCloud2021(t *testing.T) {
	t.Parallel()
	p := load(t, "ukcloud-2021")
	if *p.Csp.OdsCode != "8J561" {
		t.Errorf("ODS code %s", *p.Csp.OdsCode)
	}
	withHSCN, without := []string{}, []string{}
	for name, zone := range p.Zones {
		if zone.HscnOffered {
			withHSCN = append(withHSCN, name)
			if *zone.Domain != "assured" {
				t.Errorf("zone %s offers HSCN in the domain %s", name, *zone.Domain)
			}
		} else {
			without = append(without, name)
		}
		shared := slices.Contains([]string{"00001", "00002", "00007", "00008"}, zone.Region)
		if (zone.Architecture == api.SharedEdge) != shared {
			t.Errorf("zone %s, region %s, has the architecture %s", name, zone.Region, zone.Architecture)
		}
	}
	slices.Sort(withHSCN)
	slices.Sort(without)
	if want := []string{"1", "2", "21", "26", "2D", "2E", "B", "F"}; !slices.Equal(withHSCN, want) {
		t.Errorf("zones with HSCN are %q, want %q", withHSCN, want)
	}
	if want := []string{"10", "11", "12", "D"}; !slices.Equal(without, want) {
		t.Errorf("zones without HSCN are %q, want %q", without, want)
	}
	if d := p.Agreements.FlowDownDocuments; len(d) != 1 || d[0].MinimumVersion != "11.0" {
		t.Errorf("flow-down documents are %+v", d)
	}
	if p.Connections.LeadTimeWorkingDays != 1 || p.Connections.CommitmentMonths != 1 || !p.Connections.Approval || !p.SecondPerson {
		t.Errorf("connections are %+v, second person %v", p.Connections, p.SecondPerson)
	}
	if !slices.Equal(p.DNSResolvers, []string{"155.231.231.1", "155.231.231.2"}) {
		t.Errorf("resolvers are %q", p.DNSResolvers)
	}
	if p.Dspt.EditionDeadlines["19/20"] != "2020-09-30" || p.Dspt.EditionDeadlines["25/26"] != "2026-06-30" {
		t.Errorf("deadlines are %v", p.Dspt.EditionDeadlines)
	}

	ids := map[string]map[string]bool{
		"vmware_cloud_director_org": {"676-2": true, "676": false, "676-2-1": false, "a-2": false, "676-2\n": false},
		"openstack_project": {
			"0f1e2d3c4b5a69788796a5b4c3d2e1f0": true, "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0": true,
			"0F1E2D3C4B5A69788796A5B4C3D2E1F0": false, "0f1e2d3c4b5a": false,
		},
		"virtual_desktop_service": {"1-1-1-9836cf": true, "1-1-9836cf": false},
	}
	if len(ids) != len(p.ServiceTypes) {
		t.Errorf("%d service types, %d tried", len(p.ServiceTypes), len(ids))
	}
	for name, tries := range ids {
		pattern := regexp.MustCompile(`^(?:` + p.ServiceTypes[name].IDPattern + `)$`)
		for id, want := range tries {
			if pattern.MatchString(id) != want {
				t.Errorf("%s: %q matches: %v, want %v", name, id, !want, want)
			}
		}
	}
}

// Contacts of bodies that are gone are none of a sample's: whoever has the domain next would get the mail.
func TestSampleContactsAreReserved(t *testing.T) {
	t.Parallel()
	for _, name := range policy.Samples() {
		p := load(t, name)
		for _, contact := range []api.Contact{p.Csp.Contact, p.NhsContact} {
			if contact.Email != nil && !strings.HasSuffix(*contact.Email, ".example") {
				t.Errorf("%s: %s is not a reserved domain", name, *contact.Email)
			}
			if contact.URL != nil && !strings.Contains(*contact.URL, ".example/") && !strings.HasPrefix(*contact.URL, "https://digital.nhs.uk/") {
				t.Errorf("%s: %s is not a reserved domain", name, *contact.URL)
			}
		}
	}
}

func TestParseOffences(t *testing.T) {
	t.Parallel()
	source, _ := policy.Source("neutral")
	neutral := string(source)
	lineOf := func(text string) int { return 1 + strings.Count(neutral[:strings.Index(neutral, text)], "\n") }

	cases := map[string]struct {
		old, replacement string
		want             string // with %d for the line of old
		line             string // where it is not old's
	}{
		"fixed rule": {
			"rules: {}", "rules: {name.format: warning}",
			`p.yaml: line %d, column 9: rules.name.format "warning" is not for a policy to give: the rule is about form or contract, and always an error`, "",
		},
		"unknown rule": {
			"rules: {}", "rules: {name.fromat: off}",
			`p.yaml: line %d, column 9: rules.name.fromat "off" is for a rule that the catalogue does not have`, "",
		},
		"unknown severity": {
			"rules: {}", "rules: {dspt.not-met: none}",
			`p.yaml: line %d, column 9: rules.dspt.not-met "none" must be one of error, warning, off`, "",
		},
		"given by the broker": {
			"title: neutral", "title: neutral\nversion: '7'",
			`p.yaml: line %d, column 1: version "7" is not known here`, "\n# A sample is for",
		},
		"pattern that does not compile": {
			"id_pattern: '[a-z0-9][a-z0-9-]{2,62}'", "id_pattern: '[a-z'",
			`p.yaml: line %d, column 5: service_types.cloud_project.id_pattern "[a-z" is not a regular expression (RE2): missing closing ]`, "",
		},
		"pattern that matches only a part": {
			"id_pattern: '[a-z0-9][a-z0-9-]{2,62}'", "id_pattern: 'project'",
			`p.yaml: line %d, column 5: service_types.cloud_project.id_example "project-1" does not match id_pattern, project`, "id_example: project-1",
		},
		"accepted and tolerated": {
			"tolerated: []", "tolerated: [standards_exceeded]",
			`p.yaml: line %d, column 15: dspt.tolerated[0] "standards_exceeded" is among dspt.accepted too: it either suffices or warns`, "",
		},
		"working hours reversed": {
			"end: '17:00'", "end: '08:00'",
			`p.yaml: line %d, column 3: working_hours.end "08:00" is not after working_hours.start, 09:00`, "",
		},
		"a zone without HSCN alone": {
			"hscn_offered: true", "hscn_offered: false",
			`p.yaml: line %d, column 1: zones do not offer HSCN, not one of them: nothing could ever be ordered`, "zones:\n",
		},
		"a day that does not exist": {
			"data_centres: [main-1]", "one_network_from: 2026-02-30",
			`p.yaml: line %d, column 5: zones.main.one_network_from "2026-02-30" is not a day in the form YYYY-MM-DD, such as 2026-11-02`, "",
		},
		"an edition that is none": {
			"tolerated: []", "tolerated: []\n  edition_deadlines: {25/27: 2027-06-30}",
			`p.yaml: line %d, column 23: dspt.edition_deadlines.25/27 "2027-06-30" is not the deadline of an edition: write its two years, such as 25/26`,
			"# edition_deadlines: the day",
		},
		"a deadline twice": {
			"tolerated: []", "tolerated: []\n  edition_deadlines: {25/26: 2026-06-30, 2025-26: 2026-07-31}",
			`p.yaml: line %d, column 23: dspt.edition_deadlines.25/26 "2026-06-30" is the deadline of the same edition as 2025-26`,
			"# edition_deadlines: the day",
		},
		"a kind twice": {
			"minimum_version: '1.0'", "minimum_version: '1.0'\n    - {kind: master_services_agreement, title: x, minimum_version: '2'}",
			`p.yaml: line %d, column 8: agreements.flow_down_documents[1].kind "master_services_agreement" is listed already, as number 1: a kind has one least version`,
			"\n# The Data Security and Protection Toolkit",
		},
		"an address without a dot": {
			"email: service-desk@cloud.example", "email: service-desk@cloud",
			`p.yaml: line %d, column 5: csp.contact.email "service-desk@cloud" has no dot after the @: expected a domain such as example.nhs.uk`, "",
		},
		"an ODS code of two characters": {
			"title: Example Cloud\n", "title: Example Cloud\n  ods_code: 8J\n",
			`p.yaml: line %d, column 3: csp.ods_code "8J" has 2 characters: a code has 3 to 12, such as A1B2C`, "# ods_code: the CSP's own",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(neutral, c.old) {
				t.Fatalf("neutral.yaml has no %q", c.old)
			}
			_, err := policy.Parse("p.yaml", []byte(strings.Replace(neutral, c.old, c.replacement, 1)))
			var offences *document.Error
			if !errors.As(err, &offences) {
				t.Fatalf("err = %v, want a *document.Error", err)
			}
			at := c.old
			if c.line != "" {
				at = c.line
			}
			want := c.want
			if strings.Contains(want, "%d") {
				want = fmt.Sprintf(want, lineOf(at))
			}
			if !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got  %s\nwant %s", err, want)
			}
			if len(offences.Offences) != 1 {
				t.Errorf("%d offences: %s", len(offences.Offences), err)
			}
		})
	}
}

func TestParseOverridesSeverities(t *testing.T) {
	t.Parallel()
	source, _ := policy.Source("neutral")
	p, err := policy.Parse("p.yaml", bytes.Replace(source, []byte("rules: {}"), []byte("rules: {dspt.not-met: off, name.format: error}"), 1))
	if err != nil {
		t.Fatal(err)
	}
	if p.Rules["dspt.not-met"] != api.Off || p.Rules["name.format"] != api.Error {
		t.Errorf("dspt.not-met is %q, name.format %q", p.Rules["dspt.not-met"], p.Rules["name.format"])
	}
	if len(p.Rules) != len(rules.DefaultSeverities()) {
		t.Errorf("%d severities", len(p.Rules))
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	source, _ := policy.Source("ukcloud-2021")
	file := filepath.Join(t.TempDir(), "ours.yaml")
	if err := os.WriteFile(file, bytes.Replace(source, []byte("title: ukcloud-2021"), []byte("title: ours"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if p := load(t, file); p.Title != "ours" {
		t.Errorf("title %q", p.Title)
	}

	_, err := policy.Load("neutrl")
	var missing *policy.NotFoundError
	if !errors.As(err, &missing) || err.Error() != `there is no policy "neutrl": no file has that name, and the samples are neutral and ukcloud-2021` {
		t.Errorf("err = %v", err)
	}
	if _, err := policy.Load(t.TempDir()); err == nil || errors.As(err, &missing) {
		t.Errorf("a directory: err = %v", err)
	}
	if _, found := policy.Source("../policy"); found {
		t.Error("a sample was found outside the samples")
	}
}
