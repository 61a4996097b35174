package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// internalDetail says nothing of what went wrong: that is for the log, under the request's id.
const internalDetail = "The broker failed to answer. Its log says why, under this document's request_id. Asking again may help."

// retryAfter is sent where a problem that passes does not say when.
const retryAfter = time.Second

// problemOf makes a problem of any error. What is no problem yet is a fault of the broker's, and only its log says which.
func (s *service) problemOf(r *http.Request, err error) *problem.Problem {
	var p *problem.Problem
	if errors.As(err, &p) {
		return p
	}
	switch {
	case errors.Is(err, store.ErrBusy), errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrStale):
		return problem.New(problem.Unavailable, "Other writes kept this one waiting. Nothing was changed; ask again.")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		// Whoever asked has gone, or the broker stops: what it could not finish was not done.
		s.logger.InfoContext(r.Context(), "a request was given up", "request_id", exchangeOf(r.Context()).requestID, "error", err)
		return problem.New(problem.Unavailable, "The broker could not finish the request in time. Ask again.")
	}
	s.logger.ErrorContext(r.Context(), "a request failed", "request_id", exchangeOf(r.Context()).requestID, "error", err)
	return problem.New(problem.Internal, "%s", internalDetail)
}

// refuse writes the problem document of an error.
func (s *service) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problemOf(r, err)
	s.writeProblem(w, r, p, p.Status())
}

// writeProblem writes the document under a status that may be another than its type's.
func (s *service) writeProblem(w http.ResponseWriter, r *http.Request, p *problem.Problem, status int) {
	x := exchangeOf(r.Context())
	document := api.Problem{
		Type: problem.Prefix + string(p.Type), Title: p.Title(), Status: status, Detail: p.Detail,
		RequestID: x.requestID, BrokerID: s.brokerID,
		Findings: p.Findings, Invalid: p.Invalid, Existing: p.Existing,
	}
	if x.account != "" {
		document.Account = &x.account
	}
	header := w.Header()
	header.Set("Content-Type", "application/problem+json")
	header.Del("Content-Length")
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		after := max(p.RetryAfter, retryAfter)
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
	}
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(document); err != nil {
		s.logger.InfoContext(r.Context(), "an answer did not reach its caller", "request_id", x.requestID, "error", err)
	}
}

// invalid makes a problem of one member, or parameter, that does not match the contract.
func invalid(pointer, format string, args ...any) *problem.Problem {
	detail := problem.New(problem.RequestInvalid, format, args...).Detail
	p := problem.New(problem.RequestInvalid, "The request does not match the contract: %s.", strings.TrimSpace(pointer+" "+detail))
	p.Invalid = []api.InvalidMember{{Pointer: &pointer, Detail: detail}}
	return p
}
