#!/bin/sh
# Plans and orders nothing. It ends with 0 where every precondition is met, and with 1 where one is not or where the
# broker could not be asked: the last lines say which.
set -eu

: "${HSCN_ENDPOINT:?the address of the broker}" "${HSCN_TOKEN:?a token of the CSP, kept as a secret}"

terraform init -input=false -no-color
terraform plan -input=false -no-color -lock=false
