# A document that was uploaded apart: Terraform never sees it, and works in any version.
resource "hscn_agreement_evidence" "uploaded" {
  name            = "ca-2026-uploaded"
  ods_code        = "A1B2C"
  document_sha256 = "9d5d1bdef6a4b2f1c0c3e1f0a4b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f" # what upload.sh printed
  signed_on       = "2026-10-02"
}
