package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/hscn-connect/terraform-provider-hscn/internal/provider/acctest"
)

func TestAccTwoNewEdgesOnOneGateway(t *testing.T) {
	t.Parallel()
	underEachPolicy(t, func(t *testing.T, site *acctest.Site) {
		connection, gateway := site.Provider()+site.Connection("records", "records-prod", 1, acctest.Good), `"`+site.Gateway(1)+`"`
		acctest.Terraform(t,
			refused(connection+acctest.Edge("web", "web", "records", gateway)+acctest.Edge("app", "app", "records", gateway),
				"The gateway is attached already", site.Gateway(1), "(which this plan makes)",
				"To destroy none the less what the state has, run terraform destroy with HSCN_PLAN_CHECKS=off, or with -refresh=false", "Rule: edge.already-attached"),
			// Nothing was ordered.
			resource.TestStep{
				Config:           connection + acctest.Edge("web", "web", "records", gateway),
				ConfigPlanChecks: planned(edgeAddress, plancheck.ResourceActionCreate),
			},
			// The one that exists stays; it is the plan that is refused, whichever of the two is shown last.
			refused(connection+acctest.Edge("web", "web", "records", gateway)+acctest.Edge("app", "app", "records", gateway),
				"The gateway is attached already", "Rule: edge.already-attached"),
		)
	})
}

func TestAccANameThatIsGivenTwice(t *testing.T) {
	t.Parallel()
	site := acctest.Start(t, "neutral")
	one, two := site.Connection("records", "records-prod", 1, acctest.Good), site.Connection("again", "records-prod", 2, acctest.Good)
	acctest.Terraform(t,
		refused(site.Provider()+one+two, "The name is given twice", connectionName, "for_each", "Rule: name.duplicate"),
		resource.TestStep{Config: site.Provider() + one},
		refused(site.Provider()+one+two, "The name is given twice", connectionName, "Rule: name.duplicate"),
	)
}
