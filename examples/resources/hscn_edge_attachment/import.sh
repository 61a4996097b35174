# An edge attachment is imported by its id, which is its full name.
terraform import hscn_edge_attachment.web connections/records-prod/edge-attachments/web
