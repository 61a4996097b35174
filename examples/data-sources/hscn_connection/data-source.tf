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
