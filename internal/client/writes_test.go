package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// sumOf is the sum of a key that may have been taken out of an atomic.Value.
func sumOf(key any) string {
	sum := sha256.Sum256(fmt.Append(nil, key))
	return hex.EncodeToString(sum[:])
}

// creates is an order of each kind.
func creates() map[string]func(ctx context.Context, c *Client) (string, error) {
	return map[string]func(ctx context.Context, c *Client) (string, error){
		"a connection": func(ctx context.Context, c *Client) (string, error) {
			made, err := c.CreateConnection(ctx, "records-prod", api.ConnectionSpec{})
			return made.UID, err
		},
		"an edge attachment": func(ctx context.Context, c *Client) (string, error) {
			made, err := c.CreateEdgeAttachment(ctx, "records-prod", "web", "", api.EdgeAttachmentSpec{})
			return made.UID, err
		},
		"agreement evidence": func(ctx context.Context, c *Client) (string, error) {
			made, err := c.CreateAgreementEvidence(ctx, "ca", api.AgreementEvidenceSpec{})
			return made.UID, err
		},
	}
}

func TestAnOrderWithoutAnAnswerIsAskedAfter(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		put   func(w http.ResponseWriter)
		get   func(w http.ResponseWriter, key any)
		made  bool
		check func(err error) bool
		asks  bool
	}{
		"its own order": {
			put: func(w http.ResponseWriter) { writeProblem(w, 503, "unavailable") },
			get: func(w http.ResponseWriter, key any) {
				write200(w, api.Connection{UID: "u-1", CreateKeySha256: sumOf(key)})
			},
			made: true, asks: true,
		},
		"its own order, behind a page of a proxy's": {
			put: func(w http.ResponseWriter) { w.WriteHeader(http.StatusAccepted) },
			get: func(w http.ResponseWriter, key any) {
				write200(w, api.Connection{UID: "u-1", CreateKeySha256: sumOf(key)})
			},
			made: true, asks: true,
		},
		"its own order, and a connection that breaks": {
			put: func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
			get: func(w http.ResponseWriter, key any) {
				write200(w, api.Connection{UID: "u-1", CreateKeySha256: sumOf(key)})
			},
			made: true, asks: true,
		},
		"nothing": {
			put: func(w http.ResponseWriter) { writeProblem(w, 500, "internal") },
			get: func(w http.ResponseWriter, _ any) { writeProblem(w, 404, "object-gone") },
			check: func(err error) bool {
				unanswered, ok := errors.AsType[*Unanswered](err)
				return ok && unanswered.Holder == nil && strings.Contains(err.Error(), "no order stands: internal")
			},
			asks: true,
		},
		"another's order": {
			put: func(w http.ResponseWriter) { writeProblem(w, 503, "unavailable") },
			get: func(w http.ResponseWriter, _ any) {
				write200(w, api.Connection{Name: "connections/records-prod", UID: "u-2", CreatedBy: "somebody", CreateKeySha256: sumOf("another")})
			},
			check: func(err error) bool {
				unanswered, ok := errors.AsType[*Unanswered](err)
				return ok && unanswered.Holder.UID == "u-2" && unanswered.Holder.CreatedBy == "somebody" &&
					strings.Contains(err.Error(), "another order made connections/records-prod")
			},
			asks: true,
		},
		"no answer to the question either": {
			put: func(w http.ResponseWriter) { writeProblem(w, 503, "unavailable") },
			get: func(w http.ResponseWriter, _ any) { writeProblem(w, 500, "internal") },
			check: func(err error) bool {
				problem, ok := err.(*Problem) //nolint:errorlint // the answer itself, with nothing around it
				return ok && problem.Kind() == "unavailable"
			},
			asks: true,
		},
		"a proxy's word that there is nothing": {
			put: func(w http.ResponseWriter) { writeProblem(w, 503, "unavailable") },
			get: func(w http.ResponseWriter, _ any) { http.NotFound(w, nil) },
			check: func(err error) bool {
				problem, ok := err.(*Problem) //nolint:errorlint // the answer itself, with nothing around it
				return ok && problem.Kind() == "unavailable"
			},
			asks: true,
		},
		"an answer in the negative": {
			put:   func(w http.ResponseWriter) { writeProblem(w, 422, "preconditions-failed") },
			check: func(err error) bool { return !MayBeDone(err) },
		},
	}
	for name, test := range tests {
		for what, order := range creates() {
			t.Run(name+" for "+what, func(t *testing.T) {
				t.Parallel()
				var key atomic.Value
				rec := record(t, func(w http.ResponseWriter, r *http.Request, _ int) {
					if r.Method == http.MethodPut {
						key.Store(r.Header.Get("Idempotency-Key"))
						test.put(w)
						return
					}
					test.get(w, key.Load())
				})
				uid, err := order(t.Context(), rec.client(t, func(c *Config) { c.MaxRetries = 1 }))
				if (err == nil) != test.made || test.made && uid != "u-1" || !test.made && !test.check(err) {
					t.Errorf("it made %q: %v", uid, err)
				}
				requests := rec.seen()
				if last := requests[len(requests)-1]; (last.method == http.MethodGet) != test.asks || last.method == http.MethodGet && last.path != requests[0].path {
					t.Errorf("it asked last for %s %s", last.method, last.path)
				}
			})
		}
	}
}

func TestTheQuestionAfterAnOrderOutlivesDeadlineAndInterruption(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	var key atomic.Value
	rec := record(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.Method == http.MethodPut {
			key.Store(r.Header.Get("Idempotency-Key"))
			cancel()             // Ctrl-C, which does not end the order
			<-r.Context().Done() // it is done, and its answer comes after the deadline
			return
		}
		write200(w, api.Connection{UID: "u-1", CreateKeySha256: sumOf(key.Load())})
	})
	made, err := rec.client(t, nil).CreateConnection(ctx, "records-prod", api.ConnectionSpec{})
	if err != nil || made.UID != "u-1" || ctx.Err() == nil {
		t.Errorf("%q, %v", made.UID, err)
	}
}

func TestTheQuestionAfterAnOrderDoesNotLast(t *testing.T) {
	t.Parallel()
	rec := record(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.Method == http.MethodPut {
			writeProblem(w, 503, "unavailable")
			return
		}
		<-r.Context().Done()
	})
	c := rec.client(t, func(c *Config) { c.MaxRetries = 0 })
	c.questionTimeout = 100 * time.Millisecond
	_, err := c.CreateConnection(t.Context(), "records-prod", api.ConnectionSpec{})
	if problem, ok := AsProblem(err); !ok || problem.Kind() != "unavailable" {
		t.Errorf("the error is %v", err)
	}
}

func TestWhatReachedNobodyIsNotAskedAfter(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	c, err := newClient(Config{Endpoint: closed.URL}, http.DefaultTransport, testPacing())
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.CreateConnection(t.Context(), "records-prod", api.ConnectionSpec{})
	var unreachable *Unreachable
	if MayBeDone(err) || !errors.As(err, &unreachable) || unreachable.Method != http.MethodPut {
		t.Errorf("the error is %v", err)
	}
}
