# A connection is imported by its id, which is its full name.
terraform import hscn_connection.records connections/records-prod
