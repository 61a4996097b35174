package provider

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

var pointerUnescapes = strings.NewReplacer("~1", "/", "~0", "~")

// pointerSegments reads a JSON pointer (RFC 6901). What is no pointer, such as a parameter's name, has no segments.
func pointerSegments(pointer *string) []string {
	if pointer == nil || !strings.HasPrefix(*pointer, "/") {
		return nil
	}
	segments := strings.Split((*pointer)[1:], "/")
	for i, segment := range segments {
		segments[i] = pointerUnescapes.Replace(segment)
	}
	return segments
}

// attributePath leads to what a finding is about: names of attributes and keys of maps become steps of Terraform's, as
// far as the values have them. The broker has a map's keys in their one spelling; the path has them as the user wrote
// them. It is empty where the first segment is no attribute.
func attributePath(ctx context.Context, values map[string]attr.Value, segments []string) path.Path {
	if len(segments) == 0 {
		return path.Empty()
	}
	value, ok := values[segments[0]]
	if !ok {
		return path.Empty()
	}
	at := path.Root(segments[0])
	for _, segment := range segments[1:] {
		switch v := value.(type) {
		case types.Object:
			if _, ok := v.AttributeTypes(ctx)[segment]; !ok {
				return at
			}
			at, value = at.AtName(segment), v.Attributes()[segment]
		case types.Map:
			key, ok := userKey(v.Elements(), segment)
			if !ok {
				return at
			}
			at, value = at.AtMapKey(key), v.Elements()[key]
		default:
			return at
		}
	}
	return at
}

// userKey returns the key of a map as the user wrote it. Keys with more than one spelling are ODS codes.
func userKey(elements map[string]attr.Value, key string) (string, bool) {
	if _, ok := elements[key]; ok {
		return key, true
	}
	keys := make([]string, 0, len(elements))
	for k := range elements {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	i := slices.IndexFunc(keys, func(k string) bool { return hscn.CanonicalODSCode(k) == hscn.CanonicalODSCode(key) })
	if i < 0 {
		return "", false
	}
	return keys[i], true
}
