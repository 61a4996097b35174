package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

func TestTheOrganisationThatIsMeant(t *testing.T) {
	t.Parallel()
	titled := func(titles ...string) []api.OrganisationFacts {
		var all []api.OrganisationFacts
		for i, title := range titles {
			all = append(all, api.OrganisationFacts{OdsCode: fmt.Sprintf("A%02dB", i), Directory: &api.DirectoryRecord{Found: true, Title: &title}})
		}
		return all
	}
	trusts := strings.Fields(strings.Repeat("Trust ", 12))
	tests := map[string]struct {
		found       []api.OrganisationFacts
		code, title types.String
		want        string
		says        []string
	}{
		"by code":              {titled("Meadow Trust"), types.StringValue("a00b"), types.StringNull(), "A00B", nil},
		"by title":             {titled("Meadow Trust"), types.StringNull(), types.StringValue("meadow"), "A00B", nil},
		"by the whole title":   {titled("Meadow Trust Annex", "MEADOW TRUST"), types.StringNull(), types.StringValue("Meadow Trust"), "A01B", nil},
		"of a whole title two": {titled("Meadow", "Meadow"), types.StringNull(), types.StringValue("meadow"), "", []string{"A00B  Meadow\n  A01B  Meadow", "Give the ods_code"}},
		"several": {
			titled("Meadow Trust", "Meadow Care"), types.StringNull(), types.StringValue("meadow"), "",
			[]string{"Several organisations", `"meadow" is in the names of`, "A00B  Meadow Trust", "A01B  Meadow Care", "Give the ods_code"},
		},
		"many":             {titled(trusts...), types.StringNull(), types.StringValue("rust"), "", []string{"A09B", "and 2 more"}},
		"none by title":    {nil, types.StringNull(), types.StringValue("meadow"), "", []string{"No such organisation", `"meadow"`, "odsdatasearchandexport", "looked up by your cloud service provider"}},
		"nothing by code":  {nil, types.StringValue(" x26 "), types.StringNull(), "", []string{"No such organisation", "knows nothing of X26", "Ask your cloud service provider"}},
		"without a record": {[]api.OrganisationFacts{{OdsCode: "X26"}}, types.StringValue("X26"), types.StringNull(), "X26", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, missing := theOne(test.found, test.code, test.title)
			if test.says == nil {
				if missing != nil || got.OdsCode != test.want {
					t.Errorf("it is %q: %v", got.OdsCode, missing)
				}
				return
			}
			if missing == nil {
				t.Fatalf("it is %q", got.OdsCode)
			}
			for _, text := range test.says {
				if said := missing.Summary() + ": " + missing.Detail(); !strings.Contains(said, text) {
					t.Errorf("it does not say %q: %s", text, said)
				}
			}
		})
	}
}
