# What would the CSP say to this connection with its edge, before anything is ordered?
data "hscn_preconditions" "records" {
  name      = "records-prod"
  ods_code  = "A1B2C"
  service   = { type = "vmware_cloud_director_org", id = "676-2" }
  agreement = { basis = "flow_down" }

  profile = {
    business_sponsor = { name = "Sam Sponsor", email = "sam@supplier.example" }
    security_lead    = { name = "Lee Lead", email = "lee@supplier.example" }
  }

  edge_attachments = {
    web = {
      gateway_id = "urn:vcloud:gateway:0f0e0d0c-0b0a-4908-8706-050403020100"
      networks   = { frontend = { cidr = "192.168.10.0/24" } }
    }
  }
}

# A check warns in every plan and apply, and stops neither.
check "records_can_be_ordered" {
  assert {
    condition = data.hscn_preconditions.records.met
    error_message = join("\n", [
      for finding in data.hscn_preconditions.records.findings :
      "${finding.object}: ${finding.detail} ${finding.remedy} Rule: ${finding.rule}" if finding.severity == "error"
    ])
  }
}

check "nothing_lapses_before_the_commitment_ends" {
  assert {
    condition     = length(data.hscn_preconditions.records.lapses) == 0
    error_message = join("\n", [for lapse in data.hscn_preconditions.records.lapses : "${lapse.what} counts until ${lapse.on}."])
  }
}

output "records_could_be_enabled_on" {
  value = data.hscn_preconditions.records.earliest_enablement_on
}
