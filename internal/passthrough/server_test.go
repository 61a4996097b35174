package passthrough_test

import (
	"context"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/hscn-connect/terraform-provider-hscn/internal/passthrough"
)

// seen is what an observer was told.
type seen []string

func (s *seen) InState(resourceType, id string) { *s = append(*s, resourceType+" "+id) }

// things is a provider with one resource, thing, that has an id.
type things struct{ provider.Provider }

func (things) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return thing{} }}
}

func (things) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "a"
}

func (things) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

func (things) DataSources(context.Context) []func() datasource.DataSource { return nil }

type thing struct{ resource.Resource }

func (thing) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "a_thing"
}

func (thing) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{"id": schema.StringAttribute{Computed: true}}}
}

func wrapped() (tfprotov6.ProviderServer, *seen) {
	told := &seen{}
	return passthrough.Wrap(providerserver.NewProtocol6(things{})(), told), told
}

func TestWhatIsInStateIsTold(t *testing.T) {
	t.Parallel()
	server, told := wrapped()
	for name, test := range map[string]struct {
		json string
		want seen
	}{
		"an object":             {`{"id": "things/one"}`, seen{"a_thing things/one"}},
		"an id that is null":    {`{"id": null}`, nil},
		"no id":                 {`{}`, nil},
		"what is no object":     {`["things/one"]`, nil},
		"what is no JSON":       {`{"id": "things/one"`, nil},
		"what the schema lacks": {`{"id": "things/one", "no_such": {"id": "things/two"}}`, seen{"a_thing things/one"}},
	} {
		*told = nil
		resp, err := server.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{
			TypeName: "a_thing", RawState: &tfprotov6.RawState{JSON: []byte(test.json)},
		})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(*told, test.want) {
			t.Errorf("%s: it told of %v: %v", name, *told, resp.Diagnostics)
		}
	}
	*told = nil
	if _, err := server.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{TypeName: "a_thing"}); err != nil || *told != nil {
		t.Errorf("without a state it told of %v: %v", *told, err)
	}
}

// An answer goes through as the framework gave it.
func TestTheAnswerIsTheFrameworks(t *testing.T) {
	t.Parallel()
	server, _ := wrapped()
	resp, err := server.UpgradeResourceState(t.Context(), &tfprotov6.UpgradeResourceStateRequest{
		TypeName: "a_thing", RawState: &tfprotov6.RawState{JSON: []byte(`{"id": "things/one"}`)},
	})
	if err != nil || len(resp.Diagnostics) > 0 {
		t.Fatal(err, resp.Diagnostics)
	}
	typ := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"id": tftypes.String}}
	state, err := resp.UpgradedState.Unmarshal(typ)
	want := tftypes.NewValue(typ, map[string]tftypes.Value{"id": tftypes.NewValue(tftypes.String, "things/one")})
	if err != nil || !state.Equal(want) {
		t.Errorf("it is %s, %v", state, err)
	}
}

// What the protocol's server looks for by type is still there.
func TestNothingOfTheFrameworksIsTakenAway(t *testing.T) {
	t.Parallel()
	server, _ := wrapped()
	_, lists := server.(tfprotov6.ProviderServerWithListResource) //nolint:staticcheck // deprecated, and what the protocol's server asks for
	_, acts := server.(tfprotov6.ProviderServerWithActions)       //nolint:staticcheck // the same
	_, stores := server.(tfprotov6.ProviderServerWithStateStores) //nolint:staticcheck // the same
	if !lists || !acts || !stores {
		t.Errorf("list resources %t, actions %t, state stores %t", lists, acts, stores)
	}
}

func TestAServerThatServesLessIsAFault(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("it takes what the framework would not serve")
		}
	}()
	passthrough.Wrap(struct{ tfprotov6.ProviderServer }{}, &seen{})
}
