terraform {
  required_providers {
    hscn = {
      source = "hscn-connect/hscn"
    }
  }
}

# The token is best left out of the configuration: set HSCN_TOKEN.
provider "hscn" {
  endpoint = "https://broker.example"
  account  = "676"
}
