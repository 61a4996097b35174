package document_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/document"
)

func TestParseOffences(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		component, yaml string
		want            []string
	}{
		"unknown member, with the one that was meant": {
			"Contact", "title: Service desk\nemial: desk@example.org\n",
			[]string{`f.yaml: line 2, column 1: emial "desk@example.org" is not known here; did you mean "email"?`},
		},
		"unknown member without one that is near": {
			"WorkingHours", "start: \"09:00\"\nend: \"17:30\"\nlunch: \"12:00\"\n",
			[]string{`f.yaml: line 3, column 1: lunch "12:00" is not known here; known are end, start`},
		},
		"missing member stands where its object begins": {
			"Inventory", "version: 1\naccounts:\n  - id: \"676\"\n",
			[]string{`f.yaml: line 3, column 5: accounts[0].title is missing`},
		},
		"number where text belongs": {
			"Inventory", "version: 1\naccounts:\n  - id: 676\n    title: Acme\n",
			[]string{`f.yaml: line 3, column 5: accounts[0].id "676" must be text, and YAML reads it as a number: write it in quotes, "676"`},
		},
		"a zone that YAML takes for a number with an exponent": {
			"InventoryPool", "name: pool\nzone: 2E1\ncidr: 192.0.2.0/24\n",
			[]string{`f.yaml: line 2, column 1: zone "2E1" must be text, and YAML reads it as a number: write it in quotes, "2E1"`},
		},
		"true where text belongs": {
			"Contact", "title: true\n",
			[]string{`f.yaml: line 1, column 1: title "true" must be text, and YAML reads it as true or false: write it in quotes, "true"`},
		},
		"no value": {
			"Contact", "title:\n",
			[]string{`f.yaml: line 1, column 1: title has no value: give text or leave it out`},
		},
		"text where a number belongs": {
			"EdgePolicy", "lead_time_working_days: soon\naddress_rest_days: \"30\"\nunknown_gateways_wait: false\n",
			[]string{
				`f.yaml: line 1, column 1: lead_time_working_days "soon" must be a whole number`,
				`f.yaml: line 2, column 1: address_rest_days "30" is text because of the quotes: leave them out`,
			},
		},
		"not a whole number": {
			"EdgePolicy", "lead_time_working_days: 1.5\naddress_rest_days: .inf\nunknown_gateways_wait: false\n",
			[]string{
				`f.yaml: line 1, column 1: lead_time_working_days "1.5" must be a whole number`,
				`f.yaml: line 2, column 1: address_rest_days ".inf" is not a number that can be read here`,
			},
		},
		"yes where true belongs": {
			"OrganisationPolicy", "successor_grace_days: 0\nbinding_requests: yes\nnhs_roles: []\nadequate_countries: []\n",
			[]string{`f.yaml: line 2, column 1: binding_requests "yes" must be true or false`},
		},
		"list where an object belongs": {
			"CSP", "title: T\ncontact: []\n",
			[]string{`f.yaml: line 2, column 1: contact must be an object with named members`},
		},
		"enum": {
			"Zone", "region: \"00001\"\nhscn_offered: true\narchitecture: shared\n",
			[]string{`f.yaml: line 3, column 1: architecture "shared" must be one of one_edge_per_network, shared_edge`},
		},
		"pattern in a map with odd keys": {
			"DSPTPolicy", "accepted: []\ntolerated: []\nedition_deadlines:\n  25/26: 30 June\n",
			[]string{"f.yaml: line 4, column 3: edition_deadlines.25/26 \"30 June\" does not have the form ^\\d{4}-\\d{2}-\\d{2}$ " +
				"(A day in Europe/London, `YYYY-MM-DD`)"},
		},
		"a time without its zone": {
			"DSPTRecord", "looked_up_at: 2026-11-02 09:30:00\nfound: false\n",
			[]string{`f.yaml: line 1, column 1: looked_up_at "2026-11-02 09:30:00" is not a time with zone (RFC 3339), such as 2026-11-02T09:30:00Z`},
		},
		"duplicate key, which counts by its text": {
			"Policy", "zones:\n  \"1\": {region: a, hscn_offered: true, architecture: shared_edge}\n  1: {region: b, hscn_offered: true, architecture: shared_edge}\n",
			[]string{`f.yaml: line 3, column 3: zones.1 is given twice: the first is in line 2`},
		},
		"syntax": {
			"Contact", "title: Service: desk\n",
			[]string{`f.yaml: the file is not YAML: mapping values are not allowed in this context`},
		},
		"syntax further down": {
			"Contact", "title: x\nphone: [\nurl: y\n",
			[]string{`f.yaml: line 1: here or near by, the file is not YAML: did not find expected ',' or ']'`},
		},
		"tab": {
			"CSP", "title: x\ncontact:\n\ttitle: y\n",
			[]string{`f.yaml: line 3: here or near by, the file is not YAML: found character that cannot start any token`},
		},
		"nothing": {
			"Contact", "# nothing but a comment\n",
			[]string{`f.yaml: line 1, column 1: the file holds no YAML document`},
		},
		"two documents": {
			"Contact", "title: x\n---\ntitle: y\n",
			[]string{`f.yaml: line 2, column 1: a second YAML document begins here: a file holds one`},
		},
		"a second document that is broken": {
			"Contact", "title: x\n---\ntitle: [\n",
			[]string{`f.yaml: line 3: here or near by, the file is not YAML: did not find expected node content`},
		},
		"not an object": {
			"Contact", "just text\n",
			[]string{`f.yaml: line 1, column 1: "just text" must be an object with named members`},
		},
		"anchor and alias": {
			"CSP", "title: &t x\ncontact: {title: *t}\n",
			[]string{
				`f.yaml: line 1, column 1: title "x" has an anchor, which is not read here: leave out &t`,
				`f.yaml: line 2, column 11: contact.title is an alias, which is not read here: write the value out`,
			},
		},
		"merge key": {
			"CSP", "title: x\ncontact:\n  title: y\n  <<: {url: z}\n",
			[]string{`f.yaml: line 4, column 3: contact has a key that is not plain text`},
		},
		"tag": {
			"Contact", "title: !!binary eA==\n",
			[]string{`f.yaml: line 1, column 1: title "eA==" has a tag, which is not read here: leave out !!binary`},
		},
		"everything at once, in the order of the file": {
			"Inventory", "accounts:\n  - title: 5\n    kind: firm\npools:\n  - name: p\n    cidr: 10.0.0.0\n",
			[]string{
				`f.yaml: line 1, column 1: version is missing`,
				`f.yaml: line 2, column 5: accounts[0].id is missing`,
				`f.yaml: line 2, column 5: accounts[0].title "5" must be text, and YAML reads it as a number: write it in quotes, "5"`,
				`f.yaml: line 3, column 5: accounts[0].kind "firm" must be one of customer, partner`,
				`f.yaml: line 5, column 5: pools[0].name "p" is too short: it needs at least 3 characters`,
				`f.yaml: line 5, column 5: pools[0].zone is missing`,
				`f.yaml: line 6, column 5: pools[0].cidr "10.0.0.0" is too short: it needs at least 9 characters`,
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := document.Parse("f.yaml", []byte(c.yaml), c.component)
			var offences *document.Error
			if !errors.As(err, &offences) {
				t.Fatalf("err = %v, want a *document.Error", err)
			}
			got := strings.Split(err.Error(), "\n")
			for _, want := range c.want {
				if !contains(got, want) {
					t.Errorf("missing: %s\n got: %s", want, strings.Join(got, "\n      "))
				}
			}
			if c.component != "Policy" && len(got) != len(c.want) {
				t.Errorf("%d offences, want %d:\n%s", len(got), len(c.want), err)
			}
		})
	}
}

func contains(lines []string, line string) bool {
	for _, l := range lines {
		if l == line {
			return true
		}
	}
	return false
}

func TestParseKeepsWhatIsWritten(t *testing.T) {
	t.Parallel()
	const file = `
version: 1
accounts:
  - {id: "0676", title: 'Acme: "the" firm', organisations: [8E51]}
organisations:
  - ods_code: A1B2C
    directory:
      looked_up_at: 2026-11-02T09:30:00+01:00
      found: true
      legal_end: 2027-03-31
pools:
  - {name: pool, zone: 2E, cidr: 192.0.2.0/24}
  - {name: pool-b, zone: off, cidr: 198.51.100.0/24, retired: true}
`
	// 8E51 is a number in YAML, and must not be guessed away.
	if _, err := document.Parse("f.yaml", []byte(file), "Inventory"); err == nil ||
		!strings.Contains(err.Error(), `accounts[0].organisations[0] "8E51" must be text`) {
		t.Fatalf("err = %v", err)
	}
	d, err := document.Parse("f.yaml", []byte(strings.Replace(file, "8E51", `"8E51"`, 1)), "Inventory")
	if err != nil {
		t.Fatal(err)
	}
	var inventory api.Inventory
	if err := d.Decode(&inventory); err != nil {
		t.Fatal(err)
	}
	directory := inventory.Organisations[0].Directory
	for what, pair := range map[string][2]string{
		"account":     {inventory.Accounts[0].ID, "0676"},
		"title":       {inventory.Accounts[0].Title, `Acme: "the" firm`},
		"code":        {inventory.Accounts[0].Organisations[0], "8E51"},
		"day":         {*directory.LegalEnd, "2027-03-31"},
		"instant":     {directory.LookedUpAt.UTC().Format("15:04"), "08:30"},
		"zone":        {inventory.Pools[0].Zone, "2E"},
		"another one": {inventory.Pools[1].Zone, "off"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, want %q", what, pair[0], pair[1])
		}
	}
	if inventory.Version != 1 || !*inventory.Pools[1].Retired {
		t.Errorf("version %d, retired %v", inventory.Version, *inventory.Pools[1].Retired)
	}

	if o := d.Offence("/pools/1/zone", "is not a zone"); o.String() != `line 13, column 20: pools[1].zone "off" is not a zone` {
		t.Errorf("offence: %s", o)
	}
	if o := d.Offence("/pools/1/reserved/0", "is missing"); o.String() != `line 13, column 5: pools[1].reserved.0 is missing` {
		t.Errorf("offence of what is not there: %s", o)
	}
	if err := d.Reject(nil); err != nil {
		t.Errorf("no offences are an error: %v", err)
	}
	if err := d.Reject([]document.Offence{d.Offence("/pools", "b"), d.Offence("/version", "a")}); err == nil ||
		err.Error() != "f.yaml: line 2, column 1: version \"1\" a\nf.yaml: line 11, column 1: pools b" {
		t.Errorf("rejected as %v", err)
	}
}

func TestParseWithout(t *testing.T) {
	t.Parallel()
	const file = "title: x\nemail: desk@example.org\n"
	if _, err := document.Parse("f.yaml", []byte(file), "Contact"); err != nil {
		t.Fatal(err)
	}
	_, err := document.Parse("f.yaml", []byte(file), "Contact", document.Without("email"))
	if err == nil || !strings.Contains(err.Error(), "is not known here") {
		t.Errorf("err = %v", err)
	}
	if _, err := document.Parse("f.yaml", []byte(file), "Nothing"); err == nil {
		t.Error("a schema that does not exist was found")
	}
}

// Whatever stands in a file, reading it ends, and an offence has a place in the file.
func TestParseAnything(t *testing.T) {
	t.Parallel()
	fragments := []string{
		"version", ": ", "1", "\n", "  ", "- ", "accounts:", "id", "[", "]", "{", "}", ",", "&a ", "*a", "!!int ", "\"", "'", "#",
		"|", ">", "~", "0x1F", "2026-01-01", "<<", "? ", "---", "\t", "é", "\x00", "title", "off", "...",
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(fragments), 0, 30).Draw(t, "fragments"), "")
		d, err := document.Parse("f.yaml", []byte(text), "Inventory")
		if err == nil {
			var inventory api.Inventory
			if err := d.Decode(&inventory); err != nil {
				t.Fatalf("%q matches the schema and not the type: %v", text, err)
			}
			return
		}
		var offences *document.Error
		if !errors.As(err, &offences) || len(offences.Offences) == 0 {
			t.Fatalf("%q: %v is not a list of offences", text, err)
		}
		last := strings.Count(text, "\n") + 2
		for _, o := range offences.Offences {
			if o.Reason == "" || o.Line > last {
				t.Fatalf("%q: offence without reason or beyond the file: %+v", text, o)
			}
		}
	})
}
