terraform {
  required_version = ">= 1.11" # for arguments that are in neither plan nor state
}

resource "hscn_agreement_evidence" "signed" {
  name            = "ca-2026"
  ods_code        = "A1B2C"
  document_path   = "${path.module}/ca-signed.pdf"
  document_sha256 = filesha256("${path.module}/ca-signed.pdf") # another sum is a new version
  signed_on       = "2026-10-02"
}

# The order waits until a person at the CSP has validated the copy, and goes on by itself.
resource "hscn_connection" "records" {
  name     = "records-prod"
  ods_code = hscn_agreement_evidence.signed.ods_code
  service  = { type = "vmware_cloud_director_org", id = "676-2" }

  agreement = {
    basis       = "connection_agreement"
    evidence_id = hscn_agreement_evidence.signed.id
  }

  profile = {
    business_sponsor = { name = "Sam Sponsor", email = "sam@supplier.example" }
    security_lead    = { name = "Lee Lead", email = "lee@supplier.example" }
  }
}
