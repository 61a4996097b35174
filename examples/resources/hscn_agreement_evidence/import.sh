# Agreement evidence is imported by its id, which is its full name.
terraform import hscn_agreement_evidence.signed agreement-evidence/ca-2026
