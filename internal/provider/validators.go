package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// formatValidator judges the form of a string by a function of package hscn. It has no opinion on null and unknown.
type formatValidator struct {
	title       string // the summary of its errors
	description string
	check       func(string) error
}

var _ validator.String = formatValidator{}

func (v formatValidator) Description(context.Context) string         { return v.description }
func (v formatValidator) MarkdownDescription(context.Context) string { return v.description }

func (v formatValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	err := v.check(req.ConfigValue.ValueString())
	if err == nil {
		return
	}
	detail := "The " + err.Error() + "."
	var format *hscn.FormatError
	if !errors.As(err, &format) {
		detail = err.Error() + "."
	}
	resp.Diagnostics.AddAttributeError(req.Path, v.title, detail)
}

func dateValidator() formatValidator {
	return formatValidator{"Malformed date", "a date such as 2026-11-02", func(s string) error {
		_, err := hscn.ParseDate(s)
		return err
	}}
}

func emailValidator() formatValidator {
	return formatValidator{"Malformed e-mail address", "an address such as name@example.nhs.uk", hscn.ValidateEmail}
}

func instantValidator() formatValidator {
	return formatValidator{"Malformed time", "a date and time with a zone, such as 2027-01-12T10:00:00Z", func(s string) error {
		_, err := hscn.CanonicalInstant(s)
		return err
	}}
}

var money = regexp.MustCompile(`^\d+\.\d{2}$`)

func moneyValidator() formatValidator {
	return formatValidator{"Malformed sum", "a sum in pounds and pence, such as 1250.00", func(s string) error {
		if !money.MatchString(s) {
			return &hscn.FormatError{Word: "sum", Value: s, Problem: "is not in pounds and pence, such as 1250.00"}
		}
		return nil
	}}
}

// idValidator judges the full name of another resource.
func idValidator(parse func(string) error) formatValidator {
	return formatValidator{"Malformed id", "the id of another resource", parse}
}

func networkValidator() formatValidator {
	return formatValidator{"Malformed network", "a range of IPv4 addresses such as 192.168.10.0/24", func(s string) error {
		prefix, err := netip.ParsePrefix(s)
		if err != nil || !prefix.Addr().Is4() {
			return &hscn.FormatError{Word: "network", Value: s, Problem: "is not a range of IPv4 addresses, such as 192.168.10.0/24"}
		}
		return nil
	}}
}

// networkHasRange demands the range of a network.
type networkHasRange struct{}

var _ validator.Object = networkHasRange{}

func (networkHasRange) Description(context.Context) string         { return "cidr must be given" }
func (networkHasRange) MarkdownDescription(context.Context) string { return "`cidr` must be given" }

func (networkHasRange) ValidateObject(_ context.Context, req validator.ObjectRequest, resp *validator.ObjectResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if cidr, ok := req.ConfigValue.Attributes()["cidr"]; ok && cidr.IsNull() {
		resp.Diagnostics.AddAttributeError(req.Path, "No range given", "A network needs its range of IPv4 addresses: cidr, such as 192.168.10.0/24.")
	}
}

// elementsValidator judges every string in a set, one by one.
type elementsValidator struct{ each formatValidator }

var _ validator.Set = elementsValidator{}

func (v elementsValidator) Description(context.Context) string { return "each " + v.each.description }

func (v elementsValidator) MarkdownDescription(context.Context) string {
	return "each " + v.each.description
}

func (v elementsValidator) ValidateSet(_ context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	for _, element := range req.ConfigValue.Elements() {
		text, ok := element.(types.String)
		if !ok || text.IsNull() || text.IsUnknown() {
			continue
		}
		if err := v.each.check(text.ValueString()); err != nil {
			resp.Diagnostics.AddAttributeError(req.Path.AtSetValue(element), v.each.title, "The "+err.Error()+".")
		}
	}
}

func addressesValidator() elementsValidator {
	return elementsValidator{formatValidator{"Malformed address", "an IPv4 address such as 192.168.10.53", func(s string) error {
		address, err := netip.ParseAddr(s)
		if err != nil || !address.Is4() {
			return &hscn.FormatError{Word: "address", Value: s, Problem: "is not an IPv4 address, such as 192.168.10.53"}
		}
		return nil
	}}}
}

var country = regexp.MustCompile(`^[A-Za-z]{2}$`)

func countriesValidator() elementsValidator {
	return elementsValidator{formatValidator{"Malformed country", "a country's code of two letters such as IE", func(s string) error {
		if !country.MatchString(s) {
			return &hscn.FormatError{Word: "country", Value: s, Problem: "is not a code of two letters (ISO 3166-1), such as IE"}
		}
		return nil
	}}}
}

// namedKeys demands that the keys of a map, which the customer invents, are names.
type namedKeys struct{}

var _ validator.Map = namedKeys{}

func (namedKeys) Description(context.Context) string         { return "each key is a name" }
func (namedKeys) MarkdownDescription(context.Context) string { return "each key is a name" }

func (namedKeys) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	for _, key := range slices.Sorted(maps.Keys(req.ConfigValue.Elements())) {
		if err := hscn.ValidateName(key); err != nil {
			resp.Diagnostics.AddAttributeError(req.Path.AtMapKey(key), "Malformed name", "The "+err.Error()+".")
		}
	}
}

// distinctKeys demands that no two keys of a map are spellings of one.
type distinctKeys struct {
	canonical func(string) string
	noun      string
}

var _ validator.Map = distinctKeys{}

func (distinctKeys) Description(context.Context) string { return "no key twice, in two spellings" }

func (distinctKeys) MarkdownDescription(context.Context) string {
	return "no key twice, in two spellings"
}

func (v distinctKeys) ValidateMap(_ context.Context, req validator.MapRequest, resp *validator.MapResponse) {
	seen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(req.ConfigValue.Elements())) {
		if other, twice := seen[v.canonical(key)]; twice {
			resp.Diagnostics.AddAttributeError(req.Path.AtMapKey(key), "The same "+v.noun+" twice",
				fmt.Sprintf("%q and %q are two spellings of one %s: leave one of them out.", other, key, v.noun))
		}
		seen[v.canonical(key)] = key
	}
}

// durationValidator judges a length of time.
type durationValidator struct{}

var _ validator.String = durationValidator{}

func (durationValidator) Description(context.Context) string { return "a length of time such as 30s" }

func (durationValidator) MarkdownDescription(context.Context) string {
	return "a length of time such as `30s`"
}

func (durationValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || req.ConfigValue.ValueString() == "" {
		return
	}
	if _, err := parseDuration(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Malformed length of time", fmt.Sprintf("%s.", err))
	}
}
