package orders

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// judgeAllWaiting leaves a job for each order whose assurance is not complete. Whoever records a fact calls it.
func (d *Desk) judgeAllWaiting(ctx context.Context, tx *store.Tx, now time.Time) error {
	return d.judgeWaitingOf(ctx, tx, "", now)
}

// judgeWaitingOf is judgeAllWaiting for a fact that is one account's alone; empty stands for all accounts.
func (d *Desk) judgeWaitingOf(ctx context.Context, tx *store.Tx, account string, now time.Time) error {
	connections, err := tx.ConnectionsInState(ctx, waiting)
	if err != nil {
		return err
	}
	edges, err := tx.EdgeAttachmentsInState(ctx, waiting)
	if err != nil {
		return err
	}
	standings := make([]standing, 0, len(connections)+len(edges))
	for i := range connections {
		standings = append(standings, connectionStanding(&connections[i]))
	}
	for i := range edges {
		standings = append(standings, edgeStanding(&edges[i]))
	}
	changes, err := tx.OpenChanges(ctx, waiting)
	if err != nil {
		return err
	}
	for _, order := range changes {
		standings = append(standings, standing{Standing: &store.Standing{UID: order.ObjectUID, Account: order.Account}})
	}
	for _, s := range standings {
		if account != "" && s.Account != account {
			continue
		}
		if err := d.enqueue(ctx, tx, jobJudge, s, now); err != nil {
			return err
		}
	}
	return nil
}

// judgeWaiting judges an order again whose assurance is not complete: a good fact lets it go on, a bad one refuses it, and
// what nobody has looked up yet leaves it where it is. One that waits for a person is judged too, so that nobody is asked
// to approve what can no longer be approved.
func (d *Desk) judgeWaiting(ctx context.Context, tx *store.Tx, now time.Time, uid string) error {
	f, err := dossierOf(ctx, tx, uid)
	if err != nil || f == nil || !isWaiting(f.progress().State) {
		return err
	}
	before, what := sumOf([]any{f.connection, f.edge, f.order}), f.about("judge")
	if f.order.Kind == store.OrderChange && !f.changes() || f.edge != nil && stopped(f.connection.State) {
		return nil // it is judged when the restriction is lifted
	}
	if err := d.rejudged(ctx, tx, broker(), now, f, &what); err != nil {
		return err
	}
	if before == sumOf([]any{f.connection, f.edge, f.order}) {
		return nil
	}
	return d.conclude(ctx, tx, broker(), now, f, what)
}

// rejudged judges an order that waits by the policy that it was made under: what is good goes on, and what is bad is refused
// with the finding as the reason. The order and its object are left to the caller to write.
func (d *Desk) rejudged(ctx context.Context, tx *store.Tx, w request.Write, now time.Time, f *dossier, what *decided) error {
	judgedBy, err := d.policyOfVersion(ctx, tx.Reader, f.order.PolicyVersion)
	if err != nil {
		return err
	}
	heard, err := d.hear(ctx, tx, w, judgedBy, now, f)
	if err != nil {
		return err
	}
	shown := heard.judged.shown()
	what.details["findings"], what.details["policy_version"] = ruleIDs(shown, findingRule), judgedBy.versionText()
	maps.Copy(what.details, heard.details)
	var blocked *problem.Problem
	var reason string
	switch {
	case len(heard.judged.refusing()) > 0:
		f.progress().Findings = shown
		reason = reasonRefusedByFacts(shown)
	case errors.As(heard.blocked, &blocked):
		reason = blocked.Detail
	case heard.blocked != nil:
		return heard.blocked
	default:
		return heard.proceed()
	}
	if f.order.Kind == store.OrderChange {
		f.refuseChange(w, now, reason, "")
		return nil
	}
	what.also, err = d.refuseForFacts(ctx, tx, w, now, f, reason)
	return err
}

// hearing is an order that was judged again, and how it goes on by that.
type hearing struct {
	ruling
	proceed func() error
}

// hear judges an order again that waits, by a policy: of a change what is pending, of any other all of it, as it was judged
// when it was made. What it asks for is what it asked for before, so that nothing of it is wrong merely because time has
// passed. The order and its object are left to the caller to write.
func (d *Desk) hear(ctx context.Context, tx *store.Tx, w request.Write, p *policy, now time.Time, f *dossier) (hearing, error) {
	if f.order.Kind == store.OrderChange {
		a, err := d.amendment(ctx, tx.Reader, f)
		if err != nil {
			return hearing{}, err
		}
		ruled, err := a.hear(ctx, tx.Reader, p, now)
		return hearing{ruled, func() error { return a.proceed(ctx, d, tx, w, p, now, &f.order, ruled) }}, err
	}
	account, err := tx.AccountByID(ctx, f.order.Account)
	if err != nil {
		return hearing{}, err
	}
	if f.edge != nil {
		return d.hearEdge(ctx, tx, p, now, account, f)
	}
	row := &f.connection
	judged, found, err := d.judgeConnection(ctx, tx.Reader, p, now, connectionOrder{
		operation: rules.Create, account: account, name: row.Name, row: row, spec: row.Spec, prior: &row.Spec,
	})
	if err != nil {
		return hearing{}, err
	}
	ruled := ruling{
		judged: judged, found: found, rests: found.rests(judged, row.Spec),
		details: map[string]any{"evidence": found.cited(judged, row.Spec)},
	}
	return hearing{ruled, func() error {
		if err := d.settleConnection(ctx, tx, now, row, &f.order, judged, found); err != nil {
			return err
		}
		return d.enqueueFor(ctx, tx, connectionStanding(row), row.Spec.ActivateAt, now)
	}}, nil
}

// hearEdge is hear for an edge attachment that was ordered, which may find that its gateway has been attached meanwhile.
func (d *Desk) hearEdge(ctx context.Context, tx *store.Tx, p *policy, now time.Time, account store.Account, f *dossier) (hearing, error) {
	row := f.edge
	order := edgeOrder{
		operation: rules.Create, account: account, parent: f.connection, name: row.Name, row: row, spec: row.Spec, prior: &row.Spec,
		address: row.IncludedAddress,
	}
	judged, ground, err := d.judgeEdge(ctx, tx.Reader, p, now, order)
	if err != nil {
		return hearing{}, err
	}
	ruled := ruling{judged: judged}
	if ground.heldBy != nil && edgeStanding(row).next(judged.awaiting(), false) == hscn.StateProvisioning {
		ruled.blocked = problem.New(problem.StateForbids, "%s", reasonGatewayNotFree(order.gatewayID()))
	}
	return hearing{ruled, func() error {
		if err := d.settleEdge(now, row, &f.order, judged, f.connection); err != nil {
			return err
		}
		return d.enqueueFor(ctx, tx, edgeStanding(row), nil, now)
	}}, nil
}
