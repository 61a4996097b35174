package client

import (
	"context"
	"slices"
	"sync"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
)

// Facts is what a run judges by: policy, compliance facts and services, each fetched once, at first need, however many
// resources ask. What the first answer lacks is asked for once more by name. All requests of a run share one time limit,
// the client's RequestTimeout: once it has passed without an answer nothing is asked again, so that a broker that hangs
// delays a run once, not once for each resource. It is safe for concurrent use.
type Facts struct {
	client *Client

	mu     sync.Mutex
	policy *api.Policy
	known  *Known
	asked  map[string]bool
	err    error
}

// Known is what a run knows. It is never changed: what is learned later is in another one.
type Known struct {
	Compliance api.ComplianceFacts
	Services   []api.Service
}

// Need is what an order mentions. Members that are not known yet are left out.
type Need struct {
	// ODSCodes are in their canonical spelling.
	ODSCodes []string
	Services []api.ServiceReference
}

// NewFacts makes the facts of a run. It asks for nothing yet.
func (c *Client) NewFacts() *Facts { return &Facts{client: c, asked: map[string]bool{}} }

// Policy returns the policy in force. The error is what Client.Policy returned, for the rest of the run.
func (f *Facts) Policy(ctx context.Context) (api.Policy, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fetch(ctx, true, false); err != nil {
		return api.Policy{}, err
	}
	return *f.policy, nil
}

// For returns the policy and what is known once everything in need was asked for. The error is that of the request that
// failed, for the rest of the run: see IsRefused and IsUnavailable.
func (f *Facts) For(ctx context.Context, need Need) (api.Policy, *Known, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fetch(ctx, true, true); err != nil {
		return api.Policy{}, nil, err
	}
	if err := f.complete(ctx, need); err != nil {
		return api.Policy{}, nil, err
	}
	return *f.policy, f.known, nil
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

// fetch gets what is missing of the two, at the same time.
func (f *Facts) fetch(ctx context.Context, policy, known bool) error {
	policy, known = policy && f.policy == nil, known && f.known == nil
	if !policy && !known {
		return nil
	}
	return f.limited(ctx, func(ctx context.Context) error {
		var (
			wait       sync.WaitGroup
			errs       [3]error
			fetched    api.Policy
			compliance api.ComplianceFacts
			services   []api.Service
		)
		if policy {
			wait.Go(func() { fetched, errs[0] = f.client.Policy(ctx) })
		}
		if known {
			wait.Go(func() { compliance, errs[1] = f.client.ComplianceFacts(ctx) })
			wait.Go(func() { services, errs[2] = f.client.Services(ctx, api.ListServicesParams{}) })
		}
		wait.Wait()
		if policy && errs[0] == nil {
			f.policy = &fetched
		}
		if known && errs[1] == nil && errs[2] == nil {
			f.known = &Known{Compliance: compliance, Services: services}
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
	if len(codes) == 0 && len(services) == 0 {
		return nil
	}
	return f.limited(ctx, func(ctx context.Context) error {
		known := Known{Compliance: f.known.Compliance, Services: f.known.Services}
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
		for _, code := range codes {
			f.asked["organisation "+code] = true
		}
		for _, service := range services {
			f.asked[serviceQuestion(service)] = true
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
