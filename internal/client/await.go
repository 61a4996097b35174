package client

import (
	"context"
	"fmt"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// maxAwait is the longest time for which a broker holds back an answer, as the contract has it.
const maxAwait = time.Minute

// LongestAwait is the longest time for which this client asks a broker to hold back an answer, in whole seconds. A third
// of an attempt's time is left for the answer itself: an attempt that times out tells nothing.
func (c *Client) LongestAwait() time.Duration {
	return min(c.timeout*2/3, maxAwait).Truncate(time.Second)
}

// AwaitConnection returns the live connection of that name once it does not go on by itself any more, and otherwise as it
// is after that time (RFC 7240, "Prefer: wait"). A broker, or a proxy in front of it, may answer sooner. The time counts
// in whole seconds; of less than one it is Connection. It is asked once only: what goes wrong is for whoever waits to
// judge.
func (c *Client) AwaitConnection(ctx context.Context, name string, within time.Duration) (api.Connection, error) {
	ctx, preference := awaiting(ctx, within)
	return Decode[api.Connection](c.api.GetConnection(ctx, name, &api.GetConnectionParams{Prefer: preference}))
}

// AwaitEdgeAttachment returns the live edge attachment of that name, as AwaitConnection does as to the time.
func (c *Client) AwaitEdgeAttachment(ctx context.Context, connection, name string, within time.Duration) (api.EdgeAttachment, error) {
	ctx, preference := awaiting(ctx, within)
	return Decode[api.EdgeAttachment](c.api.GetEdgeAttachment(ctx, connection, name, &api.GetEdgeAttachmentParams{Prefer: preference}))
}

// awaiting is the context and the preference of a read whose answer may be held back.
func awaiting(ctx context.Context, within time.Duration) (context.Context, *string) {
	if within < time.Second {
		return ctx, nil
	}
	preference := fmt.Sprintf("wait=%d", within/time.Second)
	return context.WithValue(ctx, onceKey{}, true), &preference
}

type onceKey struct{}

// askedOnce says that a request is not asked again, whatever comes of it.
func askedOnce(ctx context.Context) bool { return ctx.Value(onceKey{}) != nil }
