# A connection that another configuration made.
data "hscn_connection" "records" {
  name = "records-prod"
}

check "records_is_connected" {
  assert {
    condition     = data.hscn_connection.records.state == "active"
    error_message = "The connection is ${data.hscn_connection.records.state}."
  }
}

# One that has to be active before anything is made that refers to this. It is waited for as long as no person has to act,
# and a run without it fails.
data "hscn_connection" "needed" {
  name     = "imaging-prod"
  wait_for = "active"
  timeouts = { read = "30m" }

  lifecycle {
    postcondition {
      condition     = self.state == "active"
      error_message = "The connection is ${self.state}: ${coalesce(self.state_reason, "no reason is given")}"
    }
  }
}
