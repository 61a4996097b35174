// Package client calls the broker's API for the provider and for the operator's commands: it adds retries, credentials,
// whole listings and typed errors to the client that is generated from the contract. What an answer means for a
// resource, and how it is said to a user, is for the caller.
package client
