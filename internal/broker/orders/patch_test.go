package orders

import (
	"encoding/json"
	"maps"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// The cases of RFC 7396, appendix A.
func TestMergePatch(t *testing.T) {
	t.Parallel()
	cases := [][3]string{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	}
	for _, c := range cases {
		t.Run(c[0]+" "+c[1], func(t *testing.T) {
			t.Parallel()
			var values [3]any
			for i, text := range c {
				if err := json.Unmarshal([]byte(text), &values[i]); err != nil {
					t.Fatal(err)
				}
			}
			if got := mergePatch(values[0], values[1]); !reflect.DeepEqual(got, values[2]) {
				t.Errorf("%s patched by %s is %v, want %s", c[0], c[1], got, c[2])
			}
			var target any
			if err := json.Unmarshal([]byte(c[0]), &target); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(values[0], target) {
				t.Errorf("the target was changed to %v", values[0])
			}
		})
	}
}

// A patch has its effect once: applying it again changes nothing, and it leaves alone what it does not name.
func TestMergePatchLaws(t *testing.T) {
	t.Parallel()
	names := rapid.SampledFrom([]string{"a", "b", "c"})
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		scalars := rapid.OneOf(rapid.Just[any](nil), rapid.Just[any]("x"), rapid.Just[any](1.5), rapid.Just[any]([]any{"y"}))
		if depth == 0 {
			return scalars
		}
		return rapid.OneOf(scalars, rapid.Map(rapid.MapOfN(names, value(depth-1), 0, 3), func(m map[string]any) any { return m }))
	}
	object := func(t *rapid.T, label string) map[string]any {
		return rapid.MapOfN(names, value(2), 0, 3).Draw(t, label)
	}
	rapid.Check(t, func(t *rapid.T) {
		target, patch := object(t, "target"), object(t, "patch")
		once := mergePatch(target, patch)
		if twice := mergePatch(once, patch); !reflect.DeepEqual(once, twice) {
			t.Fatalf("%v patched by %v is %v, and again %v", target, patch, once, twice)
		}
		merged, isObject := once.(map[string]any)
		if !isObject {
			t.Fatalf("patched is %v", once)
		}
		for name, kept := range target {
			if _, named := patch[name]; !named && !reflect.DeepEqual(merged[name], kept) {
				t.Fatalf("%s was %v and is %v, without being named by %v", name, kept, merged[name], patch)
			}
		}
	})
}

// What is between two specs makes the one of the other, and says no more: patched back and forth nothing is left.
func TestPatchBetween(t *testing.T) {
	t.Parallel()
	names := rapid.SampledFrom([]string{"a", "b", "c"})
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		scalars := rapid.OneOf(rapid.Just[any]("x"), rapid.Just[any](1.5), rapid.Just[any]([]any{"y"}))
		if depth == 0 {
			return scalars
		}
		return rapid.OneOf(scalars, rapid.Map(rapid.MapOfN(names, value(depth-1), 0, 3), func(m map[string]any) any { return m }))
	}
	spec := rapid.MapOfN(names, value(2), 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		before, after := spec.Draw(t, "before"), spec.Draw(t, "after")
		patch := patchBetween(before, after)
		if got := mergePatch(before, patch); !reflect.DeepEqual(got, any(after)) {
			t.Fatalf("%v patched by %v is %v, want %v", before, patch, got, after)
		}
		if same := reflect.DeepEqual(before, after); same != (len(patch) == 0) {
			t.Fatalf("between %v and %v there is %v", before, after, patch)
		}
		// Each member put back is what it was, and nothing else is touched.
		name := names.Draw(t, "member")
		put, _ := restored(after, before, []string{name}).(map[string]any)
		want := maps.Clone(after)
		delete(want, name)
		if was, had := before[name]; had {
			want[name] = was
		}
		if !reflect.DeepEqual(put, want) {
			t.Fatalf("%v with %s of %v is %v, want %v", after, name, before, put, want)
		}
	})
}

func TestRestored(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ value, original, path, want string }{
		"a value":                                {`{"a":{"b":1,"c":2}}`, `{"a":{"b":3,"c":4}}`, `["a","b"]`, `{"a":{"b":3,"c":2}}`},
		"a value that was not there":             {`{"a":{"b":1,"c":2}}`, `{"a":{"c":4}}`, `["a","b"]`, `{"a":{"c":2}}`},
		"a value that is gone":                   {`{"a":{"c":2}}`, `{"a":{"b":3,"c":4}}`, `["a","b"]`, `{"a":{"b":3,"c":2}}`},
		"of an object that was not there, whole": {`{"a":{"b":1,"c":2},"d":1}`, `{}`, `["a","b"]`, `{"d":1}`},
		"of an object that is gone, whole":       {`{"d":1}`, `{"a":{"b":3,"c":4}}`, `["a","b"]`, `{"a":{"b":3,"c":4},"d":1}`},
		"what neither has":                       {`{"a":1}`, `{"a":2}`, `["b","c"]`, `{"a":1}`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decode := func(text string, into any) {
				if err := json.Unmarshal([]byte(text), into); err != nil {
					t.Fatal(err)
				}
			}
			var value, original, want any
			var path []string
			decode(c.value, &value)
			decode(c.original, &original)
			decode(c.want, &want)
			decode(c.path, &path)
			if got := restored(value, original, path); !reflect.DeepEqual(got, want) {
				t.Errorf("it is %v, want %s", got, c.want)
			}
		})
	}
}
