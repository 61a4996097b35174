// Package hscn holds the words of the Health and Social Care Network as types: names of objects, ODS codes, DSPT
// statuses and editions, agreement bases, states, dates and working days.
//
// Everything here is pure: no I/O, no clock, no configuration. What a cloud service provider may decide (which DSPT
// statuses suffice, lead times, limits) is policy and comes in as an argument; which words must hold together is the
// business of the rule engine; neither belongs here. So that the provider and the broker judge a value alike, both take
// its spelling and its meaning from this package.
package hscn
