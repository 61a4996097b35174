package orders

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// estateLimit is how many objects one question is about at the most: nobody else writes while they are rehearsed.
const estateLimit = 500

// CheckPreconditions says what would come of ordering connections with their edge attachments, in the order of their names
// and each connection before what hangs on it. It places the orders as a write would, and then undoes all of it: nothing
// is ordered, no address is given, nothing is remembered. What is refused does not stop it: what hangs on a connection
// that would not stand is judged as if it did, after everything else, in whose way it therefore does not stand. The error
// is a problem.RequestInvalid that names every member that no order could have, or problem.Forbidden.
func (d *Desk) CheckPreconditions(ctx context.Context, caller request.Caller, intended api.IntendedEstate) (api.EstateVerdict, error) {
	now := d.now()
	estate, err := canonicalEstate(intended)
	if err != nil {
		return api.EstateVerdict{}, err
	}
	var answer api.EstateVerdict
	err = d.db.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
		account, err := lockAccount(ctx, tx, caller.Account)
		if err != nil {
			return err
		}
		p, err := d.policyInForce(ctx, tx.Reader, now)
		if err != nil {
			return err
		}
		r := rehearsal{
			d: d, tx: tx, now: now, policy: p, account: account, w: request.Write{Caller: caller},
		}
		verdicts, err := r.estate(ctx, estate)
		if err != nil {
			return err
		}
		answer = api.EstateVerdict{Now: now.UTC(), PolicyVersion: p.versionText(), Objects: verdicts}
		answer.Met = !slices.ContainsFunc(verdicts, func(o api.ObjectVerdict) bool { return !o.Met })
		return errDryRun
	})
	if !errors.Is(err, errDryRun) {
		return api.EstateVerdict{}, overtaken(err)
	}
	return answer, nil
}

// canonicalEstate returns the specs in the one spelling that the broker keeps.
func canonicalEstate(intended api.IntendedEstate) (api.IntendedEstate, error) {
	var wrong offences
	// below takes over what is wrong with a spec that stands at that path.
	below := func(err error, path ...string) error {
		var p *problem.Problem
		if err == nil || !errors.As(err, &p) || p.Type != problem.RequestInvalid {
			return err
		}
		prefix := *pointerTo(path...)
		for _, member := range p.Invalid {
			pointer := prefix + *orDefault(member.Pointer, "")
			wrong = append(wrong, api.InvalidMember{Pointer: &pointer, Detail: member.Detail})
		}
		return nil
	}
	objects := len(intended.Connections)
	for _, connection := range intended.Connections {
		objects += len(connection.EdgeAttachments)
	}
	if objects > estateLimit {
		wrong.add(fmt.Sprintf("are %d objects with what hangs on them, and one question is about %d at the most: ask about some at a time",
			objects, estateLimit), "connections")
		return intended, wrong.err()
	}
	canonical := api.IntendedEstate{Connections: make(map[string]api.IntendedConnection, len(intended.Connections))}
	for _, name := range slices.Sorted(maps.Keys(intended.Connections)) {
		given := intended.Connections[name]
		spec, err := canonicalConnection(given.Spec)
		if err := below(err, "connections", name, "spec"); err != nil {
			return canonical, err
		}
		edges := make(map[string]api.EdgeAttachmentSpec, len(given.EdgeAttachments))
		for _, edge := range slices.Sorted(maps.Keys(given.EdgeAttachments)) {
			spec, err := canonicalEdge(given.EdgeAttachments[edge])
			if err := below(err, "connections", name, "edge_attachments", edge); err != nil {
				return canonical, err
			}
			edges[edge] = spec
		}
		canonical.Connections[name] = api.IntendedConnection{Spec: spec, EdgeAttachments: edges}
	}
	return canonical, wrong.err()
}

// rehearsal places orders that are undone afterwards.
type rehearsal struct {
	d       *Desk
	tx      *store.Tx
	now     time.Time
	policy  *policy
	account store.Account
	w       request.Write
}

// estate rehearses all of it, and returns what came of each object, by name.
func (r *rehearsal) estate(ctx context.Context, estate api.IntendedEstate) ([]api.ObjectVerdict, error) {
	names := slices.Sorted(maps.Keys(estate.Connections))
	verdicts := make([][]api.ObjectVerdict, len(names))
	parents := make([]store.Connection, len(names))
	edges := func(i int) error {
		intended := estate.Connections[names[i]].EdgeAttachments
		for _, name := range slices.Sorted(maps.Keys(intended)) {
			verdict, err := r.edge(ctx, parents[i], name, intended[name])
			if err != nil {
				return err
			}
			verdicts[i] = append(verdicts[i], verdict)
		}
		return nil
	}
	var refused []int
	for i, name := range names {
		verdict, parent, err := r.connection(ctx, name, estate.Connections[name].Spec)
		if err != nil {
			return nil, err
		}
		verdicts[i], parents[i] = []api.ObjectVerdict{verdict}, parent
		if parent.State == hscn.StateRefused {
			refused = append(refused, i)
		} else if err := edges(i); err != nil {
			return nil, err
		}
	}
	for _, i := range refused {
		if err := edges(i); err != nil {
			return nil, err
		}
	}
	return slices.Concat(verdicts...), nil
}

// connection rehearses a connection, and returns it as what hangs on it finds it.
func (r *rehearsal) connection(
	ctx context.Context, name string, spec api.ConnectionSpec,
) (shown api.ObjectVerdict, parent store.Connection, err error) {
	lead, months := int64(r.policy.document.Connections.LeadTimeWorkingDays), int64(r.policy.document.Connections.CommitmentMonths)
	shown = api.ObjectVerdict{Name: hscn.ConnectionName(name), LeadTimeWorkingDays: &lead, CommitmentMonths: &months}
	row, err := r.tx.ConnectionByName(ctx, r.account.ID, name)
	isNew := errors.Is(err, store.ErrNotFound)
	if err != nil && !isNew {
		return shown, row, err
	}
	var (
		judged  verdict
		refused bool
	)
	if isNew {
		shown.Operation = "create"
		var placed placedConnection
		refused, err = r.try(ctx, &shown, func(ctx context.Context) (err error) {
			if err := mayOrder(r.account); err != nil {
				return err
			}
			placed, err = r.d.placeConnection(ctx, r.tx, r.w, r.now, r.account, name, spec)
			return err
		})
		row, judged = placed.row, placed.judged
	} else {
		shown.CommitmentMonths = &row.CommitmentMonths
		before := row
		judged, refused, err = rehearseChange(ctx, r, &shown, r.d.changeableConnection(r.account, &row), spec)
		if refused {
			row = before
		}
	}
	if err != nil {
		return shown, row, err
	}
	show(&shown, judged, connectionStanding(&row), refused)
	if refused && isNew {
		row, err = r.standIn(ctx, name, spec)
	}
	return shown, row, err
}

// rehearseChange rehearses a spec for an object that stands: where its owner has asked for the same already it is kept.
func rehearseChange[Spec any](
	ctx context.Context, r *rehearsal, shown *api.ObjectVerdict, c *changeable[Spec], spec Spec,
) (judged verdict, refused bool, err error) {
	asked, err := c.asked()
	if err != nil {
		return judged, false, err
	}
	if sameJSON(asked, spec) {
		shown.Operation = "none"
		ruled, err := c.judge(ctx, r.tx.Reader, r.policy, r.now, rules.Keep, spec, spec)
		return ruled.judged, false, err
	}
	shown.Operation = "update"
	var made amended[Spec]
	refused, err = r.try(ctx, shown, func(ctx context.Context) (err error) {
		made, err = c.change(ctx, r.d, r.tx, r.w, r.now, spec)
		return err
	})
	return made.judged, refused, err
}

// standIn is a connection that would not stand, for what is to hang on it. It holds neither name nor service, and is in no
// zone where nobody knows its service.
func (r *rehearsal) standIn(ctx context.Context, name string, spec api.ConnectionSpec) (store.Connection, error) {
	row := store.Connection{
		Standing: store.Standing{
			UID: uuid.NewString(), Account: r.account.ID, Name: name, Revision: 1,
			Progress:  store.Progress{State: hscn.StateRefused, StateSince: r.now},
			CreatedAt: r.now, UpdatedAt: r.now, PolicyVersion: r.policy.version,
		},
		ODSCode: spec.OdsCode, ServiceType: spec.Service.Type, ServiceID: spec.Service.ID, Access: hscn.Access(*spec.Access), Spec: spec,
	}
	service, err := r.tx.ServiceByKey(ctx, store.ServiceKey{Type: spec.Service.Type, ID: spec.Service.ID})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return row, err
	}
	if service.Account == r.account.ID && !service.Retired {
		row.Zone = service.Zone
	}
	return row, r.tx.InsertConnection(ctx, &row)
}

// edge rehearses an edge attachment.
func (r *rehearsal) edge(
	ctx context.Context, parent store.Connection, name string, spec api.EdgeAttachmentSpec,
) (api.ObjectVerdict, error) {
	lead := int64(r.policy.document.EdgeAttachments.LeadTimeWorkingDays)
	shown := api.ObjectVerdict{Name: hscn.EdgeAttachmentName(parent.Name, name), LeadTimeWorkingDays: &lead}
	row, err := r.tx.EdgeAttachmentByName(ctx, parent.UID, name)
	isNew := errors.Is(err, store.ErrNotFound)
	if err != nil && !isNew {
		return shown, err
	}
	var (
		judged  verdict
		refused bool
	)
	if isNew {
		shown.Operation = "create"
		var placed placedEdge
		refused, err = r.try(ctx, &shown, func(ctx context.Context) (err error) {
			if err := mayOrder(r.account); err != nil {
				return err
			}
			placed, err = r.d.placeEdge(ctx, r.tx, r.w, r.now, r.account, parent, name, spec)
			return err
		})
		row, judged = placed.row, placed.judged
	} else {
		judged, refused, err = rehearseChange(ctx, r, &shown, r.d.changeableEdge(r.account, parent, &row), spec)
	}
	if err != nil {
		return shown, err
	}
	show(&shown, judged, edgeStanding(&row), refused)
	return shown, nil
}

// try places an order, and says whether it is refused. What it did is then undone, and why it is refused is shown.
func (r *rehearsal) try(
	ctx context.Context, shown *api.ObjectVerdict, place func(ctx context.Context) error,
) (refused bool, err error) {
	err = r.tx.Try(ctx, place)
	var p *problem.Problem
	if !errors.As(err, &p) || p.Status() >= http.StatusInternalServerError {
		return false, err
	}
	shown.StateReason, shown.Findings = given(p.Detail), p.Findings
	return true, nil
}

// show says what became of an order.
func show(shown *api.ObjectVerdict, judged verdict, s standing, refused bool) {
	shown.Met = !refused
	if !refused {
		shown.Findings = judged.shown()
		shown.State, shown.StateReason = given(string(s.State)), given(s.StateReason)
	}
	if shown.Findings == nil {
		shown.Findings = []api.Finding{}
	}
	if judged.policy != nil {
		outlook := rules.Horizon(judged.policy.engine, judged.facts, judged.order)
		shown.EarliestEnablementOn, shown.CommittedUntil = dayShown(outlook.EnabledOn), dayShown(outlook.CommittedTo)
		for _, lapse := range outlook.Lapses {
			shown.Lapses = append(shown.Lapses, api.Lapse{Rule: lapse.Rule, What: lapse.What, On: lapse.On.String()})
		}
	}
}

// dayShown is a day in the contract's words; nil where there is none.
func dayShown(day hscn.Date) *api.Date {
	if day.IsZero() {
		return nil
	}
	text := day.String()
	return &text
}
