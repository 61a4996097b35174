resource "hscn_connection" "records" {
  name     = "records-prod"
  ods_code = "A1B2C"
  service  = { type = "vmware_cloud_director_org", id = "676-2" }

  agreement = {
    basis = "connection_agreement"
  }

  profile = {
    business_sponsor = { name = "Sam Sponsor", email = "sam@supplier.example" }
    security_lead    = { name = "Lee Lead", email = "lee@supplier.example", phone = "01632 960001" }
    shared_with      = { X26 = { bound_by_terms = true } }

    handles_patient_data       = true
    encryption                 = { in_application = true, standard = "AES-256", attested_on = "2026-11-02" }
    risk_assessment            = { reference = "RA-17", completed_on = "2026-10-01" }
    monitoring_acknowledged_on = "2026-11-02"
    reviewed_on                = "2026-11-02"
  }

  purchase_order = "PO-1"

  # The broker keeps it from being destroyed or replaced, by whomever: to give it up, set this to false and apply first.
  # Unlike prevent_destroy it also holds where this block is taken out of the configuration.
  deletion_protection = true

  # Without this the apply ends when the order stands, and the connection becomes active later. Where an unfinished
  # connection must fail the run, this says so without harming what was ordered.
  lifecycle {
    postcondition {
      condition     = !contains(["failed", "restricted", "terminated"], self.state)
      error_message = "The connection is ${self.state}: ${coalesce(self.state_reason, "no reason is given")}"
    }
  }
}
