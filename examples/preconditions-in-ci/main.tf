terraform {
  required_providers {
    hscn = {
      source = "hscn-connect/hscn"
    }
  }
}

# HSCN_ENDPOINT and HSCN_TOKEN come from the pipeline.
provider "hscn" {}

variable "gateway_id" {
  type        = string
  description = "The id of the edge gateway, of which nothing is known before it is made."
  default     = "urn:vcloud:gateway:0f0e0d0c-0b0a-4908-8706-050403020100"
}

# The intention, once: what is checked is what is ordered.
locals {
  records = {
    name      = "records-prod"
    ods_code  = "A1B2C"
    service   = { type = "vmware_cloud_director_org", id = "676-2" }
    agreement = { basis = "flow_down" }
    profile = {
      business_sponsor = { name = "Sam Sponsor", email = "sam@supplier.example" }
      security_lead    = { name = "Lee Lead", email = "lee@supplier.example" }
    }
  }
  edges = {
    web = { gateway_id = var.gateway_id }
  }
}

data "hscn_preconditions" "records" {
  name             = local.records.name
  ods_code         = local.records.ods_code
  service          = local.records.service
  agreement        = local.records.agreement
  profile          = local.records.profile
  edge_attachments = local.edges

  lifecycle {
    # The plan fails, and with it the pull request, with every reason at once.
    postcondition {
      condition = self.met
      error_message = join("\n\n", [
        for finding in self.findings :
        "${finding.object}\n${finding.title}: ${finding.detail}\n${finding.remedy}\nRule: ${finding.rule}" if finding.severity == "error"
      ])
    }
  }
}

resource "hscn_connection" "records" {
  name      = local.records.name
  ods_code  = local.records.ods_code
  service   = local.records.service
  agreement = local.records.agreement
  profile   = local.records.profile
}

resource "hscn_edge_attachment" "records" {
  for_each      = local.edges
  name          = each.key
  connection_id = hscn_connection.records.id
  gateway_id    = each.value.gateway_id
}
