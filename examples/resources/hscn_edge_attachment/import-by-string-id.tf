# An edge attachment is imported by its id, which is its full name.
import {
  to = hscn_edge_attachment.web
  id = "connections/records-prod/edge-attachments/web"
}
