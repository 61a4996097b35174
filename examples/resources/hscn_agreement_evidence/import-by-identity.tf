import {
  to = hscn_agreement_evidence.signed
  identity = {
    account = "676" # may be left out: it is the provider's then
    id      = "agreement-evidence/ca-2026"
  }
}
