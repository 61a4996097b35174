terraform {
  required_providers {
    hscn = {
      source = "hscn-connect/hscn"
    }
  }
}

# HSCN_ENDPOINT and HSCN_TOKEN come from the environment.
provider "hscn" {}

# What is wanted, by name. Whether it exists already makes no difference to what stands here.
locals {
  sites = {
    meadow-prod  = { ods_code = "A1B2C", service = "676-2", gateway = "urn:vcloud:gateway:0f0e0d0c-0b0a-4908-8706-050403020100" }
    orchard-prod = { ods_code = "B2C3D", service = "676-3", gateway = "urn:vcloud:gateway:1f1e1d1c-1b1a-4918-9716-151413121110" }
  }
}

data "hscn_connections" "all" {}

# What exists of it is adopted, and the rest is ordered.
import {
  for_each = { for c in data.hscn_connections.all.connections : c.name => c.id if contains(keys(local.sites), c.name) && c.state != "refused" }
  to       = hscn_connection.site[each.key]
  id       = each.value
}

resource "hscn_connection" "site" {
  for_each = local.sites

  name      = each.key
  ods_code  = each.value.ods_code
  service   = { type = "vmware_cloud_director_org", id = each.value.service }
  agreement = { basis = "flow_down" }
  profile = {
    business_sponsor = { name = "Sam Sponsor", email = "sam@supplier.example" }
    security_lead    = { name = "Lee Lead", email = "lee@supplier.example" }
  }
}

resource "hscn_edge_attachment" "web" {
  for_each = local.sites

  name          = "web"
  connection_id = hscn_connection.site[each.key].id
  gateway_id    = each.value.gateway
}
