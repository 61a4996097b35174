package httpapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api/server"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/credentials"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/schema"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
)

// Config is what the API is served with. All of it must be given.
type Config struct {
	// DB is asked for the audit, and whether it answers.
	DB *store.DB
	// Desk takes orders and decisions.
	Desk Desk
	// Keeper knows the tokens.
	Keeper *credentials.Keeper
	// Logger takes the access log, and what went wrong.
	Logger *slog.Logger
	// Stopping ends when the broker begins to stop: answers that are held back go out then.
	Stopping context.Context
}

// service is the API over everything behind it.
type service struct {
	db         *store.DB
	desk       Desk
	keeper     *credentials.Keeper
	logger     *slog.Logger
	brokerID   string
	stopping   context.Context
	operations *operations
}

var _ server.StrictServerInterface = (*service)(nil)

// New makes the handler of everything that the broker serves: the contract below /v1, and /healthz and /readyz beside
// it. It does no I/O; it fails only where the program was built with a broken contract.
func New(config Config) (http.Handler, error) {
	document, err := schema.Document()
	if err != nil {
		return nil, err
	}
	s := &service{
		db: config.DB, desk: config.Desk, keeper: config.Keeper, logger: config.Logger, brokerID: config.DB.BrokerID(),
		stopping: config.Stopping,
	}
	if s.operations, err = newOperations(document); err != nil {
		return nil, err
	}

	strict := server.NewStrictHandlerWithOptions(s, []server.StrictMiddlewareFunc{s.hold}, server.StrictHTTPServerOptions{
		RequestErrorHandlerFunc:  s.refuseBody,
		ResponseErrorHandlerFunc: s.refuse,
	})
	contract := server.HandlerWithOptions(strict, server.StdHTTPServerOptions{
		BaseURL:          basePath,
		ErrorHandlerFunc: s.refuseParameter,
	})

	contract = s.identify(s.takePreferences(s.readBody(s.matchContract(document)(putBack(contract)))))
	return s.observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == basePath, strings.HasPrefix(r.URL.Path, basePath+"/"):
			contract.ServeHTTP(w, r)
		case r.URL.Path == "/healthz":
			s.probe(w, r, func() error { return nil })
		case r.URL.Path == "/readyz":
			s.probe(w, r, func() error { return s.reachable(r) })
		default:
			s.refuse(w, r, noSuchOperation(r))
		}
	})), nil
}

// probe answers those who watch over the broker, without a credential: /healthz says that the process serves, /readyz
// that its database answers too. Either is 200 with {"status":"ok"}, or a problem document.
func (s *service) probe(w http.ResponseWriter, r *http.Request, check func() error) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		s.writeProblem(w, r, noSuchOperation(r), http.StatusMethodNotAllowed)
		return
	}
	if err := check(); err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if _, err := io.WriteString(w, `{"status":"ok"}`+"\n"); err != nil {
		s.logger.DebugContext(r.Context(), "a probe did not wait for its answer", "error", err)
	}
}

// readyWithin is how long the database may take to answer before the broker calls itself not ready.
const readyWithin = 2 * time.Second

func (s *service) reachable(r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	if err := s.db.Ping(ctx); err != nil {
		s.logger.WarnContext(ctx, "the database does not answer", "error", err)
		return problem.New(problem.Unavailable, "The broker's database does not answer.")
	}
	return nil
}

// refuseBody is for what the contract lets through and Go's types do not, such as 31 February.
func (s *service) refuseBody(w http.ResponseWriter, r *http.Request, err error) {
	s.logger.InfoContext(r.Context(), "a body matched the contract and not its type",
		"request_id", exchangeOf(r.Context()).requestID, "error", err)
	s.refuse(w, r, invalid("", "the body has a value that does not exist, such as a day or a time"))
}

// refuseParameter is for what only the generated server finds: a header that is there more than once.
func (s *service) refuseParameter(w http.ResponseWriter, r *http.Request, err error) {
	var (
		several  *server.TooManyValuesForParamError
		format   *server.InvalidParamFormatError
		required *server.RequiredHeaderError
		missing  *server.RequiredParamError
	)
	switch {
	case errors.As(err, &several):
		err = invalid(several.ParamName, "is given %d times", several.Count)
	case errors.As(err, &format):
		err = invalid(format.ParamName, "does not have its form")
	case errors.As(err, &required):
		err = invalid(required.ParamName, "is missing")
	case errors.As(err, &missing):
		err = invalid(missing.ParamName, "is missing")
	}
	s.refuse(w, r, err)
}
