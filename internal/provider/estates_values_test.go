package provider_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// native makes of a known value of Terraform's what JSON has in its place.
func native(t *testing.T, v tftypes.Value) any {
	t.Helper()
	if v.IsNull() {
		return nil
	}
	fail := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	switch {
	case v.Type().Is(tftypes.String):
		var text string
		fail(v.As(&text))
		return text
	case v.Type().Is(tftypes.Bool):
		var flag bool
		fail(v.As(&flag))
		return flag
	case v.Type().Is(tftypes.Number):
		var number big.Float
		fail(v.As(&number))
		float, _ := number.Float64()
		return float
	case v.Type().Is(tftypes.Object{}), v.Type().Is(tftypes.Map{}):
		var members map[string]tftypes.Value
		fail(v.As(&members))
		o := make(obj, len(members))
		for key, member := range members {
			o[key] = native(t, member)
		}
		return o
	default:
		var elements []tftypes.Value
		fail(v.As(&elements))
		list := make([]any, len(elements))
		for i, element := range elements {
			list[i] = native(t, element)
		}
		return list
	}
}

// recode puts a value into a type by way of JSON.
func recode(from, into any) error {
	data, err := json.Marshal(from)
	if err != nil {
		return fmt.Errorf("recoding %T: %w", into, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("recoding %T: %w", into, err)
	}
	return nil
}

// inside is the object that another has under a name, so that it can be changed.
func inside(o obj, name string) obj {
	inner, there := o[name].(obj)
	if !there {
		inner = make(obj)
		o[name] = inner
	}
	return inner
}

// textIn is the text that an object has under a name, or none.
func textIn(o obj, name string) string {
	text, _ := o[name].(string)
	return text
}
