// Package page makes the tokens by which clients ask for the next page of a listing. A token holds where the listing
// stands, the key of the last item, so that pages neither skip nor repeat what is there throughout; it is opaque to
// clients and says nothing that they have not been shown.
package page

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

// DefaultSize is how many items a page holds where the request does not say; the contract bounds what it may say.
const DefaultSize = 100

// Size is the size that a request asks for.
func Size(requested *api.PageSize) int {
	if requested == nil {
		return DefaultSize
	}
	return *requested
}

// Cut takes the items of one page from a query that was asked for one more than size, and makes the token of the next
// page from the key of the last. The token is nil where there is no next page.
func Cut[T any](items []T, size int, key func(T) any) ([]T, *string, error) {
	if len(items) <= size {
		return items, nil, nil
	}
	items = items[:size]
	encoded, err := json.Marshal(key(items[size-1]))
	if err != nil {
		return nil, nil, fmt.Errorf("make a page token: %w", err)
	}
	token := base64.RawURLEncoding.EncodeToString(encoded)
	return items, &token, nil
}

// After stores the key in the token into the value that key points to, and says whether there is one. A token that is
// not of this listing is a problem of type RequestInvalid.
func After(token *api.PageToken, key any) (bool, error) {
	if token == nil {
		return false, nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(*token)
	if err == nil {
		err = json.Unmarshal(decoded, key)
	}
	if err != nil {
		invalid := problem.New(problem.RequestInvalid, "The page token is not one of this listing's.")
		pointer := "page_token"
		invalid.Invalid = []api.InvalidMember{{
			Pointer: &pointer, Detail: "must be the next_page_token of the page before, unchanged",
		}}
		return false, invalid
	}
	return true, nil
}
