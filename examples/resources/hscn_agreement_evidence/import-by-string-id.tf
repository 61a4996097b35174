# Agreement evidence is imported by its id, which is its full name.
import {
  to = hscn_agreement_evidence.signed
  id = "agreement-evidence/ca-2026"
}
