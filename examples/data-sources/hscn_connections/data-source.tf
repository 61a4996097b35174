data "hscn_connections" "all" {}

output "not_active_yet" {
  value = { for connection in data.hscn_connections.all.connections : connection.name => connection.state if connection.state != "active" }
}
