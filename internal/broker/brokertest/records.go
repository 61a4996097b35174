package brokertest

import (
	"net/http"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// Records are what the broker has written down of what was ordered of it: they tell what was done, whatever its callers
// were told.
type Records struct {
	// Orders are those that are open and those that are closed, Audit who did what.
	Orders []api.Order
	Audit  []api.AuditEntry
}

// Records reads them as an operator, and fails the test where the audit's chain does not verify.
func (b *Broker) Records(operator Client) Records {
	b.tb.Helper()
	found := Into[api.AuditVerification](operator.Do(http.MethodGet, "/v1/operator/audit-verification", nil).Must(http.StatusOK))
	if !found.Intact {
		b.tb.Errorf("the audit does not verify: %+v", found)
	}
	return Records{
		Orders: All[api.Order](operator, "/v1/operator/orders?closed=true"),
		Audit:  All[api.AuditEntry](operator, "/v1/operator/audit-entries?page_size=1000"),
	}
}

// OrdersOf counts the orders of a kind for the objects of that full name.
func (r Records) OrdersOf(kind, object string) int {
	n := 0
	for _, order := range r.Orders {
		if order.Kind == kind && order.Object == object {
			n++
		}
	}
	return n
}

// Done counts how often an action, such as "connection.create", was done to the objects of that full name.
func (r Records) Done(action, object string) int {
	n := 0
	for _, entry := range r.Audit {
		if entry.Action == action && entry.Object != nil && *entry.Object == object {
			n++
		}
	}
	return n
}

// All reads a listing to its end. The path has a query.
func All[T any](c Client, path string) []T {
	c.b.tb.Helper()
	type page struct {
		Items         []T     `json:"items"`
		NextPageToken *string `json:"next_page_token"`
	}
	var items []T
	for next := ""; ; {
		p := Into[page](c.Do(http.MethodGet, path+next, nil).Must(http.StatusOK))
		items = append(items, p.Items...)
		if p.NextPageToken == nil {
			return items
		}
		next = "&page_token=" + *p.NextPageToken
	}
}
