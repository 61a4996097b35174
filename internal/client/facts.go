package client

import (
	"context"
	"slices"
	"sync"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// Facts is what a run judges by: policy, compliance facts, services, gateways and listings of what the broker has, each
// fetched once, at first need, however many resources ask. What the first answer lacks is asked for once more by name.
// All requests of a run share one time limit, the client's RequestTimeout: once it has passed without an answer nothing
// is asked again, so that a broker that hangs delays a run once, not once for each resource. It is safe for concurrent
// use.
type Facts struct {
	client *Client

	mu       sync.Mutex
	policy   *api.Policy
	known    *Known
	asked    map[string]bool
	listings map[string]any
	err      error
}

// Known is what a run knows. It is never changed: what is learned later is in another one.
type Known struct {
	Compliance api.ComplianceFacts
	Services   []api.Service
	// Gateways are nil as long as nobody needed them.
	Gateways []api.Gateway
}

// Need is what an order mentions. Members that are not known yet are left out.
type Need struct {
	// ODSCodes are in their canonical spelling.
	ODSCodes []string
	Services []api.ServiceReference
	// Gateways says that the account's gateways are needed, GatewayIDs which of them are mentioned.
	Gateways   bool
	GatewayIDs []string
}

// NewFacts makes the facts of a run. It asks for nothing yet.
func (c *Client) NewFacts() *Facts {
	return &Facts{client: c, asked: map[string]bool{}, listings: map[string]any{}}
}

// Policy returns the policy in force. The error is what Client.Policy returned, for the rest of the run.
func (f *Facts) Policy(ctx context.Context) (api.Policy, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fetch(ctx, false, false); err != nil {
		return api.Policy{}, err
	}
	return *f.policy, nil
}

// For returns the policy and what is known once everything in need was asked for. The error is that of the request that
// failed, for the rest of the run: see IsRefused and IsUnavailable.
func (f *Facts) For(ctx context.Context, need Need) (api.Policy, *Known, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fetch(ctx, true, need.Gateways); err != nil {
		return api.Policy{}, nil, err
	}
	if err := f.complete(ctx, need); err != nil {
		return api.Policy{}, nil, err
	}
	return *f.policy, f.known, nil
}

// Listed returns what ask lists, which is asked once in a run for each name, within the time that the run's requests
// have. The error is that of the request that failed, for the rest of the run.
func Listed[T any](ctx context.Context, f *Facts, name string, ask func(context.Context, *Client) ([]T, error)) ([]T, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if listing, ok := f.listings[name].([]T); ok {
		return listing, nil
	}
	var listing []T
	err := f.limited(ctx, func(ctx context.Context) (err error) {
		listing, err = ask(ctx, f.client)
		return err
	})
	if err != nil {
		return nil, err
	}
	f.listings[name] = listing
	return listing, nil
}

// limited runs ask within the time that requests have, and remembers that they failed.
func (f *Facts) limited(ctx context.Context, ask func(context.Context) error) error {
	if f.err != nil {
		return f.err
	}
	limited, cancel := context.WithTimeout(ctx, f.client.timeout)
	defer cancel()
	err := ask(limited)
	if err != nil && ctx.Err() == nil {
		f.err = err
	}
	return err
}

// fetch gets what is missing of the policy and, where they are wanted, of the facts and the gateways, all at the same
// time.
func (f *Facts) fetch(ctx context.Context, facts, gateways bool) error {
	policy, facts, gateways := f.policy == nil, facts && f.known == nil, gateways && (f.known == nil || f.known.Gateways == nil)
	if !policy && !facts && !gateways {
		return nil
	}
	return f.limited(ctx, func(ctx context.Context) error {
		var (
			wait    sync.WaitGroup
			errs    [4]error
			fetched api.Policy
			known   Known
		)
		if f.known != nil {
			known = *f.known
		}
		if policy {
			wait.Go(func() { fetched, errs[0] = f.client.Policy(ctx) })
		}
		if facts {
			wait.Go(func() { known.Compliance, errs[1] = f.client.ComplianceFacts(ctx) })
			wait.Go(func() { known.Services, errs[2] = f.client.Services(ctx, api.ListServicesParams{}) })
		}
		if gateways {
			wait.Go(func() { known.Gateways, errs[3] = f.client.Gateways(ctx, api.ListGatewaysParams{}) })
		}
		wait.Wait()
		if policy && errs[0] == nil {
			f.policy = &fetched
		}
		if (facts || gateways) && errs[1] == nil && errs[2] == nil && errs[3] == nil {
			f.known = &known
		}
		return worst(errs[:])
	})
}

// worst is the error to tell of: one that says no rather than one that says nothing.
func worst(errs []error) error {
	if i := slices.IndexFunc(errs, IsRefused); i >= 0 {
		return errs[i]
	}
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}

// complete asks once more, by name, for what is needed and not known.
func (f *Facts) complete(ctx context.Context, need Need) error {
	var codes []string
	for _, code := range need.ODSCodes {
		if !f.knows(code) && !f.asked["organisation "+code] && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	var services []api.ServiceReference
	for _, service := range need.Services {
		if !f.consumes(service) && !f.asked[serviceQuestion(service)] {
			services = append(services, service)
		}
	}
	var gateways []string
	for _, id := range need.GatewayIDs {
		if need.Gateways && !f.hasGateway(id) && !f.asked["gateway "+id] {
			gateways = append(gateways, id)
		}
	}
	if len(codes) == 0 && len(services) == 0 && len(gateways) == 0 {
		return nil
	}
	return f.limited(ctx, func(ctx context.Context) error {
		known := *f.known
		// The contract bounds how many codes one question names.
		for chunk := range slices.Chunk(codes, 200) {
			more, err := f.client.ComplianceFacts(ctx, chunk...)
			if err != nil {
				return err
			}
			known.Compliance = merged(more, known.Compliance)
		}
		for _, service := range services {
			found, err := f.client.Services(ctx, api.ListServicesParams{Type: &service.Type, ID: &service.ID})
			if err != nil {
				return err
			}
			known.Services = append(slices.Clip(known.Services), found...)
		}
		for _, id := range gateways {
			found, err := f.client.Gateways(ctx, api.ListGatewaysParams{ID: &id})
			if err != nil {
				return err
			}
			known.Gateways = append(slices.Clip(known.Gateways), found...)
		}
		for _, code := range codes {
			f.asked["organisation "+code] = true
		}
		for _, service := range services {
			f.asked[serviceQuestion(service)] = true
		}
		for _, id := range gateways {
			f.asked["gateway "+id] = true
		}
		f.known = &known
		return nil
	})
}

func serviceQuestion(s api.ServiceReference) string { return "service " + s.Type + " " + s.ID }

func (f *Facts) knows(code string) bool {
	return slices.ContainsFunc(f.known.Compliance.Organisations, func(o api.OrganisationFacts) bool { return o.OdsCode == code })
}

func (f *Facts) consumes(service api.ServiceReference) bool {
	return slices.ContainsFunc(f.known.Services, func(s api.Service) bool { return s.Type == service.Type && s.ID == service.ID })
}

func (f *Facts) hasGateway(id string) bool {
	return slices.ContainsFunc(f.known.Gateways, func(g api.Gateway) bool { return g.ID == id })
}

// merged is the newer of two answers, with those organisations of the older that the newer does not mention.
func merged(newer, older api.ComplianceFacts) api.ComplianceFacts {
	all := slices.Clone(newer.Organisations)
	for _, o := range older.Organisations {
		if !slices.ContainsFunc(all, func(n api.OrganisationFacts) bool { return n.OdsCode == o.OdsCode }) {
			all = append(all, o)
		}
	}
	newer.Organisations = all
	return newer
}
