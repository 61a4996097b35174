package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

var identityType = tftypes.Object{AttributeTypes: map[string]tftypes.Type{"account": tftypes.String, "id": tftypes.String}}

// identified makes an identity; without an account it has none.
func (p *protocol) identified(account, id string) *tfprotov6.ResourceIdentityData {
	p.t.Helper()
	members := map[string]tftypes.Value{"account": tftypes.NewValue(tftypes.String, nil), "id": tftypes.NewValue(tftypes.String, id)}
	if account != "" {
		members["account"] = tftypes.NewValue(tftypes.String, account)
	}
	return &tfprotov6.ResourceIdentityData{IdentityData: p.dynamic(identityType, tftypes.NewValue(identityType, members))}
}

// identified is what an outcome is identified by, as "account id".
func (s outcome) identified(t *testing.T) string {
	t.Helper()
	if s.identity == nil || s.identity.IdentityData == nil {
		return "(none)"
	}
	value, err := s.identity.IdentityData.Unmarshal(identityType)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]tftypes.Value
	if err := value.As(&members); err != nil {
		t.Fatal(err)
	}
	words := make([]string, 0, len(members))
	for _, name := range []string{"account", "id"} {
		var text string
		if members[name].IsNull() {
			text = "(null)"
		} else if err := members[name].As(&text); err != nil {
			t.Fatal(err)
		}
		words = append(words, text)
	}
	return strings.Join(words, " ")
}

// imports is what an import is before its read. Either the id is given or the identity.
func (p *protocol) imports(resource, id string, identity *tfprotov6.ResourceIdentityData) (outcome, []*tfprotov6.Diagnostic) {
	p.t.Helper()
	resp, err := p.server.ImportResourceState(p.t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: resource, ID: id, Identity: identity})
	if err != nil {
		p.t.Fatal(err)
	}
	if len(resp.ImportedResources) == 0 {
		return outcome{}, resp.Diagnostics
	}
	imported := resp.ImportedResources[0]
	return p.stored(outcome{resource: resource}, imported.State, imported.Private, imported.Identity), resp.Diagnostics
}

func TestTheIdentitiesAreTheAccountAndTheFullName(t *testing.T) {
	t.Parallel()
	p, _ := speak(t, nil)
	resp, err := p.server.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	p.noErrors(resp.Diagnostics)
	if len(resp.IdentitySchemas) != len(p.schema.ResourceSchemas) {
		t.Errorf("of %d resources %d have an identity", len(p.schema.ResourceSchemas), len(resp.IdentitySchemas))
	}
	for name, schema := range resp.IdentitySchemas {
		var has []string
		for _, a := range schema.IdentityAttributes {
			has = append(has, fmt.Sprintf("%s required=%t optional=%t", a.Name, a.RequiredForImport, a.OptionalForImport))
			if !strings.HasSuffix(a.Description, ".") {
				t.Errorf("%s.%s is described as %q", name, a.Name, a.Description)
			}
		}
		slices.Sort(has)
		if want := []string{"account required=false optional=true", "id required=true optional=false"}; !slices.Equal(has, want) || schema.Version != 0 {
			t.Errorf("%s has %v in version %d", name, has, schema.Version)
		}
	}
}

// Every answer says which object it is, whether or not the CLI that asks keeps it: state that was written without an
// identity has one from its next read or change on.
func TestProtocolEveryAnswerHasTheIdentity(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	const want = "676 " + connectionName
	forgotten := func(o outcome) outcome { o.identity = nil; return o }
	is := func(when string, o outcome, diags []*tfprotov6.Diagnostic) outcome {
		t.Helper()
		p.noErrors(diags)
		if got := o.identified(t); got != want {
			t.Errorf("%s: it is %s", when, got)
		}
		return o
	}

	state := made(t, p, connection(nil))
	is("made", state, nil)
	read, diags := p.read(state)
	is("read", read, diags)
	read, diags = p.read(forgotten(state))
	state = is("read, written by an older CLI", read, diags)

	changed, diags := p.apply(forgotten(p.plan("hscn_connection", connection(obj{"purchase_order": "PO-1"}), state.state, state.private)), state.state)
	state = is("changed", changed, diags)
	changed, diags = p.apply(forgotten(p.plan("hscn_connection", connection(obj{"purchase_order": "PO-1", "timeouts": obj{"create": "1h"}}),
		state.state, state.private)), state.state)
	state = is("changed in what is Terraform's alone", changed, diags)

	// Nothing is asked while the provider's configuration is not known, and the identity stays.
	unasked := speakTo(t, site.URL(), obj{"token": unknown})
	read, diags = unasked.read(forgotten(state))
	is("not read", read, diags)

	site.Remove(connectionName)
	gone, diags := p.read(forgotten(state))
	p.noErrors(diags)
	if !gone.state.IsNull() {
		t.Error("what ceases is still in state")
	}
}

func TestProtocolImports(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	state := made(t, p, connection(nil))
	for _, test := range []struct {
		name, id string
		identity *tfprotov6.ResourceIdentityData
	}{
		{"by id", connectionName, nil},
		{"by identity", "", p.identified("676", connectionName)},
		{"by identity without an account", "", p.identified("", connectionName)},
	} {
		imported, diags := p.imports("hscn_connection", test.id, test.identity)
		p.noErrors(diags)
		read, diags := p.read(imported)
		p.noErrors(diags)
		if !read.state.Equal(state.state) || read.identified(t) != "676 "+connectionName {
			t.Errorf("%s: it is %s: %s", test.name, read.identified(t), read.state)
		}
		plan := p.plan("hscn_connection", connection(nil), read.state, read.private)
		if p.noErrors(plan.diags); !plan.state.Equal(read.state) {
			t.Errorf("%s: the plan after it changes something: %s", test.name, plan.state)
		}
	}
}

func TestProtocolImportsThatFindNothing(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	p := speakTo(t, site.URL(), obj{"token": site.Token})
	made(t, p, connection(nil))
	// A token of two accounts, of which the provider asks for the other one.
	both := site.As(api.TokenSpec{Subject: "both", Accounts: []string{acctest.Account, acctest.OtherAccount}})
	other := speakTo(t, site.URL(), obj{"token": both.Token, "account": acctest.OtherAccount})

	for _, test := range []struct {
		name     string
		p        *protocol
		resource string
		id       string
		identity *tfprotov6.ResourceIdentityData
		says     []string
	}{
		{"no such", p, "hscn_connection", "connections/no-such", nil, []string{
			"Error importing connection", "There is no connections/no-such for the account 676, or no longer", "Request: ",
		}},
		{"another account's", other, "hscn_connection", connectionName, nil, []string{
			"There is no " + connectionName + " for the account 90, or no longer",
		}},
		{"another account's, by identity", other, "hscn_connection", "", p.identified("676", connectionName), []string{
			"The identity says account 676, and the provider asks for the account 90",
		}},
		{"what another account would have", p, "hscn_connection", "", p.identified("90", connectionName), []string{
			"The identity says account 90, and the provider asks for the account 676",
		}},
		{"neither", p, "hscn_edge_attachment", "", p.identified("90", edgeName), []string{
			"Error importing edge attachment: The identity says account 90, and the provider asks for the account 676",
		}},
		{"evidence", p, "hscn_agreement_evidence", "", p.identified("676", evidenceName), []string{
			"Error importing agreement evidence: There is no agreement-evidence/ca-2026 for the account 676",
		}},
		{"another form", p, "hscn_edge_attachment", connectionName, nil, []string{
			`does not have the form connections/<connection>/edge-attachments/<name>`,
		}},
		{"another form, by identity", p, "hscn_agreement_evidence", "", p.identified("", "ca-2026"), []string{
			`does not have the form agreement-evidence/<name>`,
		}},
		{"before the provider is configured", speakTo(t, site.URL(), obj{"token": unknown}), "hscn_connection", connectionName, nil, []string{
			"The provider's configuration is not known yet",
		}},
	} {
		imported, diags := test.p.imports(test.resource, test.id, test.identity)
		if len(ofSeverity(diags, isError)) == 0 {
			_, diags = test.p.read(imported)
		}
		if errors := ofSeverity(diags, isError); len(errors) != 1 {
			t.Errorf("%s: it says\n%s", test.name, show(diags))
		}
		says(t, diags, test.says...)
	}
}

// A broker that fails while something is imported says nothing of whether it is there.
func TestProtocolAnImportThatIsNotAnswered(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusServiceUnavailable, "unavailable")
	}))
	t.Cleanup(server.Close)
	p := speakTo(t, server.URL, nil)
	imported, diags := p.imports("hscn_connection", connectionName, nil)
	p.noErrors(diags)
	_, diags = p.read(imported)
	says(t, ofSeverity(diags, isError), "Error reading connection", "apply again in a few minutes")
}
