data "hscn_gateways" "records" {
  service = { type = "vmware_cloud_director_org", id = "676-2" }
}

output "free_gateways" {
  value = [for gateway in data.hscn_gateways.records.gateways : gateway.id if gateway.edge_attachment_id == null]
}
