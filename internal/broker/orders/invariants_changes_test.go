package orders_test

import (
	"context"
	"encoding/json"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"pgregory.net/rapid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// beginActive gives the account an active connection with an active edge attachment, so that a walk comes to change them.
func (w *world) beginActive(t *rapid.T) {
	ctx := context.Background()
	c, err := w.CreateConnection(ctx, w.by(w.caller()), connectionNames[0], connectionSpec(w.codes[0], w.project(0)), true)
	if err != nil {
		t.Fatal(err)
	}
	e, err := w.CreateEdgeAttachment(ctx, w.by(w.caller()), connectionNames[0], edgeNames[0], "", edgeSpec(w.gateway(0)), true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.ApproveOrder(ctx, w.bob(), w.orderOf(c.UID).ID, ""); err != nil {
		t.Fatal(err)
	}
	for _, uid := range []string{c.UID, e.UID} {
		w.jobs()
		w.done(uid)
		w.ordered, w.confirmed[uid] = append(w.ordered, uid), true
	}
}

// declaration is what the owner of an object asked for last, as JSON, and the revision of it.
type declaration struct{ asked, etag string }

// declaredMembers are those of the objects that their owners declare and that the walks change.
var declaredMembers = []string{
	"ods_code", "service", "access", "purpose", "agreement", "profile", "circuits", "purchase_order", "gateway_id", "networks", "fulfilment",
}

// declared is what an object shows of what its owner declared, with the change that is pending.
func (w *world) declared(t *rapid.T, object any, pending *api.MergePatch, etag string) declaration {
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(asText(object)), &all); err != nil {
		t.Fatal(err)
	}
	confirmed := make(map[string]json.RawMessage)
	for _, name := range declaredMembers {
		if value, given := all[name]; given {
			confirmed[name] = value
		}
	}
	if pending == nil {
		return declaration{asText(confirmed), etag}
	}
	return declaration{merged(t, asText(confirmed), *pending), etag}
}

func merged(t *rapid.T, value string, patch api.MergePatch) string {
	text, err := jsonpatch.MergePatch([]byte(value), []byte(asText(patch)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (d declaration) access(t *rapid.T) api.Access {
	var spec struct{ Access api.Access }
	if err := json.Unmarshal([]byte(d.asked), &spec); err != nil {
		t.Fatal(err)
	}
	return spec.Access
}

// patched holds what an update made of an object against what it asked for.
func (w *world) patched(t *rapid.T, before, after string, patch api.MergePatch, was, is declaration) {
	if hscn.State(before) == hscn.StateActive && hscn.State(after) != hscn.StateActive {
		t.Fatalf("the update %v took it out of active, to %s", patch, after)
	}
	if want := merged(t, was.asked, patch); !jsonpatch.Equal([]byte(want), []byte(is.asked)) {
		t.Fatalf("after the update %v of\n%s\nwhat is asked for is\n%s", patch, was.asked, is.asked)
	}
}

// compare holds an object against what it was when it was looked at last: one thing was done since.
func (w *world) compare(t *rapid.T, name, uid string, now declaration) {
	last, known := w.seen[uid]
	w.seen[uid] = now
	if !known {
		return
	}
	if same := jsonpatch.Equal([]byte(last.asked), []byte(now.asked)); same != (last.etag == now.etag) {
		t.Fatalf("%s: what is asked for is the same: %t, the etag is: %t\n%s\n%s", name, same, last.etag == now.etag, last.asked, now.asked)
	}
}
