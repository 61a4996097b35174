package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// Bounds of a title that is searched for, which are the contract's.
const (
	shortestTitle = 3
	longestTitle  = 256
)

// organisationArguments are how a data source is told which organisation is meant.
func organisationArguments() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"ods_code": schema.StringAttribute{
			Optional: true, Computed: true,
			Validators: []validator.String{
				stringvalidator.ExactlyOneOf(path.MatchRoot("ods_code"), path.MatchRoot("title")),
				formatValidator{"Malformed ODS code", "an ODS code such as A1B2C", hscn.ValidateODSCode},
			},
			MarkdownDescription: "Its ODS code, such as `A1B2C`, in upper or lower case. Give it or `title`.",
		},
		"title": schema.StringAttribute{
			Optional: true, Computed: true,
			Validators: []validator.String{stringvalidator.UTF8LengthBetween(shortestTitle, longestTitle)},
			MarkdownDescription: "Its name in the directory, or a part of it that no other organisation has, in upper or lower case: " +
				"only those that somebody has looked up are found by it. Give it or `ods_code`. Once read it is the directory's own; null where that has none.",
		},
		"bound": flag("Whether your account may act for it."),
	}
}

// foundOrganisation is what is known of an organisation, and the broker's time.
type foundOrganisation struct {
	api.OrganisationFacts
	now api.Instant
}

// organisation reads the organisation that a configuration names.
func (s *source) organisation(ctx context.Context, config tfsdk.Config) (foundOrganisation, diag.Diagnostics) {
	var code, title types.String
	diags := config.GetAttribute(ctx, path.Root("ods_code"), &code)
	diags.Append(config.GetAttribute(ctx, path.Root("title"), &title)...)
	c := s.session.caller(&diags)
	if diags.HasError() {
		return foundOrganisation{}, diags
	}
	list, err := c.Organisations(ctx, api.ListOrganisationsParams{OdsCode: code.ValueStringPointer(), Title: title.ValueStringPointer()})
	if err != nil {
		diags.Append(s.operation("organisation").failed(ctx, err)...)
		return foundOrganisation{}, diags
	}
	one, missing := theOne(list.Items, code, title)
	if missing != nil {
		diags.Append(missing)
	}
	return foundOrganisation{OrganisationFacts: one, now: list.Now}, diags
}

// theOne is the organisation that is meant: the only one, or the only one of just that title.
func theOne(found []api.OrganisationFacts, code, title types.String) (api.OrganisationFacts, diag.Diagnostic) {
	if len(found) > 1 {
		whole := slices.DeleteFunc(slices.Clone(found), func(o api.OrganisationFacts) bool { return !strings.EqualFold(titleOf(o), title.ValueString()) })
		if len(whole) == 1 {
			found = whole
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && title.IsNull():
		return api.OrganisationFacts{}, diag.NewAttributeErrorDiagnostic(path.Root("ods_code"), "No such organisation", fmt.Sprintf(
			"The broker knows nothing of %s. Ask your cloud service provider to look it up.", hscn.CanonicalODSCode(code.ValueString())))
	case len(found) == 0:
		return api.OrganisationFacts{}, diag.NewAttributeErrorDiagnostic(path.Root("title"), "No such organisation", fmt.Sprintf(
			"No organisation that somebody has looked up has %q in its name. Check the spelling, or give its ods_code instead: "+
				"the NHS's ODS Data Search and Export (https://www.odsdatasearchandexport.nhs.uk) finds that by name. "+
				"One that nobody has looked up yet has to be looked up by your cloud service provider first.", title.ValueString()))
	}
	const most = 10
	var lines []string
	for _, o := range found[:min(len(found), most)] {
		lines = append(lines, fmt.Sprintf("  %s  %s", o.OdsCode, titleOf(o)))
	}
	if len(found) > most {
		lines = append(lines, fmt.Sprintf("  and %d more", len(found)-most))
	}
	return api.OrganisationFacts{}, diag.NewAttributeErrorDiagnostic(path.Root("title"), "Several organisations have that title", fmt.Sprintf(
		"%q is in the names of:\n\n%s\n\nGive the ods_code of the one that is meant, or its whole name.", title.ValueString(), strings.Join(lines, "\n")))
}

func titleOf(o api.OrganisationFacts) string {
	if o.Directory == nil {
		return ""
	}
	return given(o.Directory.Title)
}
