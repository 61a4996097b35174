package orders

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

// LoadInventory records an inventory in one transaction and says what it changed; a dry run says what it would change.
// Rows have natural keys; what the inventory does not name stays as it is. Orders whose assurance is not complete are
// judged again after it, by jobs. A problem.RequestInvalid names everything that is wrong with the inventory, and then nothing is
// recorded.
func (d *Desk) LoadInventory(
	ctx context.Context, w request.Write, inventory api.Inventory, dryRun bool,
) (api.InventoryReport, error) {
	return recordFacts(ctx, d, w, dryRun, func(ctx context.Context, tx *store.Tx, now time.Time) (recorded[api.InventoryReport], error) {
		report, err := d.loadInventory(ctx, tx, w, now, inventory)
		if err != nil {
			return recorded[api.InventoryReport]{}, err
		}
		report.DryRun = dryRun
		changes := make([]string, len(report.Changes))
		for i, change := range report.Changes {
			changes[i] = change.Kind + " " + change.Key + " " + string(change.Action)
		}
		return recorded[api.InventoryReport]{answer: report, changed: len(changes) > 0, entry: entry{
			action:  "inventory.load",
			details: map[string]any{"inventory_sha256": sumOf(inventory), "changes": changes, "unchanged": report.Unchanged},
		}}, nil
	})
}

func (d *Desk) loadInventory(
	ctx context.Context, tx *store.Tx, w request.Write, now time.Time, inventory api.Inventory,
) (api.InventoryReport, error) {
	none := api.InventoryReport{}
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return none, err
	}
	l := loader{
		tx: tx, now: now, policy: p, inventory: inventory,
		lookUps: lookUps{now: now, policy: p, by: w.Caller.Subject},
		report:  api.InventoryReport{Changes: []api.InventoryChange{}},
	}
	// Rows are written as they pass, also beside others that do not: the transaction is undone if any does not, and so all
	// offences are found at once.
	for _, load := range []func(context.Context) error{l.accounts, l.services, l.gateways, l.organisations, l.pools} {
		if err := load(ctx); err != nil {
			return none, err
		}
	}
	return l.report, l.wrong.err()
}

// loader records one inventory.
type loader struct {
	tx     *store.Tx
	now    time.Time
	policy *policy
	// lookUps are those of its organisations.
	lookUps   lookUps
	inventory api.Inventory
	report    api.InventoryReport
	wrong     offences
}

// note counts what became of a row. retired says that it was not retired before and is now.
func (l *loader) note(kind, key string, change store.Change, retired bool) {
	action := api.InventoryChangeAction(change)
	switch {
	case change == store.Unchanged:
		l.report.Unchanged++
		return
	case retired && change == store.Updated:
		action = api.Retired
	}
	l.report.Changes = append(l.report.Changes, api.InventoryChange{Kind: kind, Key: key, Action: action})
}

func (l *loader) accounts(ctx context.Context) error {
	l.checkAccounts()
	for i, a := range l.inventory.Accounts {
		if l.offends("accounts", i) {
			continue
		}
		was, err := l.tx.AccountByID(ctx, a.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		row := store.Account{
			ID: a.ID, Title: a.Title, Kind: string(*orDefault(a.Kind, api.InventoryAccountKindCustomer)),
			Retired: *orDefault(a.Retired, false),
		}
		if a.Organisations != nil {
			// What was bound by itself is not undone by an inventory that does not name it: a binding is ended on purpose.
			row.Organisations = sortedUnique(slices.Concat(was.Organisations, a.Organisations))
		}
		change, err := l.tx.UpsertAccount(ctx, row, l.now)
		if err != nil {
			return err
		}
		l.note("account", a.ID, change, row.Retired && !was.Retired)
	}
	return nil
}

func (l *loader) services(ctx context.Context) error {
	l.checkServices()
	for i, s := range l.inventory.Services {
		if l.offends("services", i) {
			continue
		}
		row := store.Service{
			Type: s.Type, ID: s.ID, Account: s.Account, Zone: s.Zone, Title: *orDefault(s.Title, ""),
			Retired: *orDefault(s.Retired, false),
		}
		was, err := l.tx.ServiceByKey(ctx, row.Key())
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil && (was.Account != row.Account || was.Zone != row.Zone) {
			holders, err := l.tx.ConnectionsOfService(ctx, row.Key())
			if err != nil {
				return err
			}
			if len(holders) > 0 {
				l.wrong.add(fmt.Sprintf("is moved from account %s and zone %s while %s of that account connects it: that has to be given up first",
					was.Account, was.Zone, holders[0].FullName()), at("services", i)...)
				continue
			}
		}
		change, err := l.tx.UpsertService(ctx, row, l.now)
		if err = l.unknown(err, "services", i, "account"); err != nil {
			return err
		}
		if change != "" {
			l.note("service", s.Type+"/"+s.ID, change, row.Retired && !was.Retired)
		}
	}
	return nil
}

func (l *loader) gateways(ctx context.Context) error {
	l.checkGateways()
	for i, g := range l.inventory.Gateways {
		if l.offends("gateways", i) {
			continue
		}
		row := store.Gateway{
			ID: g.ID, ServiceType: g.Service.Type, ServiceID: g.Service.ID, Title: *orDefault(g.Title, ""), Networks: g.Networks,
			InternalNetworks: g.InternalNetworks, Retired: *orDefault(g.Retired, false),
		}
		was, err := l.tx.GatewayByID(ctx, g.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil && was.Service() != row.Service() {
			holder, err := l.tx.EdgeAttachmentOfGateway(ctx, g.ID)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			if err == nil {
				l.wrong.add(fmt.Sprintf("is moved from service %s (%s) while %s of account %s is attached to it: that has to be given up first",
					was.ServiceID, was.ServiceType, holder.FullName(), holder.Account), at("gateways", i)...)
				continue
			}
		}
		change, err := l.tx.UpsertGateway(ctx, row, l.now)
		if err = l.unknown(err, "gateways", i, "service"); err != nil {
			return err
		}
		if change != "" {
			l.note("gateway", g.ID, change, row.Retired && !was.Retired)
		}
	}
	return nil
}

// unknown records the offence of a row that names another which is not there. One that is in this inventory and offends
// itself is said already.
func (l *loader) unknown(err error, list string, i int, member string) error {
	var missing *store.UnknownReferenceError
	if !errors.As(err, &missing) {
		return err
	}
	if !l.names(missing) {
		l.wrong.add("is not there: "+missing.Error()+", in this inventory or before it", append(at(list, i), member)...)
	}
	return nil
}

// names says whether the inventory itself has the row.
func (l *loader) names(missing *store.UnknownReferenceError) bool {
	if missing.Kind == "account" {
		for _, a := range l.inventory.Accounts {
			if a.ID == missing.Key[0] {
				return true
			}
		}
		return false
	}
	for _, s := range l.inventory.Services {
		if s.Type == missing.Key[0] && s.ID == missing.Key[1] {
			return true
		}
	}
	return false
}

func (l *loader) organisations(ctx context.Context) error {
	l.checkOrganisations()
	codes := make([]string, len(l.inventory.Organisations))
	for i, o := range l.inventory.Organisations {
		codes[i] = hscn.CanonicalODSCode(o.OdsCode)
	}
	rows, err := l.tx.OrganisationsByCode(ctx, sortedUnique(codes))
	if err != nil {
		return err
	}
	known := make(map[string]store.Organisation, len(rows))
	for _, row := range rows {
		known[row.ODSCode] = row
	}
	for i, o := range l.inventory.Organisations {
		if l.offends("organisations", i) {
			continue
		}
		change, err := l.tx.UpsertOrganisation(ctx, l.lookUps.kept(o, known[codes[i]]), l.now)
		if err != nil {
			return err
		}
		l.note("organisation", codes[i], change, false)
	}
	return nil
}

// pools come in whatever order works: one may take addresses that another gives up.
func (l *loader) pools(ctx context.Context) error {
	l.checkPools()
	var left []int
	for i := range l.inventory.Pools {
		if !l.offends("pools", i) {
			left = append(left, i)
		}
	}
	for {
		var blocked []int
		overlaps := make(map[int]*store.PoolOverlapError)
		for _, i := range left {
			var overlap *store.PoolOverlapError
			err := l.pool(ctx, i)
			if errors.As(err, &overlap) {
				blocked, overlaps[i] = append(blocked, i), overlap
				continue
			}
			if err != nil {
				return err
			}
		}
		if len(blocked) == 0 {
			return nil
		}
		if len(blocked) == len(left) {
			for _, i := range blocked {
				l.wrong.add(fmt.Sprintf("has addresses in common with pool %s (%s)", overlaps[i].Other, overlaps[i].OtherCIDR),
					append(at("pools", i), "cidr")...)
			}
			return nil
		}
		left = blocked
	}
}

func (l *loader) pool(ctx context.Context, i int) error {
	given := l.inventory.Pools[i]
	was, err := l.tx.PoolByName(ctx, given.Name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	row := store.Pool{
		Name: given.Name, Zone: given.Zone, CIDR: given.Cidr, Reserved: given.Reserved, Retired: *orDefault(given.Retired, false),
	}
	change, err := l.tx.UpsertPool(ctx, row, l.now)
	if err != nil {
		return err
	}
	l.note("pool", given.Name, change, row.Retired && !was.Retired)
	return nil
}
