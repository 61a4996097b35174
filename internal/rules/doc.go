// Package rules is the rule catalogue and its engine: facts and policy in, findings out. It is pure, without I/O and
// without a clock, so that the provider judges an order at plan time exactly as the broker judges it on the write.
//
// A rule is one entry of the catalogue and one check; the ids are an interface, which users filter on. What a cloud
// service provider may decide comes in with the Policy, what is known of organisations and services with the Facts. What
// the words themselves mean (an ODS code, a working day) is the business of package hscn; how the words travel over the
// API, that of package assess; rules about the shape of a whole plan, that of the provider, which alone sees a plan.
package rules

// Version is the version of the catalogue, which a policy shows as its rules_version. It changes with every rule that is
// added, dropped or judged in another way.
const Version = "2"
