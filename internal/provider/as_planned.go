package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

// notRead stands in private state for the revision of an object that state does not have as it is.
const notRead = "not-read"

// storePlanned puts into state what an apply has ordered. Terraform takes a value that is not the planned one for a fault of
// the provider's, and replaces what it has just made; but the broker answers with the object as it is by then, which
// somebody may have changed already, and by the policy of that moment. State has what was planned in such a case, with a
// warning. It has no revision of the broker's then, so that nothing passes for unchanged, nor is changed, before it was read
// again.
func (l *lifecycle[A, M, P]) storePlanned(
	ctx context.Context, object A, plan P, state *tfsdk.State, told *tfsdk.ResourceIdentity, private keeper,
) diag.Diagnostics {
	filled := *plan
	diags := P(&filled).fromAPI(ctx, object)
	if diags.HasError() {
		return diags
	}
	planned, d := types.ObjectValueFrom(ctx, l.types(), plan)
	diags.Append(d...)
	found, d := types.ObjectValueFrom(ctx, l.types(), &filled)
	diags.Append(d...)
	if diags.HasError() {
		return diags
	}
	values, which := found.Attributes(), l.order(object).identity
	var differing []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if want := planned.Attributes()[name]; isWhollyKnown(want) && !want.Equal(values[name]) {
			differing = append(differing, fmt.Sprintf("  %s: planned %s, is %s", name, inShort(want), inShort(values[name])))
			values[name] = want
		}
	}
	if differing != nil {
		diags.Append(l.notAsPlanned(object, differing))
		which.Etag, which.Version = notRead, notRead
		whole, d := types.ObjectValue(l.types(), values)
		diags.Append(d...)
		var asPlanned M
		diags.Append(whole.As(ctx, &asPlanned, basetypes.ObjectAsOptions{})...)
		filled = asPlanned
	}
	if !diags.HasError() {
		diags.Append(l.store(ctx, object, which, &filled, state, told, private)...)
	}
	return diags
}

// notAsPlanned says how an order differs from what was planned.
func (l *lifecycle[A, M, P]) notAsPlanned(object A, differing []string) diag.Diagnostic {
	now := l.order(object)
	return diag.NewWarningDiagnostic("The "+l.noun+" is not as planned", fmt.Sprintf(
		"%s was ordered, and the broker shows it otherwise than it was planned. It was last changed by %s on %s; what the broker adds goes by the policy of "+
			"that moment.\n\n%s\n\nState has it as planned for now. The next plan shows what it is and what would change.",
		now.name, now.updatedBy, moment(now.updatedAt), strings.Join(differing, "\n")))
}

// inShort is a value as a line has room for it. None that can differ is sensitive: a test holds the schemas to that.
func inShort(value attr.Value) string {
	if value.IsNull() {
		return "none"
	}
	text := []rune(value.String())
	if len(text) > maxShownValue {
		return string(text[:maxShownValue]) + "..."
	}
	return string(text)
}

// asWarnings makes warnings of errors about what stands none the less.
func asWarnings(diags diag.Diagnostics) diag.Diagnostics {
	var warnings diag.Diagnostics
	for _, d := range diags {
		warnings.AddWarning(d.Summary(), d.Detail())
	}
	return warnings
}
