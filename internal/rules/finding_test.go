package rules

import "testing"

func TestFindingPointer(t *testing.T) {
	t.Parallel()
	cases := map[string][]string{
		"":                                  nil,
		"/ods_code":                         {"ods_code"},
		"/profile/shared_with/A~1B~0C/":     {"profile", "shared_with", "A/B~C", ""},
		"/profile/shared_with/ ~01/%2F/bÿz": {"profile", "shared_with", " ~1", "%2F", "bÿz"},
	}
	for want, path := range cases {
		if got := (Finding{Path: path}).Pointer(); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

func TestRemedyFor(t *testing.T) {
	t.Parallel()
	rule := Rule{Remedy: "Ask {csp}, then {nhs}."}
	cases := map[string]struct {
		policy Policy
		want   string
	}{
		"no policy":             {Policy{}, "Ask your cloud service provider, then the NHS."},
		"names alone":           {Policy{CSP: "Example Cloud", NHS: Contact{Title: "NHS England"}}, "Ask Example Cloud, then NHS England."},
		"a contact of its name": {Policy{CSP: "Example", CSPContact: Contact{Title: "Example desk", Phone: "01632 960000"}}, "Ask Example desk (01632 960000), then the NHS."},
		"a contact of another name": {
			Policy{CSP: "Example", CSPContact: Contact{Title: "Service desk", Email: "a@b.example", URL: "https://b.example"}},
			"Ask Example (Service desk, a@b.example, https://b.example), then the NHS.",
		},
	}
	again := Rule{Remedy: "Ask {csp}. {csp} asks {nhs}, and {nhs} answers."}
	policy := Policy{CSP: "Example", CSPContact: Contact{Title: "Example desk", Phone: "01632 960000"}, NHS: Contact{Title: "NHS England", Email: "a@nhs.example"}}
	if got, want := again.RemedyFor(policy), "Ask Example desk (01632 960000). Example asks NHS England (a@nhs.example), and NHS England answers."; got != want {
		t.Errorf("said twice: %q, want %q", got, want)
	}
	for name, c := range cases {
		if got := rule.RemedyFor(c.policy); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
