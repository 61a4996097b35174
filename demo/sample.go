package main

import (
	"fmt"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// configuration is what the customer's engineer writes. The names are made up.
const configuration = `terraform {
  required_providers {
    hscn = {
      source = "hscn-connect/hscn"
    }
  }
}

provider "hscn" {} # HSCN_ENDPOINT and HSCN_TOKEN

resource "hscn_connection" "records" {
  name      = "records-demo"
  ods_code  = "A1B2C"
  service   = { type = "cloud_project", id = "records" }
  agreement = { basis = "connection_agreement" }
  profile = {
    business_sponsor = { name = "Sam Sponsor", email = "sam@supplier.example" }
    security_lead    = { name = "Lee Lead", email = "lee@supplier.example" }
  }
}

resource "hscn_edge_attachment" "web" {
  name          = "web"
  connection_id = hscn_connection.records.id
  gateway_id    = "gateway-1"
  networks = {
    frontend = { cidr = "10.0.10.0/24" }
  }
}

output "connection_state" { value = hscn_connection.records.state }
output "edge_state" { value = hscn_edge_attachment.web.state }
output "included_address" { value = hscn_edge_attachment.web.included_address }
`

// inventory is what the operator knows at first: the register was asked and has no agreement, and the DSPT status is
// that of an edition which no longer counts. The address range is one of those kept for documentation (RFC 5737).
func inventory(today hscn.Date) string {
	lapsed := hscn.EditionOfPublication(today.AddMonths(-36), hscn.Edition.Deadline)
	return fmt.Sprintf(`version: 1
accounts:
  - { id: "676", title: Example Records Limited, organisations: [A1B2C] }
services:
  - { type: cloud_project, id: records, title: Records, account: "676", zone: main }
gateways:
  - { id: gateway-1, title: The web edge, service: { type: cloud_project, id: records }, networks: [] }
pools:
  - { name: main-pool, zone: main, cidr: 192.0.2.0/24 }
organisations:
  - ods_code: A1B2C
    directory:
      { looked_up_at: %[1]q, found: true, title: Example Records Limited, active: true, record_class: RC1, country: ENGLAND }
    register: { looked_up_at: %[1]q, found: false }
    dspt: { looked_up_at: %[1]q, found: true, status: "%[2]s Standards Met", published_on: %[3]q }
`, now(), lapsed, today.AddMonths(-36))
}

// correction is what the operator records when both are put right.
func correction(today hscn.Date) string {
	return fmt.Sprintf(`version: 1
organisations:
  - ods_code: A1B2C
    register: { looked_up_at: %[1]q, found: true, reference: CA-2041, signed_on: %[2]q }
    dspt: { looked_up_at: %[1]q, found: true, status: "%[3]s Standards Met", published_on: %[2]q }
`, now(), today, hscn.EditionOfPublication(today, hscn.Edition.Deadline))
}

func now() string { return time.Now().UTC().Format(time.RFC3339) }
