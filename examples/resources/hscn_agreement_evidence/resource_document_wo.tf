# A copy that no file holds, such as one from a vault. It is sent when the number changes.
variable "signed_copy" {
  type        = string
  description = "The signed agreement, a PDF in base64."
  ephemeral   = true
}

resource "hscn_agreement_evidence" "from_a_vault" {
  name                = "ca-2026-vault"
  ods_code            = "A1B2C"
  document_wo         = var.signed_copy
  document_wo_version = 1
  signed_on           = "2026-10-02"
}
