package rules

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	shared := func(entries map[string]any) Declared {
		return Declared{"profile": map[string]any{"shared_with": entries}}
	}
	flag := func(name string, value any) Declared { return Declared{"profile": map[string]any{name: value}} }
	circuit := func(attribute string, value any) Declared {
		return Declared{"circuits": map[string]any{"main": map[string]any{attribute: value}}}
	}
	locations := func(codes ...any) Declared {
		return Declared{"profile": map[string]any{"outside_england": map[string]any{"data_locations": codes}}}
	}
	networks := func(network map[string]any) Declared {
		return Declared{"networks": map[string]any{"frontend": network}}
	}
	entry := map[string]any{"basis": "flow_down"}

	// What is wanted is the change's path, and "+" behind it where it widens; nothing where there is no change.
	cases := map[string]struct {
		kind            Kind
		prior, proposed Declared
		want            string
	}{
		"nothing":                         {KindConnection, nil, nil, ""},
		"another organisation":            {KindConnection, Declared{"ods_code": "A1B2C"}, Declared{"ods_code": "B2C3D"}, "ods_code+"},
		"the same in other letters":       {KindConnection, Declared{"ods_code": "A1B2C"}, Declared{"ods_code": " a1b2c"}, ""},
		"only known later":                {KindConnection, Declared{"ods_code": "A1B2C"}, Declared{"ods_code": Unknown}, ""},
		"another service":                 {KindConnection, Declared{"service": map[string]any{"id": "1"}}, Declared{"service": map[string]any{"id": "2"}}, "service.id"},
		"a service that is known later":   {KindConnection, Declared{"service": map[string]any{"id": "1"}}, Declared{"service": Unknown}, ""},
		"the default":                     {KindConnection, nil, Declared{"access": "shared_link", "purpose": "production", "deletion_protection": false}, ""},
		"another access":                  {KindConnection, nil, Declared{"access": "dedicated_circuit"}, "access+"},
		"another document":                {KindAgreementEvidence, Declared{"document_sha256": "0a"}, Declared{"document_sha256": "0b"}, "document_sha256+"},
		"a sum in capitals":               {KindAgreementEvidence, Declared{"document_sha256": "0a"}, Declared{"document_sha256": "0A"}, ""},
		"a copy of another organisation":  {KindAgreementEvidence, Declared{"ods_code": "A1B2C"}, Declared{"ods_code": "B2C3D"}, "ods_code"},
		"countersigned since":             {KindAgreementEvidence, Declared{"signed_on": "2026-10-02"}, Declared{"signed_on": "2026-10-02", "countersigned_on": "2026-10-09"}, "countersigned_on+"},
		"the UK by another name":          {KindConnection, locations("GB", "IE"), locations("uk", "ie"), ""},
		"protection":                      {KindConnection, nil, Declared{"deletion_protection": true}, "deletion_protection"},
		"another e-mail":                  {KindConnection, flag("security_lead", map[string]any{"email": "a@b.example"}), flag("security_lead", map[string]any{"email": "c@b.example"}), "profile.security_lead.email"},
		"an e-mail in other letters":      {KindConnection, flag("security_lead", map[string]any{"email": "a@b.example"}), flag("security_lead", map[string]any{"email": "A@B.example "}), ""},
		"one more shares it":              {KindConnection, shared(nil), shared(map[string]any{"X26": entry}), "profile.shared_with.X26+"},
		"one more, without anything":      {KindConnection, nil, shared(map[string]any{"X26": map[string]any{}}), "profile.shared_with.X26+"},
		"one less":                        {KindConnection, shared(map[string]any{"X26": entry, "X27": entry}), shared(map[string]any{"x26": entry}), "profile.shared_with.X27"},
		"none any more":                   {KindConnection, shared(map[string]any{"X26": entry}), nil, "profile.shared_with.X26"},
		"one in other letters":            {KindConnection, shared(map[string]any{"X26": entry}), shared(map[string]any{"x26 ": entry}), ""},
		"one on another basis":            {KindConnection, shared(map[string]any{"X26": entry}), shared(map[string]any{"x26": map[string]any{"basis": "connection_agreement"}}), "profile.shared_with.x26.basis+"},
		"one of them is known later":      {KindConnection, shared(map[string]any{"X26": entry}), shared(map[string]any{"X26": Unknown}), ""},
		"patient data":                    {KindConnection, flag("handles_patient_data", false), flag("handles_patient_data", true), "profile.handles_patient_data+"},
		"patient data, not said":          {KindConnection, flag("handles_patient_data", false), nil, "profile.handles_patient_data+"},
		"no patient data any more":        {KindConnection, flag("handles_patient_data", true), flag("handles_patient_data", false), "profile.handles_patient_data"},
		"encryption given up":             {KindConnection, flag("encryption", map[string]any{"in_application": true}), flag("encryption", map[string]any{"in_application": false}), "profile.encryption.in_application+"},
		"encryption":                      {KindConnection, nil, flag("encryption", map[string]any{"in_application": true}), "profile.encryption.in_application"},
		"a risk assessment taken back":    {KindConnection, flag("risk_assessment", map[string]any{"reference": "RA-1"}), nil, "profile.risk_assessment.reference+"},
		"another risk assessment":         {KindConnection, flag("risk_assessment", map[string]any{"reference": "RA-1"}), flag("risk_assessment", map[string]any{"reference": "RA-2"}), "profile.risk_assessment.reference"},
		"data elsewhere":                  {KindConnection, nil, locations("gb", "IE"), "profile.outside_england.data_locations+"},
		"data in fewer places":            {KindConnection, locations("IE", "GB"), locations("GB"), "profile.outside_england.data_locations"},
		"data in the same places":         {KindConnection, locations("IE", "gb", "GB"), locations("GB", "IE"), ""},
		"data at home, which none means":  {KindConnection, locations("GB"), locations(), ""},
		"data in a place known later":     {KindConnection, locations("GB"), locations("GB", Unknown), ""},
		"another circuit":                 {KindConnection, nil, circuit("reference", "C-1"), "circuits.main+"},
		"a circuit's reference":           {KindConnection, circuit("reference", "C-1"), circuit("reference", "C-2"), "circuits.main.reference"},
		"more bandwidth":                  {KindConnection, circuit("bandwidth_mbps", 100.0), circuit("bandwidth_mbps", 200.0), "circuits.main.bandwidth_mbps+"},
		"less bandwidth":                  {KindConnection, circuit("bandwidth_mbps", 200.0), circuit("bandwidth_mbps", 100.0), "circuits.main.bandwidth_mbps"},
		"unlimited bandwidth":             {KindConnection, circuit("bandwidth_mbps", 200.0), circuit("cn_sp", nil), "circuits.main.bandwidth_mbps+"},
		"a limit":                         {KindConnection, circuit("cn_sp", nil), circuit("bandwidth_mbps", 200.0), "circuits.main.bandwidth_mbps"},
		"live later":                      {KindConnection, nil, Declared{"activate_at": "2027-01-12T10:00:00Z"}, "activate_at"},
		"the same instant":                {KindConnection, Declared{"activate_at": "2027-07-12T10:00:00Z"}, Declared{"activate_at": "2027-07-12T11:00:00.0+01:00"}, ""},
		"live sooner":                     {KindConnection, Declared{"activate_at": "2027-07-12T10:00:00Z"}, Declared{"activate_at": "2027-07-12T09:59:59.5Z"}, "activate_at+"},
		"live half a second later":        {KindConnection, Declared{"activate_at": "2027-07-12T10:00:00Z"}, Declared{"activate_at": "2027-07-12T10:00:00.5Z"}, "activate_at"},
		"live at once":                    {KindConnection, Declared{"activate_at": "2027-07-12T10:00:00Z"}, nil, "activate_at+"},
		"another gateway":                 {KindEdgeAttachment, Declared{"gateway_id": "a"}, Declared{"gateway_id": "b"}, "gateway_id"},
		"another network":                 {KindEdgeAttachment, nil, networks(map[string]any{"cidr": "192.0.2.0/24"}), "networks.frontend+"},
		"a network's range":               {KindEdgeAttachment, networks(map[string]any{"cidr": "192.0.2.0/24"}), networks(map[string]any{"cidr": "192.0.2.0/23"}), "networks.frontend.cidr+"},
		"a network less":                  {KindEdgeAttachment, networks(map[string]any{"cidr": "192.0.2.0/24"}), nil, "networks.frontend"},
		"resolvers":                       {KindEdgeAttachment, networks(map[string]any{"dns_servers": []any{"a", "b"}}), networks(map[string]any{"dns_servers": []any{"b", "c"}}), "networks.frontend.dns_servers"},
		"resolvers in another order":      {KindEdgeAttachment, networks(map[string]any{"dns_servers": []any{"a", "b"}}), networks(map[string]any{"dns_servers": []any{"b", "a"}}), ""},
		"no resolvers, written otherwise": {KindEdgeAttachment, networks(map[string]any{"dns_servers": []any{}}), networks(map[string]any{}), ""},
		"controls given up":               {KindEdgeAttachment, Declared{"bridging_controls": "none can"}, nil, "bridging_controls+"},
		"the customer writes the rules":   {KindEdgeAttachment, nil, Declared{"fulfilment": "customer"}, "fulfilment+"},
		"the provider writes them":        {KindEdgeAttachment, Declared{"fulfilment": "customer"}, Declared{"fulfilment": "csp"}, "fulfilment"},
		"networks that are known later":   {KindEdgeAttachment, nil, Declared{"networks": Unknown}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, change := range Changes(c.kind, c.prior, c.proposed) {
				text := strings.Join(change.Path, ".")
				if change.Widens {
					text += "+"
				}
				got = append(got, text)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %v, want %q", got, c.want)
			}
		})
	}
}

// What the network has to follow is marked, whether it asks for more or for less.
func TestFulfilledChanges(t *testing.T) {
	t.Parallel()
	line := func(attributes map[string]any) Declared {
		return Declared{"circuits": map[string]any{"line": attributes}}
	}
	cases := map[string]struct {
		kind            Kind
		prior, proposed Declared
		want            bool
	}{
		"another access":              {KindConnection, nil, Declared{"access": "dedicated_circuit"}, true},
		"a circuit more":              {KindConnection, nil, line(map[string]any{}), true},
		"a circuit less":              {KindConnection, line(map[string]any{}), nil, true},
		"another supplier":            {KindConnection, line(map[string]any{"cn_sp": "a"}), line(map[string]any{"cn_sp": "b"}), true},
		"another data centre":         {KindConnection, line(map[string]any{"data_centre": "a"}), line(map[string]any{"data_centre": "b"}), true},
		"less bandwidth":              {KindConnection, line(map[string]any{"bandwidth_mbps": 2.0}), line(map[string]any{"bandwidth_mbps": 1.0}), true},
		"a circuit's reference":       {KindConnection, line(map[string]any{"reference": "a"}), line(map[string]any{"reference": "b"}), false},
		"another organisation":        {KindConnection, Declared{"ods_code": "A1B2C"}, Declared{"ods_code": "B2C3D"}, false},
		"the customer writes rules":   {KindEdgeAttachment, nil, Declared{"fulfilment": "customer"}, true},
		"the provider writes rules":   {KindEdgeAttachment, Declared{"fulfilment": "customer"}, nil, true},
		"a network that is declared":  {KindEdgeAttachment, nil, Declared{"networks": map[string]any{"a": map[string]any{}}}, false},
		"another document, to a copy": {KindAgreementEvidence, Declared{"document_sha256": "0a"}, Declared{"document_sha256": "0b"}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changes := Changes(c.kind, c.prior, c.proposed)
			if len(changes) != 1 || changes[0].Fulfilled != c.want {
				t.Errorf("the changes are %+v, want one that is fulfilled: %t", changes, c.want)
			}
		})
	}
}

// Only widening attributes widen, and nothing differs from itself, however it is spelt.
func TestChangesLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		kind := rapid.SampledFrom([]Kind{KindConnection, KindEdgeAttachment}).Draw(r, "kind")
		one, other := anyDeclared(r, kind, "one"), anyDeclared(r, kind, "other")
		if changes := Changes(kind, one, one); len(changes) > 0 {
			r.Fatalf("differs from itself: %v", changes)
		}
		forth, back := Changes(kind, one, other), Changes(kind, other, one)
		if len(forth) != len(back) {
			r.Fatalf("%d changes one way, %d the other: %v %v", len(forth), len(back), forth, back)
		}
		for _, change := range forth {
			if change.Widens && change.Change != Widening {
				r.Fatalf("%v widens, but is %d", change.Path, change.Change)
			}
		}
	})
}

// anyDeclared draws a declaration in which every attribute of the kind is given or not.
func anyDeclared(r *rapid.T, kind Kind, label string) Declared {
	declared := Declared{}
	for _, attribute := range Attributes(kind) {
		path := strings.Split(strings.ReplaceAll(attribute.Path, "*", "K1B"), ".")
		if attribute.keys || !rapid.Bool().Draw(r, label+" has "+attribute.Path) {
			continue
		}
		value := rapid.SampledFrom([]any{"a", "B", "2027-01-01T00:00:00Z", true, false, 1.0, 2.0, []any{"a", "b"}, []any{}, nil}).Draw(r, label+" "+attribute.Path)
		declared = declared.put(path, value)
	}
	return declared
}

func TestAttributesAreOneTable(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{KindConnection, KindEdgeAttachment} {
		var paths, maps []string
		for _, attribute := range Attributes(kind) {
			if slices.Contains(paths, attribute.Path) {
				t.Errorf("%s: %s is there twice", kind, attribute.Path)
			}
			paths = append(paths, attribute.Path)
			if attribute.keys {
				maps = append(maps, attribute.Path)
			}
			if attribute.Change.Sentence() == "" {
				t.Errorf("%s: %s changes in no way that has a sentence", kind, attribute.Path)
			}
			if attribute.widens != nil && attribute.Change != Widening {
				t.Errorf("%s: %s says when it widens, but is not widening", kind, attribute.Path)
			}
			if parent, _, inMap := strings.Cut(attribute.Path, ".*"); inMap && !slices.Contains(maps, parent) {
				t.Errorf("%s: %s is in a map whose keys are not in the table before it", kind, attribute.Path)
			}
		}
	}
	if Attributes("nothing") != nil || Change(0).Sentence() != "" {
		t.Error("what is no kind or no change has a table or a sentence")
	}
}
