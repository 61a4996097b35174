package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/api/server"
)

// The preference that the contract knows (RFC 7240, section 4.3), and the headers that it travels in.
const (
	headerPrefer            = "Prefer"
	headerPreferenceApplied = "Preference-Applied"
	preferenceWait          = "wait"
)

// longestWait is the longest that an answer is held back: well below the time in which it has to be written, and below
// what proxies commonly allow.
const longestWait = time.Minute

// takePreferences reads what the request would rather have, and takes the header away, since a preference that is not
// understood is ignored (RFC 7240, section 2): nothing after this finds fault with it.
func (s *service) takePreferences(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if values := r.Header.Values(headerPrefer); len(values) > 0 {
			x := exchangeOf(r.Context())
			if s.operations.prefers[x.operation] {
				x.wait = waitPreferred(values)
			}
			r.Header.Del(headerPrefer)
		}
		next.ServeHTTP(w, r)
	})
}

// waitPreferred is how long the answer may be held back, 0 where nobody asks for it. Of several such preferences the first
// counts.
func waitPreferred(values []string) time.Duration {
	for _, preference := range splitUnquoted(strings.Join(values, ","), ',') {
		preference = splitUnquoted(preference, ';')[0] // what follows are the preference's parameters, and wait has none
		name, value, _ := strings.Cut(preference, "=")
		if !strings.EqualFold(strings.TrimSpace(name), preferenceWait) {
			continue
		}
		value = strings.TrimSpace(value)
		if quoted := len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"'; quoted {
			value = value[1 : len(value)-1]
		}
		return secondsWithin(value, longestWait)
	}
	return 0
}

// secondsWithin reads a whole number of seconds, at most the longest; 0 for what is none.
func secondsWithin(text string, longest time.Duration) time.Duration {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0
	}
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds > int(longest/time.Second) { // too large a number is a long wait too
		return longest
	}
	return time.Duration(seconds) * time.Second
}

// splitUnquoted cuts a header's value at the separators outside of quoted strings (RFC 9110, section 5.6.4). It returns at
// least one piece.
func splitUnquoted(value string, separator byte) []string {
	var pieces []string
	quoted, start := false, 0
	for i := 0; i < len(value); i++ {
		switch {
		case quoted && value[i] == '\\':
			i++
		case value[i] == '"':
			quoted = !quoted
		case !quoted && value[i] == separator:
			pieces = append(pieces, value[start:i])
			start = i + 1
		}
	}
	return append(pieces, value[start:])
}

// acceptsPreferences says whether the contract lets the operation's request have preferences.
func acceptsPreferences(operation *openapi3.Operation) bool {
	return operation.Parameters.GetByInAndName(openapi3.ParameterInHeader, headerPrefer) != nil
}

// hold is around every operation: where the request prefers to wait, an answer that shows an object which goes on by itself
// is held back until the object does not, or the time is up, and shows it as it is then. What the operation did is committed
// before. The wait ends early when whoever asked has gone, or the broker stops.
func (s *service) hold(next server.StrictHandlerFunc, _ string) server.StrictHandlerFunc {
	return func(ctx context.Context, w http.ResponseWriter, r *http.Request, request any) (any, error) {
		answer, err := next(ctx, w, r, request)
		x := exchangeOf(ctx)
		if err != nil || x.wait == 0 {
			return answer, err
		}
		before := shownIn(answer)
		if before.uid == "" {
			return answer, nil
		}
		held, now, err := s.settled(ctx, x, before.uid)
		if err != nil {
			// What was asked for is done, and the first answer says so.
			s.logger.InfoContext(ctx, "an answer was not held back", "request_id", x.requestID, "error", err)
			return answer, nil
		}
		answer = shownNow(answer, now)
		if held || shownIn(answer).state != before.state {
			w.Header().Set(headerPreferenceApplied, preferenceWait)
		}
		return answer, nil
	}
}

// settled waits until the object does not go on by itself, and returns whether there was anything to wait for, and the
// object as it is then. A wait that ends before the object is settled is no error: the object says how far it is.
func (s *service) settled(ctx context.Context, x *exchange, uid string) (bool, api.StoredObject, error) {
	// The machine's own clock: how long somebody holds a line is no fact of the broker's.
	within, cancel := context.WithTimeout(ctx, x.wait)
	defer cancel()
	ignore := context.AfterFunc(s.stopping, cancel)
	defer ignore()
	held, err := s.desk.Settle(within, uid)
	if err != nil && within.Err() == nil {
		return held, api.StoredObject{}, err
	}
	now, err := s.desk.Object(ctx, x.caller, uid)
	return held, now, err
}

// shown is what tells objects in answers apart.
type shown struct{ uid, state string }

// shownIn is the object that an answer shows, empty where it shows none that could be waited for.
func shownIn(answer any) shown {
	switch object := answer.(type) {
	case server.GetConnection200JSONResponse:
		return shown{object.UID, object.State}
	case server.CreateConnection202JSONResponse:
		return shown{object.UID, object.State}
	case server.UpdateConnection200JSONResponse:
		return shown{object.UID, object.State}
	case server.GetEdgeAttachment200JSONResponse:
		return shown{object.UID, object.State}
	case server.CreateEdgeAttachment202JSONResponse:
		return shown{object.UID, object.State}
	case server.UpdateEdgeAttachment200JSONResponse:
		return shown{object.UID, object.State}
	default:
		return shown{}
	}
}

// shownNow is the answer with the object as it is now. What a write found stays part of its answer.
func shownNow(answer any, now api.StoredObject) any {
	switch {
	case now.Connection != nil:
		connection := *now.Connection
		switch before := answer.(type) {
		case server.GetConnection200JSONResponse:
			return server.GetConnection200JSONResponse(connection)
		case server.CreateConnection202JSONResponse:
			connection.Findings = before.Findings
			return server.CreateConnection202JSONResponse(connection)
		case server.UpdateConnection200JSONResponse:
			connection.Findings = before.Findings
			return server.UpdateConnection200JSONResponse(connection)
		}
	case now.EdgeAttachment != nil:
		edge := *now.EdgeAttachment
		switch before := answer.(type) {
		case server.GetEdgeAttachment200JSONResponse:
			return server.GetEdgeAttachment200JSONResponse(edge)
		case server.CreateEdgeAttachment202JSONResponse:
			edge.Findings = before.Findings
			return server.CreateEdgeAttachment202JSONResponse(edge)
		case server.UpdateEdgeAttachment200JSONResponse:
			edge.Findings = before.Findings
			return server.UpdateEdgeAttachment200JSONResponse(edge)
		}
	}
	return answer
}
