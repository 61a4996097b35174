package httpapi

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
)

// Names of the contract's headers.
const (
	headerAccount   = "Hscn-Account"
	headerBrokerID  = "Hscn-Broker-Id"
	headerRequestID = "Hscn-Request-Id"
)

// observe gives every request its id and every answer its headers, stops panics, and writes the access log. The log has
// neither query nor body nor credential: who asked is in it by the token's id.
func (s *service) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now() // the machine's own clock: how long an answer took is no fact of the broker's
		x := &exchange{requestID: uuid.NewString()}
		r = r.WithContext(withExchange(r.Context(), x))
		answer := &answer{ResponseWriter: w}

		header := w.Header()
		header.Set(headerRequestID, x.requestID)
		header.Set(headerBrokerID, s.brokerID)
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")

		defer func() {
			if recovered := recover(); recovered != nil {
				if err, ok := recovered.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(recovered) // net/http's own way to hang up
				}
				s.logger.ErrorContext(r.Context(), "a request made the broker panic",
					"request_id", x.requestID, "panic", recovered, "stack", string(debug.Stack()))
				if answer.status == 0 {
					s.refuse(answer, r, problem.New(problem.Internal, "%s", internalDetail))
				}
			}
			level := slog.LevelInfo
			if answer.status >= http.StatusInternalServerError {
				level = slog.LevelError
			}
			s.logger.Log(r.Context(), level, "request",
				"request_id", x.requestID, "method", r.Method, "path", r.URL.Path, "operation", x.operation,
				"status", answer.status, "bytes", answer.written, "duration_ms", time.Since(started).Milliseconds(),
				"token_id", x.caller.TokenID, "account", x.account, "remote", r.RemoteAddr)
		}()
		next.ServeHTTP(answer, r)
	})
}

// answer remembers what was answered.
type answer struct {
	http.ResponseWriter
	status  int
	written int64
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(data []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(data)
	a.written += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
