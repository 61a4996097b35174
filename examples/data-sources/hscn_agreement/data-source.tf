# By name, where nobody knows the ODS code by heart.
data "hscn_agreement" "meadow" {
  title = "Meadow Trust"
}

locals {
  holding = [for basis, standing in data.hscn_agreement.meadow.bases : basis if standing.holds == true]
}

check "an_agreement_holds" {
  assert {
    condition     = length(local.holding) > 0
    error_message = join("\n", [for basis, standing in data.hscn_agreement.meadow.bases : "${basis}: ${standing.reason}" if standing.holds != true])
  }
}

output "register_looked_up_at" {
  value = try(data.hscn_agreement.meadow.register.looked_up_at, null)
}
