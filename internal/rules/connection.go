package rules

import (
	"fmt"
	"slices"

	"github.com/hscn-connect/terraform-provider-hscn/internal/hscn"
)

func connectionRules() []Rule {
	connections := []Kind{KindConnection}
	return []Rule{
		{
			ID: "connection.commitment", Title: "Given up before the commitment ends", Severity: Warning,
			Where: AtPlan, Applies: AppliesDelete, Kinds: connections, PlanOnly: true,
			Source: Source{SourcePolicy, "HSCN connectivity FAQ, UKCloud, 2021: a connection is taken for at least one month, monthly in arrears"},
			Owner:  OwnerCustomer,
			Remedy: "Keep it until that day if it may still be of use: giving it up earlier saves nothing.",
			check:  connectionCommitment,
		},
		{
			ID: "connection.has-children", Title: "Something still hangs on it", Severity: Error, Fixed: true, Retryable: true,
			Where: AtBroker, Applies: AppliesDelete, Kinds: []Kind{KindConnection, KindEdgeAttachment},
			Source: Source{SourcePractice, "Google AIP-135, \"Standard methods: Delete\": a delete never cascades"},
			Owner:  OwnerCustomer,
			Remedy: "Destroy what hangs on it first.",
			check:  connectionHasChildren,
		},
		{
			ID: "connection.suspended", Title: "The HSCN Authority has suspended the connection", Severity: Error, Fixed: true,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Watches: true, Kinds: []Kind{KindConnection, KindEdgeAttachment},
			Source: Source{SourceTerms, "HSCN Mandatory Supplemental Terms, clause 1.2: the HSCN Authority may restrict or terminate a service"},
			Owner:  OwnerNHS,
			Remedy: "The connection's state_reason has the Authority's reference and reason. Ask {csp} what would lift it. Narrowing and giving up stay possible.",
			check:  connectionSuspended,
		},
		{
			ID: "connection.activate-past", Title: "The time of activation has passed", Severity: Error,
			Where: AtPlan | AtBroker, Applies: AppliesNew, Kinds: connections,
			Source: Source{SourcePractice, "HSCN connectivity FAQ, UKCloud, 2021: a connection is enabled after its order, never before"},
			Owner:  OwnerCustomer,
			Remedy: "Give a time to come in activate_at, or leave it out: then the connection is enabled as soon as it can be.",
			check:  connectionActivatePast,
		},
	}
}

func connectionCommitment(j *judgement) *hit {
	standing := j.order.Standing
	if standing.EnabledAt.IsZero() || standing.CommitmentEndsOn.IsZero() || !j.today.Before(standing.CommitmentEndsOn) {
		return nil
	}
	h := &hit{detail: fmt.Sprintf("%s is taken until %s and billed until then", j.order.FullName, day(standing.CommitmentEndsOn))}
	if charge := standing.MonthlyChargeGBP; charge != "" {
		h.detail += ", at GBP " + charge + " a month excluding VAT"
	}
	if standing.State == hscn.StateTerminated {
		h.remedy = "There is nothing to gain by keeping it: it carries no traffic. Ask " + j.policy.askCSP() +
			" whether what is left of the commitment is billed."
		h.detail += "."
		return h
	}
	h.detail += "; its traffic stops at once."
	return h
}

func connectionHasChildren(j *judgement) *hit {
	if j.facts.Broker == nil || len(j.facts.Broker.Children) == 0 {
		return nil
	}
	children := slices.Sorted(slices.Values(j.facts.Broker.Children))
	hang := "1 object hangs"
	if len(children) > 1 {
		hang = fmt.Sprintf("%d objects hang", len(children))
	}
	return &hit{detail: fmt.Sprintf("%s on %s: %s.", hang, j.order.FullName, firstOf(children))}
}

func connectionSuspended(j *judgement) *hit {
	own, parent := j.order.Standing.State, j.order.Standing.ParentState
	suspended := func(state hscn.State) bool { return state == hscn.StateRestricted || state == hscn.StateTerminated }
	var what string
	switch {
	case j.order.Kind == KindEdgeAttachment && suspended(parent):
		own, what = parent, "the connection of "+j.order.FullName
		if j.facts.Parent != nil && j.facts.Parent.Name != "" {
			what = j.facts.Parent.Name
		}
	case suspended(own):
		what = j.order.FullName
	default:
		return nil
	}
	h := &hit{detail: fmt.Sprintf("The HSCN Authority has had %s restricted: it carries no traffic, and nothing more can be ordered on it "+
		"until the restriction is lifted.", what)}
	if own == hscn.StateTerminated {
		h.detail = fmt.Sprintf("The HSCN Authority has had %s terminated: it carries no traffic, and nothing more can be ordered on it.", what)
		h.remedy = "Destroy it, which frees the service for another connection. To have another, ask " + j.policy.askCSP() +
			" first for the Authority's reason."
	}
	return h
}

func connectionActivatePast(j *judgement) *hit {
	text, known := j.order.Declared.Text("activate_at").Get()
	wanted, ok := instant(text)
	if !known || !ok || wanted.After(j.facts.Now) {
		return nil
	}
	if before, given := j.order.Prior.Text("activate_at").Get(); given && canonicalInstant(before) == canonicalInstant(text) {
		return nil
	}
	return &hit{
		path:   []string{"activate_at"},
		detail: fmt.Sprintf("activate_at is %s, and now it is %s.", moment(wanted), moment(j.facts.Now)),
	}
}
