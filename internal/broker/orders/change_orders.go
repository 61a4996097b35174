package orders

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// amendment is an object of whatever kind, as decisions about a change of it and jobs need it.
type amendment interface {
	// hear judges what is pending again.
	hear(ctx context.Context, r *store.Reader, p *policy, now time.Time) (ruling, error)
	// proceed puts the change where it stands by that. The order and the object are left to the caller to write.
	proceed(ctx context.Context, d *Desk, tx *store.Tx, w request.Write, p *policy, now time.Time, item *store.Order, ruled ruling) error
	// complete confirms all that is pending; the error is a problem where it cannot be done. The same are left to write.
	complete(ctx context.Context, tx *store.Tx, p *policy, now time.Time, item *store.Order) error
	// differences are what is pending in sentences, for whoever decides about it or fulfils it.
	differences() ([]string, error)
	// days are the working days that policy gives for what waits.
	days(p *policy) int
}

// amendment opens the order's object for what is decided about a change of it.
func (d *Desk) amendment(ctx context.Context, r *store.Reader, f *dossier) (amendment, error) {
	account, err := r.AccountByID(ctx, f.order.Account)
	if err != nil {
		return nil, err
	}
	if f.edge != nil {
		return d.changeableEdge(account, f.connection, f.edge), nil
	}
	return d.changeableConnection(account, &f.connection), nil
}

func (c *changeable[Spec]) hear(ctx context.Context, r *store.Reader, p *policy, now time.Time) (ruling, error) {
	wanted, err := c.asked()
	if err != nil {
		return ruling{}, err
	}
	return c.judge(ctx, r, p, now, rules.Update, wanted, *c.spec)
}

func (c *changeable[Spec]) proceed(
	ctx context.Context, d *Desk, tx *store.Tx, w request.Write, p *policy, now time.Time, item *store.Order, ruled ruling,
) error {
	wanted, err := c.asked()
	if err != nil {
		return err
	}
	state, err := c.stage(item, ruled, wanted)
	if err != nil {
		return err
	}
	return c.place(ctx, d, tx, w, p, now, item, wanted, ruled, state)
}

func (c *changeable[Spec]) days(p *policy) int { return c.leadTime(p.document) }

// differences says of each attribute what is confirmed and what is asked for.
func (c *changeable[Spec]) differences() ([]string, error) {
	wanted, err := c.asked()
	if err != nil {
		return nil, err
	}
	changes, err := changesOf(rules.Kind(c.kind), *c.spec, wanted)
	if err != nil {
		return nil, err
	}
	before, err := jsonValue(*c.spec)
	if err != nil {
		return nil, err
	}
	after, err := jsonValue(wanted)
	if err != nil {
		return nil, err
	}
	sentences := make([]string, len(changes))
	for i, change := range changes {
		sentences[i] = fmt.Sprintf("See what changes: %s is %s and is to be %s.", strings.Join(change.Path, "."),
			textAt(before, change.Path), textAt(after, change.Path))
	}
	return sentences, nil
}

// textAt writes what stands at a path of a value of JSON.
func textAt(value any, path []string) string {
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	switch value := value.(type) {
	case nil:
		return "left out"
	case string:
		return value
	default:
		text, err := json.Marshal(value)
		if err != nil {
			return fmt.Sprint(value)
		}
		return string(text)
	}
}

// progress is how far the order is: its object, or the change that it asks for.
func (f *dossier) progress() *progress {
	if f.order.Change != nil {
		return (*progress)(f.order.Change)
	}
	return f.standing().progress
}

// changes says that the order is about a change of what is active, on which something can be decided: nothing of it goes on
// while the object is stopped.
func (f *dossier) changes() bool {
	return f.order.Open && f.order.Kind == store.OrderChange && f.standing().State == hscn.StateActive
}

// refuseChange discards what is pending, for a reason that the customer reads. The order and its object are left to the
// caller to write.
func (f *dossier) refuseChange(w request.Write, now time.Time, reason, note string) {
	s := f.standing()
	s.remark(reasonChangeDropped(s.PendingChange, reason))
	s.dropChange(w, now)
	endChange(&f.order, hscn.StateRefused, reason, now, w.Caller.Subject, note)
}

// advanceChange asks the operator to make the network follow a change that nobody has to decide about any more.
func (d *Desk) advanceChange(ctx context.Context, tx *store.Tx, now time.Time, f *dossier) error {
	if !f.changes() || f.progress().State != hscn.StateProvisioning {
		return nil
	}
	p, err := d.policyInForce(ctx, tx.Reader, now)
	if err != nil {
		return err
	}
	what := f.about("advance")
	f.moveChange(hscn.StateAwaitingFulfilment, reasonAwaitingFulfilment(p, f.order.DueAt), now)
	return d.conclude(ctx, tx, broker(), now, f, what)
}

// confirmChange confirms that the network follows a change. The order and its object are left to the caller to write.
func (d *Desk) confirmChange(ctx context.Context, tx *store.Tx, w request.Write, now time.Time, f *dossier, note string) error {
	a, err := d.amendment(ctx, tx.Reader, f)
	if err != nil {
		return err
	}
	p, err := d.policyOfVersion(ctx, tx.Reader, f.order.PolicyVersion)
	if err != nil {
		return err
	}
	if err := a.complete(ctx, tx, p, now, &f.order); err != nil {
		return err
	}
	endChange(&f.order, hscn.StateActive, reasonsChangeEnded[hscn.StateActive], now, w.Caller.Subject, note)
	return nil
}

// moveChange puts a change into a state, and says so in the object's reason.
func (f *dossier) moveChange(state hscn.State, reason string, now time.Time) {
	f.progress().enter(state, reason, now)
	s := f.standing()
	s.remark(reasonChangePending(s.PendingChange, reason))
}

// about is what a job is about to do about the order.
func (f *dossier) about(action string) decided {
	s := f.standing()
	what := decided{action: string(s.kind) + "." + action, before: s.State, details: map[string]any{}}
	if f.order.Change != nil {
		what.action += "_change"
		what.changeBefore = f.order.Change.State
	}
	return what
}

// endOrder closes the order about an object that is terminated, where there is one.
func (f *dossier) endOrder(w request.Write, now time.Time, note string) {
	if !f.order.Open {
		return
	}
	f.standing().giveUpChange(&f.order, w, now)
	closeOrder(&f.order, now, w.Caller.Subject, note)
}

// holdChange has nothing of a change go on while its object is stopped: it stays as it is, and is due at no time.
func (f *dossier) holdChange() {
	if f.order.Change != nil {
		f.order.DueAt = nil
	}
}

// resumeChange has a change go on where it was, once its object is active again.
func (d *Desk) resumeChange(ctx context.Context, tx *store.Tx, now time.Time, f *dossier) error {
	if f.order.Change == nil {
		return nil
	}
	a, err := d.amendment(ctx, tx.Reader, f)
	if err != nil {
		return err
	}
	p, err := d.policyOfVersion(ctx, tx.Reader, f.order.PolicyVersion)
	if err != nil {
		return err
	}
	if err := d.setChangeDue(p, a.days(p), &f.order); err != nil {
		return err
	}
	switch state := f.progress().State; {
	case isWaiting(state):
		return d.enqueue(ctx, tx, jobJudge, f.standing(), now)
	case state == hscn.StateProvisioning:
		return d.enqueue(ctx, tx, jobAdvance, f.standing(), now)
	default:
		return nil
	}
}

// asAsked is the order with its object as it is asked for, the change that is pending in place.
func (f *dossier) asAsked() (*dossier, error) {
	asked := *f
	var err error
	if f.edge != nil {
		edge := *f.edge
		asked.edge = &edge
		edge.Spec, err = wantedEdge(edge)
		return &asked, err
	}
	asked.connection.Spec, err = wantedConnection(f.connection)
	return &asked, err
}

func wantedConnection(row store.Connection) (api.ConnectionSpec, error) {
	return asAsked("ConnectionSpec", row.Spec, row.PendingChange)
}

func wantedEdge(row store.EdgeAttachment) (api.EdgeAttachmentSpec, error) {
	return asAsked("EdgeAttachmentSpec", row.Spec, row.PendingChange)
}
