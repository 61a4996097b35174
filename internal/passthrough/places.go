package passthrough

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// ValidateResourceConfig hands on, with the diagnostics where Terraform finds them.
func (s *server) ValidateResourceConfig(
	ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest,
) (*tfprotov6.ValidateResourceConfigResponse, error) {
	resp, err := s.downstream.ValidateResourceConfig(ctx, req)
	if resp != nil {
		place(resp.Diagnostics)
	}
	return resp, err
}

// ValidateDataResourceConfig hands on, with the diagnostics where Terraform finds them.
func (s *server) ValidateDataResourceConfig(
	ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest,
) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	resp, err := s.downstream.ValidateDataResourceConfig(ctx, req)
	if resp != nil {
		place(resp.Diagnostics)
	}
	return resp, err
}

// PlanResourceChange hands on, with the diagnostics where Terraform finds them.
func (s *server) PlanResourceChange(
	ctx context.Context, req *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	resp, err := s.downstream.PlanResourceChange(ctx, req)
	if resp != nil {
		place(resp.Diagnostics)
	}
	return resp, err
}

// ApplyResourceChange hands on, with the diagnostics where Terraform finds them.
func (s *server) ApplyResourceChange(
	ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	resp, err := s.downstream.ApplyResourceChange(ctx, req)
	if resp != nil {
		place(resp.Diagnostics)
	}
	return resp, err
}

// ReadDataSource hands on, with the diagnostics where Terraform finds them.
func (s *server) ReadDataSource(
	ctx context.Context, req *tfprotov6.ReadDataSourceRequest,
) (*tfprotov6.ReadDataSourceResponse, error) {
	resp, err := s.downstream.ReadDataSource(ctx, req)
	if resp != nil {
		place(resp.Diagnostics)
	}
	return resp, err
}

// place cuts the paths of diagnostics to what Terraform and OpenTofu find in a configuration: an attribute of the block,
// and a key in it. For a longer path they show the header of the block, or an attribute of the block that has the last
// step's name by chance, so that what is wrong with profile.security_lead.name would stand beside the resource's own
// name. What is cut off the text says, where it does not already.
func place(diagnostics []*tfprotov6.Diagnostic) {
	for _, d := range diagnostics {
		steps := d.Attribute.Steps()
		found := min(len(steps), 1)
		if len(steps) > 1 {
			if _, isAttribute := steps[1].(tftypes.AttributeName); !isAttribute {
				found = 2
			}
		}
		if found == len(steps) {
			continue
		}
		if whole := written(steps); !strings.Contains(d.Detail, whole) {
			d.Detail = whole + ": " + d.Detail
		}
		d.Attribute = tftypes.NewAttributePathWithSteps(steps[:found])
	}
}

// written is a path as an expression writes it. An element of a set has no place of its own.
func written(steps []tftypes.AttributePathStep) string {
	var b strings.Builder
	for _, step := range steps {
		switch step := step.(type) {
		case tftypes.AttributeName:
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(string(step))
		case tftypes.ElementKeyString:
			fmt.Fprintf(&b, "[%q]", string(step))
		case tftypes.ElementKeyInt:
			fmt.Fprintf(&b, "[%d]", int64(step))
		}
	}
	return b.String()
}
