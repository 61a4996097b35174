package schema_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	contract "github.com/hscn-connect/terraform-provider-hscn/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/schema"
)

func component(t *testing.T, name string) *openapi3.Schema {
	t.Helper()
	s, err := schema.Component(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDocumentIsValidatedAsThreeOne(t *testing.T) {
	t.Parallel()
	var written struct {
		OpenAPI string `yaml:"openapi"`
	}
	if err := yaml.Unmarshal(contract.OpenAPI, &written); err != nil {
		t.Fatal(err)
	}
	if written.OpenAPI != "3.1.0" {
		t.Errorf("openapi is %q: the validator's reading was decided for 3.1.0", written.OpenAPI)
	}
	doc, err := schema.Document()
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := schema.Document(); again != doc {
		t.Error("the document was loaded twice")
	}
}

// The document is validated as one of 3.0, which is only right while it uses no keyword of which 3.1 makes more.
func TestContractHasNothingOnlyThreeOneKnows(t *testing.T) {
	t.Parallel()
	onlyThreeOne := []string{
		"const", "prefixItems", "contains", "minContains", "maxContains", "patternProperties", "dependentSchemas",
		"dependentRequired", "propertyNames", "unevaluatedItems", "unevaluatedProperties", "if", "then", "else",
		"contentMediaType", "contentEncoding", "contentSchema", "$defs", "$id", "$anchor", "$dynamicRef",
		"exclusiveMinimum", "exclusiveMaximum", "examples", "nullable",
	}
	var root yaml.Node
	if err := yaml.Unmarshal(contract.OpenAPI, &root); err != nil {
		t.Fatal(err)
	}
	schemas := member(root.Content[0], "components", "schemas")
	paths := member(root.Content[0], "paths")
	if schemas == nil || paths == nil {
		t.Fatal("the document has no schemas or no paths")
	}
	seen := 0
	var walk func(node *yaml.Node, isProperties bool)
	walk = func(node *yaml.Node, isProperties bool) {
		for i := 0; node.Kind == yaml.MappingNode && i < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			if !isProperties {
				seen++
				for _, keyword := range onlyThreeOne {
					if key.Value == keyword {
						t.Errorf("line %d: %s is read differently by a validator of 3.0", key.Line, keyword)
					}
				}
				if key.Value == "type" && value.Kind != yaml.ScalarNode {
					t.Errorf("line %d: a list of types is read differently by a validator of 3.0", key.Line)
				}
				if key.Value == "$ref" && len(node.Content) > 2 {
					t.Errorf("line %d: 3.0 ignores what stands beside a $ref", key.Line)
				}
			}
			walk(value, key.Value == "properties" && !isProperties)
		}
		if node.Kind == yaml.SequenceNode {
			for _, item := range node.Content {
				walk(item, false)
			}
		}
	}
	walk(schemas, true)
	walk(paths, true)
	if seen < 100 {
		t.Errorf("only %d keywords were looked at", seen)
	}
}

func member(node *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		var next *yaml.Node
		for i := 0; i < len(node.Content); i += 2 {
			if node.Content[i].Value == name {
				next = node.Content[i+1]
			}
		}
		if next == nil {
			return nil
		}
		node = next
	}
	return node
}

func TestComponentUnknown(t *testing.T) {
	t.Parallel()
	if _, err := schema.Component("Nothing"); err == nil {
		t.Error("a schema that does not exist was found")
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		component string
		value     any
		want      map[string]string // reason by pointer
	}{
		"good": {
			"Contact", map[string]any{"title": "Service desk"}, nil,
		},
		"missing": {
			"Contact", map[string]any{}, map[string]string{"/title": "is missing"},
		},
		"wrong type": {
			"Contact", map[string]any{"title": true}, map[string]string{"/title": "must be text"},
		},
		"null": {
			"Contact", map[string]any{"title": nil}, map[string]string{"/title": "has no value: give text or leave it out"},
		},
		"unknown, and close to a known one": {
			"Contact",
			map[string]any{"title": "x", "emial": "a@b.c"},
			map[string]string{"/emial": `is not known here; did you mean "email"?`},
		},
		"two unknown": {
			"Contact",
			map[string]any{"title": "x", "zebra": 1.0, "giraffe": 1.0},
			map[string]string{
				"/zebra":   "is not known here; known are email, phone, title, url",
				"/giraffe": "is not known here; known are email, phone, title, url",
			},
		},
		"several at once": {
			"WorkingHours",
			map[string]any{"start": "25:00"},
			map[string]string{
				"/start": `does not have the form ^([01]\d|2[0-3]):[0-5]\d$`,
				"/end":   "is missing",
			},
		},
		"enum in a list": {
			"DSPTPolicy",
			map[string]any{"accepted": []any{"standards_met", "standards_mete"}, "tolerated": []any{}},
			map[string]string{"/accepted/1": "must be one of standards_met, standards_exceeded, approaching_standards, " +
				"not_fully_met_plan_agreed, not_met, not_published"},
		},
		"one alternative": {
			"Inventory", map[string]any{"version": 2.0}, map[string]string{"/version": "must be 1"},
		},
		"described pattern": {
			"RiskAssessment",
			map[string]any{"reference": "RA-1", "completed_on": "1 May"},
			map[string]string{"/completed_on": "does not have the form ^\\d{4}-\\d{2}-\\d{2}$ (A day in Europe/London, `YYYY-MM-DD`)"},
		},
		"bounds": {
			"FactAges",
			map[string]any{"directory": 0.0, "register": 4000.0, "flow_down": 1.5, "dspt": 1.0},
			map[string]string{
				"/directory": "must be at least 1", "/register": "must be at most 3660", "/flow_down": "must be a whole number",
			},
		},
		"lengths": {
			"Network",
			map[string]any{"cidr": "10.0.0.0/24", "id": "", "dns_servers": []any{"1.1"}},
			map[string]string{"/id": "is empty", "/dns_servers/0": "is too short: it needs at least 7 characters"},
		},
		"formats": {
			"InventoryPool",
			map[string]any{
				"name": "pool", "zone": "1", "cidr": "192.0.2.0/24", "reserved": []any{"192.0.2.256", "2001:db8::1", "192.0.2.1"},
			},
			map[string]string{
				"/reserved/0": "is not an IPv4 address, such as 192.0.2.10",
				"/reserved/1": "is not an IPv4 address, such as 192.0.2.10",
			},
		},
		"time": {
			"DSPTRecord",
			map[string]any{"looked_up_at": "2026-11-02", "found": false},
			map[string]string{"/looked_up_at": "is not a time with zone (RFC 3339), such as 2026-11-02T09:30:00Z"},
		},
		"a key that needs escaping": {
			"DSPTPolicy",
			map[string]any{"accepted": []any{}, "tolerated": []any{}, "edition_deadlines": map[string]any{"25/26": "soon"}},
			map[string]string{"/edition_deadlines/25~126": "does not have the form ^\\d{4}-\\d{2}-\\d{2}$ " +
				"(A day in Europe/London, `YYYY-MM-DD`)"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			offences, err := schema.Validate(component(t, c.component), c.value)
			if err != nil {
				t.Fatal(err)
			}
			got := make(map[string]string)
			for _, o := range offences {
				got[o.Pointer()] = o.Reason
			}
			if len(offences) != len(c.want) {
				t.Errorf("%d offences, want %d: %v", len(offences), len(c.want), got)
			}
			for pointer, want := range c.want {
				if got[pointer] != want {
					t.Errorf("%s: %q, want %q", pointer, got[pointer], want)
				}
			}
		})
	}
}
