package orders

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/page"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// ComplianceFacts returns what is known of the organisations that the account is bound to, of those that are asked for in
// any spelling, and of those that the rules look at beside them. What the account has no business with it does not learn:
// which documents an organisation has signed with the provider is told to accounts that may act for it only.
func (d *Desk) ComplianceFacts(ctx context.Context, caller request.Caller, odsCodes []string) (api.ComplianceFacts, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.ComplianceFacts, error) {
		facts := api.ComplianceFacts{
			Now: d.now(), Account: caller.Account, Organisations: []api.OrganisationFacts{},
		}
		account, err := r.AccountByID(ctx, caller.Account)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return facts, err
		}
		if facts.Waivers, err = activeWaivers(ctx, r, caller.Account, facts.Now); err != nil {
			return facts, err
		}
		if err = addEvidence(ctx, r, caller.Account, &facts); err != nil {
			return facts, err
		}
		codes := slices.Clone(account.Organisations)
		for _, code := range odsCodes {
			codes = append(codes, hscn.CanonicalODSCode(code))
		}
		found, err := organisationFacts(ctx, r, account, codes)
		if err != nil {
			return facts, err
		}
		for _, organisation := range found {
			facts.Organisations = append(facts.Organisations, shownToCustomer(organisation))
		}
		return facts, nil
	})
}

// shownToCustomer leaves out what is the operator's own business: who recorded a look-up, and which contracts the CSP has
// with organisations that the account may not act for.
func shownToCustomer(o api.OrganisationFacts) api.OrganisationFacts {
	if !o.Bound {
		o.FlowDown = nil
	}
	if o.Directory != nil {
		record := *o.Directory
		record.RecordedBy, o.Directory = nil, &record
	}
	if o.Register != nil {
		record := *o.Register
		record.RecordedBy, o.Register = nil, &record
	}
	if o.FlowDown != nil {
		record := *o.FlowDown
		record.RecordedBy, o.FlowDown = nil, &record
	}
	if o.Dspt != nil {
		record := *o.Dspt
		record.RecordedBy, o.Dspt = nil, &record
	}
	return o
}

// organisationFacts returns what is known of the organisations of these canonical codes, and of the successors, parents
// and sites that the directory names for them, in whose DSPT rows theirs may stand. A code of which nobody ever looked
// anything up is among them without a record, since it was asked for.
func organisationFacts(
	ctx context.Context, r *store.Reader, account store.Account, codes []string,
) ([]api.OrganisationFacts, error) {
	asked := sortedUnique(codes)
	rows, err := r.OrganisationsByCode(ctx, asked)
	if err != nil {
		return nil, err
	}
	var related []string
	for _, row := range rows {
		if directory := row.Directory; directory != nil {
			related = append(related, directory.Successors...)
			related = append(related, directory.Sites...)
			if directory.Parent != nil {
				related = append(related, *directory.Parent)
			}
		}
	}
	related = slices.DeleteFunc(sortedUnique(related), func(code string) bool {
		_, found := slices.BinarySearch(asked, code)
		return found
	})
	beside, err := r.OrganisationsByCode(ctx, related)
	if err != nil {
		return nil, err
	}

	known := make(map[string]store.Organisation, len(rows)+len(beside))
	for _, row := range slices.Concat(rows, beside) {
		known[row.ODSCode] = row
	}
	facts := make([]api.OrganisationFacts, 0, len(asked)+len(related))
	for _, code := range slices.Concat(asked, related) {
		row := known[code]
		row.ODSCode = code
		facts = append(facts, factsOf(account, row))
	}
	return facts, nil
}

// factsOf is what is known of an organisation in the contract's words, for an account.
func factsOf(account store.Account, row store.Organisation) api.OrganisationFacts {
	return api.OrganisationFacts{
		OdsCode: row.ODSCode, Bound: slices.Contains(account.Organisations, row.ODSCode),
		Directory: row.Directory, Register: row.Register, FlowDown: row.FlowDown, Dspt: row.DSPT,
	}
}

// canonicalCodes returns the codes in their canonical spelling.
func canonicalCodes(codes []string) []string {
	canonical := make([]string, len(codes))
	for i, code := range codes {
		canonical[i] = hscn.CanonicalODSCode(code)
	}
	return canonical
}

// sortedUnique returns the codes in their canonical spelling, each once, in their order.
func sortedUnique(codes []string) []string {
	canonical := canonicalCodes(codes)
	slices.Sort(canonical)
	return slices.Compact(canonical)
}

// Services returns a page of the cloud services that the account consumes.
func (d *Desk) Services(ctx context.Context, caller request.Caller, params api.ListServicesParams) (api.ServicePage, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.ServicePage, error) {
		answer := api.ServicePage{Items: []api.Service{}}
		size := page.Size(params.PageSize)
		after, err := pageAfter[store.ServiceKey](params.PageToken)
		if err != nil {
			return answer, err
		}
		p, err := d.policyInForce(ctx, r, d.now())
		if err != nil {
			return answer, err
		}
		rows, err := r.Services(ctx, store.ServiceFilter{
			Account: caller.Account, Type: *orDefault(params.Type, ""), ID: *orDefault(params.ID, ""), After: after, Limit: size + 1,
		})
		if err != nil {
			return answer, err
		}
		if rows, answer.NextPageToken, err = page.Cut(rows, size, func(s store.Service) any { return s.Key() }); err != nil {
			return answer, err
		}
		keys := make([]store.ServiceKey, len(rows))
		for i, row := range rows {
			keys[i] = row.Key()
		}
		holders, err := r.ServiceHolders(ctx, caller.Account, keys)
		if err != nil {
			return answer, fmt.Errorf("who holds services: %w", err)
		}
		for _, row := range rows {
			name := ""
			if holder, held := holders[row.Key()]; held {
				name = hscn.ConnectionName(holder)
			}
			answer.Items = append(answer.Items, serviceShown(p, row, name))
		}
		return answer, nil
	})
}

// pageAfter is the key of the last row of the page before; nil for the first page.
func pageAfter[Key any](token *api.PageToken) (*Key, error) {
	var key Key
	if found, err := page.After(token, &key); err != nil || !found {
		return nil, err
	}
	return &key, nil
}

// serviceShown is a service in the contract's words. Of a zone that policy has dropped only the name is left.
func serviceShown(p *policy, row store.Service, connection string) api.Service {
	zone, known := p.document.Zones[row.Zone]
	shown := api.Service{
		Type: row.Type, ID: row.ID, Title: given(row.Title), Zone: row.Zone,
		HscnOffered: known && zone.HscnOffered, Connection: given(connection),
	}
	if known {
		shown.Region, shown.DataCentres = &zone.Region, zone.DataCentres
	}
	return shown
}

// gatewayShown is a gateway in the contract's words, with the full name of the edge attachment that holds it.
func gatewayShown(row store.Gateway, edge string) api.Gateway {
	networks := row.Networks
	if networks == nil {
		networks = []string{}
	}
	return api.Gateway{
		ID: row.ID, Title: given(row.Title), Service: api.ServiceReference{Type: row.ServiceType, ID: row.ServiceID},
		Zone: row.Zone, Networks: networks, InternalNetworks: row.InternalNetworks, EdgeAttachment: given(edge),
	}
}

// Gateways returns a page of the edge gateways and routers of the account's services.
func (d *Desk) Gateways(ctx context.Context, caller request.Caller, params api.ListGatewaysParams) (api.GatewayPage, error) {
	return read(ctx, d, func(ctx context.Context, r *store.Reader) (api.GatewayPage, error) {
		answer := api.GatewayPage{Items: []api.Gateway{}}
		size := page.Size(params.PageSize)
		after, err := pageAfter[string](params.PageToken)
		if err != nil {
			return answer, err
		}
		rows, err := r.Gateways(ctx, store.GatewayFilter{
			Account: caller.Account, ID: *orDefault(params.ID, ""),
			ServiceType: *orDefault(params.ServiceType, ""), ServiceID: *orDefault(params.ServiceID, ""),
			After: *orDefault(after, ""), Limit: size + 1,
		})
		if err != nil {
			return answer, err
		}
		if rows, answer.NextPageToken, err = page.Cut(rows, size, func(g store.Gateway) any { return g.ID }); err != nil {
			return answer, err
		}
		ids := make([]string, len(rows))
		for i, row := range rows {
			ids[i] = row.ID
		}
		holders, err := r.GatewayHolders(ctx, caller.Account, ids)
		if err != nil {
			return answer, fmt.Errorf("what holds gateways: %w", err)
		}
		for _, row := range rows {
			answer.Items = append(answer.Items, gatewayShown(row, holders[row.ID]))
		}
		return answer, nil
	})
}
