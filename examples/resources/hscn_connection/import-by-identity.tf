import {
  to = hscn_connection.records
  identity = {
    account = "676" # may be left out: it is the provider's then
    id      = "connections/records-prod"
  }
}
