package orders

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hscn-connect/terraform-provider-hscn/internal/api"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/problem"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/request"
	"github.com/hscn-connect/terraform-provider-hscn/internal/broker/store"
	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
	"github.com/hscn-connect/terraform-provider-hscn/internal/rules"
)

// A change of what is active never takes it out of active. What asks for no more, and what nobody has to act for, takes
// effect at once. The rest is the object's pending change, a merge patch of what is confirmed, and an order of its own
// says how far that is, in the words of the states. It takes effect when nobody has to act for it any more: the parts that
// the network has to follow when somebody confirms that it does, the others before.

// amend judges what is asked for of an object that is confirmed, and has of it what can take effect. The order is that of
// the change which waits, or only has its policy; it is closed, or open where something waits, and left to its caller to
// write.
func (c *changeable[Spec]) amend(
	ctx context.Context, d *Desk, tx *store.Tx, w request.Write, p *policy, now time.Time, item *store.Order, made amended[Spec],
) error {
	if item.Change == nil {
		*item = store.Order{
			Kind: store.OrderChange, ObjectKind: c.kind, ObjectUID: c.UID, Object: c.fullName, Account: c.Account,
			CreatedAt: now, CreatedBy: w.Caller.Subject, PolicyVersion: p.version, Change: &store.Progress{},
		}
	}
	if w.ChangeReference != "" {
		item.ChangeReference = w.ChangeReference
	}
	change := (*progress)(item.Change)
	if made.widens {
		// What was approved, or granted, is not what is asked for now.
		change.unpass(hscn.StatePendingApproval)
		change.unpass(hscn.StateAwaitingAuthority)
	}
	whole, err := c.judge(ctx, tx.Reader, p, now, rules.Update, made.wanted, *c.spec)
	if err != nil {
		return err
	}
	var state hscn.State
	switch assured := change.State != "" && !isWaiting(change.State); {
	case assured && !made.widens:
		state = change.State
	case len(whole.judged.refusing()) > 0:
		// The update itself is in order. What has turned bad since is for the job to find, which looks at what waits.
		state = change.State
		if err := d.enqueue(ctx, tx, jobJudge, c.standing, now); err != nil {
			return err
		}
	default:
		if state, err = c.stage(item, whole, made.wanted); err != nil {
			return err
		}
	}
	return c.place(ctx, d, tx, w, p, now, item, made.wanted, whole, state)
}

// stage is where a change to that spec stands by the verdict: what asks for no more waits for nobody's decision.
func (c *changeable[Spec]) stage(item *store.Order, ruled ruling, wanted Spec) (hscn.State, error) {
	changes, err := changesOf(rules.Kind(c.kind), *c.spec, wanted)
	if err != nil || !widens(changes) {
		return hscn.StateProvisioning, err
	}
	return (*progress)(item.Change).next(ruled.judged.awaiting(), c.approval(ruled.judged.policy.document)), nil
}

// place has what can take effect of what is wanted, and puts the rest where it stands: in that state.
func (c *changeable[Spec]) place(
	ctx context.Context, d *Desk, tx *store.Tx, w request.Write, p *policy, now time.Time,
	item *store.Order, wanted Spec, ruled ruling, state hscn.State,
) error {
	changes, err := changesOf(rules.Kind(c.kind), *c.spec, wanted)
	if err != nil {
		return err
	}
	if err := c.settleAtOnce(ctx, tx.Reader, p, now, wanted, ruled, c.waits(changes, state)); err != nil {
		return err
	}
	if sameJSON(*c.spec, wanted) {
		c.PendingChange = nil
		c.remark("")
		if item.Open {
			// Who takes back what waits leaves nothing that asks for more, and nothing that the network has to follow.
			ends := hscn.StateCeased
			if slices.ContainsFunc(changes, func(change rules.AttributeChange) bool { return change.Widens || change.Fulfilled }) {
				ends = hscn.StateActive
			}
			endChange(item, ends, reasonsChangeEnded[ends], now, w.Caller.Subject, item.Note)
		}
		return nil
	}
	if c.PendingChange, err = pendingBetween(*c.spec, wanted); err != nil {
		return err
	}
	item.Open = true
	item.Recorders = nil
	if ruled.rests.by != "" {
		item.Recorders = []string{ruled.rests.by}
	}
	return c.wait(ctx, d, tx, p, now, item, ruled, state)
}

// waits are the paths of the differences that cannot take effect yet: those that ask for more while somebody has to decide
// about them, and those that the network has to follow. What is terminated carries nothing, and nobody is to build for it.
func (c *changeable[Spec]) waits(changes []rules.AttributeChange, state hscn.State) (paths [][]string) {
	if c.State == hscn.StateTerminated {
		return nil
	}
	for _, change := range changes {
		if change.Fulfilled || change.Widens && isWaiting(state) {
			paths = append(paths, change.Path)
		}
	}
	return paths
}

// settleAtOnce confirms what is wanted without what waits. Where that alone is not in order, because one thing needs the
// other, all of it waits.
func (c *changeable[Spec]) settleAtOnce(
	ctx context.Context, r *store.Reader, p *policy, now time.Time, wanted Spec, ruled ruling, waits [][]string,
) error {
	spec := wanted
	if len(waits) > 0 {
		var inOrder bool
		var err error
		if spec, inOrder, err = c.without(wanted, waits); err != nil || !inOrder || sameJSON(*c.spec, spec) {
			return err
		}
		if ruled, err = c.judge(ctx, r, p, now, rules.Update, spec, *c.spec); err != nil || ruled.err(c.fullName) != nil {
			return err
		}
	}
	return c.takeEffect(ctx, r, p, spec, ruled)
}

// without returns what is wanted with these differences left as they are confirmed, and whether that is a spec at all.
func (c *changeable[Spec]) without(wanted Spec, paths [][]string) (spec Spec, inOrder bool, err error) {
	confirmed, err := jsonValue(*c.spec)
	if err != nil {
		return spec, false, err
	}
	value, err := jsonValue(wanted)
	if err != nil {
		return spec, false, err
	}
	for _, path := range paths {
		value = restored(value, confirmed, path)
	}
	if spec, err = decoded[Spec](c.schema, value); err == nil {
		spec, err = c.canonical(spec)
	}
	if wrong := (*problem.Problem)(nil); errors.As(err, &wrong) {
		return spec, false, nil
	}
	return spec, err == nil, err
}

// takeEffect confirms a spec. That is no change of what its owner declared, so that the revision stays.
func (c *changeable[Spec]) takeEffect(ctx context.Context, r *store.Reader, p *policy, spec Spec, ruled ruling) error {
	changes, err := changesOf(rules.Kind(c.kind), *c.spec, spec)
	if err != nil {
		return err
	}
	c.confirm(spec)
	c.PolicyVersion, c.Findings = p.version, ruled.judged.shown()
	if c.rest == nil {
		return nil
	}
	return c.rest(ctx, r, p, changes, ruled)
}

// wait puts a change into its state, with the time by which it is due, and leaves the job that takes it further, where the
// broker can do so by itself.
func (c *changeable[Spec]) wait(
	ctx context.Context, d *Desk, tx *store.Tx, p *policy, now time.Time, item *store.Order, ruled ruling, state hscn.State,
) error {
	change := (*progress)(item.Change)
	change.Findings = ruled.judged.shown()
	assured := change.State != "" && !isWaiting(change.State)
	switch {
	case isWaiting(state):
		if len(ruled.judged.refusing()) == 0 {
			change.enter(state, reasonWaiting(p, state, change.stillAwaiting(ruled.judged.awaiting())), now)
		}
	case !assured:
		change.enter(hscn.StateProvisioning, reasonProvisioning(nil, now), now)
		if err := d.enqueue(ctx, tx, jobAdvance, c.standing, now); err != nil {
			return err
		}
	}
	c.remark(reasonChangePending(c.PendingChange, change.StateReason))
	if stopped(c.State) {
		item.DueAt = nil
		return nil
	}
	return d.setChangeDue(p, c.leadTime(p.document), item)
}

// setChangeDue says by when a change is due: so many working days after it came into its state.
func (d *Desk) setChangeDue(p *policy, workingDays int, item *store.Order) error {
	var err error
	if item.DueAt, err = dueAt(d.calendar, p.document.WorkingHours, item.Change.StateSince, workingDays); err != nil {
		return fmt.Errorf("when the change of %s is due: %w", item.Object, err)
	}
	return nil
}

// complete confirms all that waits: the network does it. What was judged of it last stands.
func (c *changeable[Spec]) complete(ctx context.Context, tx *store.Tx, p *policy, now time.Time, item *store.Order) error {
	wanted, err := c.asked()
	if err != nil {
		return err
	}
	ruled, err := c.judge(ctx, tx.Reader, p, now, rules.Update, wanted, *c.spec)
	if err != nil {
		return err
	}
	if ruled.blocked != nil {
		return ruled.blocked
	}
	if err := c.takeEffect(ctx, tx.Reader, p, wanted, ruled); err != nil {
		return err
	}
	c.Findings, c.PendingChange = item.Change.Findings, nil
	c.remark("")
	return nil
}

// remark says in the object's reason what becomes of a change of it; of one that is stopped, when that is lifted.
func (s standing) remark(reason string) {
	if s.Former != nil {
		s.Former = &store.Former{State: s.Former.State, Reason: reason}
		return
	}
	s.StateReason = reason
}

// dropChange discards what is pending of the object. What is declared is not what stands any more, so that the revision
// moves: a plan that was made over the change is none of what stands.
func (s standing) dropChange(w request.Write, now time.Time) {
	if s.PendingChange == nil {
		return
	}
	s.PendingChange = nil
	s.Revision++
	s.UpdatedAt, s.UpdatedBy = now, w.Caller.Subject
}

// endChange closes an order of a change; what is confirmed is its caller's to say.
func endChange(item *store.Order, state hscn.State, reason string, now time.Time, by, note string) {
	(*progress)(item.Change).enter(state, reason, now)
	closeOrder(item, now, by, note)
}

// giveUpChange ends what is pending of an object that is given up itself, or terminated.
func (s standing) giveUpChange(item *store.Order, w request.Write, now time.Time) {
	s.dropChange(w, now)
	if item.Change != nil {
		(*progress)(item.Change).enter(hscn.StateCeased, reasonsChangeEnded[hscn.StateCeased], now)
	}
}

// pendingBetween is the merge patch that makes what is wanted of what is confirmed.
func pendingBetween(confirmed, wanted any) (api.MergePatch, error) {
	before, err := jsonValue(confirmed)
	if err != nil {
		return nil, err
	}
	after, err := jsonValue(wanted)
	if err != nil {
		return nil, err
	}
	from, _ := before.(map[string]any) // a spec is an object
	to, _ := after.(map[string]any)
	return patchBetween(from, to), nil
}

// noun is what messages call an object of the kind.
func (s standing) noun() string { return strings.ReplaceAll(string(s.kind), "_", " ") }

// The reasons that customers read of changes.

// membersOf names what a change is about.
func membersOf(pending api.MergePatch) string {
	return strings.Join(slices.Sorted(maps.Keys(pending)), ", ")
}

func reasonChangePending(pending api.MergePatch, why string) string {
	return fmt.Sprintf("A change of %s is asked for and not made yet. %s", membersOf(pending), why)
}

func reasonChangeDropped(pending api.MergePatch, why string) string {
	return fmt.Sprintf("A change of %s is not made. %s", membersOf(pending), why)
}

var reasonsChangeEnded = map[hscn.State]string{
	hscn.StateActive: "Confirmed.",
	hscn.StateCeased: "Taken back by its owner.",
}
