// Package gateway is the seam between what is ordered and the network that is to do it. A driver makes the network do
// what an order asks for, and takes away what it made; what no driver does, an operator does by hand.
//
// Package gatewaytest holds what every driver must do, as a suite of tests.
package gateway
