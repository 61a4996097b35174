// Package ledger is what the running plan keeps, adds and removes, by the full names of objects (their ids, such as
// "connections/records-prod/edge-attachments/web"). Terraform shows a provider one instance at a time, many at once and
// in no order; a rule that spans instances, such as "a gateway is attached once", is judged over the ledger. It knows no
// rule's words and does no I/O: the caller brings in what the broker has and makes a finding of what comes out.
//
// # What it answers
//
// An object counts where the plan adds it, or keeps it and the broker has it. A limit is exceeded where too many count,
// a pair conflicts where both do: Violation.Certain. Nothing else refuses a plan: not what it has not shown, what
// -target hides, or what another state or another alias of the provider owns. What the broker has and the plan does not
// keep is at most worth a warning, also where the plan removes it, because an apply may take before it releases.
// Duplicate, Moved and Taken are about one name. What is added and kept only grows while a plan runs, so in whatever
// order calls come, some call sees a violation complete, and that one reports it; it may be that of an unchanged object,
// so a finding names all that Violation.Added and Violation.Changed list.
//
// # How the provider calls it
//
// One Ledger, of New, belongs to each Configure. Without a Configure, as in terraform validate, there is none. With k the
// kind and id the full name:
//
//   - UpgradeResourceState, whatever the plan then does with the object: InState(k, id), with the name in that state. So a
//     tainted object is told from a new one, also with -refresh=false.
//   - ReadResource, imports included and also where the framework is passed by: InState(k, id) where the object is there,
//     Gone(k, id) where it leaves the state. After Gone judge Taken(k, id), since no other call may follow.
//   - PlanResourceChange of an unchanged object, also where the framework is passed by: Planned(Call{Kind: k, State: id,
//     Planned: rules.Known(id)}), then judge. Without Declared its values are those that the broker has.
//   - Any other PlanResourceChange, destroys included: Planned with what the protocol shows and nothing decided
//     beforehand, then judge. Asks is for an object that keeps its name. Where the meaning is Recreates, plan the id as
//     unknown. Where this is the first call of a replacement, leave the id in state in private state: in the second call,
//     whose state is null, it is Call.Prior.
//   - A create or an update that the broker accepted: Made(k, id, declared). A delete that it accepted, and an order that
//     it refused: Freed(k, id).
//
// To judge is to ask, in this order. Where Asked(k), hand in the broker's listing by Listed, once in a run, and never
// where it cannot be had; it is not needed before. Then Duplicate, Moved and Taken of the name in state and of the
// planned one; then, unless the object is destroyed, Exceeded and Conflicting of the planned one. The call is recorded
// before anything is judged: that is what makes concurrent calls see each other. Where checks are off, record all the
// same, since the meaning makes planned values, and judge nothing.
//
// A plan and the planning within an apply look alike, and the same calls are right in both: an apply shows creates and
// updates only, less than its plan did, so it is never stricter about the same names.
//
// A renamed key of for_each without a moved block is Moved, for the call that comes later of destroy and create. Where
// the create comes before anything was seen of the instance that has the name in state, it is Taken besides, so the
// words of that finding should mention a moved block before an import block. An instance that is forgotten (removed,
// with destroy = false) shows itself in UpgradeResourceState only, and passes for one that is tainted: that another
// instance cannot have its name is then for the broker to say.
package ledger
