data "hscn_organisation" "meadow" {
  ods_code = "A1B2C"
}

check "the_organisation_is_active" {
  assert {
    condition     = data.hscn_organisation.meadow.active == true
    error_message = data.hscn_organisation.meadow.looked_up_at == null ? "Nobody has looked it up yet." : "${data.hscn_organisation.meadow.title} is not active, according to the directory as of ${data.hscn_organisation.meadow.looked_up_at}."
  }
}

output "dspt" {
  value = try(data.hscn_organisation.meadow.dspt.status, "not looked up, or not published")
}
