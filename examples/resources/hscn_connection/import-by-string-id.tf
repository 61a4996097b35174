# A connection is imported by its id, which is its full name.
import {
  to = hscn_connection.records
  id = "connections/records-prod"
}
