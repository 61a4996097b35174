package passthrough

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Observer is told what goes through. It may be called by several goroutines.
type Observer interface {
	// InState says that Terraform's state has an object of that type, such as "hscn_connection", with that id.
	InState(resourceType, id string)
}

// downstream is everything that the framework serves. What is not a part of tfprotov6.ProviderServer the protocol's
// server looks for by type, so that a wrapper without it would take it away.
type downstream interface {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	tfprotov6.ActionServer
	tfprotov6.StateStoreServer
}

type server struct {
	downstream
	observer Observer
}

// Wrap returns the framework's server with an observer. It panics where the framework serves less than it did when this
// was written, which only another version of it can.
func Wrap(framework tfprotov6.ProviderServer, observer Observer) tfprotov6.ProviderServer {
	whole, ok := framework.(downstream)
	if !ok {
		panic(fmt.Sprintf("passthrough: %T does not serve everything that is handed on to it", framework))
	}
	return &server{downstream: whole, observer: observer}
}

// UpgradeResourceState tells the observer of what is in state, once the framework has made sense of it.
func (s *server) UpgradeResourceState(
	ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest,
) (*tfprotov6.UpgradeResourceStateResponse, error) {
	resp, err := s.downstream.UpgradeResourceState(ctx, req)
	if err == nil && resp.UpgradedState != nil {
		if id := idOf(req.RawState); id != "" {
			s.observer.InState(req.TypeName, id)
		}
	}
	return resp, err
}

// idOf is the id of an object as state has it, or empty where there is none. Every version of every schema has it under
// that name.
func idOf(raw *tfprotov6.RawState) string {
	if raw == nil {
		return ""
	}
	var object struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(raw.JSON, &object); err != nil {
		return "" // no JSON object: the framework has said so
	}
	return object.ID
}
