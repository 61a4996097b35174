// Command preconditions writes the documentation's page of preconditions from the rule catalogue, so that ids,
// severities, sources and remedies are those that plan and broker judge by.
package main

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"strings"
	"text/template"

	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

//go:generate go run . ../../templates/guides/preconditions.md

//go:embed page.md.tmpl
var page string

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: preconditions FILE")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file string) error {
	var text strings.Builder
	if err := write(&text, rules.Catalogue()); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text.String()), 0o600)
}

// write writes the page.
func write(w io.Writer, catalogue []rules.Rule) error {
	functions := template.FuncMap{
		"severity": severity, "shown": shown, "applies": applies, "owner": owner, "objects": objects,
		"remedy": func(r rules.Rule) string { return r.RemedyFor(rules.Policy{}) },
	}
	parsed, err := template.New("page").Funcs(functions).Parse(page)
	if err != nil {
		return err
	}
	return parsed.Execute(w, catalogue)
}

// severity says what the rule does to an order, and who may change that.
func severity(r rules.Rule) string {
	switch {
	case r.Fixed:
		return "error, fixed: no policy and no waiver makes less of it"
	case r.Applies == rules.AppliesAll:
		return "warning at the most"
	case r.Severity == rules.Error:
		return "error, unless the policy says otherwise"
	default:
		return string(r.Severity) + ", unless the policy says otherwise"
	}
}

// shown says where a finding is first shown. The broker asks every rule all the same.
func shown(r rules.Rule) string {
	switch {
	case r.PlanOnly:
		return "in the plan, of whose shape it is; the broker sees no plan"
	case r.Where&rules.AtValidate != 0:
		return "by `terraform validate`, in the plan, and on the order"
	case r.Where&rules.AtPlan != 0:
		return "in the plan, and on the order"
	default:
		return "on the order"
	}
}

// applies says which orders are asked.
func applies(r rules.Rule) string {
	switch r.Applies {
	case rules.AppliesNew:
		if r.Watches {
			return "new orders, and changes that ask for more; of what stays as it is it warns in every plan"
		}
		return "new orders, and changes that ask for more"
	case rules.AppliesAny:
		return "every order and every change"
	case rules.AppliesAll:
		return "every object, unchanged ones too, as a warning"
	case rules.AppliesDelete:
		return "what is given up"
	default:
		return ""
	}
}

// owner says who can usually put it right.
func owner(r rules.Rule) string {
	switch r.Owner {
	case rules.OwnerCSP:
		return "the cloud service provider"
	case rules.OwnerNHS:
		return "the NHS"
	default:
		return "you"
	}
}

// objects names the kinds of objects that the rule looks at.
func objects(r rules.Rule) string {
	names := make([]string, len(r.Kinds))
	for i, kind := range r.Kinds {
		names[i] = "`hscn_" + string(kind) + "`"
	}
	return strings.Join(names, ", ")
}
