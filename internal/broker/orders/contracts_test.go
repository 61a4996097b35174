package orders_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store/storetest"
)

// What the provider has agreed with an organisation is told to accounts that may act for it, also by what an order comes to.
func TestAnOrderTellsNothingOfOthersContracts(t *testing.T) {
	t.Parallel()
	contracts := map[string][]api.FlowDownDocument{
		"that carry the agreement": {{Kind: "master_services_agreement", Version: "11.0"}},
		"that ended":               {{Kind: "master_services_agreement", Version: "11.0", EndedOn: ptr("2026-01-01")}},
		"of which there are none":  nil,
	}
	policies := map[string]struct {
		change  func(*api.Policy)
		refused bool
	}{
		"refused":            {func(*api.Policy) {}, true},
		"asked to be bound":  {withBindings, false},
		"waived by a person": {func(*api.Policy) {}, false},
	}
	for name, c := range policies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said := make(map[string]string)
			for which, documents := range contracts {
				b := setup(t, storetest.SQLiteURL(t), c.change)
				facts := organisation("X1Y2Z", monday)
				facts.FlowDown.Documents, facts.FlowDown.LookedUpAt = documents, monday.Add(time.Minute)
				b.load(organisations(facts))
				if name == "waived by a person" {
					if _, err := b.GrantWaiver(context.Background(), b.alice(), api.WaiverSpec{
						Account: "acme", Rule: "organisation.not-bound", Until: "2026-12-31", Reason: "Because.", Reference: "CHG-1",
					}); err != nil {
						t.Fatal(err)
					}
				}
				spec := connectionSpec("X1Y2Z", "project-1")
				spec.Agreement.Basis = api.AgreementBasisFlowDown
				answer, err := b.CheckPreconditions(context.Background(), customer("acme"), api.IntendedEstate{
					Connections: map[string]api.IntendedConnection{"records": {Spec: spec}},
				})
				if err != nil {
					t.Fatal(err)
				}
				verdict := answer.Objects[0]
				assertEqual(t, "refused", !verdict.Met, c.refused || name == "waived by a person" && which != "that carry the agreement")
				text, err := json.Marshal(verdict)
				if err != nil {
					t.Fatal(err)
				}
				said[which] = string(text)
			}
			told := said["that ended"] != said["of which there are none"] || said["that ended"] != said["that carry the agreement"]
			if told != (name == "waived by a person") {
				t.Errorf("it says %v", said)
			}
		})
	}
}
