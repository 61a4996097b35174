package httpapi

import (
	"context"
	"io"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
)

// exchange is what becomes known of a request on its way in. Each stage fills in its part; the log is written from it
// when the answer is out.
type exchange struct {
	requestID string
	operation string // the contract's operationId, empty where none is meant
	caller    request.Caller
	// account is the caller's, also where a request was refused after it was found out.
	account string
	// method, path and bodySHA256 are what an idempotency key is bound to; path has its query.
	method, path, bodySHA256 string
	// wait is how long the answer may be held back, 0 where the request does not prefer that.
	wait time.Duration
	// body is one that is handed on as it arrives, nil elsewhere; bodySize is how many bytes it has, -1 where the request
	// does not say.
	body     io.ReadCloser
	bodySize int64
}

type exchangeKey struct{}

func withExchange(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// exchangeOf returns the request's exchange. Outside of one, where nothing is observed, it is an empty one.
func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{}
}

// write is the request as those see it who change something because of it.
func (x *exchange) write(key string, changeReference *string) request.Write {
	w := request.Write{
		Caller: x.caller, IdempotencyKey: key, Method: x.method, Path: x.path, BodySHA256: x.bodySHA256, RequestID: x.requestID,
	}
	if changeReference != nil {
		w.ChangeReference = *changeReference
	}
	return w
}
