package httpapi

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/credentials"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
)

// identify finds out who asks, for what, and about which account, and lets nobody through who may not. Without a valid
// credential every path below /v1 looks the same.
func (s *service) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, err := s.authenticate(w, r)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		x := exchangeOf(r.Context())
		x.caller = identity.Caller

		// HEAD is GET without the body, which net/http leaves out by itself.
		if r.Method == http.MethodHead {
			r = r.WithContext(r.Context())
			r.Method = http.MethodGet
		}
		found := s.operations.find(r)
		hidden := strings.HasPrefix(r.URL.Path, operatorPath) && !isOperator(identity)
		switch {
		case hidden, found.route == nil && found.allowed == nil:
			s.refuse(w, r, noSuchOperation(r))
			return
		case found.route == nil:
			w.Header().Set("Allow", strings.Join(found.allowed, ", "))
			s.writeProblem(w, r, problem.New(problem.NoSuchOperation, "%s is not among the methods of %s: those are %s.",
				r.Method, r.URL.Path, strings.Join(found.allowed, ", ")), http.StatusMethodNotAllowed)
			return
		}
		x.operation = found.route.Operation.OperationID

		role := s.operations.roles[x.operation]
		if !mayCall(identity.Caller, role, r.Method) {
			s.refuse(w, r, problem.New(problem.Forbidden,
				"The token of %s does not have the role %q, which this needs. An administrator makes tokens.", x.caller.Subject, role))
			return
		}
		if role == api.RoleCustomer {
			if err := chooseAccount(x, r, identity); err != nil {
				s.refuse(w, r, err)
				return
			}
			w.Header().Set(headerAccount, x.account)
		}
		next.ServeHTTP(w, r)
	})
}

// mayCall says whether the caller's roles suffice for an operation that needs that role. Whoever approves has to see what
// waits and what was recorded, and so reads what a recorder does.
func mayCall(caller request.Caller, role api.Role, method string) bool {
	return caller.Has(role) || role == api.RoleRecorder && method == http.MethodGet && caller.Has(api.RoleApprover)
}

// isOperator says whether the subject has any part on the CSP's side.
func isOperator(identity credentials.Identity) bool {
	return slices.ContainsFunc(identity.Caller.Roles, func(role api.Role) bool { return role != api.RoleCustomer })
}

func noSuchOperation(r *http.Request) *problem.Problem {
	return problem.New(problem.NoSuchOperation, "There is no %s %s.", r.Method, r.URL.Path)
}

// authenticate reads the credential (RFC 6750) and returns whom it stands for.
func (s *service) authenticate(w http.ResponseWriter, r *http.Request) (credentials.Identity, error) {
	const challenge = `Bearer realm="hscn-broker"`
	header := r.Header.Values("Authorization")
	if len(header) == 0 {
		w.Header().Set("WWW-Authenticate", challenge)
		return credentials.Identity{}, problem.New(problem.Unauthenticated,
			"The request has no credential: send a token of this broker's as \"Authorization: Bearer ...\".")
	}
	scheme, secret, _ := strings.Cut(header[0], " ")
	if len(header) > 1 || !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(secret) == "" {
		w.Header().Set("WWW-Authenticate", challenge+`, error="invalid_request"`)
		return credentials.Identity{}, problem.New(problem.Unauthenticated,
			"The credential is not a bearer token: send a token of this broker's as \"Authorization: Bearer ...\".")
	}
	identity, err := s.keeper.Authenticate(r.Context(), strings.TrimSpace(secret))
	if rejected := (*credentials.RejectedError)(nil); errors.As(err, &rejected) {
		w.Header().Set("WWW-Authenticate", challenge+`, error="invalid_token"`)
		return credentials.Identity{}, problem.New(problem.Unauthenticated, "The credential is not accepted: %s.", rejected)
	}
	return identity, err
}

// chooseAccount takes the account that the request names, or the only one that the subject has. It says nothing of
// accounts that are not the subject's, not even whether there are any.
func chooseAccount(x *exchange, r *http.Request, identity credentials.Identity) error {
	named := strings.TrimSpace(r.Header.Get(headerAccount))
	switch {
	case len(identity.Accounts) == 0:
		return problem.New(problem.Forbidden, "The token of %s has no account to act in: this is for customers' tokens.", x.caller.Subject)
	case named == "" && len(identity.Accounts) == 1:
		named = identity.Accounts[0]
	case named == "":
		return problem.New(problem.Forbidden, "The token of %s may act in the accounts %s: say in the header %s which one is meant.",
			x.caller.Subject, strings.Join(identity.Accounts, ", "), headerAccount)
	case !slices.Contains(identity.Accounts, named):
		return problem.New(problem.Forbidden, "The token of %s may not act in account %q, only in %s.",
			x.caller.Subject, named, strings.Join(identity.Accounts, ", "))
	}
	x.account, x.caller.Account = named, named
	return nil
}
