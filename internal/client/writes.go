package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// questionTimeout is how long the question may take what became of a write that was not answered. It is not taken from the
// caller's deadline, which may be what the write failed by: to know whether something was ordered is worth more than to be
// punctual.
const questionTimeout = 10 * time.Second

// Unanswered means that every attempt to create an object ended without an answer, and that the broker, asked afterwards,
// says that the order does not stand: not yet, where an attempt that nobody waits for any longer is still on its way.
type Unanswered struct {
	// Err is how the last attempt ended: an *Unreachable, a *NotOurFormat, or a *Problem that may pass.
	Err error
	// Holder is what another order made under the name; nil where there is nothing.
	Holder *api.ExistingObject
}

// Error implements error.
func (e *Unanswered) Error() string {
	if e.Holder != nil {
		return fmt.Sprintf("another order made %s: %v", e.Holder.Name, e.Err)
	}
	return fmt.Sprintf("no order stands: %v", e.Err)
}

// Unwrap returns how the last attempt ended.
func (e *Unanswered) Unwrap() error { return e.Err }

// MayBeDone says that a write may have been done although no answer says so: one of its attempts may have reached the
// broker, and none was answered in a way that tells.
func MayBeDone(err error) bool {
	var unreachable *Unreachable
	if errors.As(err, &unreachable) {
		return unreachable.Sent
	}
	return !IsAnswered(err)
}

// NewIdempotencyKey makes the key of one operation, however often that is sent.
func NewIdempotencyKey() string { return uuid.NewString() }

// ordering is the context of a request that orders something: the end of the caller's context (Ctrl-C) does not end it,
// since an order whose answer nobody reads is lost. The caller's deadline still holds.
func ordering(ctx context.Context) (context.Context, context.CancelFunc) {
	detached := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(detached, deadline)
	}
	return detached, func() {}
}

// Afterwards is the context of the question what became of a write that was not answered: neither the end of the caller's
// context nor its deadline ends it, but it does not last long.
func (c *Client) Afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), c.questionTimeout)
}

// write runs an operation that changes something, with one key for all its attempts.
func write[T any](ctx context.Context, send func(ctx context.Context, key string) (*http.Response, error)) (T, error) {
	return writeAs[T](ctx, NewIdempotencyKey(), send)
}

func writeAs[T any](ctx context.Context, key string, send func(ctx context.Context, key string) (*http.Response, error)) (T, error) {
	ctx, cancel := ordering(ctx)
	defer cancel()
	return Decode[T](send(ctx, key))
}

// create is write for an operation that makes an object. Where no attempt was answered it asks for the name, by now: an
// object that shows the sum of this key was made by this order and is as good as the answer. The error is then an
// *Unanswered, or that of the last attempt where this question was not answered either.
func create[T any](
	ctx context.Context, c *Client, send func(ctx context.Context, key string) (*http.Response, error), now func(ctx context.Context) (T, error),
) (T, error) {
	key := NewIdempotencyKey()
	made, err := writeAs[T](ctx, key, send)
	if err == nil || !MayBeDone(err) {
		return made, err
	}
	ctx, cancel := c.Afterwards(ctx)
	defer cancel()
	var none T
	there, asked := now(ctx)
	if IsObjectGone(asked) {
		return none, &Unanswered{Err: err}
	}
	if asked != nil {
		return none, err
	}
	holder, unreadable := existing(there)
	sum := sha256.Sum256([]byte(key))
	switch {
	case unreadable != nil:
		return none, err
	case holder.CreateKeySha256 == hex.EncodeToString(sum[:]):
		return there, nil
	default:
		return none, &Unanswered{Err: err, Holder: &holder}
	}
}

// existing is what a problem document shows of an object that is in the way, of an object of any kind: the members have
// the same names.
func existing(object any) (api.ExistingObject, error) {
	var shown api.ExistingObject
	text, err := json.Marshal(object)
	if err == nil {
		err = json.Unmarshal(text, &shown)
	}
	return shown, err
}
