data "hscn_service" "records" {
  type = "vmware_cloud_director_org"
  id   = "676-2"
}

output "hscn_is_offered" {
  value = data.hscn_service.records.hscn_offered
}
