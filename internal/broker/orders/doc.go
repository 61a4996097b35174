// Package orders is the workflow between a customer's order and what the network does: it judges orders by the rules,
// keeps connections and edge attachments in their states, hands addresses out, holds the operator's queue and takes the
// operator's decisions.
//
// A Desk is one way in for everything. Each of its writes is one transaction with the object, its addresses, its job,
// its entry in the audit and the idempotency key of the request. It speaks neither HTTP nor SQL, and no rule is written
// here: internal/rules judges, internal/broker/store keeps, internal/broker/httpapi listens.
package orders
