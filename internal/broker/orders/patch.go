package orders

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/schema"
)

// mergePatch applies a JSON merge patch to a value of JSON and leaves both alone (RFC 7396, section 2).
func mergePatch(target, patch any) any {
	members, isObject := patch.(map[string]any)
	if !isObject {
		return patch
	}
	merged := make(map[string]any)
	if object, isObject := target.(map[string]any); isObject {
		maps.Copy(merged, object)
	}
	for name, value := range members {
		if value == nil {
			delete(merged, name)
			continue
		}
		merged[name] = mergePatch(merged[name], value)
	}
	return merged
}

// patched returns the spec after the patch. What comes of it is held against the contract's schema of that name, since
// the request's own schema, that of a merge patch, takes any object. The error is a problem.RequestInvalid.
func patched[Spec any](schemaName string, spec Spec, patch api.MergePatch) (Spec, error) {
	var none Spec
	before, err := jsonValue(spec)
	if err != nil {
		return none, err
	}
	return decoded[Spec](schemaName, mergePatch(before, map[string]any(patch)))
}

// asAsked is the spec that the owner of an object asked for last: what is confirmed, with the change of it that is pending.
func asAsked[Spec any](schemaName string, confirmed Spec, pending api.MergePatch) (Spec, error) {
	if pending == nil {
		return confirmed, nil
	}
	return patched(schemaName, confirmed, pending)
}

// decoded is a value of JSON as a spec, once it is held against the contract's schema of that name. The error is a
// problem.RequestInvalid.
func decoded[Spec any](schemaName string, value any) (Spec, error) {
	var spec, none Spec
	if err := matchContract(schemaName, value); err != nil {
		return none, err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return none, fmt.Errorf("encode the patched %s: %w", schemaName, err)
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		return none, unfit(err)
	}
	return spec, nil
}

// patchBetween is the merge patch that makes the second of the first. A null in the second is none: a merge patch takes
// away what it says null of, and no spec has one.
func patchBetween(before, after map[string]any) map[string]any {
	patch := make(map[string]any)
	for name := range before {
		if _, stays := after[name]; !stays {
			patch[name] = nil
		}
	}
	for name, value := range after {
		was, had := before[name]
		if had && reflect.DeepEqual(was, value) {
			continue
		}
		patch[name] = value
		former, wasObject := was.(map[string]any)
		if object, isObject := value.(map[string]any); isObject && wasObject {
			patch[name] = patchBetween(former, object)
		}
	}
	return patch
}

// restored is the value with what stands at a path put back to what it is in the original. An object on the way that only
// one of the two has is put back as a whole, since its members mean something together only. Neither is changed.
func restored(value, original any, path []string) any {
	object, isObject := value.(map[string]any)
	former, wasObject := original.(map[string]any)
	if len(path) == 0 || !isObject || !wasObject {
		return original
	}
	now, has := object[path[0]]
	was, had := former[path[0]]
	object = maps.Clone(object)
	switch {
	case !had:
		delete(object, path[0])
	case !has:
		object[path[0]] = was
	default:
		object[path[0]] = restored(now, was, path[1:])
	}
	return object
}

// unfit is for what the schema lets through and Go's types do not, such as a number beyond 64 bits.
func unfit(err error) error {
	var mistyped *json.UnmarshalTypeError
	if !errors.As(err, &mistyped) {
		return fmt.Errorf("decode what the schema let through: %w", err)
	}
	return invalid(api.InvalidMember{
		Pointer: pointerTo(strings.Split(mistyped.Field, ".")...),
		Detail:  "is beyond what can be kept",
	})
}

// jsonValue returns v as encoding/json would read it back without knowing its type.
func jsonValue(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, fmt.Errorf("decode %T: %w", v, err)
	}
	return value, nil
}

// matchContract holds a value of JSON against a schema of the contract. The error is a problem.RequestInvalid that names
// every member that does not match.
func matchContract(schemaName string, value any) error {
	component, err := schema.Component(schemaName)
	if err != nil {
		return err
	}
	offences, err := schema.Validate(component, value)
	if err != nil {
		return err
	}
	members := make([]api.InvalidMember, len(offences))
	for i, offence := range offences {
		members[i] = api.InvalidMember{Pointer: pointerTo(offence.Path...), Detail: offence.Reason}
	}
	return invalid(members...)
}

// pointerTo returns the JSON pointer of a path of members (RFC 6901).
func pointerTo(path ...string) *string {
	pointer := schema.Pointer(path...)
	return &pointer
}

// invalid is a request of which these members do not match the contract: each detail continues the sentence that its
// pointer begins. Without any it is nil.
func invalid(members ...api.InvalidMember) error {
	if len(members) == 0 {
		return nil
	}
	p := problem.New(problem.RequestInvalid, "%s.", sentence(members[0]))
	if len(members) > 1 {
		p.Detail = fmt.Sprintf("%d members do not match the contract; the first: %s.", len(members), sentence(members[0]))
	}
	p.Invalid = members
	return p
}

// sentence names the member as people write it, such as "agreement.evidence_id", and says what is wrong with it.
func sentence(member api.InvalidMember) string {
	if member.Pointer == nil || *member.Pointer == "" {
		return "the body " + member.Detail
	}
	segments := strings.Split(strings.TrimPrefix(*member.Pointer, "/"), "/")
	for i, segment := range segments {
		segments[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(segment)
	}
	return strings.Join(segments, ".") + " " + member.Detail
}
