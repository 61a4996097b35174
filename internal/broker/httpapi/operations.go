package httpapi

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// basePath is where the contract's paths begin.
const basePath = "/v1"

// operatorPath is where the operator's begin.
const operatorPath = basePath + "/operator/"

// roleExtension is the contract's word for the role that an operation needs; without it, it is the customer's.
const roleExtension = "x-required-role"

// How large a body may be. A connection's has a few kilobytes, and so may every body that no row here is about.
const maxBody = 1 << 20

// maxBodies are the limits of other types than JSON: a register's export has a row for every organisation in health and
// social care.
var maxBodies = map[string]int64{"text/csv": 32 << 20}

// handedOn are the types of bodies that are not read in here but handed on as they arrive: policy decides how large a
// document may be, and whoever takes it sums it up.
var handedOn = []string{"application/pdf"}

// An inventory is everything that an operator knows.
const (
	loadInventory = "loadInventory"
	maxInventory  = 64 << 20
)

// operations finds what a request means in the contract.
type operations struct {
	router routers.Router
	// By operationId: the role that it needs, how large a body may be, whether it is handed on as it arrives, and whether
	// the request may have preferences.
	roles   map[string]api.Role
	bodies  map[string]int64
	handsOn map[string]bool
	prefers map[string]bool
}

func newOperations(document *openapi3.T) (*operations, error) {
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		return nil, fmt.Errorf("route by the API's contract: %w", err)
	}
	o := &operations{
		router: router, roles: make(map[string]api.Role), bodies: make(map[string]int64),
		handsOn: make(map[string]bool), prefers: make(map[string]bool),
	}
	for name, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			role := api.RoleCustomer
			if named, found := operation.Extensions[roleExtension]; found {
				text, _ := named.(string)
				role = api.Role(text)
			}
			if !role.Valid() {
				return nil, fmt.Errorf("the API's contract gives %s %s the role %q, which there is not", method, name, role)
			}
			if operators := strings.HasPrefix(basePath+name, operatorPath); operators != (role != api.RoleCustomer) {
				return nil, fmt.Errorf("the API's contract gives %s %s the role %s, which its path does not go with", method, name, role)
			}
			o.roles[operation.OperationID] = role
			o.bodies[operation.OperationID] = bodyLimit(operation)
			o.handsOn[operation.OperationID] = handsOn(operation)
			o.prefers[operation.OperationID] = acceptsPreferences(operation)
		}
	}
	return o, nil
}

// bodyLimit is how many bytes the operation's body may have.
func bodyLimit(operation *openapi3.Operation) int64 {
	limit := int64(maxBody)
	if operation.OperationID == loadInventory {
		limit = maxInventory
	}
	if operation.RequestBody != nil {
		for mediaType := range operation.RequestBody.Value.Content {
			limit = max(limit, maxBodies[mediaType])
		}
	}
	return limit
}

func handsOn(operation *openapi3.Operation) bool {
	return operation.RequestBody != nil && slices.ContainsFunc(handedOn, func(mediaType string) bool {
		return operation.RequestBody.Value.Content[mediaType] != nil
	})
}

// meant is what find found.
type meant struct {
	route *routers.Route
	// allowed are the methods of a path that is not there for the request's.
	allowed []string
}

// find returns the operation that the request means, the methods that its path has instead, or nothing.
func (o *operations) find(r *http.Request) meant {
	// Paths that the multiplexer would redirect to a tidier spelling are none of the contract's.
	if escaped := r.URL.EscapedPath(); path.Clean(escaped) != escaped {
		return meant{}
	}
	route, _, err := o.router.FindRoute(r)
	switch {
	case err == nil:
		return meant{route: route}
	case errors.Is(err, routers.ErrMethodNotAllowed):
		return meant{allowed: o.allowed(r)}
	default:
		return meant{}
	}
}

// allowed asks for the path under every other method.
func (o *operations) allowed(r *http.Request) []string {
	var methods []string
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete} {
		other := *r
		other.Method = method
		if _, _, err := o.router.FindRoute(&other); err == nil {
			methods = append(methods, method)
		}
	}
	if slices.Contains(methods, http.MethodGet) {
		methods = append(methods, http.MethodHead)
	}
	slices.Sort(methods)
	return methods
}

// queryNames are the parameters that an operation takes in the query.
func queryNames(route *routers.Route) []string {
	names := make(map[string]struct{})
	for _, list := range []openapi3.Parameters{route.PathItem.Parameters, route.Operation.Parameters} {
		for _, ref := range list {
			if ref.Value.In == openapi3.ParameterInQuery {
				names[ref.Value.Name] = struct{}{}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}
