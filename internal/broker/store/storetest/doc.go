// Package storetest is for tests: it makes databases to throw away, and holds every database of package store to the same
// behaviour. Nothing but tests imports it.
package storetest
