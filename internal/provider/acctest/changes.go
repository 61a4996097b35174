package acctest

import (
	"fmt"
	"net/http"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// Approve approves what is ordered of an object, or of a change of it.
func (s *Site) Approve(name string) {
	s.t.Helper()
	s.Approver.Do(http.MethodPost, fmt.Sprintf("/v1/operator/orders/%d/approve", s.orderOf(name).ID), api.OrderNote{}).Must(http.StatusOK)
	s.Work()
}

// LoadOwnAgreement has the register show an HSCN Connection Agreement of the organisation's own.
func (s *Site) LoadOwnAgreement(code, title string) {
	s.t.Helper()
	signed := "2020-03-01"
	organisation := s.Organisation(code, title, true)
	organisation.Register = &api.RegisterRecord{LookedUpAt: s.Clock.Now(), Found: true, SignedOn: &signed}
	s.Load(api.Inventory{Organisations: []api.InventoryOrganisation{organisation}})
}
