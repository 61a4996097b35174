// Package kills has tests and nothing else: the provider, Terraform and the broker, each as it is shipped and in a process
// of its own, are killed in the middle of an apply, and what a user does then has to end well. Nothing imports it.
package kills
