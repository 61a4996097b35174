package rules

import (
	"slices"
	"testing"
)

func TestDeclared(t *testing.T) {
	t.Parallel()
	declared := Declared{
		"text": "a", "flag": true, "unknown": Unknown, "null": nil, "list": []any{"a"},
		"object": map[string]any{"text": "b", "unknown": Unknown, "map": map[string]any{"k2": nil, "k1": Unknown}},
	}
	texts := map[string]struct {
		path []string
		want Value[string]
	}{
		"known":               {[]string{"text"}, Known("a")},
		"known below":         {[]string{"object", "text"}, Known("b")},
		"null":                {[]string{"null"}, Null[string]()},
		"not there":           {[]string{"nothing"}, Null[string]()},
		"below null":          {[]string{"null", "text"}, Null[string]()},
		"below nothing":       {[]string{"nothing", "text"}, Null[string]()},
		"below text":          {[]string{"text", "text"}, Null[string]()},
		"of another type":     {[]string{"flag"}, Null[string]()},
		"unknown":             {[]string{"unknown"}, UnknownValue[string]()},
		"unknown below":       {[]string{"object", "unknown"}, UnknownValue[string]()},
		"below unknown":       {[]string{"unknown", "text"}, UnknownValue[string]()},
		"below unknown below": {[]string{"object", "unknown", "a", "b"}, UnknownValue[string]()},
	}
	for name, c := range texts {
		if got := declared.Text(c.path...); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if got := declared.Flag("flag"); got != Known(true) {
		t.Errorf("flag: %+v", got)
	}
	if keys, known := declared.Keys("object", "map").Get(); !known || !slices.Equal(keys, []string{"k1", "k2"}) {
		t.Errorf("keys: %v %v", keys, known)
	}
	if !declared.Keys("unknown").IsUnknown() || !declared.Keys("object", "unknown", "map").IsUnknown() || !declared.Keys("list").IsNull() {
		t.Error("keys of what is unknown are not unknown, or those of no map are not null")
	}
	list := Declared{"list": []any{"a", Unknown, "b", nil, true}, "text": "a", "unknown": Unknown}
	if got := list.texts("list"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("texts: %v", got)
	}
	for _, path := range []string{"text", "unknown", "nothing"} {
		if got := list.texts(path); len(got) > 0 {
			t.Errorf("texts of %s: %v", path, got)
		}
	}
	if got := Declared(nil).Text("a"); !got.IsNull() {
		t.Errorf("of nothing: %+v", got)
	}
}
