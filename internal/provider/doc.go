// Package provider is Terraform's side: a file for each resource and data source, and beside them the subjects that all
// of them share. It knows how a value travels between configuration, state and contract, and how a finding or an error
// is put to the user. What the rules are is the business of package rules, how the broker is called that of package
// client; the broker itself is never imported.
package provider
