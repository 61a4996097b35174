package passthrough

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// complaining answers every call with a diagnostic at a path that Terraform does not find.
type complaining struct{ downstream }

func complaint() []*tfprotov6.Diagnostic {
	return []*tfprotov6.Diagnostic{{
		Detail:    "It is blank.",
		Attribute: tftypes.NewAttributePath().WithAttributeName("profile").WithAttributeName("security_lead").WithAttributeName("name"),
	}}
}

func (complaining) ValidateResourceConfig(
	context.Context, *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{Diagnostics: complaint()}, nil
}

func (complaining) ValidateDataResourceConfig(
	context.Context, *tfprotov6.ValidateDataResourceConfigRequest,
) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return &tfprotov6.ValidateDataResourceConfigResponse{Diagnostics: complaint()}, nil
}

func (complaining) PlanResourceChange(
	context.Context, *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	return &tfprotov6.PlanResourceChangeResponse{Diagnostics: complaint()}, nil
}

func (complaining) ApplyResourceChange(
	context.Context, *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return &tfprotov6.ApplyResourceChangeResponse{Diagnostics: complaint()}, nil
}

func (complaining) ReadDataSource(context.Context, *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return &tfprotov6.ReadDataSourceResponse{Diagnostics: complaint()}, nil
}

func TestEveryCallPlacesItsDiagnostics(t *testing.T) {
	t.Parallel()
	s := &server{downstream: complaining{}}
	for name, call := range map[string]func(context.Context) ([]*tfprotov6.Diagnostic, error){
		"validating a resource": func(ctx context.Context) ([]*tfprotov6.Diagnostic, error) {
			resp, err := s.ValidateResourceConfig(ctx, nil)
			return resp.Diagnostics, err
		},
		"validating a data source": func(ctx context.Context) ([]*tfprotov6.Diagnostic, error) {
			resp, err := s.ValidateDataResourceConfig(ctx, nil)
			return resp.Diagnostics, err
		},
		"planning": func(ctx context.Context) ([]*tfprotov6.Diagnostic, error) {
			resp, err := s.PlanResourceChange(ctx, nil)
			return resp.Diagnostics, err
		},
		"applying": func(ctx context.Context) ([]*tfprotov6.Diagnostic, error) {
			resp, err := s.ApplyResourceChange(ctx, nil)
			return resp.Diagnostics, err
		},
		"reading a data source": func(ctx context.Context) ([]*tfprotov6.Diagnostic, error) {
			resp, err := s.ReadDataSource(ctx, nil)
			return resp.Diagnostics, err
		},
	} {
		diagnostics, err := call(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := diagnostics[0].Attribute.String(); got != `AttributeName("profile")` {
			t.Errorf("%s: it stands at %s", name, got)
		}
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	root := tftypes.NewAttributePath().WithAttributeName
	for name, test := range map[string]struct {
		at           *tftypes.AttributePath
		detail       string
		place, wants string
	}{
		"no place":        {nil, "It is so.", "", "It is so."},
		"an attribute":    {root("name"), "It is so.", `AttributeName("name")`, "It is so."},
		"a key":           {root("networks").WithElementKeyString("a-b"), "It is so.", `AttributeName("networks").ElementKeyString("a-b")`, "It is so."},
		"in an attribute": {root("agreement").WithAttributeName("basis"), "It is so.", `AttributeName("agreement")`, "agreement.basis: It is so."},
		"said already": {
			root("agreement").WithAttributeName("basis"), "Set agreement.basis.",
			`AttributeName("agreement")`, "Set agreement.basis.",
		},
		"under a key": {
			root("networks").WithElementKeyString("a-b").WithAttributeName("cidr"), "It is so.",
			`AttributeName("networks").ElementKeyString("a-b")`, `networks["a-b"].cidr: It is so.`,
		},
		"a key further down": {
			root("profile").WithAttributeName("shared_with").WithElementKeyString("X26"), "It is so.",
			`AttributeName("profile")`, `profile.shared_with["X26"]: It is so.`,
		},
		"an element of a list": {root("list").WithElementKeyInt(3).WithAttributeName("on"), "It is so.", `AttributeName("list").ElementKeyInt(3)`, "list[3].on: It is so."},
		"an element of a set": {
			root("networks").WithElementKeyString("a-b").WithAttributeName("dns_servers").
				WithElementKeyValue(tftypes.NewValue(tftypes.String, "x")), "It is so.",
			`AttributeName("networks").ElementKeyString("a-b")`, `networks["a-b"].dns_servers: It is so.`,
		},
	} {
		d := &tfprotov6.Diagnostic{Detail: test.detail, Attribute: test.at}
		place([]*tfprotov6.Diagnostic{d})
		got := ""
		if d.Attribute != nil {
			got = d.Attribute.String()
		}
		if got != test.place || d.Detail != test.wants {
			t.Errorf("%s: it stands at %q, and says %q", name, got, d.Detail)
		}
	}
}
