package client

import (
	"encoding/json"
	"fmt"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// MergePatch returns what turns one spec into another (RFC 7396). It is empty, not nil, where they are the same. Only
// what differs travels, so that an older provider erases nothing that a newer one wrote.
func MergePatch[T any](from, to T) (api.MergePatch, error) {
	before, err := json.Marshal(from)
	if err != nil {
		return nil, fmt.Errorf("making a merge patch: %w", err)
	}
	after, err := json.Marshal(to)
	if err != nil {
		return nil, fmt.Errorf("making a merge patch: %w", err)
	}
	text, err := jsonpatch.CreateMergePatch(before, after)
	if err != nil {
		return nil, fmt.Errorf("making a merge patch: %w", err)
	}
	patch := api.MergePatch{}
	if err := json.Unmarshal(text, &patch); err != nil {
		return nil, fmt.Errorf("making a merge patch: %w", err)
	}
	return patch, nil
}

// ApplyMergePatch returns a spec after a patch; a nil patch changes nothing.
func ApplyMergePatch[T any](spec T, patch *api.MergePatch) (T, error) {
	if patch == nil {
		return spec, nil
	}
	var patched T
	before, err := json.Marshal(spec)
	if err != nil {
		return patched, fmt.Errorf("applying a merge patch: %w", err)
	}
	text, err := json.Marshal(patch)
	if err != nil {
		return patched, fmt.Errorf("applying a merge patch: %w", err)
	}
	after, err := jsonpatch.MergePatch(before, text)
	if err != nil {
		return patched, fmt.Errorf("applying a merge patch: %w", err)
	}
	if err := json.Unmarshal(after, &patched); err != nil {
		return patched, fmt.Errorf("applying a merge patch: %w", err)
	}
	return patched, nil
}
