data "hscn_services" "all" {}

output "services_without_hscn" {
  value = [for service in data.hscn_services.all.services : service.id if service.connection_id == null]
}
