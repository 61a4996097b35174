resource "hscn_edge_attachment" "web" {
  name          = "web"
  connection_id = hscn_connection.records.id
  gateway_id    = "urn:vcloud:gateway:0f0e0d0c-0b0a-4908-8706-050403020100"

  networks = {
    frontend = {
      id          = "net-1"
      cidr        = "192.168.10.0/24"
      dns_servers = ["155.231.231.1", "155.231.231.2"]
    }
  }

  deletion_protection = true # its address stands in the firewalls of others
}

resource "hscn_connection" "records" {
  name      = "records-prod"
  ods_code  = "A1B2C"
  service   = { type = "vmware_cloud_director_org", id = "676-2" }
  agreement = { basis = "flow_down" }
  profile = {
    business_sponsor = { name = "Sam Sponsor", email = "sam@supplier.example" }
    security_lead    = { name = "Lee Lead", email = "lee@supplier.example" }
  }
}

# The address that came with the edge is known when the apply ends, whether or not the edge is active yet.
output "hscn_address" {
  value = hscn_edge_attachment.web.included_address
}
