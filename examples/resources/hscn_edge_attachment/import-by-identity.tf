import {
  to = hscn_edge_attachment.web
  identity = {
    account = "676" # may be left out: it is the provider's then
    id      = "connections/records-prod/edge-attachments/web"
  }
}
