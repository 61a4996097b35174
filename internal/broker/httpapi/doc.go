// Package httpapi is the broker's HTTP side: it serves api/openapi.yaml. It knows who asks and whether they may, holds
// every request against the contract before anything else sees it, and writes every refusal as a problem document. What
// an order comes to is decided behind it, in internal/broker/orders.
//
// A request passes, from outside in:
//
//   - observation: an id (Hscn-Request-Id), the access log, the headers of every answer, and a stop for panics;
//   - identification: whose credential it is, which operation is meant, which account it is about, whether the role is
//     there. Who has no credential learns nothing of what there is;
//   - the contract: path, query, headers and body are what api/openapi.yaml says, members that it does not know
//     included;
//   - the handler.
//
// `Prefer: wait=N` is accepted and makes no difference: every answer is given at once, with the state that the order is
// in, as the contract allows. What is waited for here is a person, and for longer than N seconds.
package httpapi
