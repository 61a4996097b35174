#!/bin/sh
# Sends a signed agreement to the broker and prints the sum that document_sha256 then names. Sending it again changes
# nothing. The broker forgets a document that no evidence names within a day.
set -eu

: "${HSCN_ENDPOINT:?the address of the broker}" "${HSCN_TOKEN:?a token of the CSP}"
file=${1:?the signed agreement, a PDF}

sum=$(sha256sum "$file" | cut -d ' ' -f 1)
curl --fail-with-body --silent --show-error --write-out '\n' \
	--request PUT --header "Authorization: Bearer $HSCN_TOKEN" --header 'Content-Type: application/pdf' \
	--data-binary "@$file" "$HSCN_ENDPOINT/v1/documents/$sum" >&2
echo "$sum"
