package orders

import (
	"fmt"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// byDriver says what the driver does about the order, and whether nothing is left for a person.
func (w work) byDriver() (told []string, alone bool) {
	f := w.driven
	if f == nil {
		return nil, false
	}
	failed := f.Answer == store.FulfilmentFailed
	switch state := hscn.State(w.order.State); {
	case state == hscn.StateProvisioning:
		return []string{fmt.Sprintf("Do nothing: the driver %s makes the network do it, and the order goes on by itself. "+
			"To turn it down without that: %s.", f.Driver, commandRefuse(w.order.ID))}, true
	case state == hscn.StateFailed && failed && !f.Revoking:
		return []string{fmt.Sprintf("The driver %s failed. Where that has passed, have it try again: %s. Otherwise do it by hand:",
			f.Driver, commandRetry(w.order.ID))}, false
	case state == hscn.StateCeasing && f.Left() && failed && f.Revoking:
		return []string{fmt.Sprintf("The driver %s failed to remove it. Where that has passed, have it try again: %s. Otherwise do it by hand:",
			f.Driver, commandRetry(w.order.ID))}, false
	case state == hscn.StateCeasing && f.Left():
		return []string{fmt.Sprintf("Do nothing: the driver %s removes it, and confirms that by itself.", f.Driver)}, true
	case state == hscn.StateCeasing && f.ByHand:
		return []string{fmt.Sprintf("The driver %s has removed what it made. A person has confirmed more than that; of it:", f.Driver)}, false
	default:
		return nil, false
	}
}
