// Package passthrough stands between Terraform's protocol and the plugin framework, for what the framework does not show
// a resource: UpgradeResourceState, which Terraform calls for every object in state, in plan and in apply, with
// -refresh=false too, and for tainted ones, of which a planning call shows nothing else. It knows no rule and asks
// nobody: it tells an Observer, and hands every call on. On the way back it moves diagnostics to where Terraform finds
// them.
package passthrough
