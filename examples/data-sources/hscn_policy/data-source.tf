data "hscn_policy" "current" {}

output "zones_with_hscn" {
  value = [for name, zone in data.hscn_policy.current.zones : name if zone.hscn_offered]
}

output "what_refuses_an_order" {
  value = [for rule, severity in data.hscn_policy.current.rules : rule if severity == "error"]
}
