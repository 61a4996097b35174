# An import block for every connection there is, to copy into a file of their own.
output "import_blocks" {
  value = join("\n", [
    for c in data.hscn_connections.all.connections : <<-EOT
      import {
        to = hscn_connection.${replace(c.name, "-", "_")}
        id = "${c.id}"
      }
    EOT
    if c.state != "refused"
  ])
}
